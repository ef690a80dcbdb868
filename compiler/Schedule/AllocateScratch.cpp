// Gives kernels the memory that they work in.

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Separable.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_ALLOCATESCRATCH
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// Rows start at cache lines of their own, so that no two tasks write to one.
static constexpr int64_t lineFloats = 16;

/// Gives an operation `floats` floats for each of its tasks.
template <typename Op>
static void allocate(Op op, int64_t tasks, int64_t floats) {
  floats = llvm::alignTo(floats, lineFloats);
  if (floats == 0 || op.getScratch())
    return;
  OpBuilder builder(op);
  auto type = MemRefType::get({tasks, floats}, builder.getF32Type());
  Value scratch = memref::AllocOp::create(builder, op.getLoc(), type,
                                          builder.getI64IntegerAttr(64));
  op.getScratchMutable().assign(scratch);
}

namespace {

struct AllocateScratch : toeplitz::impl::AllocateScratchBase<AllocateScratch> {
  void runOnOperation() override {
    getOperation().walk([](kernel::ConvOp conv) {
      // (An unknown name is reported by the lowering.)
      const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
      if (algorithm && algorithm->getScratchSize)
        allocate(conv, algorithm->countTasks(conv),
                 algorithm->getScratchSize(conv));
    });
    getOperation().walk([](kernel::SeparableConvOp conv) {
      allocate(conv, countSeparableTasks(conv), getSeparableScratchSize(conv));
    });
  }
};

} // namespace
