// Activation functions that a network writes as arithmetic, as exporters of
// versions without an operator for them do:
//
//   gelu         1/2 x (1 + erf(x / sqrt 2))
//   gelu_tanh    1/2 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
//   silu         x sigmoid(x)
//   hard_swish   x hard_sigmoid(x), x clip(x + 3, 0, 6) / 6
//   hard_sigmoid clip(x + 3, 0, 6) / 6
//   mish         x tanh(softplus(x))
//
// Each is a product, whose factors may come in any order and whose constants
// may stand anywhere in it: products are taken apart into one number and the
// factors that aren't numbers.
//
// Sources: Hendrycks and Gimpel 2016 (arXiv:1606.08415), Ramachandran et al.
// 2017 (arXiv:1710.05941), Howard et al. 2019 (arXiv:1905.02244), Misra 2019
// (arXiv:1908.08681).

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

#include <cmath>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_RECOGNIZEACTIVATIONS
#include "compiler/Transforms/Passes.h.inc"

using cnn::ActivationKind;

namespace {

/// Exporters write constants with six digits at least.
bool isNear(double found, double wanted) {
  return std::fabs(found - wanted) <= 2e-6 * std::fabs(wanted);
}

/// As readNumber.
std::optional<double> getNumber(Value value) {
  std::optional<APFloat> number = readNumber(value);
  return number ? std::optional(number->convertToDouble()) : std::nullopt;
}

/// A product of a number and values.
struct Product {
  double number = 1;
  SmallVector<Value> factors;

