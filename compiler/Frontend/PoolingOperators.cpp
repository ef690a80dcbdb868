// Pooling over windows and over whole inputs, and padding.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include "dialects/CNN/Window.h"

using namespace mlir;

namespace toeplitz {

template <cnn::PoolKind kind>
static llvm::FailureOr<Value> buildPool(LayerBuilder &layer) {
  auto rank = layer.getSpatialRank();
  if (failed(rank))
    return failure();
  llvm::SmallVector<int64_t> ones(*rank, 1);
  auto kernel = layer.getSizes("kernel_size", *rank, ones);
  if (failed(kernel))
    return failure();
  auto strides = layer.getSizes("stride", *rank, *kernel);
  auto dilations = layer.getSizes("dilation", *rank, ones);
  auto padding = layer.getPadding("padding", *rank);
  if (failed(strides) || failed(dilations) || failed(padding))
    return failure();
  bool ceilMode = layer.getBoolean("ceil_mode", false);
  for (int64_t d = 0; d < *rank; ++d) {
    int64_t input = layer.getShape()[d + 2];
    cnn::WindowDimension window{(*kernel)[d], (*strides)[d], (*dilations)[d],
                                padding->low[d], padding->high[d]};
    // A window inside the padding would have nothing to reduce.
    if (std::max(window.paddingLow, window.paddingHigh) >= window.getReach()) {
      layer.error("padding")
          << "the padding " << window.paddingLow << " + " << window.paddingHigh
          << " of spatial dimension " << d
          << " must be less than what the kernel covers, " << window.getReach();
      return failure();
    }
    if (cnn::windowOutputSize(input, window, ceilMode) < 1) {
      layer.error() << "the output would be empty: spatial dimension " << d
                    << " has " << input << " positions and padding "
                    << window.paddingLow << " + " << window.paddingHigh
                    << ", the window covers " << window.getReach();
      return failure();
    }
  }
  return layer.create<cnn::PoolOp>(
      kind, layer.getInput(), *kernel, *strides, *dilations, padding->low,
      padding->high, ceilMode,
      kind == cnn::PoolKind::Average &&
          layer.getBoolean("count_include_pad", true),
      static_cast<uint64_t>(layer.getInteger("norm_type", 2)));
}

template <cnn::PoolKind kind>
static llvm::FailureOr<Value> buildGlobalPool(LayerBuilder &layer) {
  if (failed(layer.getSpatialRank()))
    return failure();
  return layer.create<cnn::GlobalPoolOp>(
      kind, layer.getInput(),
      static_cast<uint64_t>(layer.getInteger("norm_type", 2)));
}

static llvm::FailureOr<Value> buildPad(LayerBuilder &layer) {
  auto rank = layer.getSpatialRank();
  if (failed(rank))
    return failure();
  auto padding = layer.getPadding("padding", *rank);
  if (failed(padding))
    return failure();
  cnn::PaddingMode mode = layer.getPaddingMode("mode");
  double value = layer.getNumber("value", 0);
  if (value != 0 && mode != cnn::PaddingMode::Zeros) {
    layer.error("value") << "'value' goes with mode \"constant\" only";
    return failure();
  }
  if (failed(layer.checkPadding("padding", *padding, mode)))
    return failure();
  // The dialect pads all dimensions, the description the spatial ones.
  llvm::SmallVector<int64_t> low = {0, 0}, high = {0, 0};
  llvm::append_range(low, padding->low);
  llvm::append_range(high, padding->high);
  return layer.create<cnn::PadOp>(layer.getInput(), low, high, mode,
                                  llvm::APFloat(static_cast<float>(value)));
}

llvm::ArrayRef<OperatorRule> getPoolingOperators() {
  using Type = ParameterType;
  static const ParameterRule maxPool[] = {
      {"kernel_size", Type::Sizes, Presence::Required},
      {"stride", Type::Sizes},
      {"padding", Type::Padding},
      {"dilation", Type::Sizes},
      {"ceil_mode", Type::Boolean}};
  static const ParameterRule averagePool[] = {
      {"kernel_size", Type::Sizes, Presence::Required},
      {"stride", Type::Sizes},
      {"padding", Type::Padding},
      {"dilation", Type::Sizes},
      {"ceil_mode", Type::Boolean},
      {"count_include_pad", Type::Boolean}};
  static const ParameterRule lpPool[] = {
      {"kernel_size", Type::Sizes, Presence::Required},
      {"norm_type", Type::Size},
      {"stride", Type::Sizes},
      {"padding", Type::Padding},
      {"dilation", Type::Sizes},
      {"ceil_mode", Type::Boolean}};
  static const ParameterRule globalLpPool[] = {{"norm_type", Type::Size}};
  static const ParameterRule pad[] = {
      {"padding", Type::Padding, Presence::Required},
      {"mode", Type::Word, Presence::Optional,
       "constant|circular|reflect|replicate"},
      {"value", Type::Number}};
  static const OperatorRule operators[] = {
      {"max_pool", 1, 1, maxPool, buildPool<cnn::PoolKind::Max>},
      {"average_pool", 1, 1, averagePool, buildPool<cnn::PoolKind::Average>},
      {"lp_pool", 1, 1, lpPool, buildPool<cnn::PoolKind::Lp>},
      {"global_max_pool", 1, 1, {}, buildGlobalPool<cnn::PoolKind::Max>},
      {"global_average_pool",
       1,
       1,
       {},
       buildGlobalPool<cnn::PoolKind::Average>},
      {"global_lp_pool", 1, 1, globalLpPool,
       buildGlobalPool<cnn::PoolKind::Lp>},
      {"pad", 1, 1, pad, buildPad}};
  return operators;
}

} // namespace toeplitz
