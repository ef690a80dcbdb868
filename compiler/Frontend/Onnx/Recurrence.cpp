// Recurrent operators: see Recurrence.h.

#include "compiler/Frontend/Onnx/Recurrence.h"

#include "compiler/Frontend/Onnx/Contraction.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

const RecurrentActivation &
RecurrentDirection::getActivation(size_t place) const {
  size_t count = parameters.activations.size() / parameters.directions;
  return parameters.activations[index * count + place];
}

OnnxValue RecurrentDirection::getWeights(size_t input, int64_t first,
                                         int64_t size) const {
  OnnxValue own = emitSlice(node, node.getInput(input), 0, index, 1);
  own = emitSlice(node, own, 1, first, size);
  own = emitReshape(node, own, own.getShape().drop_front());
  return foldValue(node, convert(node, own, parameters.type));
}

OnnxValue RecurrentDirection::getBias(int64_t first, int64_t blocks) const {
  constexpr size_t biasInput = 3;
  if (!node.hasInput(biasInput))
    return OnnxValue();
  return getWeights(biasInput, first * parameters.hidden,
                    blocks * parameters.hidden);
}

OnnxValue RecurrentDirection::getInitialState(size_t input) const {
  if (!node.hasInput(input))
    return makeSplat(node, {parameters.batch, parameters.hidden},
                     parameters.type, 0);
  OnnxValue states = node.getInput(input);
  states = emitSlice(node, states, parameters.isBatchFirst ? 1 : 0, index, 1);
  states = emitReshape(node, states, {parameters.batch, parameters.hidden});
  return convert(node, states, parameters.type);
}

llvm::FailureOr<OnnxValue>
RecurrentDirection::emitProduct(OnnxValue rows, OnnxValue weights,
                                OnnxValue bias) const {
  if (isDense(rows, weights)) {
    bool isKnown = bias && getConstant(bias.value);
    auto product = emitDense(node, rows, weights, /*transposed=*/true, 1,
                             isKnown ? bias.value : Value());
    if (failed(product) || isKnown || !bias)
      return product;
    return emitArithmetic(node, {*product, bias}, product->getShape(),
                          [](ElementBuilder &code, ValueRange elements) {
                            return code.add(elements[0], elements[1]);
                          });
  }
  constexpr int64_t row = 0, column = 1, common = 2;
  auto product = emitContraction(
      node, {{rows, {row, common}}, {weights, {column, common}}}, {row, column},
      parameters.type);
  if (failed(product) || !bias)
    return product;
  return emitArithmetic(node, {*product, bias}, product->getShape(),
                        [](ElementBuilder &code, ValueRange elements) {
                          return code.add(elements[0], elements[1]);
                        });
}

OnnxValue RecurrentDirection::getBlock(OnnxValue product, int64_t gate,
                                       int64_t blocks) const {
  return emitSlice(node, product, 1, gate * parameters.hidden,
                   blocks * parameters.hidden);
}

Value RecurrentDirection::activate(ElementBuilder &code, size_t place,
                                   Value x) const {
  if (parameters.clip) {
    x = code.maximum(x, code.number(-*parameters.clip));
    x = code.minimum(x, code.number(*parameters.clip));
  }
  return getActivation(place).apply(code, x);
}

/// Whether the sequence hasn't ended at the step: an i1.
static Value emitIsActive(OpBuilder &builder, Location location, Value step,
                          Value length) {
  Value number =
      arith::IndexCastOp::create(builder, location, builder.getI32Type(), step);
  return emitCompare(builder, location, Comparison::Less, number, length,
                     ElementType::Int32);
}

