// Hands launches to the runtime's queue, and what the host reads from the
// memory of the GPU.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"
#include "dialects/Device/DeviceDialect.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

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
    SmallVector<memref::LoadOp> reads;
    main.walk([&](memref::LoadOp op) { reads.push_back(op); });
    for (memref::LoadOp read : reads)
      if (failed(convert(read, main.getArgument(0))))
        return signalPassFailure();
    if (!reads.empty())
      module->setAttr("toeplitz.reads_elements", UnitAttr::get(&getContext()));
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
                     nvgpu::LdMatrixOp, device::TryWaitOp>(op);
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

  /// An element that the host needs: its bits come as the lowest ones of 64.
  LogicalResult convert(memref::LoadOp read, Value queue) {
    Type type = read.getType();
    if (!type.isIntOrIndexOrFloat() ||
        (!type.isIndex() && type.getIntOrFloatBitWidth() > 64))
      return read.emitOpError("reads an element of ")
             << type << " outside of a kernel, expected one of at most 64 bits";
    OpBuilder builder(read);
    Location location = read.getLoc();
    Type int64 = builder.getI64Type();
    unsigned bits = type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
    auto bytes = static_cast<int64_t>(llvm::divideCeil(bits, 8));
    Value operands[] = {queue, getAddress(builder, read, bytes),
                        arith::ConstantIntOp::create(builder, location, bytes,
                                                     /*width=*/32)};
    Value value = func::CallOp::create(builder, location,
                                       getReader(read, operands), operands)
                      .getResult(0);
    if (type.isIndex()) {
      value = arith::IndexCastOp::create(builder, location, type, value);
    } else {
      Type integer = builder.getIntegerType(bits);
      if (integer != int64)
        value = arith::TruncIOp::create(builder, location, integer, value);
      if (integer != type)
        value = arith::BitcastOp::create(builder, location, type, value);
    }
    read.replaceAllUsesWith(value);
    read.erase();
    return success();
  }

  /// Where an element of so many bytes lies.
  static Value getAddress(OpBuilder &builder, memref::LoadOp read,
                          int64_t bytes) {
    Location location = read.getLoc();
    auto buffer = memref::ExtractStridedMetadataOp::create(builder, location,
                                                           read.getMemRef());
    Value place = buffer.getOffset();
    for (auto [index, stride] :
         llvm::zip_equal(read.getIndices(), buffer.getStrides()))
      place = arith::AddIOp::create(
          builder, location, place,
          arith::MulIOp::create(builder, location, index, stride));
    Value begin = memref::ExtractAlignedPointerAsIndexOp::create(
        builder, location, buffer.getBaseBuffer());
    Value size = arith::ConstantIndexOp::create(builder, location, bytes);
    Value address = arith::AddIOp::create(
        builder, location, begin,
        arith::MulIOp::create(builder, location, place, size));
    Value number = arith::IndexCastOp::create(builder, location,
                                              builder.getI64Type(), address);
    return LLVM::IntToPtrOp::create(
        builder, location, LLVM::LLVMPointerType::get(builder.getContext()),
        number);
  }

  /// The function that reads elements, whose calls `link-launches` replaces.
  func::FuncOp getReader(memref::LoadOp read, ValueRange operands) {
    constexpr StringLiteral name = "element.read";
    if (auto existing = getOperation().lookupSymbol<func::FuncOp>(name))
      return existing;
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto reader = func::FuncOp::create(
        builder, read.getLoc(), name,
        builder.getFunctionType(operands.getTypes(), builder.getI64Type()));
    reader.setPrivate();
    reader->setAttr("toeplitz.read", builder.getUnitAttr());
    return reader;
  }

  llvm::DenseMap<StringAttr, int64_t> numbers, dynamicMemory;
};

} // namespace
