#include "compiler/Analysis/ConvolutionErrors.h"

#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"

using namespace mlir;
using namespace toeplitz;

namespace {
/// A layer whichever of the two operations it is.
struct Layer {
  ConstantValues filter;
  bool isTransposed;
  int64_t groups = 1, inputs = 1, outputs = 1;
  std::vector<double> tapShares = {};

  int64_t getTaps() const { return static_cast<int64_t>(tapShares.size()); }
  /// Channels of one group.
  int64_t getGroupInputs() const { return inputs / groups; }
  int64_t getGroupOutputs() const { return outputs / groups; }
};

/// One spatial dimension.
struct Reach {
  int64_t input, output, stride, dilation, padding;
  bool padsWithZeros, isTransposed;

  /// The share of the output's positions that a tap has an input for.
  double getShare(int64_t tap) const;
};
} // namespace

double Reach::getShare(int64_t tap) const {
  if (!isTransposed && !padsWithZeros)
    return 1;
  int64_t offset = tap * dilation - padding;
  // Output o reads input o * stride + offset; of a transposed convolution,
  // input i is written to output i * stride + offset.
  int64_t from = isTransposed ? input : output;
  int64_t to = isTransposed ? output : input;
  int64_t count = 0;
  for (int64_t position = 0; position < from; ++position) {
    int64_t other = position * stride + offset;
    count += other >= 0 && other < to;
  }
  return static_cast<double>(count) / static_cast<double>(output);
}

/// The shares of all taps, row-major: products over the dimensions.
template <typename Op>
static std::vector<double> getTapShares(Op op, bool padsWithZeros) {
  ArrayRef<int64_t> input = op.getInput().getType().getShape();
  ArrayRef<int64_t> output = op.getResult().getType().getShape();
  ArrayRef<int64_t> filter = op.getFilter().getType().getShape();
  std::vector<double> shares = {1};
  for (size_t d = 0; d + 2 < filter.size(); ++d) {
    Reach reach = {input[d + 2],
                   output[d + 2],
                   op.getStrides()[d],
                   op.getDilations()[d],
                   op.getPaddingLow()[d],
                   padsWithZeros,
                   std::is_same_v<Op, cnn::ConvTransposeOp>};
    std::vector<double> next;
    for (double share : shares)
      for (int64_t tap = 0; tap < filter[d + 2]; ++tap)
        next.push_back(share * reach.getShare(tap));
    shares = std::move(next);
  }
  return shares;
}

static std::optional<Layer> readLayer(Operation *op) {
  std::optional<ConstantValues> filter = readConstant(op->getOperand(1));
  if (!filter)
    return std::nullopt;
  Layer layer = {std::move(*filter), isa<cnn::ConvTransposeOp>(op)};
  auto getChannels = [](Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getDimSize(1);
  };
  layer.inputs = getChannels(op->getOperand(0));
  layer.outputs = getChannels(op->getResult(0));
  if (auto conv = dyn_cast<cnn::ConvOp>(op)) {
    layer.groups = static_cast<int64_t>(conv.getGroups());
    layer.tapShares =
        getTapShares(conv, conv.getPaddingMode() == cnn::PaddingMode::Zeros);
  } else {
    auto transposed = cast<cnn::ConvTransposeOp>(op);
    layer.groups = static_cast<int64_t>(transposed.getGroups());
    layer.tapShares = getTapShares(transposed, true);
  }
  return layer;
}

namespace {
/// The sums over the taps of a pair of channels: a and A.
struct PairSums {
  double weights = 0, squares = 0;
};
} // namespace

static PairSums sumTaps(const float *weights, ArrayRef<double> shares) {
  PairSums sums;
  for (auto [k, share] : llvm::enumerate(shares)) {
    double weight = weights[k];
    sums.weights += share * weight;
    sums.squares += share * weight * weight;
  }
  return sums;
}

namespace {
/// The input's moments, one row of numbers for each: they are read once for
/// every weight.
struct MomentRows {
  std::vector<double> means, variances, squares;

  MomentRows(const ChannelMoments &moments, int64_t channels) {
    for (int64_t c = 0; c < channels; ++c) {
      means.push_back(moments[c].mean);
      variances.push_back(moments[c].variance);
      squares.push_back(moments[c].getSquare());
    }
  }
};

/// The three sums that a channel of the result is made of. Several of each at a
/// time, so that they don't wait for each other.
struct ChannelSums {
  static constexpr int64_t lanes = 4;
  double mean[lanes] = {}, variance[lanes] = {}, square[lanes] = {};

  void add(int64_t lane, PairSums pair, const MomentRows &rows, int64_t c) {
    mean[lane] += pair.weights * rows.means[c];
    variance[lane] += pair.squares * rows.variances[c];
    square[lane] += pair.squares * rows.squares[c];
  }
  static double join(const double *sums) {
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
  }
};
} // namespace

