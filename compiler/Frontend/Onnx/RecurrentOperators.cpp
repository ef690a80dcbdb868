// LSTM, GRU and RNN: their cells. Names are those of the specification: W and R
// weigh the input and the state, Wb and Rb are the biases; f, g and h the
// activation functions.

#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Recurrence.h"
#include "compiler/Frontend/Onnx/Reduction.h"

using namespace mlir;

namespace toeplitz {

constexpr size_t stateWeights = 2, initialState = 5, initialCell = 6,
                 peepholesInput = 7;

using Values = llvm::SmallVector<OnnxValue>;

/// Wb + Rb for `blocks` blocks of a bias whose Rb begins at block `gates`; null
/// without a bias.
static OnnxValue getSummedBias(const RecurrentDirection &direction,
                               int64_t gates) {
  OnnxValue input = direction.getBias(0, gates);
  if (!input)
    return input;
  OnnxValue state = direction.getBias(gates, gates);
  OnnxNode &node = direction.getNode();
  return foldValue(
      node, emitElementwise(
                node, {input, state}, input.getShape(), input.type,
                [&](OpBuilder &builder, Location location, ValueRange values) {
                  return emitAdd(builder, location, values[0], values[1],
                                 input.type);
                }));
}

/// Runs a cell in one direction.
using RunDirection = llvm::function_ref<llvm::FailureOr<Values>(
    RecurrentDirection &direction, OnnxValue input)>;

static LogicalResult buildRecurrence(OnnxNode &node,
                                     const RecurrentParameters &parameters,
                                     RunDirection run) {
  OnnxValue input = getSequences(node, parameters);
  llvm::SmallVector<Values> results;
  for (int64_t index = 0; index < parameters.directions; ++index) {
    RecurrentDirection direction(node, parameters, index);
    auto values = run(direction, input);
    if (failed(values))
      return failure();
    results.push_back(*values);
  }
  setRecurrentResults(node, parameters, results);
  return success();
}

// --- RNN --------------------------------------------------------------------

/// H = f(X W + Wb + H R + Rb)
static llvm::FailureOr<Values> runRnn(RecurrentDirection &direction,
                                      OnnxValue input) {
  const RecurrentParameters &parameters = direction.getParameters();
  OnnxValue weights = direction.getWeights(stateWeights, 0, parameters.hidden);
  return direction.run(
      input, getSummedBias(direction, parameters.gates),
      direction.getInitialState(initialState),
      [&](llvm::ArrayRef<OnnxValue> gates,
          llvm::ArrayRef<OnnxValue> states) -> llvm::FailureOr<Values> {
        auto product = direction.emitProduct(states[0], weights, OnnxValue());
        if (failed(product))
          return failure();
        return Values{
            direction.emitState({gates[0], *product}, states[0],
                                [&](ElementBuilder &code, ValueRange values) {
                                  return direction.activate(
                                      code, 0, code.add(values[0], values[1]));
                                })};
      });
}

static LogicalResult buildRnn(OnnxNode &node) {
  auto parameters = readRecurrentParameters(node, 1, {"Tanh"});
  return failed(parameters) ? failure()
                            : buildRecurrence(node, *parameters, runRnn);
}

// --- GRU --------------------------------------------------------------------

/// z = f(X Wz + H Rz + biases), r likewise,
/// h = g(X Wh + Wbh + (r * H) Rh + Rbh), or, linear_before_reset,
/// h = g(X Wh + Wbh + r * (H Rh + Rbh)),
/// H = (1 - z) * h + z * H
static llvm::FailureOr<Values> runGru(RecurrentDirection &direction,
                                      OnnxValue input) {
  const RecurrentParameters &parameters = direction.getParameters();
  OnnxNode &node = direction.getNode();
  int64_t hidden = parameters.hidden;
  bool isLinearFirst = parameters.isLinearFirst;
  OnnxValue inputBias = getSummedBias(direction, parameters.gates), stateBias;
  if (isLinearFirst && inputBias) {
    inputBias = direction.getBias(0, 3);
    stateBias = direction.getBias(3, 3);
  }
  // Either everything at once, or z and r before h.
  OnnxValue first =
      direction.getWeights(stateWeights, 0, (isLinearFirst ? 3 : 2) * hidden);
  OnnxValue last = isLinearFirst
                       ? OnnxValue()
                       : direction.getWeights(stateWeights, 2 * hidden, hidden);

  auto blend = [](ElementBuilder &code, Value update, Value next,
                  Value previous) {
    Value rest = code.subtract(code.number(1), update);
    return code.add(code.multiply(rest, next), code.multiply(update, previous));
  };
  auto step = [&](llvm::ArrayRef<OnnxValue> gates,
                  llvm::ArrayRef<OnnxValue> states) -> llvm::FailureOr<Values> {
    OnnxValue state = states[0];
    auto product = direction.emitProduct(state, first, stateBias);
    if (failed(product))
      return failure();
    OnnxValue update = direction.getBlock(*product, 0);
    OnnxValue reset = direction.getBlock(*product, 1);
    if (isLinearFirst)
      return Values{direction.emitState(
          {gates[0], gates[1], gates[2], update, reset,
           direction.getBlock(*product, 2), state},
          state, [&](ElementBuilder &code, ValueRange values) {
            Value z =
                direction.activate(code, 0, code.add(values[0], values[3]));
            Value r =
                direction.activate(code, 0, code.add(values[1], values[4]));
            Value h = direction.activate(
                code, 1, code.add(values[2], code.multiply(r, values[5])));
            return blend(code, z, h, values[6]);
          })};
    OnnxValue masked = emitElementwise(
        node, {gates[1], reset, state}, state.getShape(), state.type,
        [&](OpBuilder &builder, Location location, ValueRange values) {
          ElementBuilder code(builder, location, state.type,
                              values[0].getType());
          Value r = direction.activate(code, 0, code.add(values[0], values[1]));
          return code.multiply(r, values[2]);
        });
    auto candidate = direction.emitProduct(masked, last, OnnxValue());
    if (failed(candidate))
      return failure();
    return Values{direction.emitState(
        {gates[0], gates[2], update, *candidate, state}, state,
        [&](ElementBuilder &code, ValueRange values) {
          Value z = direction.activate(code, 0, code.add(values[0], values[2]));
          Value h = direction.activate(code, 1, code.add(values[1], values[3]));
          return blend(code, z, h, values[4]);
        })};
  };
  return direction.run(input, inputBias,
                       direction.getInitialState(initialState), step);
}

static LogicalResult buildGru(OnnxNode &node) {
  auto parameters = readRecurrentParameters(node, 3, {"Sigmoid", "Tanh"});
  return failed(parameters) ? failure()
                            : buildRecurrence(node, *parameters, runGru);
}

// --- LSTM -------------------------------------------------------------------

namespace {

/// The weights of the cell at its own gates; null without them.
struct Peepholes {
  OnnxValue input, output, forget;
};

} // namespace

static Peepholes getPeepholes(const RecurrentDirection &direction) {
  if (!direction.getNode().hasInput(peepholesInput))
    return {};
  int64_t hidden = direction.getParameters().hidden;
  auto get = [&](int64_t place) {
    return direction.getWeights(peepholesInput, place * hidden, hidden);
  };
  return {get(0), get(1), get(2)};
}

/// i = f(X Wi + H Ri + Pi * C + biases), and so on (the gates are in the order
/// i, o, f, c),
/// C' = f * C + i * g(c),
/// H = f(o + Po * C') * h(C')
static llvm::FailureOr<Values> runLstm(RecurrentDirection &direction,
                                       OnnxValue input) {
  const RecurrentParameters &parameters = direction.getParameters();
  OnnxValue weights = direction.getWeights(
      stateWeights, 0, parameters.gates * parameters.hidden);
  Peepholes peepholes = getPeepholes(direction);
  auto step = [&](llvm::ArrayRef<OnnxValue> gates,
                  llvm::ArrayRef<OnnxValue> states) -> llvm::FailureOr<Values> {
    OnnxValue state = states[0], cell = states[1];
    auto product = direction.emitProduct(state, weights, OnnxValue());
    if (failed(product))
      return failure();
    llvm::SmallVector<OnnxValue> operands = {
        gates[0], direction.getBlock(*product, 0),
        gates[2], direction.getBlock(*product, 2),
        gates[3], direction.getBlock(*product, 3),
        cell};
    if (peepholes.input)
      operands.append({peepholes.input, peepholes.forget});
    OnnxValue nextCell = direction.emitState(
        operands, cell, [&](ElementBuilder &code, ValueRange values) {
          Value i = code.add(values[0], values[1]);
          Value f = code.add(values[2], values[3]);
          Value c = code.add(values[4], values[5]);
          Value previous = values[6];
          if (peepholes.input) {
            i = code.add(i, code.multiply(values[7], previous));
            f = code.add(f, code.multiply(values[8], previous));
          }
          i = direction.activate(code, 0, i);
          f = parameters.isCoupled ? code.subtract(code.number(1), i)
                                   : direction.activate(code, 0, f);
          c = direction.activate(code, 1, c);
          return code.add(code.multiply(f, previous), code.multiply(i, c));
        });
    operands = {gates[1], direction.getBlock(*product, 1), nextCell};
    if (peepholes.output)
      operands.push_back(peepholes.output);
    OnnxValue nextState = direction.emitState(
        operands, state, [&](ElementBuilder &code, ValueRange values) {
          Value o = code.add(values[0], values[1]);
          if (peepholes.output)
            o = code.add(o, code.multiply(values[3], values[2]));
          o = direction.activate(code, 0, o);
          // The cell's own value is no input of a gate: it isn't clipped.
          return code.multiply(
              o, direction.getActivation(2).apply(code, values[2]));
        });
    return Values{nextState, nextCell};
  };
  return direction.run(input, getSummedBias(direction, parameters.gates),
                       {direction.getInitialState(initialState),
                        direction.getInitialState(initialCell)},
                       step);
}

static LogicalResult buildLstm(OnnxNode &node) {
  auto parameters =
      readRecurrentParameters(node, 4, {"Sigmoid", "Tanh", "Tanh"});
  return failed(parameters) ? failure()
                            : buildRecurrence(node, *parameters, runLstm);
}

llvm::ArrayRef<OnnxOperator> getOnnxRecurrentOperators() {
  static const OnnxOperator operators[] = {
      {"GRU", 7, newestOpset, 3, 6, 2, buildGru},
      {"LSTM", 7, newestOpset, 3, 8, 3, buildLstm},
      {"RNN", 7, newestOpset, 3, 6, 2, buildRnn}};
  return operators;
}

} // namespace toeplitz
