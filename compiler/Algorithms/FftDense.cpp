// fft, dense: at every frequency the spectra of all input channels are
// multiplied with a matrix and added up,
//
//   Y[k] (P x F) = X[k] (P x C) H[k] (C x F),
//
// P tiles, C input and F output channels of a group, all complex. A tile holds
// z = a + i b for two real signals; as the filters are real, conj(Z[-k]) is
// multiplied with the same H[k] as Z[k], and the two are the two positions that
// a pair of tiles has at each of half of the frequencies.
//
// All tiles of a chunk are transformed first, then each frequency's matrix is
// read once. With depth, C counts channels times taps of the depth: output
// slice z reads the spectra of input slices z + k d, which lie one after the
// other, so that a tap is an offset. Source: Mathieu, Henaff and LeCun, Fast
// Training of Convolutional Networks through FFTs (arXiv:1312.5851).

#include "compiler/Algorithms/FourierKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

ComplexTile toeplitz::chooseComplexTile(int64_t positions, int64_t groupVectors,
                                        kernel::TargetAttr target) {
  // As in chooseRegisterTile: two accumulators, two weights and two broadcasts.
  int64_t spare = target.getRegisters() / 16 + (target.getFma() ? 0 : 1);
  auto step = [](int64_t p, int64_t v) {
    return std::max({2.0 * p * v, double(p + v), 4.5}) + 0.6;
  };
  ComplexTile best;
  for (int64_t v = 1; v <= groupVectors; ++v)
    for (int64_t p = 1; p <= positions; ++p) {
      if (v * p > 1 && 2 * p * v + 2 * v + 2 + spare > target.getRegisters())
        break;
      double rows = positions / p, blocks = groupVectors / v;
      int64_t restRows = positions % p, restBlocks = groupVectors % v;
      double cycles = rows * blocks * step(p, v);
      if (restRows)
        cycles += blocks * step(restRows, v);
      if (restBlocks)
        cycles += rows * step(p, restBlocks);
      if (restRows && restBlocks)
        cycles += step(restRows, restBlocks);
      if (best.cyclesPerStep == 0 || cycles < best.cyclesPerStep * 0.999)
        best = {p, v, cycles};
    }
  return best;
}

namespace {

class DenseEmitter {
public:
  explicit DenseEmitter(FourierKernel &fourier)
      : fourier(fourier), kernel(fourier.kernel), blueprint(fourier.blueprint),
        positions(blueprint.countChunkPositions()),
        blocks(blueprint.countInBlocks()),
        vectors(blueprint.countSplitVectors()),
        channels(blueprint.inChannels / blueprint.groups),
        inputPositions(blueprint.depth.countSlices() * positions),
        outputPositions(blueprint.countOutputPositions()) {}
  void emit();

private:
  /// `single`: the second signal of the pair is missing, and its position too.
  void transformPair(Index group, Index firstPair, Index pair, bool single);
  void transformPairBack(Index group, Index firstPair, Index pair, bool single);
  void multiply(Index group);
  void multiplyTile(Index frequency, Index filterStart, Index vector,
                    int64_t tileVectors, Index position, int64_t tilePositions);
  void getSignals(Index group, Index block, Index vector, Index firstPair,
                  Index pair, bool single, TileSignal &real,
                  TileSignal &imaginary);
  /// The column of one block and position in the spectra of the chunk.
  PointLine getInputColumn(Index column, Index block, Index position);
  PointLine getOutputColumn(Index column, Index vector, Index position);
  ComplexVector conjugate(ComplexVector x) {
    return {x.re, arith::NegFOp::create(kernel.builder, kernel.location, x.im)};
  }
  Index number(int64_t value) { return kernel.constant(value); }

  FourierKernel &fourier;
  KernelBuilder &kernel;
  const FourierConvolution &blueprint;
  /// `vectors` are those of a split.
  int64_t positions, blocks, vectors, channels;
  /// Slice by slice, the positions of a chunk.
  int64_t inputPositions, outputPositions;
  /// The split of the item at work.
  Index split;
};

} // namespace

