// What was chosen for each convolution layer and why, as JSON.

#include "compiler/Schedule/ExplanationValues.h"
#include "compiler/Schedule/JsonNumber.h"

using namespace mlir;
using namespace toeplitz;

static void writeSizes(llvm::json::OStream &json, StringRef name,
                       ArrayRef<int64_t> sizes) {
  json.attributeArray(name, [&] {
    for (int64_t size : sizes)
      json.value(size);
  });
}

static void writeCost(llvm::json::OStream &json, const ConvolutionCost &cost) {
  json.attribute("cycles", cost.cycles);
  json.attribute("multiply_adds", cost.multiplyAdds);
  json.attribute("other_operations", cost.otherOperations);
  json.attribute("level2_bytes", cost.level2Bytes);
  json.attribute("memory_bytes", cost.memoryBytes);
}

static void writeCandidate(llvm::json::OStream &json,
                           const LayerSelection &layer,
                           const Candidate &candidate) {
  json.object([&] {
    json.attribute("algorithm", candidate.choice.getName());
    json.attribute("chosen", &candidate == &layer.getChosen());
    if (candidate.refusal) {
      json.attribute("declines", *candidate.refusal);
      return;
    }
    writeCost(json, candidate.cost);
    json.attribute("relative_cost", getRelativeCost(layer, candidate));
    json.attribute("typical_error", candidate.typicalError);
    if (candidate.errorBound) {
      writeNumber(json, "error_bound", *candidate.errorBound);
      json.attribute("too_inexact", candidate.isTooInexact);
    }
    if (candidate.microseconds)
      json.attribute("microseconds", *candidate.microseconds);
  });
}

static void writeLayer(llvm::json::OStream &json,
                       const Explanation &explanation,
                       const LayerSelection &layer) {
  LayerParameters parameters = getParameters(layer.layer);
  json.object([&] {
    json.attribute("name", layer.name);
    json.attribute("operation",
                   parameters.isTransposed ? "conv_transpose" : "conv");
    writeSizes(json, "input", getInputShape(layer.layer));
    writeSizes(json, "result", getShape(layer.layer->getResult(0)));
    writeSizes(json, "kernel", parameters.kernel);
    writeSizes(json, "strides", parameters.strides);
    writeSizes(json, "dilations", parameters.dilations);
    writeSizes(json, "padding_low", parameters.paddingLow);
    writeSizes(json, "padding_high", parameters.paddingHigh);
    if (cnn::PadOp halo = getHalo(layer.layer)) {
      writeSizes(json, "halo_low", halo.getLow().drop_front(2));
      writeSizes(json, "halo_high", halo.getHigh().drop_front(2));
    }
    json.attribute("groups", parameters.groups);
    json.attribute("parameters", countParameters(layer.layer));
    json.attribute("multiply_adds", layer.getMultiplyAdds());
    if (layer.getChosen().errorBound)
      writeNumber(json, "input_bound", layer.inputBound);
    json.attribute("algorithm", layer.getChosen().choice.getName());
    json.attribute("reason", getReasonName(layer.reason));
    if (std::optional<double> share = getErrorShare(explanation, layer))
      json.attribute("typical_error_share", *share);
    else
      json.attribute("typical_error_share", nullptr);
    json.attributeArray("candidates", [&] {
      for (const Candidate &candidate : layer.candidates)
        writeCandidate(json, layer, candidate);
    });
    if (std::optional<double> ratio = getModelRatio(layer))
      json.attribute("model_to_best", *ratio);
  });
}

void toeplitz::writeExplanationJson(const Explanation &explanation,
                                    llvm::raw_ostream &stream) {
  Totals totals = addUp(explanation);
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", explanation.network);
    json.attribute("processor", explanation.processor);
    json.attribute("lanes", explanation.lanes);
    json.attribute("registers", explanation.registers);
    json.attribute("input_range", explanation.inputRange);
    if (explanation.maxError)
      json.attribute("max_error", *explanation.maxError);
    writeNumber(json, "typical_error_limit", explanation.typicalErrorLimit);
    json.attributeArray("layers", [&] {
      for (const LayerSelection &layer : explanation.layers)
        writeLayer(json, explanation, layer);
    });
    json.attributeObject("totals", [&] {
      writeCost(json, totals.cost);
      json.attribute("own_multiply_adds", totals.ownMultiplyAdds);
      json.attribute("parameters", totals.parameters);
      json.attribute("arena_bytes", explanation.memory.arenaBytes);
      json.attribute("largest_live_bytes", explanation.memory.largestLiveBytes);
      json.attributeObject("algorithms", [&] {
        for (const auto &[name, count] : totals.algorithms)
          json.attribute(name, static_cast<int64_t>(count));
      });
      writeNumber(json, "typical_error", explanation.estimateTypicalError());
      if (totals.leastExact)
        writeNumber(json, "error_bound",
                    *totals.leastExact->getChosen().errorBound);
      ModelAccuracy accuracy = compareWithMeasured(explanation.layers);
      if (accuracy.layers) {
        json.attribute("measured_layers",
                       static_cast<int64_t>(accuracy.layers));
        json.attribute("within_10_percent",
                       static_cast<int64_t>(accuracy.within));
      }
    });
  });
  stream << "\n";
}
