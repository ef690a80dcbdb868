// The parameters of recurrent operators: see Recurrence.h.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Recurrence.h"
#include "compiler/Frontend/Shape.h"

using namespace mlir;

namespace toeplitz {

// Inputs of all three operators, and those that LSTM has besides.
constexpr size_t inputWeights = 1, stateWeights = 2, biasInput = 3,
                 lengthsInput = 4, initialState = 5, initialCell = 6,
                 peepholes = 7;

namespace {

struct ActivationAttributes {
  llvm::SmallVector<std::string> names;
  llvm::SmallVector<double> alphas, betas;
};

} // namespace

static LogicalResult readAttributes(OnnxNode &node,
                                    RecurrentParameters &parameters,
                                    ActivationAttributes &activations,
                                    int64_t &hidden) {
  std::string direction = "forward";
  double clip = 0;
  AttributeReader attributes = node.getAttributes();
  attributes.integer("hidden_size", hidden, 1)
      .word("direction", direction, {"forward", "reverse", "bidirectional"})
      .words("activations", activations.names)
      .numbers("activation_alpha", activations.alphas)
      .numbers("activation_beta", activations.betas)
      .number("clip", clip);
  if (node.getVersion() >= 14)
    attributes.boolean("layout", parameters.isBatchFirst);
  if (node.getOperator() == "LSTM")
    attributes.boolean("input_forget", parameters.isCoupled);
  if (node.getOperator() == "GRU")
    attributes.boolean("linear_before_reset", parameters.isLinearFirst);
  if (failed(attributes.finish()))
    return failure();
  // 0 stands for no limit.
  if (clip < 0)
    return node.error() << "attribute 'clip' is " << clip
                        << ", expected at least 0";
  if (clip > 0)
    parameters.clip = clip;
  parameters.isReversed = direction == "reverse";
  parameters.directions = direction == "bidirectional" ? 2 : 1;
  return success();
}

static LogicalResult readActivations(OnnxNode &node,
                                     RecurrentParameters &parameters,
                                     ActivationAttributes &attributes,
                                     llvm::ArrayRef<llvm::StringRef> defaults) {
  size_t count = defaults.size() * parameters.directions;
  if (attributes.names.empty())
    for (int64_t d = 0; d < parameters.directions; ++d)
      for (llvm::StringRef name : defaults)
        attributes.names.push_back(name.str());
  // Some models give those of two directions though they have one: the
  // specification's default of RNN does.
  if (attributes.names.size() == 2 * count && parameters.directions == 1)
    attributes.names.truncate(count);
  if (attributes.names.size() != count)
    return node.error() << "attribute 'activations' has "
                        << attributes.names.size() << " functions, expected "
                        << count;
  auto activations = readRecurrentActivations(
      node, attributes.names, attributes.alphas, attributes.betas);
  if (failed(activations))
    return failure();
  parameters.activations = std::move(*activations);
  return success();
}

static LogicalResult checkShape(OnnxNode &node, size_t input,
                                llvm::ArrayRef<int64_t> expected) {
  if (!node.hasInput(input) || node.getShape(input) == expected)
    return success();
  return node.error() << "input " << input << " has shape "
                      << formatShape(node.getShape(input)) << ", expected "
                      << formatShape(expected);
}

/// Checks every input against the sizes.
static LogicalResult checkInputs(OnnxNode &node, const RecurrentParameters &p) {
  for (size_t input : {inputWeights, stateWeights, biasInput, initialState,
                       initialCell, peepholes})
    if (node.hasInput(input) && failed(node.checkSameType(0, input)))
      return failure();
  if (node.hasInput(lengthsInput) &&
      failed(node.checkType(
          lengthsInput,
          [](ElementType type) { return type == ElementType::Int32; },
          "int32")))
    return failure();
  int64_t rows = p.gates * p.hidden;
  llvm::SmallVector<int64_t> state = {p.directions, p.batch, p.hidden};
  if (p.isBatchFirst)
    std::swap(state[0], state[1]);
  return success(
      succeeded(
          checkShape(node, inputWeights, {p.directions, rows, p.inputSize})) &&
      succeeded(
          checkShape(node, stateWeights, {p.directions, rows, p.hidden})) &&
      succeeded(checkShape(node, biasInput, {p.directions, 2 * rows})) &&
      succeeded(checkShape(node, lengthsInput, {p.batch})) &&
      succeeded(checkShape(node, initialState, state)) &&
      succeeded(checkShape(node, initialCell, state)) &&
      succeeded(checkShape(node, peepholes, {p.directions, 3 * p.hidden})));
}

llvm::FailureOr<RecurrentParameters>
readRecurrentParameters(OnnxNode &node, int64_t gates,
                        llvm::ArrayRef<llvm::StringRef> activations) {
  RecurrentParameters parameters;
  parameters.gates = gates;
  ActivationAttributes attributes;
  int64_t stated = 0;
  if (failed(readAttributes(node, parameters, attributes, stated)) ||
      failed(node.checkFloat(0)) || failed(node.checkRank(0, 3, 3)) ||
      failed(node.checkRank(stateWeights, 3, 3)) ||
      failed(readActivations(node, parameters, attributes, activations)))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  parameters.steps = shape[parameters.isBatchFirst ? 1 : 0];
  parameters.batch = shape[parameters.isBatchFirst ? 0 : 1];
  parameters.inputSize = shape[2];
  parameters.hidden = node.getShape(stateWeights)[2];
  parameters.type =
      isHalfPrecision(node.getType()) ? ElementType::Float32 : node.getType();
  if (stated && stated != parameters.hidden)
    return LogicalResult(node.error()
                         << "attribute 'hidden_size' is " << stated
                         << ", but input " << stateWeights << " has shape "
                         << formatShape(node.getShape(stateWeights)));
  if (llvm::is_contained(shape, 0) || parameters.hidden == 0)
    return LogicalResult(node.error()
                         << "its input has shape " << formatShape(shape)
                         << " and its state " << parameters.hidden
                         << " elements: empty ones are not supported");
  if (failed(node.checkResultShape(
          {parameters.steps, parameters.batch, gates * parameters.hidden})) ||
      failed(checkInputs(node, parameters)))
    return failure();
  return parameters;
}

} // namespace toeplitz
