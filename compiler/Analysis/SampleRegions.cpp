// Rules for operations that hold others: linalg, loops, branches.

#include "compiler/Analysis/SampleState.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;

static constexpr llvm::StringLiteral usesPlace =
    "it computes with the place of a sample in the batch";
static constexpr llvm::StringLiteral usesOthers =
    "it reads or writes other samples than its own";

LogicalResult SampleRules::visitBlock(Block &block) {
  for (Operation &op : block)
    if (failed(visit(&op)))
      return failure();
  return success();
}

/// The body of a loop over the batch.
LogicalResult SampleRules::visitRows(Block &block, int64_t rows,
                                     int64_t outer) {
  int64_t rowsBefore = std::exchange(rowsOfLoop, rows);
  int64_t outerBefore = std::exchange(outerOfLoop, outer);
  LogicalResult result = visitBlock(block);
  rowsOfLoop = rowsBefore;
  outerOfLoop = outerBefore;
  return result;
}

LogicalResult SampleRules::visitRegions(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visitFor(loop);
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return visitWhile(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return visitIf(branch);
  if (isAny(op, State::RowIndex))
    return fail(op, usesPlace);
  // An operation on what belongs to one sample.
  if (isAny(op, State::PerSample)) {
    if (isAny(op, State::Batched))
      return fail(op, usesOthers);
    for (Value result : op->getResults())
      set(result, {State::PerSample, 0});
    return success();
  }
  if (auto generic = dyn_cast<linalg::LinalgOp>(op))
    return visitLinalg(generic);
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return visitGenerate(generate);
  if (dependsOnSamples(op))
    return fail(op, "it isn't known to compute each sample by itself");
  return success();
}

// ---- linalg ----

/// The iteration dimension along which a batch is read, and how it counts
/// samples.
std::optional<std::pair<unsigned, int64_t>>
SampleRules::findBatchDimension(linalg::LinalgOp op) {
  std::optional<std::pair<unsigned, int64_t>> found;
  for (OpOperand &operand : op->getOpOperands()) {
    State state = get(operand.get());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [place, expression] : llvm::enumerate(map.getResults()))
      if (state.kind == State::Batched && state.isRowIn(place))
        if (auto dimension = dyn_cast<AffineDimExpr>(expression))
          found = {dimension.getPosition(), state.outer};
  }
  op->walk([&](tensor::ExtractOp extract) {
    State state = get(extract.getTensor());
    for (auto [place, index] : llvm::enumerate(extract.getIndices()))
      if (state.kind == State::Batched && state.isRowIn(place))
        if (auto dimension = index.getDefiningOp<linalg::IndexOp>())
          found = {dimension.getDim(), state.outer};
  });
  return found;
}

/// Checks that the iterations of `dimension` are independent of each other, and
/// that each reads and writes the rows of its number only. `places` are the
/// results' dimensions in which these are then.
LogicalResult SampleRules::visitAlong(linalg::LinalgOp op, unsigned dimension,
                                      int64_t outer,
                                      SmallVectorImpl<int64_t> &places) {
  if (op.getIteratorTypesArray()[dimension] != utils::IteratorType::parallel)
    return fail(op, "it reduces over the batch");
  Block *body = op.getBlock();
  for (OpOperand &operand : op->getOpOperands()) {
    State state = get(operand.get());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    std::optional<int64_t> place;
    for (auto [d, expression] : llvm::enumerate(map.getResults())) {
      if (!expression.isFunctionOfDim(dimension))
        continue;
      if (!isa<AffineDimExpr>(expression) || !state.isRowIn(d) ||
          (state.kind == State::Batched && state.outer != outer))
        return fail(op, "it reads what differs from sample to sample, and "
                        "isn't its sample");
      place = d;
    }
    if (!place && (state.kind == State::Batched || op.isDpsInit(&operand)))
      return fail(op, "it combines different samples");
    if (op.isDpsInit(&operand))
      places.push_back(*place);
    set(body->getArgument(operand.getOperandNumber()),
        {state.kind == State::Batched || op.isDpsInit(&operand)
             ? State::PerSample
             : State::Free,
         0});
  }
  body->walk([&](linalg::IndexOp index) {
    set(index,
        {index.getDim() == dimension ? State::RowIndex : State::Free, 0});
  });
  if (failed(visitRows(*body, op.getStaticLoopRanges()[dimension], outer)))
    return failure();
  for (Value yielded : body->getTerminator()->getOperands())
    if (get(yielded).kind == State::RowIndex)
      return fail(op, usesPlace);
  return success();
}

