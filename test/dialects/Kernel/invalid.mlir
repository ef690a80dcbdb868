// Each numbered constraint of the kernel dialect's other operations (dialects/Kernel/KernelOps.td) has a case that violates it alone.
// RUN: toeplitz-opt %s --split-input-file --verify-diagnostics

// kernel.pool
func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8xf32>, %y: memref<1x2x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8xf32>, memref<1x2x8xf32>) -> ()
  return
}

// -----

// Four dimensions are too many.
func.func @f(%x: memref<1x2x8x8x8x8x8xf32>, %y: memref<1x2x4x4x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8x8x8xf32>, memref<1x2x4x4x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<2x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<2x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x3x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x3x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x4xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: every array must have 2 elements}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 1, 1, 1>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: every array must have 2 elements}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 1, 1>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: every array must have 2 elements}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: every array must have 2 elements}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 1: every array must have 2 elements}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 2: kernel sizes, strides and dilations must be at least 1}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 1, 0>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 2: kernel sizes, strides and dilations must be at least 1}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 1, 0>, dilations = array<i64: 1, 1>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8x8x8xf32>, %y: memref<1x2x4x4x8xf32>) {
  // expected-error @+1 {{'kernel.pool' op constraint 2: kernel sizes, strides and dilations must be at least 1}}
  kernel.pool max ins(%x) outs(%y) {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, dilations = array<i64: 1, 0>,
      padding_low = array<i64: 1, 1>, padding_high = array<i64: 1, 1>, count_include_pad = true, p = 2 : i64} : (memref<1x2x8x8x8xf32>, memref<1x2x4x4x8xf32>) -> ()
  return
}

// -----

// kernel.resize
func.func @f(%x: memref<1x2x4x4x8xf32>, %y: memref<1x2x8x8xf32>) {
  // expected-error @+1 {{'kernel.resize' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.resize nearest ins(%x) outs(%y) {align_corners = false} : (memref<1x2x4x4x8xf32>, memref<1x2x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x4x4x8xf32>, %y: memref<1x2x8x8x4xf32>) {
  // expected-error @+1 {{'kernel.resize' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.resize nearest ins(%x) outs(%y) {align_corners = false} : (memref<1x2x4x4x8xf32>, memref<1x2x8x8x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x2x8xf32>, %y: memref<1x2x8xf32>) {
  // expected-error @+1 {{'kernel.resize' op constraint 1: input and result must be blocked tensors that differ in their positions alone}}
  kernel.resize nearest ins(%x) outs(%y) {align_corners = false} : (memref<1x2x8xf32>, memref<1x2x8xf32>) -> ()
  return
}

// -----

// kernel.reorder
func.func @f(%x: memref<1x12x9x9xf32>, %y: memref<1x12x9x9xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 1: the ranks must differ by one and the plain one be at least 2}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x12x9x9xf32>, memref<1x12x9x9xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x12x9xf32>, %y: memref<1x2x3x3x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 1: the ranks must differ by one and the plain one be at least 2}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x12x9xf32>, memref<1x2x3x3x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<12xf32>, %y: memref<2x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 1: the ranks must differ by one and the plain one be at least 2}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<12xf32>, memref<2x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x12x9xf32>, %y: memref<2x2x9x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 2: the shapes do not agree}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x12x9xf32>, memref<2x2x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x12x9xf32>, %y: memref<1x2x8x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 2: the shapes do not agree}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x12x9xf32>, memref<1x2x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x12x9xf32>, %y: memref<1x2x9x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 2: the shapes do not agree}}
  kernel.reorder ins(%x) outs(%y) {channels = 13 : i64} : (memref<1x12x9xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x12x9xf32>, %y: memref<1x3x9x8xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 2: the shapes do not agree}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x12x9xf32>, memref<1x3x9x8xf32>) -> ()
  return
}

// -----

// And on the way back.
func.func @f(%x: memref<1x3x9x8xf32>, %y: memref<1x12x9xf32>) {
  // expected-error @+1 {{'kernel.reorder' op constraint 2: the shapes do not agree}}
  kernel.reorder ins(%x) outs(%y) {channels = 12 : i64} : (memref<1x3x9x8xf32>, memref<1x12x9xf32>) -> ()
  return
}

// -----

