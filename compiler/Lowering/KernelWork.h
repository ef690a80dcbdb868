// What a kernel has to do: arithmetic and traffic, counted from its shapes.
//
// Arithmetic is that of the definition, whatever the kernel executes: for a
// convolution with kernel size k over c channels a group, 2 k c operations (a
// product and a sum) for each element of the result, products with padding
// included. Winograd's and Fourier kernels execute fewer, so that their rate by
// this count can exceed what the processor can do; a kernel that leaves out
// zero weights likewise. Functions such as exp count as one operation.
//
// Traffic is the least that there can be: every input, weight and result once.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELWORK_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELWORK_H

#include "mlir/IR/Operation.h"
#include <string>

namespace toeplitz {

/// The attribute of a `kernel.conv` whose groups were merged when its filter
/// was packed: how many the layer has. Work is counted by it.
constexpr llvm::StringLiteral layerGroupsAttribute = "toeplitz.groups";

struct KernelWork {
  /// What is computed, in a few words: "conv 3x3", "reorder".
  std::string operation;
  /// Of a convolution; empty for other kernels.
  std::string algorithm;
  /// Shapes, and what is computed on the way: "64x56x56 -> 128x28x28, relu".
  std::string description;
  /// Operations on floats.
  int64_t flops = 0;
  /// Bytes. Weights are what is read of constants; memory that a kernel works
  /// in is not counted.
  int64_t readBytes = 0, weightBytes = 0, writtenBytes = 0;
};

/// Whether an operation on buffers becomes a kernel with something to do.
bool isKernel(mlir::Operation *op);

/// Counts for an operation on buffers of which `isKernel` is true.
KernelWork countKernelWork(mlir::Operation *op);

} // namespace toeplitz

#endif
