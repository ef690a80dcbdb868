// The functions of cnn.activation as arithmetic.

#include "compiler/Lowering/KernelBuilder.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using toeplitz::cnn::ActivationKind;

namespace {

/// Arithmetic on values of one type: f32, or vectors or tensors of it.
struct Arithmetic {
  OpBuilder &builder;
  Location location;
  Type type;

  template <typename Op, typename... Operands> Value op(Operands... operands) {
    return Op::create(builder, location, operands...);
  }
  Value constant(double number) {
    return createScalarOrSplatConstant(builder, location, type,
                                       APFloat(static_cast<float>(number)));
  }
  Value compare(arith::CmpFPredicate predicate, Value a, Value b) {
    return op<arith::CmpFOp>(predicate, a, b);
  }

  // The comparison is written so that x86 selects one maxps or minps, whose
  // second operand is returned for a NaN; arith.maximumf takes four more
  // instructions to order zeros and to propagate the NaN of either side.
  Value atLeast(Value x, double bound) {
    Value limit = constant(bound);
    return op<arith::SelectOp>(compare(arith::CmpFPredicate::OGT, limit, x),
                               limit, x);
  }
  Value atMost(Value x, double bound) {
    Value limit = constant(bound);
    return op<arith::SelectOp>(compare(arith::CmpFPredicate::OLT, limit, x),
                               limit, x);
  }

  // exp(-x) is infinite for a very negative x: the quotient is 0.
  Value sigmoidOf(Value x, Value numerator) {
    Value power = op<math::ExpOp>(Value(op<arith::NegFOp>(x)));
    return op<arith::DivFOp>(numerator,
                             Value(op<arith::AddFOp>(power, constant(1))));
  }

  // x (1 + y)
  Value timesOneMore(Value x, Value y) { return op<math::FmaOp>(x, y, x); }

  // x > 0 ? x : y
  Value positiveOr(Value x, Value y) {
    return op<arith::SelectOp>(
        compare(arith::CmpFPredicate::OGT, x, constant(0)), x, y);
  }
};

} // namespace

Value toeplitz::emitActivation(OpBuilder &builder, Location location,
                               ActivationKind kind, float alpha, float beta,
                               Value x) {
  Arithmetic a{builder, location, x.getType()};
  auto add = [&](Value l, Value r) { return a.op<arith::AddFOp>(l, r); };
  auto mul = [&](Value l, Value r) { return a.op<arith::MulFOp>(l, r); };
  auto div = [&](Value l, Value r) { return a.op<arith::DivFOp>(l, r); };
  auto c = [&](double number) { return a.constant(number); };

  switch (kind) {
  case ActivationKind::Relu:
    return a.atLeast(x, 0);
  case ActivationKind::LeakyRelu:
    return a.op<arith::SelectOp>(a.compare(arith::CmpFPredicate::OGE, x, c(0)),
                                 x, mul(x, c(alpha)));
  case ActivationKind::Clip:
    return a.atMost(a.atLeast(x, alpha), beta);
  case ActivationKind::Sigmoid:
    return a.sigmoidOf(x, c(1));
  case ActivationKind::Tanh:
    return a.op<math::TanhOp>(x);
  case ActivationKind::Elu:
    return a.positiveOr(x, mul(c(alpha), Value(a.op<math::ExpM1Op>(x))));
  case ActivationKind::Selu:
    return mul(c(beta),
               a.positiveOr(x, mul(c(alpha), Value(a.op<math::ExpM1Op>(x)))));
  case ActivationKind::Celu: {
    // max(0, x) + min(0, alpha (exp(x / alpha) - 1)): whatever alpha's sign,
    // one of the two terms is 0.
    Value quotient = div(x, c(alpha));
    Value exponential = a.op<math::ExpM1Op>(quotient);
    return a.positiveOr(x, mul(c(alpha), exponential));
  }
  case ActivationKind::Gelu: {
    Value error = a.op<math::ErfOp>(mul(x, c(0.70710678118654752)));
    return a.timesOneMore(mul(x, c(0.5)), error);
  }
  case ActivationKind::GeluTanh: {
    Value cubic = add(x, mul(c(0.044715), mul(x, mul(x, x))));
    Value t = a.op<math::TanhOp>(mul(cubic, c(0.79788456080286536)));
    return a.timesOneMore(mul(x, c(0.5)), t);
  }
  case ActivationKind::Silu:
    return a.sigmoidOf(x, x);
  case ActivationKind::Mish: {
    // tanh(log(1 + e)) = n / (n + 2) with e = exp(x), n = e (e + 2). From 20 on
    // it is 1 in f32, and e^2 stays finite.
    Value e = a.op<math::ExpOp>(a.atMost(x, 20));
    Value n = mul(e, add(e, c(2)));
    return mul(x, div(n, add(n, c(2))));
  }
  case ActivationKind::Softplus: {
    // log(1 + exp(x)) = max(x, 0) + log(1 + exp(-abs(x))), where the
    // exponential is at most 1.
    Value magnitude = a.op<math::AbsFOp>(x);
    Value power = a.op<math::ExpOp>(Value(a.op<arith::NegFOp>(magnitude)));
    return add(a.atLeast(x, 0), a.op<math::Log1pOp>(power));
  }
  case ActivationKind::Softsign:
    return div(x, add(a.op<math::AbsFOp>(x), c(1)));
  case ActivationKind::HardSigmoid:
    return a.atMost(a.atLeast(add(mul(x, c(alpha)), c(beta)), 0), 1);
  case ActivationKind::HardSwish:
    return mul(x, a.atMost(a.atLeast(add(mul(x, c(1.0 / 6)), c(0.5)), 0), 1));
  }
  llvm_unreachable("every kind has its formula");
}
