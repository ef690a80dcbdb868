// RUN: toeplitz-opt %s --split-input-file --narrow-activations | FileCheck %s
// RUN: sed -e 's/precision = bf16/precision = tf32/' %s | toeplitz-opt --split-input-file --narrow-activations | FileCheck %s --check-prefix=TF32 --implicit-check-not=bf16
// TF32: memref.alloc() : memref<2x16x4x6x1xf32>

// Between two layers: the memory has the channels last, and what pools it, adds it up or passes it on computes in f32.
// CHECK-LABEL: func.func @main
// CHECK: %[[MEMORY:.*]] = memref.alloc() : memref<2x4x6x1x16xbf16>
// CHECK: %[[FIRST:.*]] = memref.reinterpret_cast %[[MEMORY]] to offset: [0], sizes: [2, 16, 4, 6, 1], strides: [384, 1, 96, 16, 1]
// CHECK: kernel.conv "direct" ins(%{{.*}}) outs(%[[FIRST]])
// CHECK: %[[SUMS:.*]] = memref.alloc() : memref<2x16x4x6x1xf32>
// CHECK: linalg.generic {{.*}} ins(%[[FIRST]] : memref<2x16x4x6x1xbf16, strided<[384, 1, 96, 16, 1]>>) outs(%[[SUMS]]
// CHECK-NEXT: ^bb0(%[[X:.*]]: bf16, %{{.*}}: f32):
// CHECK-NEXT: %[[EXTENDED:.*]] = arith.extf %[[X]] : bf16 to f32
// CHECK-NEXT: arith.mulf %[[EXTENDED]], %[[EXTENDED]]
// What only an average reads stays as it is.
// CHECK: kernel.pool average ins(%[[SUMS]])
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : memref<2x16x4x6x1xbf16, strided<[384, 1, 96, 16, 1]>>)
// CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: bf16):
// CHECK: %[[NEGATED:.*]] = arith.negf
// CHECK-NEXT: %[[ROUNDED:.*]] = arith.truncf %[[NEGATED]] : f32 to bf16
// CHECK-NEXT: linalg.yield %[[ROUNDED]] : bf16
// CHECK: kernel.conv "tensor-core-gemm" ins(%[[FIRST]], %{{.*}} residual %{{.*}}) outs(%{{.*}}) {{.*}} -> ()
#identity = affine_map<(a, b, c, d, e) -> (a, b, c, d, e)>
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80, precision = bf16>} {
  func.func @main(%x: memref<2x3x4x6x1xf32>, %v: memref<48xf32>, %w: memref<1024xf32>, %y: memref<2x16x4x6x1xf32>, %z: memref<2x16x1x1x1xf32>) {
    %0 = memref.alloc() : memref<2x16x4x6x1xf32>
    kernel.conv "direct" ins(%x, %v) outs(%0) {dilations = array<i64: 1, 1>, groups = 1 : i64, in_channels = 3 : i64,
      kernel = array<i64: 1, 1>, out_channels = 16 : i64, output_offsets = array<i64: 0, 0>, output_sizes = array<i64: 4, 6>,
      output_strides = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, strides = array<i64: 1, 1>, tile = array<i64: 1, 1>}
      : (memref<2x3x4x6x1xf32>, memref<48xf32>, memref<2x16x4x6x1xf32>) -> ()
    %1 = memref.alloc() : memref<2x16x4x6x1xf32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%0 : memref<2x16x4x6x1xf32>) outs(%1 : memref<2x16x4x6x1xf32>) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.mulf %a, %a : f32
      linalg.yield %s : f32
    }
    kernel.pool average ins(%1) outs(%z) {count_include_pad = true, dilations = array<i64: 1, 1>, kernel = array<i64: 4, 6>, p = 2 : i64,
      padding_high = array<i64: 0, 0>, padding_low = array<i64: 0, 0>, strides = array<i64: 1, 1>}
      : (memref<2x16x4x6x1xf32>, memref<2x16x1x1x1xf32>) -> ()
    %2 = memref.alloc() : memref<2x16x4x6x1xf32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}
      ins(%1 : memref<2x16x4x6x1xf32>) outs(%2 : memref<2x16x4x6x1xf32>) {
    ^bb0(%a: f32, %b: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    }
    kernel.conv "tensor-core-gemm" ins(%0, %w residual %2) outs(%y) {dilations = array<i64: 1, 1>, groups = 1 : i64,
      in_channels = 16 : i64, kernel = array<i64: 1, 1>, out_channels = 16 : i64, output_offsets = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 6>, output_strides = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, strides = array<i64: 1, 1>,
      tile = array<i64: 32, 32>} : (memref<2x16x4x6x1xf32>, memref<1024xf32>, memref<2x16x4x6x1xf32>, memref<2x16x4x6x1xf32>) -> ()
    kernel.conv "tensor-core-gemm" ins(%2, %w) outs(%y) {dilations = array<i64: 1, 1>, groups = 1 : i64,
      in_channels = 16 : i64, kernel = array<i64: 1, 1>, out_channels = 16 : i64, output_offsets = array<i64: 0, 0>,
      output_sizes = array<i64: 4, 6>, output_strides = array<i64: 1, 1>, padding_low = array<i64: 0, 0>, strides = array<i64: 1, 1>,
      tile = array<i64: 32, 32>} : (memref<2x16x4x6x1xf32>, memref<1024xf32>, memref<2x16x4x6x1xf32>) -> ()
    return
  }
}

