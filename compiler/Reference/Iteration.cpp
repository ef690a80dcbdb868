#include "compiler/Reference/Iteration.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AffineExpr.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

/// A linear function of the point: `constant` plus the sum of its positions
/// times the coefficients.
struct Linear {
  int64_t constant = 0;
  SmallVector<int64_t> coefficients;
};

/// How an access goes through its tensor.
struct Walk {
  enum class Kind {
    Uniform,    ///< one element for all lanes
    Contiguous, ///< lane after lane
    Scattered,  ///< each lane has its offset
    Computed,   ///< by a map that is not linear, for each point
  };

  Kind kind = Kind::Computed;
  Tensor *tensor = nullptr;
  const Iteration::Access *access = nullptr;
  Linear place;                 ///< in the tensor, in row-major order
  std::vector<int64_t> offsets; ///< of the lanes, for Scattered and Computed
};

/// One run of an iteration.
class Run {
public:
  Run(const Iteration &iteration, Frame &frame, ArrayRef<int64_t> sizes)
      : iteration(iteration), frame(frame), sizes(sizes), point(sizes.size()) {}

  LogicalResult prepare(ArrayRef<Tensor *> tensors);
  LogicalResult run();

private:
  LogicalResult prepareWalk(Walk &walk);
  void startStrip(int64_t start);
  LogicalResult runPoint(int64_t start);
  /// Where the lanes of this point begin.
  FailureOr<int64_t> locate(Walk &walk, int64_t start);
  void load(const Walk &walk, int64_t base);
  void store(const Walk &walk, int64_t base);

  const Iteration &iteration;
  Frame &frame;
  ArrayRef<int64_t> sizes;
  SmallVector<int64_t> point; ///< that of the ordered dimensions counts
  SmallVector<Walk> walks;
  /// For each lane dimension, where the lanes are; empty if nobody asks.
  SmallVector<std::vector<int64_t>> lanePositions;
  bool needsLanePositions = false;
};

} // namespace

/// nullopt for expressions with a division or a remainder.
static std::optional<Linear> makeLinear(AffineExpr expression,
                                        size_t dimensions) {
  Linear result;
  result.coefficients.assign(dimensions, 0);
  if (auto constant = dyn_cast<AffineConstantExpr>(expression)) {
    result.constant = constant.getValue();
    return result;
  }
  if (auto dimension = dyn_cast<AffineDimExpr>(expression)) {
    result.coefficients[dimension.getPosition()] = 1;
    return result;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return std::nullopt;
  std::optional<Linear> left = makeLinear(binary.getLHS(), dimensions);
  std::optional<Linear> right = makeLinear(binary.getRHS(), dimensions);
  if (!left || !right)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Mul) {
    // One of an affine product's factors is a constant: the right one.
    int64_t factor = right->constant;
    left->constant *= factor;
    for (int64_t &coefficient : left->coefficients)
      coefficient *= factor;
    return left;
  }
  if (binary.getKind() != AffineExprKind::Add)
    return std::nullopt;
  left->constant += right->constant;
  for (size_t d = 0; d < dimensions; ++d)
    left->coefficients[d] += right->coefficients[d];
  return left;
}

/// The value of an expression at a point.
static int64_t evaluateExpression(AffineExpr expression,
                                  ArrayRef<int64_t> point) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expression))
    return constant.getValue();
  if (auto dimension = dyn_cast<AffineDimExpr>(expression))
    return point[dimension.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expression);
  int64_t left = evaluateExpression(binary.getLHS(), point);
  int64_t right = evaluateExpression(binary.getRHS(), point);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return left + right;
  case AffineExprKind::Mul:
    return left * right;
  case AffineExprKind::Mod:
    return llvm::mod(left, right);
  case AffineExprKind::FloorDiv:
    return llvm::divideFloorSigned(left, right);
  case AffineExprKind::CeilDiv:
    return llvm::divideCeilSigned(left, right);
  default:
    llvm_unreachable("an affine operation without a definition");
  }
}

