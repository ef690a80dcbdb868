// The passes from kernels to the LLVM dialect. Alphabetical.

#ifndef TOEPLITZ_COMPILER_LOWERING_PASSES_TD
#define TOEPLITZ_COMPILER_LOWERING_PASSES_TD

include "mlir/Pass/PassBase.td"

def ApproximateMath : Pass<"approximate-math", "::mlir::ModuleOp"> {
  let summary = "writes the functions of math as polynomials";
  let description = [{
    Replaces `math` operations on f32 and on vectors of it by arithmetic, with the errors that compiler/Lowering/VectorMath.h (exp, log,
    tanh, erf, ...) and compiler/Lowering/DoubleMath.h (sin, sinh, powf, arith.remf, ...) state; asin, acos and erfc by upstream's
    polynomial approximations. Scalars too: an element's value doesn't depend on whether it lies in a vector or in the rest of a row.
    Left to libm are functions on f64, and powers with unknown exponents where a vector has fewer than eight lanes of f32, whose
    four of f64 libm would outrun; a GPU gets these as well, those on f64 as compiler/Lowering/Float64/Float64Math.h states.
    On a target without fused multiply-add, `math.fma` becomes a multiplication and an addition.

    Arithmetic that LLVM lacks becomes arithmetic that it has: integer division that rounds up or down, powers of integers, conversions from and to bf16.
    Integer division by zero, which would trap, divides by one.

    Before:
    ```mlir
    %y = math.exp %x : vector<8xf32>
    ```
    After: multiplications, additions and integer arithmetic on vector<8xf32>.
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect", "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect"];
}

def ConvertDeviceToNvvm : Pass<"convert-device-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "the kernels of a GPU in the LLVM and NVVM dialects";
  let description = [{
    Converts the functions of a `gpu.module`, whose loops are branches by now, with indices of 32 bits, or as many as `toeplitz.index_bits`
    of a function says, and buffers as bare pointers. Functions
    of `math` become LLVM's, never calls of a library of the CUDA toolkit: those that LLVM has no code for are refused.

    Before:
    ```mlir
    gpu.func @kernel_pool1(%x: memref<4xf32>) kernel { %i = gpu.thread_id x ... gpu.return }
    ```
    After:
    ```mlir
    llvm.func @kernel_pool1(%x: !llvm.ptr) attributes {nvvm.kernel} { %i = nvvm.read.ptx.sreg.tid.x : i32 ... llvm.return }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def ConvertKernelToLoops : Pass<"convert-kernel-to-loops", "::mlir::ModuleOp"> {
  let summary = "writes each distinct kernel as a function of loops";
  let description = [{
    Each operation of @main on buffers becomes calls of a kernel function, one for each of its independent tasks. Operations that are
    equal but for their buffers share the function: the equal layers of a network have one copy of code.

    Before:
    ```mlir
    kernel.conv "direct" ins(%x, %w) outs(%y) ... : (memref<...>, ...) -> ()
    ```
    After:
    ```mlir
    scf.forall (%task) in (14) {
      func.call @kernel_conv1(%task, %x, %w, %y) : (index, memref<...>, ...) -> ()
    }
    ...
    func.func private @kernel_conv1(%task: index, %x: memref<...>, ...) { scf.for ... vector.fma ... }
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect", "::mlir::scf::SCFDialect", "::mlir::func::FuncDialect", "::mlir::vector::VectorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::amx::AMXDialect",
    "::mlir::x86vector::X86VectorDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::nvgpu::NVGPUDialect", "::toeplitz::device::DeviceDialect"];
}

def ConvertLaunchesToRuntime : Pass<"convert-launches-to-runtime", "::mlir::ModuleOp"> {
  let summary = "hands launches to the runtime's queue";
  let description = [{
    @main gets the queue as its new first argument, and each `gpu.launch_func` becomes a call of `@KERNEL.launch(queue, buffers...)`,
    whose body `link-launches` writes once pointers are pointers. The kernels are listed in the attribute `toeplitz.kernels`,
    with the memory of a block that their launches ask for. Each `memref.load` of @main becomes a call of `@element.read(queue, address, bytes)`,
    which `link-launches` replaces, and the module has the attribute `toeplitz.reads_elements` then.

    Before:
    ```mlir
    gpu.launch_func @kernels::@kernel_conv1 blocks in (%c14, %c1, %c1) threads in (%c256, %c1, %c1) args(%x : memref<4xf32>)
    ```
    After:
    ```mlir
    func.call @kernel_conv1.launch(%queue, %x) : (!llvm.ptr, memref<4xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def ConvertParallelToRuntime : Pass<"convert-parallel-to-runtime", "::mlir::ModuleOp"> {
  let summary = "hands parallel loops to the runtime's threads";
  let description = [{
    @main gets the pool of threads as its new first argument, and each `scf.forall` around a kernel call becomes a call of
    `@KERNEL.parallel(pool, count, slots, buffers...)`, whose body `link-parallel-kernels` writes once pointers are pointers.

    Before:
    ```mlir
    scf.forall (%task) in (14) { func.call @kernel_conv1(%task, %x) : (index, memref<4xf32>) -> () }
    ```
    After:
    ```mlir
    func.call @kernel_conv1.parallel(%pool, %c14, %c14, %x) : (!llvm.ptr, index, index, memref<4xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::arith::ArithDialect"];
}

def ConvertTilesToLLVM : Pass<"convert-tiles-to-llvm", "::mlir::ModuleOp"> {
  let summary = "writes x86's tile registers as LLVM's";
  let description = [{
    Lowers the `amx` dialect and `x86vector`'s conversions to bfloat16 to LLVM's intrinsics, after loops have become branches. LLVM
    allocates the tile registers and configures them.

    Before:
    ```mlir
    %sum = amx.tile_mulf %x, %w, %acc : !amx.tile<14x32xbf16>, !amx.tile<16x32xbf16>, !amx.tile<14x16xf32>
    ```
    After:
    ```mlir
    %sum = llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%rows, %columns, %depth, %acc, %x, %w) : ...
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def CreateTensorMaps : Pass<"create-tensor-maps", "::mlir::ModuleOp"> {
  let summary = "gives kernels the maps of the tensors of which they copy boxes";
  let description = [{
    Each tensor of which a kernel copies boxes (`device.tensor_copy`), an argument of it, becomes a map: one more argument, behind the others, of
    128 bytes at a multiple of 64. Where the samples of a batch have tensors of their own (`toeplitz.sample_strides`), samples are one more dimension, and the coordinate
    along it is the block's along the grid's second dimension.
    What the runtime needs to make a map at each launch is listed about the kernel in `toeplitz.kernels`: `argument` has the tensor's address, which lies
    `offset` bytes before the tensor; the bytes of an `element`; `sizes`, `box` and, from the second dimension on, `strides` in bytes, the fastest dimension first; and
    `sample`, the argument that has the bytes between samples, -1 where there is none.

    Before:
    ```mlir
    module attributes {toeplitz.kernels = [{name = "kernel_conv1", threads = 128 : i64, waits = true}, ...]} {
      gpu.module @kernels {
        gpu.func @kernel_conv1(%x: memref<3136x256xbf16>) kernel {
          device.tensor_copy %x[%p, %c], %tiles[%to], %barriers[%stage], box = [128, 64] : memref<3136x256xbf16>, ...
    ```
    After:
    ```mlir
    module attributes {toeplitz.kernels = [{name = "kernel_conv1", tensor_maps = [{argument = 0 : i64, box = array<i64: 64, 128>, element = 2 : i64,
        offset = 0 : i64, sample = -1 : i64, sizes = array<i64: 256, 3136>, strides = array<i64: 512>}, ...], threads = 128 : i64, waits = true}, ...]} {
      gpu.module @kernels {
        gpu.func @kernel_conv1(%x: memref<3136x256xbf16>, %map: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>}) kernel {
          device.tensor_copy %map[%p, %c], %tiles[%to], %barriers[%stage], box = [128, 64] : !llvm.ptr, ...
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def EmulateGpu : Pass<"emulate-gpu", "::mlir::ModuleOp"> {
  let summary = "makes the kernels of a GPU functions of the CPU";
  let description = [{
    Takes the functions out of the module of kernels and replaces what a GPU's threads ask the hardware (their numbers, barriers, shuffles, the
    memory of their block) by calls of the runtime's emulator. Asynchronous copies arrive when the thread waits for them; until then there are
    NaNs in their place. Products of warpgroups are done when they begin, and their factors must not change until they are waited for. Each kernel becomes a function of one thread, `@KERNEL.emulated(values)`,
    which takes its arguments out of an array of values of eight bytes. With `check`, accesses of a block's memory are reported to the
    emulator, which finds races.

    Before:
    ```mlir
    gpu.module @kernels { llvm.func @kernel_conv1(%x: !llvm.ptr) { nvvm.barrier ... } }
    ```
    After:
    ```mlir
    llvm.func @kernel_conv1.thread(%x: !llvm.ptr) { llvm.call @toeplitz_emulated_barrier() ... }
    llvm.func @kernel_conv1.emulated(%values: !llvm.ptr) { ... llvm.call @kernel_conv1.thread(%0) ... }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
  let options = [Option<"check", "check", "bool", "false", "Whether accesses of a block's memory are checked for races">];
}

def ExternalizeWeights : Pass<"externalize-weights", "::mlir::ModuleOp"> {
  let summary = "takes the weights out of the code";
  let description = [{
    Makes each `memref.global` whose value is a blob a declaration, and keeps the blob in the module's `toeplitz.blobs` until
    `link-parallel-kernels` has LLVM globals to hang them on: weights never become LLVM constants.

    Before:
    ```mlir
    memref.global "private" constant @w : memref<64xf32> = dense_resource<conv1.weight>
    ```
    After:
    ```mlir
    module attributes {toeplitz.blobs = {w = dense_resource<conv1.weight> : tensor<64xf32>}} {
      memref.global constant @w : memref<64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def GatherWeights : Pass<"gather-weights", "::mlir::ModuleOp"> {
  let summary = "puts the weights into one buffer";
  let description = [{
    @main gets a buffer that holds all constants as its last argument, and takes each constant from there. Where each lies is in the
    attribute `toeplitz.device_weights`, in bytes; `toeplitz.device_weights_size` is the size of all of them.

    Before:
    ```mlir
    %w = memref.get_global @weights : memref<200xf32>
    ```
    After:
    ```mlir
    %w = memref.view %buffer[%c0][] : memref<1024xi8> to memref<200xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def LaunchOnGpu : Pass<"launch-on-gpu", "::mlir::ModuleOp"> {
  let summary = "makes kernel functions kernels of a GPU";
  let description = [{
    Each kernel function becomes a `gpu.func` of the module @kernels, and each call of it, or parallel loop of calls, a launch. A task
    is a thread, in blocks of 256; or a block, where the function says with `toeplitz.block_threads` how many threads share a task.
    `toeplitz.resident_blocks` says how many blocks of it the registers of a multiprocessor shall have room for (`nvvm.minctasm`).
    `toeplitz.index_bits = 64` of a `gpu.func` says that it has too many tasks, or a buffer of too many elements, for indices of 32 bits.
    Buffers in the memory of a block (`memref.alloc` in the workgroup's address space) become attributions of the `gpu.func`; or, where they
    are more than the 48 KiB that a kernel may declare, parts of `gpu.dynamic_shared_memory`, whose size the launch says. This is the one
    place that decides launch shapes. Loops around calls stay: the host walks them as it launches. Of what would work on tensors on the
    host, single elements that are read stay (`memref.load`); the rest is refused.

    Before:
    ```mlir
    scf.forall (%task) in (3584) { func.call @kernel_pool1(%task, %x) : (index, memref<4xf32>) -> () }
    ```
    After:
    ```mlir
    gpu.launch_func @kernels::@kernel_pool1 blocks in (%c14, %c1, %c1) threads in (%c256, %c1, %c1) args(%x : memref<4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect", "::mlir::NVVM::NVVMDialect", "::mlir::memref::MemRefDialect"];
}

def LaunchSamples : Pass<"launch-samples", "::mlir::ModuleOp"> {
  let summary = "lets a launch compute all samples of a batch";
  let description = [{
    For networks whose batch is chosen for each run (`toeplitz.dynamic_batch`); others stay as they are. @main computes one sample. The
    runtime launches a kernel once for several, each of which is a layer of blocks along the grid's second dimension. Kernels get, as further
    arguments, the bytes from one sample's part of a buffer to the next one's: the size of the memory that kernels hand to each other, and
    those of inputs and outputs, which begin at multiples of 16 bytes. Buffers that have the same stride in all launches of a kernel
    share an argument, and what all samples share, such as weights, has none. `toeplitz.sample_strides` says for each argument which one is
    its stride, or -1; `select-sample` goes by it once buffers are pointers.

    Before:
    ```mlir
    gpu.launch_func @kernels::@kernel_conv1 blocks in ... args(%x : memref<1x3xf32>, %w : memref<9xf32>)
    ```
    After:
    ```mlir
    gpu.func @kernel_conv1(%x: memref<1x3xf32>, %w: memref<9xf32>, %stride: i64) kernel attributes {toeplitz.sample_strides = array<i64: 2, -1>}
    ...
    %c16 = arith.constant 16 : i64
    gpu.launch_func @kernels::@kernel_conv1 blocks in ... args(%x : memref<1x3xf32>, %w : memref<9xf32>, %c16 : i64)
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def LinkLaunches : Pass<"link-launches", "::mlir::ModuleOp"> {
  let summary = "writes the bridge between launches and the runtime";
  let description = [{
    Gives each `@KERNEL.launch(queue, buffers...)` its body: a call of the runtime's `toeplitz_gpu_launch` with the number of the kernel,
    the number of blocks and the arguments as values of eight bytes. Calls of `@element.read` become calls of `toeplitz_gpu_read`, and where
    one of them fails the function returns.

    Before:
    ```mlir
    llvm.func @kernel_conv1.launch(!llvm.ptr, !llvm.ptr) attributes {toeplitz.launched = 0 : i64, toeplitz.blocks = 14 : i64}
    ```
    After: a function with a body, and a declaration of @toeplitz_gpu_launch.

    Before:
    ```mlir
    %bits = llvm.call @element.read(%queue, %address, %bytes) : (!llvm.ptr, !llvm.ptr, i32) -> i64
    ```
    After:
    ```mlir
      %status = llvm.call @toeplitz_gpu_read(%queue, %address, %bytes, %place) : (!llvm.ptr, !llvm.ptr, i32, !llvm.ptr) -> i32
      %fails = llvm.icmp "ne" %status, %zero : i32
      llvm.cond_br %fails, ^end, ^behind
    ^behind:
      %bits = llvm.load %place : !llvm.ptr -> i64
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def LinkParallelKernels : Pass<"link-parallel-kernels", "::mlir::ModuleOp"> {
  let summary = "writes the bridge between kernels and the runtime";
  let description = [{
    On the LLVM dialect: writes the bodies of the functions that `convert-parallel-to-runtime` has declared (they put the buffers'
    addresses in an array on the stack and call `toeplitz_parallel_for` with a function that takes them out again), and attaches
    the blobs that `externalize-weights` has set aside to their globals as `toeplitz.blob`.

    Before:
    ```mlir
    llvm.func @kernel_conv1.parallel(!llvm.ptr, i64, i64, !llvm.ptr) attributes {toeplitz.kernel = @kernel_conv1}
    ```
    After:
    ```mlir
    llvm.func internal @kernel_conv1.parallel(%pool: !llvm.ptr, %count: i64, %slots: i64, %x: !llvm.ptr) {
      ... llvm.call @toeplitz_parallel_for(%pool, %task, %arguments, %count, %slots) ...
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def OutlineElementAccesses : Pass<"outline-element-accesses", "::mlir::ModuleOp"> {
  let summary = "makes kernels of what reads and writes single elements";
  let description = [{
    What @main does with single elements between two calls of kernels (loops that scatter, say) becomes a kernel function with one task,
    which a GPU computes with one thread, in the order of the loops. What computes a number that a kernel is handed, or that decides about
    kernels, stays where it is, since the host has to know it: it reads these elements, between the kernels of what stands before and behind.

    Before:
    ```mlir
    scf.for %i = %c0 to %c2 step %c1 {
      %n = memref.load %where[%i] : memref<2xindex>
      memref.store %v, %y[%n] : memref<5xf32>
    }
    ```
    After:
    ```mlir
    call @kernel_y(%c0, %where, %y) : (index, memref<2xindex>, memref<5xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect"];
}

def SelectSample : Pass<"select-sample", "::mlir::gpu::GPUModuleOp"> {
  let summary = "lets each block of threads work on the buffers of its sample";
  let description = [{
    On the LLVM dialect: moves the buffers of kernels that have the attribute `toeplitz.sample_strides` to those of the sample whose number is the
    block's along the grid's second dimension. Offsets are of 64 bits.

    Before:
    ```mlir
    llvm.func @kernel_conv1(%x: !llvm.ptr, %w: !llvm.ptr, %stride: i64) attributes {toeplitz.sample_strides = array<i64: 2, -1>} { ... %x ... }
    ```
    After:
    ```mlir
    llvm.func @kernel_conv1(%x: !llvm.ptr, %w: !llvm.ptr, %stride: i64) {
      %0 = nvvm.read.ptx.sreg.ctaid.y : i32
      %1 = llvm.zext %0 : i32 to i64
      %2 = llvm.mul %1, %stride : i64
      %3 = llvm.getelementptr %x[%2] : (!llvm.ptr, i64) -> !llvm.ptr, i8
      ... %3 ...
    }
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def TimeKernels : Pass<"time-kernels", "::mlir::ModuleOp"> {
  let summary = "takes the time of each kernel";
  let description = [{
    For `toeplitz bench --layers`; runs only there, right before `convert-kernel-to-loops`. The network gets one more output, its last one,
    named `layer_times`: the nanoseconds that each kernel took, in the order of the program. `toeplitz_clock` of the runtime is called
    before and after each kernel, outside of its parallel loop. Kernels in loops and branches add up. The module's `toeplitz.layers`
    says of each row what it is: the layer's name, from its location, and the arithmetic and traffic that `compiler/Lowering/KernelWork.h` counts.

    Before:
    ```mlir
    func.func @main(%x: memref<1x2x3x4xf32>, %y: memref<1x2x3x4xf32>) {
      kernel.conv "direct" ins(%x, %w) outs(%y) ... loc("conv1")
    ```
    After:
    ```mlir
    module attributes {toeplitz.layers = [{name = "conv1", operation = "conv 3x3", algorithm = "direct", flops = 13824 : i64, ...}, ...], ...} {
      func.func @main(%x: memref<1x2x3x4xf32>, %y: memref<1x2x3x4xf32>, %times: memref<1xi64>) {
        %before = func.call @toeplitz_clock() : () -> i64
        kernel.conv "direct" ins(%x, %w) outs(%y) ... loc("conv1")
        %after = func.call @toeplitz_clock() : () -> i64
        %time = arith.subi %after, %before : i64
        memref.store %time, %times[%c0] : memref<1xi64>
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

#endif
