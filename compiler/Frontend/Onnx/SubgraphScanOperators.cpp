// Scan: a subgraph is computed for each part of tensors along a dimension.
// (Sums along a dimension are in ScanOperators.cpp.)

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Iteration.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

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

llvm::ArrayRef<OnnxOperator> getOnnxSubgraphScanOperators() {
  static const OnnxOperator operators[] = {
      {"Scan", 8, 8, 0, anyCount, anyCount, buildBatchedScan},
      {"Scan", 9, newestOpset, 1, anyCount, anyCount, buildScan}};
  return operators;
}

} // namespace toeplitz
