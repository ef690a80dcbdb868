// fft: the matrix of a circular convolution is circulant, and the discrete
// Fourier transform F diagonalises every circulant matrix,
//
//   C(w) = F^-1 diag(F w) F,
//
// so that a convolution of N points costs two transforms, of about 5 N log2 N
// operations, and N products, whatever the size of the kernel. A Toeplitz
// matrix is a part of a circulant one: where the sum o + k stays below N, a
// circular convolution is a plain one (overlap-save: Oppenheim and Schafer,
// Discrete-Time Signal Processing, section 8.7.3). With circular padding the
// layer's own matrix is circulant, and a transform of the image's size computes
// it without the padding ever being there. The spectra of the filters
// are computed in double by the compiler and rounded once.
//
// In three dimensions the two inner ones are transformed, slice by slice, and
// the outermost one is a sum over its taps, of spectra: a slice is transformed
// once, however many taps there are.
//
// The geometry of tiles is in FourierConvolution.h, the transforms in
// FourierKernel.cpp, the products in FftDepthwise.cpp and FftDense.cpp. For the
// use in convolutional networks: Mathieu, Henaff and LeCun, Fast Training of
// Convolutional Networks through FFTs (arXiv:1312.5851).

#include "compiler/Algorithms/FourierIdentity.h"
#include "compiler/Algorithms/FourierKernel.h"
#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <tuple>

using namespace mlir;
using namespace toeplitz;

// A line of larger tiles doesn't stay in the caches.
static constexpr int64_t largestSize = 4096;

/// Whether a transform of the size of the image computes a dimension.
static bool canBeCircular(const Convolution &convolution, size_t d) {
  int64_t size = convolution.getImageSize(d);
  if (d + 2 < convolution.kernel.size())
    return false; // The depth isn't transformed.
  return convolution.isCirculant(d) && isFourierSize(size) &&
         size <= largestSize;
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr) {
  size_t rank = convolution.kernel.size();
  if (rank == 0)
    return "there is no spatial dimension";
  for (size_t d = 0; d < rank; ++d) {
    std::string where = " in spatial dimension " + std::to_string(d);
    if (convolution.kernel[d] == 0)
      return "no tap of the filter takes part" + where;
    if (convolution.strides[d] != 1 && convolution.outputSizes[d] != 1)
      return "the stride is " + std::to_string(convolution.strides[d]) + where +
             ", expected 1";
    bool isDepth = d + 2 < rank;
    if (convolution.dilations[d] != 1 && convolution.kernel[d] != 1 &&
        !isDepth && !canBeCircular(convolution, d))
      return "the dilation is " + std::to_string(convolution.dilations[d]) +
             where + ", expected 1";
  }
  return std::nullopt;
}

namespace {
/// A way to transform one dimension.
struct TileSize {
  int64_t size;
  bool circular = false;
};
} // namespace

/// Sizes worth a try for one dimension: no smaller one has as few points in all
/// its tiles together. Large tiles transform fewer points, small ones have
/// smaller spectra of the filter.
static SmallVector<TileSize> getCandidateSizes(FourierDimension dimension) {
  SmallVector<TileSize> sizes;
  int64_t fewest = 0;
  int64_t whole = getNextFourierSize(dimension.output + dimension.kernel - 1);
  for (int64_t size = getNextFourierSize(dimension.kernel);
       size <= whole && (size <= largestSize || sizes.empty());
       size = getNextFourierSize(size + 1)) {
    dimension.size = size;
    int64_t points = dimension.countTiles() * size;
    if (fewest != 0 && points >= fewest)
      continue;
    fewest = points;
    sizes.push_back({size});
  }
  return sizes;
}

/// "32", "32x48", "circular", "circularx48".
static std::string getVariant(ArrayRef<TileSize> sizes) {
  SmallVector<std::string> names;
  for (const TileSize &tile : sizes)
    names.push_back(tile.circular ? "circular" : std::to_string(tile.size));
  return llvm::all_equal(names) ? names.front() : llvm::join(names, "x");
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target);

