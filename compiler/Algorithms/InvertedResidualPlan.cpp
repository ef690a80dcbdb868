#include "compiler/Algorithms/InvertedResidualPlan.h"

#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

static int64_t multiplySizes(ArrayRef<Dimension> dimensions,
                             int64_t Dimension::*size) {
  int64_t product = 1;
  for (const Dimension &dimension : dimensions)
    product *= dimension.*size;
  return product;
}

int64_t InvertedResidualPlan::countInputPositions() const {
  return multiplySizes(block.dimensions, &Dimension::input);
}

int64_t InvertedResidualPlan::countOutputPositions() const {
  return multiplySizes(block.dimensions, &Dimension::output);
}

int64_t InvertedResidualPlan::countInputTiles() const {
  return llvm::divideCeil(countInputPositions(), tilePositions);
}

int64_t InvertedResidualPlan::countOutputTiles() const {
  return llvm::divideCeil(countOutputPositions(), tilePositions);
}

int64_t InvertedResidualPlan::countVectors() const {
  return llvm::divideCeil(block.channels, tileColumns);
}

int64_t InvertedResidualPlan::countOutputVectors() const {
  return llvm::divideCeil(block.outChannels, tileColumns);
}

int64_t InvertedResidualPlan::countInputSteps() const {
  return llvm::divideCeil(block.inChannels, tileDepth);
}

int64_t InvertedResidualPlan::countVectorParts() const {
  constexpr int64_t mostParts = 8;
  return withoutEmpty(countOutputVectors(), mostParts);
}

/// Cycles of a step's products: tiles are multiplied in pairs.
static double getStepCycles(const InvertedResidualPlan &plan) {
  auto pair = [](int64_t tiles) {
    return static_cast<double>(llvm::alignTo(tiles, 2));
  };
  auto outVectors = static_cast<double>(plan.countOutputVectors());
  auto steps = static_cast<double>(plan.countInputSteps());
  return getProductCycles(plan.tilePositions) *
         static_cast<double>(countPartProducts(blockSplitParts)) *
         (2 * steps * pair(plan.countInputTiles()) +
          outVectors * pair(plan.countOutputTiles()));
}

static int64_t chooseTile(InvertedResidualPlan plan) {
  int64_t best = 1;
  double least = 0;
  for (int64_t rows = tileRows; rows >= 1; --rows) {
    plan.tilePositions = rows;
    double cycles = getStepCycles(plan);
    if (least != 0 && cycles >= least)
      continue;
    least = cycles;
    best = rows;
  }
  return best;
}

/// The steps of the thread that has most of them, where tasks, image after
/// image, are shared out in one piece for each.
static int64_t countMostOfThread(const InvertedResidualPlan &plan,
                                 int64_t threads) {
  int64_t tasks = plan.countTasks(), steps = plan.countSteps();
  auto getStart = [&](int64_t task) {
    return task / plan.parts * steps + task % plan.parts * steps / plan.parts;
  };
  int64_t most = 0, task = 0;
  for (int64_t thread = 0; thread < threads; ++thread) {
    int64_t end = task + tasks / threads + (thread < tasks % threads ? 1 : 0);
    most = std::max(most, getStart(end) - getStart(task));
    task = end;
  }
  return most;
}

/// A few threads shall have equal work, one thread counting most; each part has
/// sums that are written, read and added up.
static int64_t chooseParts(InvertedResidualPlan plan) {
  // (Measured, 384 channels of 14 x 14: the rest of a step takes twice as long
  // as its products, and sums go to the second-level cache.)
  constexpr double slowdown = 3, sumsBytesPerCycle = 10;
  constexpr int64_t mostTasks = 4;
  constexpr std::pair<int64_t, double> weights[] = {{1, 6}, {2, 2}, {4, 1}};
  double step = getStepCycles(plan) * slowdown;
  double sums = 4 * static_cast<double>(plan.getSumsSize()) / sumsBytesPerCycle;
  int64_t best = 1;
  double least = 0;
  for (plan.parts = 1; plan.parts <= std::min(plan.countSteps(), mostTasks);
       ++plan.parts) {
    if (plan.countTasks() > mostTasks && plan.parts > 1)
      break;
    double cost = 0;
    for (auto [threads, weight] : weights)
      cost += weight *
              std::log(static_cast<double>(countMostOfThread(plan, threads)) *
                           step +
                       static_cast<double>(plan.countTasks()) * sums /
                           static_cast<double>(threads));
    if (plan.parts > 1 && cost >= least)
      continue;
    least = cost;
    best = plan.parts;
  }
  return best;
}

/// As many steps as stay in a part of the second-level cache, in chunks that
/// are about equal.
static int64_t chooseChunk(InvertedResidualPlan plan,
                           kernel::TargetAttr target) {
  int64_t most = plan.countMostSteps(), fitting = 1;
  for (plan.chunkSteps = 2; plan.chunkSteps <= most; ++plan.chunkSteps) {
    if (4 * plan.getScratchSize() > target.getL2() / 4)
      break;
    fitting = plan.chunkSteps;
  }
  return llvm::divideCeil(most, llvm::divideCeil(most, fitting));
}

InvertedResidualPlan::InvertedResidualPlan(const InvertedResidualBlock &block,
                                           kernel::TargetAttr target)
    : block(block) {
  tilePositions = chooseTile(*this);
  parts = chooseParts(*this);
  chunkSteps = chooseChunk(*this, target);
}

InvertedResidualPlan::InvertedResidualPlan(kernel::InvertedResidualOp op)
    : tilePositions(op.getPositions()), parts(op.getParts()),
      chunkSteps(op.getSteps()) {
  block.dimensions = getWindowDimensions(op);
  block.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  block.inChannels = op.getInChannels();
  block.channels = op.getChannels();
  block.outChannels = op.getOutChannels();
}

bool toeplitz::isInvertedResidualWorthwhile(const InvertedResidualBlock &block,
                                            kernel::TargetAttr target) {
  InvertedResidualPlan plan(block, target);
  int64_t floats = plan.getInputSize() + plan.parts * plan.getSumsSize() +
                   plan.getScratchSize();
  // (Measured: blocks of ShuffleNetV2 and NASNet, as wide within as without,
  // take 1.0 to 1.2 times as long.)
  constexpr int64_t leastExpansion = 2;
  return 4 * floats <= target.getL2() / 2 && plan.countTasks() > 1 &&
         block.channels >=
             leastExpansion * std::max(block.inChannels, block.outChannels);
}
