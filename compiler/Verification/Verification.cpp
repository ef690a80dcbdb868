// Whether the algorithms that can compute a layer are the same linear map.
//
// All that are allowed are compiled into one library. Its kernels run twice:
// with whole weights and an input of whole numbers, on which sums of products
// are exact, so that an algorithm that does nothing else must give the same
// bits as the definition; and with the layer's own weights on random inputs,
// where the difference from the definition must stay below the certified bound.
// Two different linear maps of whole numbers agree on a random input with
// probability 1 / 17 at most for each output that they compute differently.
//
// Most of the time goes into compiling, so the layer of whole numbers keeps
// bias, residual and activation: then both runs are of the same code.

#include "compiler/Verification/Verification.h"

#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Schedule/ErrorBound.h"
#include "compiler/Verification/CompiledModule.h"
#include "compiler/Verification/ConvolutionLayer.h"
#include "compiler/Verification/Folds.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/ThreadPool.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <random>

using namespace mlir;
using namespace toeplitz;

/// Of a layer that is large: what is made of it is made one by one.
static constexpr int64_t manyWeights = int64_t(4) << 20;

double AlgorithmCheck::getRatio() const {
  if (error == 0)
    return 0;
  return bound > 0 ? error / bound : std::numeric_limits<double>::infinity();
}

std::vector<std::vector<const LayerSelection *>>
toeplitz::groupEqualLayers(ArrayRef<LayerSelection> layers) {
  using Key = std::tuple<std::string, std::string, std::string, const void *,
                         const void *>;
  std::vector<std::vector<const LayerSelection *>> groups;
  std::map<Key, size_t> known;
  for (const LayerSelection &layer : layers) {
    TuningKey key = getTuningKey(layer.layer, layer.parts, "",
                                 kernel::getTarget(layer.layer));
    // Equal constants are one attribute.
    auto getAttribute = [](Value value) -> const void * {
      Attribute attribute;
      if (!value || !matchPattern(value, m_Constant(&attribute)))
        return value ? value.getAsOpaquePointer() : nullptr;
      return attribute.getAsOpaquePointer();
    };
    auto [place, isNew] = known.try_emplace(
        Key(key.layer, key.epilogue, layer.getChosen().choice.getName(),
            getAttribute(layer.layer->getOperand(1)),
            getAttribute(getLayerBias(layer.layer))),
        groups.size());
    if (isNew)
      groups.emplace_back();
    groups[place->second].push_back(&layer);
  }
  return groups;
}

namespace {

class LayerVerifier {
public:
  LayerVerifier(const LayerSelection &selection,
                const VerificationOptions &options)
      : selection(selection), options(options),
        target(kernel::getTarget(selection.layer)), random(options.seed) {}

  FailureOr<LayerCheck> run();

private:
  double drawReal();
  float drawWhole(int64_t amplitude);
  std::vector<float> drawReals(size_t count);
  void makeWholeLayer(ArrayRef<int64_t> resultShape);
  std::vector<Candidate> listAllowed();
  LogicalResult checkGroup(ArrayRef<Candidate> candidates, LayerCheck &check);
  double getBound(const Candidate &candidate) const;
  void checkWhole(const std::vector<float> &values, AlgorithmCheck &check);

  const LayerSelection &selection;
  const VerificationOptions &options;
  kernel::TargetAttr target;
  std::mt19937_64 random;

  /// The layer, and the same with whole weights.
  ConvolutionLayer layer, whole;
  /// Of each, its input and, where there is one, the residual.
  SmallVector<std::vector<float>> inputs, wholeInputs;
  reference::Tensor expected, wholeExpected;
  /// The layer in a module, for what is computed of operations.
  LayerContext context;
  OwningOpRef<ModuleOp> probe;
  std::vector<ConvolutionPart> parts;
  std::optional<LayerErrorBounds> bounds;
};

} // namespace

/// Uniform in [-1, 1].
double LayerVerifier::drawReal() {
  return static_cast<double>(random() >> 40) / double((1 << 24) - 1) * 2 - 1;
}

float LayerVerifier::drawWhole(int64_t amplitude) {
  return static_cast<float>(
      static_cast<int64_t>(random() % (2 * amplitude + 1)) - amplitude);
}

std::vector<float> LayerVerifier::drawReals(size_t count) {
  std::vector<float> values(count);
  for (float &value : values)
    value = static_cast<float>(drawReal());
  return values;
}

