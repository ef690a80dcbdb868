// What single operations make of typical values and of small errors in them. The network's input has mean 0 and variance 1.
// RUN: split-file %s %t
// DEFINE: %{case} =
// DEFINE: %{print} = toeplitz-opt %t/%{case} --print-typical-error=channels -o /dev/null | FileCheck %t/%{case}

// REDEFINE: %{case} = convolution.mlir
// RUN: %{print}
// REDEFINE: %{case} = borders.mlir
// RUN: %{print}
// REDEFINE: %{case} = groups.mlir
// RUN: %{print}
// REDEFINE: %{case} = transposed.mlir
// RUN: %{print}
// REDEFINE: %{case} = rectifier.mlir
// RUN: %{print}
// REDEFINE: %{case} = bend.mlir
// RUN: %{print}
// REDEFINE: %{case} = weights.mlir
// RUN: %{print}
// REDEFINE: %{case} = activations.mlir
// RUN: %{print}
// REDEFINE: %{case} = arithmetic.mlir
// RUN: %{print}
// REDEFINE: %{case} = pools.mlir
// RUN: %{print}
// REDEFINE: %{case} = norms.mlir
// RUN: %{print}
// REDEFINE: %{case} = softmax.mlir
// RUN: %{print}
// REDEFINE: %{case} = channels.mlir
// RUN: %{print}
// REDEFINE: %{case} = pieces.mlir
// RUN: %{print}
// REDEFINE: %{case} = unknown.mlir
// RUN: %{print}
// REDEFINE: %{case} = computed.mlir
// RUN: %{print}
// REDEFINE: %{case} = branches.mlir
// RUN: %{print}

// The variance of the input can be chosen.
// RUN: toeplitz-opt %t/rectifier.mlir --print-typical-error=input-variance=4 -o /dev/null | FileCheck %s --check-prefix=WIDE
// WIDE: cnn.activation "relu": mean 0.79{{[0-9]+}}, variance 1.36

//--- convolution.mlir
// Channel by channel b + w m and w^2 v. Of 32 outputs the largest is typically sqrt(2 ln 32) standard deviations away from zero, here in
// the second channel: 6.931 / (1 + 6.931 * 9) for the mean over two channels; and every one of w^2 (v + m^2) = 5 and 9 counts.
// CHECK: cnn.conv "layer": mean -0.25, variance 7.562, {{.*}}; mean 0.5, variance 5, sensitivity 0.05468 and 0.05468; mean -1, variance 9, sensitivity 0.05468 and 0.05468, contribution 0.7655 and 0{{$}}
func.func @main(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x4x4xf32> {
  %w = arith.constant dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[0.0]]]]> : tensor<2x2x1x1xf32>
  %b = arith.constant dense<[0.5, -1.0]> : tensor<2xf32>
  %y = cnn.conv %x, %w bias %b strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x4x4xf32> loc("layer")
  return %y : tensor<1x2x4x4xf32>
}

//--- borders.mlir
// The outer two of three taps reach three of four positions, which is what the variances have of them; the errors that all positions have in common are
// passed on by the square of what the taps make together.
// CHECK: cnn.activation "before": mean 0, variance 1, sensitivity 1 and 7.5;
// CHECK: cnn.conv "padded": mean 0, variance 2.5, sensitivity 0.4 and 1.2;
// Without zeros around it every tap reaches all.
// CHECK: cnn.conv "circular": mean 0, variance 7.5, sensitivity 0.1333 and 0.1333;
func.func @main(%x: tensor<1x1x4xf32>) -> tensor<1x1x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x1x3xf32>
  %0 = cnn.activation clip %x {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x1x4xf32> loc("before")
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
    : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32> loc("padded")
  %2 = cnn.conv %1, %w strides [1] dilations [1] padding [1] to [1] groups 1 circular
    : (tensor<1x1x4xf32>, tensor<1x1x3xf32>) -> tensor<1x1x4xf32> loc("circular")
  return %2 : tensor<1x1x4xf32>
}

