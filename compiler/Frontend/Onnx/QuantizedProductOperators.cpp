// Matrix products of integers of 8 bits, summed up in int32 without an error.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Contraction.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

static bool isByte(ElementType type) {
  return type == ElementType::Int8 || type == ElementType::UInt8;
}

/// The indices of a zero point or a scale: one number, one for each row of the
/// left matrix or each column of the right one (a vector), or a tensor of the
/// matrix's rank, in which all but those (and the batches) are 1.
static llvm::FailureOr<ContractionOperand>
getParameter(OnnxNode &node, size_t index, llvm::ArrayRef<int64_t> matrix,
             int64_t line) {
  OnnxValue value = node.getInput(index);
  if (value.getTensorType().getNumElements() == 1) {
    value.value = node.reshape(value.value, {});
    return ContractionOperand{value, {}};
  }
  if (value.getRank() == 1)
    return ContractionOperand{value, {line}};
  if (value.getRank() == static_cast<int64_t>(matrix.size()))
    return ContractionOperand{value, llvm::SmallVector<int64_t>(matrix)};
  return LogicalResult(node.error()
                       << "input " << index << " has shape "
                       << formatShape(value.getShape())
                       << ", expected one number, one for each row or column, "
                          "or the rank of the matrix");
}

namespace {

/// The inputs of a product, by their numbers.
struct ProductInputs {
  size_t left, right;
  size_t leftZeroPoint, rightZeroPoint;
};

/// The matrices, and the index in which each may be quantised line by line.
struct Product {
  MatrixIndices indices;
  int64_t row = 0, column = 0;
};

} // namespace

static llvm::FailureOr<Product> checkProduct(OnnxNode &node,
                                             const ProductInputs &inputs) {
  for (size_t index : {inputs.left, inputs.right})
    if (failed(node.checkType(index, isByte, "int8 or uint8")) ||
        failed(node.checkRank(index, 1, maximumTensorRank)))
      return failure();
  for (auto [matrix, zero] : {std::pair(inputs.left, inputs.leftZeroPoint),
                              std::pair(inputs.right, inputs.rightZeroPoint)})
    if (node.hasInput(zero) && failed(node.checkSameType(matrix, zero)))
      return failure();
  llvm::ArrayRef<int64_t> left = node.getShape(inputs.left);
  llvm::ArrayRef<int64_t> right = node.getShape(inputs.right);
  int64_t rows = right.size() == 1 ? right[0] : right[right.size() - 2];
  if (left.back() != rows)
    return LogicalResult(node.error() << "the matrices " << formatShape(left)
                                      << " and " << formatShape(right)
                                      << " can't be multiplied: " << left.back()
                                      << " columns meet " << rows << " rows");
  Product product{getMatrixIndices(static_cast<int64_t>(left.size()),
                                   static_cast<int64_t>(right.size()))};
  auto getLine = [](llvm::ArrayRef<int64_t> indices, size_t fromEnd) {
    return indices[indices.size() - std::min(fromEnd, indices.size())];
  };
  product.row = getLine(product.indices.left, 2);
  product.column = getLine(product.indices.right, 1);
  return product;
}

/// sum (A - A's zero point) * (B - B's zero point), in int32.
static llvm::FailureOr<OnnxValue> emitProduct(OnnxNode &node,
                                              const ProductInputs &inputs,
                                              const Product &product) {
  llvm::SmallVector<ContractionOperand> operands = {
      {node.getInput(inputs.left), product.indices.left},
      {node.getInput(inputs.right), product.indices.right}};
  bool hasLeftZero = node.hasInput(inputs.leftZeroPoint);
  bool hasRightZero = node.hasInput(inputs.rightZeroPoint);
  if (hasLeftZero) {
    auto zero = getParameter(node, inputs.leftZeroPoint, product.indices.left,
                             product.row);
    if (failed(zero))
      return failure();
    operands.push_back(*zero);
  }
  if (hasRightZero) {
    auto zero = getParameter(node, inputs.rightZeroPoint, product.indices.right,
                             product.column);
    if (failed(zero))
      return failure();
    operands.push_back(*zero);
  }
  return emitContraction(
      node, operands, product.indices.result, ElementType::Int32,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        auto widen = [&](size_t place) {
          return emitCast(builder, location, elements[place],
                          operands[place].value.type, ElementType::Int32);
        };
        Value left = widen(0), right = widen(1);
        if (hasLeftZero)
          left = emitSubtract(builder, location, left, widen(2),
                              ElementType::Int32);
        if (hasRightZero)
          right = emitSubtract(builder, location, right,
                               widen(elements.size() - 1), ElementType::Int32);
        return emitMultiply(builder, location, left, right, ElementType::Int32);
      });
}

