// What was chosen for each convolution layer and why, as one HTML page that
// needs no other file: bars show each layer's share of the estimated time.

#include "compiler/Schedule/EscapeMarkup.h"
#include "compiler/Schedule/Explanation.h"

#include "llvm/Support/Format.h"

using namespace mlir;
using namespace toeplitz;

static constexpr llvm::StringLiteral style = R"(
  body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; color: #222; background: #fff; }
  table { border-collapse: collapse; width: 100%; margin: 0.5em 0; font-variant-numeric: tabular-nums; }
  th, td { padding: 0.15em 0.6em; text-align: right; border-bottom: 1px solid #ddd; }
  th:first-child, td:first-child, td.text, th.text { text-align: left; }
  tr.chosen { background: #e6f2e6; font-weight: 600; }
  tr.declines td { color: #777; }
  summary { cursor: pointer; padding: 0.2em 0; }
  summary span { display: inline-block; vertical-align: top; }
  .name { width: 14em; overflow-wrap: anywhere; } .algorithm { width: 10em; } .share { width: 9em; }
  .bar { height: 0.7em; background: #4a7db5; display: inline-block; }
  @media (prefers-color-scheme: dark) {
    body { color: #ddd; background: #1b1b1b; } th, td { border-color: #444; }
    tr.chosen { background: #23402a; } tr.declines td { color: #999; } }
)";

static void writeCandidate(const LayerSelection &layer,
                           const Candidate &candidate,
                           llvm::raw_ostream &stream) {
  bool isChosen = &candidate == &layer.getChosen();
  stream << "<tr"
         << (isChosen            ? " class=\"chosen\""
             : candidate.refusal ? " class=\"declines\""
                                 : "")
         << "><td>" << escapeMarkup(candidate.choice.getName()) << "</td>";
  std::string verdict = escapeMarkup(describeVerdict(layer, candidate));
  if (candidate.refusal) {
    stream << "<td class=\"text\" colspan=\"10\">" << verdict << "</td></tr>\n";
    return;
  }
  const ConvolutionCost &cost = candidate.cost;
  auto cell = [&](const std::string &text) {
    stream << "<td>" << text << "</td>";
  };
  cell(formatCount(cost.cycles));
  cell(formatCount(cost.multiplyAdds));
  cell(formatWaste(layer, candidate));
  cell(formatCount(cost.otherOperations));
  cell(formatCount(cost.level2Bytes));
  cell(formatCount(cost.memoryBytes));
  cell(formatBound(candidate.errorBound));
  cell(formatBound(candidate.typicalError));
  stream << "<td>";
  if (candidate.microseconds)
    stream << llvm::format("%.1f", *candidate.microseconds);
  stream << "</td><td class=\"text\">" << verdict << "</td></tr>\n";
}

static void writeLayer(const Explanation &explanation,
                       const LayerSelection &layer, double share,
                       llvm::raw_ostream &stream) {
  const Candidate &chosen = layer.getChosen();
  stream
      << "<details><summary><span class=\"name\">"
      << escapeMarkup(layer.name.empty() ? "(unnamed)" : layer.name)
      << "</span><span class=\"algorithm\">"
      << escapeMarkup(chosen.choice.getName())
      << "</span><span class=\"share\"><span class=\"bar\" style=\"width: "
      << llvm::format("%.2f", 8 * share) << "em\"></span></span><span>"
      << llvm::format("%.1f", 100 * share) << " %, "
      << escapeMarkup(describeLayer(layer)) << ", "
      << formatErrorShare(explanation, layer)
      << "</span></summary>\n<table><tr>"
      << "<th>algorithm</th><th>cycles</th><th>multiply-adds</th>"
      << "<th>waste</th><th>other operations</th><th>bytes from L2</th>"
      << "<th>bytes from memory</th><th>error bound</th><th>typical error</th>"
      << "<th>measured &micro;s</th><th class=\"text\"></th></tr>\n";
  for (const Candidate &candidate : layer.candidates)
    writeCandidate(layer, candidate, stream);
  stream << "</table>";
  if (std::optional<double> ratio = getModelRatio(layer))
    stream << "<p>The estimates' choice takes " << llvm::format("%.2f", *ratio)
           << " times the measured best.</p>";
  stream << "</details>\n";
}

void toeplitz::writeExplanationHtml(const Explanation &explanation,
                                    llvm::raw_ostream &stream) {
  double cycles = 0;
  for (const LayerSelection &layer : explanation.layers)
    cycles += layer.getChosen().cost.cycles;
  std::string title = escapeMarkup(explanation.network);
  stream << "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
         << "<meta charset=\"utf-8\">\n<title>" << title
         << ": algorithms</title>\n<style>" << style << "</style>\n</head>\n"
         << "<body>\n<h1>" << title << "</h1>\n<p>On "
         << escapeMarkup(explanation.processor) << ", " << explanation.lanes
         << " lanes, " << explanation.registers << " registers.</p>\n<ul>\n";
  for (const std::string &sentence : describeTotals(explanation))
    stream << "<li>" << escapeMarkup(sentence) << "</li>\n";
  stream << "</ul>\n<h2>Layers</h2>\n";
  for (const LayerSelection &layer : explanation.layers)
    writeLayer(explanation, layer,
               cycles > 0 ? layer.getChosen().cost.cycles / cycles : 0, stream);
  stream << "</body>\n</html>\n";
}
