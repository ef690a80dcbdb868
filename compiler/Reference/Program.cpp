#include "compiler/Reference/Program.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace toeplitz::reference;

std::optional<Slot::Kind> toeplitz::reference::getSlotKind(Type type) {
  std::optional<ElementType> element = getElementType(type);
  if (!element)
    return std::nullopt;
  if (isa<RankedTensorType>(type))
    return Slot::Kind::Tensor;
  if (isa<ShapedType>(type))
    return std::nullopt;
  return isFloat(*element) ? Slot::Kind::Float : Slot::Kind::Integer;
}

Slot FrameLayout::add(Slot::Kind kind) {
  switch (kind) {
  case Slot::Kind::Float:
    return {kind, floats++};
  case Slot::Kind::Integer:
    return {kind, integers++};
  case Slot::Kind::Tensor:
    return {kind, tensors++};
  }
  llvm_unreachable("a kind of slot without a place");
}

Frame::Frame(const FrameLayout &layout, size_t width)
    : count(width), width(width), floatLanes(layout.floats * width),
      integerLanes(layout.integers * width), tensors(layout.tensors) {
  for (const auto &[slot, value] : layout.floatConstants)
    fill(slot, value);
  for (const auto &[slot, value] : layout.integerConstants)
    fill(slot, value);
}

void Frame::fill(Slot slot, double value) {
  std::fill_n(floats(slot), width, value);
}

void Frame::fill(Slot slot, int64_t value) {
  std::fill_n(integers(slot), width, value);
}

TensorPointer Instruction::take(Frame &frame, Slot slot) const {
  for (Slot last : dying)
    if (last.index == slot.index)
      return std::move(frame.tensor(slot));
  return frame.tensor(slot);
}

TensorPointer toeplitz::reference::makeUnique(TensorPointer tensor) {
  if (tensor.use_count() == 1)
    return tensor;
  return std::make_shared<Tensor>(*tensor);
}

LogicalResult Program::run(Frame &frame) const {
  for (const std::unique_ptr<Instruction> &instruction : instructions) {
    if (failed(instruction->run(frame)))
      return failure();
    for (Slot slot : instruction->dying)
      frame.tensor(slot).reset();
  }
  return success();
}

Cell toeplitz::reference::readCell(Frame &frame, Slot slot) {
  Cell cell;
  switch (slot.kind) {
  case Slot::Kind::Float:
    cell.floating = *frame.floats(slot);
    break;
  case Slot::Kind::Integer:
    cell.integer = *frame.integers(slot);
    break;
  case Slot::Kind::Tensor:
    cell.tensor = frame.tensor(slot);
    break;
  }
  return cell;
}

void toeplitz::reference::writeCell(Frame &frame, Slot slot, Cell cell) {
  switch (slot.kind) {
  case Slot::Kind::Float:
    frame.fill(slot, cell.floating);
    break;
  case Slot::Kind::Integer:
    frame.fill(slot, cell.integer);
    break;
  case Slot::Kind::Tensor:
    frame.tensor(slot) = std::move(cell.tensor);
    break;
  }
}
