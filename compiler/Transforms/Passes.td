// The passes from cnn to cnn, in alphabetical order.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PASSES_TD
#define TOEPLITZ_COMPILER_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ComposePointwise : Pass<"compose-pointwise", "::mlir::ModuleOp"> {
  let summary = "multiplies a pointwise convolution with the convolution before or behind it";
  let description = [{
    Two convolutions with nothing between them, one of them with a kernel of one position and no padding, become one where that is less
    work (estimateWork: multiplications, and weights to read). Filters and biases are multiplied in double precision; groups that the two
    don't share become zeros of the product. Not where zeros around a pointwise layer with a bias would become its bias.

    Before:

    ```mlir
    %0 = cnn.conv %x, %a strides [2] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x8x9xf32>, tensor<64x8x3xf32>) -> tensor<1x64x5xf32>
    %y = cnn.conv %0, %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x64x5xf32>, tensor<8x64x1xf32>) -> tensor<1x8x5xf32>
    ```

    After:

    ```mlir
    %w = arith.constant dense_resource<"conv2.weight.composed"> : tensor<8x8x3xf32>
    %y = cnn.conv %x, %w strides [2] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x8x9xf32>, tensor<8x8x3xf32>) -> tensor<1x8x5xf32>
    ```
  }];
  let options = [
    ListOption<"keep", "keep", "std::string", "Names of layers that stay as they are">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def CropKernels : Pass<"crop-kernels", "::mlir::ModuleOp"> {
  let summary = "leaves out taps that read nothing but padding";
  let description = [{
    A tap at the beginning or the end of a kernel that lies in the padding at every output position adds nothing. It is left out, and the
    padding becomes smaller: of a 3 x 3 kernel with a dilation of 36 in a map of 28 x 28 the centre is left, as of any 3 x 3 kernel in a
    map of one position. A kernel without a tap that reaches the input stays.

    Left alone: a filter that isn't constant, a padding mode other than zeros, and what would need negative padding.

    Before:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [9] padding [9] to [9] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
    ```

    After, with the filter's middle column:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let options = [
    ListOption<"keep", "keep", "std::string", "Names of layers that stay as they are">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def ExpandPadding : Pass<"expand-padding", "::mlir::ModuleOp"> {
  let summary = "makes circular, reflecting and replicating padding explicit";
  let description = [{
    Splits a convolution whose `padding_mode` is `circular`, `reflect` or `replicate` into a `cnn.pad` and a convolution
    without padding, so that later stages know of zeros alone. For circular padding this is the fold to a halo and a valid
    convolution, after which any algorithm applies. (One that reads the image around its borders takes the `cnn.pad` back:
    `convert-cnn-to-kernel`.)

    Before:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [2] groups 1 circular
      : (tensor<1x4x8xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %0 = cnn.pad %x low [0, 0, 1] high [0, 0, 2] circular : (tensor<1x4x8xf32>) -> tensor<1x4x11xf32>
    %y = cnn.conv %0, %w strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x11xf32>, tensor<4x4x4xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect"];
}

def FoldAveragePool : Pass<"fold-average-pool", "::mlir::ModuleOp"> {
  let summary = "computes a convolution and the average pooling behind it as one convolution";
  let description = [{
    Average pooling without padding is a convolution with equal weights: together with the one before it, it becomes one with a larger
    stride, where that is less work (estimateWork). Behind a kernel of one position it changes places with the convolution, which is then
    computed at fewer positions. Not where padding that counts as zeros would have to take a bias along, or where the last windows
    of `ceil_mode` are cut short.

    Before:

    ```mlir
    %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x64xf32>, tensor<4x4x3xf32>) -> tensor<1x4x64xf32>
    %y = cnn.pool average %0 kernel [2] strides [2] dilations [1] padding [0] to [0] : (tensor<1x4x64xf32>) -> tensor<1x4x32xf32>
    ```

    After:

    ```mlir
    %v = arith.constant dense_resource<"conv1.weight.pooled"> : tensor<4x4x4xf32>
    %y = cnn.conv %x, %v strides [2] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x64xf32>, tensor<4x4x4xf32>) -> tensor<1x4x32xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def FoldBatchNorm : Pass<"fold-batch-norm", "::mlir::ModuleOp"> {
  let summary = "folds batch normalisation into convolutions";
  let description = [{
    With fixed statistics, batch normalisation scales and shifts each channel:

    ```
    y = s[c] x + t[c]   with   s = scale / sqrt(variance + epsilon),   t = bias - mean s
    ```

    After a convolution (transposed or not) that nobody else reads, s goes into the filter and t into the bias:
    `w'[f] = s[f] w[f]`, `b' = s b + t`. All of it is computed once, in double precision, on blobs: the new constants are
    called after the old ones, with `.folded` appended.

    After a group normalisation that nobody else reads, s and t go into its scale and bias.

    Additions, subtractions, multiplications and divisions by numbers, one for each channel or one for all, are the same thing written
    with other operations, and are folded likewise after a convolution or a group normalisation.

    A batch normalisation anywhere else keeps its place in the simplest form, `scale` = s and `bias` = t, with mean 0, variance 1
    and epsilon 0: later stages need to know of a scale and a shift alone. One with operands that aren't constant stays as
    it is.

    Before:

    ```mlir
    %0 = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x3x8xf32>, tensor<4x3x3xf32>) -> tensor<1x4x8xf32>
    %y = cnn.batch_norm %0 scale %g bias %b mean %m variance %v epsilon 1.0e-05
      : (tensor<1x4x8xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %w1 = arith.constant dense_resource<"conv1.weight.folded"> : tensor<4x3x3xf32>
    %b1 = arith.constant dense_resource<"conv1.bias.folded"> : tensor<4xf32>
    %y = cnn.conv %x, %w1 bias %b1 strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x3x8xf32>, tensor<4x3x3xf32>, tensor<4xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def FoldDilation : Pass<"fold-dilation", "::mlir::ModuleOp"> {
  let summary = "makes dense convolutions of dilated ones, one for each phase";
  let description = [{
    A convolution with dilation d reads, for the outputs of one phase, every d-th input alone: on that phase of the input it is dense.
    The phases' results are interleaved. With a stride s, d / gcd(s, d) phases are left, with stride s / gcd(s, d). What follows the
    layer, an addition and an activation, is done with each phase. The filter stays one constant.

    Left alone: a filter that isn't constant, a padding mode other than zeros (`expand-padding` goes first), and what would become
    more than 256 convolutions.

    Before:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [2] padding [2] to [2] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %x0 = tensor.extract_slice %x[0, 0, 0] [1, 4, 4] [1, 1, 2] : tensor<1x4x8xf32> to tensor<1x4x4xf32>
    %y0 = cnn.conv %x0, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x4xf32>, tensor<4x4x3xf32>) -> tensor<1x4x4xf32>
    %0 = tensor.empty() : tensor<1x4x8xf32>
    %1 = tensor.insert_slice %y0 into %0[0, 0, 0] [1, 4, 4] [1, 1, 2] : tensor<1x4x4xf32> into tensor<1x4x8xf32>
    %x1 = tensor.extract_slice %x[0, 0, 1] [1, 4, 4] [1, 1, 2] : tensor<1x4x8xf32> to tensor<1x4x4xf32>
    %y1 = cnn.conv %x1, %w strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x4xf32>, tensor<4x4x3xf32>) -> tensor<1x4x4xf32>
    %y = tensor.insert_slice %y1 into %1[0, 0, 1] [1, 4, 4] [1, 1, 2] : tensor<1x4x4xf32> into tensor<1x4x8xf32>
    ```
  }];
  let options = [
    Option<"markedOnly", "marked-only", "bool", "false", "Fold only the layers whose `toeplitz.fold` names this fold">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::toeplitz::cnn::CNNDialect"];
}

def FoldGroups : Pass<"fold-groups", "::mlir::ModuleOp"> {
  let summary = "makes convolutions without groups of those with groups";
  let description = [{
    A convolution with groups has a block-diagonal matrix: each block becomes a convolution of a slice of the channels, and the results
    are concatenated. Groups that are too small for vectors of `lanes` channels are merged before, as few as fill vectors of input
    and output channels (countMergedGroups), or all of them: their filter is one dense filter with zeros beside its blocks. What follows
    the layer, an addition and an activation, is done with each convolution.

    Left alone: a filter that isn't constant, and what would become more than 256 convolutions.

    Before:

    ```mlir
    %y = cnn.conv %x, %w strides [1] dilations [1] padding [1] to [1] groups 4 zeros
      : (tensor<1x16x8xf32>, tensor<16x4x3xf32>) -> tensor<1x16x8xf32>
    ```

    After (8 lanes):

    ```mlir
    %x0 = tensor.extract_slice %x[0, 0, 0] [1, 8, 8] [1, 1, 1] : tensor<1x16x8xf32> to tensor<1x8x8xf32>
    %w0 = arith.constant dense_resource<conv1.weight.group> : tensor<8x8x3xf32>
    %y0 = cnn.conv %x0, %w0 strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x8x8xf32>, tensor<8x8x3xf32>) -> tensor<1x8x8xf32>
    %x1 = tensor.extract_slice %x[0, 8, 0] [1, 8, 8] [1, 1, 1] : tensor<1x16x8xf32> to tensor<1x8x8xf32>
    %w1 = arith.constant dense_resource<conv1.weight.group_1> : tensor<8x8x3xf32>
    %y1 = cnn.conv %x1, %w1 strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x8x8xf32>, tensor<8x8x3xf32>) -> tensor<1x8x8xf32>
    %y = tensor.concat dim(1) %y0, %y1 : (tensor<1x8x8xf32>, tensor<1x8x8xf32>) -> tensor<1x16x8xf32>
    ```
  }];
  let options = [
    Option<"markedOnly", "marked-only", "bool", "false", "Fold only the layers whose `toeplitz.fold` names this fold">,
    Option<"lanes", "lanes", "int64_t", "8", "Channels of a vector">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::toeplitz::cnn::CNNDialect"];
}

def FoldPadding : Pass<"fold-padding", "::mlir::ModuleOp"> {
  let summary = "makes zeros around the input of a convolution its padding";
  let description = [{
    A `cnn.pad` or `tensor.pad` with zeros before a convolution goes into its padding. So do outputs of a convolution without bias whose
    windows lie in the padding with all of their taps: they are zeros, and the convolutions that read them pad instead.

    There is no fold of circular padding beside `expand-padding`, which makes it (as reflecting and replicating padding) explicit: a halo
    and a convolution without padding.

    Before:

    ```mlir
    %0 = cnn.conv %x, %a strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x10xf32>
    %y = cnn.conv %0, %b strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x10xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
    ```

    After:

    ```mlir
    %0 = cnn.conv %x, %a strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x1xf32>) -> tensor<1x4x8xf32>
    %y = cnn.conv %0, %b strides [1] dilations [1] padding [1] to [1] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x3xf32>) -> tensor<1x4x8xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect"];
}

def FoldStride : Pass<"fold-stride", "::mlir::ModuleOp"> {
  let summary = "makes stride-1 convolutions of strided ones, one for each phase";
  let description = [{
    Of a convolution with stride s, each tap reads one phase of the input, every s-th position. The taps of one phase are a
    convolution with stride 1, and the results of the phases are summed: at most min(kernel, s) of them in each dimension, fewer where
    stride and dilation have a common divisor. The bias and what is added behind the layer go to the first.

    Left alone: a filter that isn't constant, a padding mode other than zeros (`expand-padding` goes first), and what would become
    more than 256 convolutions.

    Before:

    ```mlir
    %y = cnn.conv %x, %w bias %b strides [2] dilations [1] padding [1] to [0] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<4x4x3xf32>, tensor<4xf32>) -> tensor<1x4x4xf32>
    ```

    After:

    ```mlir
    %x0 = tensor.extract_slice %x[0, 0, 1] [1, 4, 4] [1, 1, 2] : tensor<1x4x8xf32> to tensor<1x4x4xf32>
    %w0 = arith.constant dense_resource<conv1.weight.phase> : tensor<4x4x2xf32>
    %y0 = cnn.conv %x0, %w0 bias %b strides [1] dilations [1] padding [1] to [0] groups 1 zeros
      : (tensor<1x4x4xf32>, tensor<4x4x2xf32>, tensor<4xf32>) -> tensor<1x4x4xf32>
    %x1 = tensor.extract_slice %x[0, 0, 0] [1, 4, 4] [1, 1, 2] : tensor<1x4x8xf32> to tensor<1x4x4xf32>
    %w1 = arith.constant dense_resource<conv1.weight.phase_1> : tensor<4x4x1xf32>
    %y1 = cnn.conv %x1, %w1 strides [1] dilations [1] padding [0] to [0] groups 1 zeros
      : (tensor<1x4x4xf32>, tensor<4x4x1xf32>) -> tensor<1x4x4xf32>
    %y = arith.addf %y1, %y0 : tensor<1x4x4xf32>
    ```
  }];
  let options = [
    Option<"markedOnly", "marked-only", "bool", "false", "Fold only the layers whose `toeplitz.fold` names this fold">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::toeplitz::cnn::CNNDialect"];
}

def FoldTransposed : Pass<"fold-transposed", "::mlir::ModuleOp"> {
  let summary = "makes dense convolutions of transposed ones, one for each sub-pixel phase";
  let description = [{
    The outputs of a transposed convolution whose position has one remainder modulo the stride are a convolution of the input with the
    taps that reach them, in reverse order. The phases' results are interleaved; a phase that no tap reaches is the bias. No
    multiplication by an inserted zero is left. What follows the layer, an addition and an activation, is done with each phase.

    Left alone: a filter that isn't constant, and what would become more than 256 convolutions.

    Before:

    ```mlir
    %y = cnn.conv_transpose %x, %w strides [2] dilations [1] padding [1] to [1] output_padding [0] groups 1
      : (tensor<1x4x8xf32>, tensor<4x2x4xf32>) -> tensor<1x2x16xf32>
    ```

    After:

    ```mlir
    %w0 = arith.constant dense_resource<up.weight.phase> : tensor<2x4x2xf32>
    %y0 = cnn.conv %x, %w0 strides [1] dilations [1] padding [1] to [0] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<2x4x2xf32>) -> tensor<1x2x8xf32>
    %0 = tensor.empty() : tensor<1x2x16xf32>
    %1 = tensor.insert_slice %y0 into %0[0, 0, 0] [1, 2, 8] [1, 1, 2] : tensor<1x2x8xf32> into tensor<1x2x16xf32>
    %w1 = arith.constant dense_resource<up.weight.phase_1> : tensor<2x4x2xf32>
    %y1 = cnn.conv %x, %w1 strides [1] dilations [1] padding [0] to [1] groups 1 zeros
      : (tensor<1x4x8xf32>, tensor<2x4x2xf32>) -> tensor<1x2x8xf32>
    %y = tensor.insert_slice %y1 into %1[0, 0, 1] [1, 2, 8] [1, 1, 2] : tensor<1x2x8xf32> into tensor<1x2x16xf32>
    ```
  }];
  let options = [
    Option<"markedOnly", "marked-only", "bool", "false", "Fold only the layers whose `toeplitz.fold` names this fold">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect", "::toeplitz::cnn::CNNDialect"];
}

def MoveChannelsFirst : Pass<"move-channels-first", "::mlir::ModuleOp"> {
  let summary = "computes with the channels first what is written with the channels last";
  let description = [{
    Elementwise operations, borders, parts and joined tensors, layer normalisation over the last dimension and dense layers of it, on tensors
    N x I x C that are transposed before and behind, work on N x C x I as well: a dense layer is a convolution with a kernel of one position
    there. So do reductions over all positions, to N x C. Each connected part of the network is rewritten if that moves fewer elements by
    transpositions.

    Before:

    ```mlir
    %1 = linalg.transpose ins(%x : tensor<1x8x4x4xf32>) outs(%e0 : tensor<1x4x4x8xf32>) permutation = [0, 2, 3, 1]
    %2 = cnn.layer_norm %1 scale %s bias %b axis 3 epsilon 1.0e-06
      : (tensor<1x4x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x4x4x8xf32>
    %y = linalg.transpose ins(%2 : tensor<1x4x4x8xf32>) outs(%e1 : tensor<1x8x4x4xf32>) permutation = [0, 3, 1, 2]
    ```

    After:

    ```mlir
    %y = cnn.layer_norm %x scale %s bias %b axis 1 to 2 epsilon 1.0e-06
      : (tensor<1x8x4x4xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x4x4xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect", "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect"];
}

def RecognizeActivations : Pass<"recognize-activations", "::mlir::ModuleOp"> {
  let summary = "finds the activation functions that are written as arithmetic";
  let description = [{
    Products of `arith` and `math` that say gelu (by erf or by tanh), silu, hard_swish, hard_sigmoid or mish become one `cnn.activation`,
    which a convolution takes into its epilogue. Factors and constants may come in any order.

    Before:

    ```mlir
    %1 = arith.divf %x, %sqrt2 : tensor<1x8x4xf32>
    %2 = math.erf %1 : tensor<1x8x4xf32>
    %3 = arith.addf %2, %one : tensor<1x8x4xf32>
    %4 = arith.mulf %x, %3 : tensor<1x8x4xf32>
    %y = arith.mulf %4, %half : tensor<1x8x4xf32>
    ```

    After:

    ```mlir
    %y = cnn.activation gelu %x : tensor<1x8x4xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect"];
}

def RecognizeGroupNorm : Pass<"recognize-group-norm", "::mlir::ModuleOp"> {
  let summary = "finds group normalisation that is written as instance normalisation of reshaped groups";
  let description = [{
    Exporters of versions without an operator for group normalisation see x: N x C x I as N x G x (C/G I), normalise each of the G channels of
    that and see the result as N x C x I again. It is the group normalisation of x, and keeps its layout. Where nobody else reads what lies
    between, and scale and bias are constant.

    Before:

    ```mlir
    %0 = tensor.collapse_shape %x [[0, 1, 2]] : tensor<1x8x9xf32> into tensor<72xf32>
    %1 = tensor.expand_shape %0 [[0, 1, 2]] output_shape [1, 2, 36] : tensor<72xf32> into tensor<1x2x36xf32>
    %2 = cnn.group_norm %1 scale %ones bias %zeros groups 2 epsilon 1.0e-05
      : (tensor<1x2x36xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<1x2x36xf32>
    %3 = tensor.collapse_shape %2 [[0, 1, 2]] : tensor<1x2x36xf32> into tensor<72xf32>
    %y = tensor.expand_shape %3 [[0, 1, 2]] output_shape [1, 8, 9] : tensor<72xf32> into tensor<1x8x9xf32>
    ```

    After:

    ```mlir
    %y = cnn.group_norm %x scale %ones1 bias %zeros1 groups 2 epsilon 1.0e-05
      : (tensor<1x8x9xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<1x8x9xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

def RecognizeLayerNorm : Pass<"recognize-layer-norm", "::mlir::ModuleOp"> {
  let summary = "finds the layer normalisation that is written as arithmetic";
  let description = [{
    Differences from a mean over trailing dimensions or over the channels, divided by the root of their mean square and a number, are a
    `cnn.layer_norm`, as PyTorch's exporter writes it before opset 17. So is what TensorFlow makes of it, a product and a sum with numbers that
    are computed of mean and variance. Factors and summands behind it become its scale and its bias.

    Before, where `%mean` is the mean of x, and `%r` the root:

    ```mlir
    %1 = cnn.broadcast %mean to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
    %2 = arith.subf %x, %1 : tensor<1x8x4xf32>
    %3 = cnn.broadcast %r to [1, 8, 4] : (tensor<1x8x1xf32>) -> tensor<1x8x4xf32>
    %4 = arith.divf %2, %3 : tensor<1x8x4xf32>
    %5 = cnn.broadcast %s to [1, 8, 4] : (tensor<1x1x4xf32>) -> tensor<1x8x4xf32>
    %y = arith.mulf %4, %5 : tensor<1x8x4xf32>
    ```

    After:

    ```mlir
    %6 = tensor.collapse_shape %s [[0, 1, 2]] : tensor<1x1x4xf32> into tensor<4xf32>
    %y = cnn.layer_norm %x scale %6 bias %zeros axis 2 epsilon 1.0e-05
      : (tensor<1x8x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<1x8x4xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect", "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect"];
}

def SinkReshapes : Pass<"sink-reshapes", "::mlir::ModuleOp"> {
  let summary = "computes on the rows of a dense layer what follows it element by element";
  let description = [{
    A dense layer of a tensor of more than two dimensions has its rows as a tensor R x C, which is reshaped behind it. Elementwise operations of
    `arith` and `math`, and `cnn.activation`, that read what was reshaped without its last dimension being changed are computed before: the
    layer can take them into its epilogue. Their other operands are reshaped to rows.

    Before:

    ```mlir
    %1 = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x8xf32>, tensor<4x8xf32>) -> tensor<6x4xf32>
    %2 = tensor.expand_shape %1 [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
    %y = arith.addf %2, %z : tensor<2x3x4xf32>
    ```

    After:

    ```mlir
    %1 = cnn.conv %x, %w strides [] dilations [] padding [] to [] groups 1 zeros : (tensor<6x8xf32>, tensor<4x8xf32>) -> tensor<6x4xf32>
    %2 = tensor.collapse_shape %z [[0, 1], [2]] : tensor<2x3x4xf32> into tensor<6x4xf32>
    %3 = arith.addf %1, %2 : tensor<6x4xf32>
    %y = tensor.expand_shape %3 [[0, 1], [2]] output_shape [2, 3, 4] : tensor<6x4xf32> into tensor<2x3x4xf32>
    ```
  }];
  let dependentDialects = ["::toeplitz::cnn::CNNDialect", "::mlir::tensor::TensorDialect"];
}

def SplitSeparable : Pass<"split-separable", "::mlir::ModuleOp"> {
  let summary = "splits filters that are outer products into convolutions over one dimension each";
  let description = [{
    With w[i, j] = u[i] v[j], a convolution by w is one by u over the rows and then one by v over the columns: K1 + K2
    multiplications instead of K1 K2 for each output. Padding (of every mode), stride and dilation of a dimension go with its
    factor. The same in three dimensions, one after the other.

    It is done where all filters of a layer are outer products, where each group has one input channel or one output channel, and
    where the whole layer then takes fewer multiplications, each value between the two convolutions counted as
    `intermediate-cost` of them: it is stored and loaded once more. (With 12, the 3 x 3 filters stay whole, and 5 x 5 is the
    smallest that is split.) A filter counts as an outer product if that of its factors, in
    float32, is nowhere further from it than two units in the last place of its largest weight. The new constants are called
    after the old one, with `.depth`, `.vertical` and `.horizontal` appended (`.plane` for what remains of three dimensions
    and isn't an outer product itself), the new layers likewise, but for the last one, which keeps the name.

    Before:

    ```mlir
    %y = cnn.conv %x, %w bias %b strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x3x3xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
    ```

    After:

    ```mlir
    %u = arith.constant dense_resource<"blur.weight.vertical"> : tensor<3x1x3x1xf32>
    %v = arith.constant dense_resource<"blur.weight.horizontal"> : tensor<3x1x1x3xf32>
    %0 = cnn.conv %x, %u strides [1, 1] dilations [1, 1] padding [1, 0] to [1, 0] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x3x1xf32>) -> tensor<1x3x8x8xf32>
    %y = cnn.conv %0, %v bias %b strides [1, 1] dilations [1, 1] padding [0, 1] to [0, 1] groups 3 replicate
      : (tensor<1x3x8x8xf32>, tensor<3x1x1x3xf32>, tensor<3xf32>) -> tensor<1x3x8x8xf32>
    ```

    Source: Golub, Van Loan, Matrix Computations (4th edition, 2013), sections 2.4 and 7.3.
  }];
  let options = [Option<"intermediateCost", "intermediate-cost", "int64_t", "12",
    "multiplications that a value between the two convolutions counts as">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::toeplitz::cnn::CNNDialect"];
}

#endif
