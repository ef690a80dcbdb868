// What the operators of ONNX are built of, when the cnn dialect has no
// operation for them: elementwise code on tensors of any type, with numpy's
// broadcasting.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_EMIT_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_EMIT_H

#include "compiler/Frontend/Onnx/OnnxNode.h"

namespace toeplitz {

// --- scalars: code in the body of an operation ------------------------------

/// ONNX's Cast of one element. Floats to integers are truncated; what doesn't
/// fit is undefined in ONNX, and is the nearest number of the type here. NaN
/// becomes 0.
mlir::Value emitCast(mlir::OpBuilder &builder, mlir::Location location,
                     mlir::Value element, ElementType from, ElementType to);

/// A number as a constant of the type; integers must be exact in a double.
mlir::Value emitNumber(mlir::OpBuilder &builder, mlir::Location location,
                       ElementType type, double number);

/// The largest or smallest number of the type, infinities included: where a
/// search for the minimum or maximum begins.
mlir::Value emitLargest(mlir::OpBuilder &builder, mlir::Location location,
                        ElementType type);
mlir::Value emitSmallest(mlir::OpBuilder &builder, mlir::Location location,
                         ElementType type);

/// Comparisons with the type's signedness, as an i1. Comparisons with NaN are
/// false, but for NotEqual.
enum class Comparison {
  Equal,
  NotEqual,
  Less,
  LessOrEqual,
  Greater,
  GreaterOrEqual
};
mlir::Value emitCompare(mlir::OpBuilder &builder, mlir::Location location,
                        Comparison comparison, mlir::Value a, mlir::Value b,
                        ElementType type);

/// The larger or the smaller number; NaN if one of them is NaN.
mlir::Value emitMaximum(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Value a, mlir::Value b, ElementType type);
mlir::Value emitMinimum(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Value a, mlir::Value b, ElementType type);

/// Arithmetic by the type: integers wrap, division truncates towards zero, and
/// integers divided by 0 are 0.
mlir::Value emitAdd(mlir::OpBuilder &builder, mlir::Location location,
                    mlir::Value a, mlir::Value b, ElementType type);
mlir::Value emitSubtract(mlir::OpBuilder &builder, mlir::Location location,
                         mlir::Value a, mlir::Value b, ElementType type);
mlir::Value emitMultiply(mlir::OpBuilder &builder, mlir::Location location,
                         mlir::Value a, mlir::Value b, ElementType type);
mlir::Value emitDivide(mlir::OpBuilder &builder, mlir::Location location,
                       mlir::Value a, mlir::Value b, ElementType type);

/// An i1 as a bool of the network (i8), and back.
mlir::Value emitFromCondition(mlir::OpBuilder &builder, mlir::Location location,
                              mlir::Value condition);
mlir::Value emitToCondition(mlir::OpBuilder &builder, mlir::Location location,
                            mlir::Value boolean);

/// A bool of the network, a tensor of one element, as an i1.
mlir::Value emitToCondition(OnnxNode &node, OnnxValue boolean);
/// The same for an input. Reports other types and other numbers of elements.
llvm::FailureOr<mlir::Value> readCondition(OnnxNode &node, size_t index);

// --- tensors ----------------------------------------------------------------

/// Writes one element of the result from the elements of the inputs.
using ElementBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// The shape that all inputs repeat to by numpy's rules: dimensions are matched
/// from the last; each is the same or 1. Reports shapes that don't go together.
llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs);

/// linalg.generic over `shape`, to which the inputs repeat.
OnnxValue emitElementwise(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs,
                          llvm::ArrayRef<int64_t> shape, ElementType result,
                          ElementBody body);
/// The same for one input.
OnnxValue emitElementwise(OnnxNode &node, OnnxValue input, ElementType result,
                          ElementBody body);

/// Whether the cnn dialect, and arith and math on tensors, take the value: f32,
/// and not empty.
bool isNetworkTensor(OnnxValue value);

/// Repeats dimensions of size 1 (and adds them in front) to the shape: by
/// cnn.broadcast where that takes the value.
OnnxValue emitBroadcast(OnnxNode &node, OnnxValue value,
                        llvm::ArrayRef<int64_t> shape);

/// ONNX's Cast of a tensor.
OnnxValue convert(OnnxNode &node, OnnxValue value, ElementType to);
/// Half-precision numbers as float32, in which they are computed; other types
/// as they are.
OnnxValue toComputeType(OnnxNode &node, OnnxValue value);

/// A tensor whose elements are all `number`.
OnnxValue makeSplat(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                    ElementType type, double number);
/// A constant tensor of int64 with rank 1.
OnnxValue makeIntegers(OnnxNode &node, llvm::ArrayRef<int64_t> numbers);
/// A tensor without values, the destination of an operation.
mlir::Value makeEmpty(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                      ElementType type);

} // namespace toeplitz

#endif
