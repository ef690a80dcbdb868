// Convolutions, transposed convolutions and dense layers.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include "dialects/CNN/Window.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// The parameters that both convolutions have.
struct ConvolutionParameters {
  int64_t rank = 0, inChannels = 0, outChannels = 0, groups = 1;
  llvm::SmallVector<int64_t> kernel, strides, dilations;
};

} // namespace

static LogicalResult readParameters(LayerBuilder &layer,
                                    ConvolutionParameters &parameters) {
  auto rank = layer.getSpatialRank();
  if (failed(rank))
    return failure();
  parameters.rank = *rank;
  parameters.inChannels = layer.getShape()[1];
  parameters.outChannels = layer.getInteger("out_channels", 1);
  parameters.groups = layer.getInteger("groups", 1);
  llvm::SmallVector<int64_t> ones(*rank, 1);
  auto kernel = layer.getSizes("kernel_size", *rank, ones);
  auto strides = layer.getSizes("stride", *rank, ones);
  auto dilations = layer.getSizes("dilation", *rank, ones);
  if (failed(kernel) || failed(strides) || failed(dilations) ||
      failed(layer.checkStated("in_channels", parameters.inChannels)))
    return failure();
  for (auto [name, channels] : {std::pair("input", parameters.inChannels),
                                std::pair("output", parameters.outChannels)})
    if (channels % parameters.groups != 0) {
      layer.error("groups") << "'groups' is " << parameters.groups
                            << ", which doesn't divide the " << channels << " "
                            << name << " channels";
      return failure();
    }
  parameters.kernel = std::move(*kernel);
  parameters.strides = std::move(*strides);
  parameters.dilations = std::move(*dilations);
  return success();
}

/// The padding of a convolution, which may be a word.
static llvm::FailureOr<Padding>
readConvolutionPadding(LayerBuilder &layer,
                       const ConvolutionParameters &parameters) {
  llvm::StringRef word = layer.getWord("padding", "");
  if (word.empty())
    return layer.getPadding("padding", parameters.rank);
  Padding padding;
  for (int64_t d = 0; d < parameters.rank; ++d) {
    if (word == "valid") {
      padding.low.push_back(0);
      padding.high.push_back(0);
      continue;
    }
    if (parameters.strides[d] != 1) {
      layer.error("padding")
          << "padding \"same\" needs stride 1, found " << parameters.strides[d];
      return failure();
    }
    // As in PyTorch, an odd total puts the additional position at the end.
    int64_t total = (parameters.kernel[d] - 1) * parameters.dilations[d];
    padding.low.push_back(total / 2);
    padding.high.push_back(total - total / 2);
  }
  return padding;
}

/// Reports a dimension in which no window fits.
static LogicalResult checkOutput(LayerBuilder &layer, int64_t dimension,
                                 int64_t output,
                                 const cnn::WindowDimension &window) {
  if (output >= 1)
    return success();
  layer.error() << "the output would be empty: spatial dimension " << dimension
                << " has " << layer.getShape()[dimension + 2]
                << " positions and padding " << window.paddingLow << " + "
                << window.paddingHigh << ", the kernel of size "
                << window.kernel << " with dilation " << window.dilation
                << " covers " << window.getReach();
  return failure();
}

static llvm::FailureOr<Value> buildConv(LayerBuilder &layer) {
  ConvolutionParameters parameters;
  if (failed(readParameters(layer, parameters)))
    return failure();
  auto padding = readConvolutionPadding(layer, parameters);
  if (failed(padding))
    return failure();
  cnn::PaddingMode mode = layer.getPaddingMode("padding_mode");
  if (failed(layer.checkPadding("padding", *padding, mode)))
    return failure();
  for (int64_t d = 0; d < parameters.rank; ++d) {
    int64_t input = layer.getShape()[d + 2];
    cnn::WindowDimension window{parameters.kernel[d], parameters.strides[d],
                                parameters.dilations[d], padding->low[d],
                                padding->high[d]};
    if (failed(checkOutput(layer, d, cnn::windowOutputSize(input, window),
                           window)))
      return failure();
  }

  WeightRequest filter{
      "weight",
      {parameters.outChannels, parameters.inChannels / parameters.groups},
      WeightRole::Filter};
  llvm::append_range(filter.shape, parameters.kernel);
  for (int64_t size : llvm::drop_begin(filter.shape))
    filter.fanIn *= size;
  auto weight = layer.getWeight(filter);
  if (failed(weight))
    return failure();
  auto bias = layer.getBias(parameters.outChannels);
  if (failed(bias))
    return failure();
  return layer.create<cnn::ConvOp>(
      layer.getInput(), *weight, *bias, parameters.strides,
      parameters.dilations, padding->low, padding->high,
      static_cast<uint64_t>(parameters.groups), mode);
}

