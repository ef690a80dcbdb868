// Convolution and transposed convolution as direct sums. The borders are dealt
// with before and after: a convolution reads a padded copy of its input, a
// transposed one writes an uncropped result, and so the sums themselves have no
// bounds to test.

#include "compiler/Reference/Operators.h"

#include <array>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

/// Sizes of the three spatial dimensions; missing ones come first, as `fill`.
using Spatial = std::array<int64_t, 3>;

static Spatial spatial(ArrayRef<int64_t> sizes, int64_t fill = 1) {
  Spatial result = {fill, fill, fill};
  for (size_t i = 0; i < sizes.size(); ++i)
    result[3 - sizes.size() + i] = sizes[i];
  return result;
}

static int64_t product(const Spatial &sizes) {
  return sizes[0] * sizes[1] * sizes[2];
}

/// output[o] += weight * input[o * strides + offset] over all positions o of
/// the output.
static void addTap(double *output, const Spatial &outputSizes,
                   const double *input, const Spatial &inputSizes,
                   const Spatial &strides, const Spatial &offset,
                   double weight) {
  for (int64_t z = 0; z < outputSizes[0]; ++z)
    for (int64_t y = 0; y < outputSizes[1]; ++y) {
      const double *row = input +
                          ((z * strides[0] + offset[0]) * inputSizes[1] +
                           y * strides[1] + offset[1]) *
                              inputSizes[2] +
                          offset[2];
      double *to = output + (z * outputSizes[1] + y) * outputSizes[2];
      for (int64_t x = 0; x < outputSizes[2]; ++x)
        to[x] += weight * row[x * strides[2]];
    }
}

/// output[i * strides + offset] += weight * input[i] over all positions i of
/// the input: the adjoint of addTap.
static void spreadTap(double *output, const Spatial &outputSizes,
                      const double *input, const Spatial &inputSizes,
                      const Spatial &strides, const Spatial &offset,
                      double weight) {
  for (int64_t z = 0; z < inputSizes[0]; ++z)
    for (int64_t y = 0; y < inputSizes[1]; ++y) {
      double *row = output +
                    ((z * strides[0] + offset[0]) * outputSizes[1] +
                     y * strides[1] + offset[1]) *
                        outputSizes[2] +
                    offset[2];
      const double *from = input + (z * inputSizes[1] + y) * inputSizes[2];
      for (int64_t x = 0; x < inputSizes[2]; ++x)
        row[x * strides[2]] += weight * from[x];
    }
}

/// Calls `body(offset, place)` for each tap of the kernel with its distance
/// from the first tap, in positions.
template <typename Body>
static void forEachTap(const Spatial &kernel, const Spatial &dilations,
                       Body body) {
  int64_t place = 0;
  for (int64_t z = 0; z < kernel[0]; ++z)
    for (int64_t y = 0; y < kernel[1]; ++y)
      for (int64_t x = 0; x < kernel[2]; ++x)
        body(Spatial{z * dilations[0], y * dilations[1], x * dilations[2]},
             place++);
}

