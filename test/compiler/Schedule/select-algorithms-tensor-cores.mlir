// Tensor cores are chosen where the target may round factors and a layer is big enough, and not where they aren't allowed.

// DEFINE: %{gpu} = --set-target="lanes=1 registers=255 gpu=80 precision=tf32"
// RUN: toeplitz-opt %s %{gpu} --select-algorithms=typical-error=inf | FileCheck %s
// CHECK: toeplitz.algorithm = "tensor-core-gemm:tf32"{{.*}} -> tensor<8x128x28x28xf32>
// CHECK: toeplitz.algorithm = "implicit-gemm"{{.*}} -> tensor<1x2x3xf32>
// RUN: toeplitz-opt %s --set-target="lanes=1 registers=255 gpu=80 precision=f16" --select-algorithms=typical-error=inf | FileCheck %s --check-prefix=F16
// F16: toeplitz.algorithm = "tensor-core-gemm:f16"{{.*}} -> tensor<8x128x28x28xf32>
// RUN: toeplitz-opt %s %{gpu} --select-algorithms="typical-error=inf algorithm=tensor-core-gemm:tf32" | FileCheck %s --check-prefix=FORCED
// FORCED-COUNT-2: toeplitz.algorithm = "tensor-core-gemm:tf32"

// Those of warpgroups are chosen where the GPU has them, and where a layer is big enough.
// RUN: toeplitz-opt %s --set-target="lanes=1 registers=255 gpu=90 precision=tf32 warpgroups=1" --select-algorithms=typical-error=inf | FileCheck %s --check-prefix=WARPGROUPS
// WARPGROUPS: toeplitz.algorithm = "warpgroup-gemm:tf32"{{.*}} -> tensor<8x128x28x28xf32>
// WARPGROUPS: toeplitz.algorithm = "implicit-gemm"{{.*}} -> tensor<1x2x3xf32>
// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=90 precision=tf32" --select-algorithms=layers=big=warpgroup-gemm 2>&1 | FileCheck %s --check-prefix=NO-WARPGROUPS
// NO-WARPGROUPS: error: loc("big"): algorithm 'warpgroup-gemm' declines this layer: the GPU has no products by warpgroups (--gpu-arch=sm_90a)
// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=90 warpgroups=1" --select-algorithms=layers=big=warpgroup-gemm 2>&1 | FileCheck %s --check-prefix=NO-FACTORS
// NO-FACTORS: error: loc("big"): algorithm 'warpgroup-gemm' declines this layer: factors of products may not be rounded (--tf32, --precision)
// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=90 precision=tf32 warpgroups=1" --select-algorithms=layers=sparse=warpgroup-gemm 2>&1 | FileCheck %s --check-prefix=NO-TAPS
// NO-TAPS: error: loc("sparse"): algorithm 'warpgroup-gemm' declines this layer: the kernel has no position
// RUN: not toeplitz-opt %s --select-algorithms=layers=big=warpgroup-gemm 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: loc("big"): algorithm 'warpgroup-gemm' declines this layer: the target isn't a GPU

// RUN: toeplitz-opt %s --set-target="lanes=1 registers=255 gpu=80" --select-algorithms | FileCheck %s --check-prefix=F32
// F32: toeplitz.algorithm = "winograd:f2"{{.*}} -> tensor<8x128x28x28xf32>
// RUN: toeplitz-opt %s %{gpu} --select-algorithms=precise=true | FileCheck %s --check-prefix=PRECISE
// PRECISE: toeplitz.algorithm = "implicit-gemm"{{.*}} -> tensor<8x128x28x28xf32>

// RUN: not toeplitz-opt %s --set-target="lanes=1 gpu=80" --select-algorithms=layers=big=tensor-core-gemm 2>&1 | FileCheck %s --check-prefix=FACTORS
// FACTORS: error: loc("big"): algorithm 'tensor-core-gemm' declines this layer: factors of products may not be rounded (--tf32, --precision)
// RUN: not toeplitz-opt %s %{gpu} --select-algorithms=layers=big=tensor-core-gemm:bf16 2>&1 | FileCheck %s --check-prefix=VARIANT
// VARIANT: error: loc("big"): algorithm 'tensor-core-gemm:bf16' declines this layer: it has no variant 'bf16' for this layer, expected 'tf32'
// RUN: not toeplitz-opt %s %{gpu} --select-algorithms=layers=sparse=tensor-core-gemm 2>&1 | FileCheck %s --check-prefix=TAPS
// TAPS: error: loc("sparse"): algorithm 'tensor-core-gemm' declines this layer: the kernel has no position

func.func @main(%x: tensor<8x128x28x28xf32>, %w: tensor<128x128x3x3xf32>, %y: tensor<1x4x3xf32>, %v: tensor<2x4x1xf32>, %u: tensor<4x2x1xf32>) {
  %0 = cnn.conv %x, %w strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<8x128x28x28xf32>, tensor<128x128x3x3xf32>) -> tensor<8x128x28x28xf32> loc("big")
  %1 = cnn.conv %y, %v strides [1] dilations [1] padding [0] to [0] groups 1 zeros
    : (tensor<1x4x3xf32>, tensor<2x4x1xf32>) -> tensor<1x2x3xf32> loc("small")
  %2 = cnn.conv_transpose %y, %u strides [2] dilations [1] padding [0] to [0] output_padding [0] groups 1
    : (tensor<1x4x3xf32>, tensor<4x2x1xf32>) -> tensor<1x2x5xf32> loc("sparse")
  return
}
