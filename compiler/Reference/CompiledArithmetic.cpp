// Operations of arith and math as instructions: on scalars, in all lanes of the
// frame, and elementwise on tensors.

#include "compiler/Reference/Compiler.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace toeplitz::reference;

namespace {

struct ScalarArithmetic : Instruction {
  LogicalResult run(Frame &frame) const override {
    SmallVector<const void *, 4> operandLanes;
    for (Slot operand : operands)
      operandLanes.push_back(frame.lanes(operand));
    SmallVector<void *, 2> resultLanes;
    for (Slot result : results)
      resultLanes.push_back(frame.lanes(result));
    kernel(operandLanes, resultLanes, frame.count);
    return success();
  }

  Kernel kernel;
  SmallVector<Slot> operands;
  SmallVector<Slot> results;
};

struct TensorArithmetic : Instruction {
  LogicalResult run(Frame &frame) const override;

  Operation *op;
  Kernel kernel;
  SmallVector<Slot> operands;
  SmallVector<Slot> results;
};

} // namespace

LogicalResult TensorArithmetic::run(Frame &frame) const {
  const Tensor *model = nullptr;
  for (Slot operand : operands) {
    if (operand.kind != Slot::Kind::Tensor)
      continue;
    const Tensor *tensor = frame.tensor(operand).get();
    if (model && tensor->shape != model->shape)
      return op->emitError("has operands of different shapes");
    model = tensor;
  }
  size_t count = model->size();

  // The condition of arith.select may be a scalar.
  std::vector<std::vector<int64_t>> splats;
  SmallVector<const void *, 4> operandData;
  for (Slot operand : operands) {
    if (operand.kind == Slot::Kind::Tensor) {
      operandData.push_back(frame.tensor(operand)->data());
      continue;
    }
    splats.emplace_back(count, *frame.integers(operand));
    operandData.push_back(splats.back().data());
  }

  SmallVector<TensorPointer, 2> tensors;
  SmallVector<void *, 2> resultData;
  for (Value result : op->getResults()) {
    tensors.push_back(std::make_shared<Tensor>(
        *getElementType(result.getType()), model->shape));
    resultData.push_back(tensors.back()->data());
  }
  kernel(operandData, resultData, count);
  for (auto [slot, tensor] : llvm::zip(results, tensors))
    frame.tensor(slot) = std::move(tensor);
  return success();
}

Compiled toeplitz::reference::compileArithmetic(Compiler &compiler,
                                                Operation *op) {
  Kernel kernel = findKernel(op, compiler.getPrecision());
  if (!kernel)
    return std::unique_ptr<Instruction>();
  auto operands = compiler.lookup(op->getOperands(), op);
  if (failed(operands))
    return failure();
  auto results = compiler.define(op->getResults(), op);
  if (failed(results))
    return failure();
  if (results->front().kind == Slot::Kind::Tensor) {
    auto instruction = std::make_unique<TensorArithmetic>();
    instruction->op = op;
    instruction->kernel = std::move(kernel);
    instruction->operands = std::move(*operands);
    instruction->results = std::move(*results);
    return std::unique_ptr<Instruction>(std::move(instruction));
  }
  auto instruction = std::make_unique<ScalarArithmetic>();
  instruction->kernel = std::move(kernel);
  instruction->operands = std::move(*operands);
  instruction->results = std::move(*results);
  return std::unique_ptr<Instruction>(std::move(instruction));
}
