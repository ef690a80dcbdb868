// Linalg's elementwise operations (and copies): loops over the common iteration
// space, in which neighbouring dimensions are joined where all operands allow
// it, with vectors along the last one.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// The iteration space of an operation, and the stride of each buffer along
/// each of its dimensions (0: the same element for all).
struct IterationSpace {
  SmallVector<int64_t> sizes;
  SmallVector<SmallVector<int64_t>> strides;

  void dropUnitDimensions();
  void joinDimensions();
  void erase(size_t dimension);
  /// Brings the dimension along which the result is contiguous to the end.
  void orderForResult();
};

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
std::optional<SmallVector<int64_t>> getStrides(Type type, AffineMap map) {
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

/// What is computed for each point: a copy if there is no block.
struct Elementwise {
  IterationSpace space;
  Block *body = nullptr;
};

std::optional<Elementwise> describe(Operation *op) {
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

/// The points of a task start at multiples of this along the last dimension,
/// whatever the target's lanes.
constexpr int64_t rangeMultiple = 64;

TaskDivision divide(const IterationSpace &space) {
  return TaskDivision(space.sizes, 1, rangeMultiple);
}

class ElementwiseEmitter {
public:
  ElementwiseEmitter(const Elementwise &description, KernelBuilder &kernel)
      : kernel(kernel), space(description.space), body(description.body) {}

  LogicalResult emit();

private:
  int64_t chooseLanes();
  void createViews();
  Value load(size_t operand, ArrayRef<Index> point, int64_t lanes);
  SmallVector<Index> select(size_t operand, ArrayRef<Index> point);
  FailureOr<Value> evaluate(ArrayRef<Index> point, int64_t lanes);

  int64_t lastStride(size_t operand) {
    return space.sizes.empty() ? 0 : space.strides[operand].back();
  }

  KernelBuilder &kernel;
  const IterationSpace &space;
  Block *body;
  /// The operands with just the dimensions along which they vary.
  SmallVector<Value> views;
};

/// Operations on vectors are the ones on scalars with another type; the others
/// are computed element by element.
bool isVectorizable(Operation &op) {
  return op.hasTrait<OpTrait::ConstantLike>() ||
         op.hasTrait<OpTrait::IsTerminator>() ||
         OpTrait::hasElementwiseMappableTraits(&op);
}

int64_t ElementwiseEmitter::chooseLanes() {
  if (space.sizes.empty() || lastStride(space.strides.size() - 1) != 1)
    return 0;
  if (body && !llvm::all_of(*body, isVectorizable))
    return 0;
  int64_t lanes = kernel.target.getLanes();
  // A short last dimension: shorter vectors.
  while (lanes > space.sizes.back())
    lanes /= 2;
  return lanes > 1 ? lanes : 0;
}

void ElementwiseEmitter::createViews() {
  for (auto [buffer, strides] :
       llvm::zip_equal(kernel.buffers, space.strides)) {
    SmallVector<int64_t> sizes, own;
    for (auto [size, stride] : llvm::zip_equal(space.sizes, strides))
      if (stride != 0) {
        sizes.push_back(size);
        own.push_back(stride);
      }
    if (sizes.empty()) {
      sizes.push_back(1);
      own.push_back(1);
    }
    views.push_back(isa<MemRefType>(buffer.getType())
                        ? viewWithStrides(kernel, buffer, sizes, own)
                        : buffer);
  }
}

/// The indices of an operand's view at a point.
SmallVector<Index> ElementwiseEmitter::select(size_t operand,
                                              ArrayRef<Index> point) {
  SmallVector<Index> indices;
  for (auto [index, stride] : llvm::zip_equal(point, space.strides[operand]))
    if (stride != 0)
      indices.push_back(index);
  if (indices.empty())
    indices.push_back(kernel.constant(0));
  return indices;
}

Value ElementwiseEmitter::load(size_t operand, ArrayRef<Index> point,
                               int64_t lanes) {
  Value view = views[operand];
  if (!isa<MemRefType>(view.getType()))
    return inLanes(kernel, view, lanes);
  SmallVector<Index> indices = select(operand, point);
  if (lanes == 0 || lastStride(operand) == 0)
    return inLanes(kernel, kernel.loadScalar(view, indices), lanes);
  if (lastStride(operand) == 1)
    return kernel.loadVector(view, indices, lanes);
  // Elements that lie apart are gathered.
  SmallVector<Value> elements;
  Index first = indices.back();
  for (int64_t i = 0; i < lanes; ++i) {
    indices.back() = kernel.add(first, kernel.constant(i));
    elements.push_back(kernel.loadScalar(view, indices));
  }
  return vector::FromElementsOp::create(kernel.builder, kernel.location,
                                        kernel.vectorType(lanes), elements);
}

/// The result at a point and the `lanes` - 1 that follow it.
FailureOr<Value> ElementwiseEmitter::evaluate(ArrayRef<Index> point,
                                              int64_t lanes) {
  if (!body)
    return load(0, point, lanes);
  auto widen = [&](Type type) -> Type {
    return lanes ? VectorType::get({lanes}, type) : type;
  };
  IRMapping mapping;
  for (BlockArgument argument : body->getArguments())
    if (!argument.use_empty())
      mapping.map(argument, load(argument.getArgNumber(), point, lanes));
  auto lookUp = [&](Value value) -> FailureOr<Value> {
    if (Value mapped = mapping.lookupOrNull(value))
      return mapped;
    // A number from outside of the body.
    TypedAttr number;
    if (!matchPattern(value, m_Constant(&number)))
      return failure();
    Value constant =
        arith::ConstantOp::create(kernel.builder, kernel.location, number);
    return inLanes(kernel, constant, lanes);
  };

  for (Operation &inner : body->without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(inner)) {
      TypedAttr number = constant.getValue();
      if (lanes)
        number = DenseElementsAttr::get(
            cast<ShapedType>(widen(constant.getType())), Attribute(number));
      mapping.map(constant.getResult(),
                  Value(arith::ConstantOp::create(kernel.builder,
                                                  kernel.location, number)));
      continue;
    }
    for (Value operand : inner.getOperands()) {
      FailureOr<Value> value = lookUp(operand);
      if (failed(value))
        return inner.emitError(
            "a kernel can only use constants from outside of its body");
      mapping.map(operand, *value);
    }
    Operation *clone = kernel.builder.clone(inner, mapping);
    clone->setLoc(kernel.location);
    for (OpResult value : clone->getResults())
      value.setType(widen(value.getType()));
  }
  return lookUp(body->getTerminator()->getOperand(0));
}

LogicalResult ElementwiseEmitter::emit() {
  createViews();
  int64_t lanes = chooseLanes();
  size_t result = views.size() - 1;
  LogicalResult status = success();
  auto compute = [&](ArrayRef<Index> point, int64_t lanes) {
    FailureOr<Value> value = evaluate(point, lanes);
    if (failed(value)) {
      status = failure();
      return;
    }
    SmallVector<Index> indices = select(result, point);
    if (lanes)
      kernel.storeVector(*value, views[result], indices);
    else
      kernel.storeScalar(*value, views[result], indices);
  };
  if (space.sizes.empty()) {
    compute({}, 0);
    return status;
  }
  divide(space).forEachRange(
      kernel, [&](ArrayRef<Index> outer, Index lower, Index upper) {
        forVectors(kernel, lower, upper, lanes,
                   lanes && space.sizes.back() % lanes != 0,
                   [&](Index i, int64_t lanes) {
                     SmallVector<Index> point(outer);
                     point.push_back(i);
                     compute(point, lanes);
                   });
      });
  return status;
}

int64_t countTasks(Operation *op) {
  std::optional<Elementwise> description = describe(op);
  return description ? divide(description->space).getCount() : 1;
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  std::optional<Elementwise> description = describe(op);
  if (!description)
    return op->emitOpError(
        "is not elementwise over buffers with known strides");
  return ElementwiseEmitter(*description, kernel).emit();
}

} // namespace

KernelLowering toeplitz::getElementwiseLowering(StringRef operation) {
  return {operation, countTasks, emit};
}

KernelLowering toeplitz::getCopyLowering() {
  return {memref::CopyOp::getOperationName(), countTasks, emit};
}
