// Chooses the algorithm of each convolution layer and records it in the IR.

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/Selection.h"
#include "compiler/Schedule/TypicalErrorLimit.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

namespace toeplitz {
#define GEN_PASS_DEF_SELECTALGORITHMS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct SelectAlgorithms
    : toeplitz::impl::SelectAlgorithmsBase<SelectAlgorithms> {
  using SelectAlgorithmsBase::SelectAlgorithmsBase;

  void runOnOperation() override {
    SelectionRules rules;
    rules.algorithm = algorithm;
    rules.layers.assign(layers.begin(), layers.end());
    if (maxError > 0)
      rules.maxError = maxError;
    rules.precise = precise;
    if (inputRange > 0)
      rules.inputRange = inputRange;
    rules.typicalError = typicalError;
    rules.withBounds = bounds;
    rules.cpu = cpu;
    TunedTimes times;
    if (!tuned.empty()) {
      if (failed(readTimes(times)))
        return signalPassFailure();
      rules.tuned = &times;
    }
    FailureOr<std::vector<LayerSelection>> selections =
        selectAlgorithms(getOperation(), rules);
    if (failed(selections))
      return signalPassFailure();
    for (const LayerSelection &selection : *selections)
      selection.layer->setAttr(
          algorithmAttribute,
          StringAttr::get(&getContext(),
                          selection.getChosen().choice.getName()));
    if (warn)
      warnOfTypicalError(*selections);
    if (rules.maxError || rules.withBounds)
      recordBound(*selections, rules.getCertifiedRange());
  }

private:
  LogicalResult readTimes(TunedTimes &times) {
    llvm::Expected<TunedTimes> read = TunedTimes::read(tuned);
    if (!read)
      return getOperation().emitError("measured times: " +
                                      llvm::toString(read.takeError()));
    times = std::move(*read);
    if (times.isStale())
      getOperation().emitWarning()
          << "'" << tuned.getValue()
          << "' was measured with other algorithms than this compiler's; its "
             "times are not used, tune again";
    return success();
  }

  /// Says what was asked for and what was reached, where that is too little.
  void warnOfTypicalError(ArrayRef<LayerSelection> selections) {
    double error = estimateTypicalError(selections);
    if (!std::isfinite(error) || error <= typicalError)
      return;
    ModuleOp network = getOperation();
    network.emitWarning()
        << "network '" << network.getSymName().value_or("")
        << "': the typical error of the outputs is "
        << llvm::formatv("{0:e2}", error).str() << ", expected at most "
        << llvm::formatv("{0:e2}", typicalError.getValue()).str()
        << " of the largest one: no choice of algorithms reaches that";
  }

  /// For the header: the layer with the largest bound.
  void recordBound(ArrayRef<LayerSelection> selections, double range) {
    const LayerSelection *largest = nullptr;
    for (const LayerSelection &selection : selections)
      if (!largest ||
          *selection.getChosen().errorBound > *largest->getChosen().errorBound)
        largest = &selection;
    if (!largest)
      return;
    Builder builder(&getContext());
    getOperation()->setAttr(
        errorBoundAttribute,
        builder.getDictionaryAttr(
            {builder.getNamedAttr(
                 "bound",
                 builder.getF64FloatAttr(*largest->getChosen().errorBound)),
             builder.getNamedAttr("input_range",
                                  builder.getF64FloatAttr(range)),
             builder.getNamedAttr("layer",
                                  builder.getStringAttr(largest->name))}));
  }
};

} // namespace
