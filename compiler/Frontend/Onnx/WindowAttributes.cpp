// The attributes of windows: see WindowAttributes.h.

#include "compiler/Frontend/Onnx/WindowAttributes.h"

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/Padding.h"
#include "compiler/Frontend/Shape.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

void WindowAttributes::distribute(size_t d, int64_t total) {
  int64_t smaller = total / 2;
  low[d] = autoPad == "SAME_UPPER" ? smaller : total - smaller;
  high[d] = total - low[d];
}

void bindExplicitWindow(AttributeReader &reader, WindowAttributes &window,
                        bool hasDilations) {
  reader.integers("kernel_shape", window.kernel, 1)
      .integers("strides", window.strides, 1)
      .integers("pads", window.pads);
  if (hasDilations)
    reader.integers("dilations", window.dilations, 1);
}

void bindWindow(AttributeReader &reader, WindowAttributes &window,
                bool hasDilations) {
  bindExplicitWindow(reader, window, hasDilations);
  reader.word("auto_pad", window.autoPad,
              {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
}

/// Checks the count and the limits of a list, which gets `standard` for each
/// dimension if it's absent.
static LogicalResult completeList(OnnxNode &node, llvm::StringRef name,
                                  llvm::SmallVectorImpl<int64_t> &list,
                                  size_t count, int64_t standard) {
  if (list.empty())
    list.assign(count, standard);
  if (list.size() != count)
    return node.error() << "attribute '" << name << "' has " << list.size()
                        << " numbers, expected " << count;
  for (int64_t number : list)
    if (number > maximumSize || number < -maximumSize)
      return node.error() << "attribute '" << name << "' has " << number
                          << ", beyond the limit of " << maximumSize;
  return success();
}

LogicalResult completeWindow(OnnxNode &node, WindowAttributes &window,
                             size_t rank, llvm::ArrayRef<int64_t> kernel) {
  if (window.kernel.empty() && kernel.empty() && rank > 0)
    return node.error() << "attribute 'kernel_shape' is missing";
  if (window.kernel.empty())
    window.kernel.assign(kernel.begin(), kernel.end());
  if (failed(completeList(node, "kernel_shape", window.kernel, rank, 1)) ||
      failed(completeList(node, "strides", window.strides, rank, 1)) ||
      failed(completeList(node, "dilations", window.dilations, rank, 1)) ||
      failed(completeList(node, "pads", window.pads, 2 * rank, 0)))
    return failure();
  if (!kernel.empty() && llvm::ArrayRef<int64_t>(window.kernel) != kernel)
    return node.error() << "attribute 'kernel_shape' is "
                        << formatShape(window.kernel) << ", but the filter has "
                        << formatShape(kernel);
  // Some exporters write both; ONNX Runtime too takes auto_pad's word.
  if (window.autoPad == "NOTSET") {
    llvm::ArrayRef<int64_t> pads = window.pads;
    window.low.assign(pads.begin(), pads.begin() + rank);
    window.high.assign(pads.begin() + rank, pads.end());
  } else {
    window.low.assign(rank, 0);
    window.high.assign(rank, 0);
  }
  return success();
}

void resolveSamePadding(WindowAttributes &window,
                        llvm::ArrayRef<int64_t> sizes) {
  if (!window.isSame())
    return;
  for (auto [d, size] : llvm::enumerate(sizes)) {
    int64_t stride = window.strides[d];
    int64_t output = (size + stride - 1) / stride;
    int64_t covered = (output - 1) * stride + window.getDimension(d).getReach();
    window.distribute(d, std::max<int64_t>(covered - size, 0));
  }
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
getWindowOutput(OnnxNode &node, const WindowAttributes &window,
                llvm::ArrayRef<int64_t> sizes, bool ceilMode) {
  llvm::SmallVector<int64_t> output;
  for (auto [d, size] : llvm::enumerate(sizes)) {
    cnn::WindowDimension dimension = window.getDimension(d);
    output.push_back(cnn::windowOutputSize(size, dimension, ceilMode));
    if (output.back() < 1)
      return LogicalResult(
          node.error() << "the output would be empty: spatial dimension " << d
                       << " has " << size << " positions and padding "
                       << dimension.paddingLow << " + " << dimension.paddingHigh
                       << ", the kernel of size " << dimension.kernel
                       << " with dilation " << dimension.dilation << " covers "
                       << dimension.getReach());
  }
  return output;
}

llvm::FailureOr<OnnxValue> cropWindowInput(OnnxNode &node, OnnxValue value,
                                           WindowAttributes &window) {
  llvm::SmallVector<int64_t> low(value.getRank(), 0), high(low);
  for (size_t d = 0; d < window.getRank(); ++d) {
    low[d + 2] = std::max<int64_t>(-window.low[d], 0);
    high[d + 2] = std::max<int64_t>(-window.high[d], 0);
    if (low[d + 2] + high[d + 2] >= value.getShape()[d + 2])
      return LogicalResult(node.error()
                           << "the padding " << window.low[d] << " + "
                           << window.high[d] << " of spatial dimension " << d
                           << " takes away all of its "
                           << value.getShape()[d + 2] << " positions");
    window.low[d] = std::max<int64_t>(window.low[d], 0);
    window.high[d] = std::max<int64_t>(window.high[d], 0);
  }
  return emitCrop(node, value, low, high);
}

LogicalResult checkWindowInput(OnnxNode &node, int64_t minimumRank,
                               int64_t maximumRank) {
  if (failed(node.checkRank(0, minimumRank, maximumRank)))
    return failure();
  if (llvm::is_contained(node.getShape().drop_front(), 0))
    return node.error() << "input 0 has shape " << formatShape(node.getShape())
                        << ", expected channels and positions";
  return success();
}

LogicalResult checkFloats(OnnxNode &node) {
  if (failed(node.checkFloat(0)))
    return failure();
  for (size_t index = 1; index < node.getInputCount(); ++index)
    if (node.hasInput(index) && failed(node.checkSameType(0, index)))
      return failure();
  if (node.getType() == ElementType::Float64)
    node.warning() << "it is computed in float32, not in float64";
  return success();
}

OnnxValue toWindowType(OnnxNode &node, OnnxValue value) {
  return convert(node, value, ElementType::Float32);
}

} // namespace toeplitz
