// What operators that move elements are built of. Everything here takes every
// element type and every shape, empty ones included.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_TENSORMOVEMENT_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_TENSORMOVEMENT_H

#include "compiler/Frontend/Onnx/Emit.h"

namespace toeplitz {

/// The number of elements of a shape that is within the limits.
int64_t getElementCount(llvm::ArrayRef<int64_t> shape);

/// Numbers as messages show them: "[2, -1]".
std::string formatNumbers(llvm::ArrayRef<int64_t> numbers);

/// Whether a tensor of that shape has no elements.
bool isEmptyShape(llvm::ArrayRef<int64_t> shape);

/// The tensor without elements of that shape: a constant.
OnnxValue makeEmptyTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                          ElementType type);

/// A constant of the numbers, which the type can hold, in row-major order.
OnnxValue makeTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                     ElementType type, llvm::ArrayRef<double> numbers);
OnnxValue makeTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                     ElementType type, llvm::ArrayRef<int64_t> numbers);

/// A constant of which all elements are the same, in another shape: what moving
/// and repeating its elements comes to. Null for other values.
OnnxValue resizeSplat(OnnxNode &node, OnnxValue value,
                      llvm::ArrayRef<int64_t> shape);

/// The same elements in another shape. Constants change their type and keep
/// their bytes.
OnnxValue emitReshape(OnnxNode &node, OnnxValue value,
                      llvm::ArrayRef<int64_t> shape);

/// Dimension d of the result is dimension `permutation[d]` of the value.
OnnxValue emitTranspose(OnnxNode &node, OnnxValue value,
                        llvm::ArrayRef<int64_t> permutation);

/// `sizes[d]` positions of dimension d from `offsets[d]` on, `steps[d]` apart;
/// steps may be negative. All positions must be inside.
OnnxValue emitSlice(OnnxNode &node, OnnxValue value,
                    llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> steps);
/// Positions `offset` to `offset + size - 1` of one dimension.
OnnxValue emitSlice(OnnxNode &node, OnnxValue value, int64_t dimension,
                    int64_t offset, int64_t size);

/// The values one after the other along a dimension. The other dimensions, and
/// the types, must be the same.
OnnxValue emitConcat(OnnxNode &node, llvm::ArrayRef<OnnxValue> values,
                     int64_t dimension);

/// Puts `low[d]` and `high[d]` zeros before and after dimension d.
OnnxValue emitZeroPadding(OnnxNode &node, OnnxValue value,
                          llvm::ArrayRef<int64_t> low,
                          llvm::ArrayRef<int64_t> high);

/// Code in the body of an operation, at one position of the result.
class PositionBuilder {
public:
  PositionBuilder(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}

  mlir::OpBuilder &builder;
  mlir::Location location;

  /// The position in the result.
  mlir::Value position(int64_t dimension);
  mlir::Value index(int64_t number);
  /// An element of a tensor from outside of the body.
  mlir::Value extract(OnnxValue tensor, llvm::ArrayRef<mlir::Value> indices);
  mlir::Value add(mlir::Value a, mlir::Value b);
  mlir::Value subtract(mlir::Value a, mlir::Value b);
  /// An element of an integer type as an index.
  mlir::Value toIndex(mlir::Value element, ElementType type);
  /// The position that an element of an index tensor names: negative ones count
  /// from the end. Those outside of the dimension, for which ONNX defines
  /// nothing, become the nearest inside: compiled code reads no memory that
  /// isn't the tensor's.
  mlir::Value toPosition(mlir::Value element, ElementType type, int64_t size);
  mlir::Value clamp(mlir::Value index, int64_t smallest, int64_t largest);
  mlir::Value less(mlir::Value a, mlir::Value b);
  mlir::Value both(mlir::Value a, mlir::Value b);
  mlir::Value select(mlir::Value condition, mlir::Value a, mlir::Value b);
};

/// A tensor whose element at each position is what `body` computes.
OnnxValue emitElements(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                       ElementType type,
                       llvm::function_ref<mlir::Value(PositionBuilder &)> body);

/// Checks the values of an index tensor if they are known: each must be from
/// `-size` to `size - 1`. For a result of rank 1 and more, whose last dimension
/// is a tuple, there is one size for each of its elements.
llvm::LogicalResult checkIndices(OnnxNode &node, size_t input,
                                 llvm::ArrayRef<int64_t> sizes);

} // namespace toeplitz

#endif
