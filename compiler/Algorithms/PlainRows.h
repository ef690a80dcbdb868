// Rows of a plain buffer N x C x I x 1, whose positions are read and written as
// vectors.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_PLAINROWS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_PLAINROWS_H

#include "compiler/Algorithms/ConvolutionBuffers.h"

namespace toeplitz {

/// N x C x I x 1 as N x C x I; null where the positions of a row don't follow
/// each other.
mlir::Value joinRow(KernelBuilder &kernel, mlir::Value buffer);

/// Writes results of a convolution whose result is plain: bias, residual,
/// activation and store of neighbouring positions of a row.
class PlainResults {
public:
  PlainResults(KernelBuilder &kernel, const ConvolutionBuffers &buffers,
               kernel::ActivationAttr activation,
               llvm::ArrayRef<Dimension> dimensions);

  /// The first `positions` lanes of `sums` (there are as many at least): those
  /// of the output channel `channel` from position `column` on, in the row at
  /// `outer`, a position in each dimension but the last.
  void store(mlir::Value sums, int64_t positions, KernelBuilder::Index image,
             KernelBuilder::Index channel,
             llvm::ArrayRef<KernelBuilder::Index> outer,
             KernelBuilder::Index column);

private:
  KernelBuilder &kernel;
  const ConvolutionBuffers &buffers;
  kernel::ActivationAttr activation;
  llvm::ArrayRef<Dimension> dimensions;
  /// Output and residual N x C x I, where the positions of a row follow each
  /// other in both; else null.
  mlir::Value outputRows, residualRows;
};

} // namespace toeplitz

#endif
