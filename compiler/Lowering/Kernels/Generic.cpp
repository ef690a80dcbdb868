// The loops of any linalg operation, of any element types: reductions, several
// results, indices, elements read from anywhere. One task does a range of the
// independent points; a point's sequential loops (its reductions) run inside,
// with the results carried in registers, in the order of the operation: the
// result doesn't depend on the division into tasks.
//
// Vectors are of neighbouring points where the body's operations work on
// vectors too, and the results lie together. A row that is reduced to a number
// by one associative operation is reduced in vectors (Reduction.h), or by
// threads of a GPU that share it (BlockReduction.h), as is one of which an
// element is chosen (Choice.h).

#include "compiler/Lowering/Kernels/BlockReduction.h"
#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/GenericPlan.h"
#include "compiler/Lowering/Kernels/Kernels.h"

#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// Vectors of a reduction that are computed side by side, to hide the latency
/// of its operation.
constexpr int64_t vectorsTogether = 4;

bool isVector(Value value) { return isa<VectorType>(value.getType()); }

class GenericEmitter {
public:
  GenericEmitter(const GenericPlan &plan, KernelBuilder &kernel)
      : kernel(kernel), plan(plan), nest(plan.nest),
        resultCount(nest.accesses.size() - nest.inputCount) {}

  void emit();

private:
  // --- elements
  void createViews();
  Index locate(size_t operand, ArrayRef<Index> point);
  /// A vector, or one element if it is the same for all of its points.
  Value load(size_t operand, ArrayRef<Index> point, int64_t lanes);
  void store(size_t operand, ArrayRef<Index> point, Value value);
  Value evaluateIndex(linalg::IndexOp index, ArrayRef<Index> point,
                      int64_t lanes);
  Value evaluateRead(memref::LoadOp read, ArrayRef<Index> point,
                     const IRMapping &mapping, int64_t lanes);
  /// The results at a point (with lanes: and the ones that follow it along the
  /// vectors' loop), given those of the iterations before; and `others` of the
  /// body's values.
  SmallVector<Value> evaluate(ArrayRef<Index> point, int64_t lanes,
                              ValueRange soFar, ArrayRef<Value> others = {});

  // --- points
  SmallVector<SmallVector<Index>> along(ArrayRef<Index> outer, Index first,
                                        int64_t count, int64_t lanes);
  /// Points side by side, each `lanes` elements along the last independent
  /// loop.
  void emitPoints(ArrayRef<SmallVector<Index>> points, int64_t lanes);
  void emitRange(ArrayRef<Index> outer, Index lower, Index upper);
  SmallVector<Value> reduce(SmallVector<SmallVector<Index>> points,
                            int64_t lanes, ValueRange soFar);
  Value merge(Value a, Value b);
  Value getIdentity();
  Value reduceLastLoop(ArrayRef<Index> point, Value soFar);
  void emitShared();
  void emitSharedChoice();

  KernelBuilder &kernel;
  const GenericPlan &plan;
  const LoopNest &nest;
  size_t resultCount;
  /// The buffers as one row of elements.
  SmallVector<Value> views;
  /// The loop along which vectors lie.
  size_t vectorLoop = 0;
  int64_t lanes = 0;
};

// --- elements ---------------------------------------------------------------

void GenericEmitter::createViews() {
  for (auto [buffer, access] : llvm::zip_equal(kernel.buffers, nest.accesses))
    views.push_back(access
                        ? viewWithStrides(kernel, buffer, {access->extent}, {1})
                        : buffer);
}

Index GenericEmitter::locate(size_t operand, ArrayRef<Index> point) {
  const LinearAccess &access = *nest.accesses[operand];
  Index place = kernel.constant(access.offset);
  for (auto [index, stride] : llvm::zip_equal(point, access.strides))
    place = kernel.add(place, kernel.mul(index, kernel.constant(stride)));
  return place;
}

