// Linalg's elementwise operations (and copies): loops over the common iteration
// space, in which neighbouring dimensions are joined where all operands allow
// it, with vectors along the last one.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/IterationSpace.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Reduction.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// The points of a task start at multiples of this along the last dimension,
/// whatever the target's lanes.
constexpr int64_t rangeMultiple = 64;

TaskDivision divide(const IterationSpace &space, kernel::TargetAttr target) {
  return TaskDivision(target, space.sizes, 1, rangeMultiple);
}

class ElementwiseEmitter {
public:
  ElementwiseEmitter(const Elementwise &description, KernelBuilder &kernel)
      : kernel(kernel), space(description.space), body(description.body) {}

  void emit();

private:
  int64_t chooseLanes();
  void createViews();
  Value load(size_t operand, ArrayRef<Index> point, int64_t lanes);
  SmallVector<Index> select(size_t operand, ArrayRef<Index> point);
  Value evaluate(ArrayRef<Index> point, int64_t lanes);

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
Value ElementwiseEmitter::evaluate(ArrayRef<Index> point, int64_t lanes) {
  if (!body)
    return load(0, point, lanes);
  auto widen = [&](Type type) -> Type {
    return lanes ? VectorType::get({lanes}, type) : type;
  };
  IRMapping mapping;
  for (BlockArgument argument : body->getArguments())
    if (!argument.use_empty())
      mapping.map(argument, load(argument.getArgNumber(), point, lanes));
  auto lookUp = [&](Value value) -> Value {
    if (Value mapped = mapping.lookupOrNull(value))
      return mapped;
    // A number from outside of the body.
    return inLanes(kernel, kernel.captured.lookup(value), lanes);
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
    for (Value operand : inner.getOperands())
      mapping.map(operand, lookUp(operand));
    Operation *clone = kernel.builder.clone(inner, mapping);
    clone->setLoc(kernel.location);
    for (OpResult value : clone->getResults())
      value.setType(widen(value.getType()));
  }
  return lookUp(body->getTerminator()->getOperand(0));
}

void ElementwiseEmitter::emit() {
  createViews();
  int64_t lanes = chooseLanes();
  size_t result = views.size() - 1;
  auto compute = [&](ArrayRef<Index> point, int64_t lanes) {
    Value value = evaluate(point, lanes);
    SmallVector<Index> indices = select(result, point);
    if (lanes)
      kernel.storeVector(value, views[result], indices);
    else
      kernel.storeScalar(value, views[result], indices);
  };
  if (space.sizes.empty()) {
    compute({}, 0);
    return;
  }
  divide(space, kernel.target)
      .forEachRange(kernel,
                    [&](ArrayRef<Index> outer, Index lower, Index upper) {
                      forVectors(kernel, lower, upper, lanes,
                                 lanes && space.sizes.back() % lanes != 0,
                                 [&](Index i, int64_t lanes) {
                                   SmallVector<Index> point(outer);
                                   point.push_back(i);
                                   compute(point, lanes);
                                 });
                    });
}

int64_t countTasks(Operation *op) {
  std::optional<Elementwise> description = describeElementwise(op);
  return description
             ? divide(description->space, kernel::getTarget(op)).getCount()
             : 1;
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  std::optional<Elementwise> description = describeElementwise(op);
  if (!description)
    return op->emitOpError(
        "is not elementwise over buffers with known strides");
  ElementwiseEmitter(*description, kernel).emit();
  return success();
}

} // namespace

bool toeplitz::hasElementwiseLowering(Operation *op) {
  // (Vectors are of f32 alone; a GPU has none.)
  bool isGpu = kernel::getTarget(op).isGpu();
  auto isSupported = [&](Type type) {
    Type element = getElementTypeOrSelf(type);
    return element.isF32() || (isGpu && (element.isBF16() || element.isF16()));
  };
  if (!llvm::all_of(op->getOperandTypes(), isSupported))
    return false;
  std::optional<Elementwise> description = describeElementwise(op);
  return description && (!description->body ||
                         llvm::all_of(*description->body, isVectorizable));
}

KernelLowering toeplitz::getElementwiseLowering(StringRef operation) {
  return {operation, countTasks, emit};
}
