// The ranking of the algorithms for each convolution layer.

#include "compiler/Schedule/Selection.h"

#include "compiler/Analysis/TypicalError.h"
#include "compiler/Analysis/ValueRange.h"
#include "compiler/Schedule/ErrorBound.h"
#include "compiler/Schedule/SeparableCost.h"
#include "compiler/Schedule/TypicalErrorLimit.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

double LayerSelection::getMultiplyAdds() const {
  double sum = 0;
  for (const ConvolutionPart &part : parts)
    sum += part.convolution.getMultiplyAdds();
  return sum;
}

/// The cost and the typical error of a choice that doesn't decline.
static void estimate(Candidate &candidate, ArrayRef<ConvolutionPart> parts,
                     kernel::TargetAttr target) {
  const AlgorithmChoice &choice = candidate.choice;
  double squares = 0, positions = 0;
  for (const ConvolutionPart &part : parts) {
    ConvolutionSchedule schedule =
        getSchedule(choice, part.convolution, target);
    double error =
        choice.algorithm->estimateTypicalError(part.convolution, schedule);
    auto results = static_cast<double>(part.convolution.getPositions());
    squares += results * error * error;
    positions += results;
    candidate.cost += estimateWholeCost(*choice.algorithm, part.convolution,
                                        schedule, target);
  }
  candidate.typicalError = std::sqrt(squares / positions);
}

static constexpr llvm::StringLiteral imprecise =
    "it rounds more than a sum of products, and --precise allows no such "
    "algorithm";

/// The variants that compute all parts, in the algorithm's order.
static SmallVector<std::string> getVariants(const Algorithm *algorithm,
                                            ArrayRef<ConvolutionPart> parts,
                                            kernel::TargetAttr target) {
  SmallVector<std::string> variants;
  for (const ConvolutionSchedule &schedule :
       algorithm->getSchedules(parts.front().convolution, target))
    if (!schedule.variant.empty() &&
        !declinesLayer({algorithm, schedule.variant}, parts, target))
      variants.push_back(schedule.variant);
  // Parts may be computed in different ways.
  if (parts.size() > 1 || variants.empty())
    variants.push_back("");
  return variants;
}

std::vector<Candidate> toeplitz::listCandidates(ArrayRef<ConvolutionPart> parts,
                                                kernel::TargetAttr target) {
  std::vector<Candidate> candidates;
  for (const Algorithm *algorithm : getAlgorithms()) {
    Candidate candidate;
    candidate.choice = {algorithm, ""};
    candidate.refusal = declinesLayer(candidate.choice, parts, target);
    if (candidate.refusal) {
      candidates.push_back(candidate);
      continue;
    }
    for (const std::string &variant : getVariants(algorithm, parts, target)) {
      candidate.choice.variant = variant;
      candidate.cost = {};
      estimate(candidate, parts, target);
      candidates.push_back(candidate);
    }
  }
  return candidates;
}

static std::string listAlgorithms() {
  std::string list;
  for (const Algorithm *algorithm : getAlgorithms())
    list += (list.empty() ? "'" : ", '") + algorithm->name.str() + "'";
  return list;
}

static std::string formatError(double error) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.3g", error);
  return text;
}

namespace {

class Selector {
public:
  Selector(ModuleOp module, const SelectionRules &rules)
      : module(module), rules(rules), ranges(rules.getCertifiedRange()),
        withBounds(rules.withBounds || rules.maxError) {}

  FailureOr<std::vector<LayerSelection>> run();

private:
  FailureOr<AlgorithmChoice> find(StringRef name);
  std::optional<std::string> declines(const AlgorithmChoice &choice,
                                      ArrayRef<ConvolutionPart> parts,
                                      kernel::TargetAttr target);
  LogicalResult readRules();
  void findPieces();
  LogicalResult visit(Operation *op);
  void describe(LayerSelection &selection);
  void rank(LayerSelection &selection);
  LogicalResult choose(LayerSelection &selection);
  LogicalResult chooseForced(LayerSelection &selection,
                             const AlgorithmChoice &forced, bool forLayer);
  LogicalResult reportInexact(const LayerSelection &selection,
                              const Candidate &best);
  LogicalResult checkVariantExists();
  void estimateContributions();
  void limitErrors();

  ModuleOp module;
  const SelectionRules &rules;
  ValueRanges ranges;
  bool withBounds;
  std::optional<AlgorithmChoice> forcedForAll;
  llvm::StringMap<AlgorithmChoice> forcedForLayer;
  /// The layers with a piece, at least, that the algorithm forced for them
  /// computes.
  llvm::StringSet<> computedPieces;
  std::vector<LayerSelection> selections;
};

} // namespace

FailureOr<AlgorithmChoice> Selector::find(StringRef name) {
  if (std::optional<AlgorithmChoice> choice = parseAlgorithmChoice(name))
    return *choice;
  module.emitError() << "unknown algorithm '" << name << "', expected one of "
                     << listAlgorithms();
  return failure();
}

