// How a convolution whose filter the network computes is written: as an
// iteration, by the importer, which the schedule recognises by its maps.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_CONVOLUTIONMAPS_H
#define TOEPLITZ_COMPILER_TRANSFORMS_CONVOLUTIONMAPS_H

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/SmallVector.h"

namespace toeplitz {

/// The maps of input, filter and result of y[n, g, f, o] +=
/// x[n, g, c, o * stride + k * dilation] * w[g, f, c, k], over n, g, f, o, c
/// and k; o and k have a loop for each stride.
llvm::SmallVector<mlir::AffineMap>
getConvolutionMaps(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> strides,
                   llvm::ArrayRef<int64_t> dilations);

} // namespace toeplitz

#endif
