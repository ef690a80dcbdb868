// Matrix products of numbers, and determinants.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Contraction.h"
#include "compiler/Frontend/Onnx/Determinant.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

static bool isNumber(ElementType type) { return type != ElementType::Bool; }

/// Reports a number of columns that isn't the other's number of rows.
static LogicalResult checkCommonSize(OnnxNode &node, int64_t columns,
                                     int64_t rows) {
  if (columns == rows)
    return success();
  return node.error() << "the matrices " << formatShape(node.getShape(0))
                      << " and " << formatShape(node.getShape(1))
                      << " can't be multiplied: " << columns << " columns meet "
                      << rows << " rows";
}

/// numpy's matmul.
static LogicalResult buildMatMul(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkSameType(0, 1)) ||
      failed(node.checkType(0, isNumber, "a number type")) ||
      failed(node.checkRank(0, 1, maximumTensorRank)) ||
      failed(node.checkRank(1, 1, maximumTensorRank)))
    return failure();
  OnnxValue left = toComputeType(node, node.getInput(0));
  OnnxValue right = foldValue(node, toComputeType(node, node.getInput(1)));
  int64_t columns = left.getShape().back();
  if (failed(checkCommonSize(
          node, columns,
          right.getShape()[std::max<int64_t>(right.getRank() - 2, 0)])))
    return failure();
  MatrixIndices indices = getMatrixIndices(left.getRank(), right.getRank());
  ElementType type = node.getType();
  if (isDense(left, right)) {
    llvm::SmallVector<int64_t> shape(left.getShape().drop_back());
    shape.push_back(right.getShape()[1]);
    int64_t rows = left.getTensorType().getNumElements() / columns;
    left.value = node.reshape(left.value, {rows, columns});
    auto product = emitDense(node, left, right, /*transposed=*/false);
    if (failed(product))
      return failure();
    product->value = node.reshape(product->value, shape);
    node.setResult(convert(node, *product, type));
    return success();
  }
  auto product =
      emitContraction(node, {{left, indices.left}, {right, indices.right}},
                      indices.result, left.type);
  if (failed(product))
    return failure();
  node.setResult(convert(node, *product, type));
  return success();
}

namespace {

struct GemmParameters {
  double alpha = 1, beta = 1;
  bool transposeLeft = false, transposeRight = false;
  int64_t rows = 0, columns = 0;
};

} // namespace

static llvm::FailureOr<GemmParameters> readGemm(OnnxNode &node) {
  GemmParameters gemm;
  if (failed(node.getAttributes()
                 .number("alpha", gemm.alpha)
                 .number("beta", gemm.beta)
                 .boolean("transA", gemm.transposeLeft)
                 .boolean("transB", gemm.transposeRight)
                 .finish()) ||
      failed(node.checkSameType(0, 1)) ||
      failed(node.checkType(0, isNumber, "a number type")) ||
      failed(node.checkRank(0, 2, 2)) || failed(node.checkRank(1, 2, 2)))
    return failure();
  if (node.getVersion() < 11 && !node.hasInput(2))
    return LogicalResult(node.error()
                         << "it has 2 inputs, expected 3 before opset 11");
  if (node.hasInput(2) && failed(node.checkSameType(0, 2)))
    return failure();
  if (!isFloatingPoint(node.getType()))
    for (auto [name, factor] :
         {std::pair("alpha", gemm.alpha), std::pair("beta", gemm.beta)})
      if (factor != std::floor(factor))
        return LogicalResult(node.error()
                             << "attribute '" << name << "' is " << factor
                             << ", expected a whole number for the type "
                             << getName(node.getType()));
  llvm::ArrayRef<int64_t> left = node.getShape(0), right = node.getShape(1);
  if (failed(checkCommonSize(node, left[gemm.transposeLeft ? 0 : 1],
                             right[gemm.transposeRight ? 1 : 0])))
    return failure();
  gemm.rows = left[gemm.transposeLeft ? 1 : 0];
  gemm.columns = right[gemm.transposeRight ? 0 : 1];
  return gemm;
}

