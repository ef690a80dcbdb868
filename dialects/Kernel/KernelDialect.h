// The kernel dialect: how each operation is computed. See KernelOps.td for the
// operations.

#ifndef TOEPLITZ_DIALECTS_KERNEL_KERNELDIALECT_H
#define TOEPLITZ_DIALECTS_KERNEL_KERNELDIALECT_H

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include "dialects/Kernel/KernelDialect.h.inc"
#include "dialects/Kernel/Precision.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.h.inc"

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace toeplitz::kernel {

/// The `kernel.target` of the module around `op`, or that of x86-64-v3 if the
/// module doesn't say.
TargetAttr getTarget(mlir::Operation *op);

/// Lets upstream's one-shot bufferization handle the dialect.
void registerBufferizableOpInterfaces(mlir::DialectRegistry &registry);

} // namespace toeplitz::kernel

#endif