static Tensor convolve(cnn::ConvOp op, Operands operands) {
  const Tensor &filter = *operands[1];
  const Tensor *bias = op.getBias() ? operands[2] : nullptr;
  int64_t rank = operands[0]->getRank();

  SmallVector<int64_t> low(rank, 0), high(rank, 0);
  llvm::copy(op.getPaddingLow(), low.begin() + 2);
  llvm::copy(op.getPaddingHigh(), high.begin() + 2);
  Tensor padded = pad(*operands[0], low, high, op.getPaddingMode(), 0.0);

  Tensor result(resultShape(op));
  int64_t batch = result.shape[0], outputChannels = result.shape[1];
  int64_t inputChannels = padded.shape[1], groupInputs = filter.shape[1];
  int64_t groupOutputs = outputChannels / static_cast<int64_t>(op.getGroups());
  Spatial outputSizes = spatial(ArrayRef(result.shape).drop_front(2));
  Spatial inputSizes = spatial(ArrayRef(padded.shape).drop_front(2));
  Spatial kernel = spatial(ArrayRef(filter.shape).drop_front(2));
  Spatial strides = spatial(op.getStrides());
  Spatial dilations = spatial(op.getDilations());

  for (int64_t n = 0; n < batch; ++n)
    for (int64_t f = 0; f < outputChannels; ++f) {
      int64_t outputSize = product(outputSizes);
      double *output =
          result.values.data() + (n * outputChannels + f) * outputSize;
      if (bias)
        std::fill(output, output + outputSize, bias->values[f]);
      for (int64_t c = 0; c < groupInputs; ++c) {
        int64_t channel = f / groupOutputs * groupInputs + c;
        const double *input =
            padded.values.data() +
            (n * inputChannels + channel) * product(inputSizes);
        const double *weights =
            filter.values.data() + (f * groupInputs + c) * product(kernel);
        forEachTap(kernel, dilations,
                   [&](const Spatial &offset, int64_t place) {
                     addTap(output, outputSizes, input, inputSizes, strides,
                            offset, weights[place]);
                   });
      }
    }
  return result;
}

static Tensor convolveTransposed(cnn::ConvTransposeOp op, Operands operands) {
  const Tensor &input = *operands[0];
  const Tensor &filter = *operands[1];
  const Tensor *bias = op.getBias() ? operands[2] : nullptr;

  Tensor result(resultShape(op));
  int64_t batch = result.shape[0], outputChannels = result.shape[1];
  int64_t inputChannels = input.shape[1], groupOutputs = filter.shape[1];
  int64_t groupInputs = inputChannels / static_cast<int64_t>(op.getGroups());
  Spatial inputSizes = spatial(ArrayRef(input.shape).drop_front(2));
  Spatial outputSizes = spatial(ArrayRef(result.shape).drop_front(2));
  Spatial kernel = spatial(ArrayRef(filter.shape).drop_front(2));
  Spatial strides = spatial(op.getStrides());
  Spatial dilations = spatial(op.getDilations());
  Spatial low = spatial(op.getPaddingLow(), 0);

  // The uncropped result: as far as the taps reach, and as far as the result
  // does, which output padding can take further.
  Spatial wholeSizes;
  for (int d = 0; d < 3; ++d)
    wholeSizes[d] = std::max((inputSizes[d] - 1) * strides[d] +
                                 (kernel[d] - 1) * dilations[d] + 1,
                             low[d] + outputSizes[d]);
  std::vector<double> whole(product(wholeSizes));

  for (int64_t n = 0; n < batch; ++n)
    for (int64_t f = 0; f < outputChannels; ++f) {
      std::fill(whole.begin(), whole.end(), bias ? bias->values[f] : 0.0);
      for (int64_t c = 0; c < groupInputs; ++c) {
        int64_t channel = f / groupOutputs * groupInputs + c;
        const double *from =
            input.values.data() +
            (n * inputChannels + channel) * product(inputSizes);
        const double *weights =
            filter.values.data() +
            (channel * groupOutputs + f % groupOutputs) * product(kernel);
        forEachTap(kernel, dilations,
                   [&](const Spatial &offset, int64_t place) {
                     spreadTap(whole.data(), wholeSizes, from, inputSizes,
                               strides, offset, weights[place]);
                   });
      }
      // The crop is the tap of weight one at `low` with stride one.
      addTap(result.values.data() +
                 (n * outputChannels + f) * product(outputSizes),
             outputSizes, whole.data(), wholeSizes, {1, 1, 1}, low, 1.0);
    }
  return result;
}

std::optional<Tensor>
toeplitz::reference::evaluateConvolution(Operation *op, Operands operands) {
  if (auto conv = dyn_cast<cnn::ConvOp>(op))
    return convolve(conv, operands);
  if (auto transposed = dyn_cast<cnn::ConvTransposeOp>(op))
    return convolveTransposed(transposed, operands);
  return std::nullopt;
}
