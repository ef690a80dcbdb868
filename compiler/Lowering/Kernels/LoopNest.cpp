#include "compiler/Lowering/Kernels/LoopNest.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace toeplitz {

int64_t LoopNest::countSequential() const {
  int64_t count = 1;
  for (int64_t size : ArrayRef(sizes).drop_front(independent))
    count *= size;
  return count;
}

bool LoopNest::isCarried(size_t operand) const {
  return llvm::all_of(
      ArrayRef(accesses[operand]->strides).drop_front(independent),
      [](int64_t stride) { return stride == 0; });
}

/// Adds `factor` times the expression's coefficients; fails if it isn't linear.
static LogicalResult addLinear(AffineExpr expression, int64_t factor,
                               LinearAccess &access) {
  if (auto dimension = dyn_cast<AffineDimExpr>(expression)) {
    access.strides[dimension.getPosition()] += factor;
    return success();
  }
  if (auto number = dyn_cast<AffineConstantExpr>(expression)) {
    access.offset += factor * number.getValue();
    return success();
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return failure();
  if (binary.getKind() == AffineExprKind::Add)
    return success(succeeded(addLinear(binary.getLHS(), factor, access)) &&
                   succeeded(addLinear(binary.getRHS(), factor, access)));
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() != AffineExprKind::Mul || !number)
    return failure();
  return addLinear(binary.getLHS(), factor * number.getValue(), access);
}

/// The access of a buffer, with a stride for each of the operation's
/// dimensions.
static std::optional<LinearAccess> getAccess(Type type, AffineMap map) {
  auto buffer = dyn_cast<MemRefType>(type);
  if (!buffer)
    return std::nullopt;
  auto [strides, start] = buffer.getStridesAndOffset();
  LinearAccess access;
  access.strides.assign(map.getNumDims(), 0);
  for (auto [size, stride, expression] :
       llvm::zip_equal(buffer.getShape(), strides, map.getResults())) {
    if (failed(addLinear(expression, stride, access)))
      return std::nullopt;
    access.extent += (size - 1) * stride;
  }
  if (buffer.getNumElements() == 0)
    access.extent = 0;
  return access;
}

/// Whether each point has a result element of its own.
static bool isProjectedPermutation(AffineMap map) {
  llvm::SmallBitVector seen(map.getNumDims());
  for (AffineExpr expression : map.getResults()) {
    auto dimension = dyn_cast<AffineDimExpr>(expression);
    if (!dimension) {
      if (!isa<AffineConstantExpr>(expression))
        return false;
      continue;
    }
    if (seen.test(dimension.getPosition()))
      return false;
    seen.set(dimension.getPosition());
  }
  return true;
}

namespace {

/// Puts the loops of one operation together.
class Description {
public:
  explicit Description(Operation *op) : op(op) {}

  FailureOr<LoopNest> get();

private:
  LogicalResult read();
  /// Dimensions whose index the body asks for, or that a map uses in another
  /// way than linearly, keep a loop of their own.
  void findFixedDimensions();
  void order();
  void join();

