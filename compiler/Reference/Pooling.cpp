// Pooling: each output looks at every position of its window and tests where it
// lies.

#include "compiler/Reference/Operators.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

namespace {

/// What a window has seen so far.
struct WindowState {
  double largest = -std::numeric_limits<double>::infinity();
  double sum = 0.0;
  double powerSum = 0.0;
  int64_t inside = 0;   ///< positions inside the input
  int64_t included = 0; ///< positions inside the input or its padding

  void add(double value, double exponent) {
    // A NaN is larger than everything, so that it is not lost.
    if (value > largest || std::isnan(value))
      largest = value;
    sum += value;
    powerSum += std::pow(std::abs(value), exponent);
    ++inside;
  }

  double reduce(cnn::PoolKind kind, double exponent, bool includePadding) {
    switch (kind) {
    case cnn::PoolKind::Max:
      return largest;
    case cnn::PoolKind::Average:
      return sum / static_cast<double>(includePadding ? included : inside);
    case cnn::PoolKind::Lp:
      return std::pow(powerSum, 1.0 / exponent);
    }
    llvm_unreachable("a kind of pooling without a reduction");
  }
};

} // namespace

static Tensor pool(cnn::PoolOp op, const Tensor &input) {
  Tensor result(resultShape(op));
  auto exponent = static_cast<double>(op.getP());
  SmallVector<int64_t> strides = rowMajorStrides(input.shape);
  int64_t dimensions = input.getRank() - 2;

  forEachIndex(result.shape, [&](ArrayRef<int64_t> output, int64_t place) {
    WindowState window;
    int64_t plane = output[0] * strides[0] + output[1] * strides[1];
    forEachIndex(op.getKernel(), [&](ArrayRef<int64_t> tap, int64_t) {
      bool inside = true, included = true;
      int64_t from = plane;
      for (int64_t d = 0; d < dimensions; ++d) {
        int64_t size = input.shape[d + 2];
        int64_t position = output[d + 2] * op.getStrides()[d] +
                           tap[d] * op.getDilations()[d] -
                           op.getPaddingLow()[d];
        inside &= position >= 0 && position < size;
        included &= position < size + op.getPaddingHigh()[d];
        from += position * strides[d + 2];
      }
      if (included)
        ++window.included;
      if (inside)
        window.add(input.values[from], exponent);
    });
    result.values[place] =
        window.reduce(op.getKind(), exponent, op.getCountIncludePad());
  });
  return result;
}

static Tensor poolGlobally(cnn::GlobalPoolOp op, const Tensor &input) {
  Tensor result(resultShape(op));
  auto exponent = static_cast<double>(op.getP());
  int64_t planeSize = product(ArrayRef(input.shape).drop_front(2));
  for (size_t plane = 0; plane < result.values.size(); ++plane) {
    WindowState window;
    for (int64_t i = 0; i < planeSize; ++i)
      window.add(input.values[plane * planeSize + i], exponent);
    result.values[plane] =
        window.reduce(op.getKind(), exponent, /*includePadding=*/false);
  }
  return result;
}

std::optional<Tensor> toeplitz::reference::evaluatePooling(Operation *op,
                                                           Operands operands) {
  if (auto windows = dyn_cast<cnn::PoolOp>(op))
    return pool(windows, *operands[0]);
  if (auto global = dyn_cast<cnn::GlobalPoolOp>(op))
    return poolGlobally(global, *operands[0]);
  return std::nullopt;
}
