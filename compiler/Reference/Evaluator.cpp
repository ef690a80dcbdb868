#include "compiler/Reference/Evaluator.h"
#include "compiler/Reference/Compiler.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace toeplitz::reference;

static LogicalResult checkInputs(func::FuncOp function,
                                 ArrayRef<Tensor> inputs) {
  if (inputs.size() != function.getNumArguments())
    return function.emitError()
           << inputs.size() << " inputs given, but the network has "
           << function.getNumArguments();
  for (auto [argument, input] : llvm::zip(function.getArguments(), inputs)) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || type.getShape() != ArrayRef<int64_t>(input.shape))
      return function.emitError()
             << "input " << argument.getArgNumber() << " has shape ["
             << ArrayRef<int64_t>(input.shape) << "], but the network takes "
             << argument.getType();
    if (getElementType(type) != input.type)
      return function.emitError()
             << "input " << argument.getArgNumber() << " has elements of type "
             << getScalarType(input.type, function.getContext())
             << ", but the network takes " << argument.getType();
  }
  return success();
}

static FailureOr<std::vector<Tensor>> evaluateFunction(func::FuncOp function,
                                                       ArrayRef<Tensor> inputs,
                                                       Precision precision) {
  Block &block = function.getBody().front();
  Compiler compiler(precision);
  auto arguments = compiler.define(block.getArguments(), function);
  if (failed(arguments))
    return failure();
  FailureOr<Program> program = compiler.compileBlock(block);
  if (failed(program))
    return failure();
  auto results =
      compiler.lookup(block.getTerminator()->getOperands(), function);
  if (failed(results))
    return failure();

  Frame frame(compiler.getLayout(), /*width=*/1);
  for (auto [slot, input] : llvm::zip(*arguments, inputs))
    frame.tensor(slot) = std::make_shared<Tensor>(input);
  if (failed(program->run(frame)))
    return failure();
  std::vector<Tensor> tensors;
  for (Slot slot : *results)
    tensors.push_back(*frame.tensor(slot));
  return tensors;
}

llvm::FailureOr<std::vector<Tensor>>
toeplitz::reference::evaluate(ModuleOp module, llvm::ArrayRef<Tensor> inputs,
                              Precision precision) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError("has no function 'main' to evaluate");
  if (!function.getBody().hasOneBlock())
    return function.emitError(
        "the reference evaluator takes a body of one block");
  if (!isa<func::ReturnOp>(function.getBody().front().getTerminator()))
    return function.emitError("does not end in func.return");
  for (Type type : function.getResultTypes())
    if (!isa<RankedTensorType>(type))
      return function.emitError() << "returns " << type << ", not a tensor";
  if (failed(checkInputs(function, inputs)))
    return failure();
  return evaluateFunction(function, inputs, precision);
}
