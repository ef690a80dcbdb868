// Constant folding: see Folding.h.

#include "compiler/Frontend/Onnx/Folding.h"

#include "compiler/Reference/Fold.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace toeplitz {

/// Points of iteration spaces that are gone through for one node: a few seconds
/// of the evaluator's time.
static constexpr int64_t maximumWork = int64_t(1) << 27;
/// Results may be this much larger than the constants they are made of: weights
/// of 8 bits become numbers of 64.
static constexpr int64_t maximumGrowth = 8;
/// Bytes of results that are small whatever they are made of.
static constexpr int64_t smallResult = int64_t(1) << 20;

static int64_t countElements(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  return shaped ? shaped.getNumElements() : 1;
}

static int64_t countBytes(Type type) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  if (!shaped || !shaped.getElementType().isIntOrFloat())
    return 8;
  return shaped.getNumElements() *
         llvm::divideCeil(shaped.getElementType().getIntOrFloatBitWidth(), 8);
}

/// The bytes that a constant takes: those of one element if all are the same.
static int64_t countConstantBytes(arith::ConstantOp constant) {
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  if (dense && dense.isSplat())
    return 8;
  return countBytes(constant.getType());
}

/// The points that the evaluator goes through, stopped at the limit.
static int64_t estimateWork(Operation *op) {
  int64_t work = 1;
  auto multiply = [](int64_t a, int64_t b) {
    return b != 0 && a > maximumWork / b ? maximumWork + 1 : a * b;
  };
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    for (int64_t size : linalgOp.getStaticLoopRanges())
      work = multiply(work, std::max<int64_t>(size, 1));
    return work;
  }
  for (Value result : op->getResults())
    work = std::max(work, countElements(result.getType()));
  // How often it is walked is known when it ends.
  if (isa<scf::WhileOp>(op))
    return maximumWork + 1;
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    APInt lower, upper, step;
    int64_t trips = maximumWork;
    if (matchPattern(loop.getLowerBound(), m_ConstantInt(&lower)) &&
        matchPattern(loop.getUpperBound(), m_ConstantInt(&upper)) &&
        matchPattern(loop.getStep(), m_ConstantInt(&step)) &&
        step.isStrictlyPositive())
      // (A loop may have as many steps as there are integers.)
      trips = std::min((upper - lower).getSExtValue() / step.getSExtValue(),
                       maximumWork) +
              1;
    int64_t body = 0;
    for (Operation &inner : loop.getBody()->without_terminator())
      // An insertion changes one element where it stands.
      body += isa<tensor::InsertOp>(inner) ? 1 : estimateWork(&inner);
    return std::max(work, multiply(std::max<int64_t>(trips, 0), body));
  }
  if (isa<scf::IfOp>(op)) {
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        work += estimateWork(&inner);
    return work;
  }
  for (Value operand : op->getOperands())
    work = std::max(work, countElements(operand.getType()));
  // Each element of the result is a sum over part of the filter.
  if (isa<cnn::ConvOp, cnn::ConvTransposeOp>(op)) {
    auto filter = cast<RankedTensorType>(op->getOperand(1).getType());
    work = multiply(work, filter.getNumElements() / filter.getDimSize(0));
  }
  return work;
}

/// Whether every operand, those of bodies included, is a constant or a result
/// of an operation of the set.
static bool isKnown(Operation *op,
                    const llvm::SmallPtrSetImpl<Operation *> &known) {
  WalkResult walk = op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      Operation *owner =
          producer ? producer
                   : cast<BlockArgument>(operand).getOwner()->getParentOp();
      if (op->isAncestor(owner) ||
          (producer &&
           (known.contains(producer) || isa<arith::ConstantOp>(producer))))
        continue;
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return !walk.wasInterrupted();
}

/// Destinations without values of their own.
static bool isDestination(Operation *op) {
  return isa<tensor::EmptyOp, linalg::FillOp>(op);
}

/// Operations that repeat elements: an operation with values of the running
/// network does that on its way, without a larger constant.
static bool isRepetition(Operation *op) {
  return isa<cnn::BroadcastOp, linalg::BroadcastOp, tensor::PadOp, cnn::PadOp>(
      op);
}

namespace {

/// Operations that depend on constants alone, and their results that others
/// want.
struct KnownPart {
  llvm::SmallVector<Operation *> operations;
  llvm::SmallPtrSet<Operation *, 16> set;
  llvm::SmallVector<Value> wanted;
  /// Whether it is the whole node.
  bool isAll = true;
};

} // namespace

static KnownPart findKnownPart(llvm::ArrayRef<Operation *> operations,
                               llvm::ArrayRef<OnnxValue> results) {
  KnownPart part;
  auto collect = [&](bool withRepetitions) {
    part = KnownPart();
    for (Operation *op : operations) {
      if (isa<arith::ConstantOp>(op))
        continue;
      if ((withRepetitions || !isRepetition(op)) && isKnown(op, part.set)) {
        part.operations.push_back(op);
        part.set.insert(op);
      } else {
        part.isAll = false;
      }
    }
  };
  collect(/*withRepetitions=*/true);
  if (!part.isAll)
    collect(/*withRepetitions=*/false);
  auto isWanted = [&](Value value) {
    if (llvm::any_of(results,
                     [&](OnnxValue result) { return result.value == value; }))
      return true;
    return llvm::any_of(value.getUsers(), [&](Operation *user) {
      // The operation of the list that the user is in the body of.
      while (user && user->getBlock() != value.getParentBlock())
        user = user->getParentOp();
      return user && !part.set.contains(user);
    });
  };
  for (Operation *op : part.operations)
    if (part.isAll || !isDestination(op))
      for (Value result : op->getResults())
        if (isWanted(result))
          part.wanted.push_back(result);
  return part;
}

/// Whether the part is quickly computed, and its results are about as large as
/// what they are made of.
static bool isWorthFolding(const KnownPart &part) {
  int64_t work = 0, inputBytes = 0, resultBytes = 0;
  llvm::SmallPtrSet<Operation *, 8> constants;
  for (Operation *op : part.operations) {
    work += estimateWork(op);
    if (work > maximumWork)
      return false;
    op->walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (auto constant = operand.getDefiningOp<arith::ConstantOp>())
          if (constants.insert(constant).second)
            inputBytes += countConstantBytes(constant);
    });
  }
  for (Value value : part.wanted)
    resultBytes += countBytes(value.getType());
  return resultBytes <= (part.isAll
                             ? std::max(smallResult, maximumGrowth * inputBytes)
                             : maximumGrowth * inputBytes);
}

void foldConstants(OpBuilder &builder, llvm::ArrayRef<Operation *> operations,
                   llvm::MutableArrayRef<OnnxValue> results,
                   llvm::StringRef name) {
  KnownPart part = findKnownPart(operations, results);
  if (part.wanted.empty() || !isWorthFolding(part))
    return;
  auto folded = reference::foldOperations(part.operations, part.wanted, name);
  if (!folded)
    return;
  for (auto [value, attribute] : llvm::zip_equal(part.wanted, *folded)) {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointAfterValue(value);
    Value constant = arith::ConstantOp::create(builder, value.getLoc(),
                                               cast<TypedAttr>(attribute));
    for (OnnxValue &result : results)
      if (result.value == value)
        result.value = constant;
    value.replaceAllUsesWith(constant);
  }
  // (Constants stay: scopes may know them by a name.)
  for (Operation *op : llvm::reverse(part.operations))
    if (op->use_empty())
      op->erase();
}

} // namespace toeplitz
