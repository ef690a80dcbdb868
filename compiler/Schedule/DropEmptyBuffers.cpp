// Makes one kind of all buffers without elements.
//
// Upstream has no strides for memref<4x0xf32>: the first would be 0. Nothing is
// ever read from such a buffer or written to it, so its shape doesn't matter;
// memref<0x1xf32> has the same rank, and strides.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_DROPEMPTYBUFFERS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static bool isEmpty(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  return buffer && buffer.hasStaticShape() && buffer.getNumElements() == 0;
}

/// The type that an empty buffer gets.
static MemRefType getCommonType(Type type) {
  auto buffer = cast<MemRefType>(type);
  SmallVector<int64_t> shape(buffer.getRank(), 1);
  shape[0] = 0;
  return MemRefType::get(shape, buffer.getElementType());
}

namespace {

struct DropEmptyBuffers
    : toeplitz::impl::DropEmptyBuffersBase<DropEmptyBuffers> {
  void runOnOperation() override {
    func::FuncOp main = findMain(getOperation());
    if (!main)
      return signalPassFailure();
    dropCopies(main);
    // What loops carry comes in as an argument of their bodies.
    main.walk([](Block *block) {
      for (BlockArgument argument : block->getArguments())
        if (isEmpty(argument.getType()))
          argument.setType(getCommonType(argument.getType()));
    });
    main.setType(FunctionType::get(&getContext(),
                                   main.getBody().getArgumentTypes(),
                                   main.getResultTypes()));
    SmallVector<OpResult> results;
    main.walk([&](Operation *op) {
      for (OpResult result : op->getResults())
        if (isEmpty(result.getType()))
          results.push_back(result);
    });
    for (OpResult result : results)
      replace(result);
    for (auto global :
         llvm::make_early_inc_range(getOperation().getOps<memref::GlobalOp>()))
      if (isEmpty(global.getType()))
        global.erase();
  }

private:
  /// Operations that have nothing to do. (Canonicalisation has dropped those of
  /// linalg.)
  static void dropCopies(func::FuncOp main) {
    main.walk([](memref::CopyOp copy) {
      if (isEmpty(copy.getTarget().getType()))
        copy.erase();
    });
  }

  /// Views and constants become buffers of their own, which take no space; the
  /// results of loops and branches change with what these yield.
  static void replace(OpResult result) {
    MemRefType type = getCommonType(result.getType());
    Operation *op = result.getOwner();
    if (op->getNumRegions() > 0) {
      result.setType(type);
      return;
    }
    OpBuilder builder(op);
    Value buffer = memref::AllocOp::create(builder, op->getLoc(), type);
    result.replaceAllUsesWith(buffer);
    op->erase();
  }
};

} // namespace
