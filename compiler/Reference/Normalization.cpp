// Batch, group (and with it instance), layer and local response normalisation.

#include "compiler/Reference/Operators.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::reference;

/// The channel of each place of an N x C x I tensor.
static int64_t channelOf(const Tensor &tensor, int64_t place) {
  int64_t planeSize = product(ArrayRef(tensor.shape).drop_front(2));
  return place / planeSize % tensor.shape[1];
}

static Tensor batchNorm(cnn::BatchNormOp op, Operands operands) {
  Tensor result = *operands[0];
  double epsilon = op.getEpsilon().convertToDouble();
  for (size_t i = 0; i < result.values.size(); ++i) {
    int64_t c = channelOf(result, i);
    double scale = operands[1]->values[c], bias = operands[2]->values[c];
    double mean = operands[3]->values[c], variance = operands[4]->values[c];
    result.values[i] =
        (result.values[i] - mean) / std::sqrt(variance + epsilon) * scale +
        bias;
  }
  return result;
}

/// Gives each run of `size` values mean 0 and variance 1 (but for epsilon).
static void standardise(std::vector<double> &values, int64_t size,
                        double epsilon) {
  auto count = static_cast<double>(size);
  for (size_t begin = 0; begin < values.size(); begin += size) {
    double *run = values.data() + begin;
    double mean = 0.0, variance = 0.0;
    for (int64_t i = 0; i < size; ++i)
      mean += run[i] / count;
    for (int64_t i = 0; i < size; ++i)
      variance += (run[i] - mean) * (run[i] - mean) / count;
    for (int64_t i = 0; i < size; ++i)
      run[i] = (run[i] - mean) / std::sqrt(variance + epsilon);
  }
}

static Tensor groupNorm(cnn::GroupNormOp op, Operands operands) {
  Tensor result = *operands[0];
  // A group's channels lie one after the other: N * groups runs of values.
  int64_t runs = result.shape[0] * static_cast<int64_t>(op.getGroups());
  standardise(result.values, result.values.size() / runs,
              op.getEpsilon().convertToDouble());
  for (size_t i = 0; i < result.values.size(); ++i) {
    int64_t c = channelOf(result, i);
    result.values[i] =
        result.values[i] * operands[1]->values[c] + operands[2]->values[c];
  }
  return result;
}

static Tensor layerNorm(cnn::LayerNormOp op, Operands operands) {
  Tensor result = *operands[0];
  // Outside x normalised x inside: the runs are gathered, and put back.
  int64_t inside = product(ArrayRef(result.shape).drop_front(op.getEndAxis()));
  int64_t size =
      product(ArrayRef(result.shape).drop_front(op.getAxis())) / inside;
  std::vector<double> runs(result.values.size());
  auto place = [&](int64_t i) {
    int64_t outside = i / (size * inside), within = i % (size * inside);
    return (outside * inside + within % inside) * size + within / inside;
  };
  for (size_t i = 0; i < runs.size(); ++i)
    runs[place(i)] = result.values[i];
  standardise(runs, size, op.getEpsilon().convertToDouble());
  for (size_t i = 0; i < runs.size(); ++i) {
    int64_t element = place(i) % size;
    result.values[i] = runs[place(i)] * operands[1]->values[element] +
                       operands[2]->values[element];
  }
  return result;
}

static Tensor localResponseNorm(cnn::LrnOp op, const Tensor &input) {
  Tensor result(input.shape);
  int64_t channels = input.shape[1];
  int64_t planeSize = product(ArrayRef(input.shape).drop_front(2));
  auto size = static_cast<int64_t>(op.getSize());
  double alpha = op.getAlpha().convertToDouble();
  double beta = op.getBeta().convertToDouble();
  double k = op.getK().convertToDouble();
  for (size_t i = 0; i < input.values.size(); ++i) {
    int64_t c = channelOf(input, i);
    int64_t first = std::max<int64_t>(0, c - (size - 1) / 2);
    int64_t last = std::min(channels - 1, c + size / 2);
    double sum = 0.0;
    for (int64_t j = first; j <= last; ++j) {
      double x = input.values[i + (j - c) * planeSize];
      sum += x * x;
    }
    result.values[i] =
        input.values[i] /
        std::pow(k + alpha / static_cast<double>(size) * sum, beta);
  }
  return result;
}

static Tensor softmax(cnn::SoftmaxOp op, const Tensor &input) {
  Tensor result(input.shape);
  auto axis = static_cast<int64_t>(op.getAxis());
  int64_t size = input.shape[axis];
  int64_t step = product(ArrayRef(input.shape).drop_front(axis + 1));
  for (size_t i = 0; i < input.values.size(); ++i) {
    // The first value of this value's run along the axis.
    int64_t begin = i - i / step % size * step;
    double largest = input.values[begin], sum = 0.0;
    for (int64_t j = 0; j < size; ++j)
      largest = std::max(largest, input.values[begin + j * step]);
    for (int64_t j = 0; j < size; ++j)
      sum += std::exp(input.values[begin + j * step] - largest);
    double shifted = input.values[i] - largest;
    result.values[i] =
        op.getLog() ? shifted - std::log(sum) : std::exp(shifted) / sum;
  }
  return result;
}

std::optional<Tensor>
toeplitz::reference::evaluateNormalization(Operation *op, Operands operands) {
  if (auto norm = dyn_cast<cnn::BatchNormOp>(op))
    return batchNorm(norm, operands);
  if (auto norm = dyn_cast<cnn::GroupNormOp>(op))
    return groupNorm(norm, operands);
  if (auto norm = dyn_cast<cnn::LayerNormOp>(op))
    return layerNorm(norm, operands);
  if (auto norm = dyn_cast<cnn::LrnOp>(op))
    return localResponseNorm(norm, *operands[0]);
  if (auto norm = dyn_cast<cnn::SoftmaxOp>(op))
    return softmax(norm, *operands[0]);
  return std::nullopt;
}
