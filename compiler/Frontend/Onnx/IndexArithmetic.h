// Arithmetic on positions in the bodies of operations.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_INDEXARITHMETIC_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_INDEXARITHMETIC_H

#include "mlir/IR/Builders.h"

namespace toeplitz {

/// Values are of type `index`, and signed.
class IndexArithmetic {
public:
  IndexArithmetic(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}

  mlir::Value constant(int64_t number);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  mlir::Value multiply(mlir::Value a, int64_t b);
  /// Rounded towards zero, and what is left by that.
  mlir::Value divide(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  /// The remainder that is never negative.
  mlir::Value modulo(mlir::Value a, int64_t b);
  /// The nearest position of a dimension of `size`.
  mlir::Value clamp(mlir::Value position, int64_t size);
  /// `at` - |position - `at`|: what a mirror at that position shows.
  mlir::Value reflect(mlir::Value position, int64_t at);
  /// Whether a position is in a dimension of `size`: an i1.
  mlir::Value isInside(mlir::Value position, int64_t size);
  /// The i1 `a` and `b`; either may be null, which is true.
  mlir::Value both(mlir::Value a, mlir::Value b);
  /// The iteration's position in a dimension of a linalg operation.
  mlir::Value iteration(int64_t dimension);

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
};

} // namespace toeplitz

#endif
