// Makes kernel functions kernels of a GPU, and calls of them launches.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_LAUNCHONGPU
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// A call of a kernel for each of `tasks` tasks; `op` is the call or the loop
/// around it.
struct KernelCall {
  Operation *op;
  func::CallOp call;
  int64_t tasks;
};

/// What a block's buffers are aligned to at least, in bytes.
constexpr int64_t sharedAlignment = 16;
/// The bytes of a block's memory that a kernel may declare. More of it is asked
/// for when the kernel is launched (CUDA C++ Programming Guide, technical
/// specifications per compute capability).
constexpr int64_t mostDeclared = 48 * 1024;
/// What the hardware runs together.
constexpr int64_t warp = 32;
/// Threads of a block whose tasks are threads: enough that the few blocks that
/// a multiprocessor can have at once fill it.
constexpr int64_t usualThreads = 256;
/// The largest index of 32 bits, which nearly all kernels have. A grid may also
/// have this many blocks along its first dimension (CUDA C++ Programming Guide,
/// technical specifications per compute capability).
constexpr int64_t mostIndex = (int64_t(1) << 31) - 1;

struct LaunchOnGpu : toeplitz::impl::LaunchOnGpuBase<LaunchOnGpu> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = findMain(module);
    if (!main)
      return signalPassFailure();
    SmallVector<KernelCall> calls;
    if (failed(findCalls(main, calls)))
      return signalPassFailure();
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    kernels = gpu::GPUModuleOp::create(builder, module.getLoc(), "kernels");
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
    for (const KernelCall &call : calls)
      if (failed(convert(call)))
        return signalPassFailure();
    if (failed(checkHost(main)))
      return signalPassFailure();
    for (auto &entry : converted)
      entry.first.erase();
  }

