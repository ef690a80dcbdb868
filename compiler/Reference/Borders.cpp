// cnn.pad and cnn.broadcast: values at positions where the input has none.

#include "compiler/Reference/Operators.h"

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

std::optional<Tensor> toeplitz::reference::evaluateBorders(Operation *op,
                                                           Operands operands) {
  if (auto padding = dyn_cast<cnn::PadOp>(op))
    return pad(*operands[0], padding.getLow(), padding.getHigh(),
               padding.getMode(), padding.getValue().convertToDouble());
  if (isa<cnn::BroadcastOp>(op))
    return broadcast(*operands[0], resultShape(op));
  return std::nullopt;
}