Value GenericEmitter::load(size_t operand, ArrayRef<Index> point,
                           int64_t lanes) {
  Value view = views[operand];
  if (!isa<MemRefType>(view.getType()))
    return view;
  if (!nest.accesses[operand]) {
    // The map is no sum of multiples: compute it.
    SmallVector<Value> dimensions;
    for (int64_t loop : nest.loopOfDimension)
      dimensions.push_back(
          kernel.value(loop < 0 ? kernel.constant(0) : point[loop]));
    SmallVector<Index> indices;
    for (AffineExpr expression : nest.maps[operand].getResults())
      indices.push_back(affine::expandAffineExpr(kernel.builder,
                                                 kernel.location, expression,
                                                 dimensions, ValueRange()));
    return kernel.loadScalar(view, indices);
  }
  Index place = locate(operand, point);
  int64_t stride = lanes ? *plan.strideAlong(operand, vectorLoop) : 0;
  if (stride == 0)
    return kernel.loadScalar(view, place);
  if (stride == 1)
    return kernel.loadVector(view, place, lanes);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < lanes; ++i)
    elements.push_back(kernel.loadScalar(
        view, kernel.add(place, kernel.constant(i * stride))));
  auto type = VectorType::get({lanes}, elements[0].getType());
  return vector::FromElementsOp::create(kernel.builder, kernel.location, type,
                                        elements);
}

void GenericEmitter::store(size_t operand, ArrayRef<Index> point, Value value) {
  Index place = locate(operand, point);
  if (isa<VectorType>(value.getType()))
    kernel.storeVector(value, views[operand], place);
  else
    kernel.storeScalar(value, views[operand], place);
}

Value GenericEmitter::evaluateIndex(linalg::IndexOp op, ArrayRef<Index> point,
                                    int64_t lanes) {
  int64_t loop = nest.loopOfDimension[op.getDim()];
  Value first = kernel.value(loop < 0 ? kernel.constant(0) : point[loop]);
  if (lanes == 0 || loop != int64_t(vectorLoop))
    return first;
  Value index = inLanes(kernel, first, lanes);
  Value steps = vector::StepOp::create(kernel.builder, kernel.location,
                                       cast<VectorType>(index.getType()));
  return arith::AddIOp::create(kernel.builder, kernel.location, index, steps);
}

/// The elements that the body reads at places of its own for each point.
Value GenericEmitter::evaluateRead(memref::LoadOp read, ArrayRef<Index> point,
                                   const IRMapping &mapping, int64_t lanes) {
  Value buffer = mapping.lookup(read.getMemRef());
  auto indices = llvm::map_to_vector(
      read.getIndices(), [&](Value index) { return mapping.lookup(index); });
  auto last = read.getIndices().back().getDefiningOp<linalg::IndexOp>();
  bool areNeighbours =
      last && nest.loopOfDimension[last.getDim()] == int64_t(vectorLoop) &&
      llvm::none_of(ArrayRef(indices).drop_back(), isVector) &&
      read.getMemRefType().isLastDimUnitStride();
  if (!areNeighbours)
    return gather(kernel, buffer, indices, lanes);
  SmallVector<Index> place(indices.begin(), indices.end() - 1);
  place.push_back(point[vectorLoop]);
  return kernel.loadVector(buffer, place, lanes);
}

