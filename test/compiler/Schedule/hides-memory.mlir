// Where a core computes on while it reads from beyond its second-level cache, larger transformed filters pay.
// DEFINE: %{target} = lanes=16 registers=32 l2=1048576
// RUN: toeplitz-opt %s --set-target="%{target}" --select-algorithms | FileCheck %s --check-prefix=WAITS
// RUN: toeplitz-opt %s --set-target="%{target} hides-memory=1" --select-algorithms | FileCheck %s --check-prefix=HIDES
// With 8 lanes that is Zen 3, which reads memory half as fast: the smaller filter of 512 channels of 7 x 7 pays.
// RUN: toeplitz-opt %s --set-target="lanes=8 registers=16 hides-memory=1" --select-algorithms | FileCheck %s --check-prefix=NARROW
// RUN: toeplitz compile %S/../../tools/toeplitz/Inputs/small.json --mcpu=znver5 --emit=schedule | FileCheck %s --check-prefix=ZEN
// RUN: toeplitz compile %S/../../tools/toeplitz/Inputs/small.json --mcpu=skylake-avx512 --emit=schedule | FileCheck %s --check-prefix=INTEL
// RUN: echo 'module attributes {kernel.target = #kernel.target<lanes = 8, registers = 16, fma = 1, l1 = 32768, l2 = 524288, hides_memory = 2>} {}' > %t.mlir
// RUN: not toeplitz-opt %t.mlir 2>&1 | FileCheck %s --check-prefix=INVALID
// INVALID: error: hides_memory must be 0 or 1, found 2

// WAITS: kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 1048576>
// WAITS: cnn.conv {{.*}}toeplitz.algorithm = "winograd:f2"{{.*}}256x256x3x3
// HIDES: kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 1048576, hides_memory = 1>
// HIDES: cnn.conv {{.*}}toeplitz.algorithm = "winograd:f4"{{.*}}256x256x3x3
// NARROW: cnn.conv {{.*}}toeplitz.algorithm = "winograd:f2"{{.*}}512x512x3x3
// ZEN: hides_memory = 1
// INTEL: kernel.target
// INTEL-NOT: hides_memory
module @network {
  func.func @main(%x: tensor<1x256x14x14xf32>, %filter: tensor<256x256x3x3xf32>, %small: tensor<1x512x7x7xf32>,
      %large: tensor<512x512x3x3xf32>) -> tensor<1x256x14x14xf32> {
    %0 = cnn.conv %x, %filter strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
      : (tensor<1x256x14x14xf32>, tensor<256x256x3x3xf32>) -> tensor<1x256x14x14xf32> loc("conv")
    %1 = cnn.conv %small, %large strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
      : (tensor<1x512x7x7xf32>, tensor<512x512x3x3xf32>) -> tensor<1x512x7x7xf32> loc("deep")
    return %0 : tensor<1x256x14x14xf32>
  }
}
