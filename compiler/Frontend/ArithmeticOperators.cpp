// Arithmetic on each element: upstream's arith and math do it.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

template <typename Operation>
static llvm::FailureOr<Value> buildUnary(LayerBuilder &layer) {
  return Value(Operation::create(layer.getBuilder(), layer.getLocation(),
                                 layer.getInput()));
}

static llvm::FailureOr<Value> buildSquare(LayerBuilder &layer) {
  return Value(arith::MulFOp::create(layer.getBuilder(), layer.getLocation(),
                                     layer.getInput(), layer.getInput()));
}

static llvm::FailureOr<Value> buildReciprocal(LayerBuilder &layer) {
  return Value(arith::DivFOp::create(layer.getBuilder(), layer.getLocation(),
                                     layer.makeConstant(layer.getShape(), 1),
                                     layer.getInput()));
}

/// The shape that all inputs repeat to, by numpy's rules: dimensions are
/// matched from the last; each is the same or 1.
static llvm::FailureOr<llvm::SmallVector<int64_t>>
getCommonShape(LayerBuilder &layer) {
  llvm::SmallVector<int64_t> common;
  for (Value input : layer.getInputs()) {
    llvm::ArrayRef<int64_t> shape = LayerBuilder::getShape(input);
    if (shape.size() > common.size())
      common.insert(common.begin(), shape.size() - common.size(), 1);
    for (size_t back = 1; back <= shape.size(); ++back) {
      int64_t &size = common[common.size() - back];
      int64_t other = shape[shape.size() - back];
      if (size != other && size != 1 && other != 1) {
        InFlightDiagnostic diagnostic = layer.error("inputs");
        diagnostic << "the shapes of its inputs don't go together: ";
        llvm::interleaveComma(layer.getInputs(), diagnostic, [&](Value value) {
          diagnostic << formatShape(LayerBuilder::getShape(value));
        });
        diagnostic << "; each dimension, from the last, must be the same or 1";
        return failure();
      }
      size = std::max(size, other);
    }
  }
  return common;
}

/// Applies a binary operation to all inputs, from the first on.
template <typename Operation>
static llvm::FailureOr<Value> buildBroadcasting(LayerBuilder &layer) {
  auto shape = getCommonShape(layer);
  if (failed(shape) || failed(layer.checkResultShape(*shape)))
    return failure();
  Value result;
  for (Value input : layer.getInputs()) {
    llvm::SmallVector<int64_t> ranked(
        shape->size() - LayerBuilder::getShape(input).size(), 1);
    llvm::append_range(ranked, LayerBuilder::getShape(input));
    Value operand = layer.reshape(input, ranked);
    if (llvm::ArrayRef<int64_t>(ranked) != llvm::ArrayRef<int64_t>(*shape)) {
      auto repeated = layer.create<cnn::BroadcastOp>(operand, *shape);
      if (failed(repeated))
        return failure();
      operand = *repeated;
    }
    result = result ? Operation::create(layer.getBuilder(), layer.getLocation(),
                                        result, operand)
                    : operand;
  }
  return result;
}

llvm::ArrayRef<OperatorRule> getArithmeticOperators() {
  static const OperatorRule operators[] = {
      {"abs", 1, 1, {}, buildUnary<math::AbsFOp>},
      {"exp", 1, 1, {}, buildUnary<math::ExpOp>},
      {"log", 1, 1, {}, buildUnary<math::LogOp>},
      {"sqrt", 1, 1, {}, buildUnary<math::SqrtOp>},
      {"neg", 1, 1, {}, buildUnary<arith::NegFOp>},
      {"square", 1, 1, {}, buildSquare},
      {"reciprocal", 1, 1, {}, buildReciprocal},
      {"add", 2, anyNumber, {}, buildBroadcasting<arith::AddFOp>},
      {"subtract", 2, 2, {}, buildBroadcasting<arith::SubFOp>},
      {"multiply", 2, anyNumber, {}, buildBroadcasting<arith::MulFOp>},
      {"divide", 2, 2, {}, buildBroadcasting<arith::DivFOp>},
      {"maximum", 2, anyNumber, {}, buildBroadcasting<arith::MaximumFOp>},
      {"minimum", 2, anyNumber, {}, buildBroadcasting<arith::MinimumFOp>}};
  return operators;
}

} // namespace toeplitz
