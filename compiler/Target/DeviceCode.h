// The kernels of a GPU as the text that its driver compiles.

#ifndef TOEPLITZ_COMPILER_TARGET_DEVICECODE_H
#define TOEPLITZ_COMPILER_TARGET_DEVICECODE_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// Where the kernels run on a GPU that isn't emulated, completes the network by
/// the PTX of the module @kernels of `module`, which is in the LLVM dialect,
/// and the machine code that the options ask for, and makes `module` one
/// without the kernels, what runs on the host: the one that is returned, which
/// must be kept as long. Else returns null. Emits an error where it isn't
/// possible.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
separateKernels(mlir::ModuleOp &module, const TargetDescription &target,
                const EmitOptions &options, Network &network);

} // namespace toeplitz

#endif
