// Activation functions. float32 goes to the cnn dialect where it has the
// function; other types are computed by the formulas here.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

using cnn::ActivationKind;

namespace {

/// A function of the cnn dialect with its parameters.
struct Activation {
  ActivationKind kind;
  double alpha = 0;
  double beta = 0;
};

} // namespace

/// x if it's positive, else `negative`.
static Value selectPositive(ElementBuilder &code, Value x, Value negative) {
  return code.select(code.compare(Comparison::Greater, x, code.number(0)), x,
                     negative);
}

static Value scaledExponential(ElementBuilder &code, Value x, double scale) {
  return code.multiply(code.number(scale), code.apply<math::ExpM1Op>(x));
}

/// log(1 + exp(x)) without overflow: max(x, 0) + log(1 + exp(-|x|)).
static Value softplus(ElementBuilder &code, Value x) {
  Value power =
      code.apply<math::ExpOp>(code.negate(code.apply<math::AbsFOp>(x)));
  return code.add(code.maximum(x, code.number(0)),
                  code.apply<math::Log1pOp>(power));
}

/// min(max(slope x + offset, 0), 1).
static Value hardSigmoid(ElementBuilder &code, Value x, double slope,
                         double offset) {
  Value line =
      code.add(code.multiply(code.number(slope), x), code.number(offset));
  return code.minimum(code.maximum(line, code.number(0)), code.number(1));
}

static Value half(ElementBuilder &code, Value x) {
  return code.multiply(code.number(0.5), x);
}

static Value gelu(ElementBuilder &code, Value x) {
  Value erf = code.apply<math::ErfOp>(
      code.multiply(x, code.number(1 / std::sqrt(2.0))));
  return code.multiply(half(code, x), code.add(code.number(1), erf));
}

static Value geluTanh(ElementBuilder &code, Value x) {
  Value cube = code.multiply(code.multiply(x, x), x);
  Value inner =
      code.multiply(code.number(std::sqrt(2 / M_PI)),
                    code.add(x, code.multiply(code.number(0.044715), cube)));
  return code.multiply(
      half(code, x), code.add(code.number(1), code.apply<math::TanhOp>(inner)));
}

/// The functions as arith and math have them: those of cnn.activation's table.
static Value emitFormula(ElementBuilder &code, Activation activation, Value x) {
  double alpha = activation.alpha, beta = activation.beta;
  switch (activation.kind) {
  case ActivationKind::Relu:
    return code.maximum(x, code.number(0));
  case ActivationKind::LeakyRelu:
    return selectPositive(code, x, code.multiply(code.number(alpha), x));
  case ActivationKind::Clip:
    return code.minimum(code.maximum(x, code.number(alpha)), code.number(beta));
  case ActivationKind::Sigmoid:
    return code.sigmoid(x);
  case ActivationKind::Tanh:
    return code.apply<math::TanhOp>(x);
  case ActivationKind::Elu:
    return selectPositive(code, x, scaledExponential(code, x, alpha));
  case ActivationKind::Selu:
    return code.multiply(
        code.number(beta),
        selectPositive(code, x, scaledExponential(code, x, alpha)));
  case ActivationKind::Celu:
    return code.add(
        code.maximum(x, code.number(0)),
        code.minimum(
            scaledExponential(code, code.divide(x, code.number(alpha)), alpha),
            code.number(0)));
  case ActivationKind::Gelu:
    return gelu(code, x);
  case ActivationKind::GeluTanh:
    return geluTanh(code, x);
  case ActivationKind::Silu:
    return code.multiply(x, code.sigmoid(x));
  case ActivationKind::Mish:
    return code.multiply(x, code.apply<math::TanhOp>(softplus(code, x)));
  case ActivationKind::Softplus:
    return softplus(code, x);
  case ActivationKind::Softsign:
    return code.divide(x,
                       code.add(code.number(1), code.apply<math::AbsFOp>(x)));
  case ActivationKind::HardSigmoid:
    return hardSigmoid(code, x, alpha, beta);
  case ActivationKind::HardSwish:
    return code.multiply(x, hardSigmoid(code, x, 1.0 / 6, 0.5));
  }
  llvm_unreachable("unknown activation");
}

static LogicalResult buildActivation(OnnxNode &node, Activation activation) {
  if (failed(node.checkFloat(0)))
    return failure();
  OnnxValue input = toComputeType(node, node.getInput());
  if (!isNetworkTensor(input))
    return buildFloatFunction(
        node, [&](ElementBuilder &code, ValueRange elements) {
          return emitFormula(code, activation, elements[0]);
        });
  auto result = node.create<cnn::ActivationOp>(
      activation.kind, input.value,
      llvm::APFloat(static_cast<float>(activation.alpha)),
      llvm::APFloat(static_cast<float>(activation.beta)));
  if (failed(result))
    return failure();
  node.setResult(convert(node, {*result, input.type}, node.getType()));
  return success();
}

