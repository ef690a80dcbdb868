// Typical values and errors through operations that move elements.
//
// Every entry of the result is a mixture of entries of the operands, each with
// the share of the elements that come from there; shares that add up to less
// than one leave the rest to zeros. Means, mean squares and the variances of
// errors are then means over the shares.

#include "compiler/Analysis/ErrorRules.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace toeplitz;

/// Beyond that a tensor has other things than channels there (samples of
/// sound, say), and one entry stands for them.
static constexpr int64_t mostChannels = 1 << 18;

size_t toeplitz::countChannels(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || type.getRank() < 2 || type.isDynamicDim(1) ||
      type.getDimSize(1) > mostChannels)
    return 1;
  return static_cast<size_t>(type.getDimSize(1));
}

static ArrayRef<int64_t> getShape(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

static double countElements(Value tensor) {
  double count = 1;
  for (int64_t size : getShape(tensor))
    count *= static_cast<double>(size);
  return count;
}

/// The result that follows from its paths.
static ErrorRule mix(size_t channels, OperandMoments operands,
                     SmallVector<ErrorPaths, 2> paths) {
  std::vector<double> squares(channels, 0.0), active(channels, 0.0);
  ErrorRule rule;
  rule.result = ChannelMoments(channels);
  for (auto [operand, operandPaths] : llvm::enumerate(paths))
    for (const ErrorPath &path : operandPaths) {
      const Moments &from = (*operands[operand])[path.from];
      rule.result[path.to].mean += path.gain * from.mean;
      active[path.to] += path.gain * from.active;
      squares[path.to] += path.gain * from.getSquare();
    }
  for (size_t c = 0; c < channels; ++c) {
    Moments &moments = rule.result[c];
    moments.variance = std::max(squares[c] - moments.mean * moments.mean, 0.0);
    moments.active = active[c];
  }
  rule.paths = std::move(paths);
  return rule;
}

static ErrorPath makePath(const ChannelMoments &operand, size_t from, size_t to,
                          double share = 1) {
  return {static_cast<uint32_t>(operand.getEntry(from)),
          static_cast<uint32_t>(to), share, share};
}

/// Every channel stays in its place, with `share` of the elements.
static ErrorRule keep(const ChannelMoments &operand) {
  ErrorPaths paths;
  for (size_t c = 0; c < operand.size(); ++c)
    paths.push_back(makePath(operand, c, c));
  return mix(operand.size(), {&operand}, {std::move(paths)});
}

/// It isn't known which channel is which any more.
static ErrorRule average(const ChannelMoments &operand) {
  ErrorPaths paths;
  for (size_t c = 0; c < operand.size(); ++c)
    paths.push_back(
        makePath(operand, c, 0, 1 / static_cast<double>(operand.size())));
  return mix(1, {&operand}, {std::move(paths)});
}

/// The same elements in the same order with another shape.
static ErrorRule reshape(Value from, Value to, const ChannelMoments &operand) {
  if (operand.size() == 1)
    return keep(operand);
  size_t channels = countChannels(to);
  auto shape = getShape(to);
  if (channels == 1 || shape[0] != getShape(from)[0])
    return average(operand);
  // Elements of an image, and of a channel of each.
  int64_t image = 1;
  for (int64_t size : shape.drop_front())
    image *= size;
  int64_t read = image / static_cast<int64_t>(operand.size());
  int64_t written = image / static_cast<int64_t>(channels);
  ErrorPaths paths;
  for (int64_t begin = 0; begin < image;) {
    int64_t source = begin / read, target = begin / written;
    int64_t end = std::min((source + 1) * read, (target + 1) * written);
    paths.push_back(makePath(operand, source, target,
                             static_cast<double>(end - begin) /
                                 static_cast<double>(written)));
    begin = end;
  }
  return mix(channels, {&operand}, {std::move(paths)});
}

static ErrorRule concatenate(tensor::ConcatOp op, OperandMoments operands) {
  bool ofChannels = op.getDim() == 1;
  size_t channels = countChannels(op.getResult());
  if (!ofChannels && llvm::all_of(operands, [](const ChannelMoments *moments) {
        return moments->size() == 1;
      }))
    channels = 1;
  SmallVector<ErrorPaths, 2> paths(operands.size());
  size_t first = 0;
  for (auto [index, operand] : llvm::enumerate(op.getInputs())) {
    const ChannelMoments &moments = *operands[index];
    size_t count = ofChannels ? getShape(operand)[1] : channels;
    double share = ofChannels && channels > 1
                       ? 1
                       : countElements(operand) / countElements(op.getResult());
    for (size_t c = 0; c < count; ++c)
      paths[index].push_back(
          makePath(moments, c, channels == 1 ? 0 : first + c,
                   channels == 1 ? share / static_cast<double>(count) : share));
    first += ofChannels ? count : 0;
  }
  return mix(channels, operands, std::move(paths));
}

/// Whether a slice has the channels in dimension 1, as the tensor has.
template <typename Slice> static bool keepsDimensions(Slice op) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  return dropped.size() >= 2 && !dropped.test(0) && !dropped.test(1) &&
         !ShapedType::isDynamic(op.getStaticOffsets()[1]) &&
         !ShapedType::isDynamic(op.getStaticStrides()[1]) &&
         !ShapedType::isDynamic(op.getStaticSizes()[1]);
}

static ErrorRule extract(tensor::ExtractSliceOp op,
                         const ChannelMoments &operand) {
  if (operand.size() == 1)
    return keep(operand);
  if (!keepsDimensions(op))
    return average(operand);
  size_t channels = countChannels(op.getResult());
  ErrorPaths paths;
  for (size_t c = 0; c < channels; ++c)
    paths.push_back(makePath(
        operand, op.getStaticOffsets()[1] + c * op.getStaticStrides()[1], c));
  return mix(channels, {&operand}, {std::move(paths)});
}

