// Average pooling is a convolution too, with the filter 1 / |R| in R positions,
// and two convolutions with nothing between them are one:
//
//   w'[f, c, u] = 1 / |R| sum over taps k, r with k d + r e s = u of w[f, c, k]
//
// for a kernel with stride s and dilation d and a pool with dilation e; strides
// multiply. The window is (k - 1) d + (R - 1) e s + 1 positions wide; its taps
// are gcd(d, e s) apart. The pool must not have padding, of which the bias
// knows nothing.
//
// A kernel of one position only mixes channels, pooling only positions: they
// change places, and the convolution is computed at the positions that are
// left. A mean of what is inside takes any padding along, bias and all.

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/Work.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/CNN/Window.h"

#include <numeric>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDAVERAGEPOOL
#include "compiler/Transforms/Passes.h.inc"

namespace {

ArrayRef<int64_t> getKernel(cnn::ConvOp conv) {
  return conv.getFilter().getType().getShape().drop_front(2);
}

bool areZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 0; });
}

int64_t product(ArrayRef<int64_t> values) {
  return std::accumulate(values.begin(), values.end(), int64_t(1),
                         std::multiplies<int64_t>());
}

/// pool(conv(x)) -> conv(pool(x)) for a kernel of one position.
LogicalResult poolBefore(cnn::PoolOp pool, cnn::ConvOp conv,
                         IRRewriter &rewriter) {
  if (product(getKernel(conv)) != 1 || !areZero(conv.getPaddingLow()) ||
      !areZero(conv.getPaddingHigh()))
    return failure();
  bool poolIsPadded =
      !areZero(pool.getPaddingLow()) || !areZero(pool.getPaddingHigh());
  // Zeros that count know nothing of the bias.
  if (poolIsPadded && pool.getCountIncludePad() && conv.getBias())
    return failure();
  SmallVector<int64_t> strides, dilations;
  RankedTensorType input = conv.getInput().getType();
  for (size_t d = 0; d < conv.getStrides().size(); ++d) {
    int64_t stride = conv.getStrides()[d];
    // (A padding would not be a whole number of strides of the input.)
    if (stride != 1 && (poolIsPadded || pool.getCeilMode()))
      return failure();
    strides.push_back(stride * pool.getStrides()[d]);
    dilations.push_back(stride * pool.getDilations()[d]);
  }
  SmallVector<int64_t> shape(pool.getType().getShape());
  shape[1] = input.getDimSize(1);
  auto pooledType = RankedTensorType::get(shape, input.getElementType());
  // Additions of the pool count as multiplications.
  auto window = static_cast<double>(product(pool.getKernel()));
  double before = estimateWork(conv.getFilter().getType(), conv.getType()) +
                  window * static_cast<double>(pool.getType().getNumElements());
  double after = estimateWork(conv.getFilter().getType(), pool.getType()) +
                 window * static_cast<double>(pooledType.getNumElements());
  if (after >= before)
    return failure();

  rewriter.setInsertionPoint(pool);
  auto pooled = cnn::PoolOp::create(
      rewriter, pool.getLoc(), cnn::PoolKind::Average, conv.getInput(),
      pool.getKernel(), strides, dilations, pool.getPaddingLow(),
      pool.getPaddingHigh(), pool.getCeilMode(), pool.getCountIncludePad(),
      pool.getP());
  assert(pooled.getType() == pooledType && "the same windows");
  SmallVector<int64_t> ones(strides.size(), 1);
  auto moved = cnn::ConvOp::create(rewriter, conv.getLoc(), pooled,
                                   conv.getFilter(), conv.getBias(), ones, ones,
                                   conv.getPaddingLow(), conv.getPaddingHigh(),
                                   conv.getGroups(), cnn::PaddingMode::Zeros);
  moved->setDiscardableAttrs(conv->getDiscardableAttrDictionary());
  rewriter.replaceOp(pool, moved);
  rewriter.eraseOp(conv);
  return success();
}

/// One dimension of the convolution that is both.
struct ComposedDimension {
  int64_t kernel = 1, stride = 1, dilation = 1, paddingHigh = 0;
  /// Tap k of the convolution for position r of the pool is this tap.
  int64_t convolutionStep = 1, poolStep = 1;
};

std::optional<ComposedDimension> composeDimension(cnn::PoolOp pool,
                                                  cnn::ConvOp conv, size_t d) {
  int64_t taps = getKernel(conv)[d], window = pool.getKernel()[d];
  int64_t tapStep = taps == 1 ? 0 : conv.getDilations()[d];
  int64_t windowStep =
      window == 1 ? 0 : pool.getDilations()[d] * conv.getStrides()[d];
  ComposedDimension result;
  result.dilation = std::max<int64_t>(std::gcd(tapStep, windowStep), 1);
  result.convolutionStep = tapStep / result.dilation;
  result.poolStep = windowStep / result.dilation;
  result.kernel =
      (taps - 1) * result.convolutionStep + (window - 1) * result.poolStep + 1;
  result.stride = conv.getStrides()[d] * pool.getStrides()[d];
  // With ceil_mode the last windows may be cut short.
  cnn::WindowDimension floor{window, pool.getStrides()[d],
                             pool.getDilations()[d], 0, 0};
  int64_t outputs = pool.getType().getDimSize(2 + d);
  if (cnn::windowOutputSize(conv.getType().getDimSize(2 + d), floor) != outputs)
    return std::nullopt;
  std::optional<int64_t> high = findPaddingHigh(
      conv.getInput().getType().getDimSize(2 + d), result.kernel, result.stride,
      result.dilation, conv.getPaddingLow()[d], outputs);
  if (!high)
    return std::nullopt;
  result.paddingHigh = *high;
  return result;
}

