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
  return convolution.isCirculant(d) && isFourierSize(size) &&
         size <= largestSize;
}

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr) {
  size_t rank = convolution.kernel.size();
  if (rank == 0)
    return "there is no spatial dimension";
  if (rank > 2)
    return "there are " + std::to_string(rank) +
           " spatial dimensions, expected at most 2";
  for (size_t d = 0; d < rank; ++d) {
    std::string where = " in spatial dimension " + std::to_string(d);
    if (convolution.kernel[d] == 0)
      return "no tap of the filter takes part" + where;
    if (convolution.strides[d] != 1 && convolution.outputSizes[d] != 1)
      return "the stride is " + std::to_string(convolution.strides[d]) + where +
             ", expected 1";
    if (convolution.dilations[d] != 1 && convolution.kernel[d] != 1 &&
        !canBeCircular(convolution, d))
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
  FourierConvolution geometry(convolution, start, target);

  std::vector<std::pair<double, ConvolutionSchedule>> schedules;
  auto add = [&](ArrayRef<TileSize> sizes) {
    ConvolutionSchedule schedule = start;
    schedule.variant = getVariant(sizes);
    schedule.transform.clear();
    for (const TileSize &tile : sizes) {
      schedule.transform.push_back(tile.size);
      schedule.circular.push_back(tile.circular);
    }
    if (!llvm::is_contained(schedule.circular, true))
      schedule.circular.clear();
    if (!depthwise) {
      FourierConvolution tiled(convolution, schedule, target);
      ComplexTile tile = chooseComplexTile(tiled.countChunkPositions(),
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
  size_t rank = convolution.kernel.size();
  for (const TileSize &inner : getSizes(rank - 1, geometry.inner)) {
    if (rank == 1)
      add({inner});
    else
      for (const TileSize &outer : getSizes(0, geometry.outer))
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
  // The plans' cycles are those of lines in the first-level cache; a tile comes
  // from the second level, and the loops aren't free: 2 to 2.5 times as much
  // was measured with 16 lanes, for sizes from 9 to 4096.
  constexpr double measured = 2.5;
  double forward = measured * (rowsIn * innerCycles + columns + 3 * points);
  double backward =
      measured * (rowsOut * innerCycles + columns +
                  3.0 * outer.getOutputsPerTile() * inner.getOutputsPerTile());
  double spectra =
      4.0 * (fourier.getPackedFloats() - fourier.getSpectraStart());
  ConvolutionCost cost;
  if (fourier.isDepthwise()) {
    double complexTiles = fourier.countItems();
    cost.cycles = complexTiles * (forward + backward + 4 * points);
    cost.otherOperations = cost.cycles * target.getLanes();
    cost.multiplyAdds = complexTiles * 4 * points * target.getLanes();
  } else {
    double pairs =
        static_cast<double>(llvm::divideCeil(tiles, 2)) * fourier.groups;
    double chunks = fourier.countChunks();
    ComplexTile tile = chooseComplexTile(fourier.countChunkPositions(),
                                         fourier.countSplitVectors(), target);
    double splits = fourier.countSplits();
    double steps =
        chunks * splits * fourier.countFrequencies() * convolution.inChannels;
    cost.cycles =
        pairs * (splits * fourier.countInBlocks() * (forward + 10 * points) +
                 fourier.countGroupVectors() * (backward + 10 * points)) +
        1.25 * steps * tile.cyclesPerStep;
    cost.multiplyAdds = steps * fourier.countChunkPositions() *
                        fourier.countSplitVectors() * target.getLanes() * 4;
    spectra *= chunks;
  }
  // The spectra come from beyond the second-level cache, at about 4 bytes a
  // cycle (measured on shared machines with 2 MiB of it).
  cost.memoryBytes = spectra;
  cost.cycles += spectra / 4;
  // Vectors scattered over many pages: up to 1.4 times as much was measured.
  if (!fourier.isDepthwise())
    cost.cycles *= 1.35;
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
/// for C channels to a sum. (The factor of 2 covers sqrt(2) for complex numbers
/// and sqrt(2) for the sum and the difference of two spectra.) Source: Higham,
/// section 24.1.
static double boundError(const Convolution &convolution,
                         const ConvolutionSchedule &schedule,
                         ArrayRef<float> filter, double inputBound) {
  double factor = 1, points = 1;
  for (auto [size, input] :
       llvm::zip(schedule.transform, convolution.inputSizes)) {
    double error = 1 + boundFourierError(size);
    factor *= error * error;
    points *= std::min(size, input);
  }
  double channels = convolution.inChannels / schedule.groups;
  factor *= (1 + 2 * unitRoundoff) * (1 + 2 * getGamma(2 * channels + 4));
  return (factor - 1) * getLargestAbsoluteSum(convolution, filter) *
         std::sqrt(2 * points) * inputBound;
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
  // A period is one tile.
  auto input = cast<ShapedType>(op.getInput().getType()).getShape();
  if (op.getCircular() && op.getTransform())
    for (size_t d = 0; d < rank; ++d)
      if ((*op.getCircular())[d] && ((*op.getTransform())[d] != input[2 + d] ||
                                     op.getOutputSizes()[d] > input[2 + d]))
        return false;
  return op.getTransform() && (rank == 1 || rank == 2) &&
         llvm::all_of(*op.getTransform(), isFourierSize) &&
         llvm::all_of(op.getKernel(), [](int64_t size) { return size > 0; });
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
        "has no transform of 2^a 3^b 5^c points in one or two "
        "dimensions (circular ones: as many as the input), which 'fft' needs");
  FourierConvolution geometry(op);
  auto getSize = [](Value buffer, int64_t dimension) {
    return cast<ShapedType>(buffer.getType()).getDimSize(dimension);
  };
  if (!op.getScratch() || getSize(op.getScratch(), 0) < geometry.countTasks() ||
      getSize(op.getScratch(), 1) < geometry.getScratchFloats())
    return op.emitOpError("has no scratch memory of ")
           << geometry.countTasks() << " x " << geometry.getScratchFloats()
           << " floats, which 'fft' needs";
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
                                          getPackedSize,
                                          packFilter,
                                          countTasks,
                                          emit,
                                          getScratchSize,
                                          /*packStructure=*/nullptr,
                                          checkFourierIdentity,
                                          /*takesCircularPadding=*/true};
