// The numbered constraints of each operation, in the order of its description.

#include "dialects/CNN/CNNDialect.h"
#include "dialects/CNN/Window.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace toeplitz::cnn {

namespace {

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "[";
  llvm::interleaveComma(shape, stream);
  stream << "]";
  return text;
}

/// One array attribute with the name it has in the assembly.
struct NamedSizes {
  StringRef name;
  ArrayRef<int64_t> values;
};

LogicalResult checkSpatialRank(Value input, size_t fewest,
                               ConstraintReporter violated, int constraint) {
  size_t rank = shapeOf(input).size();
  if (rank >= 2 + fewest && rank <= 5)
    return success();
  return violated(constraint) << "input has rank " << rank << ", expected "
                              << 2 + fewest << " to 5 (batch, channels and "
                              << fewest << " to 3 spatial dimensions)";
}

LogicalResult checkRankAtLeast2(Value input, ConstraintReporter violated,
                                int constraint) {
  size_t rank = shapeOf(input).size();
  if (rank >= 2)
    return success();
  return violated(constraint) << "input has rank " << rank
                              << ", expected at least 2 (batch and channels)";
}

LogicalResult checkCounts(size_t expected, ArrayRef<NamedSizes> arrays,
                          ConstraintReporter violated, int constraint) {
  for (const NamedSizes &array : arrays)
    if (array.values.size() != expected)
      return violated(constraint)
             << array.name << " has " << array.values.size()
             << " elements, expected " << expected;
  return success();
}

LogicalResult checkAtLeast(int64_t least, ArrayRef<NamedSizes> arrays,
                           ConstraintReporter violated, int constraint) {
  for (const NamedSizes &array : arrays)
    for (auto [index, value] : llvm::enumerate(array.values))
      if (value < least)
        return violated(constraint) << array.name << "[" << index << "] is "
                                    << value << ", expected at least " << least;
  return success();
}

/// Checks that a tensor with a value for each channel (or the like) fits.
LogicalResult checkShape(StringRef name, Value value,
                         ArrayRef<int64_t> expected,
                         ConstraintReporter violated, int constraint) {
  if (shapeOf(value) == expected)
    return success();
  return violated(constraint)
         << name << " has shape " << formatShape(shapeOf(value))
         << ", expected " << formatShape(expected);
}

LogicalResult checkEpsilon(const APFloat &epsilon, ConstraintReporter violated,
                           int constraint) {
  // Written so that not-a-number fails.
  if (epsilon.convertToFloat() >= 0)
    return success();
  return violated(constraint) << "epsilon is " << epsilon.convertToFloat()
                              << ", expected at least 0";
}

LogicalResult checkAxis(int64_t axis, Value input, ConstraintReporter violated,
                        int constraint) {
  int64_t rank = shapeOf(input).size();
  if (axis >= 0 && axis < rank)
    return success();
  return violated(constraint) << "axis is " << axis << ", expected 0 to "
                              << rank - 1 << " for rank " << rank;
}

/// The positions that a padding mode can supply: a mirror image has one less
/// than the input, and a copy of the input all of its positions.
LogicalResult checkBorders(PaddingMode mode, ArrayRef<int64_t> input,
                           ArrayRef<int64_t> low, ArrayRef<int64_t> high,
                           ConstraintReporter violated, int constraint) {
  if (mode != PaddingMode::Reflect && mode != PaddingMode::Circular)
    return success();
  for (auto [dimension, size] : llvm::enumerate(input)) {
    int64_t most = mode == PaddingMode::Reflect ? size - 1 : size;
    int64_t padding = std::max(low[dimension], high[dimension]);
    if (padding > most)
      return violated(constraint)
             << stringifyPaddingMode(mode) << " padding of dimension "
             << dimension << " is " << padding << ", expected at most " << most
             << " for the input size " << size;
  }
  return success();
}

/// A tensor is addressable if its size in bytes fits into 64 bits.
LogicalResult checkAddressable(ArrayRef<int64_t> shape,
                               ConstraintReporter violated) {
  std::optional<int64_t> bytes = sizeof(float);
  for (int64_t size : shape)
    if (bytes)
      bytes = llvm::checkedMul(*bytes, size);
  if (bytes)
    return success();
  return violated.start() << "result of shape " << formatShape(shape)
                          << " is too large: its size in bytes does not fit "
                             "into 64 bits";
}

