// Single elements of tensors, and their sizes.

#include "compiler/Reference/Compiler.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

/// What names an element of a tensor: the slots of its index.
struct ElementPlace {
  /// The place in row-major order for a lane. Emits an error for an index that
  /// is outside of the tensor.
  FailureOr<int64_t> resolve(Frame &frame, const Tensor &tensor,
                             size_t lane) const {
    int64_t place = 0;
    for (auto [dimension, slot] : llvm::enumerate(indices)) {
      int64_t index = frame.integers(slot)[lane];
      int64_t size = tensor.shape[dimension];
      if (index < 0 || index >= size)
        return op->emitError() << "index " << index << " of dimension "
                               << dimension << " is not in [0, " << size << ")";
      place = place * size + index;
    }
    return place;
  }

  Operation *op;
  SmallVector<Slot> indices;
};

struct ExtractElement : Instruction {
  LogicalResult run(Frame &frame) const override {
    const Tensor &source = *frame.tensor(tensor);
    bool isFloating = result.kind == Slot::Kind::Float;
    for (size_t lane = 0; lane < frame.count; ++lane) {
      FailureOr<int64_t> at = place.resolve(frame, source, lane);
      if (failed(at))
        return failure();
      if (isFloating)
        frame.floats(result)[lane] = source.values[*at];
      else
        frame.integers(result)[lane] = source.integers[*at];
    }
    return success();
  }

  Slot tensor;
  ElementPlace place;
  Slot result;
};

struct InsertElement : Instruction {
  LogicalResult run(Frame &frame) const override {
    FailureOr<int64_t> at = place.resolve(frame, *frame.tensor(tensor), 0);
    if (failed(at))
      return failure();
    TensorPointer target = makeUnique(take(frame, tensor));
    if (element.kind == Slot::Kind::Float)
      target->values[*at] = *frame.floats(element);
    else
      target->integers[*at] = *frame.integers(element);
    frame.tensor(result) = std::move(target);
    return success();
  }

  Slot element;
  Slot tensor;
  ElementPlace place;
  Slot result;
};

struct ReadSize : Instruction {
  LogicalResult run(Frame &frame) const override {
    const Tensor &source = *frame.tensor(tensor);
    for (size_t lane = 0; lane < frame.count; ++lane) {
      int64_t at = frame.integers(dimension)[lane];
      if (at < 0 || at >= source.getRank())
        return op->emitError() << "dimension " << at << " of a tensor of rank "
                               << source.getRank();
      frame.integers(result)[lane] = source.shape[at];
    }
    return success();
  }

  Operation *op;
  Slot tensor;
  Slot dimension;
  Slot result;
};

} // namespace

Compiled toeplitz::reference::compileElementAccess(Compiler &compiler,
                                                   Operation *op) {
  if (!isa<tensor::ExtractOp, tensor::InsertOp, tensor::DimOp>(op))
    return std::unique_ptr<Instruction>();
  auto operands = compiler.lookup(op->getOperands(), op);
  if (failed(operands))
    return failure();
  auto result = compiler.define(op->getResult(0), op);
  if (failed(result))
    return failure();
  ArrayRef<Slot> slots = *operands;
  std::unique_ptr<Instruction> instruction;
  if (isa<tensor::ExtractOp>(op)) {
    auto extraction = std::make_unique<ExtractElement>();
    extraction->tensor = slots[0];
    extraction->place = {op, SmallVector<Slot>(slots.drop_front())};
    extraction->result = *result;
    instruction = std::move(extraction);
  } else if (isa<tensor::InsertOp>(op)) {
    auto insertion = std::make_unique<InsertElement>();
    insertion->element = slots[0];
    insertion->tensor = slots[1];
    insertion->place = {op, SmallVector<Slot>(slots.drop_front(2))};
    insertion->result = *result;
    instruction = std::move(insertion);
  } else {
    auto reading = std::make_unique<ReadSize>();
    reading->op = op;
    reading->tensor = slots[0];
    reading->dimension = slots[1];
    reading->result = *result;
    instruction = std::move(reading);
  }
  return instruction;
}
