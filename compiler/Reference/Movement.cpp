// The operations that move values without computing: padding, broadcasting,
// concatenation, reshaping, transposition, slicing.

#include "compiler/Reference/Operators.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

/// A tensor of shape `shape` whose value at each index is that of `source` at
/// the index which `map` writes into its second argument, or `fill` where `map`
/// says false.
static Tensor
gather(const Tensor &source, ArrayRef<int64_t> shape, double fill,
       function_ref<bool(ArrayRef<int64_t>, MutableArrayRef<int64_t>)> map) {
  Tensor result(shape);
  SmallVector<int64_t> strides = rowMajorStrides(source.shape);
  SmallVector<int64_t> from(source.shape.size());
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t place) {
    if (!map(index, from)) {
      result.values[place] = fill;
      return;
    }
    int64_t at = 0;
    for (size_t d = 0; d < from.size(); ++d)
      at += from[d] * strides[d];
    result.values[place] = source.values[at];
  });
  return result;
}

/// The position of the input that stands at `position`, which may be outside of
/// it; false where there is none.
static bool resolvePosition(int64_t &position, int64_t size,
                            cnn::PaddingMode mode) {
  if (position >= 0 && position < size)
    return true;
  switch (mode) {
  case cnn::PaddingMode::Zeros:
    return false;
  case cnn::PaddingMode::Circular:
    position = position < 0 ? position + size : position - size;
    return true;
  case cnn::PaddingMode::Reflect:
    position = position < 0 ? -position : 2 * (size - 1) - position;
    return true;
  case cnn::PaddingMode::Replicate:
    position = position < 0 ? 0 : size - 1;
    return true;
  }
  llvm_unreachable("a padding mode without a definition");
}

Tensor toeplitz::reference::pad(const Tensor &input, ArrayRef<int64_t> low,
                                ArrayRef<int64_t> high, cnn::PaddingMode mode,
                                double value) {
  SmallVector<int64_t> shape(input.shape);
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += low[d] + high[d];
  if (shape == input.shape)
    return input;
  return gather(input, shape, value,
                [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                  for (size_t d = 0; d < from.size(); ++d) {
                    from[d] = index[d] - low[d];
                    if (!resolvePosition(from[d], input.shape[d], mode))
                      return false;
                  }
                  return true;
                });
}

static Tensor broadcast(const Tensor &input, ArrayRef<int64_t> shape) {
  return gather(input, shape, 0.0,
                [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                  for (size_t d = 0; d < from.size(); ++d)
                    from[d] = input.shape[d] == 1 ? 0 : index[d];
                  return true;
                });
}

static Tensor concatenate(tensor::ConcatOp op, Operands operands) {
  Tensor result(resultShape(op));
  auto dimension = static_cast<int64_t>(op.getDim());
  SmallVector<int64_t> strides = rowMajorStrides(result.shape);
  int64_t offset = 0;
  for (const Tensor *operand : operands) {
    forEachIndex(operand->shape, [&](ArrayRef<int64_t> index, int64_t place) {
      int64_t at = offset * strides[dimension];
      for (size_t d = 0; d < index.size(); ++d)
        at += index[d] * strides[d];
      result.values[at] = operand->values[place];
    });
    offset += operand->shape[dimension];
  }
  return result;
}

/// Reshapes keep the row-major order: only the shape changes.
static Tensor reshape(const Tensor &input, ArrayRef<int64_t> shape) {
  Tensor result = input;
  result.shape.assign(shape.begin(), shape.end());
  return result;
}

static Tensor transpose(linalg::TransposeOp op, const Tensor &input) {
  return gather(input, resultShape(op), 0.0,
                [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                  for (auto [to, dimension] :
                       llvm::enumerate(op.getPermutation()))
                    from[dimension] = index[to];
                  return true;
                });
}

/// nullopt if an offset or a stride is not a constant, or if the slice drops
/// dimensions.
static std::optional<Tensor> slice(tensor::ExtractSliceOp op,
                                   const Tensor &input) {
  if (op.getNumOperands() != 1 || op.getType().getRank() != input.getRank())
    return std::nullopt;
  return gather(input, resultShape(op), 0.0,
                [&](ArrayRef<int64_t> index, MutableArrayRef<int64_t> from) {
                  for (size_t d = 0; d < from.size(); ++d)
                    from[d] = op.getStaticOffset(d) +
                              index[d] * op.getStaticStride(d);
                  return true;
                });
}

std::optional<Tensor> toeplitz::reference::evaluateMovement(Operation *op,
                                                            Operands operands) {
  if (auto padding = dyn_cast<cnn::PadOp>(op))
    return pad(*operands[0], padding.getLow(), padding.getHigh(),
               padding.getMode(), padding.getValue().convertToDouble());
  if (isa<cnn::BroadcastOp>(op))
    return broadcast(*operands[0], resultShape(op));
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return concatenate(concat, operands);
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return reshape(*operands[0], resultShape(op));
  if (auto permutation = dyn_cast<linalg::TransposeOp>(op))
    return transpose(permutation, *operands[0]);
  if (auto extraction = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice(extraction, *operands[0]);
  if (isa<tensor::EmptyOp>(op))
    return Tensor(resultShape(op));
  return std::nullopt;
}
