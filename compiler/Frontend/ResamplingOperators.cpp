// Operators that trade between channels and positions, or make new positions
// from old ones.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

/// The spatial sizes that an upsampling asks for.
static llvm::FailureOr<llvm::SmallVector<int64_t>>
getTargetSizes(LayerBuilder &layer, int64_t rank) {
  if (layer.has("size") == layer.has("scale_factor")) {
    layer.error("scale_factor")
        << "operator 'upsample' needs 'size' or 'scale_factor', and not both";
    return failure();
  }
  if (layer.has("size"))
    return layer.getSizes("size", rank, {});
  auto factors = layer.getFactors("scale_factor", rank);
  if (failed(factors))
    return failure();
  llvm::SmallVector<int64_t> sizes;
  for (auto [input, factor] :
       llvm::zip_equal(layer.getShape().drop_front(2), *factors)) {
    double size = static_cast<double>(input) * factor;
    // Frameworks disagree about the positions read when a size had to be
    // rounded.
    if (size != std::floor(size) || size < 1 || size > maximumSize) {
      layer.error("scale_factor")
          << "a factor of " << formatNumber(factor) << " makes "
          << formatNumber(size) << " of " << input
          << " positions, expected a whole number from 1 to " << maximumSize
          << "; 'size' states the result instead";
      return failure();
    }
    sizes.push_back(static_cast<int64_t>(size));
  }
  return sizes;
}

static llvm::FailureOr<Value> buildUpsample(LayerBuilder &layer) {
  auto rank = layer.getSpatialRank();
  if (failed(rank))
    return failure();
  auto sizes = getTargetSizes(layer, *rank);
  if (failed(sizes))
    return failure();
  llvm::StringRef mode = layer.getWord("mode", "nearest");
  // PyTorch has a word for linear interpolation in each number of dimensions.
  if ((mode == "bilinear" && *rank != 2) ||
      (mode == "trilinear" && *rank != 3)) {
    layer.error("mode") << "mode \"" << mode << "\" doesn't go with " << *rank
                        << (*rank == 1 ? " spatial dimension"
                                       : " spatial dimensions")
                        << "; \"linear\" goes with all";
    return failure();
  }
  bool isNearest = mode == "nearest";
  bool alignCorners = layer.getBoolean("align_corners", false);
  if (isNearest && alignCorners) {
    layer.error("align_corners")
        << "'align_corners' goes with linear interpolation only";
    return failure();
  }
  return layer.create<cnn::ResizeOp>(layer.getInput(), *sizes,
                                     isNearest ? cnn::ResizeMode::Nearest
                                               : cnn::ResizeMode::Linear,
                                     alignCorners);
}

/// [N, C r^2, H, W] -> [N, C, r, r, H, W] -> [N, C, H, r, W, r] -> [N, C, H r,
/// W r]. Source: Shi et al. 2016, arXiv:1609.05158, equation 4.
static llvm::FailureOr<Value> buildPixelShuffle(LayerBuilder &layer) {
  if (failed(layer.getSpatialRank({2, 2})))
    return failure();
  llvm::ArrayRef<int64_t> shape = layer.getShape();
  int64_t factor = layer.getInteger("upscale_factor", 1);
  int64_t batch = shape[0], height = shape[2], width = shape[3];
  if (shape[1] % (factor * factor) != 0) {
    layer.error("upscale_factor")
        << "the square of 'upscale_factor', " << factor * factor
        << ", doesn't divide the " << shape[1] << " channels";
    return failure();
  }
  int64_t channels = shape[1] / (factor * factor);
  Value split = layer.reshape(layer.getInput(),
                              {batch, channels, factor, factor, height, width});
  Value interleaved = layer.transpose(split, {0, 1, 4, 2, 5, 3});
  return layer.reshape(interleaved,
                       {batch, channels, height * factor, width * factor});
}

/// [N, G C, …] -> [N, G, C, …] -> [N, C, G, …] -> [N, C G, …].
/// Source: Zhang et al. 2017, arXiv:1707.01083, section 3.1.
static llvm::FailureOr<Value> buildChannelShuffle(LayerBuilder &layer) {
  auto channels = layer.getChannels();
  if (failed(channels))
    return failure();
  int64_t groups = layer.getInteger("groups", 1);
  if (*channels % groups != 0) {
    layer.error("groups") << "'groups' is " << groups
                          << ", which doesn't divide the " << *channels
                          << " channels";
    return failure();
  }
  llvm::ArrayRef<int64_t> shape = layer.getShape();
  llvm::SmallVector<int64_t> split = {shape[0], groups, *channels / groups};
  llvm::append_range(split, shape.drop_front(2));
  llvm::SmallVector<int64_t> permutation = {0, 2, 1};
  for (int64_t d = 3; d < static_cast<int64_t>(split.size()); ++d)
    permutation.push_back(d);
  Value swapped =
      layer.transpose(layer.reshape(layer.getInput(), split), permutation);
  return layer.reshape(swapped, shape);
}

llvm::ArrayRef<OperatorRule> getResamplingOperators() {
  using Type = ParameterType;
  static const ParameterRule upsample[] = {
      {"size", Type::Sizes},
      {"scale_factor", Type::Factors},
      {"mode", Type::Word, Presence::Optional,
       "nearest|linear|bilinear|trilinear"},
      {"align_corners", Type::Boolean}};
  static const ParameterRule pixelShuffle[] = {
      {"upscale_factor", Type::Size, Presence::Required}};
  static const ParameterRule channelShuffle[] = {
      {"groups", Type::Size, Presence::Required}};
  static const OperatorRule operators[] = {
      {"upsample", 1, 1, upsample, buildUpsample},
      {"pixel_shuffle", 1, 1, pixelShuffle, buildPixelShuffle},
      {"channel_shuffle", 1, 1, channelShuffle, buildChannelShuffle}};
  return operators;
}

} // namespace toeplitz
