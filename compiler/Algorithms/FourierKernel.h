// The words in which the loops of `fft` are written: transforms of lines of
// points, and tiles that come from an image and go back to one.
//
// A point is a complex number in each lane: a vector of real parts and one of
// imaginary parts, side by side. Lanes are channels, so that no transform moves
// anything across lanes.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FOURIERKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FOURIERKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/FourierConvolution.h"
#include "compiler/Algorithms/Geometry.h"

namespace toeplitz {

/// A complex number in each lane.
struct ComplexVector {
  mlir::Value re, im;
};

/// Where the points of a line lie in the scratch memory: `start` and `stride`
/// count floats. A transform with real and imaginary parts exchanged, before
/// and after, is the inverse one (times the number of points).
struct PointLine {
  KernelBuilder::Index start;
  int64_t stride = 0;
  bool exchanged = false;

  PointLine exchange() const { return {start, stride, !exchanged}; }
};

/// One of the two real signals of a complex tile: a tile of one block of
/// channels of one image.
struct TileSignal {
  KernelBuilder::Index image;
  /// The block of channels in the input, and the vector of channels in the
  /// output and the bias.
  KernelBuilder::Index inputBlock, outputVector;
  /// The input position of point 0, the points [first, end) that lie inside of
  /// the input, the output position of point 0, and how many points are
  /// outputs: for the outer and the inner dimension. All of them are empty for
  /// a signal that is missing.
  struct Extent {
    KernelBuilder::Index start, first, end, output, outputs;
  };
  Extent outer, inner;
  /// With depth: the slice of the input and that of the output that are at
  /// work, of a whole run the first ones.
  KernelBuilder::Index inputSlice, outputSlice;
};

class FourierKernel {
public:
  FourierKernel(kernel::ConvOp op, KernelBuilder &kernel);

  KernelBuilder &kernel;
  FourierConvolution blueprint;
  ConvolutionBuffers buffers;
  FourierPlan outerPlan, innerPlan;

  KernelBuilder::Index number(int64_t value) { return kernel.constant(value); }
  int64_t getPointFloats() const { return 2 * blueprint.lanes; }

  /// Calls `body` for each item of the task.
  void forItems(llvm::function_ref<void(KernelBuilder::Index)> body);

  /// Tile `tile` of a block of channels, over the whole batch; missing when
  /// there is none of this number.
  TileSignal getSignal(KernelBuilder::Index tile,
                       KernelBuilder::Index inputBlock,
                       KernelBuilder::Index outputVector);
  /// One slice of the inputs of a run, missing where there is padding; and one
  /// of its outputs, missing where there is none.
  TileSignal getInputSlice(const TileSignal &run, KernelBuilder::Index slice);
  TileSignal getOutputSlice(const TileSignal &run, KernelBuilder::Index slice);
  /// Makes a signal missing when `condition` doesn't hold.
  void requireThat(mlir::Value condition, TileSignal &signal);
  mlir::Value isBelow(KernelBuilder::Index a, KernelBuilder::Index b);

  ComplexVector load(const PointLine &line, KernelBuilder::Index point);
  void store(ComplexVector value, const PointLine &line,
             KernelBuilder::Index point);
  /// real[point] and imaginary[point] of the packed filter.
  ComplexVector loadFilter(KernelBuilder::Index start);

  /// Parts of the scratch memory.
  PointLine getTileRow(KernelBuilder::Index row);
  PointLine getTileColumn(KernelBuilder::Index column);
  PointLine getLine(int64_t which);
  KernelBuilder::Index getInputSpectraStart();

  /// Reads two real signals and transforms their rows into the tile.
  void transformRows(const TileSignal &real, const TileSignal &imaginary);
  /// The transform of a column of the tile; it may be overwritten until it is
  /// written back. Lies in line 1 or 2, or in the tile where there is only one
  /// point.
  PointLine transformColumn(KernelBuilder::Index column, int64_t line);
  /// Where to put a spectrum's column that is to be transformed back.
  PointLine getColumnLine(KernelBuilder::Index column, int64_t line);
  void transformColumnBack(const PointLine &spectrum,
                           KernelBuilder::Index column);
  /// Transforms the tile's rows back and writes both signals' outputs.
  void transformRowsBack(const TileSignal &real, const TileSignal &imaginary);

  /// Calls `body` for every outer frequency k and its negative N - k or 0.
  void forFrequencies(
      int64_t end,
      llvm::function_ref<void(KernelBuilder::Index, KernelBuilder::Index)>
          body);

private:
  void transform(const FourierPlan &plan, int64_t table, PointLine from,
                 PointLine work, PointLine to);
  llvm::SmallVector<ComplexVector> butterfly(llvm::ArrayRef<ComplexVector> x);
  llvm::SmallVector<ComplexVector>
  smallButterfly(llvm::ArrayRef<ComplexVector> x);
  ComplexVector multiplyByRoot(ComplexVector x, int64_t number, int64_t size);
  ComplexVector multiplyByTable(ComplexVector x, KernelBuilder::Index place);
  void loadSignal(const TileSignal &signal, bool imaginary,
                  KernelBuilder::Index row, const PointLine &line);
  void storeSignal(const TileSignal &signal, bool imaginary,
                   KernelBuilder::Index row, const PointLine &line);
  TileSignal::Extent getExtent(const FourierDimension &dimension,
                               KernelBuilder::Index tile);
  KernelBuilder::Index select(mlir::Value condition, KernelBuilder::Index a,
                              KernelBuilder::Index b);
  mlir::Value addVectors(mlir::Value a, mlir::Value b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, mlir::Value b);
  mlir::Value negate(mlir::Value a);
  mlir::Value number(double value, mlir::Value like);

  bool hasDepth, hasOuter;
  kernel::ActivationAttr activation;
};

/// The bodies of a task.
void emitDepthwiseFft(FourierKernel &fourier);
void emitDenseFft(FourierKernel &fourier);

/// The register tile of the products of a dense convolution: complex numbers by
/// vectors of output channels.
struct ComplexTile {
  int64_t positions = 1;
  int64_t vectors = 1;
  /// Cycles for one input channel of one frequency, all positions and vectors.
  double cyclesPerStep = 0;
};
ComplexTile chooseComplexTile(int64_t positions, int64_t groupVectors,
                              kernel::TargetAttr target);

} // namespace toeplitz

#endif
