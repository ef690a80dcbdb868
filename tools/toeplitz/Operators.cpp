// `toeplitz operators`: what is compiled of ONNX.

#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "tools/toeplitz/CommandLine.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <map>

using namespace toeplitz;

namespace {

struct VersionRange {
  int64_t first, last;
};

/// The ranges of each operator, in the order of their names. Ranges that touch
/// are joined.
std::map<std::string, std::vector<VersionRange>> collectOperators() {
  std::map<std::string, std::vector<VersionRange>> operators;
  for (llvm::ArrayRef<OnnxOperator> family : getOnnxOperatorFamilies())
    for (const OnnxOperator &row : family)
      operators[row.name.str()].push_back(
          {std::max(row.firstVersion, upgradedOpset + 1), row.lastVersion});
  for (auto &[name, ranges] : operators) {
    llvm::sort(ranges, [](VersionRange a, VersionRange b) {
      return a.first < b.first;
    });
    std::vector<VersionRange> joined;
    for (VersionRange range : ranges)
      if (!joined.empty() && range.first <= joined.back().last + 1)
        joined.back().last = std::max(joined.back().last, range.last);
      else
        joined.push_back(range);
    ranges = std::move(joined);
  }
  return operators;
}

void print(llvm::raw_ostream &stream) {
  stream << "ONNX operators, and the opsets in which they are compiled:\n";
  for (const auto &[name, ranges] : collectOperators()) {
    stream << "  " << llvm::left_justify(name, 28);
    llvm::interleaveComma(ranges, stream, [&](VersionRange range) {
      stream << range.first << " to " << range.last;
    });
    stream << "\n";
  }
}

void printJson(llvm::raw_ostream &stream) {
  llvm::json::OStream json(stream, /*IndentSize=*/2);
  json.object([&] {
    for (const auto &[name, ranges] : collectOperators())
      json.attributeArray(name, [&, &ranges = ranges] {
        for (VersionRange range : ranges)
          json.array([&] {
            json.value(range.first);
            json.value(range.last);
          });
      });
  });
  stream << "\n";
}

} // namespace

Command toeplitz::addOperatorsCommand(CLI::App &application) {
  CLI::App *parser = application.add_subcommand(
      "operators", "List the operators of ONNX that are compiled");
  auto asJson = std::make_shared<bool>(false);
  parser->add_flag("--json", *asJson,
                   "As JSON: ranges of opset versions by operator");
  return {parser, [asJson] {
            *asJson ? printJson(llvm::outs()) : print(llvm::outs());
            return 0;
          }};
}
