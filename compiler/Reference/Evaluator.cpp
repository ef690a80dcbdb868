#include "compiler/Reference/Evaluator.h"
#include "compiler/Reference/Operators.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace toeplitz::reference;

using Family = std::optional<Tensor> (*)(Operation *, Operands);

static constexpr Family families[] = {evaluateConvolution,   evaluatePooling,
                                      evaluateNormalization, evaluateActivation,
                                      evaluateElementwise,   evaluateMovement,
                                      evaluateResize};

ArrayRef<int64_t> toeplitz::reference::resultShape(Operation *op) {
  return cast<ShapedType>(op->getResult(0).getType()).getShape();
}

namespace {

/// The evaluation of one function body.
class Evaluation {
public:
  explicit Evaluation(func::FuncOp function) : function(function) {}

  FailureOr<std::vector<Tensor>> run(ArrayRef<Tensor> inputs);

private:
  LogicalResult bindInputs(ArrayRef<Tensor> inputs);
  LogicalResult evaluateOperation(Operation *op);

  /// The value of an operand. Constants become tensors only where they are
  /// used, into `storage`, so that a large network's weights are never all
  /// there as doubles at once.
  FailureOr<const Tensor *> fetch(Value value, Tensor &storage,
                                  Operation *user);

  void define(Value value, Tensor tensor);
  void release(Value value);

  func::FuncOp function;
  DenseMap<Value, Tensor> tensors;
  DenseMap<Value, int64_t> remainingUses;
};

} // namespace

void Evaluation::define(Value value, Tensor tensor) {
  if (value.use_empty())
    return;
  remainingUses[value] =
      std::distance(value.getUses().begin(), value.getUses().end());
  tensors[value] = std::move(tensor);
}

void Evaluation::release(Value value) {
  auto found = remainingUses.find(value);
  if (found != remainingUses.end() && --found->second == 0)
    tensors.erase(value);
}

LogicalResult Evaluation::bindInputs(ArrayRef<Tensor> inputs) {
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
    define(argument, input);
  }
  return success();
}

FailureOr<const Tensor *> Evaluation::fetch(Value value, Tensor &storage,
                                            Operation *user) {
  if (auto constant = value.getDefiningOp<arith::ConstantOp>()) {
    std::optional<Tensor> tensor = constantTensor(constant.getValue());
    if (!tensor)
      return constant.emitError(
          "the reference evaluator can't read this constant: it takes f32 and "
          "f64 tensors that are dense or whose resource is present");
    storage = std::move(*tensor);
    return &storage;
  }
  auto found = tensors.find(value);
  if (found == tensors.end())
    return user->emitError("uses a value that is no tensor of this function");
  return &found->second;
}

LogicalResult Evaluation::evaluateOperation(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return success(); // Read where it is used.
  SmallVector<Tensor> storage(op->getNumOperands());
  SmallVector<const Tensor *> operands;
  for (auto [operand, place] : llvm::zip(op->getOperands(), storage)) {
    FailureOr<const Tensor *> tensor = fetch(operand, place, op);
    if (failed(tensor))
      return failure();
    operands.push_back(*tensor);
  }

  std::optional<Tensor> result;
  if (op->getNumResults() == 1 && op->getNumRegions() <= 1 &&
      isa<RankedTensorType>(op->getResult(0).getType()))
    for (Family family : families)
      if ((result = family(op, operands)))
        break;
  if (!result)
    return op->emitError() << "the reference evaluator doesn't know '"
                           << op->getName() << "'";

  for (Value operand : op->getOperands())
    release(operand);
  define(op->getResult(0), std::move(*result));
  return success();
}

FailureOr<std::vector<Tensor>> Evaluation::run(ArrayRef<Tensor> inputs) {
  if (failed(bindInputs(inputs)))
    return failure();
  for (Operation &op : function.getBody().front().without_terminator())
    if (failed(evaluateOperation(&op)))
      return failure();

  auto terminator =
      dyn_cast<func::ReturnOp>(function.getBody().front().getTerminator());
  if (!terminator)
    return function.emitError("does not end in func.return");
  std::vector<Tensor> results;
  for (Value value : terminator.getOperands()) {
    Tensor storage;
    FailureOr<const Tensor *> tensor = fetch(value, storage, terminator);
    if (failed(tensor))
      return failure();
    results.push_back(**tensor);
  }
  return results;
}

llvm::FailureOr<std::vector<Tensor>>
toeplitz::reference::evaluate(ModuleOp module, llvm::ArrayRef<Tensor> inputs) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function)
    return module.emitError("has no function 'main' to evaluate");
  if (!function.getBody().hasOneBlock())
    return function.emitError(
        "the reference evaluator takes a body of one block");
  return Evaluation(function).run(inputs);
}
