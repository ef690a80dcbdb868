// A convolution of stride 1 as products of spectra, in tiles: its geometry, its
// memory and its packed filter.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FOURIERCONVOLUTION_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FOURIERCONVOLUTION_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/FourierTransform.h"

namespace toeplitz {

/// One spatial dimension in tiles of `size` points.
///
/// The product of spectra is the circular correlation y[j] = sum over k of w[k]
/// z[(j + k) mod N]. Where j + k never reaches N it is the plain one: N - K + 1
/// of a tile's points are outputs, and tiles overlap by K - 1 points
/// (overlap-save).
///
/// One tile is enough for all of x when the zeros around it keep its ends
/// apart. With z[i] = x[i] from i = 0 and the filter rotated by the padding p,
/// y[o] = sum over k of w[k] z[(o + k - p) mod N], the padding before x and
/// that behind it may share their zeros: N >= I + p and N >= O + K - 1 - p. For
/// an image padded to its own size that is I + (K - 1) / 2 instead of I + K
/// - 1.
///
/// In a circular dimension N = I, and y[o] = sum over k of w[k] z[(o + k d - p)
/// mod I] for any dilation d, padding p and number of taps: the filter that is
/// transformed is h[j] = sum of all w[k] with k d - p = j (mod I).
struct FourierDimension {
  int64_t input = 1;
  int64_t output = 1;
  int64_t kernel = 1;
  int64_t dilation = 1;
  int64_t paddingLow = 0;
  int64_t size = 1;
  /// Whether the input goes on periodically on both sides, instead of zeros.
  bool circular = false;
  /// As in Dimension.
  int64_t outputStride = 1;
  int64_t outputOffset = 0;

  /// Whether one tile with a rotated filter is enough.
  bool isRotated() const;
  /// The least size for which it is, if it can be.
  std::optional<int64_t> getRotatedSize() const;
  int64_t getOutputsPerTile() const;
  int64_t countTiles() const;
  /// The input position of the first point of the tile of the first outputs.
  int64_t getStart() const { return isRotated() ? 0 : -paddingLow; }
};

/// The outermost of three spatial dimensions, which isn't transformed: output
/// slice z is the sum over k < K of the spectra of input slices z + k d - p,
/// each times that of tap k of the filter. A run of R slices of outputs reads
/// R + (K - 1) d slices of inputs, which are transformed once for all taps.
struct FourierDepth {
  int64_t input = 1;
  int64_t output = 1;
  int64_t kernel = 1;
  int64_t dilation = 1;
  int64_t paddingLow = 0;
  /// R.
  int64_t outputsPerRun = 1;
  /// As in Dimension.
  int64_t outputStride = 1;
  int64_t outputOffset = 0;

  int64_t countRuns() const {
    return (output + outputsPerRun - 1) / outputsPerRun;
  }
  int64_t countSlices() const {
    return outputsPerRun + (kernel - 1) * dilation;
  }
};

/// What the kernel works on. A one-dimensional convolution has an outer
/// dimension of one position, and without a third one the depth is one slice.
///
/// A tile has two transformed dimensions. Tiles of the slices of a run are
/// computed together.
struct FourierConvolution {
  FourierConvolution(const Convolution &convolution,
                     const ConvolutionSchedule &schedule,
                     kernel::TargetAttr target);
  explicit FourierConvolution(kernel::ConvOp op);

  int64_t batch = 1;
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  /// After small ones were merged.
  int64_t groups = 1;
  int64_t lanes = 1;
  int64_t registers = 16;
  int64_t tilePositions = 1;
  int64_t tileVectors = 1;
  FourierDepth depth;
  FourierDimension outer, inner;

  /// Whether every channel has its own filter: the product is one of numbers.
  /// Else it is one of matrices.
  bool isDepthwise() const {
    return groups > 1 && groups == inChannels && groups == outChannels;
  }
  int64_t countInBlocks() const;
  /// Vectors of output channels of a group.
  int64_t countGroupVectors() const;
  /// The tiles of one channel of the whole batch (with depth: runs of tiles).
  int64_t countTiles() const {
    return batch * depth.countRuns() * outer.countTiles() * inner.countTiles();
  }
  /// Half of the frequencies, with which the others are conjugate for a real
  /// signal: all of the outer dimension by floor(N / 2) + 1 of the inner one.
  int64_t countFrequencies() const { return outer.size * (inner.size / 2 + 1); }

  /// Two real signals are transformed as one complex signal a + i b. In a
  /// depthwise convolution they are two tiles of one block of channels, or one
  /// tile of two blocks, whichever leaves fewer without a partner; in a dense
  /// one two tiles.
  bool pairsBlocks() const;

  /// Dense: the tiles that are transformed before the products, all of them or
  /// what fits the scratch memory.
  int64_t countChunkPairs() const;
  int64_t countChunks() const;
  /// The tiles of a chunk: two for each pair, or one less where there is only
  /// one chunk with an odd number of tiles.
  int64_t countChunkPositions() const;
  /// The same with all slices of outputs.
  int64_t countOutputPositions() const {
    return depth.outputsPerRun * countChunkPositions();
  }

  /// Dense: parts of a group's output channels that tasks do apart, each after
  /// transforming all inputs anew. A task reads its part of the filter's
  /// spectra alone; were tiles divided among tasks, each would read all of
  /// them.
  int64_t countSplits() const;
  int64_t countSplitVectors() const {
    return countGroupVectors() / countSplits();
  }

  /// Parts of the work that can be done apart, in the order in which tasks take
  /// them.
  int64_t countItems() const;
  int64_t countTasks() const;

  /// Floats from one row of a tile to the next. Not a power of two, which would
  /// put all points of a column in the same few lines of the cache.
  int64_t getPitch() const {
    return (inner.size + (outer.size > 1 ? 1 : 0)) * 2 * lanes;
  }
  /// Floats of a tile, of a line of points, of the spectra of a chunk.
  int64_t getTileFloats() const { return outer.size * getPitch(); }
  int64_t getLineFloats() const {
    return std::max(outer.size, inner.size) * 2 * lanes;
  }
  int64_t getInputSpectraFloats() const;
  int64_t getOutputSpectraFloats() const;
  int64_t getScratchFloats() const;

  const FourierPlan &getOuterPlan() const { return outerPlan; }
  const FourierPlan &getInnerPlan() const { return innerPlan; }

  /// The packed filter: the twiddles of both dimensions, each filled up to a
  /// whole vector, then the spectra, divided by the number of points.
  /// Depthwise: block by block (or two blocks by two blocks), tap by tap of the
  /// depth, frequency by frequency, vectors of real and imaginary parts. Dense:
  /// group by group, frequency by frequency, for each tile of vectors of each
  /// split, tap by tap, channel by channel: real and imaginary parts of each
  /// vector.
  int64_t getOuterTableFloats() const;
  int64_t getInnerTableFloats() const;
  int64_t getSpectraStart() const {
    return getOuterTableFloats() + getInnerTableFloats();
  }
  int64_t getPackedFloats() const;

private:
  FourierPlan outerPlan, innerPlan;
};

/// Writes the packed filter of a convolution whose filter is outChannels x
/// inChannels / groups x kernel, where `groups` counts those before merging.
void packSpectra(const FourierConvolution &convolution, int64_t groups,
                 llvm::ArrayRef<float> filter,
                 llvm::MutableArrayRef<float> packed);

} // namespace toeplitz

#endif
