// Arithmetic of one element, or of whole tensors at once: the operations of
// arith and math take both, so that one function says what an operator computes
// in a linalg.generic and among the operations that fuse with convolutions.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ELEMENTBUILDER_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ELEMENTBUILDER_H

#include "compiler/Frontend/Onnx/Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace toeplitz {

/// All values have the same element type; conditions are i1.
class ElementBuilder {
public:
  /// `like` is an element, or a tensor.
  ElementBuilder(mlir::OpBuilder &builder, mlir::Location location,
                 ElementType type, mlir::Type like)
      : builder(builder), location(location), type(type), like(like) {}

  ElementType getType() const { return type; }

  mlir::Value number(double number);
  mlir::Value add(mlir::Value a, mlir::Value b) {
    return emitAdd(builder, location, a, b, type);
  }
  mlir::Value subtract(mlir::Value a, mlir::Value b) {
    return emitSubtract(builder, location, a, b, type);
  }
  mlir::Value multiply(mlir::Value a, mlir::Value b) {
    return emitMultiply(builder, location, a, b, type);
  }
  mlir::Value divide(mlir::Value a, mlir::Value b) {
    return emitDivide(builder, location, a, b, type);
  }
  mlir::Value maximum(mlir::Value a, mlir::Value b) {
    return emitMaximum(builder, location, a, b, type);
  }
  mlir::Value minimum(mlir::Value a, mlir::Value b) {
    return emitMinimum(builder, location, a, b, type);
  }
  mlir::Value negate(mlir::Value x);
  mlir::Value compare(Comparison comparison, mlir::Value a, mlir::Value b) {
    return emitCompare(builder, location, comparison, a, b, type);
  }
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b) {
    return apply<mlir::arith::SelectOp>(condition, a, b);
  }
  /// 1 / (1 + exp(-x)).
  mlir::Value sigmoid(mlir::Value x);

  template <typename Operation, typename... Operands>
  mlir::Value apply(Operands... operands) {
    return Operation::create(builder, location, operands...);
  }

private:
  mlir::OpBuilder &builder;
  mlir::Location location;
  ElementType type;
  mlir::Type like;
};

/// What an operator computes from an element of each input.
using ElementFunction =
    llvm::function_ref<mlir::Value(ElementBuilder &, mlir::ValueRange)>;

/// Applies the function to inputs of one type that repeat to `shape`, which is
/// the result's type as well: on whole tensors where the cnn dialect takes
/// them, else element by element.
OnnxValue emitArithmetic(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs,
                         llvm::ArrayRef<int64_t> shape,
                         ElementFunction function);

/// Builds an operator of one floating-point input. Half precision is computed
/// in float32.
llvm::LogicalResult buildFloatFunction(OnnxNode &node,
                                       ElementFunction function);

/// Any type but bool.
bool isNumeric(ElementType type);

} // namespace toeplitz

#endif
