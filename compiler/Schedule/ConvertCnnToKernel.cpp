// The conversion from cnn to kernel: the network's interface, the convolutions,
// then everything else.

#include "compiler/Analysis/BoundaryType.h"
#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Schedule/ConvertComputedFilter.h"
#include "compiler/Schedule/ConvertConvolution.h"
#include "compiler/Schedule/ConvertElementwise.h"
#include "compiler/Schedule/ConvertMatmul.h"
#include "compiler/Schedule/ConvertNormalization.h"
#include "compiler/Schedule/ConvertPooling.h"
#include "compiler/Schedule/ConvertReduction.h"
#include "compiler/Schedule/ConvertShapes.h"
#include "compiler/Schedule/ConvertTensors.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/WeightRelease.h"
#include "runtime/element_type.h"
#include "runtime/toeplitz.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTCNNTOKERNEL
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// [{name = "x", shape = array<i64: 1, 3, 8, 8>}, ...] for the arguments or the
/// results of a function; the type of elements stands beside where it isn't
/// float32.
static ArrayAttr
describeTensors(Builder &builder, TypeRange types, StringRef fallback,
                llvm::function_ref<StringAttr(unsigned)> getName,
                llvm::function_ref<int32_t(unsigned)> getType) {
  SmallVector<Attribute> tensors;
  for (auto [index, type] : llvm::enumerate(types)) {
    StringAttr name = getName(index);
    if (!name)
      name = builder.getStringAttr(fallback + Twine(index));
    auto shape =
        builder.getDenseI64ArrayAttr(cast<RankedTensorType>(type).getShape());
    SmallVector<NamedAttribute> description = {
        builder.getNamedAttr("name", name),
        builder.getNamedAttr("shape", shape)};
    int32_t elements = getType(index);
    if (elements != 0 && elements != TOEPLITZ_FLOAT32)
      description.push_back(builder.getNamedAttr(
          "type", builder.getStringAttr(toeplitz_element_type_name(elements))));
    tensors.push_back(builder.getDictionaryAttr(description));
  }
  return builder.getArrayAttr(tensors);
}

/// Names and types are attributes of arguments and results, which don't survive
/// bufferization.
static void recordInterface(ModuleOp module, func::FuncOp main) {
  Builder builder(module.getContext());
  constexpr StringLiteral nameAttribute = "toeplitz.name";
  module->setAttr(
      "toeplitz.inputs",
      describeTensors(
          builder, main.getArgumentTypes(), "input",
          [&](unsigned index) {
            return main.getArgAttrOfType<StringAttr>(index, nameAttribute);
          },
          [&](unsigned index) { return getArgumentType(main, index); }));
  module->setAttr(
      "toeplitz.outputs",
      describeTensors(
          builder, main.getResultTypes(), "output",
          [&](unsigned index) {
            return main.getResultAttrOfType<StringAttr>(index, nameAttribute);
          },
          [&](unsigned index) { return getResultType(main, index); }));
  if (!module->hasAttr("toeplitz.name"))
    module->setAttr(
        "toeplitz.name",
        builder.getStringAttr(module.getSymName().value_or("network")));
}

namespace {

struct ConvertCnnToKernel
    : toeplitz::impl::ConvertCnnToKernelBase<ConvertCnnToKernel> {
  using ConvertCnnToKernelBase::ConvertCnnToKernelBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = findMain(module);
    if (!main)
      return signalPassFailure();
    recordInterface(module, main);

    // Convolutions first: they take the operations behind them into their
    // epilogues.
    SmallVector<Operation *> layers;
    main.walk([&](Operation *op) {
      if (isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
        layers.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    std::optional<WeightRelease> weights;
    if (releaseWeights)
      weights.emplace(module);
    for (Operation *layer : layers) {
      Value filter = layer->getOperand(1);
      if (failed(convertConvolution(rewriter, layer)))
        return signalPassFailure();
      if (weights)
        weights->drop(filter);
    }

    main.walk([&](cnn::SoftmaxOp softmax) {
      convertScaledSoftmax(rewriter, softmax);
    });

    kernel::TargetAttr target = kernel::getTarget(module);
    int64_t lanes = target.getLanes();
    RewritePatternSet patterns(&getContext());
    populateElementwisePatterns(patterns, lanes);
    populatePoolingPatterns(patterns, lanes);
    populateShapePatterns(patterns, lanes);
    populateNormalizationPatterns(patterns, lanes);
    populateReductionPatterns(patterns, lanes);
    populateTensorPatterns(patterns);
    // (On a GPU a thread has a sum, and needs no tiles.)
    if (!target.isGpu()) {
      populateComputedFilterPatterns(patterns);
      populateMatmulPatterns(patterns);
    }
    // Producers first: where an operand lies decides the layout of its reader.
    if (failed(applyPatternsGreedily(
            module, std::move(patterns),
            GreedyRewriteConfig().setUseTopDownTraversal(true))))
      return signalPassFailure();

    main.walk(gatherPositions);

    WalkResult result = main.walk([](Operation *op) {
      if (!isa<cnn::CNNDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitError() << "no kernel computes '" << op->getName() << "'";
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