PointLine DenseEmitter::getInputColumn(Index column, Index block,
                                       Index position) {
  int64_t floats = fourier.getPointFloats();
  int64_t stride = blocks * inputPositions * floats;
  Index place = kernel.add(kernel.mul(block, number(inputPositions)), position);
  Index start =
      kernel.add(kernel.mul(column, number(blueprint.outer.size * stride)),
                 kernel.mul(place, number(floats)));
  return {kernel.add(fourier.getInputSpectraStart(), start), stride};
}

PointLine DenseEmitter::getOutputColumn(Index column, Index vector,
                                        Index position) {
  int64_t floats = fourier.getPointFloats();
  int64_t stride = vectors * outputPositions * floats;
  Index place =
      kernel.add(kernel.mul(vector, number(outputPositions)), position);
  Index start =
      kernel.add(kernel.mul(column, number(blueprint.outer.size * stride)),
                 kernel.mul(place, number(floats)));
  Index spectra = kernel.add(fourier.getInputSpectraStart(),
                             number(blueprint.getInputSpectraFloats()));
  return {kernel.add(spectra, start), stride};
}

void DenseEmitter::getSignals(Index group, Index block, Index vector,
                              Index firstPair, Index pair, bool single,
                              TileSignal &real, TileSignal &imaginary) {
  // With several groups, each has whole blocks and vectors.
  Index inputBlock = kernel.add(kernel.mul(group, number(blocks)), block);
  Index outputVector =
      kernel.add(kernel.mul(group, number(blueprint.countGroupVectors())),
                 kernel.add(kernel.mul(split, number(vectors)), vector));
  Index tile = kernel.mul(kernel.add(firstPair, pair), number(2));
  Index next = kernel.add(tile, number(1));
  real = fourier.getSignal(tile, inputBlock, outputVector);
  imaginary = fourier.getSignal(next, inputBlock, outputVector);
  int64_t tiles = blueprint.countTiles();
  if (single) {
    for (TileSignal::Extent *extent : {&imaginary.outer, &imaginary.inner})
      extent->first = extent->end = extent->outputs = number(0);
  } else if (2 * blueprint.countChunkPairs() * blueprint.countChunks() !=
             tiles) {
    // Pairs that fill up the last chunk are all zeros.
    fourier.requireThat(fourier.isBelow(tile, number(tiles)), real);
    fourier.requireThat(fourier.isBelow(next, number(tiles)), imaginary);
  }
}

void DenseEmitter::transformPair(Index group, Index firstPair, Index pair,
                                 bool single) {
  int64_t outerSize = blueprint.outer.size, innerSize = blueprint.inner.size;
  kernel.forEach(
      {blocks, blueprint.depth.countSlices()}, [&](ArrayRef<Index> place) {
        Index block = place[0], slice = place[1];
        Index first = kernel.add(kernel.mul(slice, number(positions)),
                                 kernel.mul(pair, number(2)));
        Index second = kernel.add(first, number(1));
        TileSignal real, imaginary;
        getSignals(group, block, number(0), firstPair, pair, single, real,
                   imaginary);
        fourier.transformRows(fourier.getInputSlice(real, slice),
                              fourier.getInputSlice(imaginary, slice));
        auto writeColumn = [&](Index column, bool alone) {
          PointLine line = fourier.transformColumn(column, 1);
          PointLine mirror = line;
          if (!alone && !single)
            mirror = fourier.transformColumn(
                kernel.sub(number(innerSize), column), 2);
          PointLine to = getInputColumn(column, block, first);
          PointLine mirrorTo = getInputColumn(column, block, second);
          fourier.forFrequencies(outerSize, [&](Index k, Index negative) {
            fourier.store(fourier.load(line, k), to, k);
            if (!single)
              fourier.store(conjugate(fourier.load(mirror, negative)), mirrorTo,
                            k);
          });
        };
        writeColumn(number(0), true);
        kernel.forLoop(number(1), number((innerSize + 1) / 2), 1,
                       [&](Index column) { writeColumn(column, false); });
        if (innerSize % 2 == 0)
          writeColumn(number(innerSize / 2), true);
      });
}

