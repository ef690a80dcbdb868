// Chooses register tiles from a model of the core, and packs filters for them.

#include "compiler/Algorithms/RegisterTile.h"

#include "compiler/Algorithms/FilterStream.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Analysis/MergedGroups.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace toeplitz;

double toeplitz::countInputLoads(int64_t positions, kernel::TargetAttr target) {
  double loads = positions;
  return target.getByElement() ? loads / target.getLanes() : loads;
}

/// Cycles of a step's loads, by two a cycle. Intel's cores don't reach that
/// with vectors of 512 bits: tiles of one vector, which load an input for each
/// multiply-add, run at 80 % of the peak on Emerald Rapids, from the
/// first-level cache too (28 x 1 and 14 x 1; 13 x 2, 7 x 3 and 6 x 4 at 93 to
/// 97 %).
static double getLoadCycles(double loads, kernel::TargetAttr target) {
  bool isSlow = target.getLanes() == 16 && !target.getHidesMemory();
  return loads * (isSlow ? 0.58 : 0.5);
}

/// Cycles of one step of the reduction in one tile. The cores that we schedule
/// for start two fused multiply-adds and two loads a cycle; a multiply-add's
/// result is there after 4 cycles, so that fewer than 8 accumulators leave the
/// units idle, and as many as 8 leave no slack. The loop's own instructions and
/// what the core can't hide add a part of a cycle. AArch64's smaller cores
/// start one load, or two instructions of any kind, so that there a load isn't
/// quite free (by LLVM's model of Cortex A55 9 x 2 takes 1.11 cycles a
/// multiply-add, 4 x 5 takes 1.18).
double toeplitz::getStepCycles(int64_t positions, int64_t vectors,
                               kernel::TargetAttr target) {
  double multiplyAdds = positions * vectors / 2.0;
  double loads = countInputLoads(positions, target) + vectors;
  double exposed = target.getByElement() ? 0.1 * loads : 0;
  return std::max({multiplyAdds, getLoadCycles(loads, target), 4.5}) + 0.3 +
         exposed;
}

/// Accumulators, one step's weights and one broadcast must fit, and one
/// register in sixteen stays free: with none to spare LLVM's scheduler makes
/// spills of the loads that it moves ahead (seen in the assembly: with 16
/// registers 4 x 3 spills and 6 x 2 doesn't, with 32 registers 14 x 2 spills
/// and 13 x 2 doesn't). Without fused multiply-add the product needs a register
/// too. With one position the weights are used once, straight from memory. By
/// element, there is a vector of channels for each position (with NEON's 32
/// registers 9 x 2, 6 x 3 and 5 x 4 don't spill, 10 x 2, 7 x 3 and 6 x 4 do).
bool toeplitz::fitsRegisters(int64_t positions, int64_t vectors,
                             kernel::TargetAttr target) {
  int64_t spare = target.getRegisters() / 16 + (target.getFma() ? 0 : 1);
  int64_t weights = positions == 1 ? 1 : vectors;
  int64_t inputs = target.getByElement() ? positions : 1;
  return positions * vectors + weights + inputs + spare <=
         target.getRegisters();
}

/// Cycles of loading a step's weights where the part of a filter that several
/// tiles read, one after the other, doesn't stay in the first-level cache: Zen
/// 3 reads 28 bytes a cycle of the second level and 16 of the third. (512
/// channels of 7 x 7, 3 x 3, by tiles of 1 x 13 took 2.3 times as long as the
/// multiply-adds.) With more than 16 registers tiles have more positions, and
/// multiply longer with each vector than it takes to come.
static double getWeightCycles(const TiledProduct &product, int64_t vectors,
                              kernel::TargetAttr target) {
  constexpr int64_t fewRegisters = 16;
  double stepBytes = 4.0 * static_cast<double>(target.getLanes() * vectors);
  double bytes = stepBytes * static_cast<double>(product.roundSteps);
  if (target.getRegisters() > fewRegisters ||
      bytes <= static_cast<double>(target.getL1()))
    return 0;
  return stepBytes / (isStreamed(bytes, target) ? 16 : 28);
}

