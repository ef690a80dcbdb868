// Lets one launch compute a kernel for all samples of a batch.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"
#include "runtime/gpu.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_LAUNCHSAMPLES
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Bytes from one sample's part of a buffer to the next one's, for each
/// operand of a launch; 0 for what all samples share and for numbers.
using Strides = SmallVector<int64_t>;

struct LaunchSamples : toeplitz::impl::LaunchSamplesBase<LaunchSamples> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (!module->hasAttr("toeplitz.dynamic_batch"))
      return;
    func::FuncOp main = findMain(module);
    if (!main || failed(findArguments(main)))
      return signalPassFailure();
    llvm::MapVector<StringAttr, SmallVector<gpu::LaunchFuncOp>> launches;
    main.walk([&](gpu::LaunchFuncOp launch) {
      launches[launch.getKernelName()].push_back(launch);
    });
    for (auto &[name, launchesOfKernel] : launches)
      if (failed(convert(launchesOfKernel)))
        return signalPassFailure();
  }

private:
  /// The strides of the arguments of @main: memory for what kernels hand to
  /// each other, inputs, outputs.
  LogicalResult findArguments(func::FuncOp main) {
    auto batched =
        getOperation()->getAttrOfType<DictionaryAttr>("toeplitz.dynamic_batch");
    auto inputs =
        batched ? batched.getAs<DenseI64ArrayAttr>("inputs") : nullptr;
    auto outputs =
        batched ? batched.getAs<DenseI64ArrayAttr>("outputs") : nullptr;
    auto names = getOperation()->getAttrOfType<ArrayAttr>("toeplitz.inputs");
    if (!inputs || !outputs || !names)
      return getOperation()->emitError(
          "a network whose batch is chosen for each run has the attributes "
          "'toeplitz.dynamic_batch' and 'toeplitz.inputs'");
    arguments.assign(main.getNumArguments(), 0);
    if (arguments.empty())
      return main.emitError("expected memory for what kernels hand to each "
                            "other as the first argument");
    // The runtime has this many bytes of it for each sample.
    arguments[0] = countBytes(main.getArgumentTypes()[0]);
    assert(arguments[0] % TOEPLITZ_GPU_SAMPLE_ALIGNMENT == 0 &&
           "plan-memory aligns all buffers to more");
    auto setStride = [&](int64_t place) -> LogicalResult {
      if (place < 1 || place >= static_cast<int64_t>(arguments.size()))
        return main.emitError("has no argument ")
               << place << ", which 'toeplitz.dynamic_batch' names";
      arguments[place] = static_cast<int64_t>(
          llvm::alignTo(countBytes(main.getArgumentTypes()[place]),
                        TOEPLITZ_GPU_SAMPLE_ALIGNMENT));
      return success();
    };
    for (int64_t input : inputs.asArrayRef())
      if (failed(setStride(1 + input)))
        return failure();
    for (int64_t output : outputs.asArrayRef())
      if (failed(setStride(1 + static_cast<int64_t>(names.size()) + output)))
        return failure();
    return success();
  }

  static int64_t countBytes(Type type) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (!buffer || !buffer.hasStaticShape())
      return 0;
    Type element = buffer.getElementType();
    int64_t bits = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    return buffer.getNumElements() *
           static_cast<int64_t>(llvm::divideCeil(bits, 8));
  }

  FailureOr<int64_t> findStride(gpu::LaunchFuncOp launch, Value operand) {
    if (!isa<BaseMemRefType>(operand.getType()))
      return 0;
    Value buffer = operand;
    while (Operation *view = buffer.getDefiningOp()) {
      if (auto metadata = dyn_cast<memref::ExtractStridedMetadataOp>(view))
        buffer = metadata.getSource();
      else if (isa<ViewLikeOpInterface>(view))
        buffer = cast<ViewLikeOpInterface>(view).getViewSource();
      else
        break;
    }
    if (buffer.getDefiningOp<memref::GetGlobalOp>())
      return 0;
    auto argument = dyn_cast<BlockArgument>(buffer);
    if (argument && isa<func::FuncOp>(argument.getOwner()->getParentOp()))
      return arguments[argument.getArgNumber()];
    launch.emitOpError("works on a buffer that is no part of a constant or of "
                       "an argument of @main, so that the samples of a batch "
                       "can't have theirs")
            .attachNote(buffer.getLoc())
        << "the buffer";
    return failure();
  }

  /// Hands the strides of its buffers to a kernel: one for all buffers that
  /// have the same in each launch.
  LogicalResult convert(MutableArrayRef<gpu::LaunchFuncOp> launches) {
    auto kernel = SymbolTable::lookupNearestSymbolFrom<gpu::GPUFuncOp>(
        launches.front(), launches.front().getKernelAttr());
    SmallVector<Strides> found;
    for (gpu::LaunchFuncOp launch : launches) {
      Strides &strides = found.emplace_back();
      for (Value operand : launch.getKernelOperands()) {
        FailureOr<int64_t> stride = findStride(launch, operand);
        if (failed(stride))
          return failure();
        strides.push_back(*stride);
      }
    }
    unsigned count = kernel.getNumArguments();
    llvm::MapVector<Strides, int64_t> parameters;
    SmallVector<int64_t> places;
    for (unsigned place = 0; place < count; ++place) {
      Strides inLaunches;
      for (const Strides &strides : found)
        inLaunches.push_back(strides[place]);
      if (llvm::all_of(inLaunches, [](int64_t stride) { return stride == 0; }))
        places.push_back(-1);
      else
        places.push_back(
            parameters.insert({inLaunches, count + int64_t(parameters.size())})
                .first->second);
    }
    if (parameters.empty())
      return success();
    Builder builder(&getContext());
    for (auto &[inLaunches, place] : parameters) {
      (void)kernel.insertArgument(static_cast<unsigned>(place),
                                  builder.getI64Type(), {}, kernel.getLoc());
      for (auto [launch, stride] : llvm::zip_equal(launches, inLaunches)) {
        OpBuilder before(launch);
        launch.getKernelOperandsMutable().append(
            arith::ConstantIntOp::create(before, launch.getLoc(), stride,
                                         /*width=*/64)
                .getResult());
      }
    }
    kernel->setAttr("toeplitz.sample_strides",
                    builder.getDenseI64ArrayAttr(places));
    return success();
  }

  Strides arguments;
};

} // namespace
