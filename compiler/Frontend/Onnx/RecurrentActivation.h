// The activation functions of recurrent operators, as code on one element.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_RECURRENTACTIVATION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_RECURRENTACTIVATION_H

#include "compiler/Frontend/Onnx/ElementBuilder.h"

namespace toeplitz {

struct RecurrentActivation {
  mlir::Value (*emit)(ElementBuilder &code, mlir::Value x, double alpha,
                      double beta) = nullptr;
  double alpha = 0, beta = 0;

  mlir::Value apply(ElementBuilder &code, mlir::Value x) const {
    return emit(code, x, alpha, beta);
  }
};

/// The functions by their names, in any case. Those that have an alpha or a
/// beta take the next of the numbers, or else a default. Reports unknown names.
llvm::FailureOr<llvm::SmallVector<RecurrentActivation>>
readRecurrentActivations(OnnxNode &node, llvm::ArrayRef<std::string> names,
                         llvm::ArrayRef<double> alphas,
                         llvm::ArrayRef<double> betas);

} // namespace toeplitz

#endif