/// The slices of the input that a run reads: as many outputs as scratch memory
/// is there for, but half of the depth where there would be one tile alone, for
/// two real ones make a complex one.
static int64_t chooseSlices(const Convolution &convolution,
                            ConvolutionSchedule schedule,
                            kernel::TargetAttr target) {
  int64_t reach = (convolution.kernel[0] - 1) * convolution.dilations[0];
  int64_t outputs = convolution.outputSizes[0];
  auto countRun = [&](int64_t runs) {
    schedule.transform[0] = reach + llvm::divideCeil(outputs, runs);
    return FourierConvolution(convolution, schedule, target);
  };
  FourierConvolution whole = countRun(1);
  int64_t runs = whole.countTiles() % 2 == 1 && outputs > 1 ? 2 : 1;
  // A depthwise task holds the slices of one tile: they should stay in the
  // second-level cache. A single slice of the depth has nothing to share.
  if (whole.isDepthwise() && reach == 0)
    runs = outputs;
  double most = whole.isDepthwise() ? target.getL2() / 4.0 : 1 << 22;
  auto fits = [&](const FourierConvolution &run) {
    double points = static_cast<double>(run.outer.size) * run.inner.size;
    double blocks = run.isDepthwise()
                        ? run.depth.countSlices()
                        : run.depth.countSlices() * run.countInBlocks() +
                              run.depth.outputsPerRun * run.countGroupVectors();
    return points * blocks * 2 * run.lanes <= most;
  };
  while (runs < outputs && !fits(countRun(runs)))
    ++runs;
  return reach + llvm::divideCeil(outputs, runs);
}

/// The cheapest of all sizes, so many of them that a look at their neighbours
/// is possible, and always the one without any halo.
static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr target) {
  ConvolutionSchedule start;
  start.inputBlock = target.getLanes();
  bool depthwise = convolution.groups > 1 &&
                   convolution.groups == convolution.inChannels &&
                   convolution.groups == convolution.outChannels;
  start.groups = depthwise
                     ? convolution.groups
                     : convolution.groups /
                           countMergedGroups(convolution, target.getLanes());
  start.transform.assign(convolution.kernel.begin(), convolution.kernel.end());
  for (int64_t &size : start.transform)
    size = getNextFourierSize(size);
  size_t rank = convolution.kernel.size();
  bool hasDepth = rank > 2;
  if (hasDepth)
    start.transform[0] =
        (convolution.kernel[0] - 1) * convolution.dilations[0] + 1;
  FourierConvolution geometry(convolution, start, target);

  std::vector<std::pair<double, ConvolutionSchedule>> schedules;
  auto add = [&](ArrayRef<TileSize> sizes) {
    ConvolutionSchedule schedule = start;
    schedule.variant = getVariant(sizes);
    schedule.transform.truncate(hasDepth ? 1 : 0);
    schedule.circular.assign(hasDepth ? 1 : 0, false);
    for (const TileSize &tile : sizes) {
      schedule.transform.push_back(tile.size);
      schedule.circular.push_back(tile.circular);
    }
    if (!llvm::is_contained(schedule.circular, true))
      schedule.circular.clear();
    if (hasDepth)
      schedule.transform[0] = chooseSlices(convolution, schedule, target);
    if (!depthwise) {
      FourierConvolution tiled(convolution, schedule, target);
      ComplexTile tile = chooseComplexTile(tiled.countOutputPositions(),
                                           tiled.countSplitVectors(), target);
      schedule.tilePositions = tile.positions;
      schedule.tileVectors = tile.vectors;
    }
    double cycles = estimateCost(convolution, schedule, target).cycles +
                    estimateHaloCost(convolution, schedule).cycles;
    schedules.push_back({cycles, schedule});
  };
  auto getSizes = [&](size_t d, const FourierDimension &dimension) {
    SmallVector<TileSize> sizes;
    // (The taps of a tile lie together.)
    if (convolution.dilations[d] == 1 || convolution.kernel[d] == 1)
      sizes = getCandidateSizes(dimension);
    if (canBeCircular(convolution, d))
      sizes.push_back({convolution.getImageSize(d), /*circular=*/true});
    return sizes;
  };
  for (const TileSize &inner : getSizes(rank - 1, geometry.inner)) {
    if (rank == 1)
      add({inner});
    else
      for (const TileSize &outer : getSizes(rank - 2, geometry.outer))
        add({outer, inner});
  }
  llvm::sort(schedules, [](const auto &a, const auto &b) {
    return std::tie(a.first, a.second.transform, a.second.variant) <
           std::tie(b.first, b.second.transform, b.second.variant);
  });
  constexpr size_t most = 6;
  std::vector<ConvolutionSchedule> chosen;
  for (const auto &[cycles, schedule] : schedules)
    if (chosen.size() < most || schedule.variant == "circular")
      chosen.push_back(schedule);
  return chosen;
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr target) {
  FourierConvolution fourier(convolution, schedule, target);
  const FourierDimension &outer = fourier.outer, &inner = fourier.inner;
  int64_t registers = target.getRegisters();
  double tiles = fourier.countTiles();
  double points = static_cast<double>(outer.size) * inner.size;
  double innerCycles = fourier.getInnerPlan().estimateCycles(registers);
  double columns =
      fourier.getOuterPlan().estimateCycles(registers) * inner.size;
  // Rows of padding aren't transformed, nor rows without outputs. Each point is
  // loaded and stored, too.
  double rowsIn = std::min<double>(outer.size, outer.input);
  double rowsOut = outer.getOutputsPerTile();
  // Of each tile: slices that are transformed, and transformed back.
  double slicesIn = fourier.depth.countSlices();
  double slicesOut = fourier.depth.outputsPerRun;
  double taps = fourier.depth.kernel;
  double forward = rowsIn * innerCycles + columns + 3 * points;
  double backward = rowsOut * innerCycles + columns +
                    3.0 * outer.getOutputsPerTile() * inner.getOutputsPerTile();
  double spectra =
      4.0 * (fourier.getPackedFloats() - fourier.getSpectraStart());
  ConvolutionCost cost;
  if (fourier.isDepthwise()) {
    // The plans' cycles are those of lines in the first-level cache; a tile
    // comes from the second level, and the loops aren't free: 2 to 2.5 times as
    // much was measured with 16 lanes, for sizes from 9 to 4096.
    constexpr double measured = 2.5;
    double complexTiles = fourier.countItems();
    cost.cycles =
        complexTiles * (measured * (slicesIn * forward + slicesOut * backward) +
                        4 * slicesOut * taps * points);
    // Spectra of slices lie in the second-level cache.
    if (slicesIn > 1)
      cost.cycles += complexTiles * 4 * (slicesIn + slicesOut * taps) * points;
    cost.otherOperations = cost.cycles * target.getLanes();
    cost.multiplyAdds =
        complexTiles * slicesOut * taps * 4 * points * target.getLanes();
    // From beyond the second-level cache, at about 4 bytes a cycle (measured on
    // shared machines with 2 MiB of it).
    cost.memoryBytes = spectra;
    cost.cycles += spectra / 4;
    return cost;
  }
  double pairs =
      static_cast<double>(llvm::divideCeil(tiles, 2)) * fourier.groups;
  double chunks = fourier.countChunks();
  ComplexTile tile = chooseComplexTile(fourier.countOutputPositions(),
                                       fourier.countSplitVectors(), target);
  double splits = fourier.countSplits();
  double steps = chunks * splits * fourier.countFrequencies() *
                 convolution.inChannels * taps;
  cost.multiplyAdds = steps * fourier.countOutputPositions() *
                      fourier.countSplitVectors() * target.getLanes() * 4;
  // Each point of a tile lies with that of other tiles and channels, which are
  // multiplied together: in pages all over the chunk. What the second level,
  // and what is next to it, don't hold comes from memory.
  double chunkBytes =
      4.0 * splits * fourier.groups *
      (fourier.getInputSpectraFloats() + fourier.getOutputSpectraFloats());
  double scatteredBytes =
      chunks *
      std::max(0.0, chunkBytes - 4 * static_cast<double>(target.getL2()));
  cost.memoryBytes = chunks * spectra + scatteredBytes;
  // Factors by which the sum of these is within a fifth of what was measured
  // for 102 ways of computing 17 layers on Zen 5 (1 to 256 channels, one to
  // three dimensions, kernels of 5 to 64), and a tenth more: other processors'
  // caches are slower.
  cost.cycles =
      1.1 * (1.1 * pairs *
                 (splits * slicesIn * fourier.countInBlocks() * forward +
                  slicesOut * fourier.countGroupVectors() * backward) +
             1.12 * steps * tile.cyclesPerStep + 0.1 * chunks * spectra +
             0.54 * scatteredBytes);
  // Few tasks leave threads without work, if there are any: half of what that
  // costs two of them, which is right by a factor for one and for two.
  cost.cycles *= std::sqrt(getImbalance(fourier.countTasks()));
  return cost;
}

