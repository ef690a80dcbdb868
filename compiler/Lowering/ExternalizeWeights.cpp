// Takes the weights out of the code.

#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/SymbolTable.h"

namespace toeplitz {
#define GEN_PASS_DEF_EXTERNALIZEWEIGHTS
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct ExternalizeWeights
    : toeplitz::impl::ExternalizeWeightsBase<ExternalizeWeights> {
  void runOnOperation() override {
    NamedAttrList blobs;
    for (auto global : getOperation().getOps<memref::GlobalOp>()) {
      auto blob = dyn_cast_or_null<DenseResourceElementsAttr>(
          global.getInitialValueAttr());
      if (!blob)
        continue;
      blobs.append(global.getSymName(), blob);
      global.removeInitialValueAttr();
      SymbolTable::setSymbolVisibility(global, SymbolTable::Visibility::Public);
    }
    if (!blobs.empty())
      getOperation()->setAttr("toeplitz.blobs",
                              blobs.getDictionary(&getContext()));
  }
};

} // namespace