// kernel.pad
func.func @f(%x: memref<1x4xf32>, %y: memref<1x4x1xf32>) {
  // expected-error @+1 {{'kernel.pad' op constraint 1: low and high need an element for each dimension}}
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 0, 0>, high = array<i64: 0, 0>, value = 0.0 : f32} : (memref<1x4xf32>, memref<1x4x1xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x4xf32>, %y: memref<1x4xf32>) {
  // expected-error @+1 {{'kernel.pad' op constraint 1: low and high need an element for each dimension}}
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 0>, high = array<i64: 0, 0>, value = 0.0 : f32} : (memref<1x4xf32>, memref<1x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x4xf32>, %y: memref<1x4xf32>) {
  // expected-error @+1 {{'kernel.pad' op constraint 1: low and high need an element for each dimension}}
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 0, 0>, high = array<i64: 0, 0, 0>, value = 0.0 : f32} : (memref<1x4xf32>, memref<1x4xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x4xf32>, %y: memref<1x6xf32>) {
  // expected-error @+1 {{'kernel.pad' op constraint 1: dimension 1 is 6, expected 7}}
  kernel.pad zeros ins(%x) outs(%y) {low = array<i64: 0, 1>, high = array<i64: 0, 2>, value = 0.0 : f32} : (memref<1x4xf32>, memref<1x6xf32>) -> ()
  return
}

// -----

// kernel.normalize
func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<1x6x64xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 1: input and result must have one shape of rows of whole channels}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<6xf32>, memref<1x6x64xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 1: input and result must have one shape of rows of whole channels}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 0 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<6xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 1: input and result must have one shape of rows of whole channels}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2 : i64, row_period = 2 : i64, positions = 0 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<6xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 1: input and result must have one shape of rows of whole channels}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 5 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<6xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<6xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 1: input and result must have one shape of rows of whole channels}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2 : i64, row_period = 2 : i64, positions = 7 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<6xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<5xf32>, %b: memref<6xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 2: scale and bias must have 6 elements}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<5xf32>, memref<6xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x6x8x8xf32>, %s: memref<6xf32>, %b: memref<12xf32>, %y: memref<1x6x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize' op constraint 2: scale and bias must have 6 elements}}
  kernel.normalize ins(%x, %s, %b) outs(%y) {rows = 2 : i64, row_period = 2 : i64, positions = 64 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x6x8x8xf32>, memref<6xf32>, memref<12xf32>, memref<1x6x8x8xf32>) -> ()
  return
}

// -----

// kernel.lrn
func.func @f(%x: memref<1x6x8xf32>, %y: memref<1x6x9xf32>) {
  // expected-error @+1 {{'kernel.lrn' op constraint 1: input and result must have one shape of rank at least 2}}
  kernel.lrn ins(%x) outs(%y) {size = 5 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (memref<1x6x8xf32>, memref<1x6x9xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<6xf32>, %y: memref<6xf32>) {
  // expected-error @+1 {{'kernel.lrn' op constraint 1: input and result must have one shape of rank at least 2}}
  kernel.lrn ins(%x) outs(%y) {size = 5 : i64, alpha = 1.0e-04 : f32, beta = 0.75 : f32, k = 1.0 : f32} : (memref<6xf32>, memref<6xf32>) -> ()
  return
}

// -----

// kernel.softmax
func.func @f(%x: memref<1x10xf32>, %y: memref<1x11xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 1: input and result must have one shape that has dimension 1}}
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (memref<1x10xf32>, memref<1x11xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x10xf32>, %y: memref<1x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 1: input and result must have one shape that has dimension 2}}
  kernel.softmax ins(%x) outs(%y) {axis = 2 : i64, log = false} : (memref<1x10xf32>, memref<1x10xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<1x10xf32>, %y: memref<1x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 1: input and result must have one shape that has dimension -1}}
  kernel.softmax ins(%x) outs(%y) {axis = -1 : i64, log = false} : (memref<1x10xf32>, memref<1x10xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<2x10xf32>, %y: memref<2x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 2: a scale or an addend needs the last dimension as axis, found 0}}
  kernel.softmax ins(%x) outs(%y) {axis = 0 : i64, log = false, scale = 0.5 : f32} : (memref<2x10xf32>, memref<2x10xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<2x10xf32>, %a: memref<2x1xf32>, %y: memref<2x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 2: a scale or an addend needs the last dimension as axis, found 0}}
  kernel.softmax ins(%x add %a) outs(%y) {axis = 0 : i64, log = false} : (memref<2x10xf32>, memref<2x1xf32>, memref<2x10xf32>) -> ()
  return
}

// -----

func.func @f(%x: memref<2x10xf32>, %a: memref<2x5xf32>, %y: memref<2x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op constraint 2: the addend must have dimensions of 1 or of the input, found 'memref<2x5xf32>'}}
  kernel.softmax ins(%x add %a) outs(%y) {axis = 1 : i64, log = false} : (memref<2x10xf32>, memref<2x5xf32>, memref<2x10xf32>) -> ()
  return
}