/// Checks the spatial sizes of a result, and that the tensor is addressable.
LogicalResult checkOutputSizes(ArrayRef<int64_t> shape,
                               ConstraintReporter violated, int constraint) {
  for (auto [dimension, size] : llvm::enumerate(shape.drop_front(2)))
    if (size < 1)
      return violated(constraint)
             << "output size of spatial dimension " << dimension << " would be "
             << size << ", expected at least 1";
  return checkAddressable(shape, violated);
}

/// The constraints on the filter that both convolutions number alike: 1 to 3.
template <typename Adaptor>
LogicalResult checkConvolutionWindow(Adaptor op, size_t fewestDimensions,
                                     ArrayRef<NamedSizes> more,
                                     ConstraintReporter violated) {
  ArrayRef<int64_t> filter = shapeOf(op.getFilter());
  size_t rank = shapeOf(op.getInput()).size();
  if (failed(checkSpatialRank(op.getInput(), fewestDimensions, violated, 1)))
    return failure();
  if (filter.size() != rank)
    return violated(1) << "filter has rank " << filter.size() << ", expected "
                       << rank << ", the input's";

  SmallVector<NamedSizes> positive = {{"strides", op.getStrides()},
                                      {"dilations", op.getDilations()}};
  SmallVector<NamedSizes> nonNegative = {{"padding_low", op.getPaddingLow()},
                                         {"padding_high", op.getPaddingHigh()}};
  llvm::append_range(nonNegative, more);
  if (failed(checkCounts(rank - 2, positive, violated, 2)) ||
      failed(checkCounts(rank - 2, nonNegative, violated, 2)))
    return failure();

  positive.insert(positive.begin(), {"kernel", filter.drop_front(2)});
  return success(succeeded(checkAtLeast(1, positive, violated, 3)) &&
                 succeeded(checkAtLeast(0, nonNegative, violated, 3)));
}

/// The first window that sees nothing but padding, as its position before the
/// input, if there is one. A window that starts inside the input sees it, and
/// paddings are less than the reach: so it has to start in the low padding and
/// to jump over the whole input.
std::optional<int64_t> findBlindWindow(int64_t input, int64_t windows,
                                       const WindowDimension &window) {
  if (window.dilation <= input)
    return std::nullopt;
  int64_t before = window.paddingLow;
  for (int64_t index = 0; index < windows && before > 0; ++index) {
    // How far the first tap that isn't before the input lies inside it.
    int64_t overhang = before % window.dilation;
    int64_t tap = overhang == 0 ? 0 : window.dilation - overhang;
    if (tap >= input)
      return before;
    before -= std::min(before, window.stride);
  }
  return std::nullopt;
}

LogicalResult checkGroups(int64_t groups, StringRef dividend, int64_t channels,
                          ConstraintReporter violated, int constraint) {
  if (groups < 1)
    return violated(constraint)
           << "groups is " << groups << ", expected at least 1";
  if (channels % groups != 0)
    return violated(constraint)
           << "groups = " << groups << " does not divide the " << channels
           << " " << dividend;
  return success();
}

} // namespace

LogicalResult checkConstraints(ConvOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkConvolutionWindow(op, 0, {}, violated)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  ArrayRef<int64_t> filter = shapeOf(op.getFilter());
  int64_t groups = op.getGroupsAttr().getInt();
  if (failed(checkGroups(groups, "input channels", input[1], violated, 4)) ||
      failed(checkGroups(groups, "output channels", filter[0], violated, 4)))
    return failure();
  if (filter[1] != input[1] / groups)
    return violated(5) << "filter dimension 1 is " << filter[1]
                       << ", expected C / groups = " << input[1] / groups;
  if (op.getBias() &&
      failed(checkShape("bias", op.getBias(), filter[0], violated, 6)))
    return failure();
  if (failed(checkOutputSizes(inferResultShape(op), violated, 7)))
    return failure();
  return checkBorders(op.getPaddingMode(), input.drop_front(2),
                      op.getPaddingLow(), op.getPaddingHigh(), violated, 8);
}

