#include "compiler/Analysis/ToeplitzMatrix.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace toeplitz;

static int64_t getProduct(llvm::ArrayRef<int64_t> sizes) {
  int64_t product = 1;
  for (int64_t size : sizes)
    product *= size;
  return product;
}

/// The place of a row-major index.
static ConvolutionMatrix::Sizes unravel(int64_t index,
                                        llvm::ArrayRef<int64_t> sizes) {
  ConvolutionMatrix::Sizes place(sizes.size());
  for (int64_t d = int64_t(sizes.size()) - 1; d >= 0; --d) {
    place[d] = index % sizes[d];
    index /= sizes[d];
  }
  return place;
}

static int64_t ravel(llvm::ArrayRef<int64_t> place,
                     llvm::ArrayRef<int64_t> sizes) {
  int64_t index = 0;
  for (auto [position, size] : llvm::zip(place, sizes))
    index = index * size + position;
  return index;
}

int64_t ConvolutionMatrix::getInputPositions() const {
  return getProduct(inputSizes);
}

int64_t ConvolutionMatrix::getOutputPositions() const {
  return getProduct(outputSizes);
}

int64_t ConvolutionMatrix::getTaps() const { return getProduct(kernel); }

std::optional<int64_t> ConvolutionMatrix::getWeight(int64_t f, int64_t c,
                                                    int64_t tap) const {
  int64_t inGroup = inChannels / groups, outGroup = outChannels / groups;
  if (f / outGroup != c / inGroup)
    return std::nullopt;
  return (f * inGroup + c % inGroup) * getTaps() + tap;
}

ConvolutionMatrix::Entries ConvolutionMatrix::getEntries() const {
  Entries entries;
  for (int64_t o = 0; o < getOutputPositions(); ++o)
    for (int64_t k = 0; k < getTaps(); ++k)
      if (int64_t i = getSource(o, k); i >= 0)
        entries[{o, i}].push_back(k);
  return entries;
}

// ---- Making it ----

/// The position that padding of `mode` has the value of; -1 for zeros.
static int64_t getPaddingSource(int64_t position, int64_t size,
                                cnn::PaddingMode mode) {
  if (position >= 0 && position < size)
    return position;
  switch (mode) {
  case cnn::PaddingMode::Zeros:
    return -1;
  case cnn::PaddingMode::Circular:
    return (position % size + size) % size;
  case cnn::PaddingMode::Reflect:
    return position < 0 ? -position : 2 * (size - 1) - position;
  case cnn::PaddingMode::Replicate:
    return position < 0 ? 0 : size - 1;
  }
  llvm_unreachable("every mode has a case");
}

/// Fills in what follows from where each dimension reads.
static void setSources(
    ConvolutionMatrix &matrix,
    llvm::function_ref<int64_t(int64_t d, int64_t o, int64_t k)> source) {
  for (int64_t o = 0; o < matrix.getOutputPositions(); ++o)
    for (int64_t k = 0; k < matrix.getTaps(); ++k) {
      auto output = unravel(o, matrix.outputSizes);
      auto tap = unravel(k, matrix.kernel);
      ConvolutionMatrix::Sizes input;
      bool isInside = true;
      for (size_t d = 0; d < output.size(); ++d) {
        input.push_back(source(d, output[d], tap[d]));
        isInside &= input[d] >= 0;
      }
      matrix.sources.push_back(isInside ? ravel(input, matrix.inputSizes) : -1);
    }
}

