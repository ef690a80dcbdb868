// Operators that compute a subgraph again and again: Loop and Scan.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Iteration.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

/// Takes errors and warnings while it exists: what is tried may fail.
class QuietDiagnostics {
public:
  explicit QuietDiagnostics(MLIRContext *context)
      : handler(context, [this](Diagnostic &diagnostic) {
          if (problem.empty() &&
              diagnostic.getSeverity() == DiagnosticSeverity::Error)
            problem = diagnostic.str();
          return success();
        }) {}

  /// The first error.
  std::string problem;

private:
  ScopedDiagnosticHandler handler;
};

/// Whether a graph hands an input on as it is: what some exporters do with
/// constants that the body needs.
static bool passesThrough(const onnx::GraphProto &graph, int input,
                          int output) {
  llvm::StringRef name = graph.output(output).name();
  // Nodes needn't be in order, but a name has one node.
  for (int steps = 0; steps <= graph.node_size(); ++steps) {
    if (name == graph.input(input).name())
      return true;
    auto node =
        llvm::find_if(graph.node(), [&](const onnx::NodeProto &candidate) {
          return candidate.op_type() == "Identity" &&
                 candidate.input_size() == 1 && candidate.output_size() == 1 &&
                 candidate.output(0) == name;
        });
    if (node == graph.node().end())
      return false;
    name = node->input(0);
  }
  return false;
}

static LogicalResult checkBodyCounts(OnnxNode &node,
                                     const onnx::GraphProto &body,
                                     size_t inputs, size_t outputs) {
  auto check = [&](int found, size_t expected,
                   llvm::StringRef what) -> LogicalResult {
    if (found == static_cast<int64_t>(expected))
      return success();
    return node.error() << "the body has " << found << " " << what
                        << ", expected " << expected;
  };
  return success(succeeded(check(body.input_size(), inputs, "inputs")) &&
                 succeeded(check(body.output_size(), outputs, "results")));
}

static LogicalResult checkInputsAreThere(OnnxNode &node, size_t first) {
  for (size_t index = first; index < node.getInputCount(); ++index)
    if (!node.hasInput(index))
      return node.error() << "input " << index << " is missing";
  return success();
}

// --- Loop --------------------------------------------------------------------