/// With |z| the Euclidean norm of a complex tile, e the relative error of a
/// transform, and A the largest sum of a filter's absolute values, which no
/// |H[k]| exceeds: the transform's error e |Z|, the rounding of H, that of the
/// sum of products and that of the transform back are all of the spectrum as a
/// whole, and no single output can be more wrong than all of them together:
///
///   |error| <= ((1 + e)^2 (1 + 2 u) (1 + 2 gamma(2 C + 4)) - 1) A |z|,
///
/// for C channels, times taps of the depth, to a sum; z is then the largest
/// slice. (The factor of 2 covers sqrt(2) for complex numbers
/// and sqrt(2) for the sum and the difference of two spectra.) Source: Higham,
/// section 24.1.
static double boundError(const Convolution &convolution,
                         const ConvolutionSchedule &schedule,
                         ArrayRef<float> filter, double inputBound) {
  double factor = 1, points = 1;
  size_t rank = convolution.kernel.size();
  double channels = convolution.inChannels / schedule.groups;
  for (size_t d = 0; d < rank; ++d) {
    if (d + 2 < rank) {
      channels *= convolution.kernel[d];
      continue;
    }
    double error = 1 + boundFourierError(schedule.transform[d]);
    factor *= error * error;
    points *= std::min(schedule.transform[d], convolution.inputSizes[d]);
  }
  factor *= (1 + 2 * unitRoundoff) * (1 + 2 * getGamma(2 * channels + 4));
  return (factor - 1) * getLargestAbsoluteSum(convolution, filter) *
         std::sqrt(2 * points) * inputBound;
}

