#include "compiler/Transforms/PhaseConvolutions.h"

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Epilogue.h"
#include "compiler/Transforms/Folds.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

template <typename Op>
static SmallVector<SpatialDimension> readDimensions(Op layer) {
  SmallVector<SpatialDimension> dimensions;
  for (size_t d = 0; d < layer.getStrides().size(); ++d)
    dimensions.push_back(
        {shapeOf(layer.getInput())[2 + d], shapeOf(layer.getFilter())[2 + d],
         layer.getStrides()[d], layer.getDilations()[d],
         layer.getPaddingLow()[d], shapeOf(layer.getResult())[2 + d]});
  return dimensions;
}

SmallVector<SpatialDimension> getDimensions(cnn::ConvOp layer) {
  return readDimensions(layer);
}

/// How many pieces there would be, as far as the limit.
static int64_t countPieces(ArrayRef<SpatialDimension> dimensions,
                           PhaseFold fold) {
  int64_t pieces = 1;
  for (const SpatialDimension &dimension : dimensions) {
    int64_t phases = fold == PhaseFold::Stride
                         ? std::min(dimension.kernel, dimension.stride)
                     : fold == PhaseFold::Dilation
                         ? std::min(dimension.outputs, dimension.dilation)
                         : std::min(dimension.outputs, dimension.stride);
    if (phases > maximalPieces)
      return phases;
    pieces *= phases;
  }
  return pieces;
}