  Operation *op;
  LoopNest nest;
  SmallVector<utils::IteratorType> iterators;
  SmallVector<int64_t> ranges;
  llvm::SmallBitVector fixed;
  /// The dimensions of the loops, before neighbours become one.
  SmallVector<int64_t> dimensions;
};

LogicalResult Description::read() {
  if (auto linalg = dyn_cast<linalg::LinalgOp>(op)) {
    ranges = linalg.getStaticLoopRanges();
    iterators = linalg.getIteratorTypesArray();
    nest.maps = linalg.getIndexingMapsArray();
    nest.body = linalg.getBlock();
    nest.inputCount = linalg.getNumDpsInputs();
  } else {
    auto type =
        cast<MemRefType>(cast<memref::CopyOp>(op).getTarget().getType());
    llvm::append_range(ranges, type.getShape());
    iterators.assign(type.getRank(), utils::IteratorType::parallel);
    nest.maps.assign(
        2, AffineMap::getMultiDimIdentityMap(type.getRank(), op->getContext()));
    nest.inputCount = 1;
  }
  if (llvm::is_contained(ranges, ShapedType::kDynamic))
    return op->emitOpError("has no static loops");
  for (auto [type, map] : llvm::zip_equal(op->getOperandTypes(), nest.maps)) {
    if (auto buffer = dyn_cast<MemRefType>(type)) {
      SmallVector<int64_t> strides;
      int64_t offset;
      if (failed(buffer.getStridesAndOffset(strides, offset)) ||
          llvm::is_contained(strides, ShapedType::kDynamic))
        return op->emitOpError("has a buffer whose strides aren't known: ")
               << type;
    }
    nest.accesses.push_back(getAccess(type, map));
  }
  for (AffineMap map : ArrayRef(nest.maps).drop_front(nest.inputCount))
    if (!isProjectedPermutation(map))
      return op->emitOpError("has a result whose elements are no dimensions of "
                             "the loops: ")
             << AffineMapAttr::get(map);
  return success();
}

void Description::findFixedDimensions() {
  fixed.resize(ranges.size());
  if (nest.body)
    nest.body->walk([&](linalg::IndexOp index) { fixed.set(index.getDim()); });
  for (auto [access, map] : llvm::zip_equal(nest.accesses, nest.maps))
    for (unsigned d = 0; !access && d < map.getNumDims(); ++d)
      if (map.isFunctionOfDim(d))
        fixed.set(d);
}

void Description::order() {
  // A point that shares its result's element with others comes after them.
  auto isIndependent = [&](int64_t d) {
    return iterators[d] == utils::IteratorType::parallel &&
           llvm::all_of(ArrayRef(nest.accesses).drop_front(nest.inputCount),
                        [&](const std::optional<LinearAccess> &access) {
                          return access->strides[d] != 0;
                        });
  };
  SmallVector<int64_t> sequential;
  for (int64_t d = 0; d < int64_t(ranges.size()); ++d) {
    if (ranges[d] == 1)
      continue;
    (isIndependent(d) ? dimensions : sequential).push_back(d);
  }
  nest.independent = dimensions.size();
  const LinearAccess &result = *nest.accesses[nest.inputCount];
  llvm::sort(dimensions, [&](int64_t a, int64_t b) {
    int64_t first = result.strides[a], second = result.strides[b];
    return first != second ? first > second : a < b;
  });
  llvm::append_range(dimensions, sequential);

  nest.loopOfDimension.assign(ranges.size(), -1);
  for (auto [loop, d] : llvm::enumerate(dimensions)) {
    nest.sizes.push_back(ranges[d]);
    nest.loopOfDimension[d] = loop;
  }
  for (std::optional<LinearAccess> &access : nest.accesses)
    if (access)
      access->strides = llvm::map_to_vector(
          dimensions, [&](int64_t d) { return access->strides[d]; });
}

void Description::join() {
  for (size_t loop = nest.sizes.size(); loop-- > 1;) {
    bool together =
        loop != nest.independent && !fixed.test(dimensions[loop]) &&
        !fixed.test(dimensions[loop - 1]) &&
        llvm::all_of(
            nest.accesses, [&](const std::optional<LinearAccess> &access) {
              return !access || access->strides[loop - 1] ==
                                    access->strides[loop] * nest.sizes[loop];
            });
    if (!together)
      continue;
    // The inner one goes on where the outer one is.
    nest.sizes[loop - 1] *= nest.sizes[loop];
    nest.sizes.erase(nest.sizes.begin() + loop);
    for (std::optional<LinearAccess> &access : nest.accesses)
      if (access)
        access->strides.erase(access->strides.begin() + loop - 1);
    nest.independent -= loop < nest.independent;
    nest.loopOfDimension[dimensions[loop]] = -1;
    nest.loopOfDimension[dimensions[loop - 1]] = -1;
    dimensions.erase(dimensions.begin() + loop);
    for (int64_t &other : nest.loopOfDimension)
      if (other > int64_t(loop))
        --other;
  }
}

FailureOr<LoopNest> Description::get() {
  if (failed(read()))
    return failure();
  findFixedDimensions();
  order();
  join();
  return nest;
}

} // namespace

FailureOr<LoopNest> describeLoops(Operation *op) {
  return Description(op).get();
}

} // namespace toeplitz
