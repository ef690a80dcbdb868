// Gives kernels the memory that they work in.

#include "compiler/Algorithms/Algorithm.h"
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

namespace {

struct AllocateScratch : toeplitz::impl::AllocateScratchBase<AllocateScratch> {
  void runOnOperation() override {
    getOperation().walk([](kernel::ConvOp conv) {
      const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
      // (An unknown name is reported by the lowering.)
      if (!algorithm || !algorithm->getScratchSize || conv.getScratch())
        return;
      int64_t floats =
          llvm::alignTo(algorithm->getScratchSize(conv), lineFloats);
      if (floats == 0)
        return;
      OpBuilder builder(conv);
      auto type = MemRefType::get({algorithm->countTasks(conv), floats},
                                  builder.getF32Type());
      Value scratch = memref::AllocOp::create(builder, conv.getLoc(), type,
                                              builder.getI64IntegerAttr(64));
      conv.getScratchMutable().assign(scratch);
    });
  }
};

} // namespace