/// The transforms round each value of a tile log2 N times, whose errors are of
/// the tile as a whole, as are those of the sums over C channels and taps of
/// the depth. Measured, over tiles of 8 to 64 points in one and two dimensions:
/// u (2.3 + 0.3 sqrt(C)).
static double estimateTypicalError(const Convolution &convolution,
                                   const ConvolutionSchedule &schedule) {
  size_t rank = schedule.transform.size();
  llvm::ArrayRef<int64_t> sizes =
      llvm::ArrayRef(schedule.transform).take_back(std::min<size_t>(rank, 2));
  bool transforms = llvm::any_of(sizes, [](int64_t size) { return size > 1; });
  double channels =
      static_cast<double>(convolution.inChannels / convolution.groups);
  for (size_t d = 0; d + 2 < convolution.kernel.size(); ++d)
    channels *= static_cast<double>(convolution.kernel[d]);
  return unitRoundoff *
         ((transforms ? 2.3 : 0.0) + 0.3 * std::sqrt(channels + 2));
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target) {
  return FourierConvolution(convolution, schedule, target).getPackedFloats();
}

static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, ArrayRef<float> filter,
                       MutableArrayRef<float> packed) {
  packSpectra(FourierConvolution(convolution, schedule, target),
              convolution.groups, filter, packed);
}

/// What the operation's verifier doesn't ask of every algorithm.
static bool isComplete(kernel::ConvOp op) {
  size_t rank = op.getKernel().size();
  if (!op.getTransform() || rank == 0)
    return false;
  ArrayRef<int64_t> transform = *op.getTransform();
  auto input = cast<ShapedType>(op.getInput().getType()).getShape();
  for (size_t d = 0; d < rank; ++d) {
    bool circular = op.getCircular() && (*op.getCircular())[d];
    if (op.getKernel()[d] < 1)
      return false;
    // The depth isn't transformed: so many slices are read together.
    if (d + 2 < rank) {
      if (circular ||
          transform[d] <= (op.getKernel()[d] - 1) * op.getDilations()[d])
        return false;
      continue;
    }
    // A period is one tile.
    if (circular &&
        (transform[d] != input[2 + d] || op.getOutputSizes()[d] > input[2 + d]))
      return false;
    if (!isFourierSize(transform[d]))
      return false;
  }
  return true;
}

static int64_t countTasks(kernel::ConvOp op) {
  return isComplete(op) ? FourierConvolution(op).countTasks() : 1;
}

static int64_t getScratchSize(kernel::ConvOp op) {
  return isComplete(op) ? FourierConvolution(op).getScratchFloats() : 0;
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  if (!isComplete(op))
    return op.emitOpError(
        "has no transform of 2^a 3^b 5^c points in the last one or two "
        "dimensions (circular ones: as many as the input), which 'fft' needs");
  FourierConvolution geometry(op);
  auto getSize = [](Value buffer, int64_t dimension) {
    return cast<ShapedType>(buffer.getType()).getDimSize(dimension);
  };
  if (!op.getScratch() ||
      getSize(op.getScratch(), 1) < geometry.getScratchFloats())
    return op.emitOpError("has no scratch memory of ")
           << geometry.getScratchFloats() << " floats, which 'fft' needs";
  if (getSize(op.getFilter(), 0) != geometry.getPackedFloats())
    return op.emitOpError("has a packed filter of ")
           << getSize(op.getFilter(), 0) << " floats, 'fft' expects "
           << geometry.getPackedFloats();
  FourierKernel fourier(op, kernel);
  if (fourier.blueprint.isDepthwise())
    emitDepthwiseFft(fourier);
  else
    emitDenseFft(fourier);
  return success();
}

const Algorithm toeplitz::fftAlgorithm = {"fft",
                                          declines,
                                          getSchedules,
                                          estimateCost,
                                          boundError,
                                          estimateTypicalError,
                                          getPackedSize,
                                          packFilter,
                                          countTasks,
                                          emit,
                                          getScratchSize,
                                          /*getPreparation=*/nullptr,
                                          /*packStructure=*/nullptr,
                                          checkFourierIdentity,
                                          /*takesCircularPadding=*/true};
