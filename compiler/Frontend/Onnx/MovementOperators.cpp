// Operators that move elements to places that follow from shapes.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include <numeric>

using namespace mlir;

namespace toeplitz {

static LogicalResult buildTranspose(OnnxNode &node) {
  int64_t rank = node.getRank();
  llvm::SmallVector<int64_t> permutation;
  if (failed(node.getAttributes().integers("perm", permutation).finish()))
    return failure();
  if (!node.hasAttribute("perm"))
    for (int64_t d = rank - 1; d >= 0; --d)
      permutation.push_back(d);
  auto axes = node.normalizeAxes(permutation, rank, "attribute 'perm'");
  if (failed(axes))
    return failure();
  if (static_cast<int64_t>(axes->size()) != rank)
    return node.error() << "attribute 'perm' is " << formatNumbers(permutation)
                        << ", expected each dimension of the input "
                        << formatShape(node.getShape()) << " once";
  node.setResult(emitTranspose(node, node.getInput(), *axes));
  return success();
}

static LogicalResult buildConcat(OnnxNode &node) {
  int64_t axis = 1;
  AttributeReader attributes = node.getAttributes();
  attributes.integer("axis", axis).required();
  if (failed(attributes.finish()))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  llvm::SmallVector<int64_t> shape(node.getShape());
  for (size_t index = 1; index < node.getInputCount(); ++index) {
    if (!node.hasInput(index))
      return node.error() << "input " << index << " is missing";
    if (failed(node.checkSameType(0, index)))
      return failure();
    llvm::SmallVector<int64_t> other(node.getShape(index));
    bool fits = other.size() == shape.size();
    if (fits) {
      int64_t size = other[*dimension];
      other[*dimension] = shape[*dimension];
      fits = other == shape;
      shape[*dimension] += size;
    }
    if (!fits)
      return node.error() << "inputs " << formatShape(node.getShape())
                          << " and " << formatShape(node.getShape(index))
                          << " can't be concatenated: all dimensions but "
                          << *dimension << " must be the same";
  }
  if (failed(node.checkResultShape(shape)))
    return failure();
  node.setResult(emitConcat(node, node.getInputs(), *dimension));
  return success();
}

// --- Split ------------------------------------------------------------------

/// The sizes of equal parts; only the last may be smaller, since opset 18.
static llvm::FailureOr<llvm::SmallVector<int64_t>>
makeEqualParts(OnnxNode &node, int64_t size, int64_t parts) {
  bool canBeUneven = node.getVersion() >= 18;
  int64_t part = (size + parts - 1) / parts;
  llvm::SmallVector<int64_t> sizes(parts, part);
  sizes.back() = size - part * (parts - 1);
  if (sizes.back() < 0 || (!canBeUneven && size % parts != 0))
    return LogicalResult(node.error()
                         << "a dimension of " << size << " can't be split into "
                         << parts << (canBeUneven ? "" : " equal") << " parts");
  return sizes;
}

static LogicalResult buildSplit(OnnxNode &node) {
  int64_t axis = 0;
  int64_t parts = static_cast<int64_t>(node.getResultCount());
  llvm::SmallVector<int64_t> sizes;
  bool isListed =
      node.getVersion() < 13 ? node.hasAttribute("split") : node.hasInput(1);
  AttributeReader attributes = node.getAttributes();
  attributes.integer("axis", axis);
  if (node.getVersion() < 13)
    attributes.integers("split", sizes, 0);
  if (node.getVersion() >= 18)
    attributes.integer("num_outputs", parts, 1, maximumSize);
  if (failed(attributes.finish()))
    return failure();
  auto dimension = node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
  if (failed(dimension))
    return failure();
  int64_t size = node.getShape()[*dimension];
  if (parts < static_cast<int64_t>(node.getResultCount()))
    return node.error() << "attribute 'num_outputs' is " << parts
                        << ", but it has " << node.getResultCount()
                        << " results";
  if (isListed && node.getVersion() >= 13) {
    auto listed = node.getIntegers(1);
    if (failed(listed))
      return failure();
    sizes = *listed;
  } else if (!isListed) {
    auto equal = makeEqualParts(node, size, parts);
    if (failed(equal))
      return failure();
    sizes = *equal;
  }
  int64_t total = 0;
  bool fits = sizes.size() >= node.getResultCount();
  for (int64_t part : sizes) {
    fits &= part >= 0 && part <= size - total;
    if (fits)
      total += part;
  }
  if (!fits || total != size)
    return node.error() << "parts of " << formatNumbers(sizes) << " for its "
                        << node.getResultCount()
                        << " results don't make up dimension " << *dimension
                        << " of its input " << formatShape(node.getShape());
  int64_t offset = 0;
  for (size_t index = 0; index < node.getResultCount(); ++index) {
    if (node.isResultUsed(index))
      node.setResult(index, emitSlice(node, node.getInput(), *dimension, offset,
                                      sizes[index]));
    offset += sizes[index];
  }
  return success();
}

// --- Slice ------------------------------------------------------------------

namespace {

/// What Slice is told, by attributes or by inputs.
struct SliceParameters {
  llvm::SmallVector<int64_t> starts, ends, axes, steps;
};

} // namespace

static llvm::FailureOr<SliceParameters> readSliceParameters(OnnxNode &node) {
  SliceParameters parameters;
  bool hasAxes = false;
  if (node.getVersion() < 10) {
    if (failed(node.getAttributes()
                   .integers("starts", parameters.starts)
                   .required()
                   .integers("ends", parameters.ends)
                   .required()
                   .integers("axes", parameters.axes)
                   .finish()))
      return failure();
    hasAxes = node.hasAttribute("axes");
  } else {
    if (failed(node.getAttributes().finish()))
      return failure();
    if (node.getInputCount() < 3 || !node.hasInput(1) || !node.hasInput(2))
      return LogicalResult(node.error()
                           << "inputs 1 and 2, 'starts' and 'ends', must be "
                              "there");
    llvm::SmallVector<int64_t> *lists[] = {&parameters.starts, &parameters.ends,
                                           &parameters.axes, &parameters.steps};
    for (size_t index = 1; index <= 4; ++index) {
      if (!node.hasInput(index))
        continue;
      auto values = node.getIntegers(index);
      if (failed(values))
        return failure();
      *lists[index - 1] = *values;
    }
    hasAxes = node.hasInput(3);
  }
  size_t count = parameters.starts.size();
  if (!hasAxes) {
    parameters.axes.resize(count);
    std::iota(parameters.axes.begin(), parameters.axes.end(), 0);
  }
  if (!node.hasInput(4))
    parameters.steps.assign(count, 1);
  if (parameters.ends.size() != count || parameters.axes.size() != count ||
      parameters.steps.size() != count)
    return LogicalResult(node.error()
                         << "'starts' has " << count << " numbers, 'ends' "
                         << parameters.ends.size() << ", 'axes' "
                         << parameters.axes.size() << " and 'steps' "
                         << parameters.steps.size()
                         << ", expected as many of each");
  return parameters;
}

static LogicalResult buildSlice(OnnxNode &node) {
  auto parameters = readSliceParameters(node);
  if (failed(parameters))
    return failure();
  auto axes = node.normalizeAxes(parameters->axes, node.getRank(), "'axes'");
  if (failed(axes))
    return failure();
  llvm::SmallVector<int64_t> offsets(node.getRank(), 0);
  llvm::SmallVector<int64_t> sizes(node.getShape());
  llvm::SmallVector<int64_t> steps(node.getRank(), 1);
  for (auto [start, end, axis, step] : llvm::zip_equal(
           parameters->starts, parameters->ends, *axes, parameters->steps)) {
    if (step == 0)
      return node.error() << "'steps' has a 0 for dimension " << axis;
    int64_t size = node.getShape()[axis];
    if (size == 0)
      continue;
    // Counted from the end if negative, and stopped at the border; backwards, a
    // start before the tensor is its first position (numpy has none then).
    int64_t first = start < 0 ? start + size : start;
    int64_t last = end < 0 ? end + size : end;
    int64_t stride = std::clamp<int64_t>(step, -maximumSize, maximumSize);
    int64_t distance = 0;
    if (stride > 0) {
      first = std::clamp<int64_t>(first, 0, size);
      last = std::clamp<int64_t>(last, 0, size);
      distance = last - first;
    } else {
      first = std::clamp<int64_t>(first, 0, size - 1);
      last = std::clamp<int64_t>(last, -1, size - 1);
      distance = first - last;
    }
    int64_t apart = std::abs(stride);
    offsets[axis] = first;
    sizes[axis] = distance <= 0 ? 0 : (distance + apart - 1) / apart;
    steps[axis] = stride;
  }
  node.setResult(emitSlice(node, node.getInput(), offsets, sizes, steps));
  return success();
}

// --- repeating, and blocks --------------------------------------------------

/// Each dimension that repeats gets one of its repetitions in front of it:
/// [A, B] -> [A, 1, B] -> [A, n, B] -> [A, n B].
static LogicalResult buildTile(OnnxNode &node) {
  if (failed(node.getAttributes().finish()))
    return failure();
  auto repeats = node.getIntegers(1);
  if (failed(repeats))
    return failure();
  llvm::ArrayRef<int64_t> input = node.getShape();
  if (repeats->size() != input.size())
    return node.error() << "'repeats' is " << formatNumbers(*repeats)
                        << ", expected a number for each dimension of its "
                           "input "
                        << formatShape(input);
  llvm::SmallVector<int64_t> shape, split, repeated;
  for (auto [size, count] : llvm::zip_equal(input, *repeats)) {
    if (count < 0 || count > maximumSize)
      return node.error() << "'repeats' is " << formatNumbers(*repeats)
                          << ", expected numbers from 0 to " << maximumSize;
    shape.push_back(size * count);
    if (count != 1) {
      split.push_back(1);
      repeated.push_back(count);
    }
    split.push_back(size);
    repeated.push_back(size);
  }
  if (failed(node.checkResultShape(shape)))
    return failure();
  if (isEmptyShape(shape)) {
    node.setResult(makeEmptyTensor(node, shape, node.getType()));
    return success();
  }
  if (OnnxValue splat = resizeSplat(node, node.getInput(), shape)) {
    node.setResult(splat);
    return success();
  }
  OnnxValue result = emitReshape(node, node.getInput(), split);
  result = emitBroadcast(node, result, repeated);
  node.setResult(emitReshape(node, result, shape));
  return success();
}

/// The block size and the order of DepthToSpace and SpaceToDepth.
static LogicalResult readBlocks(OnnxNode &node, int64_t &block, bool &isCrd,
                                bool hasMode) {
  std::string mode = "DCR";
  AttributeReader attributes = node.getAttributes();
  attributes.integer("blocksize", block, 1, maximumSize).required();
  if (hasMode)
    attributes.word("mode", mode, {"DCR", "CRD"});
  if (failed(attributes.finish()) || failed(node.checkRank(0, 4, 4)))
    return failure();
  isCrd = mode == "CRD";
  return success();
}

/// DCR: [N, b, b, C, H, W] -> [N, C, H, b, W, b]; CRD: [N, C, b, b, H, W] to
/// the same.
static LogicalResult buildDepthToSpace(OnnxNode &node) {
  int64_t block = 1;
  bool isCrd = false;
  if (failed(readBlocks(node, block, isCrd, node.getVersion() >= 11)))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  if (shape[1] % (block * block) != 0)
    return node.error() << "the square of 'blocksize', " << block * block
                        << ", doesn't divide the " << shape[1]
                        << " channels of its input";
  int64_t channels = shape[1] / (block * block);
  llvm::SmallVector<int64_t> result = {shape[0], channels, shape[2] * block,
                                       shape[3] * block};
  if (failed(node.checkResultShape(result)))
    return failure();
  llvm::SmallVector<int64_t> split = {shape[0], block,    block,
                                      channels, shape[2], shape[3]};
  llvm::SmallVector<int64_t> permutation = {0, 3, 4, 1, 5, 2};
  if (isCrd) {
    split = {shape[0], channels, block, block, shape[2], shape[3]};
    permutation = {0, 1, 4, 2, 5, 3};
  }
  OnnxValue blocks = emitReshape(node, node.getInput(), split);
  node.setResult(
      emitReshape(node, emitTranspose(node, blocks, permutation), result));
  return success();
}

/// The inverse: [N, C, H, b, W, b] -> [N, b, b, C, H, W], or -> [N, C, b, b, H,
/// W].
static LogicalResult buildSpaceToDepth(OnnxNode &node) {
  int64_t block = 1;
  bool isCrd = false;
  if (failed(readBlocks(node, block, isCrd, node.getVersion() >= 28)))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  if (shape[2] % block != 0 || shape[3] % block != 0)
    return node.error() << "'blocksize', " << block
                        << ", doesn't divide the height and the width of its "
                           "input "
                        << formatShape(shape);
  int64_t height = shape[2] / block, width = shape[3] / block;
  llvm::SmallVector<int64_t> result = {shape[0], 0, height, width};
  // A block larger than the input divides only an empty one.
  if (!isEmptyShape(shape))
    result[1] = shape[1] * block * block;
  else if (block <= maximumSize / block / std::max<int64_t>(shape[1], 1))
    result[1] = shape[1] * block * block;
  if (failed(node.checkResultShape(result)))
    return failure();
  OnnxValue blocks = emitReshape(
      node, node.getInput(), {shape[0], shape[1], height, block, width, block});
  llvm::SmallVector<int64_t> permutation = {0, 3, 5, 1, 2, 4};
  if (isCrd)
    permutation = {0, 1, 3, 5, 2, 4};
  node.setResult(
      emitReshape(node, emitTranspose(node, blocks, permutation), result));
  return success();
}

static LogicalResult buildCenterCropPad(OnnxNode &node) {
  llvm::SmallVector<int64_t> axes;
  if (failed(node.getAttributes().integers("axes", axes).finish()))
    return failure();
  auto sizes = node.getIntegers(1);
  if (failed(sizes))
    return failure();
  int64_t rank = node.getRank();
  if (!node.hasAttribute("axes")) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  auto dimensions = node.normalizeAxes(axes, rank, "attribute 'axes'");
  if (failed(dimensions))
    return failure();
  if (sizes->size() != dimensions->size())
    return node.error() << "'shape' is " << formatNumbers(*sizes)
                        << ", expected a size for each of "
                        << dimensions->size() << " axes";
  llvm::SmallVector<int64_t> shape(node.getShape()), kept(shape);
  llvm::SmallVector<int64_t> offsets(rank, 0), low(rank, 0), high(rank, 0);
  llvm::SmallVector<int64_t> steps(rank, 1);
  for (auto [size, d] : llvm::zip_equal(*sizes, *dimensions)) {
    if (size < 0)
      return node.error() << "'shape' is " << formatNumbers(*sizes)
                          << ", expected sizes of 0 or more";
    int64_t difference = size - shape[d];
    if (difference < 0) {
      offsets[d] = -difference / 2;
      kept[d] = size;
    } else {
      low[d] = difference / 2;
      high[d] = difference - low[d];
    }
    shape[d] = size;
  }
  if (failed(node.checkResultShape(shape)))
    return failure();
  OnnxValue cropped = emitSlice(node, node.getInput(), offsets, kept, steps);
  node.setResult(emitZeroPadding(node, cropped, low, high));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxMovementOperators() {
  static const OnnxOperator operators[] = {
      {"CenterCropPad", 18, newestOpset, 2, 2, 1, buildCenterCropPad},
      {"Concat", 4, newestOpset, 1, anyCount, 1, buildConcat},
      {"DepthToSpace", 1, newestOpset, 1, 1, 1, buildDepthToSpace},
      {"Slice", 1, newestOpset, 1, 5, 1, buildSlice},
      {"SpaceToDepth", 1, newestOpset, 1, 1, 1, buildSpaceToDepth},
      {"Split", 2, newestOpset, 1, 2, anyCount, buildSplit},
      {"Tile", 6, newestOpset, 2, 2, 1, buildTile},
      {"Transpose", 1, newestOpset, 1, 1, 1, buildTranspose}};
  return operators;
}

} // namespace toeplitz
