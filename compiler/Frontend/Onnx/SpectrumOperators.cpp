// DFT and STFT. Transforms of the lengths that networks have are products with
// a constant matrix of cosines and sines,
//
//   X[k] = sum over n of x[n] exp(-2 pi i k n / N),
//
// a dense layer; one of overlapping frames is a convolution with a stride.
// Complex numbers are a last dimension of two.

#include "compiler/Frontend/Onnx/Contraction.h"
#include "compiler/Frontend/Onnx/Convolution.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Transforms/Constants.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace toeplitz {

/// Of longer transforms the matrix would be too large.
static constexpr int64_t longestTransform = 4096;

namespace {

/// A transform of `length` numbers, of which the first `bins` results are
/// wanted. Parts are 1 where numbers are real, 2 where they are complex. An
/// inverse with real results is that of half a spectrum, whose other half is
/// its mirror image.
struct Transform {
  int64_t length = 0, bins = 0, parts = 1, resultParts = 2;
  bool isInverse = false;

  /// What a part of number n adds to a part of result k: the real one is 0.
  double getFactor(int64_t n, int64_t part, int64_t k,
                   int64_t resultPart) const {
    // (Of the product's remainder the angle is exact to the last digit.)
    double angle = 2 * M_PI * static_cast<double>(k * n % length) /
                   static_cast<double>(length);
    double cosine = std::cos(angle), sine = std::sin(angle);
    double scale = 1;
    if (isInverse) {
      sine = -sine;
      bool isMirrored = resultParts == 1 && n != 0 && 2 * n != length;
      scale = (isMirrored ? 2.0 : 1.0) / static_cast<double>(length);
    }
    // (a + b i)(cos - i sin) = (a cos + b sin) + (b cos - a sin) i
    if (part == resultPart)
      return scale * cosine;
    return scale * (part == 1 ? sine : -sine);
  }
};

} // namespace

static LogicalResult checkLength(OnnxNode &node, int64_t length) {
  if (length >= 1 && length <= longestTransform)
    return success();
  return node.error() << "a transform of length " << length
                      << ", expected 1 to " << longestTransform;
}

/// The last dimension of input 0 is 1, or 2 for complex numbers, which have no
/// onesided transform.
static LogicalResult checkParts(OnnxNode &node, int64_t parts, bool onesided) {
  if (parts != 1 && parts != 2)
    return node.error() << "input 0 has shape " << formatShape(node.getShape())
                        << ", expected a last dimension of 1 (real numbers) or "
                        << "2 (complex ones)";
  if (onesided && parts == 2)
    return node.error() << "attribute 'onesided' is 1, expected 0 for a "
                        << "transform of complex numbers";
  return success();
}

/// x[n] of each frame times the window's numbers, to 2 bins channels.
static Value makeFilter(OnnxNode &node, const Transform &transform,
                        llvm::ArrayRef<double> window) {
  int64_t length = transform.length, parts = transform.parts;
  WeightBuffer filter(2 * transform.bins * parts * length);
  size_t next = 0;
  for (int64_t result = 0; result < 2 * transform.bins; ++result)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t n = 0; n < length; ++n)
        filter[next++] = static_cast<float>(
            window[n] * transform.getFactor(n, part, result / 2, result % 2));
  auto type = RankedTensorType::get({2 * transform.bins, parts, length},
                                    node.getBuilder().getF32Type());
  return createConstant(node.getBuilder(), node.getLocation(), type,
                        std::move(filter), "stft");
}

