#include "compiler/Transforms/Folds.h"

#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace toeplitz {

ArrayRef<StringRef> getLayerFolds() {
  static const StringRef folds[] = {"transposed", "groups", "dilation",
                                    "stride"};
  return folds;
}

static SmallVector<StringRef> getMarks(Operation *layer) {
  SmallVector<StringRef> marks;
  if (auto attribute = layer->getAttrOfType<StringAttr>(foldAttribute))
    attribute.getValue().split(marks, '+', /*MaxSplit=*/-1,
                               /*KeepEmpty=*/false);
  return marks;
}

bool isMarked(Operation *layer, StringRef fold) {
  return llvm::is_contained(getMarks(layer), fold);
}

void passOnMarks(Operation *layer, Operation *piece, StringRef fold) {
  SmallVector<StringRef> marks = getMarks(layer);
  llvm::erase(marks, fold);
  if (marks.empty())
    piece->removeAttr(foldAttribute);
  else
    piece->setAttr(foldAttribute, StringAttr::get(layer->getContext(),
                                                  llvm::join(marks, "+")));
}

void foldLayers(
    ModuleOp module, StringRef fold, bool markedOnly,
    function_ref<LogicalResult(RewriterBase &, Operation *)> foldLayer) {
  SmallVector<Operation *> layers;
  module.walk([&](Operation *op) {
    if (isa<cnn::ConvOp, cnn::ConvTransposeOp>(op) &&
        (!markedOnly || isMarked(op, fold)))
      layers.push_back(op);
  });
  IRRewriter rewriter(module.getContext());
  for (Operation *layer : layers)
    if (failed(foldLayer(rewriter, layer)))
      passOnMarks(layer, layer, fold);
  eraseUnusedConstants(module);
}

void eraseUnusedConstants(ModuleOp module) {
  module.walk([](arith::ConstantOp constant) {
    if (constant->use_empty())
      constant.erase();
  });
}

} // namespace toeplitz
