// winograd: convolution with few multiplications. With the matrices of a
// Cook-Toom construction (CookToom.h), nested in two dimensions,
//
//   y = A^T [ sum over c of (G g_c G^T) . (B^T d_c B) ] A
//
// computes a tile of m x m outputs from n x n inputs, n = m + r - 1, with n^2
// multiplications per pair of channels instead of m^2 r^2: 36 instead of 144
// for F(4, 3) in two dimensions. The sum over channels is, for each of the n^2
// values, a matrix product of filters and tiles. Source: Lavin and Gray, Fast
// Algorithms for Convolutional Neural Networks (arXiv:1509.09308).
//
// Of a dilated convolution a tile has every D-th position, so that its values
// are those of a tile without dilation: WinogradPlan.h.
//
// Of three dimensions with several taps each, the last two are transformed, and
// the sum runs over the taps of the first one too. A dimension with one tap is
// left as it is: of a kernel of 3 x 1 x 1 the first one is transformed.
//
// Variants by the outputs of a tile; "f4-raw" and the like leave a large filter
// as it is, and their kernels transform it part by part: WinogradProducts.cpp.
//
// An infinity or a NaN spoils all outputs of the tiles that read it: the
// transforms subtract.

#include "compiler/Algorithms/Winograd.h"
#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/Table.h"
#include "compiler/Algorithms/WinogradOnGpu.h"

#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace mlir;
using namespace toeplitz;

/// The largest tile that is transformed: errors grow fast with it, and there
/// are no points for more.
static constexpr int64_t largestTransform = 8;
static constexpr int64_t largestKernel = largestTransform - 1;

/// Output positions of a tile, and the variants' names. F(6, 3) rounds ten
/// times as much as F(4, 3), about as much as bf16x3: 1e-5 to 2e-5 of the
/// largest output in one layer of 64 to 512 channels, against 2e-6 to 3e-6
/// (direct convolution: 1e-6 to 2e-6). The errors of a network's layers add up;
/// --typical-error limits them together.
static constexpr struct {
  int64_t outputs;
  StringLiteral name;
} variants[] = {{2, "f2"}, {3, "f3"}, {4, "f4"}, {5, "f5"}, {6, "f6"}};

/// F(6, 3) takes 7 times the memory of the filter, F(5, 3) 5.4 times, F(4, 3) 4
/// times: the largest filters are left out, so that neither the compiler nor
/// the network needs much more memory for a few percent. (Of F(6, 3), 256 x 512
/// channels have 32 MiB, and gain 15 % with images of 64 x 64.)
static constexpr int64_t fewOutputs = 4;
static constexpr int64_t mostFilterBytes = int64_t(40) * 1024 * 1024;

/// Whether dimension d has taps to transform, and is among the last two that
/// have.
static bool isTransformed(const Convolution &convolution, size_t d) {
  auto hasTaps = [](int64_t size) { return size > 1; };
  ArrayRef<int64_t> behind = ArrayRef(convolution.kernel).drop_front(d + 1);
  return hasTaps(convolution.kernel[d]) && llvm::count_if(behind, hasTaps) < 2;
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (target.isGpu())
    return declinesWinogradOnGpu(convolution);
  size_t rank = convolution.kernel.size();
  if (rank == 0)
    return "there is no spatial dimension";
  bool any = false;
  for (size_t d = 0; d < rank; ++d) {
    std::string where = " in spatial dimension " + std::to_string(d);
    if (convolution.strides[d] != 1)
      return "the stride is " + std::to_string(convolution.strides[d]) + where +
             ", expected 1";
    if (convolution.kernel[d] == 0)
      return "the kernel has no positions" + where;
    any |= isTransformed(convolution, d);
    if (isTransformed(convolution, d) && convolution.kernel[d] > largestKernel)
      return "the kernel has " + std::to_string(convolution.kernel[d]) +
             " positions" + where + ", at most " +
             std::to_string(largestKernel) + " are transformed";
  }
  if (!any)
    return "the kernel has 1 position in each dimension";
  int64_t inputs = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  int64_t lanes = target.getLanes();
  if (convolution.groups > 1 && (inputs % lanes || outputs % lanes))
    return "its groups have " + std::to_string(inputs) + " input and " +
           std::to_string(outputs) +
           " output channels, expected multiples of the vector length " +
           std::to_string(lanes);
  return std::nullopt;
}

