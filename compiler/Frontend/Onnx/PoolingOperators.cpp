// Pooling over windows and over whole inputs. float32 goes to cnn.pool, halves
// too by way of it; maxima of other types and with their positions to
// WindowReduction.h.

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/WindowAttributes.h"
#include "compiler/Frontend/Onnx/WindowReduction.h"
#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"

using namespace mlir;

namespace toeplitz {

/// Batch, channels and one to three spatial dimensions.
static constexpr int64_t minimumPoolRank = 3;
static constexpr int64_t maximumPoolRank = 5;

namespace {

/// The attributes of a pool.
struct PoolAttributes {
  WindowAttributes window;
  /// The node's input without what negative paddings take away.
  OnnxValue input;
  bool ceilMode = false, countIncludePad = false, columnMajor = false;
  int64_t p = 2;
  /// The spatial sizes of the result.
  llvm::SmallVector<int64_t> output;
};

} // namespace

static OnnxNode::Shape getPoolShape(OnnxNode &node,
                                    const PoolAttributes &pool) {
  OnnxNode::Shape shape(node.getShape().take_front(2));
  llvm::append_range(shape, pool.output);
  return shape;
}

/// Reports a window all of whose taps lie outside of the input, which only a
/// dilation beyond the input's size can do.
static LogicalResult checkTaps(OnnxNode &node, const PoolAttributes &pool) {
  llvm::ArrayRef<int64_t> sizes = pool.input.getShape().drop_front(2);
  for (auto [d, size] : llvm::enumerate(sizes)) {
    cnn::WindowDimension window = pool.window.getDimension(d);
    if (window.dilation < size)
      continue;
    for (int64_t o = 0; o < pool.output[d]; ++o) {
      int64_t first = o * window.stride - window.paddingLow;
      // The first tap that isn't before the input.
      int64_t skipped =
          first < 0 ? (-first + window.dilation - 1) / window.dilation : 0;
      if (skipped >= window.kernel || first + skipped * window.dilation >= size)
        return node.error() << "window " << o << " of spatial dimension " << d
                            << " has no tap within the " << size
                            << " positions of the input: the dilation is "
                            << window.dilation;
    }
  }
  return success();
}

/// Reads the attributes that the operator has in its version, and resolves the
/// paddings.
static LogicalResult readPool(OnnxNode &node, cnn::PoolKind kind,
                              PoolAttributes &pool) {
  int64_t version = node.getVersion();
  // The versions in which the operators got dilations and ceil_mode.
  int64_t withDilations = 10, withCeilMode = 10;
  if (kind == cnn::PoolKind::Average)
    withDilations = 19;
  if (kind == cnn::PoolKind::Lp)
    withDilations = withCeilMode = 18;
  AttributeReader reader = node.getAttributes();
  bindWindow(reader, pool.window, version >= withDilations);
  if (version >= withCeilMode)
    reader.boolean("ceil_mode", pool.ceilMode);
  if (kind == cnn::PoolKind::Average)
    reader.boolean("count_include_pad", pool.countIncludePad);
  if (kind == cnn::PoolKind::Lp)
    reader.integer("p", pool.p, 1, maximumSize);
  if (kind == cnn::PoolKind::Max && version >= 8)
    reader.boolean("storage_order", pool.columnMajor);
  if (failed(reader.finish()) ||
      failed(checkWindowInput(node, minimumPoolRank, maximumPoolRank)) ||
      failed(completeWindow(node, pool.window, node.getRank() - 2)))
    return failure();
  resolveSamePadding(pool.window, node.getShape().drop_front(2));
  for (size_t d = 0; d < pool.window.getRank(); ++d) {
    // Cropping would change the positions that are counted.
    if (node.isResultUsed(1) &&
        std::min(pool.window.low[d], pool.window.high[d]) < 0)
      return node.error() << "the padding " << pool.window.low[d] << " + "
                          << pool.window.high[d] << " of spatial dimension "
                          << d << " is negative, which result 1 is not "
                          << "supported with";
    // A window within the padding would have nothing to reduce.
    cnn::WindowDimension window = pool.window.getDimension(d);
    if (std::max(window.paddingLow, window.paddingHigh) >= window.getReach())
      return node.error() << "the padding " << window.paddingLow << " + "
                          << window.paddingHigh << " of spatial dimension " << d
                          << " must be less than what the kernel covers, "
                          << window.getReach();
  }
  auto input = cropWindowInput(node, node.getInput(), pool.window);
  if (failed(input))
    return failure();
  pool.input = *input;
  llvm::ArrayRef<int64_t> sizes = input->getShape().drop_front(2);
  auto output = getWindowOutput(node, pool.window, sizes, pool.ceilMode);
  if (failed(output))
    return failure();
  pool.output = *output;
  if (failed(node.checkResultShape(getPoolShape(node, pool))))
    return failure();
  return checkTaps(node, pool);
}

/// Sets an empty result, if that is what an empty batch gives.
static bool setEmptyPool(OnnxNode &node, const PoolAttributes &pool) {
  if (node.getShape()[0] != 0)
    return false;
  OnnxNode::Shape shape = getPoolShape(node, pool);
  node.setResult(makeEmpty(node, shape, node.getType()), node.getType());
  node.setResult(
      1, {makeEmpty(node, shape, ElementType::Int64), ElementType::Int64});
  return true;
}

/// The result of cnn.pool, in the type of the node's input.
static LogicalResult setNetworkPool(OnnxNode &node, cnn::PoolKind kind,
                                    const PoolAttributes &pool) {
  const WindowAttributes &window = pool.window;
  OnnxValue input = toWindowType(node, pool.input);
  auto result = node.create<cnn::PoolOp>(
      kind, input.value, window.kernel, window.strides, window.dilations,
      window.low, window.high, pool.ceilMode, pool.countIncludePad,
      static_cast<uint64_t>(pool.p));
  if (failed(result))
    return failure();
  node.setResult(
      convert(node, {*result, ElementType::Float32}, node.getType()));
  return success();
}

template <cnn::PoolKind kind> static LogicalResult buildPool(OnnxNode &node) {
  PoolAttributes pool;
  if (failed(checkFloats(node)) || failed(readPool(node, kind, pool)))
    return failure();
  if (setEmptyPool(node, pool))
    return success();
  return setNetworkPool(node, kind, pool);
}

static LogicalResult buildMaxPool(OnnxNode &node) {
  auto accepts = [](ElementType type) {
    return isFloatingPoint(type) || type == ElementType::Int8 ||
           type == ElementType::UInt8;
  };
  PoolAttributes pool;
  if (failed(
          node.checkType(0, accepts, "a floating-point type, int8 or uint8")) ||
      failed(readPool(node, cnn::PoolKind::Max, pool)))
    return failure();
  if (setEmptyPool(node, pool))
    return success();
  ElementType type = node.getType();
  bool isWithinDialect = type == ElementType::Float32 || isHalfPrecision(type);
  if (isWithinDialect && !node.isResultUsed(1))
    return setNetworkPool(node, cnn::PoolKind::Max, pool);
  OnnxValue indices;
  OnnxValue result = emitWindowMaximum(
      node, toComputeType(node, pool.input), pool.window, pool.output,
      node.isResultUsed(1) ? &indices : nullptr, pool.columnMajor);
  node.setResult(convert(node, result, type));
  if (indices)
    node.setResult(1, indices);
  return success();
}

template <cnn::PoolKind kind>
static LogicalResult buildGlobalPool(OnnxNode &node) {
  int64_t p = 2;
  AttributeReader reader = node.getAttributes();
  if (kind == cnn::PoolKind::Lp)
    reader.integer("p", p, 1, maximumSize);
  if (failed(reader.finish()) || failed(checkFloats(node)) ||
      failed(checkWindowInput(node, 2, maximumTensorRank)))
    return failure();
  llvm::ArrayRef<int64_t> sizes = node.getShape();
  OnnxNode::Shape shape(node.getRank(), 1);
  shape[0] = sizes[0];
  shape[1] = sizes[1];
  ElementType type = node.getType();
  if (shape[0] == 0) {
    node.setResult(makeEmpty(node, shape, type), type);
    return success();
  }
  // Positions in any number of dimensions, or in none, are those of one.
  Value input = toWindowType(node, node.getInput()).value;
  if (node.getRank() < minimumPoolRank || node.getRank() > maximumPoolRank) {
    int64_t positions = 1;
    for (int64_t size : sizes.drop_front(2))
      positions *= size;
    input = node.reshape(input, {sizes[0], sizes[1], positions});
  }
  auto result =
      node.create<cnn::GlobalPoolOp>(kind, input, static_cast<uint64_t>(p));
  if (failed(result))
    return failure();
  node.setResult(convert(
      node, {node.reshape(*result, shape), ElementType::Float32}, type));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxPoolingOperators() {
  using Kind = cnn::PoolKind;
  static const OnnxOperator operators[] = {
      {"AveragePool", 1, newestOpset, 1, 1, 1, buildPool<Kind::Average>},
      {"GlobalAveragePool", 1, newestOpset, 1, 1, 1,
       buildGlobalPool<Kind::Average>},
      {"GlobalLpPool", 2, newestOpset, 1, 1, 1, buildGlobalPool<Kind::Lp>},
      {"GlobalMaxPool", 1, newestOpset, 1, 1, 1, buildGlobalPool<Kind::Max>},
      {"LpPool", 2, newestOpset, 1, 1, 1, buildPool<Kind::Lp>},
      {"MaxPool", 1, newestOpset, 1, 1, 2, buildMaxPool}};
  return operators;
}

} // namespace toeplitz