/// Why a choice isn't one for a layer, if it isn't.
std::optional<std::string> Selector::declines(const AlgorithmChoice &choice,
                                              ArrayRef<ConvolutionPart> parts,
                                              kernel::TargetAttr target) {
  if (std::optional<std::string> reason = declinesLayer(choice, parts, target))
    return reason;
  if (rules.precise && !choice.algorithm->isSumOfProducts())
    return imprecise.str();
  return std::nullopt;
}

LogicalResult Selector::readRules() {
  if (!rules.algorithm.empty()) {
    FailureOr<AlgorithmChoice> found = find(rules.algorithm);
    if (failed(found))
      return failure();
    forcedForAll = *found;
  }
  for (const std::string &assignment : rules.layers) {
    // Layer names may contain anything but algorithms' names don't contain
    // '='.
    auto [layer, name] = StringRef(assignment).rsplit('=');
    FailureOr<AlgorithmChoice> found = find(name);
    if (failed(found))
      return failure();
    forcedForLayer[layer] = *found;
  }
  return success();
}

/// Lists the candidates with all that is asked for about them.
void Selector::describe(LayerSelection &selection) {
  Operation *op = selection.layer;
  kernel::TargetAttr target = kernel::getTarget(op);
  selection.parts = getParts(op);
  selection.candidates = listCandidates(selection.parts, target);
  lowerSeparableCost(selection, selections, target);
  if (rules.precise)
    for (Candidate &candidate : selection.candidates)
      if (!candidate.refusal && !candidate.choice.algorithm->isSumOfProducts())
        candidate.refusal = imprecise.str();
  if (withBounds) {
    selection.inputBound = ranges.get(op->getOperand(0)).getMagnitude();
    LayerErrorBounds bounds(op, selection.parts, selection.inputBound);
    for (Candidate &candidate : selection.candidates)
      if (!candidate.refusal) {
        candidate.errorBound = bounds.bound(candidate.choice, target);
        candidate.isTooInexact =
            rules.maxError && *candidate.errorBound > *rules.maxError;
      }
  }
  if (rules.tuned)
    if (const LayerTimes *times = rules.tuned->find(
            getTuningKey(op, selection.parts, rules.cpu, target)))
      for (Candidate &candidate : selection.candidates) {
        auto found = times->find(candidate.choice.getName());
        if (!candidate.refusal && found != times->end())
          candidate.microseconds = found->second;
      }
}

void Selector::rank(LayerSelection &selection) {
  auto getKey = [](const Candidate &candidate, size_t place) {
    int kind = candidate.refusal        ? 3
               : candidate.isTooInexact ? 2
               : candidate.microseconds ? 0
                                        : 1;
    double cost = candidate.microseconds.value_or(candidate.cost.cycles);
    return std::make_tuple(kind, candidate.refusal ? 0.0 : cost, place);
  };
  std::vector<std::tuple<int, double, size_t>> keys;
  for (auto [place, candidate] : llvm::enumerate(selection.candidates))
    keys.push_back(getKey(candidate, place));
  llvm::sort(keys);
  std::vector<Candidate> ranked;
  for (const auto &key : keys)
    ranked.push_back(std::move(selection.candidates[std::get<size_t>(key)]));
  selection.candidates = std::move(ranked);
}

LogicalResult Selector::reportInexact(const LayerSelection &selection,
                                      const Candidate &best) {
  InFlightDiagnostic error = selection.layer->emitError();
  if (!std::isfinite(*best.errorBound) && !std::isfinite(selection.inputBound))
    return error << "the range of its input is unknown, so no algorithm's "
                    "rounding error is certain to be at most "
                 << formatError(*rules.maxError) << " (--max-error)";
  return error << "algorithm '" << best.choice.getName()
               << "' is the most exact that is allowed here, with a rounding "
                  "error of up to "
               << formatError(*best.errorBound) << " for inputs up to "
               << formatError(selection.inputBound) << "; --max-error allows "
               << formatError(*rules.maxError);
}

/// Chooses the best of the candidates that `forced` means.
LogicalResult Selector::chooseForced(LayerSelection &selection,
                                     const AlgorithmChoice &forced,
                                     bool forLayer) {
  const Candidate *best = nullptr;
  for (auto [place, candidate] : llvm::enumerate(selection.candidates)) {
    bool isMeant =
        forced.variant.empty() || candidate.choice.variant == forced.variant;
    if (candidate.choice.algorithm != forced.algorithm || candidate.refusal ||
        !isMeant)
      continue;
    if (candidate.isAllowed()) {
      selection.chosen = place;
      selection.reason =
          forLayer ? SelectionReason::ForcedForLayer : SelectionReason::Forced;
      return success();
    }
    if (!best || *candidate.errorBound < *best->errorBound)
      best = &candidate;
  }
  if (forLayer && best)
    return reportInexact(selection, *best);
  return failure();
}

