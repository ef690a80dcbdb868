// Writes each distinct kernel as a function of loops, and main as calls of
// them.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/KernelWork.h"
#include "compiler/Lowering/Kernels/Table.h"
#include "compiler/Lowering/Passes.h"
#include "dialects/Device/DeviceDialect.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringMap.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTKERNELTOLOOPS
#define GEN_PASS_REGISTRATION
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// What an operation uses: its operands, then what its body takes from outside.
/// Numbers are repeated in the kernel function; everything else is handed to
/// it.
struct UsedValues {
  SmallVector<Value> captured;
  /// Operands first, one by one: which of them are the same buffer is no part
  /// of the kernel.
  SmallVector<Value> handedOver;
  SetVector<Value> numbers;

  explicit UsedValues(Operation *op) {
    SetVector<Value> outside;
    getUsedValuesDefinedAbove(op->getRegions(), outside);
    captured = outside.takeVector();
    for (Value value : op->getOperands())
      add(value);
    for (Value value : captured)
      add(value);
  }

  static bool isNumber(Value value) {
    return !isa<BaseMemRefType>(value.getType()) &&
           matchPattern(value, m_Constant());
  }

private:
  void add(Value value) {
    if (isNumber(value))
      numbers.insert(value);
    else
      handedOver.push_back(value);
  }
};

/// The same values in a function.
struct TakenValues {
  SmallVector<Value> operands;
  IRMapping captured;

  /// `takeOver` gives the next value that was handed over, which is of this
  /// type.
  TakenValues(OpBuilder &builder, Operation *op, const UsedValues &used,
              llvm::function_ref<Value(Type)> takeOver) {
    IRMapping numbers;
    for (Value number : used.numbers)
      builder.clone(*number.getDefiningOp(), numbers);
    auto take = [&](Value value) {
      Value number = numbers.lookupOrNull(value);
      return number ? number : takeOver(value.getType());
    };
    operands = llvm::map_to_vector(op->getOperands(), take);
    for (Value value : used.captured)
      captured.map(value, take(value));
  }
};

} // namespace

/// Whether a buffer begins at a multiple of `bufferAlignment`: it doesn't where
/// memory planning has put it into the middle of another one.
static bool isAligned(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>()) {
    if (auto place = dyn_cast<memref::ViewOp>(*view)) {
      std::optional<int64_t> shift = getConstantIntValue(place.getByteShift());
      if (!shift || *shift % bufferAlignment != 0)
        return false;
    }
    buffer = view.getViewSource();
  }
  return true;
}

static SmallVector<bool> getAlignedOperands(Operation *op) {
  return llvm::map_to_vector(op->getOperands(), isAligned);
}

/// Text that is equal for operations that differ in nothing but their buffers:
/// the operation in a function of its own.
static std::string getKey(Operation *op, const UsedValues &used) {
  MLIRContext *context = op->getContext();
  Location unknown = UnknownLoc::get(context);
  OpBuilder builder(context);
  OwningOpRef<func::FuncOp> function = func::FuncOp::create(
      unknown, "key",
      builder.getFunctionType(ValueRange(used.handedOver).getTypes(),
                              TypeRange()));
  builder.setInsertionPointToStart(function->addEntryBlock());
  ArrayRef<BlockArgument> arguments = function->getArguments();
  TakenValues taken(builder, op, used,
                    [&](Type) -> Value { return arguments.consume_front(); });
  Operation *alone = builder.clone(*op, taken.captured);
  alone->setOperands(taken.operands);
  // How many groups the layer has is no part of how it is computed.
  alone->removeAttr(layerGroupsAttribute);
  std::string key;
  llvm::raw_string_ostream stream(key);
  function->print(stream,
                  OpPrintingFlags().useLocalScope().printGenericOpForm());
  if (kernel::getTarget(op).isGpu())
    for (bool aligned : getAlignedOperands(op))
      stream << (aligned ? " aligned" : " anywhere");
  return key;
}

/// Whether a buffer begins at a place that is known only when the network runs.
/// A function takes it as the buffer around it and that place: alone, a pointer
/// says where the former begins.
static bool hasDynamicOffset(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  return buffer && ShapedType::isDynamic(buffer.getStridesAndOffset().second);
}

/// The types of the arguments for a value.
static SmallVector<Type> getArgumentTypes(Type type) {
  if (!hasDynamicOffset(type))
    return {type};
  return {MemRefType::get({}, cast<MemRefType>(type).getElementType()),
          IndexType::get(type.getContext())};
}

