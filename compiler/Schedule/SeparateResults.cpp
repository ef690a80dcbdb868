// Gives every result of the network a buffer of its own.

#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseSet.h"

namespace toeplitz {
#define GEN_PASS_DEF_SEPARATERESULTS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct SeparateResults : toeplitz::impl::SeparateResultsBase<SeparateResults> {
  void runOnOperation() override {
    getOperation().walk([](func::ReturnOp op) {
      llvm::SmallDenseSet<Value> seen;
      OpBuilder builder(op);
      for (OpOperand &result : op->getOpOperands()) {
        auto type = dyn_cast<MemRefType>(result.get().getType());
        if (!type || seen.insert(result.get()).second)
          continue;
        Value copy = memref::AllocOp::create(builder, op.getLoc(), type);
        memref::CopyOp::create(builder, op.getLoc(), result.get(), copy);
        result.set(copy);
      }
    });
  }
};

} // namespace
