// The inputs of an ONNX model: their types, and shapes with nothing left open.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_NETWORKINPUTS_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_NETWORKINPUTS_H

#include "compiler/Frontend/ImportOptions.h"
#include "compiler/Frontend/Onnx/ElementType.h"
#include "mlir/IR/BuiltinAttributes.h"

namespace toeplitz {

class OnnxModel;

struct NetworkInput {
  std::string name;
  ElementType type = ElementType::Float32;
  llvm::SmallVector<int64_t> shape;
  /// The value of one that the user made a constant, or null.
  mlir::ElementsAttr constant;

  mlir::RankedTensorType getTensorType(mlir::MLIRContext *context) const {
    return mlir::RankedTensorType::get(shape, getMlirType(type, context));
  }
};

/// The inputs that are no initializers, in the model's order. Reports types
/// that aren't supported, dimensions that the model and the options leave open,
/// and options that fit no input.
llvm::FailureOr<llvm::SmallVector<NetworkInput>>
readNetworkInputs(const OnnxModel &model, const ImportOptions &options);

} // namespace toeplitz

#endif