LogicalResult Run::prepareWalk(Walk &walk) {
  ArrayRef<int64_t> shape = walk.tensor->shape;
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  walk.place.coefficients.assign(sizes.size(), 0);
  for (auto [d, expression] : llvm::enumerate(walk.access->map.getResults())) {
    std::optional<Linear> index = makeLinear(expression, sizes.size());
    if (!index) {
      needsLanePositions = true;
      walk.offsets.resize(iteration.width);
      return success(); // Checked at every point.
    }
    int64_t lowest = index->constant, highest = index->constant;
    for (auto [coefficient, size] : llvm::zip(index->coefficients, sizes))
      (coefficient < 0 ? lowest : highest) += coefficient * (size - 1);
    if (lowest < 0 || highest >= shape[d])
      return iteration.op->emitError()
             << "reads or writes indices " << lowest << " to " << highest
             << " of a dimension of size " << shape[d];
    walk.place.constant += index->constant * strides[d];
    for (size_t i = 0; i < sizes.size(); ++i)
      walk.place.coefficients[i] += index->coefficients[i] * strides[d];
  }

  // Dimensions of size one are at position zero, whatever their coefficient.
  bool isUniform = true, isContiguous = true;
  int64_t expected = 1;
  for (int64_t d : llvm::reverse(iteration.laneDimensions)) {
    if (sizes[d] == 1)
      continue;
    isUniform &= walk.place.coefficients[d] == 0;
    isContiguous &= walk.place.coefficients[d] == expected;
    expected *= sizes[d];
  }
  if (isContiguous)
    walk.kind = Walk::Kind::Contiguous;
  else if (isUniform)
    walk.kind = Walk::Kind::Uniform;
  else
    walk.kind = Walk::Kind::Scattered;
  if (walk.kind == Walk::Kind::Scattered) {
    needsLanePositions = true;
    walk.offsets.resize(iteration.width);
  }
  return success();
}

LogicalResult Run::prepare(ArrayRef<Tensor *> tensors) {
  for (auto [access, tensor] : llvm::zip(iteration.accesses, tensors)) {
    Walk &walk = walks.emplace_back();
    walk.tensor = tensor;
    walk.access = &access;
    if (failed(prepareWalk(walk)))
      return failure();
  }
  for (auto [dimension, slot] : iteration.positions)
    needsLanePositions |=
        llvm::is_contained(iteration.laneDimensions, dimension);
  if (needsLanePositions)
    lanePositions.assign(iteration.laneDimensions.size(),
                         std::vector<int64_t>(iteration.width));
  return success();
}

/// Finds out where the lanes are of the points from `start` on, counted along
/// the lane dimensions.
void Run::startStrip(int64_t start) {
  if (!needsLanePositions)
    return;
  ArrayRef<int64_t> dimensions = iteration.laneDimensions;
  SmallVector<int64_t> position(dimensions.size());
  for (size_t d = dimensions.size(); d-- > 0;) {
    position[d] = start % sizes[dimensions[d]];
    start /= sizes[dimensions[d]];
  }
  for (size_t lane = 0; lane < frame.count; ++lane) {
    for (size_t d = 0; d < dimensions.size(); ++d)
      lanePositions[d][lane] = position[d];
    for (size_t d = dimensions.size(); d-- > 0;) {
      if (++position[d] < sizes[dimensions[d]])
        break;
      position[d] = 0;
    }
  }
  for (Walk &walk : walks) {
    if (walk.kind != Walk::Kind::Scattered)
      continue;
    std::fill(walk.offsets.begin(), walk.offsets.end(), 0);
    for (auto [d, dimension] : llvm::enumerate(dimensions))
      if (int64_t coefficient = walk.place.coefficients[dimension])
        for (size_t lane = 0; lane < frame.count; ++lane)
          walk.offsets[lane] += coefficient * lanePositions[d][lane];
  }
  for (auto [dimension, slot] : iteration.positions)
    for (auto [d, candidate] : llvm::enumerate(dimensions))
      if (candidate == dimension)
        std::copy_n(lanePositions[d].begin(), frame.count,
                    frame.integers(slot));
}

FailureOr<int64_t> Run::locate(Walk &walk, int64_t start) {
  if (walk.kind != Walk::Kind::Computed) {
    int64_t base = walk.place.constant;
    for (int64_t dimension : iteration.orderedDimensions)
      base += walk.place.coefficients[dimension] * point[dimension];
    return walk.kind == Walk::Kind::Contiguous ? base + start : base;
  }
  ArrayRef<int64_t> shape = walk.tensor->shape;
  for (size_t lane = 0; lane < frame.count; ++lane) {
    for (auto [d, dimension] : llvm::enumerate(iteration.laneDimensions))
      point[dimension] = lanePositions[d][lane];
    int64_t place = 0;
    for (auto [d, expression] :
         llvm::enumerate(walk.access->map.getResults())) {
      int64_t index = evaluateExpression(expression, point);
      if (index < 0 || index >= shape[d])
        return iteration.op->emitError()
               << "reads or writes index " << index
               << " of a dimension of size " << shape[d];
      place = place * shape[d] + index;
    }
    walk.offsets[lane] = place;
  }
  return 0;
}

