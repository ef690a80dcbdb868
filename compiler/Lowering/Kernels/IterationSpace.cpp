#include "compiler/Lowering/Kernels/IterationSpace.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace toeplitz;

void IterationSpace::erase(size_t dimension) {
  sizes.erase(sizes.begin() + dimension);
  for (SmallVector<int64_t> &operand : strides)
    operand.erase(operand.begin() + dimension);
}

void IterationSpace::dropUnitDimensions() {
  for (size_t d = sizes.size(); d-- > 0;)
    if (sizes[d] == 1)
      erase(d);
}

void IterationSpace::orderForResult() {
  ArrayRef<int64_t> result = strides.back();
  for (size_t d = 0; d < sizes.size(); ++d)
    if (result[d] == 1) {
      std::rotate(sizes.begin() + d, sizes.begin() + d + 1, sizes.end());
      for (SmallVector<int64_t> &operand : strides)
        std::rotate(operand.begin() + d, operand.begin() + d + 1,
                    operand.end());
      return;
    }
}

void IterationSpace::joinDimensions() {
  for (size_t d = sizes.size(); d-- > 1;) {
    bool joined = llvm::all_of(strides, [&](ArrayRef<int64_t> operand) {
      return operand[d - 1] == operand[d] * sizes[d];
    });
    if (!joined)
      continue;
    sizes[d] *= sizes[d - 1];
    erase(d - 1);
  }
}

/// The strides of an operand along the dimensions of the iteration space;
/// nothing if its map isn't made of single dimensions and zeros, or its strides
/// aren't known.
static std::optional<SmallVector<int64_t>> getStrides(Type type,
                                                      AffineMap map) {
  SmallVector<int64_t> result(map.getNumDims(), 0);
  auto memref = dyn_cast<MemRefType>(type);
  if (!memref) // a scalar
    return result;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(memref.getStridesAndOffset(strides, offset)) ||
      llvm::is_contained(strides, ShapedType::kDynamic))
    return std::nullopt;
  for (auto [expression, stride] : llvm::zip_equal(map.getResults(), strides)) {
    if (auto dimension = dyn_cast<AffineDimExpr>(expression)) {
      result[dimension.getPosition()] += stride;
      continue;
    }
    auto number = dyn_cast<AffineConstantExpr>(expression);
    if (!number || number.getValue() != 0)
      return std::nullopt;
  }
  return result;
}

std::optional<Elementwise> toeplitz::describeElementwise(Operation *op) {
  Elementwise result;
  SmallVector<AffineMap> maps;
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
    if (linalg.getNumParallelLoops() != linalg.getNumLoops() ||
        linalg.getNumDpsInits() != 1 || linalg.hasIndexSemantics())
      return std::nullopt;
    result.space.sizes = linalg.getStaticLoopRanges();
    maps = linalg.getIndexingMapsArray();
    result.body = linalg.getBlock();
  } else {
    auto copy = cast<memref::CopyOp>(op);
    auto type = cast<MemRefType>(copy.getSource().getType());
    llvm::append_range(result.space.sizes, type.getShape());
    maps.assign(
        2, AffineMap::getMultiDimIdentityMap(type.getRank(), op->getContext()));
  }
  for (auto [operand, map] : llvm::zip_equal(op->getOperands(), maps)) {
    std::optional<SmallVector<int64_t>> strides =
        getStrides(operand.getType(), map);
    if (!strides)
      return std::nullopt;
    result.space.strides.push_back(*strides);
  }
  result.space.dropUnitDimensions();
  result.space.joinDimensions();
  result.space.orderForResult();
  return result;
}
