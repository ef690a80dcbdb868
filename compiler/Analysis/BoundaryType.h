// The element types of a network's inputs and outputs. In the IR integers have
// no sign and bools are bytes; the attribute `toeplitz.type` of an argument or
// result of @main says what its elements mean where that isn't the plain case.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_BOUNDARYTYPE_H
#define TOEPLITZ_COMPILER_ANALYSIS_BOUNDARYTYPE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Types.h"

namespace toeplitz {

constexpr llvm::StringLiteral boundaryTypeAttribute = "toeplitz.type";

/// TOEPLITZ_FLOAT32 or one of its kin (runtime/toeplitz.h), for elements of
/// `elementType` that are stated to be `name` ("uint8"); without a name
/// integers have a sign. 0 when there is no such type, or it isn't stored so.
int32_t getBoundaryType(mlir::Type elementType, mlir::StringAttr name);

/// The same for an argument or a result of @main.
int32_t getArgumentType(mlir::func::FuncOp main, unsigned index);
int32_t getResultType(mlir::func::FuncOp main, unsigned index);

} // namespace toeplitz

#endif
