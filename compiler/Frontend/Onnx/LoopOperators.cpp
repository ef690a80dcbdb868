// Loop: a subgraph is computed a number of times, or until a condition is
// false.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Iteration.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <functional>

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

namespace {

/// Takes the errors while it exists, since what is tried may fail; warnings
/// too, if nothing of it is kept.
class QuietDiagnostics {
public:
  QuietDiagnostics(MLIRContext *context, bool keepsWarnings)
      : handler(context, [this, keepsWarnings](Diagnostic &diagnostic) {
          bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
          if (problem.empty() && isError)
            problem = diagnostic.str();
          return success(isError || !keepsWarnings);
        }) {}

  /// The first error.
  std::string problem;

private:
  ScopedDiagnosticHandler handler;
};

class LoopBuilder {
public:
  LoopBuilder(OnnxNode &node, const onnx::GraphProto &body)
      : node(node), body(body) {}

  LogicalResult build();

private:
  static constexpr size_t tripsInput = 0, conditionInput = 1, firstState = 2;

  LogicalResult readTrips();
  LogicalResult readFirstCondition();
  LogicalResult emitIteration(Value number, llvm::ArrayRef<OnnxValue> carried,
                              IterationResults &results);
  OnnxValue makeNumber(Value number);
  /// The draft, or none and the reason.
  std::optional<LoopDraft> tryDraft(std::string &problem);
  /// The number of iterations, if the condition is known after each.
  std::optional<int64_t> tryCounting();
  LogicalResult buildNone();
  LogicalResult buildUnrolled(llvm::StringRef problem);
  LogicalResult buildCounted(LoopDraft &draft);
  LogicalResult buildConditional(LoopDraft &draft);
  /// Reports the computed input that decides how often the body is computed.
  LogicalResult reportUnknownCount(const llvm::Twine &reason);
  LogicalResult finish(const llvm::FailureOr<LoopResults> &results);

  bool collects() const {
    return llvm::any_of(
        llvm::seq<size_t>(initial.size(), node.getResultCount()),
        [&](size_t result) { return node.isResultUsed(result); });
  }
  std::string describeCollected() const;
  bool isCountComputed() const { return computedTrips || computedFirst; }
  IterationBody getBody() { return iteration; }

  OnnxNode &node;
  const onnx::GraphProto &body;
  llvm::SmallVector<OnnxValue> initial;
  /// States that the body hands on as they are.
  llvm::SmallVector<bool> isUnchanged;
  /// The largest number of iterations: known, computed (an i64), or neither if
  /// there is none.
  std::optional<int64_t> trips;
  Value computedTrips;
  /// The condition before the first iteration, true if it isn't computed (an
  /// i1).
  bool first = true;
  Value computedFirst;

  std::function<LogicalResult(Value, llvm::ArrayRef<OnnxValue>,
                              IterationResults &)>
      iteration = [this](Value number, llvm::ArrayRef<OnnxValue> carried,
                         IterationResults &results) {
        return emitIteration(number, carried, results);
      };
};

} // namespace

LogicalResult LoopBuilder::readTrips() {
  if (!node.hasInput(tripsInput))
    return success();
  if (failed(node.checkType(
          tripsInput,
          [](ElementType type) { return type == ElementType::Int64; },
          "int64")) ||
      failed(node.checkOneElement(tripsInput)))
    return failure();
  if (node.isConstant(tripsInput)) {
    auto numbers = readIntegers(getConstant(node.getValue(tripsInput)),
                                ElementType::Int64);
    if (!numbers)
      return node.reportUnknown(tripsInput);
    trips = std::max<int64_t>(numbers->front(), 0);
    return success();
  }
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  llvm::SmallVector<Value> place(
      node.getRank(tripsInput),
      arith::ConstantIndexOp::create(builder, location, 0));
  computedTrips = tensor::ExtractOp::create(builder, location,
                                            node.getValue(tripsInput), place);
  return success();
}

LogicalResult LoopBuilder::readFirstCondition() {
  if (!node.hasInput(conditionInput))
    return success();
  // (Checked for constants too.)
  auto condition = readCondition(node, conditionInput);
  if (failed(condition))
    return failure();
  if (auto known = getKnownCondition(node.getInput(conditionInput)))
    first = *known;
  else
    computedFirst = *condition;
  return success();
}

