// The constraints of the operations of FusedConvolutionOps.td, by the numbers
// that their descriptions give them.

#include "dialects/Kernel/Verifiers.h"

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::kernel;

/// A pointwise convolution that may be missing: its parts are there or not as
/// its filter is.
static LogicalResult verifyPart(SeparableConvOp op, StringRef name, bool exists,
                                ArrayRef<bool> needed,
                                ArrayRef<bool> possible) {
  auto isThere = [](bool part) { return part; };
  if (exists
          ? llvm::all_of(needed, isThere)
          : !llvm::any_of(needed, isThere) && !llvm::any_of(possible, isThere))
    return success();
  return constraint(op, 8) << "the parts of the " << name
                           << " must be there where its filter is, and only "
                              "there";
}

/// What a depthwise convolution with pointwise ones around it has in common,
/// whatever the order in which it is computed.
template <typename Op>
static LogicalResult verifyBlock(Op op, int64_t inChannels) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  ArrayRef<int64_t> output = shapeOf(op.getInit());
  size_t rank = op.getKernel().size();
  if (rank < 1 || rank > 3 || input.size() != rank + 3 ||
      output.size() != input.size() ||
      llvm::any_of(
          ArrayRef<ArrayRef<int64_t>>{op.getStrides(), op.getDilations(),
                                      op.getPaddingLow(), op.getOutputSizes()},
          [&](ArrayRef<int64_t> array) { return array.size() != rank; }))
    return constraint(op, 1) << "input and result must have rank D + 3 and "
                                "every array D elements, 1 <= D <= 3";
  auto outChannels = static_cast<int64_t>(op.getOutChannels());
  int64_t lanes = output.back();
  auto countBlocks = [&](int64_t count) { return (count + lanes - 1) / lanes; };
  if (input.back() != lanes || input[1] != countBlocks(inChannels) ||
      output[1] != countBlocks(outChannels) || input[0] != output[0] ||
      output.drop_front(2).drop_back() != op.getOutputSizes())
    return constraint(op, 2)
           << "input and result must hold " << inChannels << " and "
           << outChannels << " channels in blocks of " << lanes
           << ", the same images, and the output positions";
  if (op.getResidual() && shapeOf(op.getResidual()) != output)
    return constraint(op, 3) << "the residual must have the result's shape";
  for (ArrayRef<int64_t> array :
       {op.getKernel(), op.getStrides(), op.getDilations()})
    if (llvm::any_of(array, [](int64_t value) { return value < 1; }))
      return constraint(op, 5)
             << "kernel sizes, strides and dilations must be at least 1";
  auto hasShape = [&](Value bias, int64_t count) {
    return !bias ||
           shapeOf(bias) == ArrayRef<int64_t>({countBlocks(count), lanes});
  };
  auto channels = static_cast<int64_t>(op.getChannels());
  if (!hasShape(op.getExpansionBias(), channels) ||
      !hasShape(op.getDepthwiseBias(), channels) ||
      !hasShape(op.getBias(), outChannels))
    return constraint(op, 6)
           << "the biases must have the blocks of their channels";
  if (op.getScratch() && shapeOf(op.getScratch()).size() != 2)
    return constraint(op, 7) << "the scratch memory must have two "
                                "dimensions, rows and floats";
  return success();
}

LogicalResult SeparableConvOp::verify() {
  bool expands = static_cast<bool>(getExpansionFilter());
  bool projects = static_cast<bool>(getFilter());
  if (!expands && !projects)
    return constraint(*this, 8)
           << "there is no pointwise convolution before or behind it";
  if (failed(verifyPart(
          *this, "expansion", expands,
          {getInChannels().has_value(), getExpansionTile().has_value()},
          {static_cast<bool>(getExpansionBias()),
           getExpansionActivation().has_value()})) ||
      failed(verifyPart(*this, "pointwise convolution behind", projects,
                        {getTile().has_value()},
                        {static_cast<bool>(getBias()),
                         static_cast<bool>(getResidual()),
                         getActivation().has_value()})))
    return failure();
  auto channels = static_cast<int64_t>(getChannels());
  auto outChannels = static_cast<int64_t>(getOutChannels());
  if (!projects && outChannels != channels)
    return constraint(*this, 8)
           << "the result of the depthwise convolution has " << channels
           << " channels, found " << outChannels;
  if (failed(verifyBlock(
          *this, static_cast<int64_t>(getInChannels().value_or(channels)))))
    return failure();
  if (expands && getKernel().size() != 2)
    return constraint(*this, 9)
           << "an expansion has 2 spatial dimensions, found "
           << getKernel().size();
  auto isTile = [](std::optional<ArrayRef<int64_t>> tile) {
    return !tile || (tile->size() == 2 && (*tile)[0] >= 1 && (*tile)[1] >= 1);
  };
  if (!isTile(getExpansionTile()) || !isTile(getTile()) ||
      static_cast<int64_t>(getDepthwiseTile()) < 1 ||
      static_cast<int64_t>(getRows()) < 1)
    return constraint(*this, 4)
           << "tiles must be two numbers, and depthwise_tile and rows one, at "
              "least 1";
  if (projects &&
      cast<ShapedType>(getFilter().getType()).getElementType().isBF16() &&
      ((*getTile())[0] > 16 || (*getTile())[1] > 2))
    return constraint(*this, 4)
           << "a tile for a filter of bfloat16 numbers is at most 16 positions "
              "and 2 vectors, found "
           << (*getTile())[0] << " and " << (*getTile())[1];
  return success();
}

LogicalResult InvertedResidualOp::verify() {
  if (failed(verifyBlock(*this, static_cast<int64_t>(getInChannels()))))
    return failure();
  auto isBetween = [](int64_t number, int64_t most) {
    return number >= 1 && number <= most;
  };
  if (!isBetween(getExpansionVectors(), 2) || !isBetween(getVectors(), 2) ||
      !isBetween(getPositions(), 16) ||
      static_cast<int64_t>(getDepthwiseTile()) < 1 ||
      static_cast<int64_t>(getParts()) < 1 ||
      static_cast<int64_t>(getSteps()) < 1)
    return constraint(*this, 4)
           << "expansion_vectors and vectors must be 1 or 2, positions between "
              "1 and 16, and depthwise_tile, parts and steps at least 1";
  if (getPrepared() && shapeOf(getPrepared()).size() != 1)
    return constraint(*this, 7) << "the prepared memory must have one "
                                   "dimension";
  return success();
}
