// The filter of Winograd's algorithm: U = G g G^T for each pair of channels,
// and the bound of the rounding error, which depends on it.

#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Winograd.h"

#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;
using namespace toeplitz;

namespace {
/// A matrix of doubles, row-major.
struct Matrix {
  int64_t rows, columns;
  std::vector<double> entries;

  Matrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), entries(rows * columns) {}
  explicit Matrix(const RationalMatrix &exact)
      : Matrix(exact.getRows(), exact.getColumns()) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t k = 0; k < columns; ++k)
        at(i, k) = exact.at(i, k).toDouble();
  }
  explicit Matrix(const std::vector<std::vector<double>> &weights)
      : Matrix(weights.size(), weights[0].size()) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t k = 0; k < columns; ++k)
        at(i, k) = weights[i][k];
  }
  double &at(int64_t i, int64_t k) { return entries[i * columns + k]; }
  double at(int64_t i, int64_t k) const { return entries[i * columns + k]; }

  /// The sum of a row's magnitudes.
  double sumRow(int64_t i) const {
    double sum = 0;
    for (int64_t k = 0; k < columns; ++k)
      sum += std::fabs(at(i, k));
    return sum;
  }
  double sumSquares(int64_t i) const {
    double sum = 0;
    for (int64_t k = 0; k < columns; ++k)
      sum += at(i, k) * at(i, k);
    return sum;
  }
};

/// The three transforms of one dimension; all are 1 where it isn't transformed.
struct Transforms {
  explicit Transforms(const WinogradPlan &plan, int64_t d) {
    if (!plan.isTransformed(d))
      return;
    CookToom exact = getCookToom(plan, d);
    filter = Matrix(exact.filterTransform);
    LinearProgram inputProgram(exact.inputTransform);
    LinearProgram outputProgram(exact.outputTransform);
    input = Matrix(exact.inputTransform);
    inputErrors = Matrix(inputProgram.getErrorWeights());
    output = Matrix(exact.outputTransform);
    outputErrors = Matrix(outputProgram.getErrorWeights());
    if (!plan.transformsFilter)
      return;
    FactoredFilterTransform factored = factorFilterTransform(exact);
    factoredFilter = Matrix(factored.matrix);
    filterErrors = Matrix(LinearProgram(factored.matrix).getErrorWeights());
    filterFactor = factored.factor.toDouble();
  }

  static Matrix one() {
    Matrix matrix(1, 1);
    matrix.at(0, 0) = 1;
    return matrix;
  }
  Matrix filter = one(), input = one(), output = one();
  /// Of a filter that the kernel transforms.
  Matrix factoredFilter = one(), filterErrors = Matrix(1, 1);
  double filterFactor = 1;
  Matrix inputErrors = Matrix(1, 1), outputErrors = Matrix(1, 1);
};

/// Transforms the taps of one pair of channels, rows x columns, into the values
/// of a tile.
class FilterTransform {
public:
  explicit FilterTransform(const WinogradPlan &plan)
      : rows(Transforms(plan, 1).filter), columns(Transforms(plan, 2).filter),
        half(rows.rows, columns.columns), values(rows.rows, columns.rows) {}

  const Matrix &apply(const float *taps) {
    for (int64_t i = 0; i < rows.rows; ++i)
      for (int64_t l = 0; l < columns.columns; ++l) {
        double sum = 0;
        for (int64_t k = 0; k < rows.columns; ++k)
          sum += rows.at(i, k) * taps[k * columns.columns + l];
        half.at(i, l) = sum;
      }
    for (int64_t i = 0; i < rows.rows; ++i)
      for (int64_t j = 0; j < columns.rows; ++j) {
        double sum = 0;
        for (int64_t l = 0; l < columns.columns; ++l)
          sum += columns.at(j, l) * half.at(i, l);
        values.at(i, j) = sum;
      }
    return values;
  }

private:
  Matrix rows, columns, half, values;
};
} // namespace

void toeplitz::transformWinogradFilter(
    const WinogradPlan &plan, ArrayRef<float> filter,
    llvm::function_ref<void(int64_t output, int64_t input, int64_t tap,
                            ArrayRef<double> values)>
        take) {
  FilterTransform transform(plan);
  int64_t sizes = plan.dimensions[1].kernel * plan.dimensions[2].kernel;
  int64_t taps = plan.getSummedTaps();
  for (int64_t f = 0; f < plan.groups * plan.outChannels; ++f)
    for (int64_t c = 0; c < plan.inChannels; ++c)
      for (int64_t tap = 0; tap < taps; ++tap)
        take(f, c, tap,
             transform
                 .apply(
                     &filter[((f * plan.inChannels + c) * taps + tap) * sizes])
                 .entries);
}