static bool areOne(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

static FoldPlan refuse(const Twine &reason) { return {{}, reason.str()}; }

static FoldPlan makePlan(ArrayRef<SpatialDimension> dimensions,
                         PhaseFold fold) {
  if (countPieces(dimensions, fold) > maximalPieces)
    return refuse("it would become more than " + Twine(maximalPieces) +
                  " convolutions");
  FoldPlan plan;
  plan.folded.isSum = fold == PhaseFold::Stride;
  plan.folded.pieces = combinePhases(
      dimensions, fold == PhaseFold::Stride     ? getStridePhases
                  : fold == PhaseFold::Dilation ? getDilationPhases
                                                : getTransposedPhases);
  return plan;
}

FoldPlan planFold(Operation *layer, PhaseFold fold) {
  if (fold == PhaseFold::Transposed) {
    auto conv = dyn_cast<cnn::ConvTransposeOp>(layer);
    if (!conv)
      return refuse("it is no transposed convolution");
    return makePlan(readDimensions(conv), fold);
  }
  auto conv = dyn_cast<cnn::ConvOp>(layer);
  if (!conv)
    return refuse("it is a transposed convolution");
  bool isStride = fold == PhaseFold::Stride;
  if (areOne(isStride ? conv.getStrides() : conv.getDilations()))
    return refuse(Twine("its ") + (isStride ? "stride" : "dilation") + " is 1");
  if (conv.getPaddingMode() != cnn::PaddingMode::Zeros)
    return refuse("its padding isn't zeros");
  return makePlan(getDimensions(conv), fold);
}

namespace {

/// A layer that is being folded.
class Folder {
public:
  Folder(RewriterBase &rewriter, Operation *layer, PhaseFold fold,
         const FoldedLayer &folded, const ConstantValues &filterValues)
      : rewriter(rewriter), layer(layer), location(layer->getLoc()),
        folded(folded), epilogue(findEpilogue(layer)),
        input(layer->getOperand(0)), filter(layer->getOperand(1)),
        filterValues(filterValues) {
    if (auto conv = dyn_cast<cnn::ConvOp>(layer)) {
      bias = conv.getBias();
      groups = conv.getGroups();
    } else {
      auto transposed = cast<cnn::ConvTransposeOp>(layer);
      bias = transposed.getBias();
      groups = transposed.getGroups();
      isTransposed = true;
    }
    switch (fold) {
    case PhaseFold::Stride:
      name = "stride";
      break;
    case PhaseFold::Dilation:
      name = "dilation";
      break;
    case PhaseFold::Transposed:
      name = "transposed";
      break;
    }
  }

  void run() {
    rewriter.setInsertionPoint(epilogue.chain.back());
    Value result = folded.isSum ? sum() : interleave();
    rewriter.replaceAllUsesWith(epilogue.getResult(), result);
    for (Operation *op : llvm::reverse(epilogue.chain))
      rewriter.eraseOp(op);
  }

private:
  /// A box of a tensor of the rank of the layer, all of its batch and channels.
  struct Box {
    SmallVector<OpFoldResult> offsets, sizes, strides;

    Box(Builder &builder, int64_t batch, int64_t channels)
        : offsets(2, builder.getIndexAttr(0)),
          sizes({builder.getIndexAttr(batch), builder.getIndexAttr(channels)}),
          strides(2, builder.getIndexAttr(1)) {}

    void add(Builder &builder, int64_t offset, int64_t size, int64_t stride) {
      offsets.push_back(builder.getIndexAttr(offset));
      sizes.push_back(builder.getIndexAttr(size));
      // One position: the step beyond it would mean nothing.
      strides.push_back(builder.getIndexAttr(size == 1 ? 1 : stride));
    }
  };

  RankedTensorType getResultType() {
    return cast<RankedTensorType>(layer->getResult(0).getType());
  }

  /// Where the outputs of a piece lie in the layer's.
  Box getOutputBox(const Piece &piece) {
    Box box(rewriter, shapeOf(input)[0], getResultType().getDimSize(1));
    for (const CutPhase &cut : piece)
      box.add(rewriter, cut.phase.outputOffset, cut.phase.outputs,
              cut.phase.outputStride);
    return box;
  }

  bool isWhole(const Box &box, ArrayRef<int64_t> shape) {
    return llvm::equal(box.sizes,
                       getAsIndexOpFoldResult(rewriter.getContext(), shape));
  }

  Value slice(Value whole, const Box &box) {
    if (isWhole(box, shapeOf(whole)))
      return whole;
    return tensor::ExtractSliceOp::create(rewriter, location, whole,
                                          box.offsets, box.sizes, box.strides);
  }

  Value cutInput(const Piece &piece) {
    Box box(rewriter, shapeOf(input)[0], shapeOf(input)[1]);
    for (const CutPhase &cut : piece)
      box.add(rewriter, cut.offset, cut.size, cut.phase.inputStride);
    return slice(input, box);
  }

  /// The taps of a piece. Pieces with the same taps have the same constant.
  Value gatherFilter(const Piece &piece) {
    ArrayRef<int64_t> kernel = shapeOf(filter).drop_front(2);
    SmallVector<int64_t> taps, firstTaps, steps;
    for (const CutPhase &cut : piece) {
      taps.push_back(cut.phase.taps);
      firstTaps.push_back(cut.phase.firstTap);
      steps.push_back(cut.phase.tapStep);
    }
    SmallVector<int64_t> located = locateTaps(kernel, taps, firstTaps, steps);
    int64_t layerTaps = 1;
    for (int64_t size : kernel)
      layerTaps *= size;
    int64_t rows = static_cast<int64_t>(filterValues.size()) / layerTaps;
    bool isSame = !isTransposed && ArrayRef<int64_t>(taps) == kernel;
    if (isSame)
      return filter;
    for (auto &[known, value] : gatheredFilters)
      if (known == located)
        return value;

    int64_t outputs = getResultType().getDimSize(1);
    int64_t groupInputs = shapeOf(input)[1] / groups;
    WeightBuffer gathered(rows * static_cast<int64_t>(located.size()));
    gatherRows(
        filterValues.get(), layerTaps, located,
        [&](int64_t row) {
          return isTransposed
                     ? getTransposedRow(row, groupInputs, outputs / groups)
                     : row;
        },
        gathered.values());
    SmallVector<int64_t> shape = {outputs, groupInputs};
    llvm::append_range(shape, taps);
    std::string layerName = getLayerName(location, "conv");
    Value value = createConstant(
        rewriter, location, RankedTensorType::get(shape, rewriter.getF32Type()),
        std::move(gathered),
        getConstantName(filter, layerName + ".weight") + ".phase");
    gatheredFilters.push_back({located, value});
    return value;
  }

  Value convolve(const Piece &piece, Value pieceBias) {
    SmallVector<int64_t> strides, dilations, low, high;
    for (const CutPhase &cut : piece) {
      strides.push_back(cut.phase.stride);
      dilations.push_back(cut.phase.taps == 1 ? 1 : cut.phase.dilation);
      low.push_back(cut.phase.paddingLow);
      high.push_back(cut.paddingHigh);
    }
    auto conv = cnn::ConvOp::create(
        rewriter, location, cutInput(piece), gatherFilter(piece), pieceBias,
        strides, dilations, low, high, groups, cnn::PaddingMode::Zeros);
    passOnMarks(layer, conv, name);
    return conv;
  }

  /// The bias at every position of a piece: it has nothing else to add up.
  Value fillWithBias(ArrayRef<int64_t> shape) {
    auto type = RankedTensorType::get(shape, rewriter.getF32Type());
    if (!bias)
      return arith::ConstantOp::create(rewriter, location,
                                       DenseElementsAttr::get(type, 0.0f));
    // F as 1 x F x 1.
    SmallVector<int64_t> expanded(shape.size(), 1);
    expanded[1] = shape[1];
    ReassociationIndices all;
    for (size_t d = 0; d < shape.size(); ++d)
      all.push_back(static_cast<int64_t>(d));
    Value channels = tensor::ExpandShapeOp::create(
        rewriter, location,
        RankedTensorType::get(expanded, rewriter.getF32Type()), bias,
        ArrayRef<ReassociationIndices>{all});
    return cnn::BroadcastOp::create(rewriter, location, channels, shape);
  }

  Value add(Value a, Value b) {
    return arith::AddFOp::create(rewriter, location, a, b);
  }

  Value activate(Value value) {
    cnn::ActivationOp activation = epilogue.activation;
    if (!activation)
      return value;
    return cnn::ActivationOp::create(
        rewriter, activation.getLoc(), value.getType(), activation.getKind(),
        value, activation.getAlpha(), activation.getBeta());
  }

  /// The sum of all pieces. What is added to the layer is added to its first
  /// piece, so that every sum is that of a convolution and one tensor.
  Value sum() {
    Value total = epilogue.residual;
    Value pieceBias = bias;
    for (const Piece &piece : folded.pieces) {
      if (readsNothing(piece))
        break;
      Value result = convolve(piece, std::exchange(pieceBias, Value()));
      total = total ? add(result, total) : result;
    }
    if (pieceBias || !total) {
      Value constant = fillWithBias(getResultType().getShape());
      total = total ? add(constant, total) : constant;
    }
    return activate(total);
  }

  /// The results of all pieces, each at its outputs.
  Value interleave() {
    Value result;
    for (const Piece &piece : folded.pieces) {
      Box box = getOutputBox(piece);
      Value value;
      if (readsNothing(piece)) {
        SmallVector<int64_t> shape(getResultType().getShape().take_front(2));
        for (const CutPhase &cut : piece)
          shape.push_back(cut.phase.outputs);
        value = fillWithBias(shape);
      } else {
        value = convolve(piece, bias);
      }
      if (epilogue.residual)
        value = add(value, slice(epilogue.residual, box));
      value = activate(value);
      if (isWhole(box, getResultType().getShape()))
        return value;
      if (!result)
        result = tensor::EmptyOp::create(rewriter, location,
                                         getResultType().getShape(),
                                         rewriter.getF32Type());
      result =
          tensor::InsertSliceOp::create(rewriter, location, value, result,
                                        box.offsets, box.sizes, box.strides);
    }
    return result;
  }

  RewriterBase &rewriter;
  Operation *layer;
  Location location;
  const FoldedLayer &folded;
  Epilogue epilogue;
  Value input, filter, bias;
  const ConstantValues &filterValues;
  int64_t groups = 1;
  bool isTransposed = false;
  StringRef name;
  /// By the taps of the layer that they have.
  SmallVector<std::pair<SmallVector<int64_t>, Value>> gatheredFilters;
};

} // namespace

LogicalResult foldLayer(RewriterBase &rewriter, Operation *layer,
                        PhaseFold fold) {
  FoldPlan plan = planFold(layer, fold);
  if (!plan.reason.empty())
    return failure();
  std::optional<ConstantValues> filter = readConstant(layer->getOperand(1));
  if (!filter)
    return failure();
  Folder(rewriter, layer, fold, plan.folded, *filter).run();
  return success();
}

} // namespace toeplitz