// -----

// Seven channels aren't copied sixteen bytes at a time: they stay in planes. What else than a kernel uses, or a kernel that knows f32
// alone, stays in f32.
// CHECK-LABEL: func.func @main
// CHECK: memref.alloc() : memref<1x7x8x1xbf16>
// CHECK: memref.alloc() : memref<1x7x8x1xf32>
// CHECK: memref.alloc() : memref<1x7x8x1xf32>
#identity = affine_map<(a, b, c, d) -> (a, b, c, d)>
module attributes {kernel.target = #kernel.target<lanes = 1, registers = 255, fma = 1, l1 = 196608, l2 = 41943040, gpu = 80, precision = bf16>} {
  func.func @main(%x: memref<1x7x8x1xf32>, %w: memref<512xf32>, %y: memref<1x16x8x1xf32>) {
    %0 = memref.alloc() : memref<1x7x8x1xf32>
    %1 = memref.alloc() : memref<1x7x8x1xf32>
    %2 = memref.alloc() : memref<1x7x8x1xf32>
    linalg.generic {indexing_maps = [#identity, #identity], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : memref<1x7x8x1xf32>) outs(%0 : memref<1x7x8x1xf32>) {
    ^bb0(%a: f32, %b: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
    }
    memref.copy %x, %1 : memref<1x7x8x1xf32> to memref<1x7x8x1xf32>
    kernel.resize nearest ins(%x) outs(%2) {align_corners = false} : (memref<1x7x8x1xf32>, memref<1x7x8x1xf32>) -> ()
    kernel.conv "tensor-core-gemm" ins(%0, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 7 : i64,
      kernel = array<i64: 1>, out_channels = 16 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 8>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x7x8x1xf32>, memref<512xf32>, memref<1x16x8x1xf32>) -> ()
    kernel.conv "tensor-core-gemm" ins(%1, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 7 : i64,
      kernel = array<i64: 1>, out_channels = 16 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 8>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x7x8x1xf32>, memref<512xf32>, memref<1x16x8x1xf32>) -> ()
    kernel.conv "tensor-core-gemm" ins(%2, %w) outs(%y) {dilations = array<i64: 1>, groups = 1 : i64, in_channels = 7 : i64,
      kernel = array<i64: 1>, out_channels = 16 : i64, output_offsets = array<i64: 0>, output_sizes = array<i64: 8>,
      output_strides = array<i64: 1>, padding_low = array<i64: 0>, strides = array<i64: 1>, tile = array<i64: 32, 32>}
      : (memref<1x7x8x1xf32>, memref<512xf32>, memref<1x16x8x1xf32>) -> ()
    return
  }
}