/// The taps as they are, but for the factors of their transforms.
static void packTaps(const WinogradPlan &plan, ArrayRef<float> filter,
                     MutableArrayRef<float> packed) {
  double factor =
      Transforms(plan, 1).filterFactor * Transforms(plan, 2).filterFactor;
  int64_t width = plan.tileVectors * plan.lanes, sizes = plan.countTaps();
  int64_t rows = plan.getSummedTaps() * plan.inChannels;
  for (int64_t f = 0; f < plan.groups * plan.outChannels; ++f) {
    int64_t group = f / plan.outChannels, output = f % plan.outChannels;
    int64_t vectorTile = group * plan.vectorTiles + output / width;
    for (int64_t c = 0; c < plan.inChannels; ++c)
      for (int64_t tap = 0; tap < plan.getSummedTaps(); ++tap) {
        const float *taps =
            &filter[((f * plan.inChannels + c) * plan.getSummedTaps() + tap) *
                    sizes];
        int64_t row = vectorTile * rows + tap * plan.inChannels + c;
        for (int64_t k = 0; k < sizes; ++k)
          packed[(row * sizes + k) * width + output % width] =
              static_cast<float>(taps[k] / factor);
      }
  }
}

void toeplitz::packWinogradFilter(const Convolution &convolution,
                                  const ConvolutionSchedule &schedule,
                                  kernel::TargetAttr target,
                                  ArrayRef<float> filter,
                                  MutableArrayRef<float> packed) {
  WinogradPlan plan(convolution, schedule, target);
  int64_t width = plan.tileVectors * plan.lanes;
  std::fill(packed.begin(), packed.end(), 0.0f);
  if (plan.transformsFilter) {
    packTaps(plan, filter, packed);
    return;
  }
  transformWinogradFilter(
      plan, filter,
      [&](int64_t f, int64_t c, int64_t tap, ArrayRef<double> values) {
        int64_t group = f / plan.outChannels, output = f % plan.outChannels;
        int64_t vectorTile = group * plan.vectorTiles + output / width;
        for (auto [e, value] : llvm::enumerate(values)) {
          int64_t tile =
              vectorTile * plan.getValues() + static_cast<int64_t>(e);
          packed[tile * plan.getFilterTileSize() +
                 (tap * plan.inChannels + c) * width + output % width] =
              static_cast<float>(value);
        }
      });
}

namespace {
/// Bounds for the elements of a matrix: of their exact values, and of the
/// errors of what is computed.
struct Bounds {
  Matrix sizes, errors;
};
} // namespace

/// Those of M X, column by column.
static Bounds transformColumns(const Matrix &matrix, const Matrix &weights,
                               const Bounds &x) {
  Bounds y = {Matrix(matrix.rows, x.sizes.columns),
              Matrix(matrix.rows, x.sizes.columns)};
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t l = 0; l < x.sizes.columns; ++l)
      for (int64_t k = 0; k < matrix.columns; ++k) {
        double factor = std::fabs(matrix.at(i, k));
        double size = x.sizes.at(k, l), error = x.errors.at(k, l);
        y.sizes.at(i, l) += factor * size;
        y.errors.at(i, l) += factor * error + weights.at(i, k) * (size + error);
      }
  return y;
}

static Matrix transpose(const Matrix &matrix) {
  Matrix result(matrix.columns, matrix.rows);
  for (int64_t i = 0; i < matrix.rows; ++i)
    for (int64_t k = 0; k < matrix.columns; ++k)
      result.at(k, i) = matrix.at(i, k);
  return result;
}

static Bounds transpose(const Bounds &x) {
  return {transpose(x.sizes), transpose(x.errors)};
}

/// The error bounds of a filter that the kernel transforms, from the sums of
/// the magnitudes of its taps: the taps are divided by the transforms' factors
/// and rounded, then rows are combined, then columns.
static Matrix boundFilterErrors(const Transforms &rows,
                                const Transforms &columns, const Matrix &taps) {
  Bounds bounds = {taps, taps};
  for (auto [size, error] :
       llvm::zip(bounds.sizes.entries, bounds.errors.entries)) {
    size /= rows.filterFactor * columns.filterFactor;
    error = size * std::ldexp(1.0, -23);
  }
  bounds = transformColumns(rows.factoredFilter, rows.filterErrors, bounds);
  return transpose(transformColumns(columns.factoredFilter,
                                    columns.filterErrors, transpose(bounds)))
      .errors;
}

