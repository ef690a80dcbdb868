// The table of algorithms, the choice among them, and the lowering that
// dispatches on the choice.

#include "compiler/Algorithms/Table.h"
#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/InvertedResidual.h"
#include "compiler/Algorithms/Matmul.h"
#include "compiler/Algorithms/Separable.h"

using namespace mlir;
using namespace toeplitz;

// Best candidates first; `direct`, which declines nothing, is always reached.
// One row an algorithm.
static const Algorithm *const algorithms[] = {
    // clang-format off
    &splitBfloat16Algorithm,
    &exactSplitBfloat16Algorithm,
    &warpgroupGemmAlgorithm,
    &tensorCoreGemmAlgorithm,
    &matrixVectorAlgorithm,
    &implicitGemmAlgorithm,
    &winogradAlgorithm,
    &fftAlgorithm,
    &filterToeplitzAlgorithm,
    &strassenAlgorithm,
    &pointwiseAlgorithm,
    &depthwiseAlgorithm,
    &groupedAlgorithm,
    &innerProductAlgorithm,
    &rowwiseAlgorithm,
    &directAlgorithm,
    &im2colAlgorithm,
    // clang-format on
};

ArrayRef<const Algorithm *> toeplitz::getAlgorithms() { return algorithms; }

const Algorithm *toeplitz::findAlgorithm(StringRef name) {
  for (const Algorithm *algorithm : algorithms)
    if (algorithm->name == name)
      return algorithm;
  return nullptr;
}

std::string AlgorithmChoice::getName() const {
  return variant.empty() ? algorithm->name.str()
                         : (algorithm->name + ":" + variant).str();
}

std::optional<AlgorithmChoice> toeplitz::parseAlgorithmChoice(StringRef text) {
  auto [name, variant] = text.split(':');
  const Algorithm *algorithm = findAlgorithm(name);
  if (!algorithm || (variant.empty() && name.size() != text.size()))
    return std::nullopt;
  return AlgorithmChoice{algorithm, variant.str()};
}

std::optional<std::string>
toeplitz::declinesConvolution(const AlgorithmChoice &choice,
                              const Convolution &convolution,
                              kernel::TargetAttr target) {
  if (target.isGpu() && !choice.algorithm->runsOnGpu)
    return "it has no code for a GPU";
  if (std::optional<std::string> reason =
          choice.algorithm->declines(convolution, target))
    return reason;
  if (choice.variant.empty())
    return std::nullopt;
  std::string known;
  for (const ConvolutionSchedule &schedule :
       choice.algorithm->getSchedules(convolution, target)) {
    if (schedule.variant == choice.variant)
      return std::nullopt;
    known += (known.empty() ? "'" : ", '") + schedule.variant + "'";
  }
  return "it has no variant '" + choice.variant +
         "' for this layer, expected " + (known == "''" ? "none" : known);
}

ConvolutionSchedule toeplitz::getSchedule(const AlgorithmChoice &choice,
                                          const Convolution &convolution,
                                          kernel::TargetAttr target) {
  std::vector<ConvolutionSchedule> schedules =
      choice.algorithm->getSchedules(convolution, target);
  const ConvolutionSchedule *best = nullptr;
  double bestCycles = 0;
  for (const ConvolutionSchedule &schedule : schedules) {
    if (!choice.variant.empty() && schedule.variant != choice.variant)
      continue;
    double cycles =
        estimateWholeCost(*choice.algorithm, convolution, schedule, target)
            .cycles;
    if (!best || cycles < bestCycles) {
      best = &schedule;
      bestCycles = cycles;
    }
  }
  assert(best && "the choice declines this convolution");
  return *best;
}

std::optional<std::string> toeplitz::declinesPool(kernel::ConvOp op,
                                                  kernel::PoolAttr pool,
                                                  ArrayRef<int64_t> windows) {
  const Algorithm *algorithm = findAlgorithm(op.getAlgorithm());
  if (!algorithm || !algorithm->declinesPool)
    return "it has no pool";
  if (kernel::getTarget(op).isGpu())
    return "it has none on a GPU";
  if (cast<ShapedType>(op.getInit().getType()).getShape().back() !=
      kernel::getTarget(op).getLanes())
    return "its result isn't blocked";
  return algorithm->declinesPool(op, pool, windows);
}

static int64_t countTasks(Operation *op) {
  auto conv = cast<kernel::ConvOp>(op);
  return findAlgorithm(conv.getAlgorithm())->countTasks(conv);
}

static LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto conv = cast<kernel::ConvOp>(op);
  const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
  if (!algorithm)
    return conv.emitOpError()
           << "names an unknown algorithm '" << conv.getAlgorithm() << "'";
  if (conv.getCircular() && !algorithm->takesCircularPadding)
    return conv.emitOpError()
           << "has circular dimensions, but '" << algorithm->name
           << "' takes no circular padding";
  if (conv.hasPrologue() && !algorithm->countPrologues)
    return conv.emitOpError()
           << "has a scale, a shift or an activation of its input, but '"
           << algorithm->name << "' reads its input as it is";
  auto isNarrow = [](Value buffer) {
    auto type = buffer ? dyn_cast<MemRefType>(buffer.getType()) : MemRefType();
    return type && !type.getElementType().isF32();
  };
  if ((isNarrow(conv.getInput()) || isNarrow(conv.getResidual()) ||
       isNarrow(conv.getInit())) &&
      (!kernel.target.isGpu() || !algorithm->takesNarrowInput))
    return conv.emitOpError()
           << "has a buffer of numbers of 16 bits, but '" << algorithm->name
           << "' reads and writes f32 alone on this target";
  if (auto pool = conv.getPool())
    if (std::optional<std::string> reason =
            declinesPool(conv, *pool,
                         cast<ShapedType>(conv.getInit().getType())
                             .getShape()
                             .drop_front(2)
                             .drop_back()))
      return conv.emitOpError() << "has a pool that '" << algorithm->name
                                << "' can't compute: " << *reason;
  return algorithm->emit(conv, kernel);
}

static int64_t countPreparations(Operation *op) {
  auto conv = cast<kernel::ConvOp>(op);
  const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
  return algorithm && algorithm->getPreparation
             ? algorithm->getPreparation(conv).tasks
             : 0;
}

SmallVector<KernelLowering> toeplitz::getConvolutionLowerings() {
  return {{kernel::ConvOp::getOperationName(), countTasks, emit,
           countScratchRows<kernel::ConvOp>, countPreparations},
          getSeparableLowering(),
          getInvertedResidualLowering(),
          getMatmulLowering()};
}

int64_t Convolution::getTaps() const {
  int64_t taps = 1;
  for (int64_t size : kernel)
    taps *= size;
  return taps;
}

int64_t Convolution::getPositions() const {
  int64_t positions = 1;
  for (int64_t size : outputSizes)
    positions *= size;
  return positions;
}

bool Convolution::isCirculant(size_t d) const {
  // Zeros around the halo belong to no period.
  int64_t end = outputSizes[d] + (kernel[d] - 1) * dilations[d];
  return hasHalo(d) && kernel[d] > 0 &&
         (strides[d] == 1 || outputSizes[d] == 1) && paddingLow[d] == 0 &&
         end <= inputSizes[d] && outputSizes[d] <= getImageSize(d);
}

ConvolutionCost
toeplitz::estimateHaloCost(const Convolution &convolution,
                           const ConvolutionSchedule &schedule) {
  // The start of a kernel, and what is read and written; 8 bytes a cycle is
  // what copies take in the second-level cache.
  constexpr double kernelCycles = 2000, bytesPerCycle = 8;
  double elements =
      static_cast<double>(convolution.batch) * convolution.inChannels;
  bool any = false;
  for (size_t d = 0; d < convolution.kernel.size(); ++d) {
    bool circular = !schedule.circular.empty() && schedule.circular[d];
    any |= convolution.hasHalo(d) && !circular;
    elements *= static_cast<double>(circular ? convolution.getImageSize(d)
                                             : convolution.inputSizes[d]);
  }
  ConvolutionCost cost;
  if (!any)
    return cost;
  cost.level2Bytes = 2 * 4 * elements;
  cost.cycles = kernelCycles + cost.level2Bytes / bytesPerCycle;
  return cost;
}

ConvolutionCost toeplitz::estimateWholeCost(const Algorithm &algorithm,
                                            const Convolution &convolution,
                                            const ConvolutionSchedule &schedule,
                                            kernel::TargetAttr target) {
  ConvolutionCost cost = algorithm.estimateCost(convolution, schedule, target);
  ConvolutionCost halo = estimateHaloCost(convolution, schedule);
  cost.cycles += halo.cycles;
  cost.level2Bytes += halo.level2Bytes;
  return cost;
}

double Convolution::getMultiplyAdds() const {
  return static_cast<double>(batch) * getPositions() * getTaps() * outChannels *
         (inChannels / groups);
}
