// --emit=matrix: the matrix of a convolution, for people.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_MATRIX_H
#define TOEPLITZ_TOOLS_TOEPLITZ_MATRIX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/LogicalResult.h"
#include "llvm/Support/raw_ostream.h"
#include <string>
#include <vector>

namespace toeplitz {

struct MatrixOptions {
  /// Names of layers, one or two; none for the only convolution.
  std::vector<std::string> layers;
  /// "filter", "data" or "both".
  std::string view = "both";
};

/// Writes the matrices of a network as written: a picture where `suffix` is
/// ".svg" or ".html", text otherwise. Reports what is wrong.
llvm::LogicalResult writeMatrix(mlir::ModuleOp module,
                                const MatrixOptions &options,
                                llvm::StringRef suffix,
                                llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
