// Gives kernels the memory that they work in.

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Algorithms/InvertedResidualPlan.h"
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

/// Tasks that run at once, at most: more than most machines have processors.
static constexpr int64_t mostRows = 64;

/// Memory of this shape in floats, or in twice as many bfloat16 numbers.
static Value allocate(Operation *op, SmallVector<int64_t> shape,
                      bool ofBfloat16 = false) {
  OpBuilder builder(op);
  Type element = builder.getF32Type();
  if (ofBfloat16) {
    element = builder.getBF16Type();
    shape.back() *= 2;
  }
  return memref::AllocOp::create(builder, op->getLoc(),
                                 MemRefType::get(shape, element),
                                 builder.getI64IntegerAttr(64));
}

/// Gives an operation `floats` floats for each of the tasks that run at once.
/// Rows start at cache lines of their own, so that no two tasks write to one.
template <typename Op>
static void allocateRows(Op op, int64_t tasks, int64_t floats,
                         bool ofBfloat16 = false) {
  if (floats > 0 && !op.getScratch())
    op.getScratchMutable().assign(allocate(
        op,
        {std::min(tasks, mostRows), int64_t(llvm::alignTo(floats, lineFloats))},
        ofBfloat16));
}

namespace {

struct AllocateScratch : toeplitz::impl::AllocateScratchBase<AllocateScratch> {
  void runOnOperation() override {
    getOperation().walk([](kernel::ConvOp conv) {
      // (An unknown name is reported by the lowering.)
      const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
      if (!algorithm)
        return;
      if (algorithm->getScratchSize)
        allocateRows(conv, algorithm->countTasks(conv),
                     algorithm->getScratchSize(conv),
                     algorithm->worksOnBfloat16);
      if (!algorithm->getPreparation || conv.getPrepared())
        return;
      if (int64_t floats = algorithm->getPreparation(conv).floats)
        conv.getPreparedMutable().assign(
            allocate(conv, {floats}, algorithm->worksOnBfloat16));
    });
    getOperation().walk([](kernel::SeparableConvOp conv) {
      allocateRows(conv, countSeparableTasks(conv),
                   getSeparableScratchSize(conv));
    });
    getOperation().walk([](kernel::InvertedResidualOp block) {
      InvertedResidualPlan plan(block);
      allocateRows(block, plan.countTasks(), plan.getScratchSize());
      if (!block.getPrepared())
        block.getPreparedMutable().assign(
            allocate(block, {plan.getPreparedSize()}));
    });
  }
};

} // namespace
