#include "compiler/Schedule/TypicalErrorLimit.h"

#include <algorithm>
#include <cmath>

using namespace toeplitz;

/// Layers may have measured times or estimates: what a microsecond is among
/// cycles.
static constexpr double cyclesOfMicrosecond = 3000;

static double getShare(const LayerSelection &layer,
                       const Candidate &candidate) {
  double contribution =
      layer.errorContribution.get(candidate.choice.algorithm->roundsWeights());
  return contribution * candidate.typicalError * candidate.typicalError;
}

double toeplitz::getErrorShare(const LayerSelection &layer) {
  return getShare(layer, layer.getChosen());
}

double toeplitz::estimateTypicalError(llvm::ArrayRef<LayerSelection> layers) {
  double sum = 0;
  for (const LayerSelection &layer : layers)
    sum += getErrorShare(layer);
  return std::sqrt(sum);
}

namespace {
/// Another algorithm for a layer.
struct Switch {
  LayerSelection *layer = nullptr;
  size_t candidate = 0;
  /// What it takes from the square of the error, and the cycles more.
  double saved = 0, cycles = 0;

  bool isBetterThan(const Switch &other) const {
    if (!other.layer)
      return true;
    return saved * std::max(other.cycles, 1.0) >
           other.saved * std::max(cycles, 1.0);
  }
};
} // namespace

static double compareCycles(const Candidate &to, const Candidate &from) {
  if (to.microseconds && from.microseconds)
    return (*to.microseconds - *from.microseconds) * cyclesOfMicrosecond;
  return to.cost.cycles - from.cost.cycles;
}

static bool isFree(const LayerSelection &layer) {
  return layer.reason != SelectionReason::Forced &&
         layer.reason != SelectionReason::ForcedForLayer;
}

/// Whether the candidate may take the place of the choice. Of the algorithms
/// that round as sums of products do the cheapest stands for all: what another
/// one's order of additions saves isn't worth its time, least of all where
/// single precision itself keeps a network from its limit.
static bool isCandidate(const LayerSelection &layer,
                        const Candidate &candidate) {
  if (!candidate.isAllowed() || !candidate.choice.algorithm->isSumOfProducts())
    return candidate.isAllowed();
  // (Best first.)
  auto cheapest = llvm::find_if(layer.candidates, [](const Candidate &other) {
    return other.isAllowed() && other.choice.algorithm->isSumOfProducts();
  });
  return &candidate == &*cheapest;
}

/// The switch that takes most away for a cycle. If it, or a cheaper one, takes
/// away all that is left to take, the cheapest that does.
static Switch findBestSwitch(llvm::MutableArrayRef<LayerSelection> layers,
                             double excess) {
  Switch best, last;
  for (LayerSelection &layer : layers) {
    if (!isFree(layer))
      continue;
    const Candidate &chosen = layer.getChosen();
    for (size_t place = 0; place < layer.candidates.size(); ++place) {
      const Candidate &candidate = layer.candidates[place];
      Switch next = {&layer, place,
                     getShare(layer, chosen) - getShare(layer, candidate),
                     compareCycles(candidate, chosen)};
      if (!isCandidate(layer, candidate) || next.saved <= 0)
        continue;
      if (next.isBetterThan(best))
        best = next;
      if (next.saved >= excess && (!last.layer || next.cycles < last.cycles))
        last = next;
    }
  }
  return last.layer && last.cycles <= best.cycles ? last : best;
}

namespace {
/// How a layer was before it was switched.
struct FirstChoice {
  LayerSelection *layer;
  size_t chosen;
  SelectionReason reason;

  double getCycles() const {
    return compareCycles(layer->getChosen(), layer->candidates[chosen]);
  }
};
} // namespace

/// The last switches may have made earlier ones needless: takes back those that
/// cost most.
static void takeBack(llvm::MutableArrayRef<LayerSelection> layers,
                     std::vector<FirstChoice> &switched, double limit) {
  // (On a tie in the order of the layers.)
  llvm::sort(switched, [](const FirstChoice &a, const FirstChoice &b) {
    return std::make_pair(-a.getCycles(), a.layer) <
           std::make_pair(-b.getCycles(), b.layer);
  });
  for (const FirstChoice &first : switched) {
    LayerSelection &layer = *first.layer;
    size_t chosen = layer.chosen;
    layer.chosen = first.chosen;
    if (estimateTypicalError(layers) <= limit)
      layer.reason = first.reason;
    else
      layer.chosen = chosen;
  }
}

/// The estimate with the most exact algorithm in every layer.
static double getLeastTypicalError(llvm::ArrayRef<LayerSelection> layers) {
  double sum = 0;
  for (const LayerSelection &layer : layers) {
    double least = getErrorShare(layer);
    if (isFree(layer))
      for (const Candidate &candidate : layer.candidates)
        if (isCandidate(layer, candidate))
          least = std::min(least, getShare(layer, candidate));
    sum += least;
  }
  return std::sqrt(sum);
}

void toeplitz::limitTypicalError(llvm::MutableArrayRef<LayerSelection> layers,
                                 double limit) {
  // The last hundredths cost most: fcn_resnet50 has a least error of 8.7e-5,
  // for which its cycles are 1.83 times as many as for 1e-4.
  constexpr double nearLeast = 1.15;
  double least = getLeastTypicalError(layers);
  if (least > limit)
    limit = nearLeast * least;
  std::vector<FirstChoice> switched;
  double estimate;
  while (estimate = estimateTypicalError(layers),
         std::isfinite(estimate) && estimate > limit) {
    Switch best = findBestSwitch(layers, estimate * estimate - limit * limit);
    if (!best.layer)
      return;
    LayerSelection &layer = *best.layer;
    if (layer.reason != SelectionReason::TypicalError)
      switched.push_back({&layer, layer.chosen, layer.reason});
    layer.chosen = best.candidate;
    layer.reason = SelectionReason::TypicalError;
  }
  takeBack(layers, switched, limit);
}
