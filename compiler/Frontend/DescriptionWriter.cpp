// Writes a description in the standard form: see DescriptionWriter.h.

#include "compiler/Frontend/DescriptionWriter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/JSON.h"

namespace toeplitz {

static void writeText(llvm::StringRef text, llvm::raw_ostream &output) {
  output << llvm::json::Value(text);
}

static void writeMember(llvm::StringRef key, llvm::raw_ostream &output) {
  writeText(key, output);
  output << ": ";
}

static void writeValue(const JsonValue &value, llvm::raw_ostream &output) {
  if (const JsonValue::Array *array = value.asArray()) {
    output << "[";
    llvm::interleaveComma(*array, output, [&](const JsonValue &element) {
      writeValue(element, output);
    });
    output << "]";
  } else if (const JsonValue::Object *object = value.asObject()) {
    output << "{";
    llvm::interleaveComma(*object, output, [&](const JsonMember &member) {
      writeMember(member.key, output);
      writeValue(member.value, output);
    });
    output << "}";
  } else if (const std::string *text = value.asString()) {
    writeText(*text, output);
  } else if (const bool *boolean = value.asBoolean()) {
    output << (*boolean ? "true" : "false");
  } else if (const int64_t *integer = std::get_if<int64_t>(&value.value)) {
    output << *integer;
  } else if (const double *real = std::get_if<double>(&value.value)) {
    output << formatNumber(*real);
  } else {
    output << "null";
  }
}

static void writeReferences(const std::vector<Reference> &references,
                            llvm::raw_ostream &output) {
  output << "[";
  llvm::interleaveComma(references, output, [&](const Reference &reference) {
    writeText(reference.name, output);
  });
  output << "]";
}

static void writeWeights(const WeightsDescription &weights,
                         llvm::raw_ostream &output) {
  if (weights.kind == WeightsDescription::Kind::None)
    return;
  output << ",\n  \"weights\": ";
  if (weights.kind == WeightsDescription::Kind::File)
    writeText(weights.file, output);
  else {
    output << "{\"random\": " << weights.seed;
    if (weights.sparsity != 0)
      output << ", \"sparsity\": " << formatNumber(weights.sparsity);
    output << "}";
  }
}

static void writeInput(const InputDescription &input,
                       llvm::raw_ostream &output) {
  output << "{\"name\": ";
  writeText(input.name, output);
  output << ", \"shape\": [";
  llvm::interleaveComma(input.shape, output);
  output << "]}";
}

static void writeLayer(const LayerDescription &layer,
                       llvm::raw_ostream &output) {
  output << "{\"name\": ";
  writeText(layer.name, output);
  output << ", \"op\": ";
  writeText(layer.operatorName, output);
  if (layer.inputs) {
    output << ", \"inputs\": ";
    writeReferences(*layer.inputs, output);
  }
  for (const JsonMember &member : layer.parameters) {
    output << ", ";
    writeMember(member.key, output);
    writeValue(member.value, output);
  }
  output << "}";
}

/// A list with a line for each element.
template <typename Range, typename Writer>
static void writeLines(llvm::StringRef key, const Range &range,
                       llvm::raw_ostream &output, Writer writer) {
  output << ",\n  \"" << key << "\": [\n    ";
  llvm::interleave(
      range, output, [&](const auto &element) { writer(element, output); },
      ",\n    ");
  output << "\n  ]";
}

void writeDescription(const NetworkDescription &network,
                      llvm::raw_ostream &output) {
  output << "{\n";
  for (const JsonMember &remark : network.remarks) {
    output << "  ";
    writeMember(remark.key, output);
    writeValue(remark.value, output);
    output << ",\n";
  }
  output << "  \"name\": ";
  writeText(network.name, output);
  writeWeights(network.weights, output);
  writeLines("inputs", network.inputs, output, writeInput);
  writeLines("layers", network.layers, output, writeLayer);
  if (network.outputs) {
    output << ",\n  \"outputs\": ";
    writeReferences(*network.outputs, output);
  }
  output << "\n}\n";
}

} // namespace toeplitz
