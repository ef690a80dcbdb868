// The function of a module that is the network: its inputs and outputs.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_ENTRYFUNCTION_H
#define TOEPLITZ_TOOLS_TOEPLITZ_ENTRYFUNCTION_H

#include "compiler/Pipeline.h"
#include "tools/toeplitz/Signature.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// Checks that `module`, read from `path` and at `stage`, has the function
/// @main, and that a network as written takes and returns tensors with static
/// shapes, elements of a type of runtime/toeplitz.h and names of their own.
/// Such a module may leave out names: it then gets that of the file, and its
/// tensors are called input0, output0 and so on. Reports what is wrong.
mlir::LogicalResult completeEntryFunction(mlir::ModuleOp module, Stage stage,
                                          llvm::StringRef path);

/// The inputs and outputs of a completed network as written.
Signature readSignature(mlir::ModuleOp module);

} // namespace toeplitz

#endif
