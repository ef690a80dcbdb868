// The kernels of a GPU as the text that its driver compiles.

#ifndef TOEPLITZ_COMPILER_TARGET_DEVICECODE_H
#define TOEPLITZ_COMPILER_TARGET_DEVICECODE_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

/// Completes a network whose kernels run on a GPU, one that isn't emulated, by
/// the PTX of the module @kernels of `module`, which is in the LLVM dialect.
/// Returns the module without the kernels: what runs on the host. Emits an
/// error and returns nothing where that isn't possible.
mlir::OwningOpRef<mlir::ModuleOp>
compileKernels(mlir::ModuleOp module, const TargetDescription &target,
               const EmitOptions &options, Network &network);

} // namespace toeplitz

#endif
