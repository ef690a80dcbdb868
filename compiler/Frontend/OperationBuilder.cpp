// Building operations: see OperationBuilder.h.

#include "compiler/Frontend/OperationBuilder.h"

#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include <numeric>

using namespace mlir;

namespace toeplitz {

LogicalResult
OperationBuilder::checkResultShape(llvm::ArrayRef<int64_t> shape) {
  if (shape.size() > maximumTensorRank) {
    error() << "its result would have " << shape.size()
            << " dimensions, more than " << maximumTensorRank;
    return failure();
  }
  for (int64_t size : shape)
    if (size > maximumSize) {
      error() << "its result would have a dimension of " << size
              << ", more than " << maximumSize;
      return failure();
    }
  if (countElements(shape))
    return success();
  error() << "its result of shape " << formatShape(shape)
          << " would have more than " << maximumElementCount << " elements";
  return failure();
}

Value OperationBuilder::makeConstant(ElementsAttr attribute) {
  return arith::ConstantOp::create(builder, location,
                                   cast<TypedAttr>(attribute));
}

Value OperationBuilder::makeConstant(llvm::ArrayRef<int64_t> shape,
                                     double number) {
  auto type = RankedTensorType::get(shape, builder.getF32Type());
  return arith::ConstantOp::create(
      builder, location,
      DenseElementsAttr::get(type, static_cast<float>(number)));
}

Value OperationBuilder::reshape(Value value, llvm::ArrayRef<int64_t> shape) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from.getShape() == shape)
    return value;
  auto to = RankedTensorType::get(shape, from.getElementType());
  if (from.getRank() != to.getRank())
    if (auto groups = getReassociationIndicesForReshape(from, to)) {
      if (from.getRank() > to.getRank())
        return tensor::CollapseShapeOp::create(builder, location, to, value,
                                               *groups);
      return tensor::ExpandShapeOp::create(builder, location, to, value,
                                           *groups);
    }
  // Dimensions that neither merge nor split go through one that holds them all.
  auto allDimensions = [](int64_t rank) {
    ReassociationIndices indices(rank);
    std::iota(indices.begin(), indices.end(), 0);
    return llvm::SmallVector<ReassociationIndices>{indices};
  };
  auto flat =
      RankedTensorType::get({from.getNumElements()}, from.getElementType());
  Value flattened = value;
  if (from.getRank() != 1)
    flattened = tensor::CollapseShapeOp::create(builder, location, flat, value,
                                                allDimensions(from.getRank()));
  if (to.getRank() == 1)
    return flattened;
  return tensor::ExpandShapeOp::create(builder, location, to, flattened,
                                       allDimensions(to.getRank()));
}

Value OperationBuilder::transpose(Value value,
                                  llvm::ArrayRef<int64_t> permutation) {
  bool isIdentity = true;
  llvm::SmallVector<int64_t> shape;
  for (auto [index, dimension] : llvm::enumerate(permutation)) {
    shape.push_back(getShape(value)[dimension]);
    isIdentity &= static_cast<int64_t>(index) == dimension;
  }
  if (isIdentity)
    return value;
  Value empty = tensor::EmptyOp::create(builder, location, shape,
                                        getTensorType(value).getElementType());
  return linalg::TransposeOp::create(builder, location, value, empty,
                                     permutation)
      ->getResult(0);
}

} // namespace toeplitz
