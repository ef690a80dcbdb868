// The arithmetic and the traffic that time-kernels says of each kernel, against numbers worked out by hand.
// RUN: toeplitz-opt %s --time-kernels --split-input-file | FileCheck %s

// A convolution whose 8 groups were merged into 2 when its filter was packed: 2 * 32 * 4 * 9 * 16.
// CHECK: description = "32x4x4 -> 32x4x4, groups 8, residual, sigmoid", flops = 36864 : i64, name = "grouped", operation = "conv 3x3"
// A transposed one's phase of 2 x 1 taps, every other position: 2 * 8 * 8 * 2 * 4.
// CHECK-SAME: description = "8x2x2 -> 8x2x2", flops = 1024 : i64, name = "phase", operation = "conv 2x1"
// A dense layer of two samples: 2 * 2 * 10 * 16.
// CHECK-SAME: description = "2x16 -> 2x10", flops = 640 : i64, name = "dense", operation = "dense"
// What happens to the input stands before what happens to the result: 2 * 2 * 16 * 12 * 9. It reads 288 + 32 floats and 512 bfloat16
// numbers.
// CHECK-SAME: description = "2x12x9 -> 2x16x9, input scale + clip, silu", flops = 6912 : i64, name = "prologue", operation = "conv 1", read_bytes = 2304 : i64
// A convolution and the pool of its result: 2 * 16 * 16 * 9 * 81 + 16 * 16 * 4. Only the result is written.
// CHECK-SAME: description = "16x9x9 -> 16x9x9, max pool 2x2", flops = 374272 : i64, name = "pooled", operation = "conv 3x3", {{.*}}written_bytes = 1024 : i64
// A depthwise and a pointwise one: 2 * 12 * 81 * (9 + 16).
// CHECK-SAME: description = "12x9x9 -> 16x9x9, relu", flops = 48600 : i64, name = "separable", operation = "separable conv 3x3"
// One before them with stride 2, 2 * 12 * (81 * 16 + 25 * (9 + 16)); and nothing behind, 2 * 12 * (81 * 16 + 81 * 9).
// CHECK-SAME: algorithm = "pointwise + depthwise + pointwise", description = "16x9x9 -> 16x5x5, over 12 channels, stride 2x2, clip, relu", flops = 46104 : i64, name = "inverted"
// CHECK-SAME: algorithm = "pointwise + depthwise", description = "16x9x9 -> 12x9x9", flops = 48600 : i64, name = "expanded"
// 2 * 80 * 42 * (24 + 9 + 24). Neither the scratch nor the prepared memory is traffic.
// CHECK-SAME: algorithm = "bf16x3 + depthwise + bf16x3", description = "24x6x7 -> 24x6x7, over 80 channels, residual, relu", flops = 383040 : i64, name = "channels", operation = "separable conv 3x3", read_bytes = 30784 : i64
// The pointwise one behind by bf16x3, 2 * 32 * 42 * (9 + 24): 1344 and 288 floats and 2048 bfloat16 numbers are read.
// CHECK-SAME: algorithm = "depthwise + bf16x3", description = "32x6x7 -> 24x6x7", flops = 88704 : i64, name = "split", operation = "separable conv 3x3", read_bytes = 10624 : i64
func.func @main(%a: memref<1x4x4x4x8xf32>, %aw: memref<1024xf32>, %ar: memref<1x4x4x4x8xf32>, %ay: memref<1x4x4x4x8xf32>,
    %b: memref<1x1x2x2x8xf32>, %bw: memref<128xf32>, %by: memref<1x1x4x4x8xf32>,
    %c: memref<2x2x8xf32>, %cw: memref<256xf32>, %cy: memref<2x2x8xf32>,
    %p: memref<2x2x9x8xf32>, %pw: memref<512xbf16>, %ps: memref<2x2x8xf32>, %py: memref<2x2x9x8xf32>,
    %vw: memref<9216xf32>, %vy: memref<1x2x4x4x8xf32>, %d: memref<1x2x9x9x8xf32>, %dv: memref<144xf32>, %dw: memref<192xf32>, %dy: memref<1x2x9x9x8xf32>, %dz: memref<1x2x5x5x8xf32>,
    %e: memref<1x2x6x7x16xf32>, %eu: memref<5120xbf16>, %ev: memref<720xf32>, %ew: memref<6144xbf16>, %ey: memref<1x2x6x7x16xf32>, %es: memref<1x5376xf32>, %ep: memref<2688xf32>,
    %fv: memref<288xf32>, %fw: memref<2048xbf16>, %fs: memref<1x1344xf32>) {
  kernel.conv "direct" ins(%a, %aw residual %ar) outs(%ay) activation <sigmoid> {toeplitz.groups = 8 : i64, in_channels = 32 : i64,
      out_channels = 32 : i64, groups = 2 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 4, 4>, output_strides = array<i64: 1, 1>,
      output_offsets = array<i64: 0, 0>, tile = array<i64: 4, 2>}
    : (memref<1x4x4x4x8xf32>, memref<1024xf32>, memref<1x4x4x4x8xf32>, memref<1x4x4x4x8xf32>) -> () loc("grouped")
  kernel.conv "direct" ins(%b, %bw) outs(%by) {in_channels = 8 : i64, out_channels = 8 : i64, groups = 1 : i64,
      kernel = array<i64: 2, 1>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 0>,
      output_sizes = array<i64: 2, 2>, output_strides = array<i64: 2, 2>, output_offsets = array<i64: 0, 1>, tile = array<i64: 2, 1>}
    : (memref<1x1x2x2x8xf32>, memref<128xf32>, memref<1x1x4x4x8xf32>) -> () loc("phase")
  kernel.conv "pointwise" ins(%c, %cw) outs(%cy) {in_channels = 16 : i64, out_channels = 10 : i64, groups = 1 : i64, kernel = array<i64>,
      strides = array<i64>, dilations = array<i64>, padding_low = array<i64>, output_sizes = array<i64>, output_strides = array<i64>,
      output_offsets = array<i64>, tile = array<i64: 1, 2>}
    : (memref<2x2x8xf32>, memref<256xf32>, memref<2x2x8xf32>) -> () loc("dense")
  kernel.conv "bf16x3" ins(%p, %pw input_scale %ps) outs(%py) input_activation <clip beta = 6.0 : f32> activation <silu> {in_channels = 12 : i64,
      out_channels = 16 : i64, groups = 1 : i64, kernel = array<i64: 1>, strides = array<i64: 1>, dilations = array<i64: 1>,
      padding_low = array<i64: 0>, output_sizes = array<i64: 9>, output_strides = array<i64: 1>, output_offsets = array<i64: 0>,
      tile = array<i64: 9, 1>}
    : (memref<2x2x9x8xf32>, memref<512xbf16>, memref<2x2x8xf32>, memref<2x2x9x8xf32>) -> () loc("prologue")
  kernel.conv "winograd" ins(%d, %vw) outs(%vy) pool <max, kernel = [2, 2], strides = [2, 2], dilations = [1, 1], padding_low = [0, 0],
      padding_high = [0, 0], count_include_pad = true, p = 2> {in_channels = 16 : i64, out_channels = 16 : i64, groups = 1 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, output_strides = array<i64: 1, 1>, output_offsets = array<i64: 0, 0>, tile = array<i64: 6, 2>,
      transform = array<i64: 6, 6>}
    : (memref<1x2x9x9x8xf32>, memref<9216xf32>, memref<1x2x4x4x8xf32>) -> () loc("pooled")
  kernel.separable_conv ins(%d depthwise %dv pointwise %dw) outs(%dy) depthwise_activation <relu>
      {channels = 12 : i64, out_channels = 16 : i64, kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, output_sizes = array<i64: 9, 9>, depthwise_tile = 9 : i64, tile = array<i64: 6, 2>, rows = 9 : i64}
    : (memref<1x2x9x9x8xf32>, memref<144xf32>, memref<192xf32>, memref<1x2x9x9x8xf32>) -> () loc("separable")
  kernel.separable_conv ins(%d expansion %dw depthwise %dv pointwise %dw) outs(%dz) expansion_activation <clip beta = 6.0 : f32>
      depthwise_activation <relu> {in_channels = 16 : i64, channels = 12 : i64, out_channels = 16 : i64, kernel = array<i64: 3, 3>,
      strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 5, 5>,
      expansion_tile = array<i64: 9, 2>, depthwise_tile = 5 : i64, tile = array<i64: 5, 2>, rows = 5 : i64}
    : (memref<1x2x9x9x8xf32>, memref<192xf32>, memref<144xf32>, memref<192xf32>, memref<1x2x5x5x8xf32>) -> () loc("inverted")
  kernel.separable_conv ins(%d expansion %dw depthwise %dv) outs(%dy) {in_channels = 16 : i64, channels = 12 : i64, out_channels = 12 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 9, 9>, expansion_tile = array<i64: 9, 2>, depthwise_tile = 9 : i64, rows = 9 : i64}
    : (memref<1x2x9x9x8xf32>, memref<192xf32>, memref<144xf32>, memref<1x2x9x9x8xf32>) -> () loc("expanded")
  kernel.inverted_residual ins(%e expansion %eu depthwise %ev pointwise %ew residual %e) outs(%ey scratch %es prepared %ep) expansion_activation <relu>
      {in_channels = 24 : i64, channels = 80 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>, output_sizes = array<i64: 6, 7>,
      expansion_vectors = 2 : i64, depthwise_tile = 7 : i64, vectors = 2 : i64, positions = 14 : i64, parts = 1 : i64, steps = 2 : i64}
    : (memref<1x2x6x7x16xf32>, memref<5120xbf16>, memref<720xf32>, memref<6144xbf16>, memref<1x2x6x7x16xf32>, memref<1x2x6x7x16xf32>, memref<1x5376xf32>, memref<2688xf32>) -> () loc("channels")
  kernel.separable_conv ins(%e depthwise %fv pointwise %fw) outs(%ey scratch %fs) {channels = 32 : i64, out_channels = 24 : i64,
      kernel = array<i64: 3, 3>, strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, padding_low = array<i64: 1, 1>,
      output_sizes = array<i64: 6, 7>, depthwise_tile = 7 : i64, tile = array<i64: 14, 2>, rows = 6 : i64}
    : (memref<1x2x6x7x16xf32>, memref<288xf32>, memref<2048xbf16>, memref<1x2x6x7x16xf32>, memref<1x1344xf32>) -> () loc("split")
  return
}