/// The window's numbers, or as many ones as a frame has.
static llvm::FailureOr<llvm::SmallVector<double>> readWindow(OnnxNode &node) {
  if (!node.hasInput(2) && !node.hasInput(3))
    return node.error() << "has neither a window nor the length of a frame";
  llvm::SmallVector<double> window;
  if (node.hasInput(2)) {
    auto numbers = failed(node.checkRank(2, 1, 1))
                       ? llvm::FailureOr<llvm::SmallVector<double>>(failure())
                       : node.getNumbers(2);
    if (failed(numbers))
      return failure();
    window = *numbers;
  }
  if (node.hasInput(3)) {
    auto length = node.getInteger(3);
    if (failed(length) || failed(checkLength(node, *length)))
      return failure();
    if (node.hasInput(2) && *length != static_cast<int64_t>(window.size()))
      return node.error() << "input 3 is " << *length << ", expected "
                          << window.size() << ", the length of the window";
    window.resize(*length, 1);
  }
  if (failed(checkLength(node, window.size())))
    return failure();
  return window;
}

/// The transforms of frames, N x F x K x 2, of a signal N x L or N x L x parts.
static LogicalResult buildStft(OnnxNode &node) {
  bool onesided = true;
  AttributeReader reader = node.getAttributes();
  reader.boolean("onesided", onesided);
  if (failed(reader.finish()) || failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 2, 3)))
    return failure();
  llvm::ArrayRef<int64_t> shape = node.getShape();
  Transform transform;
  transform.parts = shape.size() == 3 ? shape[2] : 1;
  auto step = node.getInteger(1);
  if (failed(step) || failed(checkParts(node, transform.parts, onesided)))
    return failure();
  if (*step < 1)
    return node.error() << "input 1 is " << *step << ", expected at least 1";
  auto frame = readWindow(node);
  if (failed(frame))
    return failure();
  transform.length = static_cast<int64_t>(frame->size());
  transform.bins = onesided ? transform.length / 2 + 1 : transform.length;

  WindowAttributes window;
  window.kernel = {transform.length};
  window.strides = {*step};
  window.dilations = {1};
  window.low = window.high = {0};
  auto frames = getWindowOutput(node, window, {shape[1]});
  if (failed(frames))
    return failure();
  OnnxNode::Shape result = {shape[0], (*frames)[0], transform.bins, 2};
  if (shape[0] == 0) {
    node.setResult(makeEmpty(node, result, node.getType()), node.getType());
    return success();
  }
  ConvolutionOperands operands;
  operands.input = toWindowType(node, node.getInput(0));
  OnnxNode::Shape perPart = {shape[0], transform.parts, shape[1]};
  operands.input.value = transform.parts == 1
                             ? node.reshape(operands.input.value, perPart)
                             : node.transpose(operands.input.value, {0, 2, 1});
  operands.filter = {makeFilter(node, transform, *frame), ElementType::Float32};
  auto spectra = emitConvolution(node, operands, window, /*groups=*/1);
  if (failed(spectra))
    return failure();
  spectra->value =
      node.reshape(node.transpose(spectra->value, {0, 2, 1}), result);
  node.setResult(convert(node, *spectra, node.getType()));
  return success();
}

/// The dimension of a DFT, which isn't the last one.
static llvm::FailureOr<int64_t> readAxis(OnnxNode &node, int64_t attribute) {
  if (node.getVersion() < 20)
    return node.normalizeAxis(attribute, node.getRank(), "attribute 'axis'");
  if (!node.hasInput(2))
    return node.getRank() - 2;
  auto axis = node.getInteger(2);
  if (failed(axis))
    return failure();
  return node.normalizeAxis(*axis, node.getRank(), "input 2");
}

/// Number n of each row, as many as there are, to the parts of all bins.
static OnnxValue makeMatrix(OnnxNode &node, const Transform &transform,
                            int64_t count) {
  int64_t parts = transform.parts, resultParts = transform.resultParts;
  int64_t columns = resultParts * transform.bins;
  int64_t numbers =
      resultParts == 1 ? transform.length / 2 + 1 : transform.length;
  WeightBuffer matrix(count * parts * columns);
  for (int64_t n = 0; n < std::min(count, numbers); ++n)
    for (int64_t part = 0; part < parts; ++part)
      for (int64_t result = 0; result < columns; ++result)
        matrix[(n * parts + part) * columns + result] =
            static_cast<float>(transform.getFactor(
                n, part, result / resultParts, result % resultParts));
  auto type = RankedTensorType::get({count * parts, columns},
                                    node.getBuilder().getF32Type());
  return {createConstant(node.getBuilder(), node.getLocation(), type,
                         std::move(matrix), "dft"),
          ElementType::Float32};
}

