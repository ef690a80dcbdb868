// Interpolation: each output mixes the corners of the cell of the input in
// which it falls.

#include "compiler/Reference/Operators.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

namespace {

/// Where one dimension of an output reads: `weight` of `upper` and the rest of
/// `lower`.
struct Neighbours {
  int64_t lower = 0;
  int64_t upper = 0;
  double weight = 0.0;
};

} // namespace

static Neighbours neighbours(cnn::ResizeOp op, int64_t position,
                             int64_t outputSize, int64_t inputSize) {
  if (op.getMode() == cnn::ResizeMode::Nearest) {
    int64_t nearest = position * inputSize / outputSize;
    return {nearest, nearest, 0.0};
  }
  auto o = static_cast<double>(position);
  auto to = static_cast<double>(outputSize);
  auto from = static_cast<double>(inputSize);
  double x;
  if (op.getAlignCorners())
    x = outputSize == 1 ? 0.0 : o * (from - 1.0) / (to - 1.0);
  else
    x = std::max(0.0, (o + 0.5) * from / to - 0.5);
  auto lower = std::min(static_cast<int64_t>(std::floor(x)), inputSize - 1);
  return {lower, std::min(lower + 1, inputSize - 1),
          x - static_cast<double>(lower)};
}

std::optional<Tensor> toeplitz::reference::evaluateResize(Operation *op,
                                                          Operands operands) {
  auto resize = dyn_cast<cnn::ResizeOp>(op);
  if (!resize)
    return std::nullopt;
  const Tensor &input = *operands[0];
  Tensor result(resultShape(op));
  SmallVector<int64_t> strides = rowMajorStrides(input.shape);
  int64_t dimensions = input.getRank() - 2;

  forEachIndex(result.shape, [&](ArrayRef<int64_t> index, int64_t place) {
    // The bits of `corner` say for each dimension which neighbour to read.
    double sum = 0.0;
    for (int64_t corner = 0; corner < int64_t(1) << dimensions; ++corner) {
      int64_t at = index[0] * strides[0] + index[1] * strides[1];
      double weight = 1.0;
      for (int64_t d = 0; d < dimensions; ++d) {
        Neighbours pair = neighbours(resize, index[d + 2], result.shape[d + 2],
                                     input.shape[d + 2]);
        bool upper = corner >> d & 1;
        at += (upper ? pair.upper : pair.lower) * strides[d + 2];
        weight *= upper ? pair.weight : 1.0 - pair.weight;
      }
      if (weight != 0.0)
        sum += weight * input.values[at];
    }
    result.values[place] = sum;
  });
  return result;
}
