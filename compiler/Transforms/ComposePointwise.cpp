// Two convolutions with nothing between them are one whose filter is the
// product of theirs. With kernel size 1 on one side it has no more taps than
// the other:
//
//   B (A x + a) + b,  B pointwise:   w[f, c, k] = sum over m of B[f, m] A[m, c,
//   k] B (A x + a) + b,  A pointwise:   w[f, c, k] = sum over m of B[f, m, k]
//   A[m, c]
//
// and bias b + sum of B a. In the second, zeros around A's result aren't A's
// result for zeros around x when there is a bias a: exact without one, without
// padding, or with another padding mode, whose values are A's own. Strides
// multiply; those of A multiply B's dilations and paddings too.

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Work.h"
#include "dialects/CNN/CNNDialect.h"

#include "llvm/ADT/StringSet.h"

#include <numeric>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_COMPOSEPOINTWISE
#include "compiler/Transforms/Passes.h.inc"

namespace {

ArrayRef<int64_t> getKernel(cnn::ConvOp conv) {
  return conv.getFilter().getType().getShape().drop_front(2);
}

bool hasPadding(cnn::ConvOp conv) {
  auto isPositive = [](int64_t padding) { return padding > 0; };
  return llvm::any_of(conv.getPaddingLow(), isPositive) ||
         llvm::any_of(conv.getPaddingHigh(), isPositive);
}

/// One tap that reads every position that is there once, but for a stride.
bool isPointwise(cnn::ConvOp conv) {
  return llvm::all_of(getKernel(conv),
                      [](int64_t size) { return size == 1; }) &&
         !hasPadding(conv);
}

/// The parameters of the one convolution.
struct Composition {
  SmallVector<int64_t> strides, dilations, low, high;
  int64_t groups = 1;
  cnn::PaddingMode mode = cnn::PaddingMode::Zeros;
  RankedTensorType filterType;
};

/// Nothing if it would be another function.
std::optional<Composition> compose(cnn::ConvOp first, cnn::ConvOp second) {
  bool secondIsPointwise = isPointwise(second);
  if (!secondIsPointwise && !isPointwise(first))
    return std::nullopt;
  Composition result;
  result.groups = std::gcd(first.getGroups(), second.getGroups());
  int64_t channels = first.getInput().getType().getDimSize(1);
  SmallVector<int64_t> shape = {second.getType().getDimSize(1),
                                channels / result.groups};
  cnn::ConvOp wide = secondIsPointwise ? first : second;
  result.mode = wide.getPaddingMode();
  llvm::append_range(shape, getKernel(wide));
  result.filterType =
      RankedTensorType::get(shape, first.getType().getElementType());
  bool bordersAreZeros =
      result.mode == cnn::PaddingMode::Zeros && hasPadding(wide);
  if (!secondIsPointwise && bordersAreZeros && first.getBias())
    return std::nullopt;
  for (size_t d = 0; d < getKernel(wide).size(); ++d) {
    int64_t stride = first.getStrides()[d];
    // What lies between the positions that a stride keeps has no part in other
    // padding modes.
    if (!secondIsPointwise && stride != 1 &&
        result.mode != cnn::PaddingMode::Zeros)
      return std::nullopt;
    int64_t scale = secondIsPointwise ? 1 : stride;
    result.strides.push_back(stride * second.getStrides()[d]);
    result.dilations.push_back(scale * wide.getDilations()[d]);
    result.low.push_back(scale * wide.getPaddingLow()[d]);
    std::optional<int64_t> high = findPaddingHigh(
        first.getInput().getType().getDimSize(2 + d), getKernel(wide)[d],
        result.strides[d], result.dilations[d], result.low[d],
        second.getType().getDimSize(2 + d));
    if (!high)
      return std::nullopt;
    result.high.push_back(*high);
  }
  return result;
}

/// Channels of a filter by group: which are connected, and by which row.
struct ChannelMatrix {
  ArrayRef<float> values;
  int64_t groups, outputs, inputs, taps;

  ChannelMatrix(cnn::ConvOp conv, const ConstantValues &constant)
      : values(constant.get()), groups(conv.getGroups()),
        outputs(conv.getFilter().getType().getDimSize(0) / groups),
        inputs(conv.getFilter().getType().getDimSize(1)),
        taps(static_cast<int64_t>(constant.size()) /
             (groups * outputs * inputs)) {}

