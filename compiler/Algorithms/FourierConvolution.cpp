// The geometry, the memory and the packed filter of a convolution as products
// of spectra.

#include "compiler/Algorithms/FourierConvolution.h"

#include "compiler/Algorithms/Geometry.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace toeplitz;

std::optional<int64_t> FourierDimension::getRotatedSize() const {
  if (paddingLow < 0)
    return std::nullopt;
  return std::max(
      {input + paddingLow, output + kernel - 1 - paddingLow, output, kernel});
}

bool FourierDimension::isRotated() const {
  if (circular)
    return true;
  std::optional<int64_t> least = getRotatedSize();
  return least && size >= *least;
}

int64_t FourierDimension::getOutputsPerTile() const {
  return isRotated() ? output : std::min(output, size - kernel + 1);
}

int64_t FourierDimension::countTiles() const {
  return llvm::divideCeil(output, getOutputsPerTile());
}

FourierConvolution::FourierConvolution(const Convolution &convolution,
                                       const ConvolutionSchedule &schedule,
                                       kernel::TargetAttr target)
    : batch(convolution.batch), inChannels(convolution.inChannels),
      outChannels(convolution.outChannels), groups(schedule.groups),
      lanes(target.getLanes()), registers(target.getRegisters()),
      tilePositions(schedule.tilePositions), tileVectors(schedule.tileVectors) {
  size_t rank = convolution.kernel.size();
  if (rank > 2) {
    depth.input = convolution.inputSizes[0];
    depth.output = convolution.outputSizes[0];
    depth.kernel = convolution.kernel[0];
    depth.dilation = convolution.dilations[0];
    depth.paddingLow = convolution.paddingLow[0];
    depth.outputsPerRun =
        schedule.transform[0] - (depth.kernel - 1) * depth.dilation;
  }
  for (size_t d = rank > 2 ? 1 : 0; d < rank; ++d) {
    FourierDimension &dimension = d + 1 == rank ? inner : outer;
    dimension.input = convolution.inputSizes[d];
    dimension.output = convolution.outputSizes[d];
    dimension.kernel = convolution.kernel[d];
    dimension.dilation = convolution.dilations[d];
    dimension.paddingLow = convolution.paddingLow[d];
    dimension.size = schedule.transform[d];
    if (!schedule.circular.empty() && schedule.circular[d]) {
      dimension.circular = true;
      dimension.input = convolution.getImageSize(d);
      dimension.paddingLow = convolution.haloLow[d];
    }
  }
  outerPlan = planFourierTransform(outer.size, registers);
  innerPlan = planFourierTransform(inner.size, registers);
}

FourierConvolution::FourierConvolution(kernel::ConvOp op)
    : batch(cast<ShapedType>(op.getInput().getType()).getDimSize(0)),
      inChannels(op.getInChannels()), outChannels(op.getOutChannels()),
      groups(op.getGroups()), lanes(kernel::getTarget(op).getLanes()),
      registers(kernel::getTarget(op).getRegisters()),
      tilePositions(op.getTile()[0]), tileVectors(op.getTile()[1]) {
  SmallVector<Dimension> dimensions = getDimensions(op);
  if (dimensions.size() > 2) {
    const Dimension &from = dimensions.front();
    depth.input = from.input;
    depth.output = from.output;
    depth.kernel = from.kernel;
    depth.dilation = from.dilation;
    depth.paddingLow = from.paddingLow;
    depth.outputsPerRun =
        (*op.getTransform())[0] - (depth.kernel - 1) * depth.dilation;
    depth.outputStride = from.outputStride;
    depth.outputOffset = from.outputOffset;
  }
  for (size_t d = dimensions.size() > 2 ? 1 : 0; d < dimensions.size(); ++d) {
    const Dimension &from = dimensions[d];
    FourierDimension &dimension = d + 1 == dimensions.size() ? inner : outer;
    dimension.input = from.input;
    dimension.output = from.output;
    dimension.kernel = from.kernel;
    dimension.dilation = from.dilation;
    dimension.paddingLow = from.paddingLow;
    dimension.size = (*op.getTransform())[d];
    dimension.circular = op.getCircular() && (*op.getCircular())[d];
    dimension.outputStride = from.outputStride;
    dimension.outputOffset = from.outputOffset;
  }
  outerPlan = planFourierTransform(outer.size, registers);
  innerPlan = planFourierTransform(inner.size, registers);
}