namespace {

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
  Value makeInteger(int64_t number);
  /// The draft, or none and the reason.
  std::optional<LoopDraft> tryDraft(std::string &problem);
  LogicalResult buildNone();
  LogicalResult buildUnrolled(llvm::StringRef problem);
  LogicalResult buildCounted(LoopDraft &draft);
  LogicalResult buildConditional(LoopDraft &draft);
  /// Reports the input that decides how often the body is computed; a problem
  /// of the body if neither is computed.
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

Value LoopBuilder::makeInteger(int64_t number) {
  OpBuilder &builder = node.getBuilder();
  return arith::ConstantIntOp::create(builder, node.getLocation(),
                                      builder.getI64Type(), number);
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
  QuietDiagnostics quiet(node.getBuilder().getContext());
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
  for (OnnxValue collected : one->results.collected) {
    llvm::SmallVector<int64_t> shape(collected.getShape());
    shape.front() = 0;
    results.collected.push_back(makeEmptyTensor(node, shape, collected.type));
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
  return finish(keepUnrolled(*unrolled));
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
    count = makeInteger(*trips);
  if (computedFirst)
    count = arith::SelectOp::create(builder, location, computedFirst, count,
                                    makeInteger(0));
  count = arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                     count);
  return finish(emitCountedLoop(node, draft, count));
}

LogicalResult LoopBuilder::buildConditional(LoopDraft &draft) {
  // A condition that depends on nothing but the loop's own constants says how
  // many iterations there are.
  if (!isCountComputed()) {
    QuietDiagnostics quiet(node.getBuilder().getContext());
    auto counted = unrollLoop(node, initial, trips, getBody());
    if (succeeded(counted)) {
      counted->place.erase();
      trips = counted->count;
    }
    if (succeeded(counted))
      return buildCounted(draft);
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
    limit = makeInteger(*trips);
  return finish(emitConditionalLoop(node, draft, condition, limit));
}

LogicalResult LoopBuilder::build() {
  if (failed(checkInputsAreThere(node, firstState)))
    return failure();
  if (node.getInputCount() > firstState)
    initial.assign(node.getInputs().begin() + firstState,
                   node.getInputs().end());
  // The body has the condition where the node has none, and the number of the
  // iteration and the condition where that has what begins the loop.
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
      computedTrips = arith::MinSIOp::create(
          node.getBuilder(), node.getLocation(), computedTrips, makeInteger(1));
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

// --- Scan --------------------------------------------------------------------

namespace {

/// The parameters of a Scan.
struct ScanParameters {
  const onnx::GraphProto *body = nullptr;
  size_t states = 0;
  /// For each scan input, and for each result that is collected.
  llvm::SmallVector<int64_t> inputAxes, inputDirections;
  llvm::SmallVector<int64_t> outputAxes, outputDirections;
};

} // namespace

/// A list of one number for each input or output, zeros if it's missing.
static LogicalResult checkList(OnnxNode &node, llvm::StringRef name,
                               llvm::SmallVectorImpl<int64_t> &numbers,
                               size_t count, bool isDirection) {
  if (!node.hasAttribute(name))
    numbers.assign(count, 0);
  if (numbers.size() != count)
    return node.error() << "attribute '" << name << "' has " << numbers.size()
                        << " numbers, expected " << count;
  if (isDirection)
    for (int64_t number : numbers)
      if (number != 0 && number != 1)
        return node.error() << "attribute '" << name << "' has " << number
                            << ", expected 0 or 1";
  return success();
}

/// `first` is the first input that isn't the lengths of sequences.
static LogicalResult readScanParameters(OnnxNode &node, size_t first,
                                        ScanParameters &parameters) {
  bool hasBatch = node.getVersion() < 9;
  int64_t scans = 0;
  AttributeReader attributes = node.getAttributes();
  attributes.graph("body", parameters.body)
      .required()
      .integer("num_scan_inputs", scans, 1)
      .required();
  llvm::StringRef directions =
      hasBatch ? "directions" : "scan_input_directions";
  attributes.integers(directions, parameters.inputDirections);
  if (!hasBatch)
    attributes.integers("scan_input_axes", parameters.inputAxes)
        .integers("scan_output_axes", parameters.outputAxes)
        .integers("scan_output_directions", parameters.outputDirections);
  if (failed(attributes.finish()) || failed(checkInputsAreThere(node, first)))
    return failure();
  auto inputs = static_cast<int64_t>(node.getInputCount() - first);
  if (scans > inputs)
    return node.error() << "attribute 'num_scan_inputs' is " << scans
                        << ", expected at most " << inputs;
  parameters.states = inputs - scans;
  if (node.getResultCount() < parameters.states)
    return node.error() << "it has " << node.getResultCount()
                        << " results, expected at least " << parameters.states;
  size_t collected = node.getResultCount() - parameters.states;
  return success(
      succeeded(checkList(node, directions, parameters.inputDirections, scans,
                          /*isDirection=*/true)) &&
      succeeded(checkList(node, "scan_input_axes", parameters.inputAxes, scans,
                          /*isDirection=*/false)) &&
      succeeded(checkList(node, "scan_output_axes", parameters.outputAxes,
                          collected, /*isDirection=*/false)) &&
      succeeded(checkList(node, "scan_output_directions",
                          parameters.outputDirections, collected,
                          /*isDirection=*/true)) &&
      succeeded(checkBodyCounts(node, *parameters.body, inputs,
                                node.getResultCount())));
}

/// Walks along the first dimension of the scan inputs. All results of the body
/// but the states are collected along the first dimension, too.
static llvm::FailureOr<LoopResults> emitScan(OnnxNode &node,
                                             const ScanParameters &parameters,
                                             llvm::ArrayRef<OnnxValue> states,
                                             llvm::ArrayRef<OnnxValue> scans) {
  int64_t count = scans.front().getShape().front();
  const onnx::GraphProto &body = *parameters.body;
  llvm::SmallVector<bool> isUnchanged;
  for (int state = 0; state < static_cast<int>(states.size()); ++state)
    isUnchanged.push_back(passesThrough(body, state, state));
  auto emitIteration = [&](Value number, llvm::ArrayRef<OnnxValue> carried,
                           IterationResults &results) -> LogicalResult {
    llvm::SmallVector<OnnxValue> inputs, values;
    for (auto [index, value] : llvm::enumerate(carried))
      inputs.push_back(isUnchanged[index] ? states[index] : value);
    for (auto [scan, direction] :
         llvm::zip_equal(scans, parameters.inputDirections))
      inputs.push_back(
          emitPart(node, scan,
                   direction == 1 ? emitFromEnd(node, number, count) : number));
    if (failed(node.getContext().importSubgraph(body, inputs, values)))
      return failure();
    for (auto [index, value] : llvm::enumerate(values))
      if (index >= states.size())
        results.collected.push_back(value);
      else
        results.carried.push_back(isUnchanged[index] ? carried[index] : value);
    return success();
  };
  auto draft = draftLoop(node, states, emitIteration);
  if (failed(draft))
    return failure();
  llvm::FailureOr<LoopResults> results;
  if (count == 0) {
    results = emitNoIterations(node, *draft);
    draft->loop.erase();
  } else {
    auto isReversed =
        llvm::map_to_vector(parameters.outputDirections,
                            [](int64_t direction) { return direction == 1; });
    results = emitCountedLoop(node, *draft, count, isReversed);
    if (failed(results))
      return failure();
  }
  for (auto [index, state] : llvm::enumerate(states))
    if (isUnchanged[index])
      results->carried[index] = state;
  return results;
}

/// Checks that inputs have as many positions along a dimension of each.
static LogicalResult checkSameSizes(OnnxNode &node, size_t first,
                                    llvm::ArrayRef<int64_t> dimensions) {
  int64_t size = node.getShape(first)[dimensions.front()];
  for (auto [index, dimension] : llvm::enumerate(dimensions))
    if (node.getShape(first + index)[dimension] != size)
      return node.error() << "input " << first + index << " has shape "
                          << formatShape(node.getShape(first + index))
                          << ", expected " << size << " in dimension "
                          << dimension << " as input " << first;
  return success();
}

/// Opset 8: all inputs and results have a batch in front of what others have,
/// and sequences are scanned along the dimension behind it.
static LogicalResult buildBatchedScan(OnnxNode &node) {
  constexpr size_t first = 1;
  if (node.hasInput(0))
    return node.error() << "input 0, the lengths of the sequences, is not "
                           "supported: all have the length of the inputs";
  ScanParameters parameters;
  if (failed(readScanParameters(node, first, parameters)))
    return failure();
  llvm::ArrayRef<OnnxValue> inputs = node.getInputs().drop_front(first);
  for (size_t index = 0; index < inputs.size(); ++index)
    if (failed(node.checkRank(first + index, index < parameters.states ? 1 : 2,
                              maximumTensorRank)))
      return failure();
  llvm::SmallVector<int64_t> batches(inputs.size(), 0);
  llvm::SmallVector<int64_t> sequences(inputs.size() - parameters.states, 1);
  if (failed(checkSameSizes(node, first, batches)) ||
      failed(checkSameSizes(node, first + parameters.states, sequences)))
    return failure();
  auto emitSample = [&](Value number, llvm::ArrayRef<OnnxValue>,
                        IterationResults &results) -> LogicalResult {
    llvm::SmallVector<OnnxValue> states, scans;
    for (auto [index, input] : llvm::enumerate(inputs))
      (index < parameters.states ? states : scans)
          .push_back(emitPart(node, input, number));
    auto sample = emitScan(node, parameters, states, scans);
    if (failed(sample))
      return failure();
    results.collected = sample->carried;
    llvm::append_range(results.collected, sample->collected);
    return success();
  };
  auto draft = draftLoop(node, {}, emitSample);
  if (failed(draft))
    return failure();
  llvm::SmallVector<bool> isReversed(node.getResultCount(), false);
  int64_t batch = inputs.front().getShape().front();
  auto results = emitCountedLoop(node, *draft, batch, isReversed);
  if (failed(results))
    return failure();
  for (auto [index, value] : llvm::enumerate(results->collected))
    node.setResult(index, value);
  return success();
}

/// The dimensions of a tensor of that rank with `first` before the others.
static llvm::SmallVector<int64_t> bringToFront(int64_t rank, int64_t first) {
  llvm::SmallVector<int64_t> permutation = {first};
  for (int64_t d = 0; d < rank; ++d)
    if (d != first)
      permutation.push_back(d);
  return permutation;
}

static LogicalResult buildScan(OnnxNode &node) {
  ScanParameters parameters;
  if (failed(readScanParameters(node, /*first=*/0, parameters)))
    return failure();
  size_t states = parameters.states;
  llvm::SmallVector<OnnxValue> scans;
  for (auto [index, axis] : llvm::enumerate(parameters.inputAxes)) {
    OnnxValue input = node.getInput(states + index);
    if (failed(node.checkRank(states + index, 1, maximumTensorRank)))
      return failure();
    auto dimension = node.normalizeAxis(axis, input.getRank(),
                                        "attribute 'scan_input_axes'");
    if (failed(dimension))
      return failure();
    axis = *dimension;
    scans.push_back(
        emitTranspose(node, input, bringToFront(input.getRank(), axis)));
  }
  if (failed(checkSameSizes(node, states, parameters.inputAxes)))
    return failure();
  auto results =
      emitScan(node, parameters, node.getInputs().take_front(states), scans);
  if (failed(results))
    return failure();
  for (auto [index, value] : llvm::enumerate(results->carried))
    node.setResult(index, value);
  for (auto [index, value] : llvm::enumerate(results->collected)) {
    auto axis =
        node.normalizeAxis(parameters.outputAxes[index], value.getRank(),
                           "attribute 'scan_output_axes'");
    if (failed(axis))
      return failure();
    // The first dimension goes where the axis is.
    llvm::SmallVector<int64_t> permutation;
    for (int64_t d = 0; d < value.getRank(); ++d)
      permutation.push_back(d < *axis ? d + 1 : d == *axis ? 0 : d);
    node.setResult(states + index, emitTranspose(node, value, permutation));
  }
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxIterationOperators() {
  static const OnnxOperator operators[] = {
      {"Loop", 1, newestOpset, 0, anyCount, anyCount, buildLoop},
      {"Scan", 8, 8, 0, anyCount, anyCount, buildBatchedScan},
      {"Scan", 9, newestOpset, 1, anyCount, anyCount, buildScan}};
  return operators;
}

} // namespace toeplitz