std::optional<ConvolutionMatrix>
toeplitz::makeConvolutionMatrix(Operation *op, llvm::ArrayRef<float> filter) {
  auto conv = dyn_cast<cnn::ConvOp>(op);
  auto transposed = dyn_cast<cnn::ConvTransposeOp>(op);
  if (!conv && !transposed)
    return std::nullopt;
  auto getShape = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getShape();
  };
  ConvolutionMatrix matrix;
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    matrix.layer = name.getName().str();
  llvm::ArrayRef<int64_t> input = getShape(op->getOperand(0));
  llvm::ArrayRef<int64_t> output = getShape(op->getResult(0));
  matrix.inChannels = input[1];
  matrix.outChannels = output[1];
  matrix.groups = conv ? conv.getGroups() : transposed.getGroups();
  llvm::append_range(matrix.inputSizes, input.drop_front(2));
  llvm::append_range(matrix.outputSizes, output.drop_front(2));
  llvm::append_range(matrix.kernel, getShape(op->getOperand(1)).drop_front(2));
  if (conv) {
    matrix.weights.assign(filter.begin(), filter.end());
    setSources(matrix, [&](int64_t d, int64_t o, int64_t k) {
      int64_t place = o * conv.getStrides()[d] + k * conv.getDilations()[d] -
                      conv.getPaddingLow()[d];
      return getPaddingSource(place, input[2 + d], conv.getPaddingMode());
    });
    return matrix;
  }
  setSources(matrix, [&](int64_t d, int64_t o, int64_t k) -> int64_t {
    int64_t place =
        o + transposed.getPaddingLow()[d] - k * transposed.getDilations()[d];
    int64_t stride = transposed.getStrides()[d];
    bool isInput =
        place >= 0 && place % stride == 0 && place / stride < input[2 + d];
    return isInput ? place / stride : -1;
  });
  // The filter has the input channels outside.
  int64_t taps = matrix.getTaps(), outGroup = output[1] / matrix.groups;
  int64_t inGroup = input[1] / matrix.groups;
  if (!filter.empty())
    for (int64_t f = 0; f < output[1]; ++f)
      for (int64_t c = 0; c < inGroup; ++c)
        for (int64_t k = 0; k < taps; ++k) {
          int64_t channel = f / outGroup * inGroup + c;
          matrix.weights.push_back(
              filter[(channel * outGroup + f % outGroup) * taps + k]);
        }
  return matrix;
}

// ---- Its structure ----

/// Whether each entry is the same so many rows and columns further along a
/// dimension, as far as there is one, or around the borders.
static bool repeats(const ConvolutionMatrix &matrix,
                    const ConvolutionMatrix::Entries &entries, size_t dimension,
                    int64_t rowStep, int64_t columnStep, bool around) {
  auto isAt = [&](int64_t sign, auto &entry) {
    auto row = unravel(entry.first.first, matrix.outputSizes);
    auto column = unravel(entry.first.second, matrix.inputSizes);
    int64_t rows = matrix.outputSizes[dimension];
    int64_t columns = matrix.inputSizes[dimension];
    row[dimension] += sign * rowStep;
    column[dimension] += sign * columnStep;
    if (around) {
      row[dimension] = (row[dimension] + rows) % rows;
      column[dimension] = (column[dimension] + columns) % columns;
    } else if (row[dimension] < 0 || row[dimension] >= rows ||
               column[dimension] < 0 || column[dimension] >= columns) {
      return true;
    }
    auto other = entries.find(
        {ravel(row, matrix.outputSizes), ravel(column, matrix.inputSizes)});
    return other != entries.end() && other->second == entry.second;
  };
  // Back too: what is zero mustn't become something else.
  return llvm::all_of(entries, [&](auto &entry) {
    return isAt(1, entry) && (around || isAt(-1, entry));
  });
}

llvm::SmallVector<AxisStructure>
toeplitz::findStructure(const ConvolutionMatrix &matrix) {
  constexpr int64_t largestStep = 16;
  ConvolutionMatrix::Entries entries = matrix.getEntries();
  llvm::SmallVector<AxisStructure> axes;
  for (size_t d = 0; d < matrix.inputSizes.size(); ++d) {
    AxisStructure axis;
    int64_t rows = matrix.outputSizes[d], columns = matrix.inputSizes[d];
    // Larger steps than half of it compare corners alone.
    for (int64_t total = 2; total <= 2 * largestStep && !axis.rowStep; ++total)
      for (int64_t rowStep = 1; rowStep < total && !axis.rowStep; ++rowStep) {
        int64_t columnStep = total - rowStep;
        if (rowStep > std::max<int64_t>(rows / 2, 1) ||
            columnStep > std::max<int64_t>(columns / 2, 1) ||
            !repeats(matrix, entries, d, rowStep, columnStep, false))
          continue;
        axis.rowStep = rowStep;
        axis.columnStep = columnStep;
        axis.isCircular =
            rows * columnStep == columns * rowStep &&
            repeats(matrix, entries, d, rowStep, columnStep, true);
      }
    bool isFirst = true;
    for (const auto &[place, taps] : entries) {
      int64_t distance = unravel(place.second, matrix.inputSizes)[d] -
                         unravel(place.first, matrix.outputSizes)[d];
      axis.lower = isFirst ? -distance : std::max(axis.lower, -distance);
      axis.upper = isFirst ? distance : std::max(axis.upper, distance);
      isFirst = false;
    }
    axes.push_back(axis);
  }
  return axes;
}