int64_t FourierConvolution::countInBlocks() const {
  return llvm::divideCeil(isDepthwise() ? inChannels : inChannels / groups,
                          lanes);
}

int64_t FourierConvolution::countGroupVectors() const {
  return llvm::divideCeil(isDepthwise() ? outChannels : outChannels / groups,
                          lanes);
}

bool FourierConvolution::pairsBlocks() const {
  if (!isDepthwise())
    return false;
  int64_t tiles = countTiles(), blocks = countInBlocks();
  return blocks * llvm::divideCeil(tiles, 2) >
         tiles * llvm::divideCeil(blocks, 2);
}

/// What the spectra of one chunk may take, in floats: beyond the second-level
/// cache they are written and read once, which costs less than reading the
/// filter's spectra again for each of several chunks.
static constexpr int64_t chunkFloats = int64_t(1) << 22;

/// Floats of the spectra of one tile (all its slices) in all channels of a
/// group.
static int64_t getSpectraFloats(const FourierConvolution &convolution) {
  return convolution.countFrequencies() *
         (convolution.depth.countSlices() * convolution.countInBlocks() +
          convolution.depth.outputsPerRun * convolution.countGroupVectors()) *
         2 * convolution.lanes;
}

/// Multiply-adds of all products.
static double countProducts(const FourierConvolution &convolution) {
  return 4.0 * convolution.countFrequencies() * convolution.countTiles() *
         convolution.depth.outputsPerRun * convolution.depth.kernel *
         (convolution.inChannels / convolution.groups) *
         convolution.outChannels;
}

/// Chunks for several threads: of so many tiles that the products still have
/// whole register tiles, and some 20 microseconds of products each. The spectra
/// of the filter, which each of them reads, shall stay in the second-level
/// cache.
static int64_t countWantedChunks(const FourierConvolution &convolution) {
  constexpr int64_t mostSpectra = int64_t(1) << 18, leastPairs = 8, most = 4;
  constexpr double leastMultiplyAdds = 2.5e6;
  if (convolution.groups > 1 || convolution.getPackedFloats() > mostSpectra)
    return 1;
  int64_t pairs = llvm::divideCeil(convolution.countTiles(), 2);
  double byProducts = countProducts(convolution) / leastMultiplyAdds;
  return std::clamp<int64_t>(
      std::min(pairs / leastPairs, static_cast<int64_t>(byProducts)), 1, most);
}

int64_t FourierConvolution::countChunkPairs() const {
  int64_t pairs = llvm::divideCeil(countTiles(), 2);
  int64_t most =
      std::max<int64_t>(1, chunkFloats / (2 * getSpectraFloats(*this)));
  int64_t chunks =
      std::max(countWantedChunks(*this), llvm::divideCeilSigned(pairs, most));
  return llvm::divideCeil(pairs, chunks);
}

int64_t FourierConvolution::countChunks() const {
  return llvm::divideCeil(llvm::divideCeil(countTiles(), 2), countChunkPairs());
}

int64_t FourierConvolution::countChunkPositions() const {
  bool single = countChunks() == 1 && countTiles() % 2 == 1;
  return 2 * countChunkPairs() - (single ? 1 : 0);
}

int64_t FourierConvolution::countSplits() const {
  int64_t items = countChunks() * groups;
  if (isDepthwise() || items > 2)
    return 1;
  // Some 100 microseconds of products for each, and all together no more
  // transforms of inputs than half of those of outputs: with as many of both,
  // two splits were a third slower on one core.
  constexpr double leastMultiplyAdds = 5e6;
  int64_t vectors = countGroupVectors();
  int64_t splits = std::min<int64_t>(
      {8 / items, vectors / (2 * countInBlocks()),
       static_cast<int64_t>(countProducts(*this) / leastMultiplyAdds)});
  while (splits > 1 && vectors % splits != 0)
    --splits;
  return std::max<int64_t>(1, splits);
}

int64_t FourierConvolution::countItems() const {
  if (!isDepthwise())
    return countChunks() * groups * countSplits();
  return pairsBlocks() ? countTiles() * llvm::divideCeil(countInBlocks(), 2)
                       : countInBlocks() * llvm::divideCeil(countTiles(), 2);
}

int64_t FourierConvolution::countTasks() const {
  // Each task has its own memory, so there are no more than a few threads need.
  constexpr int64_t mostTasks = 16;
  int64_t items = countItems();
  return llvm::divideCeil(items, llvm::divideCeil(items, mostTasks));
}

