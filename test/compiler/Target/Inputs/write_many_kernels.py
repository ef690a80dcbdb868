"""Writes a lowered network of many kernels: y[i] = (i + 1) * x + i (the test gives x = 0), each by a kernel of its own that is long enough for the code
to be divided, and that shares a constant with the others."""

KERNELS = 48
ADDITIONS = 100  # of 1 / ADDITIONS each

print(f"""module attributes {{
  toeplitz.name = "many", toeplitz.workspace_size = 0 : i64,
  toeplitz.inputs = [{{name = "x", shape = array<i64>}}],
  toeplitz.outputs = [{{name = "y", shape = array<i64: {KERNELS}>}}]
}} {{
  llvm.mlir.global external constant @numbers() {{toeplitz.blob = dense<{[float(k) for k in range(KERNELS)]}> : tensor<{KERNELS}xf32>}} : !llvm.array<{KERNELS} x f32>
  llvm.mlir.global internal constant @one(dense<1.0> : tensor<1xf32>) : !llvm.array<1 x f32>
  llvm.func @toeplitz_parallel_for(!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64)""")

for k in range(KERNELS):
    print(f"""
  llvm.func @kernel_{k}(%x: !llvm.ptr, %y: !llvm.ptr) {{
    %numbers = llvm.mlir.addressof @numbers : !llvm.ptr
    %number_place = llvm.getelementptr %numbers[{k}] : (!llvm.ptr) -> !llvm.ptr, f32
    %number = llvm.load %number_place : !llvm.ptr -> f32
    %one_place = llvm.mlir.addressof @one : !llvm.ptr
    %one = llvm.load %one_place : !llvm.ptr -> f32
    %count = llvm.fadd %number, %one : f32
    %input = llvm.load %x : !llvm.ptr -> f32
    %s0 = llvm.fmul %input, %count : f32
    %y_place = llvm.getelementptr %y[{k}] : (!llvm.ptr) -> !llvm.ptr, f32""")
    # Stores that may not be removed, and so code of a certain length.
    for step in range(ADDITIONS):
        print(f"    %s{step + 1} = llvm.fadd %s{step}, %one : f32")
        print(f"    llvm.store volatile %s{step + 1}, %y_place : f32, !llvm.ptr")
    print(f"""    %hundred = llvm.mlir.constant({ADDITIONS}.0 : f32) : f32
    %back = llvm.fsub %s{ADDITIONS}, %hundred : f32
    %result = llvm.fadd %back, %number : f32
    llvm.store %result, %y_place : f32, !llvm.ptr
    llvm.return
  }}
  llvm.func @task_{k}(%arguments: !llvm.ptr, %index: i64, %slot: i64) {{
    %x = llvm.load %arguments : !llvm.ptr -> !llvm.ptr
    %y_slot = llvm.getelementptr %arguments[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    %y = llvm.load %y_slot : !llvm.ptr -> !llvm.ptr
    llvm.call @kernel_{k}(%x, %y) : (!llvm.ptr, !llvm.ptr) -> ()
    llvm.return
  }}""")

print("""
  llvm.func @main(%pool: !llvm.ptr, %workspace: !llvm.ptr, %x: !llvm.ptr, %y: !llvm.ptr) {
    %one = llvm.mlir.constant(1 : i64) : i64
    %arguments = llvm.alloca %one x !llvm.array<2 x ptr> : (i64) -> !llvm.ptr
    llvm.store %x, %arguments : !llvm.ptr, !llvm.ptr
    %y_slot = llvm.getelementptr %arguments[1] : (!llvm.ptr) -> !llvm.ptr, !llvm.ptr
    llvm.store %y, %y_slot : !llvm.ptr, !llvm.ptr""")
for k in range(KERNELS):
    # Most kernels are called through the runtime, some directly.
    if k % 8:
        print(f"    %task_{k} = llvm.mlir.addressof @task_{k} : !llvm.ptr")
        print(f"    llvm.call @toeplitz_parallel_for(%pool, %task_{k}, %arguments, %one, %one) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64) -> ()")
    else:
        print(f"    llvm.call @kernel_{k}(%x, %y) : (!llvm.ptr, !llvm.ptr) -> ()")
print("    llvm.return\n  }\n}")
