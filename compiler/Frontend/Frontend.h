// Networks become the cnn dialect: descriptions (JSON) and their weights
// (safetensors), whose format is docs/network-format.md and its JSON Schema
// docs/network.schema.json; and ONNX models.

#ifndef TOEPLITZ_COMPILER_FRONTEND_FRONTEND_H
#define TOEPLITZ_COMPILER_FRONTEND_FRONTEND_H

#include "compiler/Frontend/ImportOptions.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// Registers the dialects that an imported network is made of.
void registerFrontendDialects(mlir::DialectRegistry &registry);

/// Whether the path's suffix is that of a network that importNetwork reads.
bool isNetworkPath(llvm::StringRef path);

/// Reads the description (.json) or model (.onnx) at `path` and its weights,
/// and builds the network: a module named after it with the function @main. The
/// module is verified. Null on an error, which the context's diagnostics have
/// then reported with the place in the file. The module's constants may refer
/// to the memory-mapped weight file, which the context keeps open as long as it
/// lives.
mlir::OwningOpRef<mlir::ModuleOp>
importNetwork(llvm::StringRef path, mlir::MLIRContext &context,
              const ImportOptions &options = {});

/// Reads the description at `path`, checks it as far as that goes without its
/// weights, and writes it to `output` in the standard form (`--emit=json`).
/// False on an error, which the context's diagnostics have then reported;
/// nothing is written in that case.
bool exportDescription(llvm::StringRef path, llvm::raw_ostream &output,
                       mlir::MLIRContext &context);

} // namespace toeplitz

#endif
