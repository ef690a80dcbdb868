// Convolution layers as the convolutions that kernels compute.

#include "compiler/Schedule/Convolutions.h"

#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

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
  size_t rank = convolution.kernel.size();
  part.outputStrides.assign(rank, 1);
  part.outputOffsets.assign(rank, 0);
  part.firstTaps.assign(rank, 0);
  part.tapSteps.assign(rank, 1);
  return part;
}

namespace {
/// One phase of one dimension: see getParts.
struct Phase {
  int64_t offset, outputs, taps, firstTap, tapStep, dilation, paddingLow;
};
} // namespace

static SmallVector<Phase> getPhases(int64_t kernel, int64_t stride,
                                    int64_t dilation, int64_t padding,
                                    int64_t outputSize) {
  int64_t common = std::gcd(stride, dilation);
  int64_t step = stride / common;
  SmallVector<Phase> phases;
  for (int64_t r = 0; r < std::min(stride, outputSize); ++r) {
    Phase phase = {};
    phase.offset = r;
    phase.outputs = llvm::divideCeil(outputSize - r, stride);
    phase.dilation = dilation / common;
    // The smallest tap whose reach agrees with the phase; at most `step`
    // candidates are different.
    int64_t first = 0;
    while (first < std::min(step, kernel) &&
           (r + padding - first * dilation) % stride != 0)
      ++first;
    if (first < std::min(step, kernel)) {
      phase.taps = llvm::divideCeil(kernel - first, step);
      // In reverse: the last tap reads the input position that comes first.
      phase.firstTap = first + (phase.taps - 1) * step;
      phase.tapStep = -step;
      int64_t base = (r + padding - first * dilation) / stride;
      phase.paddingLow = (phase.taps - 1) * phase.dilation - base;
    }
    phases.push_back(phase);
  }
  return phases;
}

static std::vector<ConvolutionPart> getPhaseParts(cnn::ConvTransposeOp op) {
  auto filter = cast<RankedTensorType>(op.getFilter().getType()).getShape();
  auto out = cast<RankedTensorType>(op.getResult().getType()).getShape();
  ConvolutionPart start;
  start.convolution =
      describeChannels(op.getInput(), op.getResult(), op.getGroups());
  std::vector<ConvolutionPart> parts = {start};
  for (size_t d = 0; d < op.getStrides().size(); ++d) {
    std::vector<ConvolutionPart> extended;
    for (const ConvolutionPart &part : parts)
      for (const Phase &phase :
           getPhases(filter[2 + d], op.getStrides()[d], op.getDilations()[d],
                     op.getPaddingLow()[d], out[2 + d])) {
        ConvolutionPart next = part;
        Convolution &convolution = next.convolution;
        convolution.kernel.push_back(phase.taps);
        convolution.strides.push_back(1);
        convolution.dilations.push_back(phase.dilation);
        convolution.paddingLow.push_back(phase.paddingLow);
        convolution.outputSizes.push_back(phase.outputs);
        convolution.outputIsStrided |= op.getStrides()[d] != 1;
        next.outputStrides.push_back(op.getStrides()[d]);
        next.outputOffsets.push_back(phase.offset);
        next.firstTaps.push_back(phase.firstTap);
        next.tapSteps.push_back(phase.tapStep);
        extended.push_back(std::move(next));
      }
    parts = std::move(extended);
  }
  return parts;
}

std::vector<ConvolutionPart> toeplitz::getParts(Operation *layer) {
  if (auto conv = dyn_cast<cnn::ConvOp>(layer)) {
    ConvolutionPart whole = getWhole(conv);
    if (std::optional<ConstantValues> filter = readConstant(conv.getFilter()))
      whole.convolution.nonzeroWeights =
          llvm::count_if(filter->get(), [](float w) { return w != 0; });
    return {std::move(whole)};
  }
  return getPhaseParts(cast<cnn::ConvTransposeOp>(layer));
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

  // Where each tap of the part stands among the taps of the layer.
  std::vector<int64_t> taps(convolution.getTaps());
  for (size_t j = 0; j < taps.size(); ++j) {
    int64_t rest = static_cast<int64_t>(j), weight = 1;
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
      int64_t tap =
          part.firstTaps[d] + rest % convolution.kernel[d] * part.tapSteps[d];
      rest /= convolution.kernel[d];
      taps[j] += tap * weight;
      weight *= shape[d];
    }
  }
  bool transposed = isa<cnn::ConvTransposeOp>(layer);
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  std::vector<float> gathered;
  gathered.reserve(convolution.outChannels * inputs * taps.size());
  for (int64_t f = 0; f < convolution.outChannels; ++f)
    for (int64_t c = 0; c < inputs; ++c) {
      // The transposed filter is inputs x outputs / groups x taps.
      int64_t row = transposed
                        ? (f / outputs * inputs + c) * outputs + f % outputs
                        : f * inputs + c;
      for (int64_t tap : taps)
        gathered.push_back(filter[row * layerTaps + tap]);
    }
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
