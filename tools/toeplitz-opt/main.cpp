// Runs passes on MLIR text: every upstream one and every one of ours. For tests
// and for looking at single steps.

#include "compiler/Reference/Passes.h"
#include "compiler/Registration.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argumentCount, char **arguments) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  toeplitz::registerToeplitzDialects(registry);

  mlir::registerAllPasses();
  toeplitz::registerReferencePasses();
  toeplitz::registerToeplitzPasses();

  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argumentCount, arguments, "Toeplitz pass driver\n", registry));
}
