#include "compiler/Analysis/Equivariance.h"
#include "compiler/Analysis/ShiftRules.h"

#include "mlir/IR/Location.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace toeplitz;

static std::string getLayer(Operation *op) {
  auto name = op->getLoc()->findInstanceOf<NameLoc>();
  return name ? name.getName().str() : "";
}

static ShiftFacts describe(Value value, const ShiftRules &rules) {
  const ShiftState &state = rules.get(value);
  const ShiftAlgebra &algebra = rules.getAlgebra();
  ShiftFacts facts;
  facts.kind = state.kind;
  facts.inputStep = state.inputStep;
  facts.wraps = state.wraps;
  facts.roundsAlike = state.roundsAlike;
  facts.contents = state.contents;
  if (state.kind == ShiftState::Broken) {
    facts.culprit = getLayer(state.culprit);
    if (facts.culprit.empty())
      facts.culprit = state.culprit->getName().getStringRef().str();
    facts.reason = state.reason;
  }
  if (state.kind != ShiftState::Equivariant)
    return facts;
  facts.outputStep = state.outputStep;
  facts.dimension = state.dimension;
  facts.rank = cast<RankedTensorType>(value.getType()).getRank();
  facts.size = state.getSize();
  facts.positions = state.getCleanRange();
  facts.isCyclic = algebra.isCyclic(state);
  facts.period = algebra.getPeriod(state);
  facts.receptiveField = state.getReceptiveField();
  return facts;
}

/// The values that each operation of the network is the last to read: a state
/// has an entry for each position, and a long network many values.
static llvm::DenseMap<Operation *, SmallVector<Value>>
findLastReads(Block &block) {
  llvm::DenseMap<Value, Operation *> last;
  for (Operation &op : block) {
    llvm::SetVector<Value> captured;
    getUsedValuesDefinedAbove(op.getRegions(), captured);
    for (Value value : op.getOperands())
      last[value] = &op;
    for (Value value : captured)
      last[value] = &op;
  }
  llvm::DenseMap<Operation *, SmallVector<Value>> reads;
  for (auto [value, op] : last)
    reads[op].push_back(value);
  return reads;
}

/// Follows a shift of the axis through the network.
static void analyze(func::FuncOp main, AxisEquivariance &axis) {
  ShiftRules rules(axis.size);
  for (size_t input : axis.inputs)
    rules.set(main.getArgument(input),
              rules.getAlgebra().makeInput(axis.dimension));
  auto lastReads = findLastReads(main.getBody().front());
  for (Operation &op : main.getBody().front().without_terminator()) {
    rules.visit(&op);
    for (Value value : lastReads.lookup(&op))
      rules.forget(value);
    if (op.getNumResults() == 0)
      continue;
    Value value = op.getResult(0);
    if (rules.get(value).kind == ShiftState::Fixed)
      continue;
    LayerShift row = {getLayer(&op), op.getName().getStringRef().str(),
                      describe(value, rules)};
    // A layer of several operations is one row, the last of them; the one that
    // breaks it stays.
    bool isSame = !axis.layers.empty() && !row.layer.empty() &&
                  axis.layers.back().layer == row.layer;
    if (!isSame)
      axis.layers.push_back(row);
    else if (axis.layers.back().facts.kind != ShiftState::Broken)
      axis.layers.back() = row;
  }
  Operation *end = main.getBody().front().getTerminator();
  for (auto [index, value] : llvm::enumerate(end->getOperands())) {
    auto name = main.getResultAttrOfType<StringAttr>(index, "toeplitz.name");
    axis.outputs.push_back(
        {index, name ? name.getValue().str() : "", describe(value, rules)});
  }
}

EquivarianceClaims toeplitz::analyzeEquivariance(func::FuncOp main) {
  EquivarianceClaims claims;
  int64_t rank = 0;
  for (auto [index, type] : llvm::enumerate(main.getArgumentTypes())) {
    auto name = main.getArgAttrOfType<StringAttr>(index, "toeplitz.name");
    claims.inputNames.push_back(name ? name.getValue().str() : "");
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      rank = std::max(rank, tensor.getRank());
  }
  for (int64_t dimension = 2; dimension < rank; ++dimension) {
    AxisEquivariance axis;
    axis.dimension = dimension;
    for (auto [index, type] : llvm::enumerate(main.getArgumentTypes())) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || dimension >= tensor.getRank() ||
          tensor.getDimSize(dimension) < 2)
        continue;
      if (axis.inputs.empty())
        axis.size = tensor.getDimSize(dimension);
      if (tensor.getDimSize(dimension) == axis.size)
        axis.inputs.push_back(index);
    }
    if (axis.inputs.empty())
      continue;
    analyze(main, axis);
    claims.axes.push_back(std::move(axis));
  }
  return claims;
}