//--- groups.mlir
// CHECK: cnn.conv "grouped": {{.*}}; mean 0, variance 1, {{.*}}; mean 0, variance 4, {{.*}}; mean 0, variance 9, {{.*}}; mean 0, variance 16,
// CHECK: cnn.conv "pairs": {{.*}}; mean 0, variance 5, {{.*}}; mean 0, variance 100,
func.func @main(%x: tensor<1x4x2xf32>) -> tensor<1x2x2xf32> {
  %w = arith.constant dense<[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]> : tensor<4x1x1xf32>
  %p = arith.constant dense<[[[1.0], [1.0]], [[2.0], [2.0]]]> : tensor<2x2x1xf32>
  %0 = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 4 zeros
    : (tensor<1x4x2xf32>, tensor<4x1x1xf32>) -> tensor<1x4x2xf32> loc("grouped")
  %1 = cnn.conv %0, %p strides [1] dilations [1] padding [0] to [0] groups 2 zeros
    : (tensor<1x4x2xf32>, tensor<2x2x1xf32>) -> tensor<1x2x2xf32> loc("pairs")
  return %1 : tensor<1x2x2xf32>
}

//--- transposed.mlir
// With stride 2 each output has one of the two taps: the sum of both input channels, whose variance is 2.
// CHECK: cnn.conv_transpose "up": mean 1, variance 4, sensitivity {{.*}}, contribution
func.func @main(%x: tensor<1x2x8xf32>) -> tensor<1x1x16xf32> {
  %w = arith.constant dense<[[[1.0, 1.0]], [[1.0, 1.0]]]> : tensor<2x1x2xf32>
  %b = arith.constant dense<1.0> : tensor<1xf32>
  %u = cnn.activation clip %x {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x2x8xf32>
  %0 = arith.addf %x, %u : tensor<1x2x8xf32>
  %y = cnn.conv_transpose %0, %w bias %b strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1
    : (tensor<1x2x8xf32>, tensor<2x1x2xf32>, tensor<1xf32>) -> tensor<1x1x16xf32> loc("up")
  return %y : tensor<1x1x16xf32>
}

//--- rectifier.mlir
// Half of a normal distribution: mean 1 / sqrt(2 pi), mean square 1/2. Half of the errors pass; those that all positions have in common too,
// one half of that being common to all positions of the result, the other not.
// CHECK: cnn.activation "before": mean 0, variance 1, sensitivity 1.388 and 1.388;
// CHECK: cnn.activation "relu": mean 0.39{{[0-9]+}}, variance 0.34{{[0-9]+}}, sensitivity 2.776 and 2.776;
func.func @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x64xf32> {
  %0 = cnn.activation clip %x {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x1x64xf32> loc("before")
  %1 = cnn.activation relu %0 : tensor<1x1x64xf32> loc("relu")
  return %1 : tensor<1x1x64xf32>
}

//--- bend.mlir
// Wherever the bend lies, errors pass where the number is positive, here in 0.5910 of all cases (the distribution function at 0.23).
// CHECK: arith.addf "before": mean 0.23, variance 1, sensitivity 1.258 and 1.258;
// CHECK: cnn.activation "relu": mean 0.5245, variance 0.4364, sensitivity 2.13 and 2.13;
func.func @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x64xf32> {
  %m = arith.constant dense<0.23> : tensor<1x1x64xf32>
  %0 = arith.addf %x, %m : tensor<1x1x64xf32> loc("before")
  %1 = cnn.activation relu %0 : tensor<1x1x64xf32> loc("relu")
  return %1 : tensor<1x1x64xf32>
}

//--- weights.mlir
// Errors of four positions that aren't alike add up to a quarter of those that are. The products of 1 times the mean 1 and the variance 1 count as they
// are where each result is rounded for itself; of rounded weights, a third of what the mean makes is the same at all positions.
// CHECK: cnn.conv "layer": mean 1, variance 1, sensitivity 0.3675 and 1.47; {{.*}}, contribution 0.7349 and 0.3675{{$}}
func.func @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x16xf32> {
  %one = arith.constant dense<1.0> : tensor<1x1x64xf32>
  %w = arith.constant dense<1.0> : tensor<1x1x1xf32>
  %0 = arith.addf %x, %one : tensor<1x1x64xf32>
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x1x64xf32>, tensor<1x1x1xf32>) -> tensor<1x1x64xf32> loc("layer")
  %2 = cnn.pool average %1 kernel [4] strides [4] dilations [1] padding [0] to [0] : (tensor<1x1x64xf32>) -> tensor<1x1x16xf32>
  return %2 : tensor<1x1x16xf32>
}

//--- activations.mlir
// CHECK-DAG: cnn.activation "sigmoid": mean 0.5, variance 0.0433
// CHECK-DAG: cnn.activation "tanh": mean 0, variance 0.394
// CHECK-DAG: cnn.activation "silu": mean 0.2066, variance 0.31
// CHECK-DAG: cnn.prelu "prelu": {{.*}}; mean 0.39{{.*}}, variance 0.34{{.*}}; mean 0, variance 1
// CHECK-DAG: math.absf "absolute": mean 0.79{{.*}}, variance 0.3
func.func @main(%x: tensor<1x2x64xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>) {
  %a = arith.constant dense<[0.0, 1.0]> : tensor<2xf32>
  %0 = cnn.activation sigmoid %x : tensor<1x2x64xf32> loc("sigmoid")
  %1 = cnn.activation tanh %x : tensor<1x2x64xf32> loc("tanh")
  %2 = cnn.activation silu %x : tensor<1x2x64xf32> loc("silu")
  %3 = cnn.prelu %x slope %a : (tensor<1x2x64xf32>, tensor<2xf32>) -> tensor<1x2x64xf32> loc("prelu")
  %4 = math.absf %x : tensor<1x2x64xf32> loc("absolute")
  return %0, %1, %2, %3, %4 : tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
}

//--- arithmetic.mlir
// CHECK-DAG: arith.addf "sum": mean 2, variance 1,
// CHECK-DAG: arith.addf "twice": mean 0, variance 4,
// CHECK-DAG: arith.subf "difference": mean 0, variance 2,
// CHECK-DAG: arith.mulf "scaled": mean 0, variance 4,
// CHECK-DAG: arith.mulf "square": mean 1, variance 2
// CHECK-DAG: arith.divf "half": mean 0, variance 0.25,
// CHECK-DAG: arith.maximumf "larger": mean 0.5642, variance 0.6817,
// CHECK-DAG: arith.minimumf "smaller": mean -0.5642, variance 0.6817,
func.func @main(%x: tensor<1x1x64xf32>, %z: tensor<1x1x64xf32>) -> (tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>) {
  %two = arith.constant dense<2.0> : tensor<1x1x64xf32>
  %0 = arith.addf %x, %two : tensor<1x1x64xf32> loc("sum")
  %1 = arith.addf %x, %x : tensor<1x1x64xf32> loc("twice")
  %2 = arith.subf %x, %z : tensor<1x1x64xf32> loc("difference")
  %3 = arith.mulf %x, %two : tensor<1x1x64xf32> loc("scaled")
  %4 = arith.mulf %x, %x : tensor<1x1x64xf32> loc("square")
  %5 = arith.divf %x, %two : tensor<1x1x64xf32> loc("half")
  %6 = arith.maximumf %x, %z : tensor<1x1x64xf32> loc("larger")
  %7 = arith.minimumf %x, %z : tensor<1x1x64xf32> loc("smaller")
  return %0, %1, %2, %3, %4, %5, %6, %7 : tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>, tensor<1x1x64xf32>
}

//--- pools.mlir
// Four neighbours count as two independent values: half of the variance, but a quarter of that of errors of single positions; what all
// positions have in common stays. The largest of sixteen is that of eight independent ones, rectified or not (moments of eight sampled
// numbers: 1.423 and 0.372, and 0.502 and 0.260 where a sixth of them is above zero). Where half of the elements have no error, the largest
// is one of the others in 255 of 256 cases: 1.992 times as often as among all.
// CHECK: cnn.activation "before": mean 0, variance 1, sensitivity 0.5 and 2;
// CHECK: cnn.pool "average": mean 0, variance 0.5, sensitivity 2 and 2;
// CHECK: cnn.pool "largest": mean 1.423, variance 0.373,
// CHECK: cnn.activation "relu": {{.*}}, sensitivity 1.806 and 1.806;
// CHECK: cnn.pool "positive": mean 1.424, variance 0.3715, sensitivity 0.9067 and 0.9067;
// CHECK: cnn.pool "sixth": mean 0.5021, variance 0.2599,
func.func @main(%x: tensor<1x1x64xf32>) -> (tensor<1x1x16xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>) {
  %one = arith.constant dense<1.0> : tensor<1x1x64xf32>
  %0 = cnn.activation clip %x {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x1x64xf32> loc("before")
  %1 = cnn.pool average %0 kernel [4] strides [4] dilations [1] padding [0] to [0] : (tensor<1x1x64xf32>) -> tensor<1x1x16xf32> loc("average")
  %2 = cnn.pool max %x kernel [16] strides [16] dilations [1] padding [0] to [0] : (tensor<1x1x64xf32>) -> tensor<1x1x4xf32> loc("largest")
  %3 = cnn.activation relu %x : tensor<1x1x64xf32> loc("relu")
  %4 = cnn.pool max %3 kernel [16] strides [16] dilations [1] padding [0] to [0] : (tensor<1x1x64xf32>) -> tensor<1x1x4xf32> loc("positive")
  %5 = arith.subf %x, %one : tensor<1x1x64xf32>
  %6 = cnn.activation relu %5 : tensor<1x1x64xf32> loc("above one")
  %7 = cnn.pool max %6 kernel [16] strides [16] dilations [1] padding [0] to [0] : (tensor<1x1x64xf32>) -> tensor<1x1x4xf32> loc("sixth")
  return %1, %2, %4, %7 : tensor<1x1x16xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>, tensor<1x1x4xf32>
}

//--- norms.mlir
// CHECK: cnn.batch_norm "batch": {{.*}}; mean 2, variance 4, {{.*}}; mean -3, variance 9,
// Both channels together have mean -0.5 and variance 6.5 + 6.25.
// CHECK: cnn.group_norm "group": {{.*}}; mean 0.7001, variance 0.3137, {{.*}}; mean -0.7001, variance 0.7059,
// CHECK: cnn.layer_norm "layer": {{.*}}; mean 0.7001, variance 0.3137, {{.*}}; mean -0.7001, variance 0.7059,
// Divided by the roots of the mean squares, 8 and 18 together.
// CHECK: cnn.lrn "local": {{.*}}; mean 0.5547, variance 0.3077, {{.*}}; mean -0.8321, variance 0.6923,
func.func @main(%x: tensor<1x2x64xf32>) -> (tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>) {
  %g = arith.constant dense<[2.0, 3.0]> : tensor<2xf32>
  %b = arith.constant dense<[2.0, -3.0]> : tensor<2xf32>
  %m = arith.constant dense<0.0> : tensor<2xf32>
  %one = arith.constant dense<1.0> : tensor<2xf32>
  %0 = cnn.batch_norm %x scale %g bias %b mean %m variance %one epsilon 0.0
    : (tensor<1x2x64xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x64xf32> loc("batch")
  %1 = cnn.group_norm %0 scale %one bias %m groups 1 epsilon 0.0
    : (tensor<1x2x64xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x64xf32> loc("group")
  %2 = cnn.layer_norm %0 scale %one bias %m axis 1 to 2 epsilon 0.0
    : (tensor<1x2x64xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x64xf32> loc("layer")
  %3 = cnn.lrn %0 size 3 alpha 1.0 beta 0.5 k 0.0 : (tensor<1x2x64xf32>) -> tensor<1x2x64xf32> loc("local")
  return %1, %2, %3 : tensor<1x2x64xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
}

//--- softmax.mlir
// A tenth for each; of the logarithm the errors pass as they are.
// CHECK: cnn.softmax "softmax": mean 0.1, variance
// CHECK: cnn.softmax "logarithm": mean -2.303, variance 1
func.func @main(%x: tensor<1x10x4xf32>) -> (tensor<1x10x4xf32>, tensor<1x10x4xf32>) {
  %0 = cnn.softmax %x axis 1 : tensor<1x10x4xf32> loc("softmax")
  %1 = cnn.softmax %x axis 1 {log} : tensor<1x10x4xf32> loc("logarithm")
  return %0, %1 : tensor<1x10x4xf32>, tensor<1x10x4xf32>
}

//--- channels.mlir
// Which channel is which is known as long as dimension 1 says it, and behind a flattening; in other orders they are taken together, with what
// their means differ by.
// CHECK: tensor.concat "concat": {{.*}}; mean 1, {{.*}}; mean 2, {{.*}}; mean 0, {{.*}}; mean 0,
// CHECK: tensor.extract_slice "slice": {{.*}}; mean 2, {{.*}}; mean 0,
// CHECK: tensor.collapse_shape "flat": {{.*}}; mean 2, {{.*}}; mean 2, {{.*}}; mean 2, {{.*}}; mean 2, {{.*}}; mean 0, {{.*}}; mean 0, {{.*}}; mean 0, {{.*}}; mean 0,
// CHECK: tensor.expand_shape "halves": {{.*}}; mean 2, {{.*}}; mean 0,
// CHECK: cnn.pad "padded": {{.*}}; mean 0, variance 0, {{.*}}; mean 1, variance 1.5, {{.*}}; mean 0, variance 0.5,
// CHECK: linalg.transpose "transposed": mean 1, variance 2, {{[^;]*}}; mean 1, variance 2, {{[^;]*$}}
func.func @main(%x: tensor<1x2x4xf32>) -> (tensor<1x8xf32>, tensor<1x2x2x2xf32>, tensor<1x3x8xf32>, tensor<1x4x2xf32>) {
  %m = arith.constant dense<[[[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0]]]> : tensor<1x2x4xf32>
  %0 = arith.addf %x, %m : tensor<1x2x4xf32>
  %1 = tensor.concat dim(1) %0, %x : (tensor<1x2x4xf32>, tensor<1x2x4xf32>) -> tensor<1x4x4xf32> loc("concat")
  %2 = tensor.extract_slice %1[0, 1, 0] [1, 2, 4] [1, 2, 1] : tensor<1x4x4xf32> to tensor<1x2x4xf32> loc("slice")
  %3 = tensor.collapse_shape %2 [[0], [1, 2]] : tensor<1x2x4xf32> into tensor<1x8xf32> loc("flat")
  %4 = tensor.expand_shape %2 [[0], [1], [2, 3]] output_shape [1, 2, 2, 2] : tensor<1x2x4xf32> into tensor<1x2x2x2xf32> loc("halves")
  %5 = cnn.pad %2 low [0, 1, 0] high [0, 0, 4] zeros : (tensor<1x2x4xf32>) -> tensor<1x3x8xf32> loc("padded")
  %empty = tensor.empty() : tensor<1x4x2xf32>
  %6 = linalg.transpose ins(%2 : tensor<1x2x4xf32>) outs(%empty : tensor<1x4x2xf32>) permutation = [0, 2, 1] loc("transposed")
  return %3, %4, %5, %6 : tensor<1x8xf32>, tensor<1x2x2x2xf32>, tensor<1x3x8xf32>, tensor<1x4x2xf32>
}

//--- pieces.mlir
// Two halves make a whole, as the phases of a folded layer do; a quarter that is written over a tensor replaces a quarter.
// CHECK: tensor.insert_slice "even":
// CHECK: tensor.insert_slice "whole": {{.*}}; mean 1, variance 2, {{.*}}; mean 1, variance 2,
// CHECK: tensor.insert_slice "over": {{.*}}; mean 0.75, variance 1.937
func.func @main(%x: tensor<1x2x4xf32>, %piece: tensor<1x2x2xf32>) -> tensor<1x2x8xf32> {
  %two = arith.constant dense<2.0> : tensor<1x2x4xf32>
  %odd = arith.addf %x, %two : tensor<1x2x4xf32>
  %empty = tensor.empty() : tensor<1x2x8xf32>
  %0 = tensor.insert_slice %x into %empty[0, 0, 0] [1, 2, 4] [1, 1, 2] : tensor<1x2x4xf32> into tensor<1x2x8xf32> loc("even")
  %1 = tensor.insert_slice %odd into %0[0, 0, 1] [1, 2, 4] [1, 1, 2] : tensor<1x2x4xf32> into tensor<1x2x8xf32> loc("whole")
  %cast = cnn.activation clip %1 {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x2x8xf32>
  %2 = tensor.insert_slice %piece into %cast[0, 0, 0] [1, 2, 2] [1, 1, 1] : tensor<1x2x2xf32> into tensor<1x2x8xf32> loc("over")
  return %2 : tensor<1x2x8xf32>
}

//--- unknown.mlir
// The result is taken to be like the first operand that isn't a constant, and the relative error of each to be kept: 4 times the variance
// counts a quarter.
// CHECK: arith.mulf "scaled": mean 0, variance 4, sensitivity 0.25 and 0.25;
// CHECK: math.powf "power": mean 0, variance 1,
func.func @main(%x: tensor<1x1x64xf32>) -> tensor<1x1x64xf32> {
  %two = arith.constant dense<2.0> : tensor<1x1x64xf32>
  %0 = cnn.activation clip %x {alpha = -100.0 : f32, beta = 100.0 : f32} : tensor<1x1x64xf32>
  %1 = arith.mulf %x, %two : tensor<1x1x64xf32> loc("scaled")
  %2 = math.powf %0, %1 : tensor<1x1x64xf32> loc("power")
  return %2 : tensor<1x1x64xf32>
}

//--- computed.mlir
// A layer whose filter is computed makes a relative error of its whole result.
// CHECK: cnn.conv "computed": mean 0, variance 1, sensitivity 1 and 1; {{.*}}, contribution 1 and 0{{$}}
func.func @main(%x: tensor<1x1x64xf32>, %w: tensor<1x1x1xf32>) -> tensor<1x1x64xf32> {
  %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x1x64xf32>, tensor<1x1x1xf32>) -> tensor<1x1x64xf32> loc("computed")
  return %y : tensor<1x1x64xf32>
}

//--- branches.mlir
// What branches and loops read from around them reaches the output by way of their results.
// CHECK: arith.mulf "scaled": mean 0, variance 4, sensitivity 0.25 and 0.25;
// CHECK: cnn.conv "before": mean 0, variance 4, sensitivity 0.25 and 0.25; {{.*}}, contribution 1 and 0{{$}}
// CHECK: scf.if "": mean 0, variance 4, sensitivity 0.25 and 0.25;
func.func @main(%x: tensor<1x1x64xf32>, %flag: tensor<i8>) -> tensor<1x1x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %none = arith.constant 0 : i8
  %two = arith.constant dense<2.0> : tensor<1x1x64xf32>
  %w = arith.constant dense<1.0> : tensor<1x1x1xf32>
  %0 = arith.mulf %x, %two : tensor<1x1x64xf32> loc("scaled")
  %1 = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x1x64xf32>, tensor<1x1x1xf32>) -> tensor<1x1x64xf32> loc("before")
  %empty = tensor.empty() : tensor<1x1x64xf32>
  %2 = scf.for %i = %c0 to %c3 step %c1 iter_args(%t = %empty) -> (tensor<1x1x64xf32>) {
    %3 = arith.addf %1, %two : tensor<1x1x64xf32>
    scf.yield %3 : tensor<1x1x64xf32>
  }
  %number = tensor.extract %flag[] : tensor<i8>
  %condition = arith.cmpi ne, %number, %none : i8
  %4 = scf.if %condition -> (tensor<1x1x64xf32>) {
    %5 = cnn.conv %2, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x1x64xf32>, tensor<1x1x1xf32>) -> tensor<1x1x64xf32> loc("inside")
    scf.yield %5 : tensor<1x1x64xf32>
  } else {
    scf.yield %2 : tensor<1x1x64xf32>
  }
  return %4 : tensor<1x1x64xf32>
}
