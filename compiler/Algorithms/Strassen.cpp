// strassen: a convolution whose kernel is one position, with an eighth fewer
// multiplications. The product
//
//   Y (F x P) = W (F x C) X (C x P)
//
// is cut in two in each of its three dimensions, and the eight products of
// blocks become seven of sums of blocks. Those of the filter are added up at
// compile time; those of the input once by each task, for all of its output
// channels; those of the results from products that lie in the task's memory.
// One level is all: a second one would need nearly twice the memory for the
// filter again.
//
// An infinity or a NaN at a position spoils what lies half a row from it: the
// sums mix both. Source: Strassen, Gaussian Elimination is not Optimal,
// Numerische Mathematik 13 (1969); Winograd's variant with 15 additions.

#include "compiler/Algorithms/Strassen.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

//       filter W                  input X                 results Y
//  P1   W11                       X11                     all
//  P2   W12                       X21                     Y11
//  P3   W11 + W12 - W21 - W22     X22                     Y12
//  P4   -W22                      X11 - X12 - X21 + X22   Y21
//  P5   W21 + W22                 X12 - X11               Y12, Y22
//  P6   W21 + W22 - W11           X11 - X12 + X22         Y12, Y21, Y22
//  P7   W11 - W21                 X22 - X12               Y21, Y22
const std::array<StrassenProduct, StrassenPlan::products>
    toeplitz::strassenProducts = {{
        {{1, 0, 0, 0}, {1, 0, 0, 0}, {1, 1, 1, 1}},
        {{0, 1, 0, 0}, {0, 0, 1, 0}, {1, 0, 0, 0}},
        {{1, 1, -1, -1}, {0, 0, 0, 1}, {0, 1, 0, 0}},
        {{0, 0, 0, -1}, {1, -1, -1, 1}, {0, 0, 1, 0}},
        {{0, 0, 1, 1}, {-1, 1, 0, 0}, {0, 1, 0, 1}},
        {{-1, 0, 1, 1}, {1, -1, 0, 1}, {0, 1, 1, 1}},
        {{1, 0, -1, 0}, {0, -1, 0, 1}, {0, 0, 1, 1}},
    }};

/// The columns of X: the positions of an image, or the images of a dense layer.
static int64_t countPositions(const Convolution &convolution) {
  return convolution.kernel.empty() ? convolution.batch
                                    : convolution.getPositions();
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (std::optional<std::string> reason =
          pointwiseAlgorithm.declines(convolution, target))
    return reason;
  int64_t lanes = target.getLanes();
  if (convolution.groups != 1)
    return "it has " + std::to_string(convolution.groups) +
           " groups, expected 1";
  if (convolution.inChannels < 2 * lanes)
    return "it has " + std::to_string(convolution.inChannels) +
           " input channels, expected two vectors of " + std::to_string(lanes) +
           " at least";
  if (convolution.outChannels <= lanes)
    return "it has " + std::to_string(convolution.outChannels) +
           " output channels, expected more than a vector of " +
           std::to_string(lanes);
  if (countPositions(convolution) < 2)
    return "it has one position, expected two halves of them";
  return std::nullopt;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule best;
  best.inputBlock = target.getLanes();
  double bestCycles = 0;
  int64_t vectors =
      llvm::divideCeil(convolution.outChannels, target.getLanes());
  int64_t positions = countPositions(convolution);
  for (int64_t v = 1; 2 * v <= vectors; ++v)
    for (int64_t p = 1; 2 * p <= positions + 1 && fitsRegisters(p, v, target);
         ++p) {
      ConvolutionSchedule schedule = best;
      schedule.tilePositions = p;
      schedule.tileVectors = v;
      double cycles =
          StrassenPlan(convolution, schedule, target).estimateCycles(target);
      if (bestCycles != 0 && cycles >= bestCycles)
        continue;
      bestCycles = cycles;
      best = schedule;
    }
  return {best};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  StrassenPlan plan(convolution, schedule, target);
  ConvolutionCost cost;
  cost.cycles = plan.estimateCycles(target);
  auto positions = static_cast<double>(plan.batch * plan.rows);
  auto halves = positions * static_cast<double>(plan.halfPositions);
  double width = static_cast<double>(plan.tileVectors * plan.lanes);
  cost.multiplyAdds =
      halves * width * static_cast<double>(plan.pairs) *
          static_cast<double>(7 * plan.halfChannels + 4 * plan.restChannels) +
      positions * static_cast<double>(plan.columns * plan.plainVectors) *
          static_cast<double>(plan.lanes * plan.inChannels);
  // Four sums of the input, seven of results.
  cost.otherOperations =
      halves * (4.0 * static_cast<double>(plan.halfChannels) +
                7 * width * static_cast<double>(plan.pairs));
  return cost;
}

