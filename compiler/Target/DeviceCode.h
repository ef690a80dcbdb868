// The kernels of a GPU as the text that its driver compiles.

#ifndef TOEPLITZ_COMPILER_TARGET_DEVICECODE_H
#define TOEPLITZ_COMPILER_TARGET_DEVICECODE_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Target/Target.h"

#include "mlir/IR/BuiltinOps.h"
#include <optional>
#include <string>

namespace toeplitz {

/// PTX of the module @kernels of a module in the LLVM dialect, for the target's
/// GPU. Emits an error and returns nothing where that isn't possible. The
/// module is only read.
std::optional<std::string> writeDeviceCode(mlir::ModuleOp module,
                                           const TargetDescription &target,
                                           const EmitOptions &options);

/// The module without its kernels: what runs on the host.
mlir::OwningOpRef<mlir::ModuleOp> cloneHostModule(mlir::ModuleOp module);

} // namespace toeplitz

#endif