int64_t FourierConvolution::getInputSpectraFloats() const {
  return countFrequencies() * countInBlocks() * depth.countSlices() *
         countChunkPositions() * 2 * lanes;
}

int64_t FourierConvolution::getOutputSpectraFloats() const {
  return countFrequencies() * countSplitVectors() * countOutputPositions() * 2 *
         lanes;
}

int64_t FourierConvolution::getScratchFloats() const {
  int64_t floats = getTileFloats() + 3 * getLineFloats();
  if (!isDepthwise())
    floats += getInputSpectraFloats() + getOutputSpectraFloats();
  else if (depth.countSlices() > 1)
    floats += depth.countSlices() * outer.size * inner.size * 2 * lanes;
  return floats;
}

int64_t FourierConvolution::getOuterTableFloats() const {
  return llvm::alignTo(getOuterPlan().countTwiddles(), lanes);
}

int64_t FourierConvolution::getInnerTableFloats() const {
  return llvm::alignTo(getInnerPlan().countTwiddles(), lanes);
}

int64_t FourierConvolution::getPackedFloats() const {
  int64_t spectra;
  if (isDepthwise()) {
    int64_t blocks = countInBlocks();
    spectra = depth.kernel * countFrequencies() * 2 * lanes *
              (pairsBlocks() ? llvm::alignTo(blocks, 2) : blocks);
  } else {
    spectra = groups * countFrequencies() * depth.kernel *
              (inChannels / groups) * countGroupVectors() * 2 * lanes;
  }
  return getSpectraStart() + spectra;
}

namespace {
using Spectrum = std::vector<std::complex<double>>;

/// The conjugate spectrum of one filter of outer.kernel x inner.kernel taps,
/// each rotated by the padding where the dimension is, and wrapped around where
/// it is circular, divided by the number of points: frequency (k0, k1) at k1 *
/// outer.size + k0, k1 <= inner.size / 2.
class SpectrumOfFilter {
public:
  explicit SpectrumOfFilter(const FourierConvolution &convolution)
      : convolution(convolution), alongOuter(convolution.outer.size),
        alongInner(convolution.inner.size) {}
  Spectrum operator()(ArrayRef<float> taps) const;

private:
  const FourierConvolution &convolution;
  DoubleTransform alongOuter, alongInner;
};

} // namespace

Spectrum SpectrumOfFilter::operator()(ArrayRef<float> taps) const {
  const FourierDimension &outer = convolution.outer, &inner = convolution.inner;
  auto place = [](const FourierDimension &dimension, int64_t tap) {
    int64_t shift = dimension.isRotated() ? dimension.paddingLow : 0;
    int64_t position = tap * dimension.dilation - shift;
    return (position % dimension.size + dimension.size) % dimension.size;
  };
  int64_t columns = inner.size / 2 + 1;
  Spectrum spectrum(outer.size * columns), row(inner.size), column(outer.size);
  for (int64_t k = 0; k < outer.kernel; ++k) {
    std::fill(row.begin(), row.end(), 0);
    for (int64_t l = 0; l < inner.kernel; ++l)
      row[place(inner, l)] += taps[k * inner.kernel + l];
    Spectrum transformed = alongInner(row);
    for (int64_t k1 = 0; k1 < columns; ++k1)
      spectrum[k1 * outer.size + place(outer, k)] += transformed[k1];
  }
  double scale = 1.0 / (static_cast<double>(outer.size) * inner.size);
  for (int64_t k1 = 0; k1 < columns; ++k1) {
    auto first = spectrum.begin() + k1 * outer.size;
    std::copy(first, first + outer.size, column.begin());
    Spectrum transformed = alongOuter(column);
    for (int64_t k0 = 0; k0 < outer.size; ++k0)
      first[k0] = std::conj(transformed[k0]) * scale;
  }
  return spectrum;
}

