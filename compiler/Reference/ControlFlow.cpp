// scf.for, scf.while and scf.if, of scalars and tensors.

#include "compiler/Reference/Compiler.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

/// A block and what it hands on.
struct Branch {
  /// Runs the block, and empties the places of the tensors that it made, so
  /// that who gets them is their only owner.
  FailureOr<SmallVector<Cell>> run(Frame &frame) const {
    if (failed(program.run(frame)))
      return failure();
    SmallVector<Cell> cells;
    for (Slot slot : yielded)
      cells.push_back(readCell(frame, slot));
    for (Slot slot : ownTensors)
      frame.tensor(slot).reset();
    return cells;
  }

  Program program;
  SmallVector<Slot> yielded;
  SmallVector<Slot> ownTensors;
};

struct ForLoop : Instruction {
  LogicalResult run(Frame &frame) const override;

  scf::ForOp op;
  Slot lower, upper, step, counter;
  SmallVector<Slot> initial;
  SmallVector<Slot> consumed; ///< initial tensors that only this loop uses
  SmallVector<Slot> arguments;
  SmallVector<Slot> results;
  Branch body;
};

struct WhileLoop : Instruction {
  LogicalResult run(Frame &frame) const override;

  SmallVector<Slot> initial;
  SmallVector<Slot> beforeArguments;
  Branch before; ///< yields the condition first
  SmallVector<Slot> arguments;
  Branch body;
  SmallVector<Slot> results;
};

struct IfBranches : Instruction {
  LogicalResult run(Frame &frame) const override {
    const Branch &branch =
        *frame.integers(condition) != 0 ? thenBranch : elseBranch;
    FailureOr<SmallVector<Cell>> cells = branch.run(frame);
    if (failed(cells))
      return failure();
    for (auto [slot, cell] : llvm::zip(results, *cells))
      writeCell(frame, slot, std::move(cell));
    return success();
  }

  Slot condition;
  SmallVector<Slot> results;
  Branch thenBranch;
  Branch elseBranch;
};

} // namespace

LogicalResult ForLoop::run(Frame &frame) const {
  int64_t by = *frame.integers(step), end = *frame.integers(upper);
  if (by <= 0)
    return scf::ForOp(op).emitError() << "a loop with step " << by;
  SmallVector<Cell> cells;
  for (Slot slot : initial)
    cells.push_back(readCell(frame, slot));
  for (Slot slot : consumed)
    frame.tensor(slot).reset();
  for (int64_t i = *frame.integers(lower); i < end; i += by) {
    *frame.integers(counter) = i;
    for (auto [slot, cell] : llvm::zip(arguments, cells))
      writeCell(frame, slot, std::move(cell));
    FailureOr<SmallVector<Cell>> next = body.run(frame);
    if (failed(next))
      return failure();
    cells = std::move(*next);
  }
  for (auto [slot, cell] : llvm::zip(results, cells))
    writeCell(frame, slot, std::move(cell));
  return success();
}

LogicalResult WhileLoop::run(Frame &frame) const {
  SmallVector<Cell> cells;
  for (Slot slot : initial)
    cells.push_back(readCell(frame, slot));
  auto runBlock = [&](ArrayRef<Slot> slots,
                      const Branch &block) -> LogicalResult {
    for (auto [slot, cell] : llvm::zip_equal(slots, cells))
      writeCell(frame, slot, std::move(cell));
    FailureOr<SmallVector<Cell>> next = block.run(frame);
    if (succeeded(next))
      cells = std::move(*next);
    return success(succeeded(next));
  };
  while (true) {
    if (failed(runBlock(beforeArguments, before)))
      return failure();
    bool goesOn = cells.front().integer != 0;
    cells.erase(cells.begin());
    if (!goesOn)
      break;
    if (failed(runBlock(arguments, body)))
      return failure();
  }
  for (auto [slot, cell] : llvm::zip_equal(results, cells))
    writeCell(frame, slot, std::move(cell));
  return success();
}

/// `inherited` are tensors from outside that the block may release.
static FailureOr<Branch> compileBranch(Compiler &compiler, Block &block,
                                       ArrayRef<Value> inherited) {
  FailureOr<Program> program = compiler.compileBlock(block, inherited);
  if (failed(program))
    return failure();
  Operation *terminator = block.getTerminator();
  auto yielded = compiler.lookup(terminator->getOperands(), terminator);
  if (failed(yielded))
    return failure();
  Branch branch;
  branch.program = std::move(*program);
  for (auto [value, slot] : llvm::zip(terminator->getOperands(), *yielded)) {
    bool isOwn = value.getParentBlock() == &block &&
                 !value.getDefiningOp<arith::ConstantOp>();
    if (slot.kind == Slot::Kind::Tensor &&
        (isOwn || llvm::is_contained(inherited, value)))
      branch.ownTensors.push_back(slot);
  }
  branch.yielded = std::move(*yielded);
  return branch;
}

