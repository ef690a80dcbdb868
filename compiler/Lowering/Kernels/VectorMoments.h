// Mean and deviation of several rows side by side, in vectors.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_VECTORMOMENTS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_VECTORMOMENTS_H

#include "compiler/Lowering/KernelBuilder.h"

#include "llvm/Support/MathExtras.h"

namespace toeplitz {

/// Rows of `length` elements that are read in vectors of `lanes`, a power of
/// two.
struct VectorRows {
  /// How many are done side by side.
  int64_t count;
  int64_t length, lanes;
  /// Which lanes of a row's last vector are elements that no other vector has;
  /// empty if all are.
  llvm::SmallVector<bool> lastLanes = {};

  int64_t countVectors() const { return llvm::divideCeilSigned(length, lanes); }
};

/// Mean and variance of rows that stay in a cache, summed in single precision:
/// the sum of x gives a mean m that may be off by some roundings; with d = x -
/// m, the sums of d and of d^2 give what the mean is off by and the variance,
///   e = (sum d) / length,  variance = (sum d^2) / length - e^2,
/// where nothing cancels, because e is small.
///
/// An accumulator adds no more than `longestSum` numbers before its sum goes to
/// another one, and the lanes are added by halves. A sum's error is at most as
/// many roundings, of 2^-24 of the sum of the absolute values, as it has
/// additions on its longest way: longestSum + length / lanes / longestSum +
/// log2(lanes), which is below 70 for 4096 elements, and those of a mean
/// are 70 * 2^-24 of the mean of |d|, not of |x|. (Errors of either sign add up
/// to about the root of that.)
///
/// The bits of a row don't depend on the rows beside it.
///
/// Source: Chan, Golub and LeVeque 1983, Algorithms for computing the sample
/// variance (The American Statistician 37), the corrected two-pass algorithm.
class VectorMoments {
public:
  /// The elements of a row's vector; the last one may lie anywhere.
  using Load = llvm::function_ref<mlir::Value(
      int64_t row, KernelBuilder::Index vector, bool isLast)>;

  /// Writes the two passes over the f32 elements that `load` gives.
  VectorMoments(KernelBuilder &kernel, const VectorRows &rows, float epsilon,
                Load load);

  /// (x - mean) / sqrt(variance + epsilon) of a vector of a row.
  mlir::Value normalize(int64_t row, mlir::Value x) const;

  /// Rows enough that their sums hide each other's latency.
  static constexpr int64_t rowsTogether = 4;
  /// The largest number of additions to one accumulator.
  static constexpr int64_t longestSum = 32;

private:
  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      KernelBuilder::Index vector, bool isLast, mlir::ValueRange sums)>;

  mlir::Value fillWithZeros(mlir::Value vector, bool isLast);
  llvm::SmallVector<mlir::Value> overVectors(size_t count, Body body);
  mlir::Value findMean(mlir::Value sum);

  KernelBuilder &kernel;
  VectorRows rows;
  /// Of each row, in all lanes: m, 1 / sqrt(variance + epsilon) and - e times
  /// that.
  llvm::SmallVector<mlir::Value> means, inverses, rests;
};

} // namespace toeplitz

#endif