// -----

// Between four neighbours three interpolations of three operations, for each of 512 elements; a nearest neighbour is copied; softmax has 5 an element, a product of matrices
// two for each step of a sum.
// CHECK: flops = 4608 : i64, name = "linear", operation = "resize"
// CHECK-SAME: flops = 0 : i64, name = "nearest", operation = "resize"
// CHECK-SAME: flops = 640 : i64, name = "softmax", operation = "softmax"
// CHECK-SAME: flops = 256 : i64, name = "matmul", operation = "matmul"
// CHECK-SAME: flops = 0 : i64, name = "reorder", operation = "reorder", read_bytes = 512 : i64, weight_bytes = 0 : i64, written_bytes = 512 : i64
func.func @main(%x: memref<1x1x4x4x8xf32>, %y: memref<1x1x8x8x8xf32>, %s: memref<1x8x4x4xf32>, %t: memref<1x8x4x4xf32>,
    %p: memref<2x4x4xf32>, %q: memref<2x4x4xf32>) {
  kernel.resize linear ins(%x) outs(%y) {align_corners = false} : (memref<1x1x4x4x8xf32>, memref<1x1x8x8x8xf32>) -> () loc("linear")
  kernel.resize nearest ins(%x) outs(%y) {align_corners = false} : (memref<1x1x4x4x8xf32>, memref<1x1x8x8x8xf32>) -> () loc("nearest")
  kernel.softmax ins(%s) outs(%t) {axis = 1 : i64, log = false} : (memref<1x8x4x4xf32>, memref<1x8x4x4xf32>) -> () loc("softmax")
  kernel.matmul ins(%p, %p) outs(%q) : (memref<2x4x4xf32>, memref<2x4x4xf32>, memref<2x4x4xf32>) -> () loc("matmul")
  kernel.reorder ins(%s) outs(%x) {channels = 8 : i64} : (memref<1x8x4x4xf32>, memref<1x1x4x4x8xf32>) -> () loc("reorder")
  return
}