/// Cycles of one step of the reduction for a row of positions and the vectors
/// of a group.
static double getRowCycles(const TiledProduct &product, int64_t positions,
                           int64_t vectors, kernel::TargetAttr target) {
  bool isReread = product.rowsTogether > 1 || product.rowPositions > positions;
  auto getCycles = [&](int64_t positions, int64_t vectors) {
    double cycles = getStepCycles(positions, vectors, target);
    return isReread
               ? std::max(cycles, getWeightCycles(product, vectors, target))
               : cycles;
  };
  int64_t restPositions = product.rowPositions % positions;
  int64_t restVectors = product.groupVectors % vectors;
  double tiles = product.rowPositions / positions;
  double blocks = product.groupVectors / vectors;
  double cycles = tiles * blocks * getCycles(positions, vectors);
  if (restPositions)
    cycles += blocks * getCycles(restPositions, vectors);
  if (restVectors)
    cycles += tiles * getCycles(positions, restVectors);
  if (restPositions && restVectors)
    cycles += getCycles(restPositions, restVectors);
  return cycles;
}

/// What a product waits for its filter.
static double getWait(const TiledProduct &product, int64_t positions,
                      int64_t vectors, double computeCycles,
                      kernel::TargetAttr target) {
  double vectorBytes = 4.0 * product.steps * target.getLanes();
  double tiles = std::ceil(product.rowsTogether) *
                 llvm::divideCeil(product.rowPositions, positions);
  FilterStream stream;
  stream.bytes = vectorBytes * product.groupVectors * product.groups;
  // (A tile that reads all of it has no next block to ask for.)
  stream.blockBytes = product.rereadsFilter ? stream.bytes
                                            : 4.0 * product.roundSteps *
                                                  target.getLanes() * vectors;
  stream.tiles = static_cast<int64_t>(tiles);
  if (!isStreamed(stream.bytes, target))
    return 0;
  double passes = product.rows / product.rowsTogether;
  if (!product.rereadsFilter)
    return passes * estimateFilterWait(stream, computeCycles / passes, target);
  double first = estimateFilterWait(stream, computeCycles, target);
  // A filter that is several times as large as the second level hardly comes
  // faster when it is read again; another one comes from the third level, at 10
  // bytes a cycle, while the tiles compute.
  double again =
      isFar(stream.bytes, target)
          ? first
          : std::max(0.0, 0.1 * stream.bytes - computeCycles / tiles);
  return first + again * (tiles - 1);
}

RegisterTile toeplitz::chooseRegisterTile(const TiledProduct &product,
                                          kernel::TargetAttr target) {
  RegisterTile best;
  double steps = product.rows * static_cast<double>(product.groups) *
                 static_cast<double>(product.steps) * product.computedShare;
  for (int64_t vectors = 1; vectors <= product.groupVectors; ++vectors) {
    if (!fitsRegisters(1, vectors, target))
      break;
    for (int64_t positions = 1; positions <= product.rowPositions;
         ++positions) {
      if (!fitsRegisters(positions, vectors, target))
        break;
      double cycles = steps * getRowCycles(product, positions, vectors, target);
      cycles += getWait(product, positions, vectors, cycles, target);
      // Equal cycles: the larger tile starts fewer times.
      bool larger = positions * vectors > best.positions * best.vectors;
      if (best.cycles == 0 || cycles < best.cycles * 0.999 ||
          (cycles < best.cycles * 1.001 && larger))
        best = {positions, vectors, cycles};
    }
  }
  return best;
}

