// fft, depthwise: every channel is multiplied with the spectrum of its own
// filter.
//
// A tile holds z = a + i b for two real signals a and b. Where both belong to
// one block of channels (two tiles of it), the filter is the same real one,
// whose spectrum has H[-k] = conj(H[k]):
//
//   Y[k] = H[k] Z[k],   Y[-k] = conj(H[k]) Z[-k].
//
// Where they are a tile of two blocks, A[k] = (Z[k] + conj(Z[-k])) / 2 and i
// B[k] = (Z[k] - conj(Z[-k])) / 2, so that with S = (Ha + Hb) / 2 and D = (Ha -
// Hb) / 2
//
//   Y[k] = S[k] Z[k] + D[k] conj(Z[-k]),   conj(Y[-k]) = D[k] Z[k] + S[k]
//   conj(Z[-k]).
//
// Half of the spectra is read either way, and no spectrum is ever taken apart.
// With depth, both are sums over its taps, and the spectra of all slices of a
// run stay in the scratch memory. Without, columns k and -k of the inner
// dimension are transformed, multiplied and transformed back together, in the
// first-level cache.

#include "compiler/Algorithms/FourierKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

class DepthwiseEmitter {
public:
  explicit DepthwiseEmitter(FourierKernel &fourier)
      : fourier(fourier), kernel(fourier.kernel), blueprint(fourier.blueprint),
        pairs(blueprint.pairsBlocks()) {}
  void emit();

private:
  void multiplyColumns(Index blockStart, Index column, Index mirror,
                       const PointLine &line, const PointLine &mirrorLine,
                       int64_t end);
  /// With depth: all slices of a run.
  void emitRun(Index blockStart, const TileSignal &real,
               const TileSignal &imaginary);
  void addUpTaps(Index blockStart, Index outputSlice, Index column,
                 Index mirror, const PointLine &line,
                 const PointLine &mirrorLine, int64_t end);
  PointLine getSliceColumn(Index slice, Index column);
  Value multiplyPart(Value a, Value b, Value c, Value d, bool minus);
  Index number(int64_t value) { return kernel.constant(value); }

  FourierKernel &fourier;
  KernelBuilder &kernel;
  const FourierConvolution &blueprint;
  bool pairs;
};

} // namespace

/// a b + c d or a b - c d.
Value DepthwiseEmitter::multiplyPart(Value a, Value b, Value c, Value d,
                                     bool minus) {
  Value product = arith::MulFOp::create(kernel.builder, kernel.location, c, d);
  if (minus)
    product = arith::NegFOp::create(kernel.builder, kernel.location, product);
  return kernel.multiplyAdd(a, b, product);
}

/// Frequencies (k, column) and their negatives for k < end.
void DepthwiseEmitter::multiplyColumns(Index blockStart, Index column,
                                       Index mirror, const PointLine &line,
                                       const PointLine &mirrorLine,
                                       int64_t end) {
  int64_t floats = (pairs ? 2 : 1) * fourier.getPointFloats();
  Index columnStart = kernel.add(
      blockStart, kernel.mul(column, number(blueprint.outer.size * floats)));
  fourier.forFrequencies(end, [&](Index k, Index negative) {
    Index place = kernel.add(columnStart, kernel.mul(k, number(floats)));
    ComplexVector h = fourier.loadFilter(place);
    ComplexVector z = fourier.load(line, k);
    ComplexVector m = fourier.load(mirrorLine, negative);
    if (!pairs) {
      fourier.store({multiplyPart(z.re, h.re, z.im, h.im, true),
                     multiplyPart(z.re, h.im, z.im, h.re, false)},
                    line, k);
      fourier.store({multiplyPart(m.re, h.re, m.im, h.im, false),
                     multiplyPart(m.im, h.re, m.re, h.im, true)},
                    mirrorLine, negative);
      return;
    }
    ComplexVector d =
        fourier.loadFilter(kernel.add(place, number(fourier.getPointFloats())));
    // x z + y conj(m).
    auto combine = [&](ComplexVector x, ComplexVector y) -> ComplexVector {
      Value re = multiplyPart(x.re, z.re, x.im, z.im, true);
      re = kernel.multiplyAdd(y.re, m.re, re);
      re = kernel.multiplyAdd(y.im, m.im, re);
      Value im = multiplyPart(x.re, z.im, x.im, z.re, false);
      im = kernel.multiplyAdd(y.im, m.re, im);
      im = kernel.multiplyAdd(
          arith::NegFOp::create(kernel.builder, kernel.location, y.re), m.im,
          im);
      return {re, im};
    };
    ComplexVector own = combine(h, d), other = combine(d, h);
    fourier.store(own, line, k);
    fourier.store({other.re, arith::NegFOp::create(kernel.builder,
                                                   kernel.location, other.im)},
                  mirrorLine, negative);
  });
}