/// A value as the caller hands it over.
static SmallVector<Value> handOver(OpBuilder &builder, Location location,
                                   Value value) {
  if (!hasDynamicOffset(value.getType()))
    return {value};
  auto metadata =
      memref::ExtractStridedMetadataOp::create(builder, location, value);
  return {metadata.getBaseBuffer(), metadata.getOffset()};
}

/// A value of this type from the function's arguments, which it takes.
static Value takeOver(OpBuilder &builder, Location location, Type type,
                      ArrayRef<BlockArgument> &arguments) {
  Value first = arguments.consume_front();
  if (!hasDynamicOffset(type))
    return first;
  Value offset = arguments.consume_front();
  auto buffer = cast<MemRefType>(type);
  return memref::ReinterpretCastOp::create(
      builder, location, buffer, first, OpFoldResult(offset),
      getAsIndexOpFoldResult(type.getContext(), buffer.getShape()),
      getAsIndexOpFoldResult(type.getContext(),
                             buffer.getStridesAndOffset().first));
}

/// Whether an operation on buffers has no element to write.
static bool writesNothing(Operation *op) {
  SmallVector<Value> results;
  if (auto destinationOp = dyn_cast<DestinationStyleOpInterface>(op))
    results.append(destinationOp.getDpsInits().begin(),
                   destinationOp.getDpsInits().end());
  else if (auto copy = dyn_cast<memref::CopyOp>(op))
    results.push_back(copy.getTarget());
  return !results.empty() && llvm::all_of(results, [](Value result) {
    auto type = dyn_cast<MemRefType>(result.getType());
    return type && type.hasStaticShape() && type.getNumElements() == 0;
  });
}