int64_t toeplitz::chooseRowTile(int64_t columns, int64_t vectors,
                                kernel::TargetAttr target) {
  TiledProduct product;
  product.groupVectors = vectors;
  product.rowPositions = columns;
  int64_t best = 1;
  double fewest = getRowCycles(product, best, vectors, target);
  for (int64_t positions = 2;
       positions <= columns && fitsRegisters(positions, vectors, target);
       ++positions)
    if (double cycles = getRowCycles(product, positions, vectors, target);
        cycles < fewest) {
      best = positions;
      fewest = cycles;
    }
  return best;
}

/// Blocks of channels of which the second-level cache holds a row each, where
/// so many bytes lie between them: a multiple of a power of two takes few of
/// its sets. Of eight ways, as Zen's has.
static int64_t countBlocksInLevel2(int64_t blockBytes,
                                   kernel::TargetAttr target) {
  return target.getL2() / std::gcd(blockBytes, target.getL2() / 8);
}

/// By how much a kernel that reads its input in place is slowed down when a
/// register tile's input doesn't stay in the first-level cache: each block of
/// channels lies somewhere else, which hides it from the prefetchers. 1 for
/// kernels of several taps, which read what they load more than once.
static double getScatterFactor(const Convolution &convolution,
                               const RegisterTile &tile,
                               kernel::TargetAttr target) {
  if (convolution.getTaps() != 1 || tile.positions == 1)
    return 1;
  // Vectors of whole lines: pointwise is 8 to 14 % faster than im2col there,
  // with 512 to 2048 channels (measured with AVX-512 and 48 KiB).
  if (target.getLanes() >= lineFloats)
    return 1;
  int64_t blocks = llvm::divideCeil(convolution.inChannels / convolution.groups,
                                    target.getLanes());
  // (256 to 512 channels of 32 x 32 take 1.3 to 1.6 times as long as of 33 x
  // 32, 128 channels 1.1 times. Zen 3.)
  auto positions =
      static_cast<int64_t>(countInputPositions(getDimensions(convolution)));
  if (blocks > countBlocksInLevel2(positions * target.getLanes() * 4, target))
    return 1.5;
  // The positions of a tile lie together in each block, on a line more than
  // they fill unless they start at its beginning.
  int64_t bytes =
      4 * blocks * (tile.positions * target.getLanes() + lineFloats);
  // Measured on Zen 3 (32 KiB): nothing at 256 channels, 8 % at 512, 14 % at
  // 1024.
  return bytes * 2 >= target.getL1() ? 1.1 : 1;
}

int64_t toeplitz::countMergedGroups(const Convolution &convolution,
                                    int64_t lanes) {
  return countMergedGroups(convolution.groups, convolution.inChannels,
                           convolution.outChannels, lanes);
}

/// The product of all groups, after merging.
static TiledProduct getProduct(const Convolution &convolution,
                               const ConvolutionSchedule &schedule,
                               const BlockedLoops &loops,
                               kernel::TargetAttr target) {
  TiledProduct product;
  product.groups = schedule.groups;
  product.groupVectors = llvm::divideCeil(
      convolution.outChannels / schedule.groups, target.getLanes());
  product.steps =
      convolution.getTaps() * (convolution.inChannels / schedule.groups);
  product.roundSteps =
      convolution.getTaps() * (loops.roundChannels / schedule.groups);
  product.rows = static_cast<double>(convolution.batch) *
                 convolution.getPositions() / loops.rowPositions;
  product.rowPositions = loops.rowPositions;
  double rowBytes = 4.0 * loops.roundChannels * loops.rowPositions;
  for (int64_t stride : convolution.strides)
    rowBytes *= static_cast<double>(stride);
  product.rowsTogether =
      loops.rereadsFilter ? product.rows
                          : countRowsTogether(product.rows, rowBytes, target);
  product.computedShare = loops.computedShare;
  product.rereadsFilter = loops.rereadsFilter;
  return product;
}

int64_t toeplitz::getRoundChannels(int64_t channels, int64_t rounds,
                                   kernel::TargetAttr target) {
  return llvm::alignTo(llvm::divideCeil(channels, rounds), target.getLanes());
}

