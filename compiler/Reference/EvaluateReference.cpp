#include "compiler/Reference/Constants.h"
#include "compiler/Reference/Evaluator.h"
#include "compiler/Reference/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_EVALUATEREFERENCE
#include "compiler/Reference/Passes.h.inc"

namespace {

struct EvaluateReference : impl::EvaluateReferenceBase<EvaluateReference> {
  using EvaluateReferenceBase::EvaluateReferenceBase;

  void runOnOperation() override {
    FailureOr<std::vector<reference::Tensor>> results = reference::evaluate(
        getOperation(), {},
        typed ? reference::Precision::Typed : reference::Precision::Oracle);
    if (failed(results))
      return signalPassFailure();

    Block &body =
        getOperation().lookupSymbol<func::FuncOp>("main").getBody().front();
    Operation *terminator = body.getTerminator();
    OpBuilder builder(terminator);
    for (auto [operand, result] :
         llvm::zip(terminator->getOpOperands(), *results)) {
      auto constant = arith::ConstantOp::create(
          builder, terminator->getLoc(),
          reference::getDenseAttribute(result, &getContext()));
      operand.set(constant);
    }
    // Users come after what they use: backwards, all but the new constants go.
    SmallVector<Operation *> dead;
    for (Operation &op : body.without_terminator())
      dead.push_back(&op);
    for (Operation *op : llvm::reverse(dead))
      if (op->use_empty())
        op->erase();
  }
};

} // namespace
} // namespace toeplitz
