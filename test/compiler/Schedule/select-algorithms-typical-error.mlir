// A network's typical error decides whether its layers may round as bf16x3 does; bf16x6 rounds as sums of f32 do.
// RUN: split-file %s %t
// DEFINE: %{options} =
// DEFINE: %{target} = --set-target="lanes=16 registers=32 amx=1"
// DEFINE: %{select} = toeplitz-opt %t/deep.mlir %{target} --select-algorithms=%{options}

// Four layers of 4.4e-6 each, which pass errors on as they are: the largest error is to the largest output as one root of a mean square to
// the other, twice 4.4e-6.
// RUN: toeplitz-opt %t/deep.mlir %{target} --select-algorithms | FileCheck %s --check-prefix=ALL
// REDEFINE: %{options} = "typical-error=9e-6"
// RUN: %{select} | FileCheck %s --check-prefix=ALL
// ALL-COUNT-4: toeplitz.algorithm = "bf16x3"
// Half of the square is too much: two layers have to change, the two with the fewest products, for which that costs least.
// REDEFINE: %{options} = "typical-error=7e-6"
// RUN: %{select} | FileCheck %s --check-prefix=HALF
// HALF-COUNT-2: toeplitz.algorithm = "bf16x3"
// HALF-COUNT-2: toeplitz.algorithm = "pointwise"
// Nothing is left to change: that is no error. Of what rounds as a sum of products does, each layer has the cheapest.
// REDEFINE: %{options} = "typical-error=1e-9"
// RUN: %{select} | FileCheck %s --check-prefix=NONE
// NONE-COUNT-2: toeplitz.algorithm = "bf16x6"
// NONE-COUNT-2: toeplitz.algorithm = "pointwise"
// What adds next to nothing to the least error stays.
// RUN: toeplitz-opt %t/faint.mlir %{target} --select-algorithms="typical-error=1e-9" | FileCheck %s --check-prefix=FAINT
// FAINT: toeplitz.algorithm = "pointwise"
// FAINT: toeplitz.algorithm = "bf16x3"
// Whoever asked for the limit is warned; not where it is kept, and where there is none.
// REDEFINE: %{options} = "typical-error=1e-9 warn"
// RUN: %{select} 2> %t/warning | FileCheck %s --check-prefix=NONE
// RUN: FileCheck %s --check-prefix=WARNED --input-file=%t/warning
// WARNED: warning: network '': the typical error of the outputs is {{[1-9][.][0-9]+e-[0-9]+}}, expected at most 1.00e-09 of the largest one: no choice of algorithms reaches that
// REDEFINE: %{options} = "typical-error=7e-6 warn"
// RUN: %{select} 2>&1 | FileCheck %s --check-prefix=HALF --implicit-check-not=warning
// REDEFINE: %{options} = "typical-error=inf warn"
// RUN: %{select} 2>&1 | FileCheck %s --check-prefix=ALL --implicit-check-not=warning
// A limit of infinity is none.
// REDEFINE: %{options} = "typical-error=inf"
// RUN: %{select} | FileCheck %s --check-prefix=ALL
// What was forced stays, for one layer and for all.
// REDEFINE: %{options} = "typical-error=1e-9 layers=wide=bf16x3"
// RUN: %{select} | FileCheck %s --check-prefix=LAYER
// LAYER: toeplitz.algorithm = "bf16x3"
// LAYER: toeplitz.algorithm = "bf16x6"
// LAYER-COUNT-2: toeplitz.algorithm = "pointwise"
// REDEFINE: %{options} = "typical-error=1e-9 algorithm=bf16x3"
// RUN: %{select} | FileCheck %s --check-prefix=ALL

// Where the values of a network aren't finite, nothing is changed.
// RUN: toeplitz-opt %t/unknown.mlir %{target} --select-algorithms="typical-error=1e-9" | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: toeplitz.algorithm = "bf16x3"

//--- faint.mlir
func.func @main(%x: tensor<1x64x128x128xf32>) -> tensor<1x64x128x128xf32> {
  %w = arith.constant dense<0.125> : tensor<64x64x1x1xf32>
  %little = arith.constant dense<1.0e-3> : tensor<1x64x128x128xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x128x128xf32> loc("clear")
  %1 = cnn.conv %0, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x128x128xf32> loc("faint")
  %2 = arith.mulf %1, %little : tensor<1x64x128x128xf32>
  %3 = arith.addf %0, %2 : tensor<1x64x128x128xf32>
  return %3 : tensor<1x64x128x128xf32>
}

//--- deep.mlir
func.func @main(%x: tensor<1x64x128x128xf32>) -> tensor<1x64x128x128xf32> {
  %wide = arith.constant dense<0.0625> : tensor<256x64x1x1xf32>
  %narrow = arith.constant dense<0.03125> : tensor<64x256x1x1xf32>
  %small = arith.constant dense<0.125> : tensor<64x64x1x1xf32>
  %0 = cnn.conv %x, %wide strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<256x64x1x1xf32>) -> tensor<1x256x128x128xf32> loc("wide")
  %1 = cnn.conv %0, %narrow strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x256x128x128xf32>, tensor<64x256x1x1xf32>) -> tensor<1x64x128x128xf32> loc("narrow")
  %2 = cnn.conv %1, %small strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x128x128xf32> loc("small")
  %3 = cnn.conv %2, %small strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x128x128xf32> loc("small2")
  return %3 : tensor<1x64x128x128xf32>
}

//--- unknown.mlir
func.func @main(%x: tensor<1x64x128x128xf32>) -> tensor<1x64x128x128xf32> {
  %w = arith.constant dense<0x7F800000> : tensor<64x64x1x1xf32>
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [0, 0] to [0, 0] groups 1 zeros
    : (tensor<1x64x128x128xf32>, tensor<64x64x1x1xf32>) -> tensor<1x64x128x128xf32>
  return %0 : tensor<1x64x128x128xf32>
}