ConvolutionSchedule toeplitz::scheduleBlocked(const Convolution &convolution,
                                              const BlockedLoops &loops,
                                              kernel::TargetAttr target) {
  int64_t lanes = target.getLanes();
  ConvolutionSchedule schedule;
  schedule.groups = convolution.groups / countMergedGroups(convolution, lanes);
  // Few channels that come from the network's input: a plain input saves both
  // the reordering and the multiplications with what fills up the last block.
  schedule.inputBlock =
      convolution.inputIsPlain && convolution.inChannels < lanes ? 1 : lanes;
  RegisterTile tile = chooseRegisterTile(
      getProduct(convolution, schedule, loops, target), target);
  schedule.tilePositions = tile.positions;
  schedule.tileVectors = tile.vectors;
  return schedule;
}

double toeplitz::estimateBlockedCycles(const Convolution &convolution,
                                       const ConvolutionSchedule &schedule,
                                       const BlockedLoops &loops,
                                       kernel::TargetAttr target) {
  return chooseRegisterTile(getProduct(convolution, schedule, loops, target),
                            target)
      .cycles;
}

ConvolutionCost toeplitz::estimateBlockedCost(
    const Convolution &convolution, const ConvolutionSchedule &schedule,
    const BlockedLoops &loops, kernel::TargetAttr target) {
  TiledProduct product = getProduct(convolution, schedule, loops, target);
  RegisterTile tile = chooseRegisterTile(product, target);
  ConvolutionCost cost;
  cost.cycles = tile.cycles * getScatterFactor(convolution, tile, target);
  cost.multiplyAdds = static_cast<double>(convolution.batch) *
                      convolution.getPositions() * convolution.getTaps() *
                      loops.computedShare * convolution.inChannels *
                      product.groupVectors * target.getLanes();
  return cost;
}

int64_t toeplitz::getBlockedFilterSize(const Convolution &convolution,
                                       const ConvolutionSchedule &schedule,
                                       kernel::TargetAttr target) {
  int64_t groupVectors = llvm::divideCeil(
      convolution.outChannels / schedule.groups, target.getLanes());
  return schedule.groups * groupVectors * target.getLanes() *
         convolution.getTaps() * (convolution.inChannels / schedule.groups);
}

void toeplitz::packBlockedFilter(const Convolution &convolution,
                                 const ConvolutionSchedule &schedule,
                                 kernel::TargetAttr target,
                                 ArrayRef<float> filter,
                                 MutableArrayRef<float> packed) {
  int64_t lanes = target.getLanes(), taps = convolution.getTaps();
  // Channels of one group, as the network has it and after merging.
  int64_t filterChannels = convolution.inChannels / convolution.groups;
  int64_t filterOutputs = convolution.outChannels / convolution.groups;
  int64_t channels = convolution.inChannels / schedule.groups;
  int64_t outputs = convolution.outChannels / schedule.groups;
  int64_t vectors = llvm::divideCeil(outputs, lanes);

  float *row = packed.data();
  for (int64_t group = 0; group < schedule.groups; ++group)
    for (int64_t vector = 0; vector < vectors; vector += schedule.tileVectors) {
      int64_t width = std::min(schedule.tileVectors, vectors - vector) * lanes;
      for (int64_t block = 0; block < channels; block += schedule.inputBlock)
        for (int64_t tap = 0; tap < taps; ++tap)
          for (int64_t c = block;
               c < std::min(channels, block + schedule.inputBlock); ++c)
            for (int64_t lane = 0; lane < width; ++lane) {
              int64_t output = vector * lanes + lane;
              float weight = 0;
              // Outside of the diagonal blocks of a merged group, and in the
              // lanes that fill up the last vector: zero.
              if (output < outputs &&
                  output / filterOutputs == c / filterChannels) {
                int64_t f = group * outputs + output;
                weight =
                    filter[(f * filterChannels + c % filterChannels) * taps +
                           tap];
              }
              *row++ = weight;
            }
    }
}