SmallVector<Value> GenericEmitter::evaluate(ArrayRef<Index> point,
                                            int64_t lanes, ValueRange soFar,
                                            ArrayRef<Value> others) {
  if (!nest.body)
    return {inLanes(kernel, load(0, point, lanes), lanes)};
  IRMapping mapping = kernel.captured;
  for (BlockArgument argument : nest.body->getArguments()) {
    size_t operand = argument.getArgNumber();
    if (argument.use_empty())
      continue;
    mapping.map(argument, operand < nest.inputCount
                              ? load(operand, point, lanes)
                              : soFar[operand - nest.inputCount]);
  }
  auto lookUp = [&](Value value) {
    return inLanes(kernel, mapping.lookup(value), lanes);
  };
  for (Operation &inner : nest.body->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      mapping.map(index.getResult(), evaluateIndex(index, point, lanes));
      continue;
    }
    if (inner.hasTrait<OpTrait::ConstantLike>()) {
      kernel.builder.clone(inner, mapping)->setLoc(kernel.location);
      continue;
    }
    // What is the same for all points is computed once.
    bool isWide = lanes && llvm::any_of(inner.getOperands(), [&](Value value) {
                    return isVector(mapping.lookup(value));
                  });
    auto read = dyn_cast<memref::LoadOp>(inner);
    if (isWide && read) {
      mapping.map(read.getResult(), evaluateRead(read, point, mapping, lanes));
      continue;
    }
    SmallVector<Value> wide;
    if (isWide)
      wide = llvm::map_to_vector(inner.getOperands(), lookUp);
    Operation *clone = kernel.builder.clone(inner, mapping);
    clone->walk([&](Operation *op) { op->setLoc(kernel.location); });
    if (isWide) {
      clone->setOperands(wide);
      for (OpResult value : clone->getResults())
        value.setType(VectorType::get({lanes}, value.getType()));
    }
    // A product that is added to a sum may be added as it is, without being
    // rounded before.
    if (nest.hasSequentialLoops() && kernel.target.getFma() &&
        isa<arith::AddFOp, arith::MulFOp>(clone))
      clone->setAttr("fastmath",
                     arith::FastMathFlagsAttr::get(
                         clone->getContext(), arith::FastMathFlags::contract));
  }
  SmallVector<Value> results =
      llvm::map_to_vector(nest.body->getTerminator()->getOperands(), lookUp);
  llvm::append_range(results, llvm::map_range(others, lookUp));
  return results;
}

// --- points -----------------------------------------------------------------

SmallVector<SmallVector<Index>> GenericEmitter::along(ArrayRef<Index> outer,
                                                      Index first,
                                                      int64_t count,
                                                      int64_t lanes) {
  SmallVector<SmallVector<Index>> points;
  for (int64_t i = 0; i < count; ++i) {
    SmallVector<Index> point(outer);
    point.push_back(kernel.add(first, kernel.constant(i * lanes)));
    points.push_back(std::move(point));
  }
  return points;
}

/// The carried results after all sequential loops, point by point. `points` has
/// the indices of the loops outside.
SmallVector<Value>
GenericEmitter::reduce(SmallVector<SmallVector<Index>> points, int64_t lanes,
                       ValueRange soFar) {
  size_t loop = points[0].size();
  if (plan.reduction && loop + 1 == nest.sizes.size())
    return {reduceLastLoop(points[0], soFar[0])};
  if (loop < nest.sizes.size())
    return kernel.forLoop(kernel.constant(0), kernel.constant(nest.sizes[loop]),
                          1, soFar, [&](Index i, ValueRange carried) {
                            SmallVector<SmallVector<Index>> inside = points;
                            for (SmallVector<Index> &point : inside)
                              point.push_back(i);
                            return reduce(std::move(inside), lanes, carried);
                          });

  SmallVector<Value> all;
  for (ArrayRef<Index> point : points) {
    SmallVector<Value> before, carried;
    for (size_t result = 0; result < resultCount; ++result) {
      size_t operand = nest.inputCount + result;
      if (nest.isCarried(operand)) {
        before.push_back(soFar.front());
        soFar = soFar.drop_front();
      } else {
        bool isRead = nest.body && !nest.body->getArgument(operand).use_empty();
        before.push_back(isRead ? load(operand, point, lanes) : Value());
      }
    }
    SmallVector<Value> values = evaluate(point, lanes, before);
    for (auto [result, value] : llvm::enumerate(values))
      if (nest.isCarried(nest.inputCount + result))
        carried.push_back(value);
      else
        store(nest.inputCount + result, point, value);
    llvm::append_range(all, carried);
  }
  return all;
}

