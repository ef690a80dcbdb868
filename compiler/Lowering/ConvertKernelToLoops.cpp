// Writes each distinct kernel as a function of loops, and main as calls of
// them.

#include "compiler/Lowering/Kernels/Table.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/StringMap.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTKERNELTOLOOPS
#define GEN_PASS_REGISTRATION
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// The name of the layer that an operation belongs to, as a symbol; the
/// operation's name if it has none.
static std::string getKernelName(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  if (auto layer = op->getLoc()->findInstanceOf<NameLoc>())
    name = layer.getName().str();
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_')
      c = '_';
  return "kernel_" + name;
}

/// Text that is equal for operations that differ in nothing but their buffers:
/// the operation in a function of its own.
static FailureOr<std::string> getKey(Operation *op) {
  MLIRContext *context = op->getContext();
  Location unknown = UnknownLoc::get(context);
  OpBuilder builder(context);
  OwningOpRef<func::FuncOp> function = func::FuncOp::create(
      unknown, "key",
      builder.getFunctionType(op->getOperandTypes(), TypeRange()));
  builder.setInsertionPointToStart(function->addEntryBlock());
  IRMapping mapping;
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured) {
    Operation *constant = value.getDefiningOp();
    if (!constant || !matchPattern(value, m_Constant()))
      return op->emitOpError("uses a value from outside that is no constant");
    builder.clone(*constant, mapping);
  }
  Operation *clone = builder.clone(*op, mapping);
  clone->setOperands(function->getArguments());
  std::string key;
  llvm::raw_string_ostream stream(key);
  function->print(stream,
                  OpPrintingFlags().useLocalScope().printGenericOpForm());
  return key;
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
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main) {
      module.emitError("expected a function @main, the network");
      return signalPassFailure();
    }
    SymbolTable symbols(module);
    llvm::StringMap<func::FuncOp> functions;
    for (Operation &op : llvm::make_early_inc_range(main.getBody().front())) {
      const KernelLowering *lowering = find(&op);
      if (!lowering)
        continue;
      FailureOr<std::string> key = getKey(&op);
      if (failed(key))
        return signalPassFailure();
      func::FuncOp &function = functions[*key];
      if (!function) {
        function = writeFunction(&op, *lowering, symbols);
        if (!function)
          return signalPassFailure();
      }
      call(&op, *lowering, function);
      op.erase();
    }
  }

private:
  const KernelLowering *find(Operation *op) {
    StringRef name = op->getName().getStringRef();
    for (ArrayRef<KernelLowering> table :
         {ArrayRef<KernelLowering>(lowerings), getKernelLowerings()})
      for (const KernelLowering &lowering : table)
        if (lowering.operation == name)
          return &lowering;
    return nullptr;
  }

  func::FuncOp writeFunction(Operation *op, const KernelLowering &lowering,
                             SymbolTable &symbols) {
    OpBuilder builder(&getContext());
    SmallVector<Type> types = {builder.getIndexType()};
    llvm::append_range(types, op->getOperandTypes());
    func::FuncOp function =
        func::FuncOp::create(op->getLoc(), getKernelName(op),
                             builder.getFunctionType(types, TypeRange()));
    function.setPrivate();
    symbols.insert(function);
    Block *block = function.addEntryBlock();
    builder.setInsertionPointToStart(block);
    auto end = func::ReturnOp::create(builder, op->getLoc());
    builder.setInsertionPoint(end);
    KernelBuilder kernel(builder, op->getLoc(), kernel::getTarget(op),
                         block->getArgument(0),
                         block->getArguments().drop_front());
    if (failed(lowering.emit(op, kernel)))
      return {};
    return function;
  }

  static void call(Operation *op, const KernelLowering &lowering,
                   func::FuncOp function) {
    OpBuilder builder(op);
    Location location = op->getLoc();
    int64_t tasks = lowering.countTasks(op);
    auto callTask = [&](OpBuilder &builder, Value task) {
      SmallVector<Value> operands = {task};
      llvm::append_range(operands, op->getOperands());
      func::CallOp::create(builder, location, function, operands);
    };
    if (tasks == 1) {
      callTask(builder, arith::ConstantIndexOp::create(builder, location, 0));
      return;
    }
    scf::ForallOp::create(builder, location,
                          ArrayRef<OpFoldResult>{builder.getIndexAttr(tasks)},
                          /*outputs=*/ValueRange(), /*mapping=*/std::nullopt,
                          [&](OpBuilder &body, Location, ValueRange arguments) {
                            callTask(body, arguments[0]);
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
  registerConvertParallelToRuntimePass();
  registerExternalizeWeightsPass();
  registerLinkParallelKernelsPass();
  static SmallVector<KernelLowering> registered;
  registered.assign(lowerings.begin(), lowerings.end());
  registerPass([] { return createConvertKernelToLoops(registered); });
}
