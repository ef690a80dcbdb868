// Contractions: see Contraction.h.

#include "compiler/Frontend/Onnx/Contraction.h"

#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;

namespace toeplitz {

/// The size of every index; those of the result come first.
static llvm::FailureOr<llvm::MapVector<int64_t, int64_t>>
findSizes(OnnxNode &node, llvm::ArrayRef<ContractionOperand> operands,
          llvm::ArrayRef<int64_t> resultIndices) {
  llvm::MapVector<int64_t, int64_t> sizes;
  for (int64_t index : resultIndices)
    sizes[index] = 1;
  for (const ContractionOperand &operand : operands)
    for (auto [index, size] :
         llvm::zip_equal(operand.indices, operand.value.getShape())) {
      int64_t &common = sizes.insert({index, 1}).first->second;
      if (common == 1)
        common = size;
      if (size == common || size == 1)
        continue;
      InFlightDiagnostic diagnostic = node.error();
      diagnostic << "the shapes of its inputs don't go together: ";
      llvm::interleaveComma(operands, diagnostic,
                            [&](const ContractionOperand &each) {
                              diagnostic << formatShape(each.value.getShape());
                            });
      diagnostic << "; a size of " << size << " meets one of " << common;
      return failure();
    }
  return sizes;
}

llvm::FailureOr<OnnxValue>
emitContraction(OnnxNode &node, llvm::ArrayRef<ContractionOperand> operands,
                llvm::ArrayRef<int64_t> resultIndices, ElementType type,
                ElementBody product) {
  OpBuilder &builder = node.getBuilder();
  auto sizes = findSizes(node, operands, resultIndices);
  if (failed(sizes))
    return failure();
  llvm::SmallVector<int64_t> shape;
  for (int64_t index : resultIndices)
    shape.push_back(sizes->lookup(index));
  if (failed(node.checkResultShape(shape)))
    return failure();
  Value zero = emitNumber(builder, node.getLocation(), type, 0);
  Value start = emitFilled(node, shape, zero);
  if (llvm::any_of(*sizes, [](auto entry) { return entry.second == 0; }))
    return OnnxValue{start, type};

  llvm::DenseMap<int64_t, unsigned> positions;
  for (auto entry : *sizes)
    positions.try_emplace(entry.first, positions.size());
  auto rank = static_cast<unsigned>(sizes->size());
  llvm::SmallVector<AffineMap> maps;
  llvm::SmallVector<Value> inputs;
  for (const ContractionOperand &operand : operands) {
    llvm::SmallVector<AffineExpr> expressions;
    for (auto [index, size] :
         llvm::zip_equal(operand.indices, operand.value.getShape()))
      expressions.push_back(
          size == sizes->lookup(index)
              ? builder.getAffineDimExpr(positions.lookup(index))
              : builder.getAffineConstantExpr(0));
    maps.push_back(AffineMap::get(rank, 0, expressions, builder.getContext()));
    inputs.push_back(operand.value.value);
  }
  auto kept = static_cast<unsigned>(resultIndices.size());
  llvm::SmallVector<AffineExpr> results;
  for (unsigned position = 0; position < kept; ++position)
    results.push_back(builder.getAffineDimExpr(position));
  maps.push_back(AffineMap::get(rank, 0, results, builder.getContext()));
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), kept, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange(start.getType()), inputs,
      ValueRange(start), maps, iterators,
      [&](OpBuilder &inner, Location location, ValueRange elements) {
        Value term = product(inner, location, elements.drop_back());
        linalg::YieldOp::create(
            inner, location,
            emitAdd(inner, location, elements.back(), term, type));
      });
  return OnnxValue{generic.getResult(0), type};
}

llvm::FailureOr<OnnxValue>
emitContraction(OnnxNode &node, llvm::ArrayRef<ContractionOperand> operands,
                llvm::ArrayRef<int64_t> resultIndices, ElementType type) {
  return emitContraction(
      node, operands, resultIndices, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value product = elements.front();
        for (Value element : elements.drop_front())
          product = emitMultiply(builder, location, product, element, type);
        return product;
      });
}

MatrixIndices getMatrixIndices(int64_t leftRank, int64_t rightRank) {
  // Index 0 is summed over, 1 the left matrix's rows, 2 the right one's
  // columns; the dimensions of batches follow, counted from the last.
  constexpr int64_t common = 0, row = 1, column = 2, batch = 3;
  MatrixIndices indices;
  auto addBatch = [&](int64_t rank, llvm::SmallVectorImpl<int64_t> &list) {
    for (int64_t d = rank - 3; d >= 0; --d)
      list.push_back(batch + d);
  };
  addBatch(leftRank, indices.left);
  if (leftRank > 1)
    indices.left.push_back(row);
  indices.left.push_back(common);
  addBatch(rightRank, indices.right);
  indices.right.push_back(common);
  if (rightRank > 1)
    indices.right.push_back(column);
  addBatch(std::max(leftRank, rightRank), indices.result);
  if (leftRank > 1)
    indices.result.push_back(row);
  if (rightRank > 1)
    indices.result.push_back(column);
  return indices;
}

bool isDense(OnnxValue left, OnnxValue right) {
  return isNetworkTensor(left) && isNetworkTensor(right) &&
         right.getRank() == 2 && readConstant(right.value).has_value();
}

llvm::FailureOr<OnnxValue> emitDense(OnnxNode &node, OnnxValue left,
                                     OnnxValue right, bool transposed,
                                     double scale, Value bias) {
  Value filter = right.value;
  if (!transposed || scale != 1) {
    std::optional<ConstantValues> values = readConstant(right.value);
    int64_t rows = right.getShape()[0], columns = right.getShape()[1];
    WeightBuffer buffer(rows * columns);
    auto factor = static_cast<float>(scale);
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t column = 0; column < columns; ++column)
        buffer[transposed ? row * columns + column : column * rows + row] =
            factor * (*values)[row * columns + column];
    auto type = RankedTensorType::get(
        transposed ? llvm::ArrayRef<int64_t>{rows, columns}
                   : llvm::ArrayRef<int64_t>{columns, rows},
        right.getTensorType().getElementType());
    std::string name =
        getConstantName(right.value, getLayerName(node.getLocation(), "dense"));
    filter = createConstant(node.getBuilder(), node.getLocation(), type,
                            std::move(buffer), name + ".filter");
  }
  llvm::ArrayRef<int64_t> none;
  auto product =
      node.create<cnn::ConvOp>(left.value, filter, bias, none, none, none, none,
                               uint64_t(1), cnn::PaddingMode::Zeros);
  if (failed(product))
    return failure();
  return OnnxValue{*product, ElementType::Float32};
}

} // namespace toeplitz
