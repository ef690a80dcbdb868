// The machine code of a 3 x 3 convolution of 64 channels: its innermost loops are multiply-adds on the target's vectors, with the accumulators
// in registers from the first to the last.
// DEFINE: %{assembly} = toeplitz compile %s --algorithm=direct --emit=asm -o -
// DEFINE: %{loops} = %python %source_root/test/support/hot_loops.py
// RUN: %{assembly} --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 > %t.v3
// RUN: %{loops} < %t.v3 | FileCheck %s --check-prefix=V3 --implicit-check-not=xmm --implicit-check-not=zmm
// RUN: FileCheck %s --check-prefix=FUSED --input-file=%t.v3
// RUN: %{assembly} --mtriple=x86_64-linux-gnu --mcpu=x86-64-v4 > %t.v4
// RUN: %{loops} < %t.v4 | FileCheck %s --check-prefix=V4 --implicit-check-not=xmm --implicit-check-not=ymm
// RUN: FileCheck %s --check-prefix=FUSED --input-file=%t.v4
// RUN: %{assembly} --mtriple=x86_64-linux-gnu --mcpu=x86-64 > %t.v1
// RUN: %{loops} < %t.v1 | FileCheck %s --check-prefix=V1
// RUN: FileCheck %s --check-prefix=SEPARATE --implicit-check-not=vfmadd --implicit-check-not=ymm --implicit-check-not=fmaf --input-file=%t.v1
// RUN: %{assembly} --mtriple=aarch64-linux-gnu > %t.arm
// RUN: %{loops} < %t.arm | FileCheck %s --check-prefix=ARM

// Chosen by its cost, Winograd's algorithm has such a loop too. (Its transforms go through the stack on purpose.)
// RUN: toeplitz compile %s --emit=asm -o - --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3 | %{loops} | FileCheck %s --check-prefix=WINOGRAD-V3
// RUN: toeplitz compile %s --emit=asm -o - --mtriple=x86_64-linux-gnu --mcpu=x86-64-v4 | %{loops} | FileCheck %s --check-prefix=WINOGRAD-V4
// WINOGRAD-V3: {{[2-9][0-9]}} multiply-adds on ymm, 0 on the stack
// WINOGRAD-V4: {{[4-9][0-9]}} multiply-adds on zmm, 0 on the stack

// At least 10 accumulators and two steps: 20.
// V3: {{[2-9][0-9]}} multiply-adds on ymm, 0 on the stack
// V3-NOT: multiply-adds on ymm, {{[1-9][0-9]*}} on the stack
// V4: {{[4-9][0-9]|[1-9][0-9][0-9]}} multiply-adds on zmm, {{[0-9]}} on the stack
// V4-NOT: multiply-adds on zmm, {{[1-9][0-9]+}} on the stack
// V1: {{[1-9][0-9]}} multiply-adds on xmm
// ARM: {{[4-9][0-9]|[1-9][0-9][0-9]}} multiply-adds on 4s
// FUSED: vfmadd{{[0-9]+}}ps
// SEPARATE: mulps
// SEPARATE: addps

func.func @main(%x: tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32> {
  %w = arith.constant dense<0.5> : tensor<64x64x3x3xf32>
  %b = arith.constant dense<0.25> : tensor<64xf32>
  %0 = cnn.conv %x, %w bias %b strides [1, 1] dilations [1, 1] padding [1, 1] to [1, 1] groups 1 zeros
    : (tensor<1x64x56x56xf32>, tensor<64x64x3x3xf32>, tensor<64xf32>) -> tensor<1x64x56x56xf32> loc("conv1")
  %1 = cnn.activation tanh %0 : tensor<1x64x56x56xf32>
  return %1 : tensor<1x64x56x56xf32>
}