// -----

// kernel.matmul
func.func @f(%a: memref<3xf32>, %b: memref<3x6xf32>, %c: memref<1x6xf32>) {
  // expected-error @+1 {{'kernel.matmul' op constraint 1: both inputs and the result must have the same rank of at least 2}}
  kernel.matmul ins(%a, %b) outs(%c) : (memref<3xf32>, memref<3x6xf32>, memref<1x6xf32>) -> ()
  return
}

// -----

func.func @f(%a: memref<5x3xf32>, %b: memref<2x3x6xf32>, %c: memref<5x6xf32>) {
  // expected-error @+1 {{'kernel.matmul' op constraint 1: both inputs and the result must have the same rank of at least 2}}
  kernel.matmul ins(%a, %b) outs(%c) : (memref<5x3xf32>, memref<2x3x6xf32>, memref<5x6xf32>) -> ()
  return
}

// -----

func.func @f(%a: memref<5x4xf32>, %b: memref<3x6xf32>, %c: memref<5x6xf32>) {
  // expected-error @+1 {{'kernel.matmul' op constraint 2: matrices of 5 x 4 and 3 x 6 can't be multiplied to one of 5 x 6}}
  kernel.matmul ins(%a, %b) outs(%c) : (memref<5x4xf32>, memref<3x6xf32>, memref<5x6xf32>) -> ()
  return
}

// -----

func.func @f(%a: memref<5x3xf32>, %b: memref<3x6xf32>, %c: memref<5x7xf32>) {
  // expected-error @+1 {{'kernel.matmul' op constraint 2: matrices of 5 x 3 and 3 x 6 can't be multiplied to one of 5 x 7}}
  kernel.matmul ins(%a, %b) outs(%c) : (memref<5x3xf32>, memref<3x6xf32>, memref<5x7xf32>) -> ()
  return
}

// -----

func.func @f(%a: memref<2x5x3xf32>, %b: memref<3x3x6xf32>, %c: memref<3x5x6xf32>) {
  // expected-error @+1 {{'kernel.matmul' op constraint 3: a batch dimension of size 2 doesn't repeat to 3}}
  kernel.matmul ins(%a, %b) outs(%c) : (memref<2x5x3xf32>, memref<3x3x6xf32>, memref<3x5x6xf32>) -> ()
  return
}

// -----

// A result belongs to a destination that is a tensor, and has its type.
func.func @f(%x: tensor<1x10xf32>, %y: tensor<1x10xf32>) {
  // expected-error @+1 {{'kernel.softmax' op expected the number of tensor results (0) to be equal to the number of output tensors (1)}}
  kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (tensor<1x10xf32>, tensor<1x10xf32>) -> ()
  return
}

// -----

func.func @f(%x: tensor<1x10xf32>, %y: tensor<1x10xf32>) {
  // expected-error @+1 {{expected type of operand #1 ('tensor<1x10xf32>') to match type of corresponding result ('tensor<10x1xf32>')}}
  %0 = kernel.softmax ins(%x) outs(%y) {axis = 1 : i64, log = false} : (tensor<1x10xf32>, tensor<1x10xf32>) -> tensor<10x1xf32>
  return
}

// -----

// expected-error @+2 {{'kernel.slot' op constraint 1: it must stand in an scf.forall}}
func.func @f() -> index {
  %slot = kernel.slot 8
  return %slot : index
}

// -----

func.func @f() {
  scf.forall (%task) in (4) {
    // expected-error @+1 {{'kernel.slot' op constraint 1: there must be at least one slot}}
    %slot = kernel.slot 0
  }
  return
}

// -----

// kernel.normalize_channels
func.func @normalize_channels_shape(%x: memref<1x2x9x8xf32>, %s: memref<2x8xf32>, %y: memref<1x2x8x8xf32>) {
  // expected-error @+1 {{'kernel.normalize_channels' op constraint 1: input and result must have one shape of rank at least 3}}
  kernel.normalize_channels ins(%x, %s, %s) outs(%y) {channels = 12 : i64, epsilon = 1.0e-06 : f32}
    : (memref<1x2x9x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<1x2x8x8xf32>) -> ()
  return
}

// -----

