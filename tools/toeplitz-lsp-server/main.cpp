// The language server for MLIR text with our dialects: editors get errors,
// hovers and definitions as one types.

#include "compiler/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argumentCount, char **arguments) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  toeplitz::registerToeplitzDialects(registry);

  return failed(mlir::MlirLspServerMain(argumentCount, arguments, registry));
}
