// Products of matrices by the warps of a GPU's block, on its tensor cores:
// mma.sync of PTX, m16n8k8 of TF32 numbers, m16n8k16 of bf16 and f16.
//
// Factors come in words of 32 bits: one of TF32, two of 16 bits, the first in
// the lower half. In words, all of these multiply a matrix of 16 x 8 by one of
// 8 x 8. Lane l of a warp has, with g = l / 4 and t = l % 4,
//
//   of the left factor      the words (g, t), (g + 8, t), (g, t + 4) and
//                           (g + 8, t + 4),
//   of the right factor     the words (t, g) and (t + 4, g),
//   of the sums, in f32     (g, 2 t), (g, 2 t + 1), (g + 8, 2 t) and
//                           (g + 8, 2 t + 1).
//
// Source: PTX ISA, "Matrix multiply-accumulate operation using mma
// instruction".

#ifndef TOEPLITZ_COMPILER_LOWERING_TENSORCORE_H
#define TOEPLITZ_COMPILER_LOWERING_TENSORCORE_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// What the fragments of a warp make up.
struct WarpProduct {
  static constexpr int64_t lanes = 32;
  static constexpr int64_t rows = 16, columns = 8, depth = 8;
  static constexpr int64_t leftWords = 4, rightWords = 2, sums = 4;
};

/// The factors that a word holds.
inline int64_t countFactors(kernel::Precision precision) {
  return precision == kernel::Precision::TF32 ? 1 : 2;
}

/// Rounds f32 numbers, as many as a word holds, to the nearest of the
/// precision.
mlir::Value packFactors(KernelBuilder &kernel, kernel::Precision precision,
                        llvm::ArrayRef<mlir::Value> numbers);

/// A lane's part of `left` times `right` plus `sums`. All lanes of a warp come
/// here.
llvm::SmallVector<mlir::Value>
multiplyFragments(KernelBuilder &kernel, kernel::Precision precision,
                  llvm::ArrayRef<mlir::Value> left,
                  llvm::ArrayRef<mlir::Value> right,
                  llvm::ArrayRef<mlir::Value> sums);

} // namespace toeplitz

#endif