static LogicalResult buildDft(OnnxNode &node) {
  bool onesided = false;
  int64_t attribute = 1;
  Transform transform;
  AttributeReader reader = node.getAttributes();
  reader.boolean("onesided", onesided);
  reader.boolean("inverse", transform.isInverse);
  if (node.getVersion() < 20)
    reader.integer("axis", attribute);
  if (failed(reader.finish()) || failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 2, maximumTensorRank)))
    return failure();
  OnnxNode::Shape shape(node.getShape());
  int64_t rank = node.getRank();
  transform.parts = shape.back();
  if (failed(
          checkParts(node, transform.parts, onesided && !transform.isInverse)))
    return failure();
  bool isReal = onesided && transform.isInverse;
  if (isReal && transform.parts != 2)
    return node.error() << "input 0 has shape " << formatShape(shape)
                        << ", expected complex numbers for an inverse of "
                        << "onesided spectra";
  auto axis = readAxis(node, attribute);
  if (failed(axis))
    return failure();
  if (*axis == rank - 1)
    return node.error() << "transforms the last dimension, which has the parts "
                        << "of complex numbers";
  // A onesided spectrum has one number more than half of its length.
  transform.length = isReal ? 2 * (shape[*axis] - 1) : shape[*axis];
  transform.resultParts = isReal ? 1 : 2;
  if (node.hasInput(1)) {
    auto length = node.getInteger(1);
    if (failed(length))
      return failure();
    transform.length = *length;
  }
  if (failed(checkLength(node, transform.length)))
    return failure();
  transform.bins =
      onesided && !isReal ? transform.length / 2 + 1 : transform.length;

  // The dimension goes before the last one, and back.
  int64_t count = shape[*axis];
  OnnxNode::Shape order(rank), back(rank), moved;
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + *axis, order.begin() + *axis + 1,
              order.end() - 1);
  for (auto [to, from] : llvm::enumerate(order)) {
    back[from] = static_cast<int64_t>(to);
    moved.push_back(shape[from]);
  }
  moved[rank - 2] = transform.bins;
  moved[rank - 1] = transform.resultParts;
  int64_t rows = std::accumulate(moved.begin(), moved.end() - 2, int64_t(1),
                                 [](int64_t a, int64_t b) { return a * b; });
  if (rows == 0 || count == 0) {
    OnnxNode::Shape result(shape);
    result[*axis] = transform.bins;
    result.back() = transform.resultParts;
    if (rows > 0)
      return node.error() << "input 0 has shape " << formatShape(shape)
                          << ", in which there is nothing to transform";
    node.setResult(makeEmpty(node, result, node.getType()), node.getType());
    return success();
  }
  OnnxValue input = toWindowType(node, node.getInput(0));
  input.value = node.reshape(node.transpose(input.value, order),
                             {rows, count * transform.parts});
  auto spectra = emitDense(node, input, makeMatrix(node, transform, count),
                           /*transposed=*/false);
  if (failed(spectra))
    return failure();
  spectra->value = node.transpose(node.reshape(spectra->value, moved), back);
  node.setResult(convert(node, *spectra, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxSpectrumOperators() {
  static const OnnxOperator operators[] = {
      {"DFT", 17, 19, 1, 2, 1, buildDft},
      {"DFT", 20, newestOpset, 1, 3, 1, buildDft},
      {"STFT", 17, newestOpset, 2, 4, 1, buildStft}};
  return operators;
}

} // namespace toeplitz