/// The body and the results of a loop whose arguments are defined.
template <typename Loop>
static Compiled finishLoop(Compiler &compiler, Operation *op, Block &block,
                           std::unique_ptr<Loop> loop) {
  FailureOr<Branch> body = compileBranch(compiler, block, {});
  if (failed(body))
    return failure();
  loop->body = std::move(*body);
  auto results = compiler.define(op->getResults(), op);
  if (failed(results))
    return failure();
  loop->results = std::move(*results);
  return std::unique_ptr<Instruction>(std::move(loop));
}

static Compiled compileFor(Compiler &compiler, scf::ForOp op,
                           ArrayRef<Value> dying) {
  auto loop = std::make_unique<ForLoop>();
  loop->op = op;
  auto bounds = compiler.lookup(
      {op.getLowerBound(), op.getUpperBound(), op.getStep()}, op);
  auto initial = compiler.lookup(op.getInitArgs(), op);
  if (failed(bounds) || failed(initial))
    return failure();
  loop->lower = (*bounds)[0];
  loop->upper = (*bounds)[1];
  loop->step = (*bounds)[2];
  for (auto [value, slot] : llvm::zip(op.getInitArgs(), *initial)) {
    bool usedInside = llvm::any_of(value.getUsers(), [&](Operation *user) {
      return op->isProperAncestor(user);
    });
    if (llvm::is_contained(dying, value) && !usedInside)
      loop->consumed.push_back(slot);
  }
  loop->initial = std::move(*initial);

  auto counter = compiler.define(op.getInductionVar(), op);
  auto arguments = compiler.define(op.getRegionIterArgs(), op);
  if (failed(counter) || failed(arguments))
    return failure();
  loop->counter = *counter;
  loop->arguments = std::move(*arguments);
  return finishLoop(compiler, op, *op.getBody(), std::move(loop));
}

static Compiled compileWhile(Compiler &compiler, scf::WhileOp op) {
  auto loop = std::make_unique<WhileLoop>();
  auto initial = compiler.lookup(op.getInits(), op);
  auto beforeArguments = compiler.define(op.getBeforeArguments(), op);
  if (failed(initial) || failed(beforeArguments))
    return failure();
  loop->initial = std::move(*initial);
  loop->beforeArguments = std::move(*beforeArguments);
  FailureOr<Branch> before = compileBranch(compiler, *op.getBeforeBody(), {});
  if (failed(before))
    return failure();
  loop->before = std::move(*before);
  auto arguments = compiler.define(op.getAfterArguments(), op);
  if (failed(arguments))
    return failure();
  loop->arguments = std::move(*arguments);
  return finishLoop(compiler, op, *op.getAfterBody(), std::move(loop));
}

static Compiled compileIf(Compiler &compiler, scf::IfOp op,
                          ArrayRef<Value> dying) {
  auto branches = std::make_unique<IfBranches>();
  auto condition = compiler.lookup(op.getCondition(), op);
  if (failed(condition))
    return failure();
  branches->condition = *condition;
  FailureOr<Branch> thenBranch =
      compileBranch(compiler, *op.thenBlock(), dying);
  if (failed(thenBranch))
    return failure();
  branches->thenBranch = std::move(*thenBranch);
  if (Block *block = op.elseBlock()) {
    FailureOr<Branch> elseBranch = compileBranch(compiler, *block, dying);
    if (failed(elseBranch))
      return failure();
    branches->elseBranch = std::move(*elseBranch);
  }
  auto results = compiler.define(op.getResults(), op);
  if (failed(results))
    return failure();
  branches->results = std::move(*results);
  return std::unique_ptr<Instruction>(std::move(branches));
}

Compiled toeplitz::reference::compileControlFlow(Compiler &compiler,
                                                 Operation *op,
                                                 ArrayRef<Value> dying) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return compileFor(compiler, loop, dying);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return compileWhile(compiler, loop);
  if (auto branches = dyn_cast<scf::IfOp>(op))
    return compileIf(compiler, branches, dying);
  return std::unique_ptr<Instruction>();
}