/// Adds the taps of each row, in double precision.
WeightBuffer sumTaps(ArrayRef<float> filter, cnn::PoolOp pool, cnn::ConvOp conv,
                     ArrayRef<ComposedDimension> dimensions,
                     int64_t composedTaps) {
  // The tap of the composed filter for each pair of a tap and a position of the
  // pool.
  SmallVector<int64_t> places = {0};
  SmallVector<int64_t> taps = {0};
  for (auto [d, dimension] : llvm::enumerate(dimensions)) {
    SmallVector<int64_t> extendedPlaces, extendedTaps;
    for (auto [place, tap] : llvm::zip(places, taps))
      for (int64_t k = 0; k < getKernel(conv)[d]; ++k)
        for (int64_t r = 0; r < pool.getKernel()[d]; ++r) {
          extendedPlaces.push_back(place * dimension.kernel +
                                   k * dimension.convolutionStep +
                                   r * dimension.poolStep);
          extendedTaps.push_back(tap * getKernel(conv)[d] + k);
        }
    places = std::move(extendedPlaces);
    taps = std::move(extendedTaps);
  }
  int64_t layerTaps = product(getKernel(conv));
  int64_t rows = static_cast<int64_t>(filter.size()) / layerTaps;
  auto window = static_cast<double>(product(pool.getKernel()));
  WeightBuffer composed(rows * composedTaps);
  std::vector<double> sums(composedTaps);
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (auto [place, tap] : llvm::zip(places, taps))
      sums[place] += filter[row * layerTaps + tap];
    for (int64_t i = 0; i < composedTaps; ++i)
      composed[row * composedTaps + i] = static_cast<float>(sums[i] / window);
  }
  return composed;
}

/// pool(conv(x)) -> one convolution.
LogicalResult poolInside(cnn::PoolOp pool, cnn::ConvOp conv,
                         IRRewriter &rewriter) {
  if (!areZero(pool.getPaddingLow()) || !areZero(pool.getPaddingHigh()))
    return failure();
  SmallVector<ComposedDimension> dimensions;
  SmallVector<int64_t> shape(
      conv.getFilter().getType().getShape().take_front(2));
  SmallVector<int64_t> strides, dilations, high;
  int64_t taps = 1;
  for (size_t d = 0; d < conv.getStrides().size(); ++d) {
    std::optional<ComposedDimension> dimension =
        composeDimension(pool, conv, d);
    if (!dimension)
      return failure();
    dimensions.push_back(*dimension);
    shape.push_back(dimension->kernel);
    strides.push_back(dimension->stride);
    dilations.push_back(dimension->dilation);
    high.push_back(dimension->paddingHigh);
    taps *= dimension->kernel;
  }
  auto type = RankedTensorType::get(shape, rewriter.getF32Type());
  if (estimateWork(type, pool.getType()) >=
      estimateWork(conv.getFilter().getType(), conv.getType()))
    return failure();
  std::optional<ConstantValues> filter = readConstant(conv.getFilter());
  if (!filter)
    return failure();

  Location location = conv.getLoc();
  std::string layer = getLayerName(location, "conv");
  rewriter.setInsertionPoint(pool);
  Value composedFilter = createConstant(
      rewriter, location, type,
      sumTaps(filter->get(), pool, conv, dimensions, taps),
      getConstantName(conv.getFilter(), layer + ".weight") + ".pooled");
  auto composed = cnn::ConvOp::create(rewriter, location, conv.getInput(),
                                      composedFilter, conv.getBias(), strides,
                                      dilations, conv.getPaddingLow(), high,
                                      conv.getGroups(), conv.getPaddingMode());
  composed->setDiscardableAttrs(conv->getDiscardableAttrDictionary());
  rewriter.replaceOp(pool, composed);
  rewriter.eraseOp(conv);
  return success();
}

struct FoldAveragePool : impl::FoldAveragePoolBase<FoldAveragePool> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<cnn::PoolOp> pools;
    getOperation().walk([&](cnn::PoolOp pool) { pools.push_back(pool); });
    for (cnn::PoolOp pool : pools) {
      auto conv = pool.getInput().getDefiningOp<cnn::ConvOp>();
      if (pool.getKind() != cnn::PoolKind::Average || !conv ||
          !conv->hasOneUse() || conv->getBlock() != pool->getBlock())
        continue;
      if (failed(poolBefore(pool, conv, rewriter)))
        (void)poolInside(pool, conv, rewriter);
    }
    eraseUnusedConstants(getOperation());
  }
};

} // namespace
} // namespace toeplitz
