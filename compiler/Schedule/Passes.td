// The passes from cnn to kernel: they choose, lay out, pack and plan. Alphabetical.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_PASSES_TD
#define TOEPLITZ_COMPILER_SCHEDULE_PASSES_TD

include "mlir/Pass/PassBase.td"

def AllocateScratch : Pass<"allocate-scratch", "::mlir::ModuleOp"> {
  let summary = "gives kernels the memory that they work in";
  let description = [{
    Some algorithms keep more than registers between two of their steps (transformed tiles, say). Each task of such a kernel gets a row of
    its own of one buffer, which `plan-memory` places in the arena like any other: a run allocates nothing, no stack has to be large, and
    what a task finds there doesn't depend on the number of threads.

    Before:
    ```mlir
    kernel.conv "winograd" ins(%x, %w) outs(%y) ... : (memref<1x2x8x8x8xf32>, ...) -> ()
    ```
    After:
    ```mlir
    %0 = memref.alloc() {alignment = 64 : i64} : memref<2x4096xf32>
    kernel.conv "winograd" ins(%x, %w) outs(%y scratch %0) ... : (memref<1x2x8x8x8xf32>, ..., memref<2x4096xf32>) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def ChooseFolds : Pass<"choose-folds", "::mlir::ModuleOp"> {
  let summary = "chooses the convolutions that are folded before their algorithms are chosen";
  let description = [{
    Sets `toeplitz.fold` on the cnn.conv and cnn.conv_transpose that `fold-stride`, `fold-dilation` or `fold-transposed` makes cheaper: the
    sum of the pieces' estimated cycles, each by its cheapest algorithm, is compared with the cheapest algorithm of the whole, and must be a
    tenth less. Folds forced for one layer that leave it alone are an error with the reason; those forced for all are used where they
    apply. Several are written with "+" between them; "none" forbids all.

    Before:
    ```mlir
    %0 = cnn.conv %x, %w ... dilations [2, 2] ... : ...
    ```
    After:
    ```mlir
    %0 = cnn.conv %x, %w ... dilations [2, 2] ... {toeplitz.fold = "dilation"} : ...
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect"];
  let options = [
    Option<"fold", "fold", "std::string", "\"\"", "The folds of every layer to which they apply, as NAME+NAME or none">,
    ListOption<"layers", "layers", "std::string", "The folds of single layers, each as LAYER=NAME+NAME">,
    Option<"automatic", "automatic", "bool", "true", "Fold other layers where it is cheaper">
  ];
}

def ConvertCnnToKernel : Pass<"convert-cnn-to-kernel", "::mlir::ModuleOp"> {
  let summary = "gives every operation a layout, packed weights, a fused prologue and epilogue";
  let description = [{
    Rewrites `cnn` into `kernel`, `linalg` and `tensor`. Each convolution becomes the kernels of the algorithm that
    `select-algorithms` has chosen, with its filter packed for them, and takes the residual addition and the activation behind it
    into its epilogue. By an algorithm that can, it also takes what stands before it into its prologue: a batch normalisation or a
    multiplication and an addition with a number for each channel, and an activation, if nothing else reads the result and computing
    it as often as the kernel does costs less than a tensor in memory. One whose schedule is circular reads its input from before the `cnn.pad` that made a halo of it. Operations that
    know channels are computed in the blocked layout of the module's `kernel.target`; the
    reorderings between two of them cancel. Records the names and shapes of the network's inputs and outputs on the module.

    Before:
    ```mlir
    %0 = cnn.conv %x, %w bias %b ... {toeplitz.algorithm = "direct"} : (tensor<1x16x8x8xf32>, ...) -> tensor<1x32x8x8xf32>
    %1 = cnn.activation relu %0 : tensor<1x32x8x8xf32>
    ```
    After (8 lanes):
    ```mlir
    %x_blocked = kernel.reorder ins(%x) outs(%e0) ... : (tensor<1x16x8x8xf32>, ...) -> tensor<1x2x8x8x8xf32>
    %0 = kernel.conv "direct" ins(%x_blocked, %packed bias %b_packed) outs(%e1) activation <relu> ... -> tensor<1x4x8x8x8xf32>
    %1 = kernel.reorder ins(%0) outs(%e2) ... : (tensor<1x4x8x8x8xf32>, ...) -> tensor<1x32x8x8xf32>
    ```

    Before, with a prologue:
    ```mlir
    %0 = cnn.broadcast %gates to [1, 32, 8, 8] : (tensor<1x32x1x1xf32>) -> tensor<1x32x8x8xf32>
    %1 = arith.mulf %x, %0 : tensor<1x32x8x8xf32>
    %2 = cnn.conv %1, %w ... {toeplitz.algorithm = "bf16x3"} : (tensor<1x32x8x8xf32>, ...) -> tensor<1x16x8x8xf32>
    ```
    After (16 lanes):
    ```mlir
    %2 = kernel.conv "bf16x3" ins(%x_blocked, %packed input_scale %gates_blocked) ... : (tensor<1x2x8x8x16xf32>, ...) -> tensor<1x1x8x8x16xf32>
    ```
  }];
  let options = [
    Option<"releaseWeights", "release-weights", "bool", "false",
           "Free each filter once it is packed, and what no operation reads: the module alone uses the blobs of its context">
  ];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def DropEmptyBuffers : Pass<"drop-empty-buffers", "::mlir::ModuleOp"> {
  let summary = "makes one kind of all buffers without elements";
  let description = [{
    Buffers of @main with a dimension of size 0 get a shape that has strides; views of them and copies between them go.

    Before:
    ```mlir
    func.func @main(%x: memref<4x0xf32>, %y: memref<4xf32>)
    ```
    After:
    ```mlir
    func.func @main(%x: memref<0x1xf32>, %y: memref<4xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def FuseElementwise : Pass<"fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "computes elementwise operations where their results are read";
  let description = [{
    Upstream's fusion of linalg.generic, but not into one that would compute an element again and again (because it reduces, or
    broadcasts) unless that is cheap, and not from before a loop into it.

    Before:
    ```mlir
    %0 = linalg.generic ... ins(%x) outs(%e0) { math.exp }
    %1 = linalg.generic ... ins(%0, %y) outs(%e1) { arith.addf }
    ```
    After:
    ```mlir
    %1 = linalg.generic ... ins(%x, %y) outs(%e1) { math.exp, arith.addf }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect",
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
}

def FusePools : Pass<"fuse-pools", "::mlir::ModuleOp"> {
  let summary = "computes a pool with the convolution before it";
  let description = [{
    A `kernel.pool` that reads a `kernel.conv` whose algorithm can compute it becomes that convolution's `pool`: what is pooled is read while
    it lies in the caches, and never stored if nothing else reads it. Algorithms say which pools they can compute, and which would make
    them compute too much twice (`declinesPool` of compiler/Algorithms/Algorithm.h).

    Before:
    ```mlir
    %0 = kernel.conv "winograd" ins(%x, %w bias %b) outs(%e0) activation <relu> ... -> tensor<1x2x8x8x8xf32>
    %1 = kernel.pool max ins(%0) outs(%e1) {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>, ...} -> tensor<1x2x4x4x8xf32>
    ```
    After:
    ```mlir
    %1 = kernel.conv "winograd" ins(%x, %w bias %b) outs(%e1) activation <relu> pool <max, kernel = [2, 2], strides = [2, 2], ...>
        ... -> tensor<1x2x4x4x8xf32>
    ```
    After, where something else reads what is pooled:
    ```mlir
    %1:2 = kernel.conv "winograd" ins(%x, %w bias %b) outs(%e1 unpooled %e0) activation <relu> pool <max, kernel = [2, 2], strides = [2, 2], ...>
        ... -> (tensor<1x2x4x4x8xf32>, tensor<1x2x8x8x8xf32>)
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect", "::mlir::tensor::TensorDialect"];
}

def FuseSeparable : Pass<"fuse-separable", "::mlir::ModuleOp"> {
  let summary = "computes a depthwise convolution and the pointwise ones around it together";
  let description = [{
    A `kernel.conv "depthwise"` that nothing reads but a `kernel.conv "pointwise"`, or that alone reads one, becomes one
    `kernel.separable_conv` with it, which computes a few rows of what lies between, as many as stay in the second-level cache, and uses
    them at once. That is done where the whole doesn't stay there. The one behind may also be a pointwise convolution by `bf16x3`.

    Before:
    ```mlir
    %0 = kernel.conv "pointwise" ins(%x, %u bias %b) outs(%e0) activation <relu6> ...
    %1 = kernel.conv "depthwise" ins(%0, %v bias %a) outs(%e1) activation <relu6> ...
    %2 = kernel.conv "pointwise" ins(%1, %w bias %c residual %x) outs(%e2) ...
    ```
    After:
    ```mlir
    %2 = kernel.separable_conv ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %x) outs(%e2)
      expansion_activation <relu6> depthwise_activation <relu6> ...
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect"];
}

def FuseInvertedResidual : Pass<"fuse-inverted-residual", "::mlir::ModuleOp"> {
  let summary = "computes an inverted residual block by bf16x3 as one kernel";
  let description = [{
    A `kernel.conv "depthwise"` between two pointwise ones by `bf16x3` that nothing else reads or writes becomes one `kernel.inverted_residual`
    with them, which computes some of its channels at a time. That is done where all of it stays in the second-level cache, there are several
    tasks, and what lies between has at least twice as many channels.

    Before:
    ```mlir
    %0 = kernel.conv "bf16x3" ins(%x, %u bias %b) outs(%e0) activation <relu6> ...
    %1 = kernel.conv "depthwise" ins(%0, %v bias %a) outs(%e1) activation <relu6> ...
    %2 = kernel.conv "bf16x3" ins(%1, %w bias %c residual %x) outs(%e2) ...
    ```
    After:
    ```mlir
    %2 = kernel.inverted_residual ins(%x expansion %u expansion_bias %b depthwise %v bias %a pointwise %w bias %c residual %x) outs(%e2)
      expansion_activation <relu6> depthwise_activation <relu6> ...
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect"];
}

def NarrowActivations : Pass<"narrow-activations", "::mlir::ModuleOp"> {
  let summary = "keeps what tensor cores read in 16 bits";
  let description = [{
    For a GPU whose tensor cores multiply numbers of bf16 or f16: a buffer between layers that a convolution on tensor cores reads holds such
    numbers, if every kernel that reads or writes it can (convolutions by algorithms with `takesNarrowInput`, pooling,
    linalg.generic). Where that is possible, the channels of each position lie together: the buffer's memory is N x I x C, seen as N x C x I, and
    threads copy eight channels at once. Kernels compute in f32; bodies of linalg.generic are rewritten.

    Where a bound on errors was asked for, only buffers that nothing else reads: each layer's bound has the rounding of its own input alone.

    Before:
    ```mlir
    %0 = memref.alloc() : memref<1x64x8x8x1xf32>
    kernel.conv "direct" ins(%x, %v) outs(%0) ... : (memref<1x3x8x8x1xf32>, ..., memref<1x64x8x8x1xf32>) -> ()
    kernel.conv "tensor-core-gemm" ins(%0, %w) outs(%y) ... : (memref<1x64x8x8x1xf32>, ...) -> ()
    ```
    After (bf16):
    ```mlir
    %0 = memref.alloc() : memref<1x8x8x1x64xbf16>
    %1 = memref.reinterpret_cast %0 to offset: [0], sizes: [1, 64, 8, 8, 1], strides: [4096, 1, 512, 64, 1]
      : memref<1x8x8x1x64xbf16> to memref<1x64x8x8x1xbf16, strided<[4096, 1, 512, 64, 1]>>
    kernel.conv "direct" ins(%x, %v) outs(%1) ... : (memref<1x3x8x8x1xf32>, ..., memref<1x64x8x8x1xbf16, strided<...>>) -> ()
    kernel.conv "tensor-core-gemm" ins(%1, %w) outs(%y) ... : (memref<1x64x8x8x1xbf16, strided<...>>, ...) -> ()
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect"];
}

def PlaceSlices : Pass<"place-slices", "::mlir::ModuleOp"> {
  let summary = "computes the slices of which a tensor is put together where they lie in it";
  let description = [{
    Each tensor that is put together of slices (a concatenation, a folded layer) gets a buffer, and each slice its region of that: it is
    computed there and read there. A concatenation whose parts follow each other in a larger one is a view of it, so that the layers of a
    dense block share one buffer. What lies in two places is copied to the second.

    Bufferization would find some of that, but no buffer that is read before it is complete; and it compares each write with each read
    along the whole chain of slices, which takes minutes for a hundred.

    Before:
    ```mlir
    %1 = tensor.insert_slice %x into %empty[0, 0] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x8xf32>
    %2 = tensor.insert_slice %y into %1[0, 4] [1, 4] [1, 1] : tensor<1x4xf32> into tensor<1x8xf32>
    ```
    After:
    ```mlir
    %buffer = memref.alloc() : memref<1x8xf32>
    %left = memref.subview %buffer[0, 0] [1, 4] [1, 1] : memref<1x8xf32> to memref<1x4xf32, strided<[8, 1]>>
    %x = ...
    bufferization.materialize_in_destination %x in restrict writable %left : ...
    ...
    %2 = bufferization.to_tensor %buffer restrict : memref<1x8xf32> to tensor<1x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
}

def PlanMemory : Pass<"plan-memory", "::mlir::ModuleOp"> {
  let summary = "places every buffer in one arena";
  let description = [{
    Replaces each `memref.alloc` of @main by a view into one arena, the function's new first argument. Buffers that are alive at
    the same time don't overlap; each is placed at the lowest offset that is free for its whole life, in the best of several orders. The
    arena's size is recorded on the module as `toeplitz.workspace_size`, and what is alive at once, at most, as
    `toeplitz.workspace_bound` (bytes).
    Parts of a buffer (`memref.subview`) become views of the arena of their own, with their strides where they aren't contiguous, so that
    equal kernels on different parts stay equal.

    Before:
    ```mlir
    func.func @main(%x: memref<...>, %y: memref<...>) {
      %0 = memref.alloc() {alignment = 64 : i64} : memref<1x2x8x8x8xf32>
    ```
    After:
    ```mlir
    func.func @main(%arena: memref<4096xi8>, %x: memref<...>, %y: memref<...>) {
      %0 = memref.view %arena[%c0][] : memref<4096xi8> to memref<1x2x8x8x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def PrepareBuffers : Pass<"prepare-buffers", "::mlir::ModuleOp"> {
  let summary = "says which tensors share a buffer before they become buffers";
  let description = [{
    The arguments of @main are the caller's: nothing is written to them. What an scf.for or scf.while carries ends every iteration in the buffer in
    which it came, and both branches of an scf.if write into one buffer, so that allocations in regions never leave them and all of
    them can be placed in the arena. What is read after it has been overwritten in place is copied before.

    Before:
    ```mlir
    %1 = scf.for %i = ... iter_args(%h = %0) -> (tensor<4xf32>) {
      %2 = linalg.generic ... ins(%h) outs(%empty) ...
      scf.yield %2 : tensor<4xf32>
    }
    ```
    After:
    ```mlir
      %3 = bufferization.materialize_in_destination %2 in %h : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      scf.yield %3 : tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect", "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
}

def PrintTypicalError : Pass<"print-typical-error", "::mlir::ModuleOp"> {
  let summary = "prints what is known of typical values and errors";
  let description = [{
    Prints, for each value of floating-point numbers that isn't a constant, the name of the operation that computes it, mean and variance of
    its elements, over all channels together, and how much an error of theirs counts: the sum over the channels of d (square of the largest
    error of the outputs, relative to the largest output) / d (variance of an error in the channel), for errors of single positions and for
    those that all positions have in common. For a convolution also what it contributes for each unit of its algorithm's squared relative
    error. See compiler/Analysis/TypicalError.h.

    Output:
    ```
    cnn.conv "conv1": mean 0.1, variance 2, sensitivity 0.5 and 0.4, contribution 1.02
    ```
  }];
  let options = [
    Option<"inputVariance", "input-variance", "double", "1", "The variance of the network's inputs">,
    Option<"channels", "channels", "bool", "false", "Print each channel for itself">
  ];
}

def SelectAlgorithms : Pass<"select-algorithms", "::mlir::ModuleOp"> {
  let summary = "chooses the algorithm of each convolution";
  let description = [{
    Sets `toeplitz.algorithm` on each cnn.conv and cnn.conv_transpose: the algorithm (with its variant, as "winograd:f4", where it has
    several) with the fewest estimated cycles among those that don't decline the layer, on a tie the first of the table. An algorithm
    forced for one layer that declines it is an error with the reason; one forced for all is used where it doesn't decline.

    Where the input is padded circularly by a `cnn.pad`, "fft:circular" may read it from before; the estimates of the others have the
    cost of that halo in them.

    `max-error` leaves out what may be off by more: the certified rounding error of the layer's weights, for inputs of the network up
    to `input-range` (compiler/Schedule/ErrorBound.h). When nothing is left, that is an error with the best bound. The largest bound is
    then recorded on the module as `toeplitz.error_bound`. `precise` leaves out all that round more than a sum of products in f32. `tuned` names a file of measured times, which count before estimates.

    `typical-error` is a wish: layers get algorithms that round less until the estimate for the network's outputs is below it
    (compiler/Schedule/TypicalErrorLimit.h). Where it stays above, `warn` says so.

    Before:
    ```mlir
    %0 = cnn.conv %x, %w ... : ...
    ```
    After:
    ```mlir
    %0 = cnn.conv %x, %w ... {toeplitz.algorithm = "direct"} : ...
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect"];
  let options = [
    Option<"algorithm", "algorithm", "std::string", "\"\"", "The algorithm of every layer that it can compute">,
    ListOption<"layers", "layers", "std::string", "The algorithms of single layers, each as LAYER=NAME">,
    Option<"maxError", "max-error", "double", "0", "The largest certified error of a layer; 0 for any">,
    Option<"precise", "precise", "bool", "false", "Only algorithms that round as a sum of products does">,
    Option<"typicalError", "typical-error", "double", "6e-5", "The limit of the network's typical error; inf for none">,
    Option<"warn", "warn", "bool", "false", "Warn where the network's typical error stays above its limit">,
    Option<"inputRange", "input-range", "double", "0",
      "The largest absolute value of the network's inputs; 0 for 1, and for inputs of variance 1 or 1/3 in the typical error">,
    Option<"bounds", "bounds", "bool", "false", "Record the largest bound even without max-error">,
    Option<"tuned", "tuned", "std::string", "\"\"", "A file of measured times">,
    Option<"cpu", "cpu", "std::string", "\"\"", "LLVM's name of the processor whose times count">
  ];
}

def SeparateResults : Pass<"separate-results", "::mlir::ModuleOp"> {
  let summary = "gives every result of the network a buffer of its own";
  let description = [{
    A buffer that is returned twice is copied for its second time: upstream's buffer-results-to-out-params, which makes the returned
    buffers parameters, expects them to be different. A loop or a branch that yields the buffer that it was given is seen through, so
    that this buffer is the result. Of a buffer and the reshape of it that is returned, the latter becomes the buffer and the former
    its reshape, so that it is written where the caller wants it.

    Before:
    ```mlir
    return %0, %0 : memref<1x8xf32>, memref<1x8xf32>
    ```
    After:
    ```mlir
    %1 = memref.alloc() : memref<1x8xf32>
    memref.copy %0, %1 : memref<1x8xf32> to memref<1x8xf32>
    return %0, %1 : memref<1x8xf32>, memref<1x8xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def SetTarget : Pass<"set-target", "::mlir::ModuleOp"> {
  let summary = "records what the schedules know of the machine";
  let description = [{
    Sets `kernel.target` on the module.

    Before:
    ```mlir
    module { ... }
    ```
    After:
    ```mlir
    module attributes {kernel.target = #kernel.target<lanes = 16, registers = 32, fma = 1, l1 = 32768, l2 = 524288>} { ... }
    ```
  }];
  let dependentDialects = ["::toeplitz::kernel::KernelDialect"];
  let options = [
    Option<"lanes", "lanes", "int64_t", "8", "f32 elements in a vector register">,
    Option<"registers", "registers", "int64_t", "16", "Vector registers">,
    Option<"fma", "fma", "int64_t", "1", "1 if a fused multiply-add is one instruction">,
    Option<"l1", "l1", "int64_t", "32768", "Bytes of the first-level data cache">,
    Option<"l2", "l2", "int64_t", "524288", "Bytes of the second-level cache">,
    Option<"amx", "amx", "int64_t", "0", "1 if there are tile registers for products of bfloat16">,
    Option<"byElement", "by-element", "int64_t", "0", "1 if a multiply-add can take one lane for a whole factor">,
    Option<"hidesMemory", "hides-memory", "int64_t", "0", "1 if a core mostly computes on while it reads from beyond its second-level cache">,
    Option<"gpu", "gpu", "int64_t", "0", "Compute capability of the GPU that the kernels run on, 0 for the CPU">,
    Option<"precision", "precision", "std::string", "\"f32\"", "What a GPU may round the factors of products to: f32 (not at all), tf32, bf16, f16">,
    Option<"warpgroups", "warpgroups", "int64_t", "0", "1 if a GPU's warpgroups multiply matrices (wgmma)">
  ];
}

def SinkElementReads : Pass<"sink-element-reads", "::mlir::ModuleOp"> {
  let summary = "lets kernels of a GPU read the elements that they take as numbers";
  let description = [{
    An element that an operation takes as a number (`linalg.fill`, or the body of a `linalg.generic`) is read inside of it, with what is
    computed from it on the way: the host of a GPU would have to wait for it. Nothing is done for a CPU.

    Before:
    ```mlir
    %v = tensor.extract %value[] : tensor<f32>
    %1 = linalg.fill ins(%v : f32) outs(%0 : tensor<7x12xf32>) -> tensor<7x12xf32>
    ```
    After:
    ```mlir
    %1 = linalg.generic {...} outs(%0 : tensor<7x12xf32>) {
    ^bb0(%out: f32):
      %v = tensor.extract %value[] : tensor<f32>
      linalg.yield %v : f32
    } -> tensor<7x12xf32>
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}

#endif
