// A network whose constants together don't fit the second-level cache reads each filter from beyond it, which a transformed filter, four times as
// large as it was, makes dear.
// DEFINE: %{target} = lanes=16 registers=32
// RUN: toeplitz-opt %s --set-target="%{target} l2=2097152" --select-algorithms | FileCheck %s --check-prefix=WARM
// RUN: toeplitz-opt %s --set-target="%{target} l2=1048576" --select-algorithms | FileCheck %s --check-prefix=COLD
// RUN: toeplitz-opt %s --set-target="lanes=1 l2=1048576 gpu=80" | FileCheck %s --check-prefix=GPU
// RUN: echo 'module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288, cold_filters = 2>} {}' > %t.mlir
// RUN: not toeplitz-opt %t.mlir 2>&1 | FileCheck %s --check-prefix=INVALID
// INVALID: error: cold_filters must be 0 or 1, found 2

// WARM: kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 2097152>
// WARM: cnn.conv {{.*}}toeplitz.algorithm = "winograd:f4"
// COLD: kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 1048576, cold_filters = 1>
// COLD: cnn.conv {{.*}}toeplitz.algorithm = "direct"
// GPU-NOT: cold_filters
module @network {
  func.func @main(%x: tensor<1x128x7x7xf32>) -> tensor<1x32x7x7xf32> {
    // 1.2 MB, and 147 kB for the layer.
    %others = arith.constant dense<1.0> : tensor<300000xf32>
    %filter = arith.constant dense<0.5> : tensor<32x128x3x3xf32>
    %0 = cnn.conv %x, %filter strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
      : (tensor<1x128x7x7xf32>, tensor<32x128x3x3xf32>) -> tensor<1x32x7x7xf32> loc("conv")
    return %0 : tensor<1x32x7x7xf32>
  }
}