/// Whether nothing has been written to the places of a tensor that a slice is
/// inserted at: it is put together piece by piece.
static bool isUnderConstruction(Value value) {
  while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>())
    value = insert.getDest();
  return value.getDefiningOp<tensor::EmptyOp>() != nullptr;
}

static ErrorRule insert(tensor::InsertSliceOp op, OperandMoments operands) {
  size_t channels = countChannels(op.getResult());
  bool isWhole = op.getSourceType().getRank() == op.getType().getRank() &&
                 channels > 1 && op.getStaticOffsets()[1] == 0 &&
                 op.getStaticSizes()[1] == op.getType().getDimSize(1);
  double share = countElements(op.getSource()) / countElements(op.getResult());
  double rest = isUnderConstruction(op.getDest()) ? 1 : 1 - share;
  // Where only some channels are written to, one entry stands for all.
  if (!isWhole)
    channels = 1;
  SmallVector<ErrorPaths, 2> paths(op->getNumOperands());
  auto add = [&](unsigned operand, const ChannelMoments &moments, double part) {
    size_t count = channels == 1 ? moments.size() : channels;
    for (size_t c = 0; c < count; ++c)
      paths[operand].push_back(
          makePath(moments, c, channels == 1 ? 0 : c,
                   channels == 1 ? part / static_cast<double>(count) : part));
  };
  add(0, *operands[0], share);
  add(1, *operands[1], rest);
  return mix(channels, operands, std::move(paths));
}

static ErrorRule pad(cnn::PadOp op, const ChannelMoments &operand) {
  bool padsChannels =
      op.getLow().size() >= 2 && op.getLow()[1] + op.getHigh()[1] > 0;
  if (op.getMode() != cnn::PaddingMode::Zeros)
    return padsChannels ? average(operand) : keep(operand);
  ChannelMoments border(1, {op.getValue().convertToDouble(), 0});
  double share = countElements(op.getInput()) / countElements(op.getResult());
  size_t channels = countChannels(op.getResult());
  if (!padsChannels)
    channels = operand.size();
  else // Channels of zeros have a share of their own.
    share *= static_cast<double>(channels) / getShape(op.getInput())[1];
  SmallVector<ErrorPaths, 2> paths(2);
  for (size_t c = 0; c < channels; ++c) {
    int64_t from =
        static_cast<int64_t>(c) - (padsChannels ? op.getLow()[1] : 0);
    bool isInside =
        !padsChannels || (from >= 0 && from < getShape(op.getInput())[1]);
    if (isInside)
      paths[0].push_back(makePath(operand, from, c, share));
    paths[1].push_back(makePath(border, 0, c, isInside ? 1 - share : 1));
  }
  ErrorRule rule = mix(channels, {&operand, &border}, std::move(paths));
  rule.paths.resize(1);
  return rule;
}

static ErrorRule transpose(linalg::TransposeOp op,
                           const ChannelMoments &operand) {
  ArrayRef<int64_t> permutation = op.getPermutation();
  return permutation.size() >= 2 && permutation[1] == 1 ? keep(operand)
                                                        : average(operand);
}

std::optional<ErrorRule> toeplitz::applyMovementRule(Operation *op,
                                                     OperandMoments operands) {
  using Result = std::optional<ErrorRule>;
  auto first = [&]() -> const ChannelMoments & { return *operands[0]; };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<tensor::CollapseShapeOp, tensor::ExpandShapeOp, tensor::ReshapeOp>(
          [&](auto) {
            return reshape(op->getOperand(0), op->getResult(0), first());
          })
      .Case<tensor::CastOp, cnn::ResizeOp, cnn::BroadcastOp>(
          [&](auto) { return keep(first()); })
      .Case([&](linalg::TransposeOp op) { return transpose(op, first()); })
      .Case([&](linalg::BroadcastOp) { return average(first()); })
      .Case([&](tensor::ConcatOp op) { return concatenate(op, operands); })
      .Case([&](tensor::ExtractSliceOp op) { return extract(op, first()); })
      .Case([&](tensor::InsertSliceOp op) { return insert(op, operands); })
      .Case([&](tensor::EmptyOp) { return mix(1, {}, {}); })
      .Case([&](cnn::PadOp op) { return pad(op, first()); })
      .Default([](Operation *) { return Result(); });
}

ErrorRule toeplitz::applyUnknownRule(ValueRange operands,
                                     OperandMoments moments) {
  ErrorRule rule;
  rule.result = ChannelMoments(1, {0, 1});
  rule.paths.resize(moments.size());
  auto isVariable = [&](size_t index) {
    Value operand = operands[index];
    return isa<FloatType>(getElementTypeOrSelf(operand.getType())) &&
           !operand.getDefiningOp<arith::ConstantOp>() &&
           !operand.getDefiningOp<tensor::EmptyOp>();
  };
  for (size_t i = 0; i < moments.size(); ++i)
    if (isVariable(i)) {
      rule.result = ChannelMoments(1, moments[i]->join());
      break;
    }
  double resultSquare = rule.result[0].getSquare();
  for (size_t i = 0; i < moments.size(); ++i) {
    double square = moments[i]->join().getSquare();
    if (!isVariable(i) || square == 0)
      continue;
    double gain =
        resultSquare / square / static_cast<double>(moments[i]->size());
    for (size_t c = 0; c < moments[i]->size(); ++c)
      rule.paths[i].push_back({static_cast<uint32_t>(c), 0, gain, gain});
  }
  return rule;
}