/// The filter's element for output channel f and channel c; zero behind the
/// last output channel.
static float getWeight(const Convolution &convolution, ArrayRef<float> filter,
                       int64_t f, int64_t c) {
  return f < convolution.outChannels ? filter[f * convolution.inChannels + c]
                                     : 0.0f;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return StrassenPlan(convolution, schedule, target).getFilterSize();
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  StrassenPlan plan(convolution, schedule, target);
  int64_t width = plan.tileVectors * plan.lanes, half = plan.halfChannels;
  float *place = packed.data();
  for (int64_t pair = 0; pair < plan.pairs; ++pair) {
    int64_t first = pair * 2 * width;
    for (const StrassenProduct &product : strassenProducts)
      for (int64_t c = 0; c < half; ++c)
        for (int64_t f = first; f < first + width; ++f) {
          double sum = 0;
          for (int64_t block = 0; block < 4; ++block)
            if (int factor = product.filter[block])
              sum += factor * static_cast<double>(getWeight(
                                  convolution, filter, f + block / 2 * width,
                                  c + block % 2 * half));
          *place++ = static_cast<float>(sum);
        }
    for (int64_t start : {first, first + width})
      for (int64_t c = 2 * half; c < plan.inChannels; ++c)
        for (int64_t f = start; f < start + width; ++f)
          *place++ = getWeight(convolution, filter, f, c);
  }
  for (int64_t start = plan.pairs * 2 * width;
       start < plan.vectors * plan.lanes; start += width) {
    int64_t end = std::min(start + width, plan.vectors * plan.lanes);
    for (int64_t c = 0; c < plan.inChannels; ++c)
      for (int64_t f = start; f < end; ++f)
        *place++ = getWeight(convolution, filter, f, c);
  }
  assert(place == packed.end());
}

/// The number of blocks in a sum.
static int countBlocks(const BlockSum &sum) {
  return static_cast<int>(llvm::count_if(sum, [](int f) { return f != 0; }));
}

/// How many output channels a sum of the filter's blocks mixes.
static int countOutputs(const BlockSum &sum) {
  return (sum[0] || sum[1] ? 1 : 0) + (sum[2] || sum[3] ? 1 : 0);
}

/// A product of an output goes through at most C + 12 roundings: one in the sum
/// of the filter (made in double), three in that of the input, those of the
/// sums of products, of partial results and of the rest channels. With L the
/// largest sum of an output channel's |w|, and X the largest input, a result is
/// thus within
///
///   gamma(C + 12) L X (1 + sum over its products of outputs x blocks)
///
/// for the output channels that the product's filter mixes, and the blocks of
/// positions and channels that its input adds up; the 1 is for rest channels.
static double boundError(const Convolution &convolution,
                         const ConvolutionSchedule &, ArrayRef<float> filter,
                         double inputBound) {
  int worst = 0;
  for (int result = 0; result < 4; ++result) {
    int weight = 1;
    for (const StrassenProduct &product : strassenProducts)
      if (product.results[result])
        weight += countOutputs(product.filter) * countBlocks(product.input);
    worst = std::max(worst, weight);
  }
  return getGamma(static_cast<double>(convolution.inChannels + 12)) * worst *
         getLargestAbsoluteSum(convolution, filter) * inputBound;
}

/// As estimateSumError, of half the channels, with products that are larger
/// than those of the sum: by the root of the number of blocks in either factor,
/// for independent numbers. Sums of the filter and of the input are rounded,
/// too, which is about as much as the products of a few channels more.
static double estimateTypicalError(const Convolution &convolution,
                                   const ConvolutionSchedule &) {
  double squares = 0;
  for (const StrassenProduct &product : strassenProducts)
    squares += 0.5 * countBlocks(product.filter) * countBlocks(product.input) *
               countBlocks(product.results) / 4.0;
  constexpr double summedChannels = 6;
  return std::sqrt(squares) *
         estimateSumError(0.5 * static_cast<double>(convolution.inChannels) +
                          summedChannels);
}

static int64_t countTasks(kernel::ConvOp op) {
  return StrassenPlan(op).countTasks();
}

static int64_t getScratchSize(kernel::ConvOp op) {
  return StrassenPlan(op).getScratchSize();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  if (!op.getScratch())
    return op.emitOpError() << "by 'strassen' has no scratch memory";
  emitStrassen(op, kernel);
  return success();
}

/// Whether the seven products add up to the product of two matrices of 2 x 2,
/// coefficient by coefficient: that of W[m, k] X[l, n] in Y[i, j] is 1 where
/// i = m, j = n and k = l, else 0.
static std::optional<std::string> checkIdentity(const Convolution &,
                                                const ConvolutionSchedule &) {
  for (int w = 0; w < 4; ++w)
    for (int x = 0; x < 4; ++x)
      for (int y = 0; y < 4; ++y) {
        int sum = 0;
        for (const StrassenProduct &product : strassenProducts)
          sum += product.filter[w] * product.input[x] * product.results[y];
        bool isTerm = w % 2 == x / 2 && w / 2 == y / 2 && x % 2 == y % 2;
        if (sum != (isTerm ? 1 : 0))
          return "its products don't add up to that of two matrices";
      }
  return std::nullopt;
}

const Algorithm toeplitz::strassenAlgorithm = [] {
  Algorithm algorithm = {"strassen",    declines,   getSchedules,
                         estimateCost,  boundError, estimateTypicalError,
                         getPackedSize, packFilter, countTasks,
                         emit};
  algorithm.getScratchSize = getScratchSize;
  algorithm.checkIdentity = checkIdentity;
  algorithm.foldsPositions = true;
  return algorithm;
}();
