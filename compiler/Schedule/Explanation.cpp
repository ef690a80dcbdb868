// What was chosen for each convolution layer and why, as text.

#include "compiler/Schedule/Explanation.h"

#include "compiler/Schedule/ExplanationValues.h"
#include "dialects/CNN/CNNDialect.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

static constexpr size_t columns = 100;
/// Where the reasons of algorithms that decline begin.
static constexpr size_t nameColumns = 18;

template <typename... Values>
static std::string print(const char *format, Values... values) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(format, values...);
  return text;
}

// --- the forms' common words

std::string toeplitz::formatCount(double number) {
  constexpr std::pair<double, const char *> units[] = {
      {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  for (auto [unit, name] : units)
    if (number >= unit * 0.9995)
      return print(number < unit * 9.995   ? "%.2f"
                   : number < unit * 99.95 ? "%.1f"
                                           : "%.0f",
                   number / unit) +
             name;
  return print("%.0f", number);
}

std::string toeplitz::formatBound(std::optional<double> bound) {
  if (!bound)
    return "";
  return std::isfinite(*bound) ? print("%.1e", *bound) : "unknown";
}

std::string toeplitz::formatWaste(const LayerSelection &layer,
                                  const Candidate &candidate) {
  double own = layer.getMultiplyAdds();
  double waste = own > 0 ? candidate.cost.multiplyAdds / own - 1 : 0;
  std::string text = print("%+.0f %%", 100 * waste);
  return text == "-0 %" || text == "+0 %" ? "0 %" : text;
}

std::string toeplitz::formatErrorShare(const Explanation &explanation,
                                       const LayerSelection &layer) {
  std::optional<double> share = getErrorShare(explanation, layer);
  return share ? print("error %.1f %%", 100 * *share) : "error unknown";
}

/// "3x3"; one number where all are equal and `brief`.
static std::string joinSizes(ArrayRef<int64_t> sizes, bool brief = false) {
  if (brief && llvm::all_equal(sizes) && !sizes.empty())
    return std::to_string(sizes.front());
  std::string text;
  for (int64_t size : sizes)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::string toeplitz::describeLayer(const LayerSelection &layer) {
  LayerParameters parameters = getParameters(layer.layer);
  std::string text = joinSizes(getInputShape(layer.layer)) + " -> " +
                     joinSizes(getShape(layer.layer->getResult(0)));
  if (parameters.isTransposed)
    text = "transposed, " + text;
  if (parameters.kernel.empty())
    text += ", dense";
  else
    text += ", kernel " + joinSizes(parameters.kernel);
  auto differ = [](ArrayRef<int64_t> sizes, int64_t usual) {
    return llvm::any_of(sizes, [=](int64_t size) { return size != usual; });
  };
  if (differ(parameters.strides, 1))
    text += ", stride " + joinSizes(parameters.strides, true);
  if (differ(parameters.dilations, 1))
    text += ", dilation " + joinSizes(parameters.dilations, true);
  if (differ(parameters.paddingLow, 0) || differ(parameters.paddingHigh, 0)) {
    text += ", padding " + joinSizes(parameters.paddingLow, true);
    if (parameters.paddingLow != parameters.paddingHigh)
      text += " to " + joinSizes(parameters.paddingHigh, true);
  }
  if (cnn::PadOp halo = getHalo(layer.layer)) {
    ArrayRef<int64_t> low = halo.getLow().drop_front(2);
    ArrayRef<int64_t> high = halo.getHigh().drop_front(2);
    text += ", circular padding " + joinSizes(low, true);
    if (low != high)
      text += " to " + joinSizes(high, true);
  }
  if (parameters.groups != 1)
    text += ", groups " + std::to_string(parameters.groups);
  return text;
}

std::string toeplitz::describeVerdict(const LayerSelection &layer,
                                      const Candidate &candidate) {
  if (&candidate == &layer.getChosen())
    return layer.reason == SelectionReason::Estimated
               ? "chosen"
               : ("chosen, " + getReasonName(layer.reason)).str();
  if (candidate.refusal)
    return "declines: " + *candidate.refusal;
  if (candidate.isTooInexact)
    return "too inexact";
  double relative = getRelativeCost(layer, candidate);
  return relative >= 1 ? print("%.2f x slower", relative)
                       : print("%.2f x faster", 1 / relative);
}

static std::string describeTypicalError(const Explanation &explanation) {
  double error = explanation.estimateTypicalError();
  std::string text = "typical error of the outputs: " + formatBound(error) +
                     (std::isfinite(error) ? " of the largest one" : "");
  if (!std::isfinite(explanation.typicalErrorLimit))
    return text + ", without a limit";
  text += ", with a limit of " + print("%g", explanation.typicalErrorLimit);
  auto switched =
      llvm::count_if(explanation.layers, [](const LayerSelection &layer) {
        return layer.reason == SelectionReason::TypicalError;
      });
  return switched == 0 ? text
                       : text + " for which " + std::to_string(switched) +
                             (switched == 1 ? " layer has" : " layers have") +
                             " another algorithm than the cheapest";
}

std::vector<std::string>
toeplitz::describeTotals(const Explanation &explanation) {
  Totals totals = addUp(explanation);
  std::string algorithms;
  for (const auto &[name, count] : totals.algorithms)
    algorithms +=
        (algorithms.empty() ? "" : ", ") + name + " " + std::to_string(count);
  std::vector<std::string> sentences = {
      std::to_string(explanation.layers.size()) +
          " convolution layers, by algorithm: " +
          (algorithms.empty() ? "none" : algorithms),
      formatCount(totals.parameters) + " parameters, " +
          formatCount(totals.ownMultiplyAdds) + " multiply-adds, of which " +
          formatCount(totals.cost.multiplyAdds) + " are executed, and " +
          formatCount(totals.cost.otherOperations) + " other operations",
      "an estimated " + formatCount(totals.cost.cycles) + " cycles, " +
          formatCount(totals.cost.level2Bytes) +
          "B from the second-level cache, " +
          formatCount(totals.cost.memoryBytes) + "B from beyond"};
  MemoryUse memory = explanation.memory;
  if (memory.arenaBytes > 0)
    sentences.push_back(
        "an arena of " + formatCount(static_cast<double>(memory.arenaBytes)) +
        "B for the values between layers, " +
        print("%.1f", 100.0 * (memory.arenaBytes - memory.largestLiveBytes) /
                          memory.largestLiveBytes) +
        " % above the " +
        formatCount(static_cast<double>(memory.largestLiveBytes)) +
        "B that are alive at once");
  if (totals.leastExact)
    sentences.push_back("largest rounding error of a layer: " +
                        formatBound(totals.leastExact->getChosen().errorBound) +
                        " at most, layer '" + totals.leastExact->name +
                        "', for network inputs up to " +
                        print("%g", explanation.inputRange));
  sentences.push_back(describeTypicalError(explanation));
  ModelAccuracy accuracy = compareWithMeasured(explanation.layers);
  if (accuracy.layers)
    sentences.push_back(std::to_string(accuracy.within) + " of " +
                        std::to_string(accuracy.layers) +
                        " layers within 10 % of the measured best");
  return sentences;
}

// --- text

/// Writes a text whose first line begins at `column` and whose other lines are
/// indented to there, broken between words.
static void writeWrapped(llvm::raw_ostream &stream, StringRef text,
                         size_t column) {
  size_t position = column;
  bool isFirst = true;
  for (StringRef word : llvm::split(text, ' ')) {
    if (!isFirst && position + 1 + word.size() > columns) {
      stream << "\n" << std::string(column, ' ');
      position = column;
      isFirst = true;
    }
    stream << (isFirst ? "" : " ") << word;
    position += word.size() + !isFirst;
    isFirst = false;
  }
  stream << "\n";
}

static void writeCandidate(const LayerSelection &layer,
                           const Candidate &candidate, bool withBounds,
                           bool withTimes, llvm::raw_ostream &stream) {
  bool isChosen = &candidate == &layer.getChosen();
  stream << (isChosen ? "* " : "  ")
         << llvm::left_justify(candidate.choice.getName(), nameColumns - 2);
  std::string verdict = describeVerdict(layer, candidate);
  if (candidate.refusal) {
    stream << ' ';
    writeWrapped(stream, verdict, nameColumns + 1);
    return;
  }
  auto column = [&](const std::string &text, unsigned width) {
    stream << llvm::right_justify(text, width);
  };
  const ConvolutionCost &cost = candidate.cost;
  column(formatCount(cost.cycles), 8);
  column(formatCount(cost.multiplyAdds), 8);
  column(formatWaste(layer, candidate), 8);
  column(formatCount(cost.otherOperations), 7);
  column(formatCount(cost.level2Bytes), 7);
  column(formatCount(cost.memoryBytes), 7);
  if (withBounds)
    column(formatBound(candidate.errorBound), 9);
  if (withTimes)
    column(candidate.microseconds ? print("%.1f", *candidate.microseconds)
                                  : "-",
           10);
  stream << "  " << verdict << "\n";
}

void toeplitz::writeExplanationText(const Explanation &explanation,
                                    llvm::raw_ostream &stream) {
  auto any = [&](auto predicate) {
    return llvm::any_of(explanation.layers, [&](const LayerSelection &layer) {
      return llvm::any_of(layer.candidates, predicate);
    });
  };
  bool withBounds =
      any([](const Candidate &c) { return c.errorBound.has_value(); });
  bool withTimes =
      any([](const Candidate &c) { return c.microseconds.has_value(); });
  stream << explanation.network << " on " << explanation.processor << ", "
         << explanation.lanes << " lanes, " << explanation.registers
         << " registers\n\n";
  stream << llvm::left_justify("", nameColumns)
         << "  cycles mul-add   waste  other  L2 B  mem B"
         << (withBounds ? "    error" : "") << (withTimes ? "  us meas." : "")
         << "\n";
  for (const LayerSelection &layer : explanation.layers) {
    std::string title = (layer.name.empty() ? "(unnamed)" : layer.name) + ": ";
    stream << title;
    writeWrapped(stream,
                 describeLayer(layer) + "; " +
                     formatCount(countParameters(layer.layer)) +
                     " parameters, " + formatCount(layer.getMultiplyAdds()) +
                     " multiply-adds, " + formatErrorShare(explanation, layer),
                 title.size() < columns / 2 ? title.size() : 4);
    for (const Candidate &candidate : layer.candidates)
      writeCandidate(layer, candidate, withBounds, withTimes, stream);
    if (std::optional<double> ratio = getModelRatio(layer))
      stream << "  the estimates' choice takes " << print("%.2f", *ratio)
             << " x the measured best\n";
  }
  stream << "\n";
  for (const std::string &sentence : describeTotals(explanation))
    writeWrapped(stream, sentence, 0);
}
