// The operations of the tensor dialect that make, cut, join and reshape whole
// tensors.

#include "compiler/Reference/Compiler.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

/// The offsets, sizes and strides of a slice: numbers, or slots of scalars.
struct SliceBox {
  static FailureOr<SliceBox> compile(Compiler &compiler,
                                     OffsetSizeAndStrideOpInterface op);

  /// The box in `tensor`. Emits an error if it doesn't lie inside.
  LogicalResult resolve(Frame &frame, const Tensor &tensor,
                        SmallVector<int64_t> &sizes, StridedView &view) const;

  Operation *op;
  SmallVector<int64_t> offsets, sizes, strides;
  SmallVector<Slot> offsetSlots, sizeSlots, strideSlots;
};

/// What all of these instructions have.
struct TensorInstruction : Instruction {
  Operation *op;
  SmallVector<Slot> operands;
  Slot result;
};

struct ExtractSlice : TensorInstruction {
  LogicalResult run(Frame &frame) const override;
  SliceBox box;
};

struct InsertSlice : TensorInstruction {
  LogicalResult run(Frame &frame) const override;
  SliceBox box;
};

struct Concatenate : TensorInstruction {
  LogicalResult run(Frame &frame) const override;
};

/// Casts, collapses and expansions: only the shape changes.
struct Reshape : TensorInstruction {
  LogicalResult run(Frame &frame) const override;
};

/// tensor.empty, tensor.splat and tensor.from_elements.
struct Create : TensorInstruction {
  LogicalResult run(Frame &frame) const override;
  SmallVector<Slot> sizes; ///< those that aren't static
};

} // namespace

static SmallVector<int64_t> readNumbers(ArrayRef<int64_t> numbers,
                                        ArrayRef<Slot> slots, Frame &frame) {
  SmallVector<int64_t> result(numbers);
  for (int64_t &number : result)
    if (ShapedType::isDynamic(number)) {
      number = *frame.integers(slots.front());
      slots = slots.drop_front();
    }
  return result;
}

FailureOr<SliceBox> SliceBox::compile(Compiler &compiler,
                                      OffsetSizeAndStrideOpInterface op) {
  SliceBox box;
  box.op = op;
  box.offsets = SmallVector<int64_t>(op.getStaticOffsets());
  box.sizes = SmallVector<int64_t>(op.getStaticSizes());
  box.strides = SmallVector<int64_t>(op.getStaticStrides());
  auto offsetSlots = compiler.lookup(op.getOffsets(), op);
  auto sizeSlots = compiler.lookup(op.getSizes(), op);
  auto strideSlots = compiler.lookup(op.getStrides(), op);
  if (failed(offsetSlots) || failed(sizeSlots) || failed(strideSlots))
    return failure();
  box.offsetSlots = std::move(*offsetSlots);
  box.sizeSlots = std::move(*sizeSlots);
  box.strideSlots = std::move(*strideSlots);
  return box;
}

LogicalResult SliceBox::resolve(Frame &frame, const Tensor &tensor,
                                SmallVector<int64_t> &boxSizes,
                                StridedView &view) const {
  boxSizes = readNumbers(sizes, sizeSlots, frame);
  SmallVector<int64_t> from = readNumbers(offsets, offsetSlots, frame);
  SmallVector<int64_t> steps = readNumbers(strides, strideSlots, frame);
  view.strides = rowMajorStrides(tensor.shape);
  for (size_t d = 0; d < boxSizes.size(); ++d) {
    int64_t last = from[d] + (boxSizes[d] - 1) * steps[d];
    int64_t size = tensor.shape[d];
    bool isInside = boxSizes[d] == 0 || (from[d] >= 0 && from[d] < size &&
                                         last >= 0 && last < size);
    if (boxSizes[d] < 0 || !isInside)
      return op->emitError()
             << "positions " << from[d] << " to " << last << " of dimension "
             << d << " are not in [0, " << size << ")";
    view.offset += from[d] * view.strides[d];
    view.strides[d] *= steps[d];
  }
  return success();
}

LogicalResult ExtractSlice::run(Frame &frame) const {
  const Tensor &source = *frame.tensor(operands[0]);
  SmallVector<int64_t> sizes;
  StridedView view;
  if (failed(box.resolve(frame, source, sizes, view)))
    return failure();
  auto slice = std::make_shared<Tensor>(source.type, sizes);
  copyBox(sizes, source, view, *slice, {0, rowMajorStrides(sizes)});
  // Dimensions of size one may be dropped, which ones is the type's business.
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (type.getRank() < slice->getRank()) {
    llvm::SmallBitVector dropped =
        cast<tensor::ExtractSliceOp>(op).getDroppedDims();
    SmallVector<int64_t> shape;
    for (size_t d = 0; d < sizes.size(); ++d)
      if (!dropped.test(d))
        shape.push_back(sizes[d]);
    slice->shape = shape;
  }
  frame.tensor(result) = std::move(slice);
  return success();
}

LogicalResult InsertSlice::run(Frame &frame) const {
  TensorPointer source = frame.tensor(operands[0]);
  SmallVector<int64_t> sizes;
  StridedView view;
  if (failed(box.resolve(frame, *frame.tensor(operands[1]), sizes, view)))
    return failure();
  if (product(sizes) != static_cast<int64_t>(source->size()))
    return op->emitError("inserts a tensor of another size than its place");
  TensorPointer target = makeUnique(take(frame, operands[1]));
  copyBox(sizes, *source, {0, rowMajorStrides(sizes)}, *target, view);
  frame.tensor(result) = std::move(target);
  return success();
}