static void packDepthwise(const FourierConvolution &convolution,
                          ArrayRef<float> filter,
                          MutableArrayRef<float> packed) {
  int64_t lanes = convolution.lanes;
  int64_t taps = convolution.outer.kernel * convolution.inner.kernel;
  int64_t frequencies = convolution.countFrequencies();
  int64_t depth = convolution.depth.kernel;
  bool pairs = convolution.pairsBlocks();
  SpectrumOfFilter getSpectrum(convolution);
  int64_t blocks = convolution.countInBlocks(), step = pairs ? 2 : 1;
  int64_t floats = (pairs ? 4 : 2) * lanes, start = 0;
  for (int64_t part = 0; part * step < blocks; ++part)
    for (int64_t tap = 0; tap < depth; ++tap, start += frequencies * floats) {
      int64_t block = part * step;
      auto getChannel = [&](int64_t channel) {
        return channel < convolution.outChannels
                   ? getSpectrum(
                         filter.slice((channel * depth + tap) * taps, taps))
                   : Spectrum(frequencies);
      };
      for (int64_t lane = 0; lane < lanes; ++lane) {
        Spectrum first = getChannel(block * lanes + lane), second;
        if (pairs)
          second = getChannel((block + 1) * lanes + lane);
        for (int64_t k = 0; k < frequencies; ++k) {
          float *to = packed.data() + start + k * floats + lane;
          auto put = [&](std::complex<double> value) {
            to[0] = static_cast<float>(value.real());
            to[lanes] = static_cast<float>(value.imag());
            to += 2 * lanes;
          };
          if (!pairs) {
            put(first[k]);
            continue;
          }
          // Half of the sum and of the difference: see FftDepthwise.cpp.
          put((first[k] + second[k]) * 0.5);
          put((first[k] - second[k]) * 0.5);
        }
      }
    }
}

static void packDense(const FourierConvolution &convolution, int64_t groups,
                      ArrayRef<float> filter, MutableArrayRef<float> packed) {
  int64_t lanes = convolution.lanes;
  int64_t taps = convolution.outer.kernel * convolution.inner.kernel;
  int64_t frequencies = convolution.countFrequencies();
  // Channels of one group, as the network has it and after merging.
  int64_t filterChannels = convolution.inChannels / groups;
  int64_t filterOutputs = convolution.outChannels / groups;
  int64_t channels = convolution.inChannels / convolution.groups;
  int64_t outputs = convolution.outChannels / convolution.groups;
  int64_t vectors = convolution.countGroupVectors();
  int64_t splitVectors = convolution.countSplitVectors();
  int64_t depth = convolution.depth.kernel, rows = depth * channels;
  int64_t perFrequency = rows * vectors * 2 * lanes;
  SpectrumOfFilter getSpectrum(convolution);
  std::fill(packed.begin(), packed.end(), 0.0f);
  for (int64_t group = 0; group < convolution.groups; ++group)
    for (int64_t output = 0; output < outputs; ++output)
      for (int64_t row = 0; row < rows; ++row) {
        int64_t tap = row / channels, c = row % channels;
        // Outside of the diagonal blocks of a merged group: zero.
        if (output / filterOutputs != c / filterChannels)
          continue;
        int64_t f = group * outputs + output;
        int64_t plane = (f * filterChannels + c % filterChannels) * depth + tap;
        Spectrum spectrum = getSpectrum(filter.slice(plane * taps, taps));
        int64_t vector = output / lanes;
        int64_t splitStart = vector / splitVectors * splitVectors;
        int64_t tileStart = splitStart + (vector - splitStart) /
                                             convolution.tileVectors *
                                             convolution.tileVectors;
        int64_t width = std::min(convolution.tileVectors,
                                 splitStart + splitVectors - tileStart);
        int64_t place = tileStart * rows * 2 * lanes + row * width * 2 * lanes +
                        (vector - tileStart) * 2 * lanes + output % lanes;
        for (int64_t k = 0; k < frequencies; ++k) {
          float *to =
              packed.data() + (group * frequencies + k) * perFrequency + place;
          to[0] = static_cast<float>(spectrum[k].real());
          to[lanes] = static_cast<float>(spectrum[k].imag());
        }
      }
}

void toeplitz::packSpectra(const FourierConvolution &convolution,
                           int64_t groups, ArrayRef<float> filter,
                           MutableArrayRef<float> packed) {
  int64_t outerTable = convolution.getOuterTableFloats();
  int64_t spectra = convolution.getSpectraStart();
  std::fill(packed.begin(), packed.begin() + spectra, 0.0f);
  convolution.getOuterPlan().writeTwiddles(packed.slice(0, outerTable));
  convolution.getInnerPlan().writeTwiddles(
      packed.slice(outerTable, spectra - outerTable));
  MutableArrayRef<float> rest = packed.drop_front(spectra);
  if (convolution.isDepthwise())
    packDepthwise(convolution, filter, rest);
  else
    packDense(convolution, groups, filter, rest);
}
