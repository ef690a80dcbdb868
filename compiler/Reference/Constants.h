// Between constants of the IR and tensors.

#ifndef TOEPLITZ_COMPILER_REFERENCE_CONSTANTS_H
#define TOEPLITZ_COMPILER_REFERENCE_CONSTANTS_H

#include "compiler/Reference/Tensor.h"

#include "mlir/IR/BuiltinAttributes.h"

#include <optional>

namespace toeplitz::reference {

/// The elements of a constant: dense, splat, a dense resource, or a scalar (of
/// rank 0). nullopt for any other attribute, and for a resource without bytes
/// or of the wrong size.
std::optional<Tensor> constantTensor(mlir::Attribute value);

/// The tensor as a dense attribute, its values rounded to their type.
mlir::DenseElementsAttr getDenseAttribute(const Tensor &tensor,
                                          mlir::MLIRContext *context);

/// The tensor as a resource of the context, whose name starts with `name`.
mlir::DenseResourceElementsAttr
getResourceAttribute(const Tensor &tensor, llvm::StringRef name,
                     mlir::MLIRContext *context);

} // namespace toeplitz::reference

#endif
