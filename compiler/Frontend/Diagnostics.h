// How errors, warnings and notes look to the user of the command line.

#ifndef TOEPLITZ_COMPILER_FRONTEND_DIAGNOSTICS_H
#define TOEPLITZ_COMPILER_FRONTEND_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// While it lives, prints the context's diagnostics as `error: FILE:LINE:COL:
/// layer 'conv1': message`. The place and the layer come from the location: a
/// FileLineColLoc inside a NameLoc that holds the layer's name; what is unknown
/// is left out. Notes follow their diagnostic as `note: …`.
class ConsoleDiagnostics : public mlir::ScopedDiagnosticHandler {
public:
  explicit ConsoleDiagnostics(mlir::MLIRContext &context,
                              llvm::raw_ostream &output = llvm::errs());

  /// The number of errors printed so far.
  unsigned getErrorCount() const { return errorCount; }

private:
  unsigned errorCount = 0;
};

} // namespace toeplitz

#endif