void DenseEmitter::transformPairBack(Index group, Index firstPair, Index pair,
                                     bool single) {
  int64_t outerSize = blueprint.outer.size, innerSize = blueprint.inner.size;
  kernel.forEach(
      {vectors, blueprint.depth.outputsPerRun}, [&](ArrayRef<Index> place) {
        Index vector = place[0], slice = place[1];
        Index first = kernel.add(kernel.mul(slice, number(positions)),
                                 kernel.mul(pair, number(2)));
        // The spectrum of one real signal has Y[-k] = conj(Y[k]).
        Index second = single ? first : kernel.add(first, number(1));
        TileSignal real, imaginary;
        getSignals(group, number(0), vector, firstPair, pair, single, real,
                   imaginary);
        auto readColumn = [&](Index column, bool alone) {
          PointLine line = fourier.getColumnLine(column, 1);
          PointLine from = getOutputColumn(column, vector, first);
          PointLine mirrorFrom = getOutputColumn(column, vector, second);
          Index mirrorColumn =
              alone ? column : kernel.sub(number(innerSize), column);
          PointLine mirror = fourier.getColumnLine(mirrorColumn, 2);
          fourier.forFrequencies(outerSize, [&](Index k, Index negative) {
            fourier.store(fourier.load(from, k), line, k);
            if (!alone)
              fourier.store(conjugate(fourier.load(mirrorFrom, k)), mirror,
                            negative);
          });
          fourier.transformColumnBack(line, column);
          if (!alone)
            fourier.transformColumnBack(mirror, mirrorColumn);
        };
        readColumn(number(0), true);
        kernel.forLoop(number(1), number((innerSize + 1) / 2), 1,
                       [&](Index column) { readColumn(column, false); });
        if (innerSize % 2 == 0)
          readColumn(number(innerSize / 2), true);
        fourier.transformRowsBack(fourier.getOutputSlice(real, slice),
                                  fourier.getOutputSlice(imaginary, slice));
      });
}

void DenseEmitter::multiplyTile(Index frequency, Index filterStart,
                                Index vector, int64_t tileVectors,
                                Index position, int64_t tilePositions) {
  int64_t lanes = blueprint.lanes, floats = fourier.getPointFloats();
  Index spectrum = kernel.add(
      fourier.getInputSpectraStart(),
      kernel.mul(frequency, number(blocks * inputPositions * floats)));
  Index start = kernel.add(spectrum, kernel.mul(position, number(floats)));

  auto reduce = [&](ValueRange accumulators, Index tap, Index block,
                    int64_t count) {
    Index tapStart = kernel.add(
        start,
        kernel.mul(tap, number(blueprint.depth.dilation * positions * floats)));
    Index blockStart = kernel.add(
        tapStart, kernel.mul(block, number(inputPositions * floats)));
    Index tapRow = kernel.add(
        filterStart, kernel.mul(tap, number(channels * tileVectors * floats)));
    Index firstRow = kernel.add(
        tapRow, kernel.mul(block, number(lanes * tileVectors * floats)));
    return kernel.forLoop(
        number(0), number(count), 1, accumulators,
        [&](Index channel, ValueRange carried) {
          SmallVector<Value> sums(carried);
          Index row = kernel.add(
              firstRow, kernel.mul(channel, number(tileVectors * floats)));
          SmallVector<ComplexVector> weights;
          for (int64_t v = 0; v < tileVectors; ++v)
            weights.push_back(
                fourier.loadFilter(kernel.add(row, number(v * floats))));
          for (int64_t p = 0; p < tilePositions; ++p) {
            Index place =
                kernel.add(kernel.add(blockStart, number(p * floats)), channel);
            auto load = [&](int64_t part) {
              return kernel.broadcast(
                  kernel.loadScalar(
                      fourier.buffers.scratch,
                      {kernel.slot, kernel.add(place, number(part))}),
                  lanes);
            };
            Value re = load(0), im = load(lanes);
            Value minus =
                arith::NegFOp::create(kernel.builder, kernel.location, im);
            for (int64_t v = 0; v < tileVectors; ++v) {
              Value &sumRe = sums[(p * tileVectors + v) * 2];
              Value &sumIm = sums[(p * tileVectors + v) * 2 + 1];
              sumRe = kernel.multiplyAdd(re, weights[v].re, sumRe);
              sumIm = kernel.multiplyAdd(re, weights[v].im, sumIm);
              sumRe = kernel.multiplyAdd(minus, weights[v].im, sumRe);
              sumIm = kernel.multiplyAdd(im, weights[v].re, sumIm);
            }
          }
          return sums;
        });
  };
  SmallVector<Value> sums(tilePositions * tileVectors * 2,
                          kernel.splat(0.0f, lanes));
  int64_t whole = channels / lanes;
  sums = kernel.forLoop(
      number(0), number(blueprint.depth.kernel), 1, sums,
      [&](Index tap, ValueRange carriedAll) {
        SmallVector<Value> tapSums =
            kernel.forLoop(number(0), number(whole), 1, carriedAll,
                           [&](Index block, ValueRange carried) {
                             return reduce(carried, tap, block, lanes);
                           });
        if (channels % lanes != 0)
          tapSums = reduce(tapSums, tap, number(whole), channels % lanes);
        return tapSums;
      });
  for (int64_t v = 0; v < tileVectors; ++v) {
    PointLine line =
        getOutputColumn(number(0), kernel.add(vector, number(v)), position);
    line.start =
        kernel.add(line.start, kernel.mul(frequency, number(line.stride)));
    line.stride = floats;
    for (int64_t p = 0; p < tilePositions; ++p)
      fourier.store({sums[(p * tileVectors + v) * 2],
                     sums[(p * tileVectors + v) * 2 + 1]},
                    line, number(p));
  }
}