/// By the operation that reduces.
Value GenericEmitter::merge(Value a, Value b) {
  Operation *clone = plan.reduction->clone();
  kernel.builder.insert(clone);
  clone->setLoc(kernel.location);
  clone->setOperands({a, b});
  clone->getResult(0).setType(a.getType());
  return clone->getResult(0);
}

Value GenericEmitter::getIdentity() {
  return arith::ConstantOp::create(kernel.builder, kernel.location,
                                   *arith::getNeutralElement(plan.reduction));
}

Value GenericEmitter::reduceLastLoop(ArrayRef<Index> outer, Value soFar) {
  auto step = [&](Value accumulator, Index i, int64_t lanes) -> Value {
    SmallVector<Index> point(outer);
    point.push_back(i);
    return evaluate(point, lanes, accumulator)[0];
  };
  Value row = reduceRow(
      kernel, nest.sizes.back(), lanes,
      {getIdentity(), step, [&](Value a, Value b) { return merge(a, b); }});
  return merge(soFar, row);
}

/// A point, whose sequential loops threads share.
void GenericEmitter::emitShared() {
  BlockReduction block(kernel, *plan.shared);
  SmallVector<Index> outer =
      kernel.delinearize(block.row(), nest.independentSizes());
  ArrayRef<int64_t> sequential = ArrayRef(nest.sizes).drop_front(outer.size());
  auto getPoint = [&](Index i) {
    SmallVector<Index> point(outer);
    llvm::append_range(point, kernel.delinearize(i, sequential));
    return point;
  };
  auto step = [&](Value accumulator, Index i, int64_t) -> Value {
    return evaluate(getPoint(i), 0, accumulator)[0];
  };
  Value row = block.reduce(
      {getIdentity(), step, [&](Value a, Value b) { return merge(a, b); }});
  block.once([&] {
    SmallVector<Index> point = getPoint(kernel.constant(0));
    store(nest.inputCount, point, merge(load(nest.inputCount, point, 0), row));
  });
}

/// The same for a choice. Every thread begins with what the results were, as if
/// that had been taken at place -1.
void GenericEmitter::emitSharedChoice() {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  BlockReduction block(kernel, *plan.shared);
  ArrayRef<int64_t> sequential =
      ArrayRef(nest.sizes).drop_front(nest.independent);
  auto getPoint = [&](Index row, Index i) {
    SmallVector<Index> point = kernel.delinearize(row, nest.independentSizes());
    llvm::append_range(point, kernel.delinearize(i, sequential));
    return point;
  };
  Type placeType = builder.getI64Type();
  if (llvm::isInt<32>(plan.shared->rows.length))
    placeType = builder.getI32Type();
  // (Of rows that don't exist, those of the last.)
  Index row =
      kernel.min(block.row(), kernel.constant(plan.shared->rows.count - 1));
  SmallVector<Value> starts;
  for (size_t result = 0; result < resultCount; ++result)
    starts.push_back(
        load(nest.inputCount + result, getPoint(row, kernel.constant(0)), 0));
  starts.push_back(arith::ConstantOp::create(
      builder, location, builder.getIntegerAttr(placeType, -1)));
  auto step = [&](ValueRange soFar, Index i) {
    SmallVector<Value> values = evaluate(
        getPoint(block.row(), i), 0, soFar.drop_back(), plan.choice->condition);
    Value place = arith::IndexCastOp::create(builder, location, placeType,
                                             kernel.value(i));
    values.back() = arith::SelectOp::create(builder, location, values.back(),
                                            place, soFar.back());
    return values;
  };
  auto merge = [&](ValueRange left, ValueRange right) {
    Value takesRight =
        plan.choice->emitTakesRight(builder, location, left, right);
    SmallVector<Value> values;
    for (auto [a, b] : llvm::zip_equal(left, right))
      values.push_back(
          arith::SelectOp::create(builder, location, takesRight, b, a));
    return values;
  };
  SmallVector<Value> chosen = block.reduceTogether(starts, step, merge);
  block.once([&] {
    for (size_t result = 0; result < resultCount; ++result)
      store(nest.inputCount + result, getPoint(block.row(), kernel.constant(0)),
            chosen[result]);
  });
}

