#include "compiler/Schedule/ExplanationValues.h"

#include "compiler/Schedule/TypicalErrorLimit.h"
#include "dialects/CNN/CNNDialect.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

LayerParameters toeplitz::getParameters(Operation *layer) {
  auto copy = [](ArrayRef<int64_t> from) {
    return SmallVector<int64_t>(from.begin(), from.end());
  };
  auto get = [&](auto op, bool isTransposed) -> LayerParameters {
    return {copy(op.getFilter().getType().getShape().drop_front(2)),
            copy(op.getStrides()),
            copy(op.getDilations()),
            copy(op.getPaddingLow()),
            copy(op.getPaddingHigh()),
            static_cast<int64_t>(op.getGroups()),
            isTransposed};
  };
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    return get(conv, false);
  return get(cast<cnn::ConvTransposeOp>(layer), true);
}

ArrayRef<int64_t> toeplitz::getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

ArrayRef<int64_t> toeplitz::getInputShape(Operation *layer) {
  cnn::PadOp halo = getHalo(layer);
  return getShape(halo ? halo.getInput() : layer->getOperand(0));
}

StringRef toeplitz::getReasonName(SelectionReason reason) {
  switch (reason) {
  case SelectionReason::Estimated:
    return "estimated";
  case SelectionReason::Measured:
    return "measured";
  case SelectionReason::Forced:
    return "forced";
  case SelectionReason::ForcedForLayer:
    return "forced for this layer";
  case SelectionReason::TypicalError:
    return "typical error";
  }
  return "";
}

double toeplitz::getRelativeCost(const LayerSelection &layer,
                                 const Candidate &candidate) {
  const Candidate &chosen = layer.getChosen();
  if (chosen.microseconds && candidate.microseconds &&
      (layer.reason == SelectionReason::Measured ||
       layer.reason == SelectionReason::TypicalError))
    return *candidate.microseconds / *chosen.microseconds;
  return chosen.cost.cycles > 0 ? candidate.cost.cycles / chosen.cost.cycles
                                : 1;
}

std::optional<double> toeplitz::getModelRatio(const LayerSelection &layer) {
  const Candidate *model = nullptr, *best = nullptr;
  for (const Candidate &candidate : layer.candidates) {
    if (!candidate.isAllowed() || !candidate.microseconds)
      continue;
    if (!model || candidate.cost.cycles < model->cost.cycles)
      model = &candidate;
    if (!best || *candidate.microseconds < *best->microseconds)
      best = &candidate;
  }
  if (!best)
    return std::nullopt;
  return *model->microseconds / *best->microseconds;
}

ModelAccuracy toeplitz::compareWithMeasured(ArrayRef<LayerSelection> layers) {
  ModelAccuracy accuracy;
  for (const LayerSelection &layer : layers)
    if (std::optional<double> ratio = getModelRatio(layer)) {
      ++accuracy.layers;
      accuracy.within += *ratio <= 1.1;
    }
  return accuracy;
}

double toeplitz::countParameters(Operation *layer) {
  double count = 0;
  for (Value operand : layer->getOperands().drop_front())
    count += static_cast<double>(
        cast<RankedTensorType>(operand.getType()).getNumElements());
  return count;
}

Totals toeplitz::addUp(const Explanation &explanation) {
  Totals totals;
  for (const LayerSelection &layer : explanation.layers) {
    const Candidate &chosen = layer.getChosen();
    totals.cost += chosen.cost;
    totals.ownMultiplyAdds += layer.getMultiplyAdds();
    totals.parameters += countParameters(layer.layer);
    ++totals.algorithms[chosen.choice.getName()];
    if (chosen.errorBound &&
        (!totals.leastExact ||
         *chosen.errorBound > *totals.leastExact->getChosen().errorBound))
      totals.leastExact = &layer;
  }
  return totals;
}

double Explanation::estimateTypicalError() const {
  return toeplitz::estimateTypicalError(layers);
}

std::optional<double> toeplitz::getErrorShare(const Explanation &explanation,
                                              const LayerSelection &layer) {
  double error = explanation.estimateTypicalError();
  double share = getErrorShare(layer) / (error * error);
  return std::isfinite(share) ? std::optional(share) : std::nullopt;
}
