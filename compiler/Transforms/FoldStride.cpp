// conv with stride s becomes a sum of convolutions with stride 1, one for each
// phase of the input that the taps read:
//
//   y[o] = sum over b of conv(x[b::s], w[taps k with (k d - p) mod s = b])[o]
//
// Formula and source: getStridePhases in Phases.h.

#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/Passes.h"
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_FOLDSTRIDE
#include "compiler/Transforms/Passes.h.inc"

namespace {

struct FoldStride : impl::FoldStrideBase<FoldStride> {
  using FoldStrideBase::FoldStrideBase;

  void runOnOperation() override {
    foldLayers(getOperation(), "stride", markedOnly,
               [](RewriterBase &rewriter, Operation *layer) {
                 return foldLayer(rewriter, layer, PhaseFold::Stride);
               });
  }
};

} // namespace
} // namespace toeplitz
