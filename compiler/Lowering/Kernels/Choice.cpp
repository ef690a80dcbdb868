#include "compiler/Lowering/Kernels/Choice.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// Whether a comparison asks if one number is less or greater than another, and
/// says no of NaN.
bool isOrdering(Operation *op, bool strict) {
  if (auto compare = dyn_cast_or_null<arith::CmpFOp>(op)) {
    using Predicate = arith::CmpFPredicate;
    Predicate predicate = compare.getPredicate();
    return predicate == Predicate::OGT || predicate == Predicate::OLT ||
           (!strict &&
            (predicate == Predicate::OGE || predicate == Predicate::OLE));
  }
  using Predicate = arith::CmpIPredicate;
  auto compare = dyn_cast_or_null<arith::CmpIOp>(op);
  if (!compare || compare.getPredicate() == Predicate::eq ||
      compare.getPredicate() == Predicate::ne)
    return false;
  return !strict || llvm::is_contained({Predicate::sgt, Predicate::slt,
                                        Predicate::ugt, Predicate::ult},
                                       compare.getPredicate());
}

class Matcher {
public:
  explicit Matcher(Choice &choice) : choice(choice) {}

  /// A comparison, or one that others follow where numbers are equal: p or (e
  /// and rest). (Of integers: NaN is equal to nothing.)
  bool isOrder(Value condition) {
    Operation *op = condition.getDefiningOp();
    if (isOrdering(op, /*strict=*/false))
      return comparesWithSoFar(op);
    auto either = dyn_cast_or_null<arith::OrIOp>(op);
    if (!either)
      return false;
    parts.insert(either);
    return isLexicographic(either.getLhs(), either.getRhs()) ||
           isLexicographic(either.getRhs(), either.getLhs());
  }

  /// The operations of the condition.
  llvm::SmallPtrSet<Operation *, 8> parts;

private:
  bool isLexicographic(Value first, Value second) {
    auto strict = first.getDefiningOp<arith::CmpIOp>();
    auto both = second.getDefiningOp<arith::AndIOp>();
    if (!strict || !both || !isOrdering(strict, /*strict=*/true) ||
        !comparesWithSoFar(strict))
      return false;
    parts.insert(both);
    return (isEqualAnd(strict, both.getLhs(), both.getRhs()) ||
            isEqualAnd(strict, both.getRhs(), both.getLhs()));
  }

  bool isEqualAnd(arith::CmpIOp strict, Value equal, Value rest) {
    auto compare = equal.getDefiningOp<arith::CmpIOp>();
    if (!compare || compare.getPredicate() != arith::CmpIPredicate::eq)
      return false;
    bool same = compare.getLhs() == strict.getLhs() &&
                compare.getRhs() == strict.getRhs();
    bool swapped = compare.getLhs() == strict.getRhs() &&
                   compare.getRhs() == strict.getLhs();
    return (same || swapped) && comparesWithSoFar(compare) && isOrder(rest);
  }

  /// A value of the candidate with the same one of the results so far.
  bool comparesWithSoFar(Operation *op) {
    Value a = op->getOperand(0), b = op->getOperand(1);
    for (auto [candidate, soFar] :
         llvm::zip_equal(choice.candidate, choice.soFar))
      if ((a == candidate && b == soFar) || (b == candidate && a == soFar)) {
        parts.insert(op);
        return true;
      }
    return false;
  }

  Choice &choice;
};

} // namespace

std::optional<Choice> findChoice(const LoopNest &nest) {
  if (!nest.body)
    return std::nullopt;
  Choice choice;
  llvm::SmallPtrSet<Operation *, 4> selections;
  Operation *end = nest.body->getTerminator();
  for (auto [place, value] : llvm::enumerate(end->getOperands())) {
    auto selection = value.getDefiningOp<arith::SelectOp>();
    BlockArgument soFar = nest.body->getArgument(nest.inputCount + place);
    if (!selection || selection->getBlock() != nest.body ||
        selection.getFalseValue() != soFar ||
        (choice.condition && choice.condition != selection.getCondition()))
      return std::nullopt;
    choice.condition = selection.getCondition();
    choice.candidate.push_back(selection.getTrueValue());
    choice.soFar.push_back(soFar);
    selections.insert(selection);
  }
  Matcher matcher(choice);
  if (!choice.condition || !matcher.isOrder(choice.condition))
    return std::nullopt;
  // Candidates are made of nothing that was taken before.
  auto isKnown = [&](Operation *user) {
    return matcher.parts.contains(user) || selections.contains(user);
  };
  for (Value soFar : choice.soFar)
    if (!llvm::all_of(soFar.getUsers(), isKnown))
      return std::nullopt;
  for (Operation *part : matcher.parts)
    if (!llvm::all_of(part->getUsers(), isKnown))
      return std::nullopt;
  for (Operation *selection : selections)
    if (!llvm::all_of(selection->getUsers(),
                      [&](Operation *user) { return user == end; }))
      return std::nullopt;
  for (Value value : choice.candidate)
    if (llvm::is_contained(choice.soFar, value) ||
        matcher.parts.contains(value.getDefiningOp()))
      return std::nullopt;
  return choice;
}

Value Choice::emitIsTaken(OpBuilder &builder, Location location, ValueRange a,
                          ValueRange b) const {
  IRMapping mapping;
  mapping.map(candidate, a);
  mapping.map(soFar, b);
  auto emit = [&](auto &&self, Value value) -> Value {
    if (Value known = mapping.lookupOrNull(value))
      return known;
    Operation *op = value.getDefiningOp();
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(self(self, operand));
    Operation *clone = op->clone();
    builder.insert(clone);
    clone->setLoc(location);
    clone->setOperands(operands);
    return clone->getResult(0);
  };
  return emit(emit, condition);
}

Value Choice::emitTakesRight(OpBuilder &builder, Location location,
                             ValueRange left, ValueRange right) const {
  auto isTaken = [&](ValueRange a, ValueRange b) {
    return emitIsTaken(builder, location, a.drop_back(), b.drop_back());
  };
  auto select = [&](Value condition, Value a, Value b) -> Value {
    return arith::SelectOp::create(builder, location, condition, a, b);
  };
  Value rightAfterLeft = isTaken(right, left);
  Value leftAfterRight = isTaken(left, right);
  auto compare = [&](arith::CmpIPredicate predicate) -> Value {
    return arith::CmpIOp::create(builder, location, predicate, right.back(),
                                 left.back());
  };
  // Each after the other: the last one. None after the other: the first.
  Value last = compare(arith::CmpIPredicate::sgt);
  Value first = compare(arith::CmpIPredicate::slt);
  Value no =
      arith::ConstantOp::create(builder, location, builder.getBoolAttr(false));
  Value yes =
      arith::ConstantOp::create(builder, location, builder.getBoolAttr(true));
  return select(rightAfterLeft, select(leftAfterRight, last, yes),
                select(leftAfterRight, no, first));
}

} // namespace toeplitz