// With X the largest input, S_e the sum over channels and summed taps of
// |U_e|, d and D the bounds of a transformed input's error and size for inputs
// of size 1:
//
//   sum of |computed U_e - U_e| <= E_e;
//   |error of M_e| <= X (S_e d + (E_e + gamma_n (S_e + E_e)) (D + d)), n =
//   channels x summed taps,
//
// from which the output transform's bounds follow, componentwise.
double toeplitz::boundWinogradError(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    ArrayRef<float> filter, double inputBound) {
  WinogradPlan plan(convolution, schedule);
  Transforms rows(plan, 1), columns(plan, 2);
  Bounds input = {Matrix(rows.input.columns, columns.input.columns),
                  Matrix(rows.input.columns, columns.input.columns)};
  std::fill(input.sizes.entries.begin(), input.sizes.entries.end(), 1.0);
  // Rows are combined first, then columns.
  input = transformColumns(rows.input, rows.inputErrors, input);
  input = transpose(
      transformColumns(columns.input, columns.inputErrors, transpose(input)));

  // Where U is computed in double, its error is below 2^-40 of the sum of its
  // terms' magnitudes, and the rounding to float32.
  FilterTransform transform(plan);
  int64_t sizes = plan.dimensions[1].kernel * plan.dimensions[2].kernel;
  int64_t products = plan.inChannels * plan.getSummedTaps();
  double gamma = getGamma(static_cast<double>(products));
  double largest = 0;
  for (int64_t f = 0; f < plan.groups * plan.outChannels; ++f) {
    Matrix sums(rows.filter.rows, columns.filter.rows);
    Matrix tapSums(plan.dimensions[1].kernel, plan.dimensions[2].kernel);
    double weights = 0;
    for (int64_t row = 0; row < products; ++row) {
      const float *taps = &filter[(f * products + row) * sizes];
      const Matrix &values = transform.apply(taps);
      for (auto [sum, value] : llvm::zip(sums.entries, values.entries))
        sum += std::fabs(value);
      for (int64_t tap = 0; tap < sizes; ++tap) {
        weights += std::fabs(taps[tap]);
        tapSums.entries[tap] += std::fabs(taps[tap]);
      }
    }
    std::optional<Matrix> filterErrors;
    if (plan.transformsFilter)
      filterErrors = boundFilterErrors(rows, columns, tapSums);
    Bounds product = {Matrix(sums.rows, sums.columns),
                      Matrix(sums.rows, sums.columns)};
    for (int64_t i = 0; i < sums.rows; ++i)
      for (int64_t j = 0; j < sums.columns; ++j) {
        double size = input.sizes.at(i, j), error = input.errors.at(i, j);
        double inDouble = std::ldexp(
            weights * rows.filter.sumRow(i) * columns.filter.sumRow(j), -40);
        double sum = sums.at(i, j) + inDouble;
        double filterError = filterErrors
                                 ? filterErrors->at(i, j)
                                 : inDouble + unitRoundoff * (sum + inDouble);
        product.sizes.at(i, j) = sum * size;
        product.errors.at(i, j) =
            sum * error +
            (filterError + gamma * (sum + filterError)) * (size + error);
      }
    product = transformColumns(rows.output, rows.outputErrors, product);
    product = transformColumns(columns.output, columns.outputErrors,
                               transpose(product));
    for (double error : product.errors.entries)
      largest = std::max(largest, error);
  }
  return largest * inputBound;
}

/// With |M_k| the Euclidean norm of a row: what errors of the products grow by,
/// relative to the root of the sum of the squared products of inputs and
/// weights, in one dimension:
///
///   a^2 = mean over outputs o of sum over k of A[o,k]^2 |G_k|^2 |B_k|^2 /
///   taps.
static double getSquaredAmplification(const WinogradPlan &plan, int64_t d) {
  if (!plan.isTransformed(d))
    return 1;
  Transforms transforms(plan, d);
  double sum = 0;
  for (int64_t k = 0; k < transforms.input.rows; ++k)
    for (int64_t o = 0; o < transforms.output.rows; ++o) {
      double factor = transforms.output.at(o, k);
      sum += factor * factor * transforms.filter.sumSquares(k) *
             transforms.input.sumSquares(k);
    }
  return sum / static_cast<double>(transforms.output.rows *
                                   transforms.filter.columns);
}

double
toeplitz::estimateTypicalWinogradError(const Convolution &convolution,
                                       const ConvolutionSchedule &schedule) {
  WinogradPlan plan(convolution, schedule);
  double squared =
      getSquaredAmplification(plan, 1) * getSquaredAmplification(plan, 2);
  // The filter and the transformed input are rounded, too: about as much as
  // the products of a few channels more. (A filter that is transformed in
  // float32 makes errors of 128 channels 0.8 to 1.4 % larger.)
  double transformChannels = plan.transformsFilter ? 9 : 6;
  double products = static_cast<double>(plan.inChannels) *
                    static_cast<double>(plan.getSummedTaps());
  return std::sqrt(squared) * estimateSumError(products + transformChannels);
}