OnnxValue LoopBuilder::makeNumber(Value number) {
  // Some exporters declare one dimension.
  int64_t rank =
      body.input(0).type().tensor_type().shape().dim_size() == 1 ? 1 : 0;
  llvm::SmallVector<int64_t> shape(rank, 1);
  if (std::optional<int64_t> known = getConstantIntValue(number))
    return makeTensor(node, shape, ElementType::Int64,
                      llvm::ArrayRef<int64_t>(*known));
  return emitElements(
      node, shape, ElementType::Int64, [&](PositionBuilder &at) -> Value {
        return arith::IndexCastOp::create(at.builder, at.location,
                                          at.builder.getI64Type(), number);
      });
}

LogicalResult LoopBuilder::emitIteration(Value number,
                                         llvm::ArrayRef<OnnxValue> carried,
                                         IterationResults &results) {
  // Whenever the body is computed its condition holds.
  llvm::SmallVector<OnnxValue> inputs = {
      makeNumber(number), makeSplat(node, {}, ElementType::Bool, 1)};
  for (auto [index, value] : llvm::enumerate(carried))
    inputs.push_back(isUnchanged[index] ? initial[index] : value);
  llvm::SmallVector<OnnxValue> values;
  if (failed(node.getContext().importSubgraph(body, inputs, values)))
    return failure();
  results.condition = values.front();
  if (results.condition.type != ElementType::Bool ||
      results.condition.getTensorType().getNumElements() != 1)
    return node.error() << "the body's condition has type "
                        << getName(results.condition.type) << " and shape "
                        << formatShape(results.condition.getShape())
                        << ", expected one bool";
  for (auto [result, value] :
       llvm::enumerate(llvm::ArrayRef(values).drop_front()))
    if (result >= initial.size()) {
      if (node.isResultUsed(result))
        results.collected.push_back(value);
    } else {
      results.carried.push_back(isUnchanged[result] ? carried[result] : value);
    }
  return success();
}

std::optional<LoopDraft> LoopBuilder::tryDraft(std::string &problem) {
  QuietDiagnostics quiet(node.getBuilder().getContext(),
                         /*keepsWarnings=*/true);
  auto draft = draftLoop(node, initial, getBody());
  if (succeeded(draft))
    return std::move(*draft);
  problem = quiet.problem;
  return std::nullopt;
}

std::string LoopBuilder::describeCollected() const {
  for (size_t result = initial.size(); result < node.getResultCount(); ++result)
    if (node.isResultUsed(result))
      return ("result " + llvm::Twine(result) +
              " has a part for each iteration, and its shape must be known")
          .str();
  return "";
}

LogicalResult LoopBuilder::reportUnknownCount(const llvm::Twine &reason) {
  std::string text = reason.str();
  return node.reportUnknown(computedTrips ? tripsInput : conditionInput, text);
}

LogicalResult LoopBuilder::finish(const llvm::FailureOr<LoopResults> &results) {
  if (failed(results))
    return failure();
  for (auto [index, value] : llvm::enumerate(results->carried))
    node.setResult(index, isUnchanged[index] ? initial[index] : value);
  size_t next = 0;
  for (size_t result = initial.size(); result < node.getResultCount(); ++result)
    if (node.isResultUsed(result))
      node.setResult(result, results->collected[next++]);
  return success();
}

/// The shapes of what would have been collected are those that the body has.
LogicalResult LoopBuilder::buildNone() {
  LoopResults results;
  results.carried = initial;
  if (!collects())
    return finish(results);
  std::string problem;
  if (auto draft = tryDraft(problem)) {
    results = emitNoIterations(node, *draft);
    draft->loop.erase();
    return finish(results);
  }
  auto one = unrollLoop(node, initial, /*limit=*/1, getBody(), problem);
  if (failed(one))
    return failure();
  for (llvm::ArrayRef<OnnxValue> parts : one->parts) {
    llvm::SmallVector<int64_t> shape(parts.front().getShape());
    shape.insert(shape.begin(), 0);
    results.collected.push_back(
        makeEmptyTensor(node, shape, parts.front().type));
  }
  one->place.erase();
  return finish(results);
}

