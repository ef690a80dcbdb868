// The Cook-Toom construction: short convolutions with few multiplications.
//
// F(m, r) computes m outputs y_i = sum over k < r of g_k d_(i+k) of a filter of
// r taps from n = m + r - 1 inputs with n multiplications instead of m r:
//
//   y = A^T ((G g) . (B^T d)),   A^T: m x n, G: n x r, B^T: n x n.
//
// The product of two polynomials of degrees m - 1 and r - 1 is fixed by its
// values at n - 1 points and its leading coefficient (the "value at infinity"):
// evaluate both (A, G), multiply, interpolate (B). Transposing the product in
// one operand turns it into the correlation above. With points p_j and N_j =
// product over l != j of (p_j - p_l):
//
//   A^T[i][j] = p_j^i,  G[j][k] = p_j^k / N_j,  B^T[j] = coefficients of
//   product over l != j of (x - p_l);
//
// for infinity A^T[m-1] = G[r-1] = 1 and B^T = coefficients of the product over
// all l. The denominators N_j stand in G: with points whose denominators are
// powers of two all entries of A^T and B^T are exact in float32.
//
// Sources: Toom 1963; Cook 1966; Winograd, Arithmetic Complexity of
// Computations (SIAM 1980); Blahut, Fast Algorithms for Signal Processing
// (2010), chapter 5; Lavin and Gray, Fast Algorithms for Convolutional Neural
// Networks (arXiv:1509.09308), who nest it in two dimensions; Barabasz,
// Anderson, Soodhalter and Gregg, Error Analysis and Improving the Accuracy of
// Winograd Convolution (arXiv:1803.10986), for the choice of points.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_COOKTOOM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_COOKTOOM_H

#include "compiler/Algorithms/Rational.h"

#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace toeplitz {

/// A dense matrix of fractions.
class RationalMatrix {
public:
  RationalMatrix(int64_t rows, int64_t columns)
      : rows(rows), columns(columns), entries(rows * columns) {}

  int64_t getRows() const { return rows; }
  int64_t getColumns() const { return columns; }
  Rational &at(int64_t row, int64_t column) {
    return entries[row * columns + column];
  }
  Rational at(int64_t row, int64_t column) const {
    return entries[row * columns + column];
  }

private:
  int64_t rows, columns;
  std::vector<Rational> entries;
};

/// F(m, r), or the identity where nothing is transformed (m = 1: one output
/// from r inputs costs r multiplications anyway).
struct CookToom {
  int64_t outputs; // m
  int64_t taps;    // r
  /// The finite points, n - 1 of them; infinity is the last one of all.
  std::vector<Rational> points;
  RationalMatrix outputTransform; // A^T, m x n
  RationalMatrix filterTransform; // G, n x r
  RationalMatrix inputTransform;  // B^T, n x n

  /// n = m + r - 1, the multiplications.
  int64_t getSize() const { return outputs + taps - 1; }
};

/// The points for `size` = n values, infinity left out: those with the least
/// error known to us (see the file).
std::vector<Rational> getInterpolationPoints(int64_t size);

/// F(m, r) for distinct points, m + r - 2 of them.
CookToom buildCookToom(int64_t outputs, int64_t taps,
                       llvm::ArrayRef<Rational> points);
/// F(m, r) for our points.
CookToom buildCookToom(int64_t outputs, int64_t taps);

/// G for transforming a filter in float32, where its fractions aren't exact:
/// `factor` times G, all of whose entries are. The taps are divided by the
/// factor, which lies in [1, 2).
struct FactoredFilterTransform {
  Rational factor;
  RationalMatrix matrix;
};
FactoredFilterTransform factorFilterTransform(const CookToom &transform);

/// Whether the matrices compute the correlation, for all inputs and filters,
/// exactly: sum over j of A^T[i][j] G[j][k] B^T[j][l] is 1 where l = i + k and
/// else 0.
bool computesCorrelation(const CookToom &transform);

} // namespace toeplitz

#endif