/// One output channel of a convolution, from input channel `first` on.
static ChannelSums sumRow(const Layer &layer, const float *row,
                          const MomentRows &rows, int64_t first) {
  ChannelSums sums;
  int64_t count = layer.getGroupInputs();
  if (layer.getTaps() > 1) {
    for (int64_t c = 0; c < count; ++c)
      sums.add(c % ChannelSums::lanes,
               sumTaps(row + c * layer.getTaps(), layer.tapShares), rows,
               first + c);
    return sums;
  }
  double share = layer.tapShares[0];
  int64_t c = 0;
  for (; c + ChannelSums::lanes <= count; c += ChannelSums::lanes)
    for (int64_t lane = 0; lane < ChannelSums::lanes; ++lane) {
      double weight = row[c + lane];
      sums.add(lane, {share * weight, share * weight * weight}, rows,
               first + c + lane);
    }
  for (; c < count; ++c) {
    double weight = row[c];
    sums.add(0, {share * weight, share * weight * weight}, rows, first + c);
  }
  return sums;
}

/// The filter of a transposed convolution has a row for each input channel and
/// each output channel of its group.
static void forEachTransposedPair(
    const Layer &layer,
    llvm::function_ref<void(int64_t, int64_t, PairSums)> visit) {
  const float *weights = layer.filter.get().data();
  for (int64_t input = 0; input < layer.inputs; ++input) {
    int64_t group = input / layer.getGroupInputs();
    for (int64_t f = 0; f < layer.getGroupOutputs(); ++f) {
      visit(input, group * layer.getGroupOutputs() + f,
            sumTaps(weights, layer.tapShares));
      weights += layer.getTaps();
    }
  }
}

static std::vector<ChannelSums> sumChannels(const Layer &layer,
                                            const MomentRows &rows) {
  std::vector<ChannelSums> sums(layer.outputs);
  if (layer.isTransposed) {
    forEachTransposedPair(layer,
                          [&](int64_t input, int64_t output, PairSums pair) {
                            sums[output].add(0, pair, rows, input);
                          });
    return sums;
  }
  int64_t rowSize = layer.getGroupInputs() * layer.getTaps();
  for (int64_t f = 0; f < layer.outputs; ++f)
    sums[f] = sumRow(layer, layer.filter.get().data() + f * rowSize, rows,
                     f / layer.getGroupOutputs() * layer.getGroupInputs());
  return sums;
}

std::optional<ConvolutionMoments>
toeplitz::convolveMoments(Operation *op, const ChannelMoments &input) {
  std::optional<Layer> layer = readLayer(op);
  Value bias = op->getNumOperands() > 2 ? op->getOperand(2) : Value();
  std::optional<ConstantValues> biases = readConstant(bias);
  if (!layer || (bias && !biases))
    return std::nullopt;
  std::vector<ChannelSums> sums =
      sumChannels(*layer, MomentRows(input, layer->inputs));
  ConvolutionMoments moments;
  moments.result = ChannelMoments(layer->outputs);
  for (auto [f, sum] : llvm::enumerate(sums)) {
    moments.result[f] = {ChannelSums::join(sum.mean) +
                             (biases ? (*biases)[f] : 0.0f),
                         ChannelSums::join(sum.variance)};
    double square = ChannelSums::join(sum.square);
    double common = square - ChannelSums::join(sum.variance);
    moments.productSquares.push_back({square - common, common});
  }
  return moments;
}

static void addPairAdjoint(PairSums pair, ErrorParts sensitivity,
                           ErrorParts &result) {
  result.single += sensitivity.single * pair.squares;
  result.common += sensitivity.common * pair.weights * pair.weights;
}

/// Adds what one output channel of a convolution hands back.
static void addRowAdjoint(const Layer &layer, const float *row,
                          ErrorParts sensitivity, ErrorParts *result) {
  int64_t count = layer.getGroupInputs();
  if (layer.getTaps() > 1) {
    for (int64_t c = 0; c < count; ++c)
      addPairAdjoint(sumTaps(row + c * layer.getTaps(), layer.tapShares),
                     sensitivity, result[c]);
    return;
  }
  double share = layer.tapShares[0];
  for (int64_t c = 0; c < count; ++c) {
    double weight = row[c];
    addPairAdjoint({share * weight, share * weight * weight}, sensitivity,
                   result[c]);
  }
}

std::vector<ErrorParts> toeplitz::convolveSensitivities(
    Operation *op, ArrayRef<ErrorParts> sensitivities, size_t entries) {
  std::optional<Layer> layer = readLayer(op);
  assert(layer && "it had moments");
  std::vector<ErrorParts> result(layer->inputs);
  if (layer->isTransposed) {
    forEachTransposedPair(
        *layer, [&](int64_t input, int64_t output, PairSums pair) {
          addPairAdjoint(pair, sensitivities[output], result[input]);
        });
  } else {
    int64_t rowSize = layer->getGroupInputs() * layer->getTaps();
    for (int64_t f = 0; f < layer->outputs; ++f)
      addRowAdjoint(
          *layer, layer->filter.get().data() + f * rowSize, sensitivities[f],
          &result[f / layer->getGroupOutputs() * layer->getGroupInputs()]);
  }
  if (entries > 1)
    return result;
  // One entry stands for all channels.
  ErrorParts sum;
  for (const ErrorParts &parts : result) {
    sum.single += parts.single;
    sum.common += parts.common;
  }
  return {sum};
}
