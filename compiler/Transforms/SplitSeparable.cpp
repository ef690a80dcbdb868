// A filter that is an outer product is two convolutions: with w[i, j] = u[i]
// v[j], where i are the taps of one spatial dimension and j those of the
// others,
//
//   sum over i, j of w[i, j] x~[o_i + i, o_j + j]
//     = sum over j of v[j] (sum over i of u[i] x~[o_i + i, o_j + j]),
//
// K1 + K2 multiplications instead of K1 K2. Padding in every mode, stride and
// dilation belong to a dimension, and go with its factor. Over channels this
// holds where each input channel has filters of its own (one input channel to a
// group: the first factor makes F channels of C) or each output channel has
// (one output channel to a group: the second factor adds them up).
//
// The factors of a filter are its largest singular vectors, by power iteration
// in double precision, rounded to float32. It counts as an outer product where
// theirs is within two units in the last place of its largest weight
// everywhere: as near as an outer product that was rounded itself.
//
// Source: Golub, Van Loan, Matrix Computations (4th edition, 2013), sections
// 2.4 (the nearest matrix of rank 1) and 7.3 (power iteration).

#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Passes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_SPLITSEPARABLE
#include "compiler/Transforms/Passes.h.inc"

namespace {

/// A spatial filter as a matrix: the taps of one dimension by those of all
/// others, both in row-major order.
class FilterMatrix {
public:
  FilterMatrix(ArrayRef<int64_t> kernel, size_t dimension)
      : rows(kernel[dimension]) {
    for (int64_t size : kernel.drop_front(dimension + 1))
      inner *= size;
    for (int64_t size : kernel.take_front(dimension))
      outer *= size;
  }

  int64_t countRows() const { return rows; }
  int64_t countColumns() const { return outer * inner; }
  float get(ArrayRef<float> filter, int64_t row, int64_t column) const {
    return filter[(column / inner * rows + row) * inner + column % inner];
  }

private:
  int64_t rows, inner = 1, outer = 1;
};

struct Factors {
  std::vector<float> rows, columns;
};

} // namespace

/// Nothing if the filter isn't the outer product of any two vectors, within the
/// tolerance.
static std::optional<Factors> factor(const FilterMatrix &matrix,
                                     ArrayRef<float> filter) {
  int64_t rows = matrix.countRows(), columns = matrix.countColumns();
  Factors factors = {std::vector<float>(rows), std::vector<float>(columns)};
  float largest = 0;
  int64_t pivot = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      float size = std::fabs(matrix.get(filter, i, j));
      if (!std::isfinite(size))
        return std::nullopt;
      if (size > largest) {
        largest = size;
        pivot = i;
      }
    }
  if (largest == 0)
    return factors;

  // The row of the largest weight isn't orthogonal to the singular vector.
  std::vector<double> u(rows), v(columns);
  for (int64_t j = 0; j < columns; ++j)
    v[j] = matrix.get(filter, pivot, j);
  // Where the other singular values are rounding errors, one step is enough.
  constexpr int steps = 3;
  for (int step = 0; step < steps; ++step) {
    double norm = 0;
    for (double x : v)
      norm += x * x;
    for (int64_t i = 0; i < rows; ++i) {
      u[i] = 0;
      for (int64_t j = 0; j < columns; ++j)
        u[i] += matrix.get(filter, i, j) * v[j] / norm;
    }
    // The largest of the first factor is 1, so that the second has the scale.
    double scale = 0;
    for (double x : u)
      scale = std::max(scale, std::fabs(x));
    norm = 0;
    for (double &x : u) {
      x /= scale;
      norm += x * x;
    }
    for (int64_t j = 0; j < columns; ++j) {
      v[j] = 0;
      for (int64_t i = 0; i < rows; ++i)
        v[j] += matrix.get(filter, i, j) * u[i] / norm;
    }
  }
  llvm::transform(u, factors.rows.begin(),
                  [](double x) { return static_cast<float>(x); });
  llvm::transform(v, factors.columns.begin(),
                  [](double x) { return static_cast<float>(x); });

  // The unit in the last place, 2^-23 of the leading bit.
  double unit = std::ldexp(1.0, std::max(std::ilogb(largest), -126) - 23);
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j) {
      double product =
          static_cast<double>(factors.rows[i]) * factors.columns[j];
      if (!(std::fabs(product - matrix.get(filter, i, j)) <= 2 * unit))
        return std::nullopt;
    }
  return factors;
}

