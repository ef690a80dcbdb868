// Makes kernels of what reads and writes single elements in @main.
//
// Loops of a network whose steps depend on each other stand in @main as they
// were written: a scatter, in which a later step may write where an earlier one
// did. A CPU computes them there, a GPU in a kernel of one thread.
//
// The host of a GPU is left with the elements that it needs itself, to decide
// which kernels run, say. It reads them from the memory of the GPU one by one.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace toeplitz {
#define GEN_PASS_DEF_OUTLINEELEMENTACCESSES
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static bool isAccess(Operation *op) {
  return isa<memref::LoadOp, memref::StoreOp>(op);
}

/// Whether an operation, with all that is inside of it, accesses single
/// elements and does nothing else to memory.
static bool accessesElements(Operation *op) {
  if (isAccess(op))
    return true;
  if (op->getNumRegions() == 0)
    return false;
  bool accesses = false;
  WalkResult result = op->walk([&](Operation *inside) {
    if (isAccess(inside))
      accesses = true;
    else if (!isMemoryEffectFree(inside) &&
             !inside->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return accesses && !result.wasInterrupted();
}

static bool writesElements(Operation *op) {
  return op->walk([](memref::StoreOp) { return WalkResult::interrupt(); })
      .wasInterrupted();
}

/// Views whose place is known only when the network runs are made where they
/// are used: a pointer alone doesn't say where they begin.
static bool isRepeated(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || !isMemoryEffectFree(op))
    return false;
  auto buffer = dyn_cast<MemRefType>(value.getType());
  if (!buffer)
    return matchPattern(value, m_Constant());
  return isa<ViewLikeOpInterface>(op) &&
         ShapedType::isDynamic(buffer.getStridesAndOffset().second);
}

namespace {

struct OutlineElementAccesses
    : toeplitz::impl::OutlineElementAccessesBase<OutlineElementAccesses> {
  void runOnOperation() override {
    func::FuncOp main = findMain(getOperation());
    if (!main)
      return signalPassFailure();
    SymbolTable table(getOperation());
    symbols = &table;
    outlineIn(main.getBody().front());
  }

private:
  /// Operations one after another, with none in between that another could
  /// depend on.
  using Run = SetVector<Operation *>;

  void outlineIn(Block &block) {
    Run run;
    for (Operation &op : llvm::make_early_inc_range(block)) {
      bool dependsOnRun = llvm::any_of(op.getOperands(), [&](Value operand) {
        return run.contains(operand.getDefiningOp());
      });
      if (accessesElements(&op) || (isMemoryEffectFree(&op) && dependsOnRun &&
                                    !op.hasTrait<OpTrait::IsTerminator>())) {
        run.insert(&op);
        continue;
      }
      if (isMemoryEffectFree(&op) && !op.hasTrait<OpTrait::IsTerminator>())
        continue;
      outline(run);
      run.clear();
      if (isa<scf::ForallOp>(op))
        continue;
      for (Region &region : op.getRegions())
        for (Block &inside : region)
          outlineIn(inside);
    }
    outline(run);
  }

  /// What computes the numbers of a run that somebody outside of it needs.
  static DenseSet<Operation *> findNeeded(const Run &run) {
    DenseSet<Operation *> needed;
    for (Operation *op : llvm::reverse(run))
      for (Operation *user : op->getUsers()) {
        Operation *inBlock = op->getBlock()->findAncestorOpInBlock(*user);
        if (!run.contains(inBlock) || needed.contains(inBlock))
          needed.insert(op);
      }
    return needed;
  }

  /// Moves a run into a function of its own, or the parts of it that compute
  /// nothing that the host needs.
  void outline(const Run &run) {
    DenseSet<Operation *> needed = findNeeded(run);
    if (needed.empty()) {
      if (llvm::any_of(run, accessesElements))
        makeKernel(run);
      return;
    }
    Run part;
    for (Operation *op : run) {
      if (!needed.contains(op)) {
        part.insert(op);
        continue;
      }
      // What the host reads has been written before, and nothing else yet.
      if (!isMemoryEffectFree(op) &&
          (writesElements(op) || llvm::any_of(part, writesElements))) {
        outline(part);
        part.clear();
      }
      for (Region &region : op->getRegions())
        for (Block &inside : region)
          outlineIn(inside);
    }
    outline(part);
  }

  void makeKernel(const Run &run) {
    SetVector<Value> taken, repeated;
    for (Operation *op : run) {
      for (Value operand : op->getOperands())
        take(operand, run, taken, repeated);
      SetVector<Value> captured;
      getUsedValuesDefinedAbove(op->getRegions(), captured);
      for (Value value : captured)
        take(value, run, taken, repeated);
    }
    move(run, taken, repeated);
  }

  static void take(Value value, const Run &run, SetVector<Value> &taken,
                   SetVector<Value> &repeated) {
    if (run.contains(value.getDefiningOp()))
      return;
    if (!isRepeated(value)) {
      taken.insert(value);
      return;
    }
    // What it is made of comes first.
    for (Value operand : value.getDefiningOp()->getOperands())
      take(operand, run, taken, repeated);
    repeated.insert(value);
  }

  void move(const Run &run, const SetVector<Value> &taken,
            const SetVector<Value> &repeated) {
    Operation *first = run.front();
    Location location = first->getLoc();
    OpBuilder builder(&getContext());
    SmallVector<Type> types = {builder.getIndexType()};
    llvm::append_range(types, ValueRange(taken.getArrayRef()).getTypes());
    auto function =
        func::FuncOp::create(location, getKernelName(first),
                             builder.getFunctionType(types, TypeRange()));
    function.setPrivate();
    symbols->insert(function);
    Block *body = function.addEntryBlock();
    IRMapping inside;
    inside.map(taken.getArrayRef(), body->getArguments().drop_front());
    builder.setInsertionPointToStart(body);
    for (Value value : repeated)
      builder.clone(*value.getDefiningOp(), inside);
    for (Operation *op : run)
      builder.clone(*op, inside);
    func::ReturnOp::create(builder, location);

    builder.setInsertionPoint(run.back());
    SmallVector<Value> arguments = {
        arith::ConstantIndexOp::create(builder, location, 0)};
    llvm::append_range(arguments, taken);
    func::CallOp::create(builder, location, function, arguments);
    for (Operation *op : llvm::reverse(run))
      op->erase();
  }

  SymbolTable *symbols = nullptr;
};

} // namespace