/// beta * C as the bias of a dense layer: a constant of one row, or null.
static Value makeBias(OnnxNode &node, const GemmParameters &gemm) {
  if (!node.hasInput(2) || gemm.beta == 0)
    return nullptr;
  OnnxValue bias = foldValue(node, toComputeType(node, node.getInput(2)));
  std::optional<ConstantValues> values = readConstant(bias.value);
  llvm::ArrayRef<int64_t> shape = bias.getShape();
  bool isRow = shape.size() <= 1 || (shape.size() == 2 && shape[0] == 1);
  if (!values || !isRow)
    return nullptr;
  auto type =
      RankedTensorType::get({gemm.columns}, node.getBuilder().getF32Type());
  if (gemm.beta == 1 && bias.getTensorType() == type)
    return bias.value;
  WeightBuffer buffer(gemm.columns);
  auto factor = static_cast<float>(gemm.beta);
  for (int64_t column = 0; column < gemm.columns; ++column)
    buffer[column] = factor * (*values)[values->size() == 1 ? 0 : column];
  std::string name =
      getConstantName(bias.value, getLayerName(node.getLocation(), "gemm"));
  return createConstant(node.getBuilder(), node.getLocation(), type,
                        std::move(buffer), name + ".bias");
}

/// Multiplies a tensor by a number.
static OnnxValue emitScaled(OnnxNode &node, OnnxValue value, double factor) {
  if (factor == 1)
    return value;
  return emitElementwise(
      node, value, value.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitMultiply(builder, location, elements[0],
                            emitNumber(builder, location, value.type, factor),
                            value.type);
      });
}

/// product + beta * C
static OnnxValue emitAddition(OnnxNode &node, OnnxValue product,
                              const GemmParameters &gemm) {
  OnnxValue term =
      emitScaled(node, toComputeType(node, node.getInput(2)), gemm.beta);
  if (isNetworkTensor(product) && isNetworkTensor(term)) {
    OnnxValue repeated = emitBroadcast(node, term, product.getShape());
    return {arith::AddFOp::create(node.getBuilder(), node.getLocation(),
                                  product.value, repeated.value),
            product.type};
  }
  return emitElementwise(
      node, {product, term}, product.getShape(), product.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitAdd(builder, location, elements[0], elements[1],
                       product.type);
      });
}

/// alpha * A * B + beta * C
static LogicalResult buildGemm(OnnxNode &node) {
  auto gemm = readGemm(node);
  if (failed(gemm))
    return failure();
  OnnxValue left = toComputeType(node, node.getInput(0));
  OnnxValue right = foldValue(node, toComputeType(node, node.getInput(1)));
  bool hasTerm = node.hasInput(2) && gemm->beta != 0;
  if (hasTerm) {
    // C repeats to the product, never the product to C.
    OnnxValue shaped{makeEmpty(node, {gemm->rows, gemm->columns}, left.type),
                     left.type};
    auto shape = broadcastShapes(node, {shaped, node.getInput(2)});
    if (failed(shape))
      return failure();
    if (llvm::ArrayRef<int64_t>(*shape) != shaped.getShape())
      return node.error() << "input 2 has shape "
                          << formatShape(node.getShape(2))
                          << ", which doesn't repeat to that of the product, "
                          << formatShape(shaped.getShape());
    shaped.value.getDefiningOp()->erase();
  }
  llvm::FailureOr<OnnxValue> product;
  if (isDense(left, right)) {
    if (gemm->transposeLeft)
      left.value = node.transpose(left.value, {1, 0});
    Value bias = makeBias(node, *gemm);
    hasTerm &= !bias;
    product =
        emitDense(node, left, right, gemm->transposeRight, gemm->alpha, bias);
  } else {
    constexpr int64_t row = 0, column = 1, common = 2;
    auto indices = [](bool transposed, int64_t first, int64_t second) {
      return transposed ? llvm::SmallVector<int64_t>{second, first}
                        : llvm::SmallVector<int64_t>{first, second};
    };
    product = emitContraction(
        node,
        {{left, indices(gemm->transposeLeft, row, common)},
         {right, indices(gemm->transposeRight, common, column)}},
        {row, column}, left.type);
    if (succeeded(product))
      product = emitScaled(node, *product, gemm->alpha);
  }
  if (failed(product))
    return failure();
  if (hasTerm)
    product = emitAddition(node, *product, *gemm);
  node.setResult(convert(node, *product, node.getType()));
  return success();
}

static LogicalResult buildDet(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) || failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 2, maximumTensorRank)))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  if (shape.back() != shape[shape.size() - 2])
    return node.error() << "its input has shape " << formatShape(shape)
                        << ", expected square matrices";
  OnnxValue matrices = toComputeType(node, node.getInput());
  node.setResult(
      convert(node, emitDeterminant(node, matrices), node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxLinearAlgebraOperators() {
  static const OnnxOperator operators[] = {
      {"Det", 11, newestOpset, 1, 1, 1, buildDet},
      {"Gemm", 7, newestOpset, 2, 3, 1, buildGemm},
      {"MatMul", 1, newestOpset, 2, 2, 1, buildMatMul}};
  return operators;
}

} // namespace toeplitz
