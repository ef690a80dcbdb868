// The matrix of a convolution, in both views. For each output position o and
// tap k of the kernel, the convolution reads one input position i(o, k), or
// padding:
//
//   y[f, o] = sum over c, k of w[f, c, k] * x[c, i(o, k)]
//
// 1. The filter as a sparse matrix T, y = T x: rows (f, o), columns (c, i), and
//    the entry is the sum of the taps w[f, c, k] with i(o, k) = i.
// 2. The data as a matrix X~, Y = W X~: rows (c, k), columns o, and the entry
// is
//    x[c, i(o, k)].
//
// Each block of T that belongs to one f and one c is a Toeplitz matrix when the
// stride is 1, banded for a kernel shorter than the input, and a circulant one
// under circular padding; in two dimensions so are the blocks of it. Entries
// are sums of names of taps here, so that what is found holds for every filter.
//
// Sources: Gray 2006, Toeplitz and Circulant Matrices: A Review (Foundations
// and Trends in Communications and Information Theory 2:3); Strang 1986, A
// Proposal for Toeplitz Matrix Calculations (Studies in Applied Mathematics
// 74:2).

#ifndef TOEPLITZ_COMPILER_ANALYSIS_TOEPLITZMATRIX_H
#define TOEPLITZ_COMPILER_ANALYSIS_TOEPLITZMATRIX_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace toeplitz {

/// The linear map of one cnn.conv or cnn.conv_transpose, without its bias, for
/// one sample.
struct ConvolutionMatrix {
  using Sizes = llvm::SmallVector<int64_t, 3>;

  std::string layer;
  int64_t outChannels = 1;
  int64_t inChannels = 1;
  int64_t groups = 1;
  Sizes inputSizes, outputSizes, kernel;
  /// The input position i(o, k) at [o * taps + k], all counted row-major; -1
  /// for padding.
  std::vector<int64_t> sources;
  /// w[f, c, k], c within the group of f, row-major; empty if it isn't known.
  std::vector<float> weights;

  int64_t getInputPositions() const;
  int64_t getOutputPositions() const;
  int64_t getTaps() const;
  int64_t getRows() const { return outChannels * getOutputPositions(); }
  int64_t getColumns() const { return inChannels * getInputPositions(); }
  int64_t getSource(int64_t output, int64_t tap) const {
    return sources[output * getTaps() + tap];
  }
  /// The index into the weights; nothing if f and c are in different groups.
  std::optional<int64_t> getWeight(int64_t f, int64_t c, int64_t tap) const;

  /// A block of T: the taps whose sum is at (o, i), where there are any.
  using Entries =
      std::map<std::pair<int64_t, int64_t>, llvm::SmallVector<int64_t, 1>>;
  Entries getEntries() const;
};

/// The matrix of a convolution with those weights (in the layout of its filter,
/// or empty). Nothing for another operation.
std::optional<ConvolutionMatrix>
makeConvolutionMatrix(mlir::Operation *op, llvm::ArrayRef<float> filter);

/// What is found in the entries of a block along one spatial dimension.
struct AxisStructure {
  /// The smallest steps, to 16, by which all entries repeat: T[o + rowStep, i +
  /// columnStep] = T[o, i]; both 1 for a Toeplitz matrix, 0 if there are none.
  int64_t rowStep = 0;
  int64_t columnStep = 0;
  /// Whether they do so around the borders too.
  bool isCircular = false;
  /// The entries other than zero have i - o from -lower to upper.
  int64_t lower = 0;
  int64_t upper = 0;

  bool isToeplitz() const { return rowStep == 1 && columnStep == 1; }
  bool isCirculant() const { return isToeplitz() && isCircular; }
};

llvm::SmallVector<AxisStructure> findStructure(const ConvolutionMatrix &matrix);

/// "Toeplitz, banded: i - o from -1 to 1", in words that name each dimension.
std::string describeStructure(const ConvolutionMatrix &matrix);

/// Whether X~ is the same one tap further and one output position back, along
/// all dimensions: with the taps in reverse it is Toeplitz.
bool isDataToeplitz(const ConvolutionMatrix &matrix);

/// Whether all blocks are circulant along all dimensions.
bool isCirculant(const ConvolutionMatrix &matrix);

/// Whether T_A T_B = T_B T_A for matrices with one channel in and out and as
/// many positions, whatever their weights: entries of the products are compared
/// as polynomials in the taps of both, so exactly.
bool commute(const ConvolutionMatrix &a, const ConvolutionMatrix &b);

/// Which of the two views.
enum class MatrixView { Filter, Data };

/// Text, one name of a tap or position per entry, dots for zeros.
void printMatrix(const ConvolutionMatrix &matrix, MatrixView view,
                 llvm::raw_ostream &stream);
/// The taps by name, with their values.
void printTaps(const ConvolutionMatrix &matrix, llvm::raw_ostream &stream);
/// The name of a tap by its index into the weights: "a", "b", …, or "w12".
std::string getTapName(const ConvolutionMatrix &matrix, int64_t weight);

/// A picture: SVG, one below the other.
void drawMatrices(const ConvolutionMatrix &matrix,
                  llvm::ArrayRef<MatrixView> views, llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