LogicalResult Concatenate::run(Frame &frame) const {
  auto dimension = cast<tensor::ConcatOp>(op).getDim();
  const Tensor &first = *frame.tensor(operands[0]);
  SmallVector<int64_t> shape(first.shape);
  shape[dimension] = 0;
  for (Slot operand : operands)
    shape[dimension] += frame.tensor(operand)->shape[dimension];
  auto whole = std::make_shared<Tensor>(first.type, shape);
  StridedView view{0, rowMajorStrides(shape)};
  for (Slot operand : operands) {
    const Tensor &part = *frame.tensor(operand);
    copyBox(part.shape, part, {0, rowMajorStrides(part.shape)}, *whole, view);
    view.offset += part.shape[dimension] * view.strides[dimension];
  }
  frame.tensor(result) = std::move(whole);
  return success();
}

LogicalResult Reshape::run(Frame &frame) const {
  TensorPointer tensor = makeUnique(take(frame, operands[0]));
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  SmallVector<int64_t> shape(type.getShape());
  if (isa<tensor::CastOp>(op)) {
    // A cast says more, or less, about a shape that the tensor has already.
    for (auto [size, actual] : llvm::zip(shape, tensor->shape))
      if (!ShapedType::isDynamic(size) && size != actual)
        return op->emitError()
               << "a tensor of shape [" << ArrayRef<int64_t>(tensor->shape)
               << "] is cast to " << type;
    shape = tensor->shape;
  }
  if (!type.hasStaticShape() && !isa<tensor::CastOp>(op))
    return op->emitError(
        "the reference evaluator reshapes to static shapes only");
  if (product(shape) != static_cast<int64_t>(tensor->size()))
    return op->emitError() << "a tensor of shape ["
                           << ArrayRef<int64_t>(tensor->shape)
                           << "] doesn't fit " << type;
  tensor->shape = shape;
  frame.tensor(result) = std::move(tensor);
  return success();
}

LogicalResult Create::run(Frame &frame) const {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto tensor = std::make_shared<Tensor>(
      *getElementType(type), readNumbers(type.getShape(), sizes, frame));
  bool isSplat = isa<tensor::SplatOp>(op);
  for (size_t i = 0; i < tensor->size() && !operands.empty(); ++i) {
    Slot element = operands[isSplat ? 0 : i];
    if (element.kind == Slot::Kind::Float)
      tensor->values[i] = *frame.floats(element);
    else
      tensor->integers[i] = *frame.integers(element);
  }
  frame.tensor(result) = std::move(tensor);
  return success();
}

using Instructions = FailureOr<std::unique_ptr<TensorInstruction>>;

template <typename Slice>
static Instructions compileSlice(Compiler &compiler,
                                 OffsetSizeAndStrideOpInterface op) {
  FailureOr<SliceBox> box = SliceBox::compile(compiler, op);
  if (failed(box))
    return failure();
  auto slice = std::make_unique<Slice>();
  slice->box = std::move(*box);
  return std::unique_ptr<TensorInstruction>(std::move(slice));
}

static Instructions compileCreate(Compiler &compiler, Operation *op,
                                  ValueRange dynamicSizes) {
  auto sizes = compiler.lookup(dynamicSizes, op);
  if (failed(sizes))
    return failure();
  auto creation = std::make_unique<Create>();
  creation->sizes = std::move(*sizes);
  return std::unique_ptr<TensorInstruction>(std::move(creation));
}

Compiled toeplitz::reference::compileTensorOperation(Compiler &compiler,
                                                     Operation *op) {
  ValueRange read = op->getOperands();
  Instructions instruction =
      llvm::TypeSwitch<Operation *, Instructions>(op)
          .Case([&](tensor::ExtractSliceOp slice) {
            read = read.take_front(1);
            return compileSlice<ExtractSlice>(compiler, slice);
          })
          .Case([&](tensor::InsertSliceOp slice) {
            read = read.take_front(2);
            return compileSlice<InsertSlice>(compiler, slice);
          })
          .Case([&](tensor::ConcatOp) {
            return std::unique_ptr<TensorInstruction>(
                std::make_unique<Concatenate>());
          })
          .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::CastOp>(
              [&](auto) {
                read = read.take_front(1);
                return std::unique_ptr<TensorInstruction>(
                    std::make_unique<Reshape>());
              })
          .Case([&](tensor::EmptyOp empty) {
            read = {};
            return compileCreate(compiler, op, empty.getDynamicSizes());
          })
          .Case([&](tensor::SplatOp splat) {
            read = read.take_front(1);
            return compileCreate(compiler, op, splat.getDynamicSizes());
          })
          .Case([&](tensor::FromElementsOp) {
            return compileCreate(compiler, op, {});
          })
          .Default([](auto) { return std::unique_ptr<TensorInstruction>(); });
  if (failed(instruction))
    return failure();
  if (!*instruction)
    return std::unique_ptr<Instruction>();
  auto operands = compiler.lookup(read, op);
  if (failed(operands))
    return failure();
  auto result = compiler.define(op->getResult(0), op);
  if (failed(result))
    return failure();
  (*instruction)->op = op;
  (*instruction)->operands = std::move(*operands);
  (*instruction)->result = *result;
  return std::unique_ptr<Instruction>(std::move(*instruction));
}
