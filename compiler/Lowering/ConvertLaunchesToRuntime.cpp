// Hands launches to the runtime's queue.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTLAUNCHESTORUNTIME
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct ConvertLaunchesToRuntime
    : toeplitz::impl::ConvertLaunchesToRuntimeBase<ConvertLaunchesToRuntime> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = findMain(module);
    if (!main)
      return signalPassFailure();
    (void)main.insertArgument(0, LLVM::LLVMPointerType::get(&getContext()), {},
                              main.getLoc());
    SmallVector<gpu::LaunchFuncOp> launches;
    main.walk([&](gpu::LaunchFuncOp op) { launches.push_back(op); });
    for (gpu::LaunchFuncOp launch : launches)
      if (failed(findDynamicMemory(launch)))
        return signalPassFailure();
    if (failed(numberKernels()))
      return signalPassFailure();
    for (gpu::LaunchFuncOp launch : launches)
      if (failed(convert(launch, main.getArgument(0))))
        return signalPassFailure();
    module->removeAttr(gpu::GPUDialect::getContainerModuleAttrName());
  }

private:
  /// The bytes of a block's memory that launches ask for: the runtime knows
  /// them by the kernel.
  LogicalResult findDynamicMemory(gpu::LaunchFuncOp launch) {
    Value asked = launch.getDynamicSharedMemorySize();
    std::optional<int64_t> bytes = asked ? getConstantIntValue(asked) : 0;
    if (!bytes)
      return launch.emitOpError("must ask for a known number of bytes of a "
                                "block's memory");
    auto [found, isNew] =
        dynamicMemory.insert({launch.getKernelName(), *bytes});
    if (!isNew && found->second != *bytes)
      return launch.emitOpError("asks for ")
             << *bytes << " bytes of a block's memory, where another launch of "
             << launch.getKernelName() << " asks for " << found->second;
    return success();
  }

  /// Kernels in the order of the device's module, by which the runtime knows
  /// them.
  LogicalResult numberKernels() {
    OpBuilder builder(&getContext());
    SmallVector<Attribute> kernels;
    WalkResult result = getOperation().walk([&](gpu::GPUFuncOp function) {
      std::optional<ArrayRef<int32_t>> size = function.getKnownBlockSize();
      if (!size) {
        function.emitOpError("has no known block size");
        return WalkResult::interrupt();
      }
      bool waits = false;
      function.walk([&](Operation *op) {
        waits |= isa<gpu::BarrierOp, gpu::ShuffleOp, NVVM::MmaOp,
                     NVVM::WgmmaMmaAsyncOp, nvgpu::DeviceAsyncCopyOp,
                     nvgpu::LdMatrixOp>(op);
      });
      numbers[function.getNameAttr()] = static_cast<int64_t>(kernels.size());
      NamedAttrList fields;
      fields.set("name", function.getNameAttr());
      fields.set("threads", builder.getI64IntegerAttr(size->front()));
      fields.set("waits", builder.getBoolAttr(waits));
      if (int64_t bytes = dynamicMemory.lookup(function.getNameAttr()))
        fields.set("shared", builder.getI64IntegerAttr(bytes));
      kernels.push_back(fields.getDictionary(&getContext()));
      return WalkResult::advance();
    });
    getOperation()->setAttr("toeplitz.kernels", builder.getArrayAttr(kernels));
    return failure(result.wasInterrupted());
  }

  LogicalResult convert(gpu::LaunchFuncOp launch, Value queue) {
    auto found = numbers.find(launch.getKernelName());
    std::optional<int64_t> blocks = getConstantIntValue(launch.getGridSizeX());
    if (found == numbers.end() || !blocks)
      return launch.emitOpError(
          "must launch a kernel of this module, with a known number of blocks");
    OpBuilder builder(launch);
    Location location = launch.getLoc();
    SmallVector<Value> operands = {queue};
    llvm::append_range(operands, launch.getKernelOperands());
    func::FuncOp bridge =
        getBridge(launch, found->second, *blocks, ValueRange(operands));
    func::CallOp::create(builder, location, bridge, operands);
    launch.erase();
    return success();
  }

  /// The function that launches a kernel, whose body `link-launches` writes.
  func::FuncOp getBridge(gpu::LaunchFuncOp launch, int64_t kernel,
                         int64_t blocks, ValueRange operands) {
    std::string name = launch.getKernelName().str() + ".launch";
    if (auto existing = getOperation().lookupSymbol<func::FuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto bridge = func::FuncOp::create(
        builder, launch.getLoc(), name,
        builder.getFunctionType(operands.getTypes(), TypeRange()));
    bridge.setPrivate();
    bridge->setAttr("toeplitz.launched", builder.getI64IntegerAttr(kernel));
    bridge->setAttr("toeplitz.blocks", builder.getI64IntegerAttr(blocks));
    return bridge;
  }

  llvm::DenseMap<StringAttr, int64_t> numbers, dynamicMemory;
};

} // namespace
