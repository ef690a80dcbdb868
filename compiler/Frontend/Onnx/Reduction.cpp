// Reductions: see Reduction.h.

#include "compiler/Frontend/Onnx/Reduction.h"

#include "compiler/Reference/Fold.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace toeplitz {

llvm::SmallVector<int64_t> reduceShape(llvm::ArrayRef<int64_t> shape,
                                       llvm::ArrayRef<int64_t> dimensions,
                                       bool keepDimensions) {
  llvm::SmallVector<int64_t> reduced;
  for (auto [d, size] : llvm::enumerate(shape)) {
    if (!llvm::is_contained(dimensions, static_cast<int64_t>(d)))
      reduced.push_back(size);
    else if (keepDimensions)
      reduced.push_back(1);
  }
  return reduced;
}

Value emitFilled(OnnxNode &node, llvm::ArrayRef<int64_t> shape, Value scalar) {
  Value empty = tensor::EmptyOp::create(node.getBuilder(), node.getLocation(),
                                        shape, scalar.getType());
  return linalg::FillOp::create(node.getBuilder(), node.getLocation(), scalar,
                                empty)
      .getResult(0);
}

OnnxValue emitReduction(OnnxNode &node, OnnxValue input,
                        llvm::ArrayRef<int64_t> dimensions, bool keepDimensions,
                        ElementType type, Value initial, ReductionBody body) {
  OpBuilder &builder = node.getBuilder();
  llvm::SmallVector<int64_t> kept =
      reduceShape(input.getShape(), dimensions, /*keepDimensions=*/false);
  llvm::SmallVector<int64_t> shape =
      reduceShape(input.getShape(), dimensions, keepDimensions);
  if (llvm::is_contained(input.getShape(), 0))
    return {emitFilled(node, shape, initial), type};

  int64_t rank = input.getRank();
  llvm::SmallVector<AffineExpr> results;
  llvm::SmallVector<utils::IteratorType> iterators;
  for (int64_t d = 0; d < rank; ++d) {
    bool isReduced = llvm::is_contained(dimensions, d);
    iterators.push_back(isReduced ? utils::IteratorType::reduction
                                  : utils::IteratorType::parallel);
    if (!isReduced)
      results.push_back(builder.getAffineDimExpr(d));
  }
  AffineMap maps[] = {builder.getMultiDimIdentityMap(rank),
                      AffineMap::get(rank, 0, results, builder.getContext())};
  Value start = emitFilled(node, kept, initial);
  auto generic = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange(start.getType()),
      ValueRange(input.value), ValueRange(start), maps, iterators,
      [&](OpBuilder &inner, Location location, ValueRange elements) {
        linalg::YieldOp::create(
            inner, location, body(inner, location, elements[0], elements[1]));
      });
  return {node.reshape(generic.getResult(0), shape), type};
}

OnnxValue emitSum(OnnxNode &node, OnnxValue input,
                  llvm::ArrayRef<int64_t> dimensions, bool keepDimensions) {
  Value zero = emitNumber(node.getBuilder(), node.getLocation(), input.type, 0);
  return emitReduction(
      node, input, dimensions, keepDimensions, input.type, zero,
      [&](OpBuilder &builder, Location location, Value element, Value sum) {
        return emitAdd(builder, location, sum, element, input.type);
      });
}

/// Whether the reduction is that of a global pool: f32, over all dimensions
/// after the channels.
static bool isGlobalPool(OnnxValue input, llvm::ArrayRef<int64_t> dimensions) {
  int64_t rank = input.getRank();
  if (!isNetworkTensor(input) || rank < 3 || rank > 5 ||
      static_cast<int64_t>(dimensions.size()) != rank - 2)
    return false;
  return llvm::all_of(dimensions, [](int64_t d) { return d >= 2; });
}

static OnnxValue emitGlobalPool(OnnxNode &node, OnnxValue input,
                                llvm::ArrayRef<int64_t> dimensions,
                                bool keepDimensions, cnn::PoolKind kind) {
  auto type = RankedTensorType::get(
      reduceShape(input.getShape(), dimensions, /*keepDimensions=*/true),
      input.getTensorType().getElementType());
  Value pooled = cnn::GlobalPoolOp::create(
      node.getBuilder(), node.getLocation(), type, kind, input.value);
  return {node.reshape(pooled, reduceShape(input.getShape(), dimensions,
                                           keepDimensions)),
          input.type};
}

OnnxValue emitMean(OnnxNode &node, OnnxValue input,
                   llvm::ArrayRef<int64_t> dimensions, bool keepDimensions) {
  if (isGlobalPool(input, dimensions))
    return emitGlobalPool(node, input, dimensions, keepDimensions,
                          cnn::PoolKind::Average);
  double count = 1;
  for (int64_t d : dimensions)
    count *= static_cast<double>(input.getShape()[d]);
  OnnxValue sum = emitSum(node, input, dimensions, keepDimensions);
  if (count == 1)
    return sum;
  return emitElementwise(
      node, sum, sum.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitDivide(builder, location, elements[0],
                          emitNumber(builder, location, sum.type, count),
                          sum.type);
      });
}

OnnxValue emitLargestOf(OnnxNode &node, OnnxValue input,
                        llvm::ArrayRef<int64_t> dimensions,
                        bool keepDimensions) {
  if (isGlobalPool(input, dimensions))
    return emitGlobalPool(node, input, dimensions, keepDimensions,
                          cnn::PoolKind::Max);
  Value smallest =
      emitSmallest(node.getBuilder(), node.getLocation(), input.type);
  return emitReduction(
      node, input, dimensions, keepDimensions, input.type, smallest,
      [&](OpBuilder &builder, Location location, Value element, Value largest) {
        return emitMaximum(builder, location, largest, element, input.type);
      });
}

/// Adds the operations that the value depends on, each after its operands.
/// Fails if it depends on anything but operations of the block and constants.
static LogicalResult collectOperations(Value value,
                                       llvm::SetVector<Operation *> &operations,
                                       Block *block) {
  Operation *producer = value.getDefiningOp();
  if (!producer)
    return failure();
  if (isa<arith::ConstantOp>(producer) || operations.contains(producer))
    return success();
  if (producer->getBlock() != block)
    return failure();
  WalkResult result = producer->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands()) {
      Operation *source = operand.getDefiningOp();
      bool isInside =
          source
              ? producer->isProperAncestor(source)
              : producer->isAncestor(operand.getParentBlock()->getParentOp());
      if (!isInside && failed(collectOperations(operand, operations, block)))
        return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  operations.insert(producer);
  return success();
}

OnnxValue foldValue(OnnxNode &node, OnnxValue value) {
  llvm::SetVector<Operation *> operations;
  if (getConstant(value.value) ||
      failed(collectOperations(value.value, operations,
                               value.value.getParentBlock())))
    return value;
  auto folded = reference::foldOperations(
      operations.getArrayRef(), ValueRange(value.value),
      getLayerName(node.getLocation(), "folded"));
  if (!folded)
    return value;
  Value constant = node.makeConstant(cast<ElementsAttr>(folded->front()));
  for (Operation *op : llvm::reverse(operations))
    if (op->use_empty())
      op->erase();
  return {constant, value.type};
}

} // namespace toeplitz
