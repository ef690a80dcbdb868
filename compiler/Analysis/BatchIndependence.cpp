#include "compiler/Analysis/BatchIndependence.h"
#include "compiler/Analysis/SampleState.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;

static InFlightDiagnostic emitMixed(Operation *op) {
  return op->emitError("the samples of the batch can't be computed one by one, "
                       "so the batch can't be left open (--batch=dynamic): ");
}

LogicalResult toeplitz::checkBatchIndependence(
    func::FuncOp main, ArrayRef<int64_t> inputs,
    llvm::SmallPtrSetImpl<Operation *> &commonLoops) {
  int64_t batch =
      cast<RankedTensorType>(main.getArgumentTypes()[inputs[0]]).getDimSize(0);
  SampleRules rules(batch);
  for (int64_t input : inputs)
    rules.set(main.getArgument(input), {SampleState::Batched, 1});
  for (Operation &op : main.getBody().front())
    if (failed(rules.visit(&op)))
      return emitMixed(rules.culprit) << rules.reason;

  Operation *end = main.getBody().front().getTerminator();
  for (auto [index, value] : llvm::enumerate(end->getOperands())) {
    if (rules.get(value).isRowIn(0) &&
        cast<RankedTensorType>(value.getType()).getDimSize(0) == batch)
      continue;
    auto name = main.getResultAttrOfType<StringAttr>(index, "toeplitz.name");
    return emitMixed(end)
           << "output '" << (name ? name.getValue() : "")
           << "' doesn't have one place for each sample in dimension 0";
  }
  commonLoops.insert_range(rules.commonLoops);
  return success();
}

/// Whether both loops have as many steps, as far as that is known.
static bool haveSameSteps(scf::ForOp loop, scf::ForOp other) {
  auto isSame = [](Value a, Value b) {
    return getConstantIntValue(a) == getConstantIntValue(b);
  };
  return isSame(loop.getLowerBound(), other.getLowerBound()) &&
         isSame(loop.getUpperBound(), other.getUpperBound()) &&
         isSame(loop.getStep(), other.getStep());
}

LogicalResult toeplitz::checkSameNumbers(
    func::FuncOp first, func::FuncOp second,
    const llvm::SmallPtrSetImpl<Operation *> &commonLoops) {
  SmallVector<Operation *> operations, others;
  first.walk([&](Operation *op) { operations.push_back(op); });
  second.walk([&](Operation *op) { others.push_back(op); });
  for (auto [op, other] : llvm::zip(operations, others)) {
    if (op->getName() != other->getName())
      return emitMixed(op) << "what is computed depends on the size of the "
                              "batch";
    if (commonLoops.contains(op) &&
        !haveSameSteps(cast<scf::ForOp>(op), cast<scf::ForOp>(other)))
      return emitMixed(op) << "the number of its iterations depends on the "
                              "size of the batch";
    auto constant = dyn_cast<arith::ConstantOp>(op);
    // Indices count the iterations of loops.
    if (!constant || constant.getType().isIndex())
      continue;
    Attribute value = constant.getValue();
    Attribute otherValue = cast<arith::ConstantOp>(other).getValue();
    // Weights don't depend on shapes; and what has a place for each sample is
    // looked at where it's read.
    if (isa<DenseResourceElementsAttr>(value) ||
        constant.getType() != other->getResult(0).getType())
      continue;
    if (value != otherValue)
      return emitMixed(op) << "a number depends on the size of the batch";
  }
  if (operations.size() != others.size())
    return emitMixed(operations.back())
           << "what is computed depends on the size of the batch";
  return success();
}
