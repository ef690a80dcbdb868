// Activation functions: see RecurrentActivation.h.

#include "compiler/Frontend/Onnx/RecurrentActivation.h"

#include "compiler/Frontend/Suggestion.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

static Value emitIsPositive(ElementBuilder &code, Value x) {
  return code.compare(Comparison::Greater, x, code.number(0));
}

static Value emitRelu(ElementBuilder &code, Value x, double, double) {
  return code.maximum(x, code.number(0));
}

static Value emitTanh(ElementBuilder &code, Value x, double, double) {
  return code.apply<math::TanhOp>(x);
}

static Value emitSigmoid(ElementBuilder &code, Value x, double, double) {
  return code.sigmoid(x);
}

static Value emitAffine(ElementBuilder &code, Value x, double alpha,
                        double beta) {
  return code.add(code.multiply(x, code.number(alpha)), code.number(beta));
}

static Value emitLeakyRelu(ElementBuilder &code, Value x, double alpha,
                           double) {
  return code.select(emitIsPositive(code, x), x,
                     code.multiply(x, code.number(alpha)));
}

static Value emitThresholdedRelu(ElementBuilder &code, Value x, double alpha,
                                 double) {
  return code.select(
      code.compare(Comparison::GreaterOrEqual, x, code.number(alpha)), x,
      code.number(0));
}

static Value emitScaledTanh(ElementBuilder &code, Value x, double alpha,
                            double beta) {
  Value scaled = code.multiply(x, code.number(beta));
  return code.multiply(code.apply<math::TanhOp>(scaled), code.number(alpha));
}

static Value emitHardSigmoid(ElementBuilder &code, Value x, double alpha,
                             double beta) {
  Value line = emitAffine(code, x, alpha, beta);
  return code.minimum(code.maximum(line, code.number(0)), code.number(1));
}

static Value emitElu(ElementBuilder &code, Value x, double alpha, double) {
  Value power = code.subtract(code.apply<math::ExpOp>(x), code.number(1));
  return code.select(emitIsPositive(code, x), x,
                     code.multiply(power, code.number(alpha)));
}

static Value emitSoftsign(ElementBuilder &code, Value x, double, double) {
  return code.divide(x, code.add(code.number(1), code.apply<math::AbsFOp>(x)));
}

/// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which doesn't overflow.
static Value emitSoftplus(ElementBuilder &code, Value x, double, double) {
  Value power =
      code.apply<math::ExpOp>(code.negate(code.apply<math::AbsFOp>(x)));
  Value logarithm = code.apply<math::LogOp>(code.add(code.number(1), power));
  return code.add(code.maximum(x, code.number(0)), logarithm);
}

namespace {

struct ActivationRow {
  llvm::StringRef name;
  decltype(RecurrentActivation::emit) emit;
  /// The defaults of those that have them.
  std::optional<double> alpha, beta;
};

} // namespace

static llvm::ArrayRef<ActivationRow> getRows() {
  static const ActivationRow rows[] = {
      {"Affine", emitAffine, 1.0, 0.0},
      {"Elu", emitElu, 1.0, {}},
      {"HardSigmoid", emitHardSigmoid, 0.2, 0.5},
      {"LeakyRelu", emitLeakyRelu, 0.01, {}},
      {"Relu", emitRelu, {}, {}},
      {"ScaledTanh", emitScaledTanh, 1.0, 1.0},
      {"Sigmoid", emitSigmoid, {}, {}},
      {"Softplus", emitSoftplus, {}, {}},
      {"Softsign", emitSoftsign, {}, {}},
      {"Tanh", emitTanh, {}, {}},
      {"ThresholdedRelu", emitThresholdedRelu, 1.0, {}}};
  return rows;
}

/// The next of the numbers, if there is one.
static double takeNumber(llvm::ArrayRef<double> &numbers, double otherwise) {
  if (numbers.empty())
    return otherwise;
  double number = numbers.front();
  numbers = numbers.drop_front();
  return number;
}

llvm::FailureOr<llvm::SmallVector<RecurrentActivation>>
readRecurrentActivations(OnnxNode &node, llvm::ArrayRef<std::string> names,
                         llvm::ArrayRef<double> alphas,
                         llvm::ArrayRef<double> betas) {
  llvm::SmallVector<RecurrentActivation> activations;
  for (llvm::StringRef name : names) {
    const ActivationRow *row =
        llvm::find_if(getRows(), [&](const ActivationRow &candidate) {
          return candidate.name.equals_insensitive(name);
        });
    if (row == getRows().end()) {
      llvm::SmallVector<llvm::StringRef> known;
      for (const ActivationRow &each : getRows())
        known.push_back(each.name);
      return LogicalResult(node.error()
                           << "attribute 'activations' has '" << name
                           << "', which is no activation function"
                           << suggest(name, known));
    }
    RecurrentActivation activation{row->emit};
    if (row->alpha)
      activation.alpha = takeNumber(alphas, *row->alpha);
    if (row->beta)
      activation.beta = takeNumber(betas, *row->beta);
    activations.push_back(activation);
  }
  return activations;
}

} // namespace toeplitz
