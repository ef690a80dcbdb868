// How @main, the network, calls its kernels.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELCALLS_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELCALLS_H

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

#include <optional>
#include <string>

namespace toeplitz {

/// The function @main of a module. Where there is none an error has been
/// emitted at the module, and the result is null.
mlir::func::FuncOp findMain(mlir::ModuleOp module);

/// The name of a kernel's function: the name of the layer that an operation
/// belongs to, as a symbol; the operation's name if it has none.
std::string getKernelName(mlir::Operation *op);

/// A parallel loop of one dimension that does nothing but call a kernel for
/// each task; `slot` is null where tasks work in no memory.
struct KernelLoop {
  mlir::func::CallOp call;
  kernel::SlotOp slot;
  int64_t tasks;
};

/// Nothing if the loop is of another form.
std::optional<KernelLoop> matchKernelLoop(mlir::scf::ForallOp loop);

} // namespace toeplitz

#endif