  /// The taps from input channel `input` to output channel `output`, counted
  /// over all groups. They belong to one group.
  const float *getTaps(int64_t output, int64_t input) const {
    return values.data() + (output * inputs + input % inputs) * taps;
  }
};

WeightBuffer multiplyFilters(const ChannelMatrix &first,
                             const ChannelMatrix &second,
                             const Composition &composition) {
  ArrayRef<int64_t> shape = composition.filterType.getShape();
  int64_t outputs = shape[0], inputs = shape[1];
  int64_t taps = std::max(first.taps, second.taps);
  WeightBuffer product(composition.filterType.getNumElements());
  std::vector<double> row(inputs * taps);
  for (int64_t f = 0; f < outputs; ++f) {
    std::fill(row.begin(), row.end(), 0.0);
    int64_t base = f / (outputs / composition.groups) * inputs;
    int64_t middle = f / second.outputs * second.inputs;
    for (int64_t m = middle; m < middle + second.inputs; ++m) {
      const float *b = second.getTaps(f, m);
      int64_t input = m / first.outputs * first.inputs;
      for (int64_t c = input; c < input + first.inputs; ++c) {
        const float *a = first.getTaps(m, c);
        double *sums = row.data() + (c - base) * taps;
        for (int64_t k = 0; k < taps; ++k)
          sums[k] += static_cast<double>(b[second.taps == 1 ? 0 : k]) *
                     a[first.taps == 1 ? 0 : k];
      }
    }
    for (int64_t i = 0; i < inputs * taps; ++i)
      product[f * inputs * taps + i] = static_cast<float>(row[i]);
  }
  return product;
}

WeightBuffer addBiases(const ChannelMatrix &second, int64_t outputs,
                       const std::optional<ConstantValues> &firstBias,
                       const std::optional<ConstantValues> &secondBias) {
  WeightBuffer bias(outputs);
  for (int64_t f = 0; f < outputs; ++f) {
    double sum = secondBias ? (*secondBias)[f] : 0.0;
    int64_t middle = f / second.outputs * second.inputs;
    for (int64_t m = middle; firstBias && m < middle + second.inputs; ++m)
      for (int64_t k = 0; k < second.taps; ++k)
        sum += static_cast<double>(second.getTaps(f, m)[k]) * (*firstBias)[m];
    bias[f] = static_cast<float>(sum);
  }
  return bias;
}

/// Replaces both by one, if that is exact and less work.
void composeWithProducer(cnn::ConvOp second, const llvm::StringSet<> &kept,
                         IRRewriter &rewriter) {
  auto first = second.getInput().getDefiningOp<cnn::ConvOp>();
  if (!first || !first->hasOneUse() || first->getBlock() != second->getBlock())
    return;
  std::optional<Composition> composition = compose(first, second);
  if (!composition ||
      estimateWork(composition->filterType, second.getType()) >=
          estimateWork(first.getFilter().getType(), first.getType()) +
              estimateWork(second.getFilter().getType(), second.getType()))
    return;
  std::optional<ConstantValues> firstFilter = readConstant(first.getFilter());
  std::optional<ConstantValues> secondFilter = readConstant(second.getFilter());
  std::optional<ConstantValues> firstBias = readConstant(first.getBias());
  std::optional<ConstantValues> secondBias = readConstant(second.getBias());
  if (!firstFilter || !secondFilter || (first.getBias() && !firstBias) ||
      (second.getBias() && !secondBias))
    return;

  // The product of filters with many zeros has fewer.
  ChannelMatrix a(first, *firstFilter), b(second, *secondFilter);
  WeightBuffer product = multiplyFilters(a, b, *composition);
  if (getNonzeroShare(product.values()) *
          estimateWork(composition->filterType, second.getType()) >=
      getNonzeroShare(firstFilter->get()) *
              estimateWork(first.getFilter().getType(), first.getType()) +
          getNonzeroShare(secondFilter->get()) *
              estimateWork(second.getFilter().getType(), second.getType()))
    return;

  Location location = second.getLoc();
  std::string layer = getLayerName(location, "conv");
  rewriter.setInsertionPoint(second);
  Value filter = createConstant(
      rewriter, location, composition->filterType, std::move(product),
      getConstantName(second.getFilter(), layer + ".weight") + ".composed");
  Value bias;
  if (firstBias || secondBias) {
    int64_t outputs = composition->filterType.getDimSize(0);
    bias = createConstant(rewriter, location,
                          RankedTensorType::get(outputs, rewriter.getF32Type()),
                          addBiases(b, outputs, firstBias, secondBias),
                          getConstantName(second.getBias(), layer + ".bias") +
                              ".composed");
  }
  auto composed = cnn::ConvOp::create(
      rewriter, location, first.getInput(), filter, bias, composition->strides,
      composition->dilations, composition->low, composition->high,
      composition->groups, composition->mode);
  composed->setDiscardableAttrs(second->getDiscardableAttrDictionary());
  rewriter.replaceOp(second, composed);
  rewriter.eraseOp(first);
}

struct ComposePointwise : impl::ComposePointwiseBase<ComposePointwise> {
  using ComposePointwiseBase::ComposePointwiseBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<cnn::ConvOp> layers;
    llvm::StringSet<> kept;
    for (const std::string &layer : keep)
      kept.insert(layer);
    getOperation().walk([&](cnn::ConvOp conv) { layers.push_back(conv); });
    // In the order of the program: of three in a row, the first two first. The
    // producer goes, never a layer that is still to come.
    for (cnn::ConvOp conv : layers)
      composeWithProducer(conv, kept, rewriter);
    eraseUnusedConstants(getOperation());
  }
};

} // namespace
} // namespace toeplitz
