// What the files of winograd's kernel on a GPU share: the products of
// WinogradOnGpuKernel.cpp, the input's transform of WinogradOnGpuInput.cpp and
// the outputs' of WinogradOnGpuOutput.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADONGPUKERNEL_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WINOGRADONGPUKERNEL_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/LinearProgram.h"
#include "compiler/Algorithms/WinogradOnGpu.h"
#include "compiler/Lowering/BlockBuilder.h"

namespace toeplitz {

/// Writes what the threads of a block do: see WinogradOnGpuKernel.cpp.
class WinogradOnGpuKernel {
public:
  using Index = KernelBuilder::Index;
  using Tile = WinogradBlockTile;

  WinogradOnGpuKernel(KernelBuilder &kernel, const WinogradOnGpu &problem,
                      const ConvolutionBuffers &buffers,
                      kernel::ActivationAttr activation)
      : kernel(kernel), problem(problem), tile(problem.tile), buffers(buffers),
        activation(activation), block(kernel, tile.getThreads()),
        transform(buildCookToom(Tile::outputs, Tile::taps)),
        inputProgram(transform.inputTransform),
        outputProgram(transform.outputTransform) {}

  void emit();

private:
  /// A row of a transformed input, which a thread computes of each slice: B^T
  /// has two entries that aren't zero in each row, one of them 1, the other one
  /// 1 or -1.
  struct InputRow {
    /// Both rows of the image: where the tile's first number lies, in the first
    /// channel that the thread brings, and whether the row lies in the image
    /// (null where it does).
    std::array<Index, 2> places;
    std::array<mlir::Value, 2> inside;
    /// The factor of the second one.
    mlir::Value factor;
    /// Where the transformed row goes in a half of the block's memory.
    Index transformed;
  };

  void placeBlock();
  void placeTile(Index thread);
  void placeProducts();
  void copyFilter(Index slice);
  llvm::SmallVector<mlir::Value> loadSlice(Index slice);
  void storeSlice(llvm::ArrayRef<mlir::Value> values, Index half);
  llvm::SmallVector<mlir::Value> multiply(Index half, mlir::ValueRange sums);

  // --- the input: WinogradOnGpuInput.cpp
  void flattenInput();
  void placeInput();
  InputRow getInputRow(Index row);
  mlir::Value isInside(size_t d, Index at);
  llvm::SmallVector<mlir::Value> loadInputRows(Index slice);
  mlir::Value loadInput(Index place, mlir::Value inside);
  void storeInputRow(llvm::ArrayRef<mlir::Value> values, Index half);

  // --- the outputs: WinogradOnGpuOutput.cpp
  void finish(llvm::ArrayRef<mlir::Value> sums);
  void storeSums(llvm::ArrayRef<mlir::Value> sums, int64_t firstRow);
  void finishOutputs(int64_t firstRow);
  void writeOutputs(llvm::ArrayRef<mlir::Value> half, Index channel);

  Index number(int64_t value) { return kernel.constant(value); }
  mlir::Value both(mlir::Value a, mlir::Value b) {
    if (!a || !b)
      return a ? a : b;
    return mlir::arith::AndIOp::create(kernel.builder, kernel.location, a, b);
  }

  /// Numbers that a thread loads from the block's memory at once.
  static constexpr int64_t quad = 4;
  static constexpr int64_t quadBytes = 4 * quad;
  /// Quadruples of a thread's channels, and of its tiles.
  static constexpr int64_t quadsPerThread = Tile::perThread / quad;

  // --- the block's memory: two halves with both factors, then sums
  int64_t getHalfFloats() const {
    return tile.getFilterFloats() + tile.getDataFloats();
  }
  Index getHalf(Index slice) {
    return kernel.mul(kernel.rem(slice, number(2)), number(getHalfFloats()));
  }
  /// Rows of a thread's sums that are exchanged at once, and channels whose
  /// sums those are.
  static constexpr int64_t rowsTogether = 2;
  int64_t getChannelsTogether() const {
    return tile.channels / Tile::perThread * rowsTogether;
  }
  /// Columns of exchanged sums that nobody uses; floats between two channels'
  /// sums, and between those of two frequencies.
  static constexpr int64_t padding = 8;
  static constexpr int64_t channelFloats = Tile::tiles + padding;
  int64_t getFrequencyFloats() const {
    return getChannelsTogether() * channelFloats;
  }

  KernelBuilder &kernel;
  const WinogradOnGpu &problem;
  const Tile &tile;
  const ConvolutionBuffers &buffers;
  kernel::ActivationAttr activation;
  BlockBuilder block;
  CookToom transform;
  LinearProgram inputProgram, outputProgram;
  mlir::Value memory;

  Index group, channelBlock, tileBlock;
  /// The thread's number, as it is asked for once more at the end.
  Index lastThread;
  /// The thread's tile, of which it transforms rows of the input and values of
  /// the output: whether it exists (null where it does), where it lies.
  Index tileColumn, image;
  mlir::Value tileExists;
  /// First output position of the tile, and whether the columns of its input
  /// lie in the image.
  std::array<Index, 2> output;
  llvm::SmallVector<mlir::Value> columnsInside;
  InputRow inputRow;
  /// The input as one dimension.
  mlir::Value input;
  llvm::SmallVector<int64_t> inputStrides;
  /// The channel of a slice that the thread brings.
  Index inputChannel;
  /// The thread's piece of the products, and where it finds its factors in a
  /// half of the block's memory.
  Index frequency, pieceChannel, pieceTile, weights, data;
};

} // namespace toeplitz

#endif
