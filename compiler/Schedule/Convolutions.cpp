// Convolution layers as the convolutions that kernels compute.

#include "compiler/Schedule/Convolutions.h"

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Phases.h"
#include "dialects/CNN/CNNDialect.h"

using namespace mlir;
using namespace toeplitz;

static Convolution describeChannels(Value input, Value output, int64_t groups) {
  auto in = cast<RankedTensorType>(input.getType()).getShape();
  auto out = cast<RankedTensorType>(output.getType()).getShape();
  Convolution convolution;
  convolution.batch = in[0];
  convolution.inChannels = in[1];
  convolution.outChannels = out[1];
  convolution.groups = groups;
  convolution.inputSizes.assign(in.begin() + 2, in.end());
  convolution.inputIsPlain = isa<BlockArgument>(input);
  return convolution;
}

cnn::PadOp toeplitz::getHalo(Operation *layer) {
  auto pad = layer->getOperand(0).getDefiningOp<cnn::PadOp>();
  if (!isa<cnn::ConvOp>(layer) || !pad ||
      pad.getMode() != cnn::PaddingMode::Circular)
    return {};
  // Images and channels don't go on periodically.
  for (ArrayRef<int64_t> padding : {pad.getLow(), pad.getHigh()})
    if (padding[0] != 0 || padding[1] != 0)
      return {};
  return pad;
}

static ConvolutionPart getWhole(cnn::ConvOp op) {
  ConvolutionPart part;
  Convolution &convolution = part.convolution;
  convolution = describeChannels(op.getInput(), op.getResult(), op.getGroups());
  auto filter = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  auto out = cast<RankedTensorType>(op.getResult().getType()).getShape();
  auto copy = [](SmallVector<int64_t, 3> &to, ArrayRef<int64_t> from) {
    to.assign(from.begin(), from.end());
  };
  copy(convolution.kernel, filter.drop_front(2));
  copy(convolution.strides, op.getStrides());
  copy(convolution.dilations, op.getDilations());
  copy(convolution.paddingLow, op.getPaddingLow());
  copy(convolution.outputSizes, out.drop_front(2));
  if (cnn::PadOp halo = getHalo(op)) {
    copy(convolution.haloLow, halo.getLow().drop_front(2));
    copy(convolution.haloHigh, halo.getHigh().drop_front(2));
  }
  size_t rank = convolution.kernel.size();
  part.outputStrides.assign(rank, 1);
  part.outputOffsets.assign(rank, 0);
  part.firstTaps.assign(rank, 0);
  part.tapSteps.assign(rank, 1);
  return part;
}

static std::vector<ConvolutionPart> getPhaseParts(cnn::ConvTransposeOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  auto out = cast<RankedTensorType>(op.getResult().getType()).getShape();
  ConvolutionPart start;
  start.convolution =
      describeChannels(op.getInput(), op.getResult(), op.getGroups());
  SmallVector<int64_t, 3> convolutionInput = start.convolution.inputSizes;
  std::vector<ConvolutionPart> parts = {start};
  for (size_t d = 0; d < op.getStrides().size(); ++d) {
    std::vector<ConvolutionPart> extended;
    for (const ConvolutionPart &part : parts)
      for (const Phase &phase :
           getTransposedPhases({/*input=*/convolutionInput[d], filter[2 + d],
                                op.getStrides()[d], op.getDilations()[d],
                                op.getPaddingLow()[d], out[2 + d]})) {
        ConvolutionPart next = part;
        Convolution &convolution = next.convolution;
        convolution.kernel.push_back(phase.taps);
        convolution.strides.push_back(1);
        convolution.dilations.push_back(phase.dilation);
        convolution.paddingLow.push_back(phase.paddingLow);
        convolution.outputSizes.push_back(phase.outputs);
        convolution.outputIsStrided |= op.getStrides()[d] != 1;
        next.outputStrides.push_back(op.getStrides()[d]);
        next.outputOffsets.push_back(phase.outputOffset);
        next.firstTaps.push_back(phase.firstTap);
        next.tapSteps.push_back(phase.tapStep);
        extended.push_back(std::move(next));
      }
    parts = std::move(extended);
  }
  return parts;
}

static int64_t countNonzeros(ArrayRef<float> filter) {
  return llvm::count_if(filter, [](float weight) { return weight != 0; });
}

std::vector<ConvolutionPart> toeplitz::getParts(Operation *layer) {
  std::optional<ConstantValues> filter = readConstant(layer->getOperand(1));
  if (auto conv = dyn_cast<cnn::ConvOp>(layer)) {
    ConvolutionPart whole = getWhole(conv);
    if (filter)
      whole.convolution.nonzeroWeights = countNonzeros(filter->get());
    return {std::move(whole)};
  }
  std::vector<ConvolutionPart> parts =
      getPhaseParts(cast<cnn::ConvTransposeOp>(layer));
  if (filter)
    for (ConvolutionPart &part : parts)
      part.convolution.nonzeroWeights =
          countNonzeros(gatherFilter(layer, part, filter->get()));
  return parts;
}

std::vector<float> toeplitz::gatherFilter(Operation *layer,
                                          const ConvolutionPart &part,
                                          ArrayRef<float> filter) {
  const Convolution &convolution = part.convolution;
  auto shape = cast<RankedTensorType>(layer->getOperand(1).getType())
                   .getShape()
                   .drop_front(2);
  int64_t layerTaps = 1;
  for (int64_t size : shape)
    layerTaps *= size;
  SmallVector<int64_t> taps =
      locateTaps(shape, convolution.kernel, part.firstTaps, part.tapSteps);
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  bool transposed = isa<cnn::ConvTransposeOp>(layer);
  std::vector<float> gathered(convolution.outChannels * inputs * taps.size());
  gatherRows(
      filter, layerTaps, taps,
      [&](int64_t row) {
        return transposed ? getTransposedRow(row, inputs, outputs) : row;
      },
      gathered);
  return gathered;
}

Value toeplitz::getLayerBias(Operation *layer) {
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    return conv.getBias();
  return cast<cnn::ConvTransposeOp>(layer).getBias();
}

std::optional<std::string>
toeplitz::declinesLayer(const AlgorithmChoice &choice,
                        ArrayRef<ConvolutionPart> parts,
                        kernel::TargetAttr target) {
  for (const ConvolutionPart &part : parts)
    if (std::optional<std::string> reason =
            declinesConvolution(choice, part.convolution, target))
      return reason;
  return std::nullopt;
}
