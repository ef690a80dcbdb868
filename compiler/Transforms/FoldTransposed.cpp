// conv_transpose with stride s becomes dense convolutions, one for each phase
// of the output (with dilation d and g = gcd(s, d)):
//
//   y[r :: s] = conv(x, w[taps k with k d = r + p (mod s), reversed])
//
// with dilation d/g and channels in the order of a convolution. Formula and
// source: getTransposedPhases in Phases.h.

#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDTRANSPOSED
#include "compiler/Transforms/Passes.h.inc"

namespace {

struct FoldTransposed : impl::FoldTransposedBase<FoldTransposed> {
  using FoldTransposedBase::FoldTransposedBase;

  void runOnOperation() override {
    foldLayers(getOperation(), "transposed", markedOnly,
               [](RewriterBase &rewriter, Operation *layer) {
                 return foldLayer(rewriter, layer, PhaseFold::Transposed);
               });
  }
};

} // namespace
} // namespace toeplitz