static llvm::FailureOr<Value> buildConvTranspose(LayerBuilder &layer) {
  ConvolutionParameters parameters;
  if (failed(readParameters(layer, parameters)))
    return failure();
  auto padding = layer.getPadding("padding", parameters.rank);
  auto outputPadding =
      layer.getSizes("output_padding", parameters.rank,
                     llvm::SmallVector<int64_t>(parameters.rank, 0));
  if (failed(padding) || failed(outputPadding))
    return failure();
  LayerBuilder::Shape shape = {layer.getShape()[0], parameters.outChannels};
  for (int64_t d = 0; d < parameters.rank; ++d) {
    int64_t limit = std::max(parameters.strides[d], parameters.dilations[d]);
    if ((*outputPadding)[d] >= limit) {
      layer.error("output_padding")
          << "'output_padding' is " << (*outputPadding)[d]
          << " in spatial dimension " << d
          << ", expected less than the stride or the dilation (" << limit
          << ")";
      return failure();
    }
    cnn::WindowDimension window{parameters.kernel[d], parameters.strides[d],
                                parameters.dilations[d], padding->low[d],
                                padding->high[d]};
    int64_t output = cnn::transposedOutputSize(layer.getShape()[d + 2], window,
                                               (*outputPadding)[d]);
    if (output < 1) {
      layer.error("padding")
          << "the output would be empty: its size in spatial dimension " << d
          << " is " << output << " after padding " << padding->low[d] << " + "
          << padding->high[d] << " is taken away";
      return failure();
    }
    shape.push_back(output);
  }
  if (failed(layer.checkResultShape(shape)))
    return failure();

  WeightRequest filter{
      "weight",
      {parameters.inChannels, parameters.outChannels / parameters.groups},
      WeightRole::Filter};
  llvm::append_range(filter.shape, parameters.kernel);
  // An output gets a product from every stride-th tap only.
  filter.fanIn = static_cast<double>(parameters.inChannels);
  for (int64_t size : parameters.kernel)
    filter.fanIn *= size;
  for (int64_t stride : parameters.strides)
    filter.fanIn /= stride;
  filter.fanIn /= parameters.groups;
  auto weight = layer.getWeight(filter);
  if (failed(weight))
    return failure();
  auto bias = layer.getBias(parameters.outChannels);
  if (failed(bias))
    return failure();
  return layer.create<cnn::ConvTransposeOp>(
      layer.getInput(), *weight, *bias, parameters.strides,
      parameters.dilations, padding->low, padding->high, *outputPadding,
      static_cast<uint64_t>(parameters.groups));
}

/// A dense layer is a convolution without spatial dimensions.
static llvm::FailureOr<Value> buildLinear(LayerBuilder &layer) {
  if (layer.getShape().size() != 2) {
    layer.error() << "operator 'linear' needs an input of rank 2 (batch, "
                     "features), found "
                  << formatShape(layer.getShape())
                  << "; operator 'flatten' makes one";
    return failure();
  }
  int64_t inFeatures = layer.getShape()[1];
  int64_t outFeatures = layer.getInteger("out_features", 1);
  if (failed(layer.checkStated("in_features", inFeatures)))
    return failure();
  auto weight = layer.getWeight({"weight",
                                 {outFeatures, inFeatures},
                                 WeightRole::Filter,
                                 static_cast<double>(inFeatures)});
  if (failed(weight))
    return failure();
  auto bias = layer.getBias(outFeatures);
  if (failed(bias))
    return failure();
  llvm::ArrayRef<int64_t> none;
  return layer.create<cnn::ConvOp>(layer.getInput(), *weight, *bias, none, none,
                                   none, none, uint64_t(1),
                                   cnn::PaddingMode::Zeros);
}

llvm::ArrayRef<OperatorRule> getConvolutionOperators() {
  using Type = ParameterType;
  static const ParameterRule conv[] = {
      {"out_channels", Type::Size, Presence::Required},
      {"kernel_size", Type::Sizes, Presence::Required},
      {"stride", Type::Sizes},
      {"padding", Type::PaddingOrWord},
      {"dilation", Type::Sizes},
      {"groups", Type::Size},
      {"padding_mode", Type::Word, Presence::Optional,
       "zeros|circular|reflect|replicate"},
      {"in_channels", Type::Size},
      {"weight", Type::Weights},
      {"bias", Type::Bias}};
  static const ParameterRule convTranspose[] = {
      {"out_channels", Type::Size, Presence::Required},
      {"kernel_size", Type::Sizes, Presence::Required},
      {"stride", Type::Sizes},
      {"padding", Type::Padding},
      {"output_padding", Type::Counts},
      {"dilation", Type::Sizes},
      {"groups", Type::Size},
      {"in_channels", Type::Size},
      {"weight", Type::Weights},
      {"bias", Type::Bias}};
  static const ParameterRule linear[] = {
      {"out_features", Type::Size, Presence::Required},
      {"in_features", Type::Size},
      {"weight", Type::Weights},
      {"bias", Type::Bias}};
  static const OperatorRule operators[] = {
      {"conv", 1, 1, conv, buildConv},
      {"conv_transpose", 1, 1, convTranspose, buildConvTranspose},
      {"linear", 1, 1, linear, buildLinear}};
  return operators;
}

} // namespace toeplitz