LogicalResult checkConstraints(ConvTransposeOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkConvolutionWindow(
          op, 1, {{"output_padding", op.getOutputPadding()}}, violated)))
    return failure();
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  ArrayRef<int64_t> filter = shapeOf(op.getFilter());
  int64_t groups = op.getGroupsAttr().getInt();
  if (failed(checkGroups(groups, "input channels", input[1], violated, 4)))
    return failure();
  if (filter[0] != input[1])
    return violated(5) << "filter dimension 0 is " << filter[0]
                       << ", expected C = " << input[1];
  SmallVector<int64_t> result = inferResultShape(op);
  if (op.getBias() &&
      failed(checkShape("bias", op.getBias(), result[1], violated, 6)))
    return failure();
  if (failed(checkOutputSizes(result, violated, 7)))
    return failure();
  for (auto [index, padding] : llvm::enumerate(op.getOutputPadding())) {
    int64_t limit = std::max(op.getStrides()[index], op.getDilations()[index]);
    if (padding >= limit)
      return violated(8) << "output_padding[" << index << "] is " << padding
                         << ", expected less than " << limit
                         << ", the larger of stride and dilation";
  }
  return success();
}

LogicalResult checkConstraints(PoolOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkSpatialRank(op.getInput(), 1, violated, 1)))
    return failure();
  NamedSizes positive[] = {{"kernel", op.getKernel()},
                           {"strides", op.getStrides()},
                           {"dilations", op.getDilations()}};
  NamedSizes nonNegative[] = {{"padding_low", op.getPaddingLow()},
                              {"padding_high", op.getPaddingHigh()}};
  size_t spatialRank = shapeOf(op.getInput()).size() - 2;
  if (failed(checkCounts(spatialRank, positive, violated, 2)) ||
      failed(checkCounts(spatialRank, nonNegative, violated, 2)) ||
      failed(checkAtLeast(1, positive, violated, 3)) ||
      failed(checkAtLeast(0, nonNegative, violated, 3)))
    return failure();
  for (size_t d = 0; d < spatialRank; ++d) {
    int64_t reach = WindowDimension{op.getKernel()[d], op.getStrides()[d],
                                    op.getDilations()[d]}
                        .getReach();
    for (const NamedSizes &array : nonNegative)
      if (array.values[d] >= reach)
        return violated(4) << array.name << "[" << d << "] is "
                           << array.values[d] << ", expected less than "
                           << reach << ", the reach of the kernel";
  }
  SmallVector<int64_t> result = inferResultShape(op);
  if (failed(checkOutputSizes(result, violated, 5)))
    return failure();
  int64_t p = op.getPAttr().getInt();
  if (p < 1)
    return violated(6) << "p is " << p << ", expected at least 1";
  for (size_t d = 0; d < spatialRank; ++d) {
    WindowDimension window{op.getKernel()[d], op.getStrides()[d],
                           op.getDilations()[d], op.getPaddingLow()[d],
                           op.getPaddingHigh()[d]};
    int64_t size = shapeOf(op.getInput())[d + 2];
    if (auto before = findBlindWindow(size, result[d + 2], window))
      return violated(7) << "the window that starts " << *before
                         << " before the input of size " << size
                         << " in spatial dimension " << d
                         << " has no position inside it: dilation is "
                         << window.dilation;
  }
  return success();
}

LogicalResult checkConstraints(GlobalPoolOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkSpatialRank(op.getInput(), 1, violated, 1)))
    return failure();
  int64_t p = op.getPAttr().getInt();
  if (p < 1)
    return violated(2) << "p is " << p << ", expected at least 1";
  return success();
}

LogicalResult checkConstraints(PadOp::Adaptor op, ConstraintReporter violated) {
  NamedSizes borders[] = {{"low", op.getLow()}, {"high", op.getHigh()}};
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  if (failed(checkCounts(input.size(), borders, violated, 1)) ||
      failed(checkAtLeast(0, borders, violated, 1)) ||
      failed(checkBorders(op.getMode(), input, op.getLow(), op.getHigh(),
                          violated, 2)))
    return failure();
  if (op.getMode() != PaddingMode::Zeros && !op.getValue().isZero())
    return violated(3) << "value is " << op.getValue().convertToFloat()
                       << ", expected 0 in mode "
                       << stringifyPaddingMode(op.getMode());
  return checkAddressable(inferResultShape(op), violated);
}

LogicalResult checkConstraints(BatchNormOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkRankAtLeast2(op.getInput(), violated, 1)))
    return failure();
  int64_t channels = shapeOf(op.getInput())[1];
  if (failed(checkShape("scale", op.getScale(), channels, violated, 2)) ||
      failed(checkShape("bias", op.getBias(), channels, violated, 2)) ||
      failed(checkShape("mean", op.getMean(), channels, violated, 2)) ||
      failed(checkShape("variance", op.getVariance(), channels, violated, 2)))
    return failure();
  return checkEpsilon(op.getEpsilon(), violated, 3);
}