OnnxValue RecurrentDirection::emitState(llvm::ArrayRef<OnnxValue> inputs,
                                        OnnxValue previous,
                                        ElementFunction function) {
  llvm::SmallVector<OnnxValue> operands(inputs);
  if (lengths) {
    operands.push_back(previous);
    operands.push_back(lengths);
  }
  return emitElementwise(
      node, operands, {parameters.batch, parameters.hidden}, parameters.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        ElementBuilder code(builder, location, parameters.type,
                            elements[0].getType());
        Value next = function(code, elements.take_front(inputs.size()));
        if (!lengths)
          return next;
        Value isActive = emitIsActive(builder, location, step, elements.back());
        return code.select(isActive, next, elements[inputs.size()]);
      });
}

OnnxValue RecurrentDirection::getLengths() const {
  constexpr size_t lengthsInput = 4;
  if (!node.hasInput(lengthsInput))
    return OnnxValue();
  OnnxValue column =
      emitReshape(node, node.getInput(lengthsInput), {parameters.batch, 1});
  return emitElementwise(
      node, column, ElementType::Int32,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        ElementBuilder code(builder, location, ElementType::Int32,
                            elements[0].getType());
        return code.minimum(code.maximum(elements[0], code.number(0)),
                            code.number(static_cast<double>(parameters.steps)));
      });
}

OnnxValue RecurrentDirection::reverse(OnnxValue sequences) const {
  return emitElementwise(
      node, {sequences, lengths}, sequences.getShape(), sequences.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        Value at = linalg::IndexOp::create(builder, location, 0);
        Value sequence = linalg::IndexOp::create(builder, location, 1);
        Value element = linalg::IndexOp::create(builder, location, 2);
        Value isActive = emitIsActive(builder, location, at, elements[1]);
        Value length = arith::IndexCastOp::create(
            builder, location, builder.getIndexType(), elements[1]);
        Value one = arith::ConstantIndexOp::create(builder, location, 1);
        Value mirrored = arith::SubIOp::create(
            builder, location,
            arith::SubIOp::create(builder, location, length, one), at);
        Value source =
            arith::SelectOp::create(builder, location, isActive, mirrored, at);
        return tensor::ExtractOp::create(builder, location, sequences.value,
                                         ValueRange{source, sequence, element});
      });
}

/// The offsets, sizes and strides of one step of sequences.
static tensor::ExtractSliceOp emitStepSlice(OpBuilder &builder,
                                            Location location, Value sequences,
                                            Value at, int64_t offset,
                                            int64_t size) {
  auto type = cast<RankedTensorType>(sequences.getType());
  auto number = [&](int64_t value) -> OpFoldResult {
    return builder.getIndexAttr(value);
  };
  auto sliceType =
      RankedTensorType::get({type.getShape()[1], size}, type.getElementType());
  return tensor::ExtractSliceOp::create(
      builder, location, sliceType, sequences,
      llvm::ArrayRef<OpFoldResult>{at, number(0), number(offset)},
      llvm::ArrayRef<OpFoldResult>{number(1), number(type.getShape()[1]),
                                   number(size)},
      llvm::ArrayRef<OpFoldResult>{number(1), number(1), number(1)});
}