/// The functions without parameters.
template <ActivationKind kind> static LogicalResult buildPlain(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  return buildActivation(node, {kind});
}

/// Integers have a Relu since opset 14.
static LogicalResult buildRelu(OnnxNode &node) {
  if (isFloatingPoint(node.getType()))
    return buildPlain<ActivationKind::Relu>(node);
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(0, isNumeric, "a type of numbers")))
    return failure();
  node.setResult(emitArithmetic(node, node.getInput(), node.getShape(),
                                [](ElementBuilder &code, ValueRange elements) {
                                  return code.maximum(elements[0],
                                                      code.number(0));
                                }));
  return success();
}

static LogicalResult buildLeakyRelu(OnnxNode &node) {
  double alpha = 0.01;
  if (failed(node.getAttributes().number("alpha", alpha).finish()))
    return failure();
  return buildActivation(node, {ActivationKind::LeakyRelu, alpha});
}

static LogicalResult buildElu(OnnxNode &node) {
  double alpha = 1;
  if (failed(node.getAttributes().number("alpha", alpha).finish()))
    return failure();
  return buildActivation(node, {ActivationKind::Elu, alpha});
}

static LogicalResult buildCelu(OnnxNode &node) {
  double alpha = 1;
  if (failed(node.getAttributes().number("alpha", alpha).finish()))
    return failure();
  if (alpha == 0)
    return node.error() << "attribute 'alpha' is 0, by which it divides";
  return buildActivation(node, {ActivationKind::Celu, alpha});
}

/// Source of the constants: Klambauer et al. 2017, arXiv:1706.02515,
/// equation 14.
static LogicalResult buildSelu(OnnxNode &node) {
  double alpha = 1.6732632423543772, gamma = 1.0507009873554805;
  if (failed(node.getAttributes()
                 .number("alpha", alpha)
                 .number("gamma", gamma)
                 .finish()))
    return failure();
  return buildActivation(node, {ActivationKind::Selu, alpha, gamma});
}

static LogicalResult buildHardSigmoid(OnnxNode &node) {
  double alpha = 0.2, beta = 0.5;
  if (failed(node.getAttributes()
                 .number("alpha", alpha)
                 .number("beta", beta)
                 .finish()))
    return failure();
  return buildActivation(node, {ActivationKind::HardSigmoid, alpha, beta});
}

static LogicalResult buildGelu(OnnxNode &node) {
  std::string approximate = "none";
  if (failed(node.getAttributes()
                 .word("approximate", approximate, {"none", "tanh"})
                 .finish()))
    return failure();
  return buildActivation(node, {approximate == "tanh" ? ActivationKind::GeluTanh
                                                      : ActivationKind::Gelu});
}

/// x / (1 + exp(-alpha x)).
static LogicalResult buildSwish(OnnxNode &node) {
  double alpha = 1;
  if (failed(node.getAttributes().number("alpha", alpha).finish()))
    return failure();
  if (alpha == 1)
    return buildActivation(node, {ActivationKind::Silu});
  return buildFloatFunction(node, [&](ElementBuilder &code,
                                      ValueRange elements) {
    Value x = elements[0];
    return code.multiply(x, code.sigmoid(code.multiply(code.number(alpha), x)));
  });
}