void DenseEmitter::multiply(Index group) {
  int64_t floats = fourier.getPointFloats();
  int64_t frequencies = blueprint.countFrequencies();
  int64_t rows = blueprint.depth.kernel * channels;
  int64_t matrix = rows * blueprint.countGroupVectors() * floats;
  int64_t tileVectors = std::min(blueprint.tileVectors, vectors);
  int64_t tilePositions = std::min(blueprint.tilePositions, outputPositions);
  kernel.forLoop(number(0), number(frequencies), 1, [&](Index frequency) {
    Index matrixStart =
        kernel.add(number(blueprint.getSpectraStart()),
                   kernel.mul(kernel.add(kernel.mul(group, number(frequencies)),
                                         frequency),
                              number(matrix)));
    matrixStart = kernel.add(
        matrixStart, kernel.mul(split, number(vectors * rows * floats)));
    auto multiplyVectors = [&](Index vector, int64_t width) {
      Index filterStart =
          kernel.add(matrixStart, kernel.mul(vector, number(rows * floats)));
      int64_t whole = outputPositions / tilePositions * tilePositions;
      kernel.forLoop(number(0), number(whole), tilePositions,
                     [&](Index position) {
                       multiplyTile(frequency, filterStart, vector, width,
                                    position, tilePositions);
                     });
      if (whole < outputPositions)
        multiplyTile(frequency, filterStart, vector, width, number(whole),
                     outputPositions - whole);
    };
    int64_t whole = vectors / tileVectors * tileVectors;
    kernel.forLoop(number(0), number(whole), tileVectors,
                   [&](Index vector) { multiplyVectors(vector, tileVectors); });
    if (whole < vectors)
      multiplyVectors(number(whole), vectors - whole);
  });
}

void DenseEmitter::emit() {
  int64_t pairs = blueprint.countChunkPairs();
  bool single = positions % 2 != 0;
  fourier.forItems([&](Index item) {
    SmallVector<Index> place =
        kernel.delinearize(item, {blueprint.groups, blueprint.countSplits(),
                                  blueprint.countChunks()});
    Index group = place[0];
    split = place[1];
    Index firstPair = kernel.mul(place[2], number(pairs));
    auto forPairs = [&](void (DenseEmitter::*body)(Index, Index, Index, bool)) {
      int64_t whole = single ? pairs - 1 : pairs;
      kernel.forLoop(number(0), number(whole), 1, [&](Index pair) {
        (this->*body)(group, firstPair, pair, false);
      });
      if (single)
        (this->*body)(group, firstPair, number(whole), true);
    };
    forPairs(&DenseEmitter::transformPair);
    multiply(group);
    forPairs(&DenseEmitter::transformPairBack);
  });
}

void toeplitz::emitDenseFft(FourierKernel &fourier) {
  DenseEmitter(fourier).emit();
}
