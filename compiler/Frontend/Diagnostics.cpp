// Printing of diagnostics: see Diagnostics.h.

#include "compiler/Frontend/Diagnostics.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

static llvm::StringRef severityName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Remark:
    return "remark";
  case DiagnosticSeverity::Note:
    return "note";
  }
  return "error";
}

/// Passes fuse and nest locations; the first layer and the first place found in
/// one are those that the user wrote.
static void printDiagnostic(const Diagnostic &diagnostic,
                            llvm::raw_ostream &output) {
  output << severityName(diagnostic.getSeverity()) << ": ";
  Location location = diagnostic.getLocation();
  if (auto place = location->findInstanceOf<FileLineColRange>()) {
    output << place.getFilename().getValue();
    // Line 0: the file as a whole.
    if (place.getStartLine() != 0)
      output << ":" << place.getStartLine() << ":" << place.getStartColumn();
    output << ": ";
  }
  if (auto layer = location->findInstanceOf<NameLoc>())
    output << "layer '" << layer.getName().getValue() << "': ";
  output << diagnostic.str() << "\n";
  for (const Diagnostic &note : const_cast<Diagnostic &>(diagnostic).getNotes())
    printDiagnostic(note, output);
}

ConsoleDiagnostics::ConsoleDiagnostics(MLIRContext &context,
                                       llvm::raw_ostream &output)
    : ScopedDiagnosticHandler(&context) {
  setHandler([this, &output](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
      ++errorCount;
    printDiagnostic(diagnostic, output);
    output.flush();
    return success();
  });
}

} // namespace toeplitz
