// conv with dilation d becomes dense convolutions, one for each phase of the
// output (with stride s and g = gcd(s, d)):
//
//   y[r :: d/g] = conv(x[b::d], w) with stride s/g,  b = (r s - p) mod d
//
// Formula and source: getDilationPhases in Phases.h.

#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDDILATION
#include "compiler/Transforms/Passes.h.inc"

namespace {

struct FoldDilation : impl::FoldDilationBase<FoldDilation> {
  using FoldDilationBase::FoldDilationBase;

  void runOnOperation() override {
    foldLayers(getOperation(), "dilation", markedOnly,
               [](RewriterBase &rewriter, Operation *layer) {
                 return foldLayer(rewriter, layer, PhaseFold::Dilation);
               });
  }
};

} // namespace
} // namespace toeplitz