template <typename Element>
static void loadLanes(const Walk &walk, const Element *from, Element *lanes,
                      size_t count) {
  if (walk.kind == Walk::Kind::Uniform)
    std::fill_n(lanes, count, *from);
  else if (walk.kind == Walk::Kind::Contiguous)
    std::copy_n(from, count, lanes);
  else
    for (size_t lane = 0; lane < count; ++lane)
      lanes[lane] = from[walk.offsets[lane]];
}

template <typename Element>
static void storeLanes(const Walk &walk, Element *to, const Element *lanes,
                       size_t count) {
  if (walk.kind == Walk::Kind::Uniform)
    *to = lanes[count - 1];
  else if (walk.kind == Walk::Kind::Contiguous)
    std::copy_n(lanes, count, to);
  else
    for (size_t lane = 0; lane < count; ++lane)
      to[walk.offsets[lane]] = lanes[lane];
}

void Run::load(const Walk &walk, int64_t base) {
  Slot slot = *walk.access->read;
  if (slot.kind == Slot::Kind::Float)
    loadLanes(walk, walk.tensor->values.data() + base, frame.floats(slot),
              frame.count);
  else
    loadLanes(walk, walk.tensor->integers.data() + base, frame.integers(slot),
              frame.count);
}

void Run::store(const Walk &walk, int64_t base) {
  Slot slot = *walk.access->written;
  if (slot.kind == Slot::Kind::Float)
    storeLanes(walk, walk.tensor->values.data() + base, frame.floats(slot),
               frame.count);
  else
    storeLanes(walk, walk.tensor->integers.data() + base, frame.integers(slot),
               frame.count);
}

LogicalResult Run::runPoint(int64_t start) {
  for (auto [dimension, slot] : iteration.positions)
    if (llvm::is_contained(iteration.orderedDimensions, dimension))
      frame.fill(slot, point[dimension]);
  SmallVector<int64_t> bases;
  for (Walk &walk : walks) {
    FailureOr<int64_t> base = locate(walk, start);
    if (failed(base))
      return failure();
    bases.push_back(*base);
    if (walk.access->read)
      load(walk, *base);
  }
  if (failed(iteration.body.run(frame)))
    return failure();
  for (auto [walk, base] : llvm::zip(walks, bases))
    if (walk.access->written)
      store(walk, base);
  return success();
}

LogicalResult Run::run() {
  int64_t lanePoints = 1, orderedPoints = 1;
  for (int64_t dimension : iteration.laneDimensions)
    lanePoints *= sizes[dimension];
  for (int64_t dimension : iteration.orderedDimensions)
    orderedPoints *= sizes[dimension];

  auto width = static_cast<int64_t>(iteration.width);
  for (int64_t start = 0; start < lanePoints; start += width) {
    frame.count = static_cast<size_t>(std::min(width, lanePoints - start));
    startStrip(start);
    for (int64_t dimension : iteration.orderedDimensions)
      point[dimension] = 0;
    for (int64_t ordered = 0; ordered < orderedPoints; ++ordered) {
      if (failed(runPoint(start)))
        return failure();
      for (int64_t dimension : llvm::reverse(iteration.orderedDimensions)) {
        if (++point[dimension] < sizes[dimension])
          break;
        point[dimension] = 0;
      }
    }
  }
  return success();
}

LogicalResult Iteration::run(Frame &outer, ArrayRef<int64_t> sizes,
                             ArrayRef<Tensor *> tensors) const {
  if (llvm::is_contained(sizes, 0))
    return success();
  Frame frame(layout, width);
  for (Capture capture : captures)
    writeCell(frame, capture.inner, readCell(outer, capture.outer));
  Run run(*this, frame, sizes);
  if (failed(run.prepare(tensors)))
    return failure();
  return run.run();
}

bool toeplitz::reference::canRunInLanes(Block &body) {
  return llvm::all_of(body.without_terminator(), [](Operation &op) {
    if (isa<linalg::IndexOp, tensor::ExtractOp, tensor::DimOp>(op))
      return true;
    return isa<arith::ArithDialect, math::MathDialect>(op.getDialect()) &&
           llvm::none_of(op.getResultTypes(),
                         [](Type type) { return isa<ShapedType>(type); });
  });
}
