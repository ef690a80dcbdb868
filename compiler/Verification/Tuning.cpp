// Measuring the algorithms of each layer on this machine.
//
// The candidates of a layer are measured in rounds, each once in every round,
// and the least time of each counts: what disturbs a machine makes everything
// slower, but not everything in one round.

#include "compiler/Verification/Tuning.h"

#include "compiler/Verification/CompiledModule.h"
#include "compiler/Verification/ConvolutionLayer.h"

#include <chrono>
#include <random>

using namespace mlir;
using namespace toeplitz;

/// Rounds, and what one measurement takes at least: long beside the clock's
/// resolution and a call, short beside the patience of a user with many layers.
static constexpr int rounds = 20;
static constexpr double measurementMicroseconds = 2000;

std::optional<std::string>
toeplitz::whyNotTunable(const TargetDescription &target) {
  std::string error;
  std::optional<TargetDescription> host = describeTarget("", "", error);
  if (!host)
    return error;
  if (host->cpu == target.cpu && host->triple == target.triple &&
      host->vectorLanes == target.vectorLanes)
    return std::nullopt;
  return "this machine, " + host->cpu + ", isn't the target " + target.cpu +
         ", so nothing can be measured for it";
}

namespace {
/// One candidate, ready to run.
struct Contestant {
  std::string name;
  std::unique_ptr<LoadedNetwork> network;
  std::vector<std::vector<float>> outputs;
  SmallVector<const void *> inputs;
  SmallVector<void *> outputAddresses;
  int64_t repetitions = 1;
};
} // namespace

/// Microseconds of one of `repetitions` runs.
static FailureOr<double> measure(Contestant &contestant) {
  auto begin = std::chrono::steady_clock::now();
  for (int64_t run = 0; run < contestant.repetitions; ++run)
    if (llvm::Error error = contestant.network->run(
            contestant.inputs, contestant.outputAddresses)) {
      llvm::errs() << "error: " << llvm::toString(std::move(error)) << "\n";
      return failure();
    }
  std::chrono::duration<double, std::micro> time =
      std::chrono::steady_clock::now() - begin;
  return time.count() / static_cast<double>(contestant.repetitions);
}

static FailureOr<Contestant> prepare(const ConvolutionLayer &layer,
                                     const Candidate &candidate,
                                     kernel::TargetAttr targetAttribute,
                                     const TargetDescription &target) {
  LayerContext context;
  OwningOpRef<ModuleOp> module =
      buildCompiledModule(context.get(), {{&layer, candidate.choice}},
                          targetAttribute, /*blockedResults=*/true);
  auto loaded = compileLayers(*module, target);
  if (failed(loaded))
    return failure();
  Contestant contestant;
  contestant.name = candidate.choice.getName();
  contestant.network = std::move(*loaded);
  const toeplitz_network &description = contestant.network->getDescription();
  for (int32_t index = 0; index < description.output_count; ++index)
    contestant.outputs.emplace_back(
        getElementCount(description.outputs[index]));
  for (std::vector<float> &output : contestant.outputs)
    contestant.outputAddresses.push_back(output.data());
  return contestant;
}

static FailureOr<LayerTimes> measureLayer(const LayerSelection &selection,
                                          const TargetDescription &target) {
  std::optional<ConvolutionLayer> layer = extractLayer(selection.layer);
  if (!layer)
    return selection.layer->emitError(
        "the filter is computed by the network, expected a constant");
  std::vector<Contestant> contestants;
  for (const Candidate &candidate : selection.candidates) {
    if (!candidate.isAllowed())
      continue;
    auto contestant =
        prepare(*layer, candidate, kernel::getTarget(selection.layer), target);
    if (failed(contestant))
      return failure();
    contestants.push_back(std::move(*contestant));
  }
  // All read the same inputs, ordinary numbers.
  std::vector<std::vector<float>> inputs;
  const toeplitz_network &description =
      contestants.front().network->getDescription();
  std::mt19937 random(1);
  for (int32_t index = 0; index < description.input_count; ++index) {
    inputs.emplace_back(getElementCount(description.inputs[index]));
    for (float &value : inputs.back())
      value = static_cast<float>(random() >> 8) / (1 << 23) - 1;
  }
  LayerTimes times;
  for (Contestant &contestant : contestants) {
    for (const std::vector<float> &input : inputs)
      contestant.inputs.push_back(input.data());
    // The first run brings in pages and code.
    auto first = measure(contestant);
    auto second = failed(first) ? first : measure(contestant);
    if (failed(second))
      return failure();
    contestant.repetitions = std::max<int64_t>(
        1, static_cast<int64_t>(measurementMicroseconds / *second));
  }
  for (int round = 0; round < rounds; ++round)
    for (Contestant &contestant : contestants) {
      auto time = measure(contestant);
      if (failed(time))
        return failure();
      auto [place, isNew] = times.try_emplace(contestant.name, *time);
      place->second = std::min(place->second, *time);
    }
  return times;
}

LogicalResult
toeplitz::tuneLayers(ArrayRef<LayerSelection> layers,
                     const TargetDescription &target, TunedTimes &times,
                     llvm::function_ref<void(size_t, size_t)> report) {
  for (auto [place, selection] : llvm::enumerate(layers)) {
    TuningKey key = getTuningKey(selection.layer, selection.parts, target.cpu,
                                 kernel::getTarget(selection.layer));
    const LayerTimes *known = times.find(key);
    bool isComplete =
        known &&
        llvm::all_of(selection.candidates, [&](const Candidate &candidate) {
          return !candidate.isAllowed() ||
                 known->count(candidate.choice.getName());
        });
    if (isComplete)
      continue;
    report(place + 1, layers.size());
    auto measured = measureLayer(selection, target);
    if (failed(measured))
      return failure();
    times.set(key, std::move(*measured));
  }
  return success();
}

void toeplitz::attachTimes(std::vector<LayerSelection> &layers,
                           const TargetDescription &target,
                           const TunedTimes &times) {
  for (LayerSelection &selection : layers)
    if (const LayerTimes *known = times.find(
            getTuningKey(selection.layer, selection.parts, target.cpu,
                         kernel::getTarget(selection.layer))))
      for (Candidate &candidate : selection.candidates) {
        auto found = known->find(candidate.choice.getName());
        if (!candidate.refusal && found != known->end())
          candidate.microseconds = found->second;
      }
}