namespace {

struct ConvertKernelToLoops
    : toeplitz::impl::ConvertKernelToLoopsBase<ConvertKernelToLoops> {
  ConvertKernelToLoops() = default;
  explicit ConvertKernelToLoops(ArrayRef<KernelLowering> others) {
    lowerings.append(others.begin(), others.end());
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = findMain(module);
    if (!main)
      return signalPassFailure();
    SmallVector<std::pair<Operation *, const KernelLowering *>> kernels;
    main.walk([&](Operation *op) {
      if (const KernelLowering *lowering = find(op))
        kernels.push_back({op, lowering});
    });
    SymbolTable symbols(module);
    llvm::StringMap<SmallVector<Step, 1>> written;
    for (auto [op, lowering] : kernels) {
      if (!writesNothing(op)) {
        UsedValues used(op);
        SmallVector<Step, 1> &steps = written[getKey(op, used)];
        if (steps.empty() &&
            failed(writeFunctions(op, used, *lowering, symbols, steps)))
          return signalPassFailure();
        for (const Step &step : steps)
          call(op, used, *lowering, step);
      }
      op->erase();
    }
  }

private:
  /// A function of a kernel, and its tasks.
  struct Step {
    func::FuncOp function;
    int64_t tasks;
  };

  const KernelLowering *find(Operation *op) {
    StringRef name = op->getName().getStringRef();
    for (ArrayRef<KernelLowering> table :
         {ArrayRef<KernelLowering>(lowerings), getKernelLowerings()})
      for (const KernelLowering &lowering : table)
        if (lowering.operation == name)
          return &lowering;
    return nullptr;
  }

  LogicalResult writeFunctions(Operation *op, const UsedValues &used,
                               const KernelLowering &lowering,
                               SymbolTable &symbols,
                               SmallVectorImpl<Step> &written) {
    std::pair<KernelStep, int64_t (*)(Operation *)> steps[] = {
        {KernelStep::Preparation, lowering.countPreparations},
        {KernelStep::Main, lowering.countTasks},
        {KernelStep::Completion, lowering.countCompletions}};
    for (auto [step, countTasks] : steps) {
      if (step != KernelStep::Main && (!countTasks || countTasks(op) == 0))
        continue;
      // (Which refuses what has no tasks.)
      func::FuncOp function = writeFunction(op, used, lowering, symbols, step);
      if (!function)
        return failure();
      written.push_back({function, countTasks(op)});
    }
    return success();
  }

  static StringRef getSuffix(KernelStep step) {
    switch (step) {
    case KernelStep::Preparation:
      return "_prepare";
    case KernelStep::Main:
      return "";
    case KernelStep::Completion:
      return "_complete";
    }
    llvm_unreachable("not a step");
  }

  static bool hasSlots(Operation *op, const KernelLowering &lowering) {
    return lowering.countSlots && lowering.countSlots(op) > 0;
  }

  func::FuncOp writeFunction(Operation *op, const UsedValues &used,
                             const KernelLowering &lowering,
                             SymbolTable &symbols, KernelStep step) {
    OpBuilder builder(&getContext());
    Location location = op->getLoc();
    bool slots = hasSlots(op, lowering);
    SmallVector<Type> types(slots ? 2 : 1, builder.getIndexType());
    for (Value value : used.handedOver) {
      auto buffer = dyn_cast<MemRefType>(value.getType());
      SmallVector<int64_t> strides;
      int64_t offset;
      if (buffer && (!buffer.hasStaticShape() ||
                     failed(buffer.getStridesAndOffset(strides, offset)) ||
                     llvm::is_contained(strides, ShapedType::kDynamic))) {
        op->emitOpError("uses a buffer whose shape or strides aren't known: ")
            << buffer;
        return {};
      }
      llvm::append_range(types, getArgumentTypes(value.getType()));
    }
    func::FuncOp function = func::FuncOp::create(
        location, getKernelName(op) + getSuffix(step).str(),
        builder.getFunctionType(types, TypeRange()));
    function.setPrivate();
    symbols.insert(function);
    Block *block = function.addEntryBlock();
    builder.setInsertionPointToStart(block);
    auto end = func::ReturnOp::create(builder, location);
    builder.setInsertionPoint(end);

    ArrayRef<BlockArgument> arguments =
        block->getArguments().drop_front(slots ? 2 : 1);
    TakenValues taken(builder, op, used, [&](Type type) {
      return takeOver(builder, location, type, arguments);
    });
    KernelBuilder kernel(
        builder, location, kernel::getTarget(op), block->getArgument(0),
        slots ? block->getArgument(1) : Value(), taken.operands);
    kernel.step = step;
    kernel.captured = std::move(taken.captured);
    kernel.buffersAligned = getAlignedOperands(op);
    if (failed(lowering.emit(op, kernel)))
      return {};
    if (kernel.blockThreads)
      function->setAttr("toeplitz.block_threads",
                        builder.getI64IntegerAttr(kernel.blockThreads));
    if (kernel.residentBlocks)
      function->setAttr("toeplitz.resident_blocks",
                        builder.getI64IntegerAttr(kernel.residentBlocks));
    return function;
  }

  static void call(Operation *op, const UsedValues &used,
                   const KernelLowering &lowering, const Step &step) {
    OpBuilder builder(op);
    Location location = op->getLoc();
    SmallVector<Value> arguments;
    for (Value value : used.handedOver)
      llvm::append_range(arguments, handOver(builder, location, value));
    auto callTask = [&](OpBuilder &builder, Value task, Value slot) {
      SmallVector<Value> operands = {task};
      if (slot)
        operands.push_back(slot);
      llvm::append_range(operands, arguments);
      func::CallOp::create(builder, location, step.function, operands);
    };
    if (step.tasks == 1) {
      Value zero = arith::ConstantIndexOp::create(builder, location, 0);
      callTask(builder, zero, hasSlots(op, lowering) ? zero : Value());
      return;
    }
    scf::ForallOp::create(
        builder, location,
        ArrayRef<OpFoldResult>{builder.getIndexAttr(step.tasks)},
        /*outputs=*/ValueRange(), /*mapping=*/std::nullopt,
        [&](OpBuilder &body, Location, ValueRange arguments) {
          Value slot;
          if (hasSlots(op, lowering))
            slot = kernel::SlotOp::create(body, location, body.getIndexType(),
                                          lowering.countSlots(op));
          callTask(body, arguments[0], slot);
          scf::InParallelOp::create(body, location);
        });
  }

  SmallVector<KernelLowering> lowerings;
};

} // namespace

std::unique_ptr<Pass>
toeplitz::createConvertKernelToLoops(ArrayRef<KernelLowering> lowerings) {
  return std::make_unique<ConvertKernelToLoops>(lowerings);
}

void toeplitz::registerLoweringPasses(ArrayRef<KernelLowering> lowerings) {
  registerApproximateMathPass();
  registerConvertDeviceToNvvmPass();
  registerConvertLaunchesToRuntimePass();
  registerConvertParallelToRuntimePass();
  registerConvertTilesToLLVMPass();
  registerCreateTensorMapsPass();
  registerEmulateGpuPass();
  registerExternalizeWeightsPass();
  registerGatherWeightsPass();
  registerLaunchOnGpuPass();
  registerLaunchSamplesPass();
  registerLinkLaunchesPass();
  registerLinkParallelKernelsPass();
  registerOutlineElementAccessesPass();
  registerSelectSamplePass();
  registerTimeKernelsPass();
  static SmallVector<KernelLowering> registered;
  registered.assign(lowerings.begin(), lowerings.end());
  registerPass([] { return createConvertKernelToLoops(registered); });
}
