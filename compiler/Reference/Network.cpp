// Operations of cnn as instructions.

#include "compiler/Reference/Compiler.h"
#include "compiler/Reference/Operators.h"

using namespace mlir;
using namespace toeplitz::reference;

using Family = std::optional<Tensor> (*)(Operation *, Operands);

static constexpr Family families[] = {evaluateConvolution,   evaluatePooling,
                                      evaluateNormalization, evaluateActivation,
                                      evaluateBorders,       evaluateResize};

ArrayRef<int64_t> toeplitz::reference::resultShape(Operation *op) {
  return cast<ShapedType>(op->getResult(0).getType()).getShape();
}

namespace {

struct NetworkOperation : Instruction {
  LogicalResult run(Frame &frame) const override {
    SmallVector<const Tensor *> tensors;
    for (Slot operand : operands)
      tensors.push_back(frame.tensor(operand).get());
    for (Family family : families)
      if (std::optional<Tensor> tensor = family(op, tensors)) {
        if (precision == Precision::Typed)
          tensor->round();
        frame.tensor(result) = std::make_shared<Tensor>(std::move(*tensor));
        return success();
      }
    return op->emitError() << "the reference evaluator doesn't know '"
                           << op->getName() << "'";
  }

  Operation *op;
  Precision precision;
  SmallVector<Slot> operands;
  Slot result;
};

} // namespace

Compiled toeplitz::reference::compileNetworkOperation(Compiler &compiler,
                                                      Operation *op) {
  if (!isa_and_nonnull<cnn::CNNDialect>(op->getDialect()) ||
      op->getNumResults() != 1)
    return std::unique_ptr<Instruction>();
  auto operands = compiler.lookup(op->getOperands(), op);
  auto result = compiler.define(op->getResult(0), op);
  if (failed(operands) || failed(result))
    return failure();
  auto instruction = std::make_unique<NetworkOperation>();
  instruction->op = op;
  instruction->precision = compiler.getPrecision();
  instruction->operands = std::move(*operands);
  instruction->result = *result;
  return std::unique_ptr<Instruction>(std::move(instruction));
}
