// Convolutions that can be computed together with their neighbours.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_WHOLECONVOLUTIONS_H
#define TOEPLITZ_COMPILER_SCHEDULE_WHOLECONVOLUTIONS_H

#include "dialects/Kernel/KernelDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// Whether the convolution writes every position of its result.
bool writesAll(kernel::ConvOp conv);

/// Whether the value is, or is written into, a part of a larger tensor whose
/// positions may lie apart: a phase of a folded convolution, say. Parts along
/// the channels alone are as good as whole ones.
bool liesInPart(mlir::Value value);

/// Whether positions of the result, and of what is added to it, can be computed
/// in any order: they lie as in memory of their own.
bool isWhole(kernel::ConvOp conv);

/// Whether there is a whole convolution by that algorithm, each position of
/// whose result depends on the same one of the input alone.
bool isWholePointwise(kernel::ConvOp conv, llvm::StringRef algorithm);

/// All by the algorithm `depthwise`, in the order of the program.
llvm::SmallVector<kernel::ConvOp> findDepthwise(mlir::ModuleOp module);

/// The one reader of the result, if that is in the same block.
kernel::ConvOp findReader(kernel::ConvOp conv);

} // namespace toeplitz

#endif
