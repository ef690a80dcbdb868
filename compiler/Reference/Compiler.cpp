#include "compiler/Reference/Compiler.h"
#include "compiler/Reference/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

/// Reads a constant into a tensor: where it is first used rather than where it
/// stands, so that a large network's weights are never all there as doubles.
struct ReadConstant : Instruction {
  ReadConstant(arith::ConstantOp op, Slot result) : op(op), result(result) {}

  LogicalResult run(Frame &frame) const override {
    arith::ConstantOp constant = op;
    std::optional<Tensor> tensor = constantTensor(constant.getValue());
    if (!tensor)
      return constant.emitError(
          "the reference evaluator can't read this constant: it takes tensors "
          "that are dense or whose resource is present");
    frame.tensor(result) = std::make_shared<Tensor>(std::move(*tensor));
    return success();
  }

  arith::ConstantOp op;
  Slot result;
};

} // namespace

FailureOr<Slot> Compiler::define(Value value, Operation *op) {
  std::optional<Slot::Kind> kind = getSlotKind(value.getType());
  if (!kind)
    return op->emitError() << "the reference evaluator has no values of type "
                           << value.getType();
  return slots[value] = layout.add(*kind);
}

FailureOr<SmallVector<Slot>> Compiler::define(ValueRange values,
                                              Operation *op) {
  SmallVector<Slot> result;
  for (Value value : values) {
    FailureOr<Slot> slot = define(value, op);
    if (failed(slot))
      return failure();
    result.push_back(*slot);
  }
  return result;
}

FailureOr<Slot> Compiler::lookup(Value value, Operation *user) {
  if (auto found = slots.find(value); found != slots.end())
    return found->second;
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (constant && !isa<ShapedType>(value.getType())) {
    FailureOr<Slot> slot = define(value, user);
    if (failed(slot))
      return failure();
    Tensor scalar = *constantTensor(constant.getValue());
    if (slot->kind == Slot::Kind::Float)
      layout.floatConstants.push_back({*slot, scalar.values.front()});
    else
      layout.integerConstants.push_back({*slot, scalar.integers.front()});
    return slot;
  }
  if (!parent)
    return user->emitError(
        "uses a value that the reference evaluator doesn't have");
  FailureOr<Slot> outer = parent->lookup(value, user);
  if (failed(outer))
    return failure();
  FailureOr<Slot> inner = define(value, user);
  if (succeeded(inner))
    captures.push_back({*outer, *inner});
  return inner;
}

FailureOr<SmallVector<Slot>> Compiler::lookup(ValueRange values,
                                              Operation *user) {
  SmallVector<Slot> result;
  for (Value value : values) {
    FailureOr<Slot> slot = lookup(value, user);
    if (failed(slot))
      return failure();
    result.push_back(*slot);
  }
  return result;
}

Slot Compiler::getIndexSlot(int64_t dimension) {
  auto [found, isNew] = indexSlots.try_emplace(dimension);
  if (isNew)
    found->second = layout.add(Slot::Kind::Integer);
  return found->second;
}

LogicalResult Compiler::readConstant(Value value, Program &program) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant || !isa<ShapedType>(value.getType()) || slots.contains(value))
    return success();
  FailureOr<Slot> slot = define(value, constant);
  if (failed(slot))
    return failure();
  program.instructions.push_back(
      std::make_unique<ReadConstant>(constant, *slot));
  return success();
}

LogicalResult Compiler::readConstants(Operation *op, Program &program) {
  WalkResult result = op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (failed(readConstant(operand, program)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult Compiler::compileOperation(Operation *op, ArrayRef<Value> dying,
                                         Program &program) {
  if (isa<arith::ConstantOp>(op))
    return success(); // Read where it is used.
  if (auto index = dyn_cast<linalg::IndexOp>(op)) {
    alias(index, getIndexSlot(static_cast<int64_t>(index.getDim())));
    return success();
  }
  Compiled compiled = compileArithmetic(*this, op);
  if (succeeded(compiled) && !*compiled)
    compiled = compileElementAccess(*this, op);
  if (succeeded(compiled) && !*compiled)
    compiled = compileControlFlow(*this, op, dying);
  if (succeeded(compiled) && !*compiled)
    compiled = compileIteration(*this, op);
  if (succeeded(compiled) && !*compiled)
    compiled = compileTensorOperation(*this, op);
  if (succeeded(compiled) && !*compiled)
    compiled = compileNetworkOperation(*this, op);
  if (failed(compiled))
    return failure();
  if (!*compiled)
    return op->emitError() << "the reference evaluator doesn't know '"
                           << op->getName() << "'";
  for (Value value : dying)
    (*compiled)->dying.push_back(slots.lookup(value));
  program.instructions.push_back(std::move(*compiled));
  return success();
}

FailureOr<Program> Compiler::compileSequence(ArrayRef<Operation *> operations,
                                             ValueRange kept,
                                             ArrayRef<Value> inherited) {
  ++depth;
  llvm::DenseSet<Value> keptValues(kept.begin(), kept.end());
  // Those of tensors that have a place in this sequence: its block's own, and
  // on the outermost level all constants.
  auto belongsHere = [&](Value value) {
    if (!isa<RankedTensorType>(value.getType()) || keptValues.contains(value))
      return false;
    if (llvm::is_contained(inherited, value))
      return true;
    if (value.getDefiningOp<arith::ConstantOp>())
      return isOutermost();
    return value.getParentBlock() == operations.front()->getBlock();
  };
  llvm::MapVector<Value, size_t> lastUses;
  for (auto [place, op] : llvm::enumerate(operations))
    op->walk([&, place = place](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (belongsHere(operand))
          lastUses[operand] = place;
    });
  std::vector<SmallVector<Value, 2>> dyingValues(operations.size());
  for (auto [value, place] : lastUses)
    dyingValues[place].push_back(value);

  Program program;
  for (auto [place, op] : llvm::enumerate(operations)) {
    if (isOutermost() && failed(readConstants(op, program)))
      return failure();
    if (failed(compileOperation(op, dyingValues[place], program)))
      return failure();
  }
  if (isOutermost())
    for (Value value : kept)
      if (failed(readConstant(value, program)))
        return failure();
  --depth;
  return program;
}

FailureOr<Program> Compiler::compileBlock(Block &block,
                                          ArrayRef<Value> inherited) {
  SmallVector<Operation *> operations;
  for (Operation &op : block.without_terminator())
    operations.push_back(&op);
  return compileSequence(operations, block.getTerminator()->getOperands(),
                         inherited);
}
