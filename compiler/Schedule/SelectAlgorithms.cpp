// Chooses the algorithm of each convolution layer and records it in the IR.

#include "compiler/Schedule/Convolutions.h"
#include "compiler/Schedule/Passes.h"

#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace toeplitz {
#define GEN_PASS_DEF_SELECTALGORITHMS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static std::string listAlgorithms() {
  std::string list;
  for (const Algorithm *algorithm : getAlgorithms())
    list += (list.empty() ? "'" : ", '") + algorithm->name.str() + "'";
  return list;
}

namespace {

struct SelectAlgorithms
    : toeplitz::impl::SelectAlgorithmsBase<SelectAlgorithms> {
  using SelectAlgorithmsBase::SelectAlgorithmsBase;

  void runOnOperation() override {
    if (failed(readOptions()))
      return signalPassFailure();
    llvm::StringSet<> seen;
    findPieces();
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (!isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
        return WalkResult::advance();
      seen.insert(getLayerName(op->getLoc(), ""));
      return WalkResult(select(op));
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (const auto &entry : forcedLayers)
      if (!seen.contains(entry.getKey())) {
        getOperation().emitError()
            << "--algorithm names layer '" << entry.getKey()
            << "', but the network has no convolution of that name";
        return signalPassFailure();
      }
  }

private:
  FailureOr<AlgorithmChoice> find(StringRef name) {
    if (std::optional<AlgorithmChoice> choice = parseAlgorithmChoice(name))
      return *choice;
    getOperation().emitError() << "unknown algorithm '" << name
                               << "', expected one of " << listAlgorithms();
    return failure();
  }

  LogicalResult readOptions() {
    if (!algorithm.empty()) {
      FailureOr<AlgorithmChoice> found = find(algorithm);
      if (failed(found))
        return failure();
      forced = *found;
    }
    for (const std::string &assignment : layers) {
      // Layer names may contain anything but algorithms' names don't contain
      // '='.
      auto [layer, name] = StringRef(assignment).rsplit('=');
      FailureOr<AlgorithmChoice> found = find(name);
      if (failed(found))
        return failure();
      forcedLayers[layer] = *found;
    }
    return success();
  }

  /// Finds the layers that were folded and of which some pieces, but not all,
  /// can be computed by the algorithm that was forced for them.
  void findPieces() {
    getOperation().walk([&](Operation *op) {
      if (!isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
        return;
      auto layer = forcedLayers.find(getLayerName(op->getLoc(), ""));
      if (layer != forcedLayers.end() &&
          !declinesLayer(layer->second, getParts(op), kernel::getTarget(op)))
        computedPieces.insert(layer->getKey());
    });
  }

  LogicalResult select(Operation *op) {
    kernel::TargetAttr target = kernel::getTarget(op);
    std::vector<ConvolutionPart> parts = getParts(op);
    std::optional<AlgorithmChoice> chosen;
    auto layer = forcedLayers.find(getLayerName(op->getLoc(), ""));
    if (layer != forcedLayers.end() &&
        !(computedPieces.contains(layer->getKey()) &&
          declinesLayer(layer->second, parts, target))) {
      chosen = layer->second;
      if (std::optional<std::string> reason =
              declinesLayer(*chosen, parts, target))
        return op->emitError() << "algorithm '" << chosen->getName()
                               << "' declines this layer: " << *reason;
    } else if (forced && !declinesLayer(*forced, parts, target)) {
      chosen = forced;
    } else {
      double bestCycles = 0;
      for (const Algorithm *algorithm : getAlgorithms()) {
        AlgorithmChoice candidate = {algorithm, ""};
        if (declinesLayer(candidate, parts, target))
          continue;
        double cycles = estimateLayerCycles(candidate, parts, target);
        if (!chosen || cycles < bestCycles) {
          chosen = candidate;
          bestCycles = cycles;
        }
      }
    }
    op->setAttr(algorithmAttribute,
                StringAttr::get(&getContext(), chosen->getName()));
    return success();
  }

  std::optional<AlgorithmChoice> forced;
  llvm::StringMap<AlgorithmChoice> forcedLayers;
  llvm::StringSet<> computedPieces;
};

} // namespace
