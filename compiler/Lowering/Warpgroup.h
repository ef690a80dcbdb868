// Products of matrices by the warpgroups of a GPU's block, four warps each, on
// its tensor cores: wgmma.mma_async of PTX, m64nNk8 of TF32 numbers, m64nNk16
// of bf16 and f16. Both factors lie in the block's memory, the sums in the
// threads' registers. GPUs of the architecture sm_90a alone have them.
//
// A row of a factor, of the left one, or column of the right one, is 128 bytes
// there: what four products need of it, 32 bytes each. Rows lie behind each
// other, from a multiple of 1024 bytes on. Of row r, piece p of 16 bytes lies
// at place p XOR r mod 8 of the row, so that eight rows of a piece are in
// different banks: PTX's swizzling of 128 bytes.
//
// Of the sums in f32, thread t of the warpgroup has, with g = t mod 32 / 4, for
// each eight columns from 8 j on, those of row 16 (t / 32) + g, columns
// 8 j + 2 (t mod 4) and the next one, and of row 16 (t / 32) + g + 8 the same.
//
// Products are asynchronous: no thread may touch their sums, or overwrite their
// factors, until it has waited for them.
//
// Sources: PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions", with
// "Register Fragments for wgmma.mma_async.m64nNk16", "Shared Memory Matrix
// Layout" and "Matrix Descriptor Format".

#ifndef TOEPLITZ_COMPILER_LOWERING_WARPGROUP_H
#define TOEPLITZ_COMPILER_LOWERING_WARPGROUP_H

#include "compiler/Lowering/TensorCore.h"

namespace toeplitz {

struct WarpgroupProduct {
  static constexpr int64_t threads = 128;
  /// Of the left factor, and so of the sums.
  static constexpr int64_t rows = 64;
  /// Bytes of a row in the block's memory, and of a piece that is moved as a
  /// whole.
  static constexpr int64_t rowBytes = 128, pieceBytes = 16;
  static constexpr int64_t pieces = rowBytes / pieceBytes;
  /// Products of which a row has the factors.
  static constexpr int64_t products = 4;
  /// What the memory of factors begins at a multiple of, in bytes.
  static constexpr int64_t alignment = 1024;

  /// The place of a piece of a row whose number is `row` from a multiple of
  /// eight on.
  static int64_t getPlace(int64_t row, int64_t piece) {
    return piece ^ (row % pieces);
  }
  static KernelBuilder::Index getPlace(KernelBuilder &kernel,
                                       KernelBuilder::Index row,
                                       KernelBuilder::Index piece);

  /// The sums of a thread.
  static int64_t countSums(int64_t columns) { return rows * columns / threads; }
};

/// What the instructions know a factor by, whose rows begin at row `row`, a
/// multiple of eight, of `memory`.
mlir::Value describeFactor(KernelBuilder &kernel, mlir::Value memory,
                           KernelBuilder::Index row);

/// What the thread wrote to the block's memory, or copied there and waited for,
/// can be a factor of products that begin when all threads have then met.
void publishFactors(KernelBuilder &kernel);

/// Begins to add to a thread's `sums`, of 64 rows and `columns` columns, the
/// products of the four parts of the depth whose factors lie in rows of
/// `left` and `right`. They are a group of their own. All threads of a
/// warpgroup come here.
llvm::SmallVector<mlir::Value> beginProducts(KernelBuilder &kernel,
                                             kernel::Precision precision,
                                             int64_t columns, mlir::Value left,
                                             mlir::Value right,
                                             mlir::ValueRange sums);

/// The thread waits for all groups but the `pending` last ones.
void waitForProducts(KernelBuilder &kernel, int64_t pending);

} // namespace toeplitz

#endif
