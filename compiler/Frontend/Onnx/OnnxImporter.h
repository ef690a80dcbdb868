// ONNX models become the cnn dialect and upstream's.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXIMPORTER_H

#include "compiler/Frontend/ImportOptions.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace toeplitz {

/// Reads the model at `path` and builds its network: see importNetwork.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext &context,
                                             const ImportOptions &options);

} // namespace toeplitz

#endif