func.func @normalize_channels_blocks(%x: memref<1x2x9x8xf32>, %s: memref<2x8xf32>, %y: memref<1x2x9x8xf32>) {
  // expected-error @+1 {{'kernel.normalize_channels' op constraint 2: 8 channels must fill 2 blocks of vectors of 8}}
  kernel.normalize_channels ins(%x, %s, %s) outs(%y) {channels = 8 : i64, epsilon = 1.0e-06 : f32}
    : (memref<1x2x9x8xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// -----

func.func @normalize_channels_scale(%x: memref<1x2x9x8xf32>, %s: memref<12xf32>, %y: memref<1x2x9x8xf32>) {
  // expected-error @+1 {{'kernel.normalize_channels' op constraint 3: scale and bias must have shape 2 x 8}}
  kernel.normalize_channels ins(%x, %s, %s) outs(%y) {channels = 12 : i64, epsilon = 1.0e-06 : f32}
    : (memref<1x2x9x8xf32>, memref<12xf32>, memref<12xf32>, memref<1x2x9x8xf32>) -> ()
  return
}

// -----

// kernel.moments
func.func @moments_rank(%x: memref<2x8xf32>, %m: memref<1x1x1x3x8xf32>) {
  // expected-error @+1 {{'kernel.moments' op constraint 1: the input must have rank 3 at least, the result rank 5}}
  kernel.moments ins(%x) outs(%m) : (memref<2x8xf32>, memref<1x1x1x3x8xf32>) -> ()
  return
}

// -----

func.func @moments_result_rank(%x: memref<1x2x9x8xf32>, %m: memref<1x2x3x8xf32>) {
  // expected-error @+1 {{'kernel.moments' op constraint 1: the input must have rank 3 at least, the result rank 5}}
  kernel.moments ins(%x) outs(%m) : (memref<1x2x9x8xf32>, memref<1x2x3x8xf32>) -> ()
  return
}

// -----

func.func @moments_blocks(%x: memref<1x2x9x8xf32>, %m: memref<1x1x1x3x8xf32>) {
  // expected-error @+1 {{'kernel.moments' op constraint 2: the result must be 1 x 2 x S x 3 x 8, with a position of 9 in each of S sections}}
  kernel.moments ins(%x) outs(%m) : (memref<1x2x9x8xf32>, memref<1x1x1x3x8xf32>) -> ()
  return
}

// -----

func.func @moments_lanes(%x: memref<1x2x9x8xf32>, %m: memref<1x2x1x3x4xf32>) {
  // expected-error @+1 {{'kernel.moments' op constraint 2: the result must be 1 x 2 x S x 3 x 8, with a position of 9 in each of S sections}}
  kernel.moments ins(%x) outs(%m) : (memref<1x2x9x8xf32>, memref<1x2x1x3x4xf32>) -> ()
  return
}

// -----

func.func @moments_sections(%x: memref<1x2x9x8xf32>, %m: memref<1x2x6x3x8xf32>) {
  // expected-error @+1 {{'kernel.moments' op constraint 2: the result must be 1 x 2 x S x 3 x 8, with a position of 9 in each of S sections}}
  kernel.moments ins(%x) outs(%m) : (memref<1x2x9x8xf32>, memref<1x2x6x3x8xf32>) -> ()
  return
}

// -----

// kernel.normalization_factors
func.func @factors_result(%m: memref<1x2x1x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x4xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 1: the moments must be N x blocks x S x 3 x V with a position in each section, the result 3 x N x blocks x V}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x4xf32>) -> ()
  return
}

// -----

func.func @factors_moments(%m: memref<1x2x1x2x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 1: the moments must be N x blocks x S x 3 x V with a position in each section, the result 3 x N x blocks x V}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x2x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_sections(%m: memref<1x2x6x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 1: the moments must be N x blocks x S x 3 x V with a position in each section, the result 3 x N x blocks x V}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x6x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_positions(%m: memref<1x2x1x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 1: the moments must be N x blocks x S x 3 x V with a position in each section, the result 3 x N x blocks x V}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 0 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_blocks(%m: memref<1x2x1x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 2: 17 channels must fill 2 blocks of vectors of 8}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 17 : i64, groups = 3 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_groups(%m: memref<1x2x1x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 3: 5 groups don't divide 12 channels}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 5 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_no_groups(%m: memref<1x2x1x3x8xf32>, %s: memref<12xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 3: 0 groups don't divide 12 channels}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 0 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<12xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}

// -----

func.func @factors_scale(%m: memref<1x2x1x3x8xf32>, %s: memref<11xf32>, %b: memref<12xf32>, %f: memref<3x1x2x8xf32>) {
  // expected-error @+1 {{'kernel.normalization_factors' op constraint 4: scale and bias must have 12 elements}}
  kernel.normalization_factors ins(%m, %s, %b) outs(%f) {channels = 12 : i64, groups = 3 : i64, positions = 9 : i64, epsilon = 1.0e-05 : f32}
    : (memref<1x2x1x3x8xf32>, memref<11xf32>, memref<12xf32>, memref<3x1x2x8xf32>) -> ()
  return
}
