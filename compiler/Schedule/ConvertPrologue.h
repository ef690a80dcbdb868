// What stands before a convolution as the prologue of its kernels.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_CONVERTPROLOGUE_H
#define TOEPLITZ_COMPILER_SCHEDULE_CONVERTPROLOGUE_H

#include "compiler/Schedule/Convolutions.h"
#include "compiler/Transforms/Prologue.h"

namespace toeplitz {

/// The prologue of a layer if its kernels can compute it and that costs less
/// than computing it before them; an empty one else.
Prologue choosePrologue(mlir::Operation *layer, const AlgorithmChoice &choice,
                        llvm::ArrayRef<ConvolutionPart> parts,
                        kernel::TargetAttr target);

/// Scale and shift of a prologue as kernel.conv reads them; nulls where there
/// are none.
std::pair<mlir::Value, mlir::Value> packPrologue(mlir::OpBuilder &builder,
                                                 mlir::Location location,
                                                 const Prologue &prologue,
                                                 int64_t lanes);

} // namespace toeplitz

#endif