private:
  struct Kernel {
    gpu::GPUFuncOp function;
    int64_t blocks, threads, tasks;
    /// Bytes of a block's memory that each launch asks for.
    int64_t dynamicMemory = 0;
  };

  /// Also those in loops of @main, which the host walks as it launches.
  static LogicalResult findCalls(func::FuncOp main,
                                 SmallVector<KernelCall> &calls) {
    WalkResult result = main.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (auto call = dyn_cast<func::CallOp>(op))
        calls.push_back({op, call, 1});
      auto loop = dyn_cast<scf::ForallOp>(op);
      if (!loop)
        return WalkResult::advance();
      std::optional<KernelLoop> matched = matchKernelLoop(loop);
      if (!matched || matched->slot) {
        loop.emitOpError(
            "must have one dimension and call one kernel in its body, which "
            "works in no memory of its own");
        return WalkResult::interrupt();
      }
      calls.push_back({op, matched->call, matched->tasks});
      return WalkResult::skip();
    });
    return failure(result.wasInterrupted());
  }

  /// What isn't a kernel would work on the memory of the GPU from the host,
  /// which can read single elements of it and nothing else.
  static LogicalResult checkHost(func::FuncOp main) {
    WalkResult result = main.getBody().walk([](Operation *op) {
      if (isa<gpu::LaunchFuncOp, memref::LoadOp>(op) ||
          isMemoryEffectFree(op) ||
          op->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
        return WalkResult::advance();
      op->emitOpError("has no kernel: outside of them, networks of a GPU can "
                      "read single elements of tensors and nothing else");
      return WalkResult::interrupt();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult convert(KernelCall call) {
    auto function =
        getOperation().lookupSymbol<func::FuncOp>(call.call.getCallee());
    auto found = converted.find(function);
    if (found == converted.end()) {
      FailureOr<Kernel> kernel = convertFunction(function, call.tasks);
      if (failed(kernel))
        return failure();
      found = converted.insert({function, *kernel}).first;
    }
    const Kernel &kernel = found->second;
    if (kernel.tasks != call.tasks)
      return call.op->emitOpError("calls a kernel with another number of "
                                  "tasks than before: ")
             << call.tasks << " and " << kernel.tasks;
    OpBuilder builder(call.op);
    Location location = call.op->getLoc();
    auto number = [&](int64_t value) -> Value {
      return arith::ConstantIndexOp::create(builder, location, value);
    };
    Value one = number(1), dynamicMemory;
    if (kernel.dynamicMemory > 0)
      dynamicMemory = arith::ConstantIntOp::create(
          builder, location, kernel.dynamicMemory, /*width=*/32);
    gpu::LaunchFuncOp::create(builder, location, kernel.function,
                              gpu::KernelDim3{number(kernel.blocks), one, one},
                              gpu::KernelDim3{number(kernel.threads), one, one},
                              dynamicMemory,
                              call.call.getOperands().drop_front());
    call.op->erase();
    return success();
  }

  FailureOr<Kernel> convertFunction(func::FuncOp function, int64_t tasks) {
    // Kernels that divide their tasks among threads themselves say how many
    // these are.
    auto threads =
        function->getAttrOfType<IntegerAttr>("toeplitz.block_threads");
    Kernel kernel;
    kernel.tasks = tasks;
    kernel.threads =
        threads ? threads.getInt()
                : std::min<int64_t>(usualThreads, llvm::alignTo(tasks, warp));
    kernel.blocks =
        threads ? tasks : llvm::divideCeilSigned(tasks, kernel.threads);
    if (kernel.blocks > mostIndex)
      return function.emitOpError("has ")
             << kernel.blocks << " blocks, a grid of a GPU at most "
             << mostIndex;
    OpBuilder builder = OpBuilder::atBlockEnd(kernels.getBody());
    Location location = function.getLoc();
    kernel.function = gpu::GPUFuncOp::create(
        builder, location, function.getSymName(),
        builder.getFunctionType(function.getArgumentTypes().drop_front(),
                                TypeRange()));
    kernel.function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                             builder.getUnitAttr());
    kernel.function.setKnownBlockSizeAttr(builder.getDenseI32ArrayAttr(
        {static_cast<int32_t>(kernel.threads), 1, 1}));
    if (auto blocks =
            function->getAttrOfType<IntegerAttr>("toeplitz.resident_blocks"))
      kernel.function->setAttr(
          NVVM::NVVMDialect::getMinctasmAttrName(),
          builder.getI32IntegerAttr(static_cast<int32_t>(blocks.getInt())));
    if (needsWideIndices(function, tasks))
      kernel.function->setAttr("toeplitz.index_bits",
                               builder.getI64IntegerAttr(64));
    moveBody(function, kernel, /*tasksAreBlocks=*/threads != nullptr);
    kernel.dynamicMemory = moveSharedMemory(kernel.function);
    return kernel;
  }

  /// Whether 32 bits are too few for the number of a task or of an element.
  static bool needsWideIndices(func::FuncOp function, int64_t tasks) {
    return tasks > mostIndex ||
           llvm::any_of(function.getArgumentTypes(), [](Type type) {
             auto buffer = dyn_cast<MemRefType>(type);
             return buffer && countSpan(buffer) > mostIndex;
           });
  }

  /// From a buffer's first element to its last, with what lies between.
  static int64_t countSpan(MemRefType buffer) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (!buffer.hasStaticShape() || buffer.getNumElements() == 0 ||
        failed(buffer.getStridesAndOffset(strides, offset)))
      return 0;
    int64_t last = ShapedType::isDynamic(offset) ? 0 : offset;
    for (auto [size, stride] : llvm::zip_equal(buffer.getShape(), strides))
      if (!ShapedType::isDynamic(stride))
        last += (size - 1) * stride;
    return last + 1;
  }

  static void moveBody(func::FuncOp function, const Kernel &kernel,
                       bool tasksAreBlocks) {
    gpu::GPUFuncOp target = kernel.function;
    Location location = function.getLoc();
    Block &from = function.getBody().front();
    Block &to = target.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&to);
    Value block = gpu::BlockIdOp::create(builder, location, gpu::Dimension::x);
    Value task = block;
    if (!tasksAreBlocks) {
      Value thread =
          gpu::ThreadIdOp::create(builder, location, gpu::Dimension::x);
      Value size =
          arith::ConstantIndexOp::create(builder, location, kernel.threads);
      task = arith::AddIOp::create(
          builder, location,
          arith::MulIOp::create(builder, location, block, size), thread);
    }
    SmallVector<Value> arguments = {task};
    llvm::append_range(arguments, target.getArguments());
    from.getTerminator()->erase();
    Block *inside = &to;
    if (!tasksAreBlocks && kernel.tasks % kernel.threads != 0) {
      Value count =
          arith::ConstantIndexOp::create(builder, location, kernel.tasks);
      Value exists = arith::CmpIOp::create(
          builder, location, arith::CmpIPredicate::slt, task, count);
      auto branch = scf::IfOp::create(builder, location, exists,
                                      /*withElseRegion=*/false);
      inside = branch.thenBlock();
    }
    for (auto [argument, value] :
         llvm::zip_equal(from.getArguments(), arguments))
      argument.replaceAllUsesWith(value);
    Block::iterator place =
        inside == &to ? to.end() : inside->getTerminator()->getIterator();
    inside->getOperations().splice(place, from.getOperations());
    builder.setInsertionPointToEnd(&to);
    gpu::ReturnOp::create(builder, location);
  }

  static int64_t getAlignment(memref::AllocOp buffer) {
    return std::max<int64_t>(sharedAlignment,
                             buffer.getAlignment().value_or(0));
  }

  static int64_t countBytes(MemRefType type) {
    return type.getNumElements() *
           llvm::divideCeilSigned(type.getElementTypeBitWidth(), 8);
  }

  /// A block's memory is declared by its kernel, or else a part of what
  /// launches ask for, with buffers that begin where four floats at once may be
  /// read. Returns how many bytes launches ask for.
  static int64_t moveSharedMemory(gpu::GPUFuncOp function) {
    SmallVector<memref::AllocOp> buffers;
    SmallVector<int64_t> places;
    int64_t bytes = 0;
    function.walk([&](memref::AllocOp op) {
      buffers.push_back(op);
      places.push_back(llvm::alignTo(bytes, getAlignment(op)));
      bytes = places.back() + countBytes(op.getType());
    });
    if (bytes <= mostDeclared) {
      declareSharedMemory(function, buffers);
      return 0;
    }
    OpBuilder builder = OpBuilder::atBlockBegin(&function.getBody().front());
    Location location = function.getLoc();
    auto space = gpu::AddressSpaceAttr::get(builder.getContext(),
                                            gpu::AddressSpace::Workgroup);
    Value all = gpu::DynamicSharedMemoryOp::create(
        builder, location,
        MemRefType::get({ShapedType::kDynamic}, builder.getI8Type(),
                        MemRefLayoutAttrInterface(), space));
    for (auto [buffer, place] : llvm::zip_equal(buffers, places)) {
      Value view = memref::ViewOp::create(
          builder, location, buffer.getType(), all,
          arith::ConstantIndexOp::create(builder, location, place),
          ValueRange());
      buffer.replaceAllUsesWith(view);
      buffer.erase();
    }
    return bytes;
  }

  static void declareSharedMemory(gpu::GPUFuncOp function,
                                  MutableArrayRef<memref::AllocOp> buffers) {
    for (auto [place, buffer] : llvm::enumerate(buffers)) {
      Value memory =
          function.addWorkgroupAttribution(buffer.getType(), buffer.getLoc());
      function.setWorkgroupAttributionAttr(
          place, LLVM::LLVMDialect::getAlignAttrName(),
          IntegerAttr::get(IntegerType::get(function.getContext(), 64),
                           getAlignment(buffer)));
      buffer.replaceAllUsesWith(memory);
      buffer.erase();
    }
  }

  gpu::GPUModuleOp kernels;
  llvm::MapVector<func::FuncOp, Kernel> converted;
};

} // namespace