LogicalResult LoopBuilder::buildUnrolled(llvm::StringRef problem) {
  if (isCountComputed())
    return reportUnknownCount("body: " + problem);
  auto unrolled = unrollLoop(node, initial, trips, getBody(), problem);
  if (failed(unrolled))
    return failure();
  return finish(keepUnrolled(node, *unrolled));
}

LogicalResult LoopBuilder::buildCounted(LoopDraft &draft) {
  if (!trips && !computedTrips) {
    draft.loop.erase();
    return node.error() << "it never ends: it has no number of iterations, and "
                           "its condition stays true";
  }
  if (!isCountComputed()) {
    llvm::SmallVector<bool> isReversed(draft.results.collected.size(), false);
    return finish(emitCountedLoop(node, draft, *trips, isReversed));
  }
  if (collects()) {
    draft.loop.erase();
    return reportUnknownCount(describeCollected());
  }
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  Value count = computedTrips;
  if (!count)
    count = makeInteger(node, *trips);
  if (computedFirst)
    count = arith::SelectOp::create(builder, location, computedFirst, count,
                                    makeInteger(node, 0));
  count = arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                     count);
  return finish(emitCountedLoop(node, draft, count));
}

std::optional<int64_t> LoopBuilder::tryCounting() {
  QuietDiagnostics quiet(node.getBuilder().getContext(),
                         /*keepsWarnings=*/false);
  auto unrolled = unrollLoop(node, initial, trips, getBody());
  if (failed(unrolled))
    return std::nullopt;
  unrolled->place.erase();
  return unrolled->count;
}

LogicalResult LoopBuilder::buildConditional(LoopDraft &draft) {
  // A condition that depends on nothing but the loop's own constants says how
  // many iterations there are.
  if (!isCountComputed()) {
    if (auto count = tryCounting()) {
      trips = count;
      return buildCounted(draft);
    }
  }
  if (collects()) {
    draft.loop.erase();
    if (isCountComputed())
      return reportUnknownCount(describeCollected());
    return node.error() << describeCollected()
                        << " when compiling, but the condition that ends the "
                           "loop is computed when the network runs";
  }
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  Value condition = computedFirst, limit = computedTrips;
  if (!condition)
    condition =
        arith::ConstantIntOp::create(builder, location, builder.getI1Type(), 1);
  if (trips)
    limit = makeInteger(node, *trips);
  return finish(emitConditionalLoop(node, draft, condition, limit));
}

LogicalResult LoopBuilder::build() {
  if (failed(checkInputsAreThere(node, firstState)))
    return failure();
  if (node.getInputCount() > firstState)
    initial.assign(node.getInputs().begin() + firstState,
                   node.getInputs().end());
  if (node.getResultCount() < initial.size())
    return node.error() << "it has " << node.getResultCount()
                        << " results, expected at least " << initial.size();
  if (failed(checkBodyCounts(node, body, firstState + initial.size(),
                             1 + node.getResultCount())) ||
      failed(readTrips()) || failed(readFirstCondition()))
    return failure();
  for (int state = 0; state < static_cast<int>(initial.size()); ++state)
    isUnchanged.push_back(
        passesThrough(body, static_cast<int>(firstState) + state, 1 + state));
  if (!first || trips == 0)
    return buildNone();
  std::string problem;
  auto draft = tryDraft(problem);
  if (!draft)
    return buildUnrolled(problem);
  std::optional<bool> again = getKnownCondition(draft->results.condition);
  if (!again)
    return buildConditional(*draft);
  if (!*again) {
    if (computedTrips)
      computedTrips =
          arith::MinSIOp::create(node.getBuilder(), node.getLocation(),
                                 computedTrips, makeInteger(node, 1));
    else
      trips = 1;
  }
  return buildCounted(*draft);
}

static LogicalResult buildLoop(OnnxNode &node) {
  const onnx::GraphProto *body = nullptr;
  if (failed(node.getAttributes().graph("body", body).required().finish()))
    return failure();
  return LoopBuilder(node, *body).build();
}

llvm::ArrayRef<OnnxOperator> getOnnxLoopOperators() {
  static const OnnxOperator operators[] = {
      {"Loop", 1, newestOpset, 0, anyCount, anyCount, buildLoop}};
  return operators;
}

} // namespace toeplitz