static int64_t product(ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

/// Whether a convolution over `dimension` followed by one over the others takes
/// fewer multiplications, a value between them counted as `intermediateCost`.
/// The channels matter to neither.
static bool savesMultiplications(cnn::ConvOp conv, ArrayRef<int64_t> kernel,
                                 size_t dimension, int64_t intermediateCost) {
  ArrayRef<int64_t> input = conv.getInput().getType().getShape().drop_front(2);
  ArrayRef<int64_t> output =
      conv.getResult().getType().getShape().drop_front(2);
  double outputs = static_cast<double>(product(output));
  double taps = static_cast<double>(product(kernel));
  double between = static_cast<double>(product(input)) / input[dimension] *
                   output[dimension];
  double first = static_cast<double>(kernel[dimension]);
  return between * (first + intermediateCost) + outputs * taps / first <
         outputs * taps;
}

/// What the taps of these dimensions are called, the last one being horizontal.
static StringRef nameFactor(ArrayRef<int64_t> kernel) {
  static constexpr StringLiteral names[] = {"horizontal", "vertical", "depth"};
  StringRef name = names[0];
  int64_t several = 0;
  for (size_t d = 0; d < kernel.size(); ++d)
    if (kernel[d] > 1) {
      name = names[kernel.size() - 1 - d];
      ++several;
    }
  return several > 1 ? "plane" : name;
}

/// The convolution over the taps of all others but `dimension`, if it was
/// split; else null.
static cnn::ConvOp split(cnn::ConvOp conv, size_t dimension,
                         const ConstantValues &filter, int64_t intermediateCost,
                         IRRewriter &rewriter) {
  RankedTensorType type = conv.getFilter().getType();
  SmallVector<int64_t> kernel(type.getShape().drop_front(2));
  if (!savesMultiplications(conv, kernel, dimension, intermediateCost))
    return {};
  FilterMatrix matrix(kernel, dimension);
  // One spatial filter for each pair of an output channel and an input channel
  // of its group: as many channels has the tensor between the two.
  int64_t taps = product(kernel), count = type.getNumElements() / taps;
  WeightBuffer rows(count * matrix.countRows());
  WeightBuffer columns(count * matrix.countColumns());
  for (int64_t f = 0; f < count; ++f) {
    std::optional<Factors> factors =
        factor(matrix, filter.get().slice(f * taps, taps));
    if (!factors)
      return {};
    llvm::copy(factors->rows, rows.values().begin() + f * matrix.countRows());
    llvm::copy(factors->columns,
               columns.values().begin() + f * matrix.countColumns());
  }

  SmallVector<int64_t> firstKernel(kernel.size(), 1), secondKernel = kernel;
  std::swap(firstKernel[dimension], secondKernel[dimension]);
  SmallVector<int64_t> firstShape = {count, 1};
  SmallVector<int64_t> secondShape(type.getShape().take_front(2));
  llvm::append_range(firstShape, firstKernel);
  llvm::append_range(secondShape, secondKernel);
  std::string layer = getLayerName(conv.getLoc(), "conv");
  std::string name = getConstantName(conv.getFilter(), layer + ".weight");
  rewriter.setInsertionPoint(conv);
  auto makeFilter = [&](ArrayRef<int64_t> shape, WeightBuffer &&values,
                        StringRef factorName) -> Value {
    return createConstant(rewriter, conv.getLoc(),
                          RankedTensorType::get(shape, rewriter.getF32Type()),
                          std::move(values), name + "." + factorName.str());
  };
  // An attribute of each dimension: that of the convolution where the factor
  // has taps, nothing where it hasn't.
  auto take = [&](ArrayRef<int64_t> values, bool first, int64_t nothing) {
    SmallVector<int64_t> taken;
    for (auto [d, value] : llvm::enumerate(values))
      taken.push_back((d == dimension) == first ? value : nothing);
    return taken;
  };
  auto makeConv = [&](Location location, Value input, Value weights, Value bias,
                      bool first, int64_t groups) {
    return cnn::ConvOp::create(
        rewriter, location, input, weights, bias,
        take(conv.getStrides(), first, 1), take(conv.getDilations(), first, 1),
        take(conv.getPaddingLow(), first, 0),
        take(conv.getPaddingHigh(), first, 0), groups, conv.getPaddingMode());
  };
  StringRef firstName = nameFactor(firstKernel);
  Value firstFilter = makeFilter(firstShape, std::move(rows), firstName);
  Value secondFilter =
      makeFilter(secondShape, std::move(columns), nameFactor(secondKernel));
  Location firstLocation = NameLoc::get(
      rewriter.getStringAttr(layer + "." + firstName.str()), conv.getLoc());
  int64_t channels = conv.getInput().getType().getDimSize(1);
  // With several input channels to a group there is one output channel, which
  // adds them up; else each channel goes its own way.
  bool addsUp = type.getDimSize(1) > 1;
  cnn::ConvOp between = makeConv(firstLocation, conv.getInput(), firstFilter,
                                 Value(), /*first=*/true, channels);
  cnn::ConvOp last = makeConv(
      conv.getLoc(), between.getResult(), secondFilter, conv.getBias(),
      /*first=*/false, addsUp ? static_cast<int64_t>(conv.getGroups()) : count);
  Operation *constant = conv.getFilter().getDefiningOp();
  rewriter.replaceOp(conv, last.getResult());
  if (constant->use_empty())
    rewriter.eraseOp(constant);
  return last;
}

/// Splits off one dimension after the other.
static void splitAll(cnn::ConvOp conv, int64_t intermediateCost,
                     IRRewriter &rewriter) {
  while (conv) {
    RankedTensorType type = conv.getFilter().getType();
    int64_t groups = static_cast<int64_t>(conv.getGroups());
    bool oneInput = type.getDimSize(1) == 1;
    bool oneOutput = type.getDimSize(0) == groups;
    if (!oneInput && !oneOutput)
      return;
    ArrayRef<int64_t> kernel = type.getShape().drop_front(2);
    if (llvm::count_if(kernel, [](int64_t size) { return size > 1; }) < 2)
      return;
    std::optional<ConstantValues> filter = readConstant(conv.getFilter());
    if (!filter)
      return;
    cnn::ConvOp rest;
    for (size_t d = 0; d < kernel.size() && !rest; ++d)
      if (kernel[d] > 1)
        rest = split(conv, d, *filter, intermediateCost, rewriter);
    conv = rest;
  }
}

namespace {

struct SplitSeparable : impl::SplitSeparableBase<SplitSeparable> {
  using SplitSeparableBase::SplitSeparableBase;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // (A list of them, because the new ones needn't be visited.)
    SmallVector<cnn::ConvOp> convolutions;
    getOperation().walk(
        [&](cnn::ConvOp conv) { convolutions.push_back(conv); });
    for (cnn::ConvOp conv : convolutions)
      splitAll(conv, intermediateCost, rewriter);
  }
};

} // namespace
} // namespace toeplitz