LogicalResult Selector::choose(LayerSelection &selection) {
  Operation *op = selection.layer;
  auto forced = forcedForLayer.find(selection.name);
  if (forced != forcedForLayer.end()) {
    std::optional<std::string> reason =
        declines(forced->second, selection.parts, kernel::getTarget(op));
    // Of a folded layer it is enough that some pieces are computed by it.
    if (reason && !computedPieces.contains(selection.name))
      return op->emitError() << "algorithm '" << forced->second.getName()
                             << "' declines this layer: " << *reason;
    if (!reason)
      return chooseForced(selection, forced->second, /*forLayer=*/true);
  }
  if (forcedForAll &&
      succeeded(chooseForced(selection, *forcedForAll, /*forLayer=*/false)))
    return success();

  const Candidate &best = selection.candidates.front();
  if (best.isAllowed()) {
    selection.chosen = 0;
    selection.reason = best.microseconds ? SelectionReason::Measured
                                         : SelectionReason::Estimated;
    return success();
  }
  const Candidate *mostExact = nullptr;
  for (const Candidate &candidate : selection.candidates)
    if (candidate.errorBound &&
        (!mostExact || *candidate.errorBound < *mostExact->errorBound))
      mostExact = &candidate;
  assert(mostExact && "the reference declines nothing");
  return reportInexact(selection, *mostExact);
}

void Selector::findPieces() {
  module.walk([&](Operation *op) {
    if (!isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
      return;
    auto layer = forcedForLayer.find(getLayerName(op->getLoc(), ""));
    if (layer != forcedForLayer.end() &&
        !declines(layer->second, getParts(op), kernel::getTarget(op)))
      computedPieces.insert(layer->getKey());
  });
}

LogicalResult Selector::visit(Operation *op) {
  if (withBounds)
    ranges.compute(op);
  if (!isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
    return success();
  LayerSelection selection;
  selection.layer = op;
  selection.name = getLayerName(op->getLoc(), "");
  describe(selection);
  rank(selection);
  if (failed(choose(selection)))
    return failure();
  if (withBounds)
    ranges.addError(op->getResult(0), *selection.getChosen().errorBound);
  selections.push_back(std::move(selection));
  return success();
}

/// An algorithm for all layers computes those that it can; but a variant that
/// none of these has is a mistake.
LogicalResult Selector::checkVariantExists() {
  if (!forcedForAll || forcedForAll->variant.empty())
    return success();
  std::vector<std::string> others;
  for (const LayerSelection &selection : selections)
    for (const Candidate &candidate : selection.candidates) {
      if (candidate.choice.algorithm != forcedForAll->algorithm ||
          candidate.refusal)
        continue;
      if (candidate.choice.variant == forcedForAll->variant)
        return success();
      others.push_back("'" + candidate.choice.getName() + "'");
    }
  if (others.empty())
    return success();
  llvm::sort(others);
  others.erase(std::unique(others.begin(), others.end()), others.end());
  return module.emitError()
         << "no convolution has the variant '" << forcedForAll->getName()
         << "', expected one of " << llvm::join(others, ", ");
}

/// For inputs within the range that the user has said. Without one, for
/// normalised images or numbers between -1 and 1, whichever makes larger errors
/// with the algorithms chosen so far: where later layers expect larger values
/// than they get, the outputs are smaller, and which input that is depends on
/// the network.
void Selector::estimateContributions() {
  llvm::SmallVector<double, 2> variances = {1, 1.0 / 3};
  if (double range = rules.inputRange.value_or(0); range > 0)
    variances = {range * range / 3};
  std::vector<ErrorContribution> largest;
  double largestError = -1;
  for (double variance : variances) {
    TypicalErrors errors(module, variance);
    std::vector<ErrorContribution> contributions;
    for (LayerSelection &selection : selections) {
      selection.errorContribution = errors.getContribution(selection.layer);
      contributions.push_back(selection.errorContribution);
    }
    double error = estimateTypicalError(selections);
    // (Or isn't known.)
    if (!(error <= largestError)) {
      largest = std::move(contributions);
      largestError = error;
    }
  }
  for (auto [selection, contribution] : llvm::zip(selections, largest))
    selection.errorContribution = contribution;
}

void Selector::limitErrors() {
  bool isLimited = std::isfinite(rules.typicalError);
  if (selections.empty() || (!isLimited && !withBounds))
    return;
  estimateContributions();
  if (isLimited)
    limitTypicalError(selections, rules.typicalError);
}

FailureOr<std::vector<LayerSelection>> Selector::run() {
  if (failed(readRules()))
    return failure();
  findPieces();
  if (module.walk([&](Operation *op) { return WalkResult(visit(op)); })
          .wasInterrupted())
    return failure();
  if (failed(checkVariantExists()))
    return failure();
  llvm::StringSet<> seen;
  for (const LayerSelection &selection : selections)
    seen.insert(selection.name);
  for (const auto &entry : forcedForLayer)
    if (!seen.contains(entry.getKey())) {
      module.emitError() << "--algorithm names layer '" << entry.getKey()
                         << "', but the network has no convolution of that "
                            "name";
      return failure();
    }
  limitErrors();
  return std::move(selections);
}

FailureOr<std::vector<LayerSelection>>
toeplitz::selectAlgorithms(ModuleOp module, const SelectionRules &rules) {
  return Selector(module, rules).run();
}