static size_t countElements(ArrayRef<int64_t> shape) {
  size_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

void LayerVerifier::makeWholeLayer(ArrayRef<int64_t> resultShape) {
  whole = layer;
  // The slope of a leaky activation rounds; the others give their argument or a
  // number of their own.
  if (whole.activation &&
      whole.activation->kind == cnn::ActivationKind::LeakyRelu)
    whole.activation.reset();
  // Sums of so many products, a bias and a residual are whole numbers below
  // 2^24: exact in floats, in any order.
  double products = static_cast<double>(layer.filter.size()) *
                    std::max<int64_t>(layer.isTransposed ? layer.groups : 1, 1);
  products /= static_cast<double>(layer.isTransposed
                                      ? layer.filterShape[1] * layer.groups
                                      : layer.filterShape[0]);
  int64_t amplitude = 8;
  while (amplitude > 1 &&
         products * static_cast<double>(amplitude * amplitude) +
                 2 * static_cast<double>(amplitude) >=
             (1 << 24))
    --amplitude;
  // Zeros stay zeros, for algorithms that leave them out.
  for (float &weight : whole.filter)
    if (weight != 0) {
      auto magnitude = static_cast<float>(1 + random() % amplitude);
      weight = random() & 1 ? magnitude : -magnitude;
    }
  auto drawAll = [&](size_t count) {
    std::vector<float> values(count);
    for (float &value : values)
      value = drawWhole(amplitude);
    return values;
  };
  whole.bias = drawAll(whole.bias.size());
  wholeInputs.push_back(drawAll(countElements(whole.inputShape)));
  if (whole.hasResidual)
    wholeInputs.push_back(drawAll(countElements(resultShape)));
}

/// The candidates of the layer as it is verified that the user allows.
std::vector<Candidate> LayerVerifier::listAllowed() {
  bool isForced = selection.reason == SelectionReason::Forced ||
                  selection.reason == SelectionReason::ForcedForLayer;
  std::vector<Candidate> allowed;
  for (const Candidate &candidate : listCandidates(parts, target)) {
    bool isWanted =
        llvm::any_of(selection.candidates, [&](const Candidate &original) {
          return original.isAllowed() &&
                 original.choice.getName() == candidate.choice.getName();
        });
    if (!candidate.refusal && isWanted &&
        (!isForced ||
         candidate.choice.algorithm == selection.getChosen().choice.algorithm))
      allowed.push_back(candidate);
  }
  return allowed;
}

/// What is certified for the layer with its epilogue: an addition rounds once,
/// and of the activations that are left here only a leaky one rounds.
double LayerVerifier::getBound(const Candidate &candidate) const {
  double bound = bounds->bound(candidate.choice, target);
  double result = bounds->getLargestResult() + bound;
  if (layer.hasResidual) {
    bound += unitRoundoff * (result + 1);
    result += 1;
  }
  if (layer.activation &&
      layer.activation->kind == cnn::ActivationKind::LeakyRelu) {
    double slope = std::max(1.0, std::fabs(double(layer.activation->alpha)));
    bound = slope * (bound + unitRoundoff * (result + bound));
  }
  return bound * options.boundScale;
}

void LayerVerifier::checkWhole(const std::vector<float> &values,
                               AlgorithmCheck &check) {
  for (size_t i = 0; i < values.size(); ++i)
    if (double(values[i]) != wholeExpected.values[i]) {
      check.identityProblem = "on whole numbers element " + std::to_string(i) +
                              " is " + std::to_string(values[i]) +
                              ", expected " +
                              std::to_string(wholeExpected.values[i]);
      return;
    }
}

LogicalResult LayerVerifier::checkGroup(ArrayRef<Candidate> candidates,
                                        LayerCheck &check) {
  ConvolutionLayer compiled = layer, compiledWhole = whole;
  if (options.faultyLayer == &selection)
    for (ConvolutionLayer *description : {&compiled, &compiledWhole})
      description->filter[description->filter.size() / 2] += 1;
  SmallVector<LayerCopy> copies;
  for (const Candidate &candidate : candidates)
    copies.push_back({&compiled, candidate.choice});
  size_t firstWhole = copies.size();
  for (const Candidate &candidate : candidates)
    if (!candidate.choice.algorithm->checkIdentity)
      copies.push_back({&compiledWhole, candidate.choice});

  LayerContext compilation;
  OwningOpRef<ModuleOp> module =
      buildCompiledModule(compilation.get(), copies, target);
  auto loaded =
      compileLayers(*module, options.target, options.optimizationLevel);
  if (failed(loaded))
    return failure();
  std::vector<std::vector<float>> arguments;
  auto addArguments = [&](ArrayRef<std::vector<float>> values) {
    arguments.push_back(
        layer.inputIsPlain
            ? values[0]
            : packValues(values[0], layer.inputShape, target.getLanes()));
    if (layer.hasResidual)
      arguments.push_back(
          packValues(values[1], expected.shape, target.getLanes()));
  };
  addArguments(inputs);
  if (copies.size() > firstWhole)
    addArguments(wholeInputs);
  auto results = runOnce(**loaded, arguments);
  if (failed(results))
    return failure();

  size_t nextWhole = firstWhole;
  for (auto [place, candidate] : llvm::enumerate(candidates)) {
    AlgorithmCheck result;
    result.algorithm = candidate.choice.getName();
    if (auto *prove = candidate.choice.algorithm->checkIdentity) {
      result.identityByProof = true;
      for (const ConvolutionPart &part : parts)
        if (auto problem =
                prove(part.convolution,
                      getSchedule(candidate.choice, part.convolution, target)))
          result.identityProblem = *problem;
    } else {
      checkWhole((*results)[nextWhole++], result);
    }
    result.bound = getBound(candidate);
    const std::vector<float> &values = (*results)[place];
    for (size_t i = 0; i < values.size(); ++i) {
      double error = std::fabs(values[i] - expected.values[i]);
      // (NaN is no number within any bound.)
      if (!(error <= result.error))
        result.error =
            std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
    }
    check.algorithms.push_back(std::move(result));
  }
  return success();
}

FailureOr<LayerCheck> LayerVerifier::run() {
  std::optional<ConvolutionLayer> described = extractLayer(selection.layer);
  if (!described)
    return selection.layer->emitError(
        "the filter is computed by the network, expected a constant");
  layer = std::move(*described);
  // What isn't exact or a single rounding has no certified error.
  if (layer.activation &&
      !llvm::is_contained({cnn::ActivationKind::Relu, cnn::ActivationKind::Clip,
                           cnn::ActivationKind::LeakyRelu},
                          layer.activation->kind))
    layer.activation.reset();
  LayerCheck check;
  check.reduction =
      reduceLayer(layer, options.maximumMultiplyAdds).value_or("");

  AlgorithmChoice reference = {findAlgorithm("direct"), ""};
  probe = buildCompiledModule(context.get(), {{&layer, reference}}, target);
  Operation *op = nullptr;
  probe->walk([&](Operation *candidate) {
    if (isa<cnn::ConvOp, cnn::ConvTransposeOp>(candidate))
      op = candidate;
  });
  parts = getParts(op);
  bounds.emplace(op, parts, /*inputBound=*/1.0);

  ArrayRef<int64_t> resultShape =
      cast<RankedTensorType>(op->getResult(0).getType()).getShape();
  makeWholeLayer(resultShape);
  inputs.push_back(drawReals(countElements(layer.inputShape)));
  if (layer.hasResidual)
    inputs.push_back(drawReals(countElements(resultShape)));
  auto evaluate = [&](const ConvolutionLayer &description,
                      ArrayRef<std::vector<float>> values) {
    LayerContext evaluation;
    return evaluateOnce(*buildReferenceModule(evaluation.get(), description),
                        values);
  };
  auto evaluated = evaluate(layer, inputs);
  auto evaluatedWhole = evaluate(whole, wholeInputs);
  if (failed(evaluated) || failed(evaluatedWhole))
    return failure();
  expected = std::move(*evaluated);
  wholeExpected = std::move(*evaluatedWhole);

  // Many weights are packed for one algorithm at a time.
  std::vector<Candidate> candidates = listAllowed();
  size_t together = static_cast<int64_t>(layer.filter.size()) > manyWeights
                        ? 1
                        : candidates.size();
  for (size_t first = 0; first < candidates.size(); first += together)
    if (failed(checkGroup(
            ArrayRef(candidates)
                .slice(first, std::min(together, candidates.size() - first)),
            check)))
      return failure();
  auto folds = checkFolds(whole, wholeInputs, wholeExpected, options);
  if (failed(folds))
    return failure();
  check.folds = std::move(*folds);
  return check;
}

FailureOr<std::vector<LayerCheck>>
toeplitz::verifyLayers(ArrayRef<const LayerSelection *> layers,
                       const VerificationOptions &options,
                       llvm::function_ref<void(size_t)> reportDone) {
  std::vector<FailureOr<LayerCheck>> checks(layers.size(), failure());
  std::atomic<size_t> done = 0;
  auto verify = [&](size_t place) {
    checks[place] = LayerVerifier(*layers[place], options).run();
    reportDone(++done);
  };
  // Each layer at work holds its weights and tensors a few times over: not too
  // many at the same time, and large ones alone.
  constexpr unsigned atATime = 8;
  auto hasManyWeights = [](const LayerSelection *selection) {
    return cast<RankedTensorType>(selection->layer->getOperand(1).getType())
               .getNumElements() > manyWeights;
  };
  llvm::DefaultThreadPool threads(llvm::hardware_concurrency(
      std::min<unsigned>(atATime, std::max<size_t>(layers.size(), 1))));
  for (auto [place, selection] : llvm::enumerate(layers))
    if (!hasManyWeights(selection))
      threads.async([&verify, place = place] { verify(place); });
  threads.wait();
  for (auto [place, selection] : llvm::enumerate(layers))
    if (hasManyWeights(selection))
      verify(place);

  std::vector<LayerCheck> results;
  for (FailureOr<LayerCheck> &check : checks) {
    if (failed(check))
      return failure();
    results.push_back(std::move(*check));
  }
  return results;
}
