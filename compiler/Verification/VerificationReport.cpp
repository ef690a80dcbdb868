// What verification has found, as text and as JSON.

#include "compiler/Verification/Verification.h"

#include "compiler/Schedule/JsonNumber.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace toeplitz;

size_t VerificationReport::countAlgorithms() const {
  size_t count = 0;
  for (const LayerCheck &layer : layers)
    count += layer.algorithms.size();
  return count;
}

size_t VerificationReport::countFailures() const {
  size_t count = 0;
  for (const LayerCheck &layer : layers) {
    for (const AlgorithmCheck &check : layer.algorithms)
      count += !check.hasPassed();
    for (const FoldCheck &check : layer.folds)
      count += !check.problem.empty();
  }
  for (const NetworkCheck &check : claims)
    count += !check.problem.empty();
  return count;
}

static std::string nameOf(const LayerCheck &layer) {
  std::string text;
  for (const std::string &name : layer.names)
    text += (text.empty() ? "" : ", ") + (name.empty() ? "(unnamed)" : name);
  return text;
}

static void writeAlgorithm(const AlgorithmCheck &check,
                           llvm::raw_ostream &stream) {
  stream << "  " << llvm::left_justify(check.algorithm, 18)
         << llvm::left_justify(!check.identityProblem.empty() ? "WRONG"
                               : check.identityByProof        ? "proven"
                                                              : "exact",
                               10)
         << llvm::format("%9.2e  %9.2e  %11.3g", check.error, check.bound,
                         check.getRatio())
         << (check.hasPassed() ? "" : "  FAILED") << "\n";
  if (!check.identityProblem.empty())
    stream << "    identity: " << check.identityProblem << "\n";
  if (check.getRatio() > 1)
    stream << "    the error is larger than the certified bound\n";
}

void toeplitz::writeVerificationText(const VerificationReport &report,
                                     llvm::raw_ostream &stream) {
  stream << report.network << " on " << report.processor << ", seed "
         << report.seed << "\n\n"
         << llvm::left_justify("", 20)
         << "identity      error      bound  error/bound\n";
  for (const LayerCheck &layer : report.layers) {
    stream << nameOf(layer) << ": " << layer.shape << "\n";
    if (!layer.reduction.empty())
      stream << "  (" << layer.reduction << ")\n";
    for (const AlgorithmCheck &check : layer.algorithms)
      writeAlgorithm(check, stream);
    for (const FoldCheck &check : layer.folds)
      stream << "  " << llvm::left_justify(check.fold, 18)
             << (check.problem.empty() ? "exact" : "WRONG: " + check.problem)
             << "\n";
  }
  for (const NetworkCheck &check : report.claims)
    stream << check.claim
           << (check.problem.empty() ? "" : ": FAILED: " + check.problem)
           << "\n";
  size_t layers = 0;
  for (const LayerCheck &layer : report.layers)
    layers += layer.names.size();
  stream << "\n"
         << layers << (layers == 1 ? " layer, " : " layers, ")
         << report.countAlgorithms() << " algorithms verified, "
         << report.countFailures() << " failed\n";
}

static void writeLayer(llvm::json::OStream &json, const LayerCheck &layer) {
  json.attributeArray("names", [&] {
    for (const std::string &name : layer.names)
      json.value(name);
  });
  json.attribute("shape", layer.shape);
  if (!layer.reduction.empty())
    json.attribute("reduction", layer.reduction);
  json.attributeArray("algorithms", [&] {
    for (const AlgorithmCheck &check : layer.algorithms)
      json.object([&] {
        json.attribute("algorithm", check.algorithm);
        json.attribute("identity", check.identityByProof ? "proof" : "exact");
        if (!check.identityProblem.empty())
          json.attribute("identity_problem", check.identityProblem);
        writeNumber(json, "error", check.error);
        writeNumber(json, "bound", check.bound);
        writeNumber(json, "ratio", check.getRatio());
        json.attribute("passed", check.hasPassed());
      });
  });
  json.attributeArray("folds", [&] {
    for (const FoldCheck &check : layer.folds)
      json.object([&] {
        json.attribute("fold", check.fold);
        json.attribute("passed", check.problem.empty());
        if (!check.problem.empty())
          json.attribute("problem", check.problem);
      });
  });
}

void toeplitz::writeVerificationJson(const VerificationReport &report,
                                     llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    json.attribute("network", report.network);
    json.attribute("processor", report.processor);
    json.attribute("seed", static_cast<int64_t>(report.seed));
    json.attributeArray("layers", [&] {
      for (const LayerCheck &layer : report.layers)
        json.object([&] { writeLayer(json, layer); });
    });
    json.attributeArray("claims", [&] {
      for (const NetworkCheck &check : report.claims)
        json.object([&] {
          json.attribute("claim", check.claim);
          json.attribute("passed", check.problem.empty());
          if (!check.problem.empty())
            json.attribute("problem", check.problem);
        });
    });
    json.attribute("algorithms",
                   static_cast<int64_t>(report.countAlgorithms()));
    json.attribute("failed", static_cast<int64_t>(report.countFailures()));
  });
  stream << "\n";
}
