// A buffer seen in another shape.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_BUFFERVIEW_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_BUFFERVIEW_H

#include "compiler/Lowering/KernelBuilder.h"
#include "mlir/IR/BuiltinTypes.h"

#include <optional>

namespace toeplitz {

/// The strides with which a buffer of `from` sizes and strides is seen as one
/// of `to` sizes, in the same row-major order; nothing if no strides do that.
/// Both have the same number of elements.
std::optional<llvm::SmallVector<int64_t>>
reshapeStrides(llvm::ArrayRef<int64_t> from, llvm::ArrayRef<int64_t> strides,
               llvm::ArrayRef<int64_t> to);

/// Whether the channels of each of several positions of N x C x I, or N x C x I
/// x 1, lie together in memory.
bool hasChannelsLast(mlir::MemRefType type);

/// The elements of `memref` (its offset kept) with these sizes and strides. At
/// least one dimension.
mlir::Value viewWithStrides(KernelBuilder &kernel, mlir::Value memref,
                            llvm::ArrayRef<int64_t> sizes,
                            llvm::ArrayRef<int64_t> strides);

/// A buffer of static strides from its first to its last element as one row of
/// them.
mlir::Value viewAsRow(KernelBuilder &kernel, mlir::Value memref);

/// The elements of a buffer of static strides at `lanes` places. Each index is
/// a vector of them, or a number that is the same for all.
mlir::Value gather(KernelBuilder &kernel, mlir::Value memref,
                   llvm::ArrayRef<mlir::Value> indices, int64_t lanes);

/// A buffer of any layout, accessed in another shape with the same row-major
/// order. Kernels that see several dimensions as one use it, and stay right on
/// a slice whose rows don't lie one after the other: there each access finds
/// its element by division.
class BufferView {
public:
  BufferView(KernelBuilder &kernel, mlir::Value memref,
             llvm::ArrayRef<int64_t> shape);

  /// Whether the elements along the last dimension lie together, so that
  /// vectors of them may be accessed.
  bool hasVectors() const { return contiguousRows; }

  /// A vector of `lanes` elements along the last dimension, or one element if
  /// `lanes` is 0. (`alignment`: see KernelBuilder::loadVector.)
  mlir::Value load(llvm::ArrayRef<KernelBuilder::Index> indices,
                   int64_t lanes = 0, uint64_t alignment = 0) const;
  /// Writes an element or a vector along the last dimension.
  void store(mlir::Value value,
             llvm::ArrayRef<KernelBuilder::Index> indices) const;
  /// KernelBuilder::prefetchForStore of an element; it may lie behind the last.
  void prefetchForStore(llvm::ArrayRef<KernelBuilder::Index> indices) const;

private:
  /// The indices of the underlying buffer.
  llvm::SmallVector<KernelBuilder::Index>
  locate(llvm::ArrayRef<KernelBuilder::Index> indices) const;

  KernelBuilder &kernel;
  llvm::SmallVector<int64_t> shape;
  /// The buffer in this shape, or as it was if no strides give it this shape.
  mlir::Value buffer;
  bool reshaped = false;
  bool contiguousRows = false;
};

/// The lanes that a kernel may use on all of these buffers: the target's, or 0
/// (single elements).
int64_t getCommonLanes(KernelBuilder &kernel,
                       std::initializer_list<const BufferView *> views);

} // namespace toeplitz

#endif
