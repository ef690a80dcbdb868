// Chooses the folds of each convolution layer and records them in the IR.

#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/Selection.h"

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Folds.h"
#include "compiler/Transforms/PhaseConvolutions.h"
#include "dialects/CNN/CNNDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

namespace toeplitz {
#define GEN_PASS_DEF_CHOOSEFOLDS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// The fold into phases of this name; nothing for "groups".
static std::optional<PhaseFold> getPhaseFold(StringRef name) {
  if (name == "stride")
    return PhaseFold::Stride;
  if (name == "dilation")
    return PhaseFold::Dilation;
  if (name == "transposed")
    return PhaseFold::Transposed;
  return std::nullopt;
}

/// Why a fold leaves a layer alone: a sentence's end. Empty if it doesn't.
static std::string declines(Operation *layer, StringRef fold) {
  if (!readConstant(layer->getOperand(1)))
    return "its filter is computed by the network";
  if (std::optional<PhaseFold> phases = getPhaseFold(fold))
    return planFold(layer, *phases).reason;
  auto conv = dyn_cast<cnn::ConvOp>(layer);
  if (!conv)
    return "it is a transposed convolution";
  return conv.getGroups() == 1 ? "it has no groups" : "";
}

/// The cycles of the cheapest algorithm.
static double estimateBest(ArrayRef<ConvolutionPart> parts,
                           kernel::TargetAttr target) {
  double best = std::numeric_limits<double>::infinity();
  for (const Candidate &candidate : listCandidates(parts, target))
    if (candidate.isAllowed())
      best = std::min(best, candidate.cost.cycles);
  return best;
}

/// The convolution of a piece: channels, batch and groups are the layer's.
static ConvolutionPart describePiece(const Convolution &layer,
                                     int64_t layerTaps, const Piece &piece) {
  ConvolutionPart part;
  Convolution &convolution = part.convolution;
  convolution = layer;
  convolution.inputIsPlain = convolution.outputIsStrided = false;
  for (auto *sizes : {&convolution.inputSizes, &convolution.kernel,
                      &convolution.strides, &convolution.dilations,
                      &convolution.paddingLow, &convolution.outputSizes})
    sizes->clear();
  convolution.haloLow.clear();
  convolution.haloHigh.clear();
  for (const CutPhase &cut : piece) {
    convolution.inputSizes.push_back(cut.size);
    convolution.kernel.push_back(cut.phase.taps);
    convolution.strides.push_back(cut.phase.stride);
    convolution.dilations.push_back(cut.phase.dilation);
    convolution.paddingLow.push_back(cut.phase.paddingLow);
    convolution.outputSizes.push_back(cut.phase.outputs);
  }
  // As many of its weights are zeros as of all.
  if (layer.nonzeroWeights)
    convolution.nonzeroWeights =
        *layer.nonzeroWeights * convolution.getTaps() / layerTaps;
  return part;
}

/// The cycles of a layer that is folded into phases: those of its pieces, each
/// by the algorithm that is the cheapest for it; and what comes with every
/// further piece, the start of its kernel, its part of the filter once more
/// where pieces share it and, for a sum, reading what is there and writing it
/// again.
static double estimateFolded(Operation *layer, const FoldedLayer &folded,
                             PhaseFold phases, kernel::TargetAttr target) {
  constexpr double kernelCycles = 2000, bytesPerCycle = 8;
  auto result = cast<RankedTensorType>(layer->getResult(0).getType());
  const Convolution whole = getParts(layer).front().convolution;
  int64_t layerTaps = 1;
  for (int64_t size : cast<RankedTensorType>(layer->getOperand(1).getType())
                          .getShape()
                          .drop_front(2))
    layerTaps *= size;
  // (The first time is in no estimate: every algorithm reads the filter.)
  double filterBytes =
      4.0 *
      static_cast<double>(
          cast<ShapedType>(layer->getOperand(1).getType()).getNumElements());
  double filterCycles =
      phases == PhaseFold::Dilation &&
              filterBytes > static_cast<double>(target.getL2())
          ? filterBytes / bytesPerCycle
          : 0;
  // The pieces are cut out of the input with its halo.
  double cycles = estimateHaloCost(whole, ConvolutionSchedule()).cycles;
  bool isFirst = true;
  for (const Piece &piece : folded.pieces) {
    if (!readsNothing(piece))
      cycles += estimateBest(describePiece(whole, layerTaps, piece), target);
    if (!isFirst)
      cycles +=
          kernelCycles + filterCycles +
          (folded.isSum ? 2 * 4.0 / bytesPerCycle * result.getNumElements()
                        : 0);
    isFirst = false;
  }
  return cycles;
}

namespace {

struct ChooseFolds : toeplitz::impl::ChooseFoldsBase<ChooseFolds> {
  using ChooseFoldsBase::ChooseFoldsBase;