static LogicalResult buildMatMulInteger(OnnxNode &node) {
  ProductInputs inputs{0, 1, 2, 3};
  if (failed(node.getAttributes().finish()))
    return failure();
  auto product = checkProduct(node, inputs);
  if (failed(product))
    return failure();
  auto result = emitProduct(node, inputs, *product);
  if (failed(result))
    return failure();
  node.setResult(*result);
  return success();
}

/// The scale as an operand of elementwise code on the result: lines of the
/// matrix along its indices in the result.
static llvm::FailureOr<OnnxValue> getScale(OnnxNode &node, size_t index,
                                           llvm::ArrayRef<int64_t> matrix,
                                           int64_t line,
                                           llvm::ArrayRef<int64_t> result) {
  if (failed(node.checkFloat(index)))
    return failure();
  auto scale = getParameter(node, index, matrix, line);
  if (failed(scale))
    return failure();
  // A shape of the result's rank, with 1 where the scale doesn't change.
  llvm::SmallVector<int64_t> shape(result.size(), 1);
  for (auto [place, size] :
       llvm::zip_equal(scale->indices, scale->value.getShape())) {
    if (size == 1)
      continue;
    const auto *found = llvm::find(result, place);
    if (found == result.end())
      return LogicalResult(node.error()
                           << "input " << index << " has shape "
                           << formatShape(node.getShape(index))
                           << ", but it can't vary along the dimension that is "
                              "summed over");
    shape[found - result.begin()] = size;
  }
  OnnxValue value = convert(node, scale->value, ElementType::Float32);
  value.value = node.reshape(value.value, shape);
  return value;
}

static LogicalResult buildQLinearMatMul(OnnxNode &node) {
  // a, its scale and zero point, b, its scale and zero point, y's.
  constexpr size_t leftScale = 1, rightScale = 4, resultScale = 6,
                   resultZeroPoint = 7;
  ProductInputs inputs{0, 3, 2, 5};
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(resultZeroPoint, isByte, "int8 or uint8")) ||
      failed(node.checkFloat(resultScale)))
    return failure();
  for (size_t index : {resultScale, resultZeroPoint})
    if (node.getInput(index).getTensorType().getNumElements() != 1)
      return node.error() << "input " << index << " has shape "
                          << formatShape(node.getShape(index))
                          << ", expected one number";
  auto product = checkProduct(node, inputs);
  if (failed(product))
    return failure();
  auto sum = emitProduct(node, inputs, *product);
  if (failed(sum))
    return failure();
  llvm::ArrayRef<int64_t> result = product->indices.result;
  auto left =
      getScale(node, leftScale, product->indices.left, product->row, result);
  auto right = getScale(node, rightScale, product->indices.right,
                        product->column, result);
  if (failed(left) || failed(right))
    return failure();
  auto scalar = [&](size_t index) {
    OnnxValue value = node.getInput(index);
    value.value = node.reshape(value.value, {});
    return convert(node, value, ElementType::Float32);
  };
  ElementType type = node.getType(resultZeroPoint);
  auto shape = broadcastShapes(node, {*sum, *left, *right});
  if (failed(shape))
    return failure();
  if (llvm::ArrayRef<int64_t>(*shape) != sum->getShape())
    return node.error() << "the scales of its inputs don't fit the matrices";
  node.setResult(emitElementwise(
      node, {*sum, *left, *right, scalar(resultScale), scalar(resultZeroPoint)},
      *shape, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        constexpr ElementType f32 = ElementType::Float32;
        Value number =
            emitCast(builder, location, elements[0], ElementType::Int32, f32);
        Value scale = emitDivide(
            builder, location,
            emitMultiply(builder, location, elements[1], elements[2], f32),
            elements[3], f32);
        Value rounded = math::RoundEvenOp::create(
            builder, location,
            emitMultiply(builder, location, number, scale, f32));
        Value shifted = emitAdd(builder, location, rounded, elements[4], f32);
        return emitCast(builder, location, shifted, f32, type);
      }));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxQuantizedProductOperators() {
  static const OnnxOperator operators[] = {
      {"MatMulInteger", 10, newestOpset, 2, 4, 1, buildMatMulInteger},
      {"QLinearMatMul", 10, newestOpset, 8, 8, 1, buildQLinearMatMul}};
  return operators;
}

} // namespace toeplitz