PointLine DepthwiseEmitter::getSliceColumn(Index slice, Index column) {
  int64_t floats = fourier.getPointFloats();
  Index place =
      kernel.add(kernel.mul(slice, number(blueprint.inner.size)), column);
  return {kernel.add(fourier.getInputSpectraStart(),
                     kernel.mul(place, number(blueprint.outer.size * floats))),
          floats};
}

/// The sums over the taps of the depth at frequencies (k, column) and their
/// negatives for k < end.
void DepthwiseEmitter::addUpTaps(Index blockStart, Index outputSlice,
                                 Index column, Index mirror,
                                 const PointLine &line,
                                 const PointLine &mirrorLine, int64_t end) {
  const FourierDepth &depth = blueprint.depth;
  int64_t floats = (pairs ? 2 : 1) * fourier.getPointFloats();
  auto negate = [&](Value x) -> Value {
    return arith::NegFOp::create(kernel.builder, kernel.location, x);
  };
  // sum + x z and sum + x conj(z).
  auto add = [&](ComplexVector sum, ComplexVector x,
                 ComplexVector z) -> ComplexVector {
    Value re = kernel.multiplyAdd(x.re, z.re, sum.re);
    Value im = kernel.multiplyAdd(x.re, z.im, sum.im);
    return {kernel.multiplyAdd(negate(x.im), z.im, re),
            kernel.multiplyAdd(x.im, z.re, im)};
  };
  auto addConjugate = [&](ComplexVector sum, ComplexVector x, ComplexVector z) {
    return add(sum, x, {z.re, negate(z.im)});
  };
  fourier.forFrequencies(end, [&](Index k, Index negative) {
    SmallVector<Value> sums(4, kernel.splat(0.0f, blueprint.lanes));
    sums = kernel.forLoop(
        number(0), number(depth.kernel), 1, sums,
        [&](Index tap, ValueRange carried) -> SmallVector<Value> {
          Index slice =
              kernel.add(outputSlice, kernel.mul(tap, number(depth.dilation)));
          ComplexVector z = fourier.load(getSliceColumn(slice, column), k);
          ComplexVector m =
              fourier.load(getSliceColumn(slice, mirror), negative);
          Index frequency = kernel.add(
              kernel.add(kernel.mul(tap, number(blueprint.countFrequencies())),
                         kernel.mul(column, number(blueprint.outer.size))),
              k);
          Index place =
              kernel.add(blockStart, kernel.mul(frequency, number(floats)));
          ComplexVector h = fourier.loadFilter(place);
          // The second sum is conj(Y[-k]).
          ComplexVector own = add({carried[0], carried[1]}, h, z);
          ComplexVector other = addConjugate({carried[2], carried[3]}, h, m);
          if (pairs) {
            ComplexVector d = fourier.loadFilter(
                kernel.add(place, number(fourier.getPointFloats())));
            own = addConjugate(own, d, m);
            other = add(other, d, z);
          }
          return {own.re, own.im, other.re, other.im};
        });
    fourier.store({sums[0], sums[1]}, line, k);
    fourier.store({sums[2], negate(sums[3])}, mirrorLine, negative);
  });
}

