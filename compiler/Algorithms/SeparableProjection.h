// The pointwise convolution behind a depthwise one by bf16x3, some rows at a
// time.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEPROJECTION_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SEPARABLEPROJECTION_H

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/SeparablePlan.h"
#include "compiler/Algorithms/SplitBfloat16Tiles.h"

namespace toeplitz {

/// Writes what a task does for it: what the depthwise convolution computes is
/// split where it is stored, in steps of 32 channels x parts x positions of the
/// chunk x 32, and multiplied from there.
class SeparableProjection : SplitBfloat16Tiles {
public:
  /// What is split lies in the task's row of `scratch`, from float `start` on.
  SeparableProjection(kernel::SeparableConvOp op, KernelBuilder &kernel,
                      const SeparableBlock &block, mlir::Value scratch,
                      int64_t start);

  /// What comes before the task's first chunk.
  void begin();
  /// Stores a vector of channels at a position of the chunk.
  void store(mlir::Value numbers, Index vector, Index position);
  /// The products of so many positions. Output and residual of `buffers` are 1
  /// x vectors x 1 x positions x 16.
  void emit(const ConvolutionBuffers &buffers, int64_t positions);

private:
  /// The first one of two tiles, or of one, of `positions` each, by some
  /// vectors of the result.
  struct Tiles {
    Index vector;
    int64_t vectors;
    Index tile;
    int64_t tiles, positions;
  };
  void emitTiles(const ConvolutionBuffers &buffers, const Tiles &tiles);
  /// Where half `half` of the channels of a step begins at a position.
  llvm::SmallVector<Index> getPlace(Index step, Index half, Index position,
                                    int64_t part = 0);

  kernel::SeparableConvOp op;
  mlir::Value scratch, accumulated;
  /// `positions` are a chunk's, in whole tiles.
  int64_t start, positions, partSize, vectors, outVectors;
};

} // namespace toeplitz

#endif