  void runOnOperation() override {
    if (failed(readOptions()))
      return signalPassFailure();
    llvm::StringSet<> seen;
    WalkResult result = getOperation().walk([&](Operation *op) {
      if (!isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
        return WalkResult::advance();
      seen.insert(getLayerName(op->getLoc(), ""));
      return WalkResult(choose(op));
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (const auto &entry : forcedLayers)
      if (!seen.contains(entry.getKey())) {
        getOperation().emitError()
            << "--fold names layer '" << entry.getKey()
            << "', but the network has no convolution of that name";
        return signalPassFailure();
      }
  }

private:
  /// The names in a list like "transposed+dilation"; none for "none".
  FailureOr<SmallVector<StringRef>> parse(StringRef text) {
    SmallVector<StringRef> names;
    if (text == "none")
      return names;
    text.split(names, '+');
    for (StringRef name : names)
      if (!llvm::is_contained(getLayerFolds(), name)) {
        getOperation().emitError()
            << "unknown fold '" << name << "', expected one of '"
            << llvm::join(getLayerFolds(), "', '") << "' or 'none'";
        return failure();
      }
    return names;
  }

  LogicalResult readOptions() {
    if (!fold.empty()) {
      FailureOr<SmallVector<StringRef>> names = parse(fold);
      if (failed(names))
        return failure();
      forced = *names;
    }
    for (const std::string &assignment : layers) {
      auto [layer, text] = StringRef(assignment).rsplit('=');
      FailureOr<SmallVector<StringRef>> names = parse(text);
      if (failed(names))
        return failure();
      forcedLayers[layer] = *names;
    }
    return success();
  }

  LogicalResult choose(Operation *op) {
    auto layer = forcedLayers.find(getLayerName(op->getLoc(), ""));
    SmallVector<StringRef> marks;
    if (layer != forcedLayers.end()) {
      marks = layer->second;
      // What fold-transposed leaves, the others may fold on.
      bool isFoldedFirst = llvm::is_contained(marks, "transposed");
      for (StringRef name : marks)
        if (std::string reason = declines(op, name);
            !reason.empty() && (name == "transposed" || !isFoldedFirst))
          return op->emitError()
                 << "fold '" << name << "' leaves this layer alone: " << reason;
    } else if (forced) {
      bool isFoldedFirst = llvm::is_contained(*forced, "transposed") &&
                           declines(op, "transposed").empty();
      for (StringRef name : *forced)
        if (isFoldedFirst || declines(op, name).empty())
          marks.push_back(name);
    }
    if (marks.empty() && automatic && layer == forcedLayers.end() &&
        !(forced && forced->empty()))
      if (std::optional<StringRef> best = findCheapest(op))
        marks.push_back(*best);
    if (!marks.empty())
      op->setAttr(foldAttribute,
                  StringAttr::get(&getContext(), llvm::join(marks, "+")));
    return success();
  }

  /// The fold that is cheaper than the layer as it is, if there is one.
  std::optional<StringRef> findCheapest(Operation *op) {
    kernel::TargetAttr target = kernel::getTarget(op);
    // Estimates that are as close as this say nothing.
    constexpr double margin = 0.9;
    // The time that bufferization takes grows with the square of the pieces
    // that are written into one tensor (a minute for the 144 of dilation 12),
    // and so many small pieces seldom pay.
    constexpr size_t mostPieces = 16;
    double best = 0;
    std::optional<StringRef> cheapest;
    for (StringRef name : getLayerFolds()) {
      // (Groups are what the algorithms know best: they merge them, too.)
      std::optional<PhaseFold> phases = getPhaseFold(name);
      if (!phases || !declines(op, name).empty())
        continue;
      if (best == 0)
        best = margin * estimateBest(getParts(op), target);
      FoldedLayer folded = planFold(op, *phases).folded;
      if (folded.pieces.size() > mostPieces)
        continue;
      double cycles = estimateFolded(op, folded, *phases, target);
      if (cycles < best) {
        best = cycles;
        cheapest = name;
      }
    }
    return cheapest;
  }

  std::optional<SmallVector<StringRef>> forced;
  llvm::StringMap<SmallVector<StringRef>> forcedLayers;
};

} // namespace