LogicalResult SampleRules::visitLinalg(linalg::LinalgOp op) {
  SmallVector<int64_t> places;
  if (dependsOnSamples(op)) {
    if (rowsOfLoop > 0)
      return fail(op, usesOthers);
    auto found = findBatchDimension(op);
    if (!found)
      return fail(op, "it takes the batch apart");
    auto [dimension, outer] = *found;
    if (failed(visitAlong(op, dimension, outer, places)))
      return failure();
    for (auto [result, place] : llvm::zip(op->getResults(), places))
      set(result, {State::Batched, uint64_t(1) << place, outer});
    return success();
  }
  // Without a batch: along which dimensions the result is the same for each
  // sample.
  SmallVector<uint64_t> dimensions(op->getNumResults(), 0);
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  for (auto [dimension, size] : llvm::enumerate(ranges)) {
    places.clear();
    if (size == 0 || size % batch != 0)
      continue;
    if (succeeded(visitAlong(op, dimension, /*outer=*/1, places)))
      for (auto [mask, place] : llvm::zip(dimensions, places))
        mask |= uint64_t(1) << place;
    culprit = nullptr; // It needn't be.
  }
  for (auto [result, mask] : llvm::zip(op->getResults(), dimensions))
    set(result, mask ? State{State::Uniform, mask} : State());
  return success();
}

LogicalResult SampleRules::visitGenerate(tensor::GenerateOp op) {
  if (!dependsOnSamples(op))
    return success();
  auto type = cast<RankedTensorType>(op.getType());
  if (rowsOfLoop > 0 || !(getPossibleDimensions(type) & 1))
    return fail(op, usesOthers);
  Block &body = op.getBody().front();
  for (BlockArgument index : body.getArguments())
    set(index, {index.getArgNumber() == 0 ? State::RowIndex : State::Free, 0});
  if (failed(visitRows(body, type.getDimSize(0), /*outer=*/1)))
    return failure();
  if (get(body.getTerminator()->getOperand(0)).kind == State::RowIndex)
    return fail(op, usesPlace);
  set(op, {State::Batched, 1});
  return success();
}

// ---- Loops and branches ----

/// Makes of `state` one that holds for a value of either state.
LogicalResult SampleRules::join(Operation *op, State other, State &state) {
  if (state == other)
    return success();
  if (Result merged = merge(state, other)) {
    state = *merged;
    return success();
  }
  auto isSimple = [](State any) {
    return any.kind == State::Free || any.kind == State::Uniform;
  };
  if (isSimple(state) && isSimple(other))
    state = State();
  else if ((isSimple(state) && other.kind == State::PerSample) ||
           (isSimple(other) && state.kind == State::PerSample))
    state = {State::PerSample, 0};
  else
    return fail(op, "a value has a batch in one case and none in another");
  return success();
}

/// Whether the loop has as many iterations for each sample.
bool SampleRules::mayBeBatchLoop(scf::ForOp op) const {
  std::optional<int64_t> rows = getConstantIntValue(op.getUpperBound());
  return rowsOfLoop == 0 && getConstantIntValue(op.getLowerBound()) == 0 &&
         getConstantIntValue(op.getStep()) == 1 && rows && *rows > 0 &&
         *rows % batch == 0;
}

LogicalResult SampleRules::visitFor(scf::ForOp op) {
  // A loop along another dimension may happen to be as long.
  commonLoops.erase(op);
  if (succeeded(visitLoop(op, /*isOverBatch=*/false))) {
    // (A tensor that has no sample's rows may hold something of each.)
    if (llvm::any_of(op.getResults(), [&](Value result) {
          return get(result).kind != State::Free ||
                 getPossibleDimensions(result.getType()) == 0;
        }))
      commonLoops.insert(op);
    return success();
  }
  if (!mayBeBatchLoop(op))
    return failure();
  culprit = nullptr;
  return visitLoop(op, /*isOverBatch=*/true);
}