llvm::FailureOr<llvm::SmallVector<OnnxValue>>
RecurrentDirection::run(OnnxValue input, OnnxValue bias,
                        llvm::ArrayRef<OnnxValue> states, Step emitStep) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  const RecurrentParameters &p = parameters;
  lengths = getLengths();
  if (lengths && isReversed())
    input = reverse(input);

  // All steps at once.
  constexpr size_t weightsInput = 1;
  OnnxValue rows = emitReshape(node, input, {p.steps * p.batch, p.inputSize});
  auto product =
      emitProduct(rows, getWeights(weightsInput, 0, p.gates * p.hidden), bias);
  if (failed(product))
    return failure();
  Value gates =
      node.reshape(product->value, {p.steps, p.batch, p.gates * p.hidden});

  // One after the other.
  bool keepsSequence = node.isResultUsed(0);
  llvm::SmallVector<Value> starts;
  for (OnnxValue state : states)
    starts.push_back(state.value);
  if (keepsSequence)
    starts.push_back(makeEmpty(node, {p.steps, p.batch, p.hidden}, p.type));
  auto indexConstant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, location, value);
  };
  auto loop =
      scf::ForOp::create(builder, location, indexConstant(0),
                         indexConstant(p.steps), indexConstant(1), starts);
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(loop.getBody());
    step = loop.getInductionVar();
    Value at = step;
    if (isReversed() && !lengths)
      at = arith::SubIOp::create(builder, location, indexConstant(p.steps - 1),
                                 step);
    llvm::SmallVector<OnnxValue> blocks, current;
    for (int64_t gate = 0; gate < p.gates; ++gate)
      blocks.push_back({emitStepSlice(builder, location, gates, at,
                                      gate * p.hidden, p.hidden),
                        p.type});
    for (Value state : loop.getRegionIterArgs().take_front(states.size()))
      current.push_back({state, p.type});
    auto next = emitStep(blocks, current);
    if (failed(next))
      return failure();
    llvm::SmallVector<Value> results;
    for (OnnxValue state : *next)
      results.push_back(state.value);
    if (keepsSequence) {
      // Beyond the end of a sequence its output is 0.
      OnnxValue zeros = makeSplat(node, {p.batch, p.hidden}, p.type, 0);
      OnnxValue output =
          lengths ? emitState(next->front(), zeros,
                              [](ElementBuilder &, ValueRange elements) {
                                return elements[0];
                              })
                  : next->front();
      auto number = [&](int64_t value) -> OpFoldResult {
        return builder.getIndexAttr(value);
      };
      results.push_back(tensor::InsertSliceOp::create(
          builder, location, output.value, loop.getRegionIterArgs().back(),
          llvm::ArrayRef<OpFoldResult>{at, number(0), number(0)},
          llvm::ArrayRef<OpFoldResult>{number(1), number(p.batch),
                                       number(p.hidden)},
          llvm::ArrayRef<OpFoldResult>{number(1), number(1), number(1)}));
    }
    scf::YieldOp::create(builder, location, results);
  }

  llvm::SmallVector<OnnxValue> results;
  results.emplace_back();
  if (keepsSequence) {
    results.front() = {loop.getResults().back(), p.type};
    if (lengths && isReversed())
      results.front() = reverse(results.front());
  }
  for (size_t state = 0; state < states.size(); ++state)
    results.push_back({loop.getResult(state), p.type});
  return results;
}

OnnxValue getSequences(OnnxNode &node, const RecurrentParameters &parameters) {
  OnnxValue input = convert(node, node.getInput(), parameters.type);
  return parameters.isBatchFirst ? emitTranspose(node, input, {1, 0, 2})
                                 : input;
}

void setRecurrentResults(
    OnnxNode &node, const RecurrentParameters &parameters,
    llvm::ArrayRef<llvm::SmallVector<OnnxValue>> directions) {
  for (size_t result = 0; result < node.getResultCount(); ++result) {
    if (!node.isResultUsed(result))
      continue;
    // [steps, directions, batch, hidden] for the sequence, and the states
    // without the steps.
    int64_t dimension = result == 0 ? 1 : 0;
    llvm::SmallVector<OnnxValue> parts;
    for (const llvm::SmallVector<OnnxValue> &direction : directions) {
      OnnxValue part = direction[result];
      llvm::SmallVector<int64_t> shape(part.getShape());
      shape.insert(shape.begin() + dimension, 1);
      parts.push_back(emitReshape(node, part, shape));
    }
    OnnxValue whole = emitConcat(node, parts, dimension);
    if (parameters.isBatchFirst)
      whole = result == 0 ? emitTranspose(node, whole, {2, 0, 1, 3})
                          : emitTranspose(node, whole, {1, 0, 2});
    node.setResult(result, convert(node, whole, node.getType()));
  }
}

} // namespace toeplitz