/// The register tile: `vectors` divides the vectors of a group, and the last
/// tile is computed in full whether or not there are as many positions left.
/// The filter is larger than the first-level cache and read once for each
/// register tile, so that loads weigh more than in getStepCycles: a vector of
/// weights comes from the second level, and the positions' loads don't hide
/// behind the multiplications where there are as many (28 x 1 was measured a
/// third slower than 12 x 2). Threads shall have equal shares of the tasks.
static void chooseTile(const Convolution &convolution,
                       kernel::TargetAttr target,
                       ConvolutionSchedule &schedule) {
  int64_t tiles = WinogradPlan(convolution, schedule).tiles;
  int64_t groupVectors = llvm::divideCeil(
      convolution.outChannels / convolution.groups, target.getLanes());
  // What a tile costs one thread, and threads that share the tasks: cycles for
  // each vector of the transformed filter.
  struct Candidate {
    ConvolutionSchedule schedule;
    double cycles, shared;
  };
  std::vector<Candidate> candidates;
  double least = std::numeric_limits<double>::infinity();
  for (int64_t vectors = 1; vectors <= groupVectors; ++vectors) {
    if (groupVectors % vectors)
      continue;
    for (int64_t positions = 1;
         positions <= tiles && fitsRegisters(positions, vectors, target);
         ++positions) {
      double step = getStepCycles(positions, vectors, target) + 0.35 * vectors +
                    0.15 * (countInputLoads(positions, target) + vectors);
      Candidate candidate = {schedule, 0, 0};
      candidate.schedule.tilePositions = positions;
      candidate.schedule.tileVectors = vectors;
      candidate.cycles =
          static_cast<double>(llvm::divideCeil(tiles, positions)) * step /
          vectors;
      WinogradPlan plan(convolution, candidate.schedule, target);
      candidate.shared =
          candidate.cycles * getImbalance(plan.countProductTasks());
      // (Two threads wait for a step before the tasks.)
      if (plan.getPreparation().tasks > 0)
        candidate.shared += 2 * loopCycles / plan.countFilterVectors();
      least = std::min(least, candidate.cycles);
      candidates.push_back(std::move(candidate));
    }
  }
  // One thread shall not take much longer so that two have equal shares.
  constexpr double mostForShares = 1.1;
  double best = 0;
  for (Candidate &candidate : candidates) {
    if (candidate.cycles > mostForShares * least ||
        (best != 0 && candidate.shared > best * 1.001))
      continue;
    best = candidate.shared;
    schedule = std::move(candidate.schedule);
  }
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  if (target.isGpu())
    return scheduleWinogradOnGpu(convolution);
  std::vector<ConvolutionSchedule> schedules;
  for (const auto &variant : variants) {
    ConvolutionSchedule schedule;
    schedule.variant = variant.name.str();
    schedule.inputBlock = target.getLanes();
    schedule.groups = convolution.groups;
    for (size_t d = 0; d < convolution.kernel.size(); ++d)
      schedule.transform.push_back(
          convolution.kernel[d] +
          (isTransformed(convolution, d) ? variant.outputs - 1 : 0));
    if (llvm::any_of(llvm::seq(convolution.kernel.size()), [&](size_t d) {
          return isTransformed(convolution, d) &&
                 schedule.transform[d] > largestTransform;
        }))
      continue;
    ConvolutionSchedule raw = schedule;
    chooseTile(convolution, target, schedule);
    WinogradPlan plan(convolution, schedule, target);
    int64_t filterBytes = 4 * plan.getFilterSize();
    if (variant.outputs <= fewOutputs || filterBytes <= mostFilterBytes)
      schedules.push_back(schedule);
    // A filter that stays in the second-level cache once it is transformed
    // isn't worth transforming in the kernel.
    if (plan.inChannels % plan.lanes != 0 ||
        !isStreamed(static_cast<double>(filterBytes), target))
      continue;
    raw.variant += "-raw";
    raw.transformsFilter = true;
    chooseTile(convolution, target, raw);
    schedules.push_back(std::move(raw));
  }
  return schedules;
}

