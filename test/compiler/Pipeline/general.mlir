// A network with a loop, of types that no kernel knows, at each stage; each is a legal place to go on from, and leads to the same code.
// DEFINE: %{compile} = toeplitz compile --mtriple=x86_64-linux-gnu --mcpu=x86-64-v3
// RUN: %{compile} %s --emit=cnn -o %t.cnn.mlir
// RUN: %{compile} %s --emit=schedule -o %t.schedule.mlir
// RUN: %{compile} %s --emit=loops -o %t.loops.mlir
// RUN: %{compile} %s --emit=llvm -o %t.llvm.mlir
// RUN: %{compile} %s --brief --emit=schedule | FileCheck %s --check-prefix=SCHEDULE --implicit-check-not=memref.alloc --implicit-check-not=memref.copy
// RUN: %{compile} %s --brief --emit=loops | FileCheck %s --check-prefix=LOOPS --implicit-check-not=linalg
// RUN: %{compile} %s --brief --emit=llvm | FileCheck %s --check-prefix=LLVM --implicit-check-not=memref --implicit-check-not=scf.
// RUN: %{compile} %s --emit=asm -o %t.s
// RUN: %{compile} %t.cnn.mlir --emit=asm -o - | diff - %t.s
// RUN: %{compile} %t.schedule.mlir --emit=asm -o - | diff - %t.s
// RUN: %{compile} %t.loops.mlir --emit=asm -o - | diff - %t.s
// RUN: %{compile} %t.llvm.mlir --emit=asm -o - | diff - %t.s
// Every target has the conversions.
// RUN: %{compile} %s --emit=asm --mtriple=x86_64-linux-gnu --mcpu=x86-64 -o /dev/null
// RUN: %{compile} %s --emit=asm --mtriple=aarch64-linux-gnu --mcpu=generic -o /dev/null

// The sums of the rows are done in place, in the caller's buffer.
// SCHEDULE: func.func @main(%{{.*}}: memref<{{[0-9]+}}xi8>, %[[X:.*]]: memref<4x8xbf16> {{{.*}}}, %[[Y:.*]]: memref<4x8xf16> {{{.*}}})
// SCHEDULE: scf.for %[[I:.*]] =
// SCHEDULE:   memref.subview %{{.*}}[%[[I]], 0]
// SCHEDULE:   linalg.generic
// SCHEDULE: return

// LOOPS: scf.for
// LOOPS: call @kernel_
// LOOPS: func.func private @kernel_

// LLVM: llvm.func @main(

module @general {
func.func @main(%x: tensor<4x8xbf16> {toeplitz.name = "x", toeplitz.type = "bfloat16"})
    -> (tensor<4x8xf16> {toeplitz.name = "y", toeplitz.type = "float16"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %0 = arith.extf %x : tensor<4x8xbf16> to tensor<4x8xf32>
  %1 = scf.for %i = %c0 to %c4 step %c1 iter_args(%t = %0) -> (tensor<4x8xf32>) {
    %row = tensor.extract_slice %t[%i, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<8xf32>
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    %sum = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]} outs(%row : tensor<8xf32>) {
    ^body(%own: f32):
      %2 = arith.addf %own, %f : f32
      linalg.yield %2 : f32
    } -> tensor<8xf32>
    %u = tensor.insert_slice %sum into %t[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<4x8xf32>
    scf.yield %u : tensor<4x8xf32>
  }
  %y = arith.truncf %1 : tensor<4x8xf32> to tensor<4x8xf16>
  return %y : tensor<4x8xf16>
}
}