// -----

// x * x + y with the exponential of it: a product, a sum and a function for each of 64 elements; x is read once, and the destination
// is one of the inputs.
// CHECK: flops = 192 : i64, name = "", operation = "elementwise", read_bytes = 512 : i64, weight_bytes = 0 : i64, written_bytes = 256 : i64
// A sum of 64 products.
// CHECK-SAME: flops = 128 : i64, name = "", operation = "reduction", read_bytes = 256 : i64, weight_bytes = 0 : i64, written_bytes = 32 : i64
// CHECK-SAME: flops = 0 : i64, name = "", operation = "copy", read_bytes = 64 : i64, weight_bytes = 0 : i64, written_bytes = 64 : i64
#map = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
func.func @main(%x: memref<8x8xf32>, %y: memref<8x8xf32>, %sum: memref<8xf32>, %f: memref<8xi64>, %g: memref<8xi64>) {
  linalg.generic {indexing_maps = [#map, #map, #map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%x, %x, %y : memref<8x8xf32>, memref<8x8xf32>, memref<8x8xf32>) outs(%y : memref<8x8xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %p = arith.mulf %a, %b : f32
    %q = arith.addf %p, %c : f32
    %e = math.exp %q : f32
    linalg.yield %e : f32
  }
  linalg.generic {indexing_maps = [#map, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<8x8xf32>) outs(%sum : memref<8xf32>) {
  ^bb0(%a: f32, %s: f32):
    %p = arith.mulf %a, %a : f32
    %q = arith.addf %s, %p : f32
    linalg.yield %q : f32
  }
  memref.copy %f, %g : memref<8xi64> to memref<8xi64>
  return
}