/// Cycles of transforming the filter, for each vector of a pair of channels: of
/// its values, which are stored in the second level (4.1 cycles each on Emerald
/// Rapids), and of the taps. (F(4, 3) of 3 x 3: 142; F(2, 3): 88.)
static double getFilterTransformCycles(const WinogradPlan &plan) {
  constexpr double perValue = 3.5, perTap = 2;
  return perValue * static_cast<double>(plan.getValues()) +
         perTap * static_cast<double>(plan.countTaps());
}

/// How much longer products take by rounds, whose filter and transformed input
/// come from the second level and farther in short pieces. (Twelve layers of
/// U-Net and VGG-16; Emerald Rapids.)
static constexpr double byRounds = 1.12;

/// Cycles of a kernel's rounds: transforming the filter for each block of
/// tiles, and loading and storing the sums that a round adds to.
static double estimateRounds(const WinogradPlan &plan) {
  constexpr double perSum = 2.6;
  double vectors =
      static_cast<double>(plan.groups) * plan.vectorTiles * plan.tileVectors;
  double pairs = vectors * plan.inChannels * plan.getSummedTaps();
  double sums =
      vectors * plan.getValues() * plan.registerTiles * plan.tilePositions;
  return pairs * plan.blocks * getFilterTransformCycles(plan) +
         perSum * sums * (plan.countRounds() - 1);
}

/// Cycles for each vector of a transformed tile: loads, stores and waiting for
/// the caches, not arithmetic. Nested transforms go through their values twice.
/// The values of a tile lie in as many places, and the more of them the longer
/// a store takes on Emerald Rapids (ten layers of ResNet-18, SqueezeNet and
/// DenseNet-121: 5 to 7 cycles of 16 values, 5 to 13 of 36, 7 to 16 of 64), not
/// on Zen 5.
static double getTransformCycles(const WinogradPlan &plan,
                                 kernel::TargetAttr target) {
  constexpr double nested = 8, single = 5, scattered = 0.1;
  constexpr int64_t fewPlaces = 16;
  if (!plan.isTransformed(1) || !plan.isTransformed(2))
    return single;
  int64_t more = std::max<int64_t>(0, plan.getValues() - fewPlaces);
  return nested +
         (target.getHidesMemory() ? 0 : scattered * static_cast<double>(more));
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  if (target.isGpu())
    return estimateWinogradOnGpu(convolution, schedule);
  WinogradPlan plan(convolution, schedule, target);
  ConvolutionCost cost;
  double steps = static_cast<double>(plan.groups) * plan.getValues() *
                 plan.registerTiles * plan.vectorTiles * plan.inChannels *
                 plan.getSummedTaps();
  cost.multiplyAdds =
      steps * plan.tilePositions * plan.tileVectors * plan.lanes;
  cost.cycles = steps *
                getStepCycles(plan.tilePositions, plan.tileVectors, target) *
                (plan.transformsFilter ? byRounds : 1);
  double inputs = static_cast<double>(plan.tiles) * plan.groups *
                  plan.getSummedTaps() * plan.getChannelBlocks();
  double outputs = static_cast<double>(plan.tiles) * plan.groups *
                   plan.vectorTiles * plan.tileVectors;
  cost.cycles +=
      (inputs + outputs) * plan.getValues() * getTransformCycles(plan, target);
  for (int64_t d : {1, 2}) {
    if (!plan.isTransformed(d))
      continue;
    CookToom transform = getCookToom(plan, d);
    double lines = static_cast<double>(plan.getValues()) / plan.transform[d];
    cost.otherOperations +=
        plan.lanes * lines *
        (inputs * LinearProgram(transform.inputTransform).countOperations() +
         outputs * LinearProgram(transform.outputTransform).countOperations());
  }
  if (plan.transformsFilter)
    cost.cycles += estimateRounds(plan);
  cost.cycles += WinogradPlan::partialSumCycles * outputs * plan.getValues() *
                 static_cast<double>(plan.channelParts - 1);
  // The filter is read once for each block, and the block's transformed input
  // once for each tile of vectors.
  double filterBytes = 4.0 * plan.getFilterSize();
  double read = filterBytes * plan.blocks;
  double besides = plan.streamsTransformed
                       ? 4.0 * plan.getInputSize() * plan.groups * plan.blocks *
                             plan.vectorTiles
                       : 0;
  cost.cycles +=
      estimateMatrixWait({filterBytes, read, besides}, cost.cycles, target) +
      estimateColdWait(filterBytes, cost.cycles, target);
  (isStreamed(filterBytes, target) ? cost.memoryBytes : cost.level2Bytes) +=
      read;
  cost.level2Bytes +=
      4.0 * plan.lanes * plan.getValues() * 2 * (inputs + outputs);
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  if (target.isGpu())
    return getWinogradFilterSizeOnGpu(convolution, schedule);
  return WinogradPlan(convolution, schedule, target).getFilterSize();
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  if (target.isGpu())
    packWinogradFilterOnGpu(convolution, schedule, filter, packed);
  else
    packWinogradFilter(convolution, schedule, target, filter, packed);
}