/// swish(a) b, of equal shapes.
static LogicalResult buildSwiGlu(OnnxNode &node) {
  double alpha = 1;
  if (failed(node.getAttributes().number("alpha", alpha).finish()) ||
      failed(node.checkFloat(0)) || failed(node.checkSameType(0, 1)))
    return failure();
  if (node.getShape(0) != node.getShape(1))
    return node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                        << ", expected " << formatShape(node.getShape(0))
                        << " as input 0";
  OnnxValue result = emitArithmetic(
      node,
      {toComputeType(node, node.getInput()),
       toComputeType(node, node.getInput(1))},
      node.getShape(), [&](ElementBuilder &code, ValueRange elements) {
        Value gate = elements[0];
        Value swish = code.multiply(
            gate, code.sigmoid(code.multiply(code.number(alpha), gate)));
        return code.multiply(swish, elements[1]);
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

static LogicalResult buildThresholdedRelu(OnnxNode &node) {
  double alpha = 1;
  if (failed(node.getAttributes().number("alpha", alpha).finish()))
    return failure();
  return buildFloatFunction(
      node, [&](ElementBuilder &code, ValueRange elements) {
        Value isAbove =
            code.compare(Comparison::Greater, elements[0], code.number(alpha));
        return code.select(isAbove, elements[0], code.number(0));
      });
}

/// Integers are computed as numbers, and what's left of them truncated.
static LogicalResult buildShrink(OnnxNode &node) {
  double bias = 0, lambda = 0.5;
  if (failed(node.getAttributes()
                 .number("bias", bias)
                 .number("lambd", lambda)
                 .finish()) ||
      failed(node.checkType(0, isNumeric, "a type of numbers")))
    return failure();
  OnnxValue input = isFloatingPoint(node.getType())
                        ? toComputeType(node, node.getInput())
                        : convert(node, node.getInput(), ElementType::Float64);
  OnnxValue result = emitArithmetic(
      node, input, input.getShape(),
      [&](ElementBuilder &code, ValueRange elements) {
        Value x = elements[0], shift = code.number(bias);
        Value isAbove =
            code.compare(Comparison::Greater, x, code.number(lambda));
        Value isBelow = code.compare(Comparison::Less, x, code.number(-lambda));
        Value high =
            code.select(isAbove, code.subtract(x, shift), code.number(0));
        return code.select(isBelow, code.add(x, shift), high);
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

// --- PRelu ------------------------------------------------------------------

/// Whether the slope has one number for each channel of the input, and repeats
/// along the other dimensions.
static bool isPerChannel(OnnxValue input, OnnxValue slope) {
  int64_t rank = input.getRank();
  int64_t count = slope.getTensorType().getNumElements();
  int64_t position = slope.getRank() - rank + 1;
  return rank >= 2 && position >= 0 && count == input.getShape()[1] &&
         slope.getShape()[position] == count;
}

/// The slope, if it is one known number for all elements.
static std::optional<double> getOnlySlope(OnnxNode &node) {
  OnnxValue slope = node.getInput(1);
  if (slope.getTensorType().getNumElements() != 1)
    return std::nullopt;
  auto numbers = readNumbers(getConstant(slope.value), slope.type);
  return numbers ? std::optional(numbers->front()) : std::nullopt;
}

static LogicalResult buildPRelu(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(0, isNumeric, "a type of numbers")) ||
      failed(node.checkSameType(0, 1)))
    return failure();
  auto shape = broadcastShapes(node, node.getInputs());
  if (failed(shape))
    return failure();
  if (llvm::ArrayRef<int64_t>(*shape) != node.getShape())
    return node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                        << ", which doesn't repeat to input 0's, "
                        << formatShape(node.getShape(0));
  OnnxValue input = toComputeType(node, node.getInput());
  if (isNetworkTensor(input))
    if (std::optional<double> slope = getOnlySlope(node))
      return buildActivation(node, {ActivationKind::LeakyRelu, *slope});
  OnnxValue slope = toComputeType(node, node.getInput(1));
  if (isNetworkTensor(input) && isPerChannel(input, slope)) {
    Value slopes = node.reshape(slope.value, node.getShape()[1]);
    auto result = node.create<cnn::PreluOp>(input.value, slopes);
    if (failed(result))
      return failure();
    node.setResult(convert(node, {*result, input.type}, node.getType()));
    return success();
  }
  OnnxValue result = emitArithmetic(
      node, {input, slope}, *shape,
      [](ElementBuilder &code, ValueRange elements) {
        return selectPositive(code, elements[0],
                              code.multiply(elements[0], elements[1]));
      });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxActivationOperators() {
  using Kind = ActivationKind;
  static const OnnxOperator operators[] = {
      {"Celu", 12, newestOpset, 1, 1, 1, buildCelu},
      {"Elu", 6, newestOpset, 1, 1, 1, buildElu},
      {"Gelu", 20, newestOpset, 1, 1, 1, buildGelu},
      {"HardSigmoid", 6, newestOpset, 1, 1, 1, buildHardSigmoid},
      {"HardSwish", 14, newestOpset, 1, 1, 1, buildPlain<Kind::HardSwish>},
      {"LeakyRelu", 6, newestOpset, 1, 1, 1, buildLeakyRelu},
      {"Mish", 18, newestOpset, 1, 1, 1, buildPlain<Kind::Mish>},
      {"PRelu", 7, newestOpset, 2, 2, 1, buildPRelu},
      {"Relu", 6, newestOpset, 1, 1, 1, buildRelu},
      {"Selu", 6, newestOpset, 1, 1, 1, buildSelu},
      {"Shrink", 9, newestOpset, 1, 1, 1, buildShrink},
      {"Sigmoid", 6, newestOpset, 1, 1, 1, buildPlain<Kind::Sigmoid>},
      {"Softplus", 1, newestOpset, 1, 1, 1, buildPlain<Kind::Softplus>},
      {"Softsign", 1, newestOpset, 1, 1, 1, buildPlain<Kind::Softsign>},
      {"SwiGLU", 28, newestOpset, 2, 2, 1, buildSwiGlu},
      {"Swish", 24, newestOpset, 1, 1, 1, buildSwish},
      {"Tanh", 6, newestOpset, 1, 1, 1, buildPlain<Kind::Tanh>},
      {"ThresholdedRelu", 10, newestOpset, 1, 1, 1, buildThresholdedRelu}};
  return operators;
}

} // namespace toeplitz
