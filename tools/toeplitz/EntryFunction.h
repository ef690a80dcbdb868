// The function of a module that is the network: its inputs and outputs.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_ENTRYFUNCTION_H
#define TOEPLITZ_TOOLS_TOEPLITZ_ENTRYFUNCTION_H

#include "tools/toeplitz/Signature.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// Checks that `module`, read from `path`, has the function @main and, where
/// that is on tensors, that they have static shapes of f32. A module written
/// by hand may leave out names: the module then gets that of the file, and
/// tensors are called input0, output0 and so on. Reports what is wrong.
mlir::LogicalResult completeEntryFunction(mlir::ModuleOp module,
                                          llvm::StringRef path);

/// The inputs and outputs of a completed module at the stage `cnn`.
Signature readSignature(mlir::ModuleOp module);

} // namespace toeplitz

#endif
