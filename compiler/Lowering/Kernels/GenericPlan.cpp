#include "compiler/Lowering/Kernels/GenericPlan.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace toeplitz {

/// The points of a task start at multiples of this along the last loop: a whole
/// number of vectors of the smallest elements.
static constexpr int64_t rangeMultiple = 64;

/// Points are costlier than one element for each iteration when a lot is
/// computed in them.
static constexpr int64_t operationsPerElement = 4;

/// The operation that reduces: the only one that uses the result so far, and
/// associative and commutative (for floats but for rounding: the vectors of a
/// row are summed in an order of their own, always the same).
static Operation *findReduction(const LoopNest &nest) {
  if (!nest.body || nest.accesses.size() != nest.inputCount + 1)
    return nullptr;
  Operation *op = nest.body->getTerminator()->getOperand(0).getDefiningOp();
  BlockArgument soFar = nest.body->getArgument(nest.inputCount);
  bool known = isa_and_nonnull<arith::AddFOp, arith::MulFOp, arith::MaximumFOp,
                               arith::MinimumFOp, arith::AddIOp, arith::MulIOp,
                               arith::MaxSIOp, arith::MaxUIOp, arith::MinSIOp,
                               arith::MinUIOp, arith::AndIOp, arith::OrIOp,
                               arith::XOrIOp>(op);
  if (!known || op->getBlock() != nest.body || !soFar.hasOneUse() ||
      *soFar.user_begin() != op || !arith::getNeutralElement(op))
    return nullptr;
  return op;
}

GenericPlan::GenericPlan(LoopNest description, Operation *op)
    : nest(std::move(description)), target(kernel::getTarget(op)),
      types(op->getOperandTypes()) {
  if (target.isGpu()) {
    shared = share();
    if (shared && !(reduction = findReduction(nest)))
      choice = findChoice(nest);
    return;
  }
  if (!isVectorizable())
    return;
  vectorsOfPoints = allowsVectorsOfPoints();
  if (!vectorsOfPoints && allowsVectorsOfRows())
    reduction = findReduction(nest);
}

/// The points are rows of what their sequential loops visit.
std::optional<RowDivision> GenericPlan::share() const {
  for (size_t result = nest.inputCount; result < types.size(); ++result)
    if (!nest.isCarried(result))
      return std::nullopt;
  if (!nest.hasSequentialLoops() || (!findReduction(nest) && !findChoice(nest)))
    return std::nullopt;
  Rows rows{llvm::product_of(nest.independentSizes(), int64_t(1)),
            nest.countSequential()};
  // A buffer that is read along the rows decides which elements are neighbours.
  for (size_t operand = 0; operand < nest.inputCount; ++operand)
    if (nest.independent > 0 &&
        strideAlong(operand, nest.sizes.size() - 1).value_or(0) > 1 &&
        strideAlong(operand, nest.independent - 1) == 1)
      rows.together = nest.sizes[nest.independent - 1];
  return divideRows(target, rows);
}

int64_t GenericPlan::countTasks() const {
  return shared ? shared->countBlocks() : divide().getCount();
}

TaskDivision GenericPlan::divide() const {
  int64_t operations =
      nest.body ? int64_t(nest.body->getOperations().size()) : 1;
  int64_t work = nest.countSequential() *
                 std::max<int64_t>(1, operations / operationsPerElement);
  return TaskDivision(target, nest.independentSizes(), work,
                      vectorsOfPoints ? rangeMultiple : 1);
}

std::optional<int64_t> GenericPlan::strideAlong(size_t operand,
                                                size_t loop) const {
  if (!isa<MemRefType>(types[operand]))
    return 0;
  if (!nest.accesses[operand])
    return std::nullopt;
  return nest.accesses[operand]->strides[loop];
}

/// Whether the elements that the body reads from anywhere in a buffer can be
/// gathered: with vectors of 512 bits, where 64-bit places of them are computed
/// in vectors, too.
static bool canGather(memref::LoadOp read, kernel::TargetAttr target) {
  constexpr int64_t leastLanes = 16;
  MemRefType type = read.getMemRefType();
  SmallVector<int64_t> strides;
  int64_t offset;
  return target.getLanes() >= leastLanes && type.getRank() > 0 &&
         type.hasStaticShape() &&
         succeeded(type.getStridesAndOffset(strides, offset)) &&
         llvm::none_of(strides, ShapedType::isDynamic) &&
         !type.getElementType().isInteger(1);
}

/// Whether every operation of the body does on vectors what it does on numbers.
bool GenericPlan::isVectorizable() const {
  for (auto [type, access] : llvm::zip_equal(types, nest.accesses)) {
    auto buffer = dyn_cast<MemRefType>(type);
    // A bool takes a byte in a buffer and a bit in a vector.
    if (buffer && (!access || buffer.getElementType().isInteger(1)))
      return false;
  }
  return !nest.body || llvm::all_of(*nest.body, [&](Operation &op) {
    if (auto read = dyn_cast<memref::LoadOp>(op))
      return canGather(read, target);
    return isa<linalg::IndexOp>(op) || op.hasTrait<OpTrait::ConstantLike>() ||
           op.hasTrait<OpTrait::IsTerminator>() ||
           OpTrait::hasElementwiseMappableTraits(&op);
  });
}

int64_t GenericPlan::chooseLanes(size_t loop) const {
  if (target.isGpu())
    return 0;
  unsigned widest = 8;
  auto see = [&](Type type) {
    type = getElementTypeOrSelf(type);
    widest =
        std::max(widest, type.isIndex() ? 64u : type.getIntOrFloatBitWidth());
  };
  llvm::for_each(types, see);
  if (nest.body)
    for (Operation &op : *nest.body)
      llvm::for_each(op.getResultTypes(), see);
  int64_t count = target.getLanes() * 32 / widest;
  while (count > nest.sizes[loop])
    count /= 2;
  return count > 1 ? count : 0;
}

bool GenericPlan::allowsVectorsOfPoints() const {
  // One point is no vector.
  if (nest.independent == 0 || nest.sizes[nest.independent - 1] < 2)
    return false;
  for (size_t operand = 0; operand < nest.accesses.size(); ++operand) {
    std::optional<int64_t> stride = strideAlong(operand, nest.independent - 1);
    if (operand >= nest.inputCount && stride != 1)
      return false;
    // Gathering elements for each step of a reduction costs more than the
    // vectors save.
    if (nest.hasSequentialLoops() && stride != 0 && stride != 1)
      return false;
  }
  return true;
}

bool GenericPlan::allowsVectorsOfRows() const {
  if (!nest.hasSequentialLoops() || !nest.isCarried(nest.inputCount))
    return false;
  for (size_t operand = 0; operand < nest.inputCount; ++operand) {
    std::optional<int64_t> stride = strideAlong(operand, nest.sizes.size() - 1);
    if (stride != 0 && stride != 1)
      return false;
  }
  return true;
}

} // namespace toeplitz