bool toeplitz::isCirculant(const ConvolutionMatrix &matrix) {
  return llvm::all_of(findStructure(matrix), [](const AxisStructure &axis) {
    return axis.isCirculant();
  });
}

static std::string describeAxis(const AxisStructure &axis, int64_t rows,
                                int64_t columns) {
  if (axis.isCirculant())
    return "circulant";
  std::string text = "neither Toeplitz nor a step of it";
  if (axis.isToeplitz())
    text = "Toeplitz";
  else if (axis.rowStep)
    text = llvm::formatv("{0} with steps: {1} down and {2} to the right is the "
                         "same entry",
                         axis.isCircular ? "circulant" : "Toeplitz",
                         axis.rowStep, axis.columnStep);
  if (axis.isToeplitz() && (axis.lower < rows - 1 || axis.upper < columns - 1))
    text += llvm::formatv(", banded with i - o from {0} to {1}", -axis.lower,
                          axis.upper);
  return text;
}

std::string toeplitz::describeStructure(const ConvolutionMatrix &matrix) {
  llvm::SmallVector<AxisStructure> axes = findStructure(matrix);
  int64_t rank = axes.size();
  if (rank == 0)
    return "dense: no positions";
  auto describe = [&](int64_t d) {
    return describeAxis(axes[d], matrix.outputSizes[d], matrix.inputSizes[d]);
  };
  bool hasBlocks = matrix.inChannels * matrix.outChannels > 1;
  std::string text = hasBlocks
                         ? llvm::formatv("{0} x {1} blocks, each ",
                                         matrix.outChannels, matrix.inChannels)
                               .str()
                         : "";
  if (rank == 1)
    return text + describe(0);
  auto all = [&](bool (AxisStructure::*is)() const) {
    return llvm::all_of(axes, [&](auto &axis) { return (axis.*is)(); });
  };
  if (all(&AxisStructure::isCirculant))
    text += "block circulant with circulant blocks";
  else if (all(&AxisStructure::isToeplitz))
    text += "block Toeplitz with Toeplitz blocks";
  else
    text += "in blocks by dimension";
  for (int64_t d = 0; d < rank; ++d)
    text += llvm::formatv("{0} dimension {1}: {2}", d ? ";" : ":", d + 2,
                          describe(d));
  return text;
}

bool toeplitz::isDataToeplitz(const ConvolutionMatrix &matrix) {
  if (matrix.kernel.empty())
    return false;
  for (int64_t o = 0; o < matrix.getOutputPositions(); ++o)
    for (int64_t k = 0; k < matrix.getTaps(); ++k)
      for (size_t d = 0; d < matrix.kernel.size(); ++d) {
        auto output = unravel(o, matrix.outputSizes);
        auto tap = unravel(k, matrix.kernel);
        if (--output[d] < 0 || ++tap[d] >= matrix.kernel[d])
          continue;
        if (matrix.getSource(ravel(output, matrix.outputSizes),
                             ravel(tap, matrix.kernel)) !=
            matrix.getSource(o, k))
          return false;
      }
  return true;
}

// ---- Products ----

/// How often each product of a tap of one and a tap of the other stands in an
/// entry.
using Polynomial = std::map<std::pair<int64_t, int64_t>, int64_t>;
using Product = std::map<std::pair<int64_t, int64_t>, Polynomial>;

/// The product of two matrices; with `swap` the second one's taps come first in
/// the names of the terms, because numbers commute.
static Product multiply(const ConvolutionMatrix &left,
                        const ConvolutionMatrix &right, bool swap) {
  Product product;
  ConvolutionMatrix::Entries second = right.getEntries();
  for (const auto &[place, taps] : left.getEntries())
    for (auto entry = second.lower_bound({place.second, 0});
         entry != second.end() && entry->first.first == place.second; ++entry)
      for (int64_t a : taps)
        for (int64_t b : entry->second)
          ++product[{place.first, entry->first.second}]
                   [swap ? std::pair(b, a) : std::pair(a, b)];
  return product;
}

bool toeplitz::commute(const ConvolutionMatrix &a, const ConvolutionMatrix &b) {
  return multiply(a, b, false) == multiply(b, a, true);
}
