// Which factors of a convolution the Tensor Memory Accelerator of GPUs of the
// architecture sm_90a can bring to a block's memory: the one place that decides
// it.
//
// The packed filter lies in memory as a block needs it, a tile for each step:
// bytes that lie together. The data's matrix K x P, a column for each output
// position, is never in memory for most layers. Of a convolution whose kernel
// is one position, without stride and padding, it is the input itself; with the
// channels of each position together that is a tensor
//
//   P x groups x K,   K = input channels of a group,
//
// of which a tile is a box, if nothing lies between images that doesn't lie
// between positions.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_BULKFACTORS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_BULKFACTORS_H

#include "compiler/Algorithms/ImplicitGemmPlan.h"
#include "dialects/Kernel/KernelDialect.h"

#include <optional>

namespace toeplitz {

/// Whether the target's GPU copies in bulk. The packed filter then comes so.
bool copiesInBulk(kernel::TargetAttr target);

/// The data's matrix as a tensor in memory.
struct DataTensor {
  llvm::SmallVector<int64_t> sizes, strides;
  /// Of a tile.
  llvm::SmallVector<int64_t> box;
};

/// That of an input that begins at a multiple of 16 bytes; nothing where its
/// matrix isn't one, its numbers would have to be rounded, or the hardware
/// copies no such boxes (see DeviceDialect.h).
std::optional<DataTensor> findDataTensor(const ImplicitGemm &gemm,
                                         mlir::MemRefType input,
                                         kernel::TargetAttr target);

} // namespace toeplitz

#endif
