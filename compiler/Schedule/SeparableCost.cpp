#include "compiler/Schedule/SeparableCost.h"
#include "compiler/Algorithms/SeparablePlan.h"
#include "compiler/Algorithms/SplitBfloat16Plan.h"
#include "compiler/Algorithms/Table.h"

using namespace mlir;
using namespace toeplitz;

/// The convolution that makes a value, activations aside, if nothing else reads
/// what it makes.
static const LayerSelection *findBefore(Value value,
                                        ArrayRef<LayerSelection> layers) {
  auto activation = value.getDefiningOp<cnn::ActivationOp>();
  while (activation && activation->hasOneUse()) {
    value = activation.getInput();
    activation = value.getDefiningOp<cnn::ActivationOp>();
  }
  auto conv = value.getDefiningOp<cnn::ConvOp>();
  if (!conv || !conv->hasOneUse())
    return nullptr;
  auto found = llvm::find_if(
      layers, [&](const LayerSelection &layer) { return layer.layer == conv; });
  return found == layers.end() ? nullptr : &*found;
}

static bool isPointwise(const LayerSelection &layer) {
  if (layer.parts.size() != 1)
    return false;
  const Convolution &convolution = layer.parts.front().convolution;
  return convolution.groups == 1 && !convolution.kernel.empty() &&
         hasNoNeighbours(getDimensions(convolution));
}

static bool isBy(const LayerSelection &layer, StringRef algorithm) {
  return layer.getChosen().choice.algorithm->name == algorithm;
}

/// The block that such a layer is the end of, where it pays to compute them
/// together.
static std::optional<SeparableBlock> findBlock(const LayerSelection &projection,
                                               ArrayRef<LayerSelection> before,
                                               kernel::TargetAttr target) {
  if (!isPointwise(projection))
    return std::nullopt;
  const LayerSelection *depthwise =
      findBefore(projection.layer->getOperand(0), before);
  if (!depthwise || !isBy(*depthwise, "depthwise"))
    return std::nullopt;
  const Convolution &convolution = depthwise->parts.front().convolution;
  SeparableBlock block;
  block.dimensions = getDimensions(convolution);
  block.batch = convolution.batch;
  block.channels = convolution.inChannels;
  block.outChannels = projection.parts.front().convolution.outChannels;
  block.tilePositions = tileRows;
  const LayerSelection *expansion =
      findBefore(depthwise->layer->getOperand(0), before);
  if (expansion && isPointwise(*expansion) && isBy(*expansion, "pointwise"))
    block.inChannels = expansion->parts.front().convolution.inChannels;
  block = chooseSeparable(block, target);
  return block.projects() ? std::make_optional(block) : std::nullopt;
}

void toeplitz::lowerSeparableCost(LayerSelection &selection,
                                  ArrayRef<LayerSelection> before,
                                  kernel::TargetAttr target) {
  auto candidate =
      llvm::find_if(selection.candidates, [](const Candidate &other) {
        return !other.refusal &&
               other.choice.algorithm->name == getSplitName(blockSplitParts);
      });
  if (candidate == selection.candidates.end())
    return;
  std::optional<SeparableBlock> block = findBlock(selection, before, target);
  if (!block)
    return;
  double cycles = leastSplitCycles + static_cast<double>(block->batch) *
                                         estimateProjection(*block, target);
  candidate->cost.cycles = std::min(candidate->cost.cycles, cycles);
}