  explicit Product(Value value) { take(value); }

private:
  void take(Value value) {
    Operation *op = value.getDefiningOp();
    if (std::optional<double> constant = getNumber(value)) {
      number *= *constant;
    } else if (isa_and_nonnull<arith::MulFOp>(op)) {
      take(op->getOperand(0));
      take(op->getOperand(1));
    } else if (auto quotient = dyn_cast_or_null<arith::DivFOp>(op);
               quotient && getNumber(quotient.getRhs())) {
      number /= *getNumber(quotient.getRhs());
      take(quotient.getLhs());
    } else {
      factors.push_back(value);
    }
  }
};

/// Of value = number + rest.
struct Sum {
  double number;
  Value rest;
};

std::optional<Sum> matchSum(Value value) {
  auto sum = value.getDefiningOp<arith::AddFOp>();
  if (!sum)
    return std::nullopt;
  for (auto [a, b] : {std::pair(sum.getLhs(), sum.getRhs()),
                      std::pair(sum.getRhs(), sum.getLhs())})
    if (std::optional<double> number = getNumber(a))
      return Sum{*number, b};
  return std::nullopt;
}

cnn::ActivationOp getActivation(Value value, ActivationKind kind) {
  auto op = value.getDefiningOp<cnn::ActivationOp>();
  return op && op.getKind() == kind ? op : nullptr;
}

/// The argument of a hyperbolic tangent, or null.
Value matchTanh(Value value) {
  if (auto tanh = value.getDefiningOp<math::TanhOp>())
    return tanh.getOperand();
  auto activation = getActivation(value, ActivationKind::Tanh);
  return activation ? activation.getInput() : nullptr;
}

/// Whether `value` is number * x^power.
bool isMonomial(Value value, Value x, int64_t power, double number) {
  Product product(value);
  int64_t found = 0;
  for (Value factor : product.factors) {
    auto raised = factor.getDefiningOp<math::PowFOp>();
    std::optional<double> exponent =
        raised ? getNumber(raised.getRhs()) : std::nullopt;
    if (factor == x)
      ++found;
    else if (exponent && raised.getLhs() == x &&
             (*exponent == 2 || *exponent == 3))
      found += static_cast<int64_t>(*exponent);
    else
      return false;
  }
  return found == power && isNear(product.number, number);
}

constexpr double cubicTerm = 0.044715;

/// Whether `value` is sqrt(2/pi) (x + 0.044715 x^3), or with x taken out.
bool isGeluArgument(Value value, Value x) {
  Product product(value);
  if (!isNear(product.number, std::sqrt(2 / M_PI)))
    return false;
  if (product.factors.size() == 1) {
    auto sum = product.factors[0].getDefiningOp<arith::AddFOp>();
    return sum &&
           ((sum.getLhs() == x && isMonomial(sum.getRhs(), x, 3, cubicTerm)) ||
            (sum.getRhs() == x && isMonomial(sum.getLhs(), x, 3, cubicTerm)));
  }
  if (product.factors.size() != 2)
    return false;
  bool first = product.factors[0] == x;
  std::optional<Sum> sum = matchSum(product.factors[first]);
  return product.factors[!first] == x && sum && sum->number == 1 &&
         isMonomial(sum->rest, x, 2, cubicTerm);
}

/// Whether `value` is clip(x + 3, 0, 6); the x, or null.
Value matchClippedSum(Value value) {
  auto clip = getActivation(value, ActivationKind::Clip);
  if (!clip || !clip.getAlpha().isZero() ||
      clip.getBeta().convertToDouble() != 6)
    return nullptr;
  std::optional<Sum> sum = matchSum(clip.getInput());
  return sum && sum->number == 3 ? sum->rest : nullptr;
}

/// An activation of x.
struct Recognized {
  ActivationKind kind;
  Value x;
  double alpha = 0, beta = 0;
};

/// number * x * factor.
std::optional<ActivationKind> recognize(double number, Value x, Value factor) {
  if (isNear(number, 0.5)) {
    std::optional<Sum> sum = matchSum(factor);
    if (!sum || sum->number != 1)
      return std::nullopt;
    if (auto erf = sum->rest.getDefiningOp<math::ErfOp>())
      if (isMonomial(erf.getOperand(), x, 1, 1 / std::sqrt(2.0)))
        return ActivationKind::Gelu;
    if (Value argument = matchTanh(sum->rest))
      if (isGeluArgument(argument, x))
        return ActivationKind::GeluTanh;
    return std::nullopt;
  }
  if (isNear(number, 1.0 / 6) && matchClippedSum(factor) == x)
    return ActivationKind::HardSwish;
  if (!isNear(number, 1))
    return std::nullopt;
  if (auto sigmoid = getActivation(factor, ActivationKind::Sigmoid))
    if (sigmoid.getInput() == x)
      return ActivationKind::Silu;
  if (auto sigmoid = getActivation(factor, ActivationKind::HardSigmoid))
    if (sigmoid.getInput() == x &&
        isNear(sigmoid.getAlpha().convertToDouble(), 1.0 / 6) &&
        isNear(sigmoid.getBeta().convertToDouble(), 0.5))
      return ActivationKind::HardSwish;
  if (Value argument = matchTanh(factor))
    if (auto softplus = getActivation(argument, ActivationKind::Softplus))
      if (softplus.getInput() == x)
        return ActivationKind::Mish;
  return std::nullopt;
}

std::optional<Recognized> recognize(Value result) {
  Product product(result);
  ArrayRef<Value> factors = product.factors;
  if (factors.size() == 1) {
    Value x = matchClippedSum(factors[0]);
    if (x && isNear(product.number, 1.0 / 6))
      return Recognized{ActivationKind::HardSigmoid, x, 1.0 / 6, 0.5};
    return std::nullopt;
  }
  if (factors.size() != 2)
    return std::nullopt;
  for (auto [x, factor] :
       {std::pair(factors[0], factors[1]), std::pair(factors[1], factors[0])})
    if (std::optional<ActivationKind> kind =
            recognize(product.number, x, factor))
      return Recognized{*kind, x};
  return std::nullopt;
}

/// What cnn.activation takes.
bool isNetworkTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getNumElements() > 0 &&
         tensor.getElementType().isF32();
}

struct RecognizeActivations
    : impl::RecognizeActivationsBase<RecognizeActivations> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<Operation *> products;
    getOperation().walk([&](Operation *op) {
      if (isa<arith::MulFOp, arith::DivFOp>(op) &&
          isNetworkTensor(op->getResult(0).getType()))
        products.push_back(op);
    });
    for (Operation *op : products) {
      std::optional<Recognized> found = recognize(op->getResult(0));
      if (!found || found->x.getType() != op->getResult(0).getType())
        continue;
      rewriter.setInsertionPoint(op);
      rewriter.replaceOpWithNewOp<cnn::ActivationOp>(
          op, found->kind, found->x, APFloat(static_cast<float>(found->alpha)),
          APFloat(static_cast<float>(found->beta)));
    }
    // The parts that nobody reads any more would look like second readers of a
    // convolution.
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }
};

} // namespace
} // namespace toeplitz