static int64_t countTasks(kernel::ConvOp op) {
  if (kernel::getTarget(op).isGpu())
    return countWinogradTasksOnGpu(op);
  return WinogradPlan(op).countTasks();
}

static int64_t getScratchSize(kernel::ConvOp op) {
  // On a GPU a block works in its own memory.
  return kernel::getTarget(op).isGpu() ? 0 : WinogradPlan(op).getScratchSize();
}

static Preparation getPreparation(kernel::ConvOp op) {
  return kernel::getTarget(op).isGpu() ? Preparation()
                                       : WinogradPlan(op).getPreparation();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  int64_t inputs = op.getInChannels() / op.getGroups();
  if (op.getTransformsFilter() && kernel.target.isGpu())
    return op.emitOpError() << "by 'winograd' transforms no filter on a GPU";
  if (op.getTransformsFilter() && inputs % kernel.target.getLanes() != 0)
    return op.emitOpError()
           << "by 'winograd' transforms the filter of " << inputs
           << " input channels, expected a multiple of the vector length "
           << kernel.target.getLanes();
  if (kernel.target.isGpu())
    return emitWinogradOnGpu(op, kernel);
  WinogradPlan plan(op);
  if (!op.getTransform() || (plan.getScratchSize() > 0 && !op.getScratch()))
    return op.emitOpError()
           << "by 'winograd' has no transform or no scratch memory";
  if (plan.getPreparation().tasks > 0 && !op.getPrepared())
    return op.emitOpError()
           << "by 'winograd' has no memory for the transformed input";
  emitWinograd(op, kernel);
  return success();
}

static std::optional<std::string>
checkIdentity(const Convolution &convolution,
              const ConvolutionSchedule &schedule) {
  WinogradPlan plan(convolution, schedule);
  for (int64_t d = 1; d < 3; ++d) {
    if (!plan.isTransformed(d))
      continue;
    CookToom transform = getCookToom(plan, d);
    if (!computesCorrelation(transform))
      return "F(" + std::to_string(transform.outputs) + ", " +
             std::to_string(transform.taps) + ") is no correlation";
  }
  return std::nullopt;
}

const Algorithm toeplitz::winogradAlgorithm = [] {
  Algorithm algorithm = {"winograd",         declines,
                         getSchedules,       estimateCost,
                         boundWinogradError, estimateTypicalWinogradError,
                         getPackedSize,      packFilter,
                         countTasks,         emit};
  algorithm.getScratchSize = getScratchSize;
  algorithm.getPreparation = getPreparation;
  algorithm.checkIdentity = checkIdentity;
  algorithm.declinesPool = declinesPoolOfWinograd;
  algorithm.runsOnGpu = true;
  return algorithm;
}();