LogicalResult SampleRules::visitLoop(scf::ForOp op, bool isOverBatch) {
  State bound;
  for (Value value : {op.getLowerBound(), op.getUpperBound(), op.getStep()})
    if (get(value).kind != State::Free)
      bound = get(value);
  if (bound.kind == State::RowIndex)
    return fail(op, usesPlace);
  set(op.getInductionVar(), isOverBatch ? State{State::RowIndex, 0} : bound);

  SmallVector<State> carried;
  for (Value initial : op.getInitArgs()) {
    State state = get(initial);
    // As if each row were its sample's: nothing but writing to the own row is
    // allowed then.
    if (isOverBatch && state.isRow())
      state.kind = State::Batched;
    carried.push_back(state);
  }
  // States only rise, so this ends.
  for (bool hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (auto [argument, state] : llvm::zip(op.getRegionIterArgs(), carried))
      set(argument, state);
    if (failed(isOverBatch ? visitRows(*op.getBody(),
                                       *getConstantIntValue(op.getUpperBound()),
                                       /*outer=*/1)
                           : visitBlock(*op.getBody())))
      return failure();
    for (auto [argument, yielded, state] :
         llvm::zip(op.getRegionIterArgs(),
                   op.getBody()->getTerminator()->getOperands(), carried)) {
      if (isOverBatch && yielded != argument &&
          get(yielded).kind != State::Batched)
        return fail(op, "it hands a value on from one sample to the next");
      State before = state;
      if (failed(join(op, get(yielded), state)) ||
          (bound.kind == State::PerSample && state.kind == State::Free &&
           failed(join(op, bound, state))))
        return failure();
      hasChanged |= state != before;
    }
  }
  for (auto [result, state] : llvm::zip(op.getResults(), carried)) {
    // Nothing was written to it: that would have been in one dimension.
    if (llvm::popcount(state.dimensions) > 1)
      state.kind = State::Uniform;
    set(result, state);
  }
  return success();
}

/// A loop whose condition is the same for all samples, or in a loop over the
/// batch that of one sample.
LogicalResult SampleRules::visitWhile(scf::WhileOp op) {
  scf::ConditionOp condition = op.getConditionOp();
  SmallVector<State> carried;
  for (Value initial : op.getInits())
    carried.push_back(get(initial));
  State goesOn;
  auto joinWithCondition = [&](State &state) -> LogicalResult {
    if (goesOn.kind == State::PerSample && state.kind == State::Free)
      return join(op, goesOn, state);
    return success();
  };
  for (bool hasChanged = true; hasChanged;) {
    hasChanged = false;
    for (auto [argument, state] : llvm::zip(op.getBeforeArguments(), carried))
      set(argument, state);
    if (failed(visitBlock(*op.getBeforeBody())))
      return failure();
    goesOn = get(condition.getCondition());
    if (goesOn.kind == State::RowIndex)
      return fail(op, usesPlace);
    for (auto [argument, value] :
         llvm::zip(op.getAfterArguments(), condition.getArgs()))
      set(argument, get(value));
    if (failed(visitBlock(*op.getAfterBody())))
      return failure();
    for (auto [yielded, state] :
         llvm::zip(op.getYieldOp().getOperands(), carried)) {
      State before = state;
      if (failed(join(op, get(yielded), state)) ||
          failed(joinWithCondition(state)))
        return failure();
      hasChanged |= state != before;
    }
  }
  for (auto [result, value] : llvm::zip(op.getResults(), condition.getArgs())) {
    State state = get(value);
    if (failed(joinWithCondition(state)))
      return failure();
    set(result, state);
  }
  return success();
}

LogicalResult SampleRules::visitIf(scf::IfOp op) {
  State condition = get(op.getCondition());
  if (condition.kind == State::RowIndex)
    return fail(op, usesPlace);
  for (Region *region : {&op.getThenRegion(), &op.getElseRegion()})
    if (!region->empty() && failed(visitBlock(region->front())))
      return failure();
  for (OpResult result : op->getResults()) {
    unsigned number = result.getResultNumber();
    State state = get(op.thenYield().getOperand(number));
    if (failed(join(op, get(op.elseYield().getOperand(number)), state)) ||
        (condition.kind == State::PerSample && state.kind != State::Batched &&
         failed(join(op, condition, state))))
      return failure();
    set(result, state);
  }
  return success();
}
