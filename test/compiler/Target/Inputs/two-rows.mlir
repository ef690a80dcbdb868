// A lowered network, written by hand: y = x * weights + bias, row by row in parallel through the workspace, and z = tanh(factor).
// Its names are chosen to be difficult: an output that is a keyword of C, a kernel with the name of an interface function.
module attributes {
  toeplitz.name = "two_rows",
  toeplitz.workspace_size = 128 : i64,
  toeplitz.inputs = [{name = "x", shape = array<i64: 2, 4>}, {name = "input.2", shape = array<i64>}],
  toeplitz.outputs = [{name = "float", shape = array<i64: 2, 4>}, {name = "X", shape = array<i64>}]
} {
  llvm.mlir.global external constant @"conv1.weight"() {toeplitz.blob = dense_resource<conv1_weight> : tensor<2x4xf32>} : !llvm.array<8 x f32>
  llvm.mlir.global external constant @bias() {toeplitz.blob = dense<0.5> : tensor<4xf32>} : !llvm.array<4 x f32>
  llvm.mlir.global external constant @unit() {toeplitz.blob = dense<[1.0, 1.0, 1.0, 1.0]> : tensor<4xf32>} : !llvm.array<4 x f32>
  llvm.mlir.global internal constant @small(dense<[0.25, 0.75]> : tensor<2xf32>) : !llvm.array<2 x f32>

  llvm.func @toeplitz_parallel_for(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64)
  llvm.func @tanhf(f32) -> f32

  // arguments: {x, workspace, y}
  llvm.func @two_rows_run(%arguments: !llvm.ptr, %row: i64, %slot: i64) {
    %x_base = llvm.load %arguments : !llvm.ptr -> !llvm.ptr
    %scratch_slot = llvm.getelementptr %arguments[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %scratch_base = llvm.load %scratch_slot : !llvm.ptr -> !llvm.ptr
    %y_slot = llvm.getelementptr %arguments[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %y_base = llvm.load %y_slot : !llvm.ptr -> !llvm.ptr
    %four = llvm.mlir.constant(4 : i64) : i64
    %offset = llvm.mul %row, %four : i64
    %weights_base = llvm.mlir.addressof @"conv1.weight" : !llvm.ptr
    %bias = llvm.mlir.addressof @bias : !llvm.ptr
    %unit = llvm.mlir.addressof @unit : !llvm.ptr
    %weights = llvm.getelementptr %weights_base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %x = llvm.getelementptr %x_base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %scratch = llvm.getelementptr %scratch_base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %y = llvm.getelementptr %y_base[%offset] : (!llvm.ptr, i64) -> !llvm.ptr, f32
    %a = llvm.load %x {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
    %b = llvm.load %weights {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %product = llvm.fmul %a, %b : vector<4xf32>
    llvm.store %product, %scratch {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
    %again = llvm.load %scratch {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %c = llvm.load %bias {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %d = llvm.load %unit {alignment = 16 : i64} : !llvm.ptr -> vector<4xf32>
    %e = llvm.fmul %c, %d : vector<4xf32>
    %sum = llvm.fadd %again, %e : vector<4xf32>
    llvm.store %sum, %y {alignment = 4 : i64} : vector<4xf32>, !llvm.ptr
    llvm.return
  }

  llvm.func @main(%pool: !llvm.ptr, %workspace: !llvm.ptr, %x: !llvm.ptr, %factor: !llvm.ptr, %y: !llvm.ptr, %z: !llvm.ptr) {
    %one = llvm.mlir.constant(1 : i64) : i64
    %two = llvm.mlir.constant(2 : i64) : i64
    %arguments = llvm.alloca %one x !llvm.array<3 x ptr> : (i64) -> !llvm.ptr
    llvm.store %x, %arguments : !llvm.ptr, !llvm.ptr
    %scratch_slot = llvm.getelementptr %arguments[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %workspace, %scratch_slot : !llvm.ptr, !llvm.ptr
    %y_slot = llvm.getelementptr %arguments[2] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %y, %y_slot : !llvm.ptr, !llvm.ptr
    %body = llvm.mlir.addressof @two_rows_run : !llvm.ptr
    llvm.call @toeplitz_parallel_for(%pool, %body, %arguments, %two, %two) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64) -> ()
    %value = llvm.load %factor : !llvm.ptr -> f32
    %result = llvm.call @tanhf(%value) : (f32) -> f32
    llvm.store %result, %z : f32, !llvm.ptr
    llvm.return
  }
}

{-#
  dialect_resources: {
    builtin: {
      conv1_weight: "0x100000000000803F0000004000004040000080400000A0400000C0400000E04000000041"
    }
  }
#-}