LogicalResult checkConstraints(GroupNormOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkRankAtLeast2(op.getInput(), violated, 1)))
    return failure();
  int64_t channels = shapeOf(op.getInput())[1];
  if (failed(checkGroups(op.getGroupsAttr().getInt(), "channels", channels,
                         violated, 2)) ||
      failed(checkShape("scale", op.getScale(), channels, violated, 3)) ||
      failed(checkShape("bias", op.getBias(), channels, violated, 3)))
    return failure();
  return checkEpsilon(op.getEpsilon(), violated, 4);
}

LogicalResult checkConstraints(LayerNormOp::Adaptor op,
                               ConstraintReporter violated) {
  int64_t axis = op.getAxisAttr().getInt();
  if (failed(checkAxis(axis, op.getInput(), violated, 1)))
    return failure();
  ArrayRef<int64_t> shape = shapeOf(op.getInput());
  int64_t rank = shape.size();
  int64_t end = op.getEndAttr() ? op.getEndAttr().getInt() : rank;
  if (end <= axis || end > rank)
    return violated(1) << "end is " << end << ", expected " << axis + 1
                       << " to " << rank;
  ArrayRef<int64_t> normalized = shape.slice(axis, end - axis);
  if (failed(checkShape("scale", op.getScale(), normalized, violated, 2)) ||
      failed(checkShape("bias", op.getBias(), normalized, violated, 2)))
    return failure();
  return checkEpsilon(op.getEpsilon(), violated, 3);
}

LogicalResult checkConstraints(LrnOp::Adaptor op, ConstraintReporter violated) {
  if (failed(checkRankAtLeast2(op.getInput(), violated, 1)))
    return failure();
  int64_t size = op.getSizeAttr().getInt();
  if (size < 1)
    return violated(2) << "size is " << size << ", expected at least 1";
  return success();
}

LogicalResult checkConstraints(ActivationOp::Adaptor op,
                               ConstraintReporter violated) {
  float alpha = op.getAlpha().convertToFloat();
  float beta = op.getBeta().convertToFloat();
  // Both are written so that not-a-number fails.
  if (op.getKind() == ActivationKind::Clip && !(alpha <= beta))
    return violated(1) << "clip has alpha = " << alpha
                       << ", expected at most beta = " << beta;
  if (op.getKind() == ActivationKind::Celu && !(alpha < 0 || alpha > 0))
    return violated(2) << "celu has alpha = " << alpha
                       << ", expected a number other than 0";
  return success();
}

LogicalResult checkConstraints(PreluOp::Adaptor op,
                               ConstraintReporter violated) {
  if (failed(checkRankAtLeast2(op.getInput(), violated, 1)))
    return failure();
  return checkShape("slope", op.getSlope(), shapeOf(op.getInput())[1], violated,
                    2);
}

LogicalResult checkConstraints(SoftmaxOp::Adaptor op,
                               ConstraintReporter violated) {
  return checkAxis(op.getAxisAttr().getInt(), op.getInput(), violated, 1);
}

LogicalResult checkConstraints(ResizeOp::Adaptor op,
                               ConstraintReporter violated) {
  NamedSizes sizes[] = {{"sizes", op.getSizes()}};
  if (failed(checkSpatialRank(op.getInput(), 1, violated, 1)) ||
      failed(
          checkCounts(shapeOf(op.getInput()).size() - 2, sizes, violated, 2)) ||
      failed(checkAtLeast(1, sizes, violated, 2)))
    return failure();
  if (op.getAlignCorners() && op.getMode() != ResizeMode::Linear)
    return violated(3) << "align_corners is set in mode "
                       << stringifyResizeMode(op.getMode())
                       << ", expected linear";
  return checkAddressable(inferResultShape(op), violated);
}

LogicalResult checkConstraints(BroadcastOp::Adaptor op,
                               ConstraintReporter violated) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  if (op.getSizes().size() != input.size())
    return violated(1) << "result has rank " << op.getSizes().size()
                       << ", expected " << input.size() << ", the input's";
  for (auto [dimension, sizes] :
       llvm::enumerate(llvm::zip_equal(input, op.getSizes()))) {
    auto [from, to] = sizes;
    if (from != 1 && from != to)
      return violated(2) << "input dimension " << dimension << " is " << from
                         << ", expected 1 or the result's " << to;
    if (to < 1)
      return violated(2) << "result dimension " << dimension << " is " << to
                         << ", expected at least 1";
  }
  return checkAddressable(op.getSizes(), violated);
}

} // namespace toeplitz::cnn