void GenericEmitter::emitPoints(ArrayRef<SmallVector<Index>> points,
                                int64_t lanes) {
  // What a result was matters where the body or an empty reduction uses it.
  auto needsOld = [&](size_t operand) {
    return nest.body && (nest.hasSequentialLoops() ||
                         !nest.body->getArgument(operand).use_empty());
  };
  SmallVector<Value> initial;
  SmallVector<size_t> carried;
  for (size_t operand = nest.inputCount; operand < nest.accesses.size();
       ++operand)
    if (nest.isCarried(operand))
      carried.push_back(operand);
  auto atFirstStep = [&](ArrayRef<Index> point) {
    SmallVector<Index> first(point);
    first.resize(nest.sizes.size(), kernel.constant(0));
    return first;
  };
  for (ArrayRef<Index> point : points)
    for (size_t operand : carried)
      initial.push_back(needsOld(operand)
                            ? load(operand, atFirstStep(point), lanes)
                            : Value());
  SmallVector<Value> last = reduce(llvm::to_vector(points), lanes, initial);
  ArrayRef<Value> values = last;
  for (ArrayRef<Index> point : points)
    for (size_t operand : carried)
      store(operand, atFirstStep(point), values.consume_front());
}

/// A range along the last independent loop: several vectors at once, then
/// single ones, then single elements.
void GenericEmitter::emitRange(ArrayRef<Index> outer, Index lower,
                               Index upper) {
  Index begin = lower;
  auto emitGroups = [&](int64_t count, int64_t width) {
    Index size = kernel.constant(count * std::max<int64_t>(width, 1));
    Index groups = kernel.div(kernel.sub(upper, begin), size);
    Index end = kernel.add(begin, kernel.mul(groups, size));
    kernel.forLoop(
        begin, end, count * std::max<int64_t>(width, 1),
        [&](Index i) { emitPoints(along(outer, i, count, width), width); });
    begin = end;
  };
  bool ofPoints = lanes && vectorLoop + 1 == nest.independent;
  if (ofPoints) {
    if (nest.hasSequentialLoops())
      emitGroups(vectorsTogether, lanes);
    emitGroups(1, lanes);
  }
  kernel.forLoop(begin, upper, 1,
                 [&](Index i) { emitPoints(along(outer, i, 1, 0), 0); });
}

void GenericEmitter::emit() {
  createViews();
  if (plan.shared)
    return plan.choice ? emitSharedChoice() : emitShared();
  if (plan.vectorsOfPoints)
    vectorLoop = nest.independent - 1;
  else if (plan.reduction)
    vectorLoop = nest.sizes.size() - 1;
  if (plan.vectorsOfPoints || plan.reduction)
    lanes = plan.chooseLanes(vectorLoop);
  if (nest.independent == 0)
    return emitPoints({SmallVector<Index>()}, 0);
  plan.divide().forEachRange(
      kernel, [&](ArrayRef<Index> outer, Index lower, Index upper) {
        emitRange(outer, lower, upper);
      });
}

int64_t countTasks(Operation *op) {
  if (hasElementwiseLowering(op))
    return getElementwiseLowering(op->getName().getStringRef()).countTasks(op);
  // (A description that fails has been reported by `emit`.)
  FailureOr<LoopNest> nest = describeLoops(op);
  return succeeded(nest) ? GenericPlan(*nest, op).countTasks() : 1;
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  if (hasElementwiseLowering(op))
    return getElementwiseLowering(op->getName().getStringRef())
        .emit(op, kernel);
  FailureOr<LoopNest> nest = describeLoops(op);
  if (failed(nest))
    return failure();
  GenericPlan plan(*nest, op);
  GenericEmitter(plan, kernel).emit();
  return success();
}

} // namespace

KernelLowering toeplitz::getGenericLowering(StringRef operation) {
  return {operation, countTasks, emit};
}