void DepthwiseEmitter::emitRun(Index blockStart, const TileSignal &real,
                               const TileSignal &imaginary) {
  int64_t outerSize = blueprint.outer.size, innerSize = blueprint.inner.size;
  kernel.forLoop(
      number(0), number(blueprint.depth.countSlices()), 1, [&](Index slice) {
        fourier.transformRows(fourier.getInputSlice(real, slice),
                              fourier.getInputSlice(imaginary, slice));
        kernel.forLoop(number(0), number(innerSize), 1, [&](Index column) {
          PointLine line = fourier.transformColumn(column, 1);
          PointLine to = getSliceColumn(slice, column);
          kernel.forLoop(number(0), number(outerSize), 1, [&](Index k) {
            fourier.store(fourier.load(line, k), to, k);
          });
        });
      });
  kernel.forLoop(
      number(0), number(blueprint.depth.outputsPerRun), 1, [&](Index slice) {
        auto emitAlone = [&](int64_t column) {
          PointLine line = fourier.getColumnLine(number(column), 1);
          addUpTaps(blockStart, slice, number(column), number(column), line,
                    line, outerSize / 2 + 1);
          fourier.transformColumnBack(line, number(column));
        };
        emitAlone(0);
        kernel.forLoop(number(1), number((innerSize + 1) / 2), 1,
                       [&](Index column) {
                         Index mirror = kernel.sub(number(innerSize), column);
                         PointLine line = fourier.getColumnLine(column, 1);
                         PointLine other = fourier.getColumnLine(mirror, 2);
                         addUpTaps(blockStart, slice, column, mirror, line,
                                   other, outerSize);
                         fourier.transformColumnBack(line, column);
                         fourier.transformColumnBack(other, mirror);
                       });
        if (innerSize % 2 == 0)
          emitAlone(innerSize / 2);
        fourier.transformRowsBack(fourier.getOutputSlice(real, slice),
                                  fourier.getOutputSlice(imaginary, slice));
      });
}

void DepthwiseEmitter::emit() {
  int64_t tiles = blueprint.countTiles();
  int64_t perBlock = pairs ? tiles : llvm::divideCeil(tiles, 2);
  int64_t outerSize = blueprint.outer.size, innerSize = blueprint.inner.size;
  fourier.forItems([&](Index item) {
    SmallVector<Index> place =
        kernel.delinearize(item, {blueprint.countItems() / perBlock, perBlock});
    TileSignal real, imaginary;
    if (pairs) {
      Index block = kernel.mul(place[0], number(2));
      Index next = kernel.add(block, number(1));
      real = fourier.getSignal(place[1], block, block);
      imaginary = fourier.getSignal(place[1], next, next);
      if (blueprint.countInBlocks() % 2 != 0)
        fourier.requireThat(
            fourier.isBelow(next, number(blueprint.countInBlocks())),
            imaginary);
    } else {
      Index tile = kernel.mul(place[1], number(2));
      Index next = kernel.add(tile, number(1));
      real = fourier.getSignal(tile, place[0], place[0]);
      imaginary = fourier.getSignal(next, place[0], place[0]);
      if (tiles % 2 != 0)
        fourier.requireThat(fourier.isBelow(next, number(tiles)), imaginary);
    }
    int64_t floats = blueprint.depth.kernel * blueprint.countFrequencies() *
                     (pairs ? 2 : 1) * fourier.getPointFloats();
    Index blockStart = kernel.add(number(blueprint.getSpectraStart()),
                                  kernel.mul(place[0], number(floats)));

    if (blueprint.depth.countSlices() > 1)
      return emitRun(blockStart, real, imaginary);
    fourier.transformRows(fourier.getInputSlice(real, number(0)),
                          fourier.getInputSlice(imaginary, number(0)));
    // Columns that are their own negatives.
    auto emitAlone = [&](int64_t column) {
      PointLine line = fourier.transformColumn(number(column), 1);
      multiplyColumns(blockStart, number(column), number(column), line, line,
                      outerSize / 2 + 1);
      fourier.transformColumnBack(line, number(column));
    };
    emitAlone(0);
    kernel.forLoop(
        number(1), number((innerSize + 1) / 2), 1, [&](Index column) {
          Index mirror = kernel.sub(number(innerSize), column);
          PointLine line = fourier.transformColumn(column, 1);
          PointLine other = fourier.transformColumn(mirror, 2);
          multiplyColumns(blockStart, column, mirror, line, other, outerSize);
          fourier.transformColumnBack(line, column);
          fourier.transformColumnBack(other, mirror);
        });
    if (innerSize % 2 == 0)
      emitAlone(innerSize / 2);
    fourier.transformRowsBack(fourier.getOutputSlice(real, number(0)),
                              fourier.getOutputSlice(imaginary, number(0)));
  });
}

void toeplitz::emitDepthwiseFft(FourierKernel &fourier) {
  DepthwiseEmitter(fourier).emit();
}
