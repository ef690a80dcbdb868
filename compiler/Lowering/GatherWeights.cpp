// Puts the weights of a network into one buffer that @main is handed.

#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_GATHERWEIGHTS
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Where a constant begins: the widest access of a GPU is 16 bytes, its cache
/// lines are 128.
constexpr int64_t alignment = 128;

struct GatherWeights : toeplitz::impl::GatherWeightsBase<GatherWeights> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main) {
      module.emitError("expected a function @main, the network");
      return signalPassFailure();
    }
    SmallVector<memref::GetGlobalOp> uses;
    main.walk([&](memref::GetGlobalOp op) { uses.push_back(op); });
    for (memref::GetGlobalOp use : uses)
      place(use.getNameAttr().getAttr(), use.getType());

    OpBuilder builder(&getContext());
    auto type = MemRefType::get({size}, builder.getI8Type());
    (void)main.insertArgument(main.getNumArguments(), type, {}, main.getLoc());
    Value weights = main.getArguments().back();
    for (memref::GetGlobalOp use : uses) {
      builder.setInsertionPoint(use);
      Value offset = arith::ConstantIndexOp::create(
          builder, use.getLoc(), offsets.lookup(use.getNameAttr().getAttr()));
      use.replaceAllUsesWith(memref::ViewOp::create(builder, use.getLoc(),
                                                    use.getType(), weights,
                                                    offset, ValueRange())
                                 .getResult());
      use.erase();
    }
    NamedAttrList places;
    for (auto [name, offset] : offsets)
      places.append(name, builder.getI64IntegerAttr(offset));
    module->setAttr("toeplitz.device_weights",
                    places.getDictionary(&getContext()));
    module->setAttr("toeplitz.device_weights_size",
                    builder.getI64IntegerAttr(size));
  }

private:
  void place(StringAttr name, MemRefType type) {
    if (!offsets.insert({name, size}).second)
      return;
    int64_t bits =
        type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
    int64_t bytes =
        type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(bits, 8));
    size = static_cast<int64_t>(llvm::alignTo(size + bytes, alignment));
  }

  llvm::MapVector<StringAttr, int64_t> offsets;
  int64_t size = 0;
};

} // namespace
