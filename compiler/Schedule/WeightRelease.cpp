#include "compiler/Schedule/WeightRelease.h"
#include "compiler/Transforms/Constants.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace toeplitz;

WeightRelease::WeightRelease(ModuleOp module) {
  llvm::StringSet<> used;
  module->walk([&](Operation *op) {
    op->getAttrDictionary().walk([&](DenseResourceElementsAttr attribute) {
      ++uses[attribute];
      used.insert(attribute.getRawHandle().getKey());
    });
  });
  DialectResourceBlobManager &blobs =
      DenseResourceElementsHandle::getManagerInterface(module.getContext())
          .getBlobManager();
  SmallVector<std::string> unused;
  blobs.getBlobMap(
      [&](const llvm::StringMap<DialectResourceBlobManager::BlobEntry> &all) {
        for (StringRef name : all.keys())
          if (!used.contains(name))
            unused.push_back(name.str());
      });
  for (const std::string &name : unused)
    blobs.update(name, AsmResourceBlob());
}

void WeightRelease::drop(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  if (!constant || !constant->use_empty())
    return;
  auto attribute = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  constant->erase();
  // (Two attributes may name one blob with different types; then it stays.)
  if (attribute && --uses[attribute] == 0 &&
      llvm::none_of(uses, [&](const auto &other) {
        return other.second > 0 &&
               cast<DenseResourceElementsAttr>(other.first).getRawHandle() ==
                   attribute.getRawHandle();
      }))
    freeBlob(attribute);
}
