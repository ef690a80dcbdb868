// Plans of discrete Fourier transforms of N = 2^a 3^b 5^c points: their stages,
// their constants, their cost and how far they round.
//
//   X[k] = sum over n of x[n] w^(n k),   w = exp(-2 pi i / N)
//
// With N = r m, n = i + t m (i < m, t < r) and k = q + r k' (q < r),
//
//   X[q + r k'] = sum over i of w^(r i k') ( w^(i q) sum over t of x[i + t m]
//                                            exp(-2 pi i t q / r) ) :
//
// a stage of m transforms of r points (a butterfly of radix r), a
// multiplication by the twiddles w^(i q), then r transforms of m points each,
// which are done alike (decimation in frequency). Sources: Cooley and Tukey, An
// Algorithm for the Machine Calculation of Complex Fourier Series, 1965; the
// butterflies of 3 and 5 points: Winograd, On Computing the Discrete Fourier
// Transform, 1978.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FOURIERTRANSFORM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FOURIERTRANSFORM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <complex>
#include <cstdint>
#include <vector>

namespace toeplitz {

/// The stages of a transform, the first one's radix first.
struct FourierPlan {
  int64_t size = 1;
  llvm::SmallVector<int64_t, 4> radices;

  /// The floats of the twiddle table: stage by stage (the last one has none),
  /// for each i < m the real and imaginary parts of w^(i q) for q = 1 ... r -
  /// 1, where w belongs to the points that are left in the stage.
  int64_t countTwiddles() const;
  void writeTwiddles(llvm::MutableArrayRef<float> table) const;
  /// What it costs a core that does two operations, two loads and one store a
  /// cycle.
  double estimateCycles(int64_t registers) const;
};

/// Whether a size is 2^a 3^b 5^c.
bool isFourierSize(int64_t size);

/// The least 2^a 3^b 5^c that isn't below `size`.
int64_t getNextFourierSize(int64_t size);

/// The cheapest plan for `registers` vector registers; it has no stages where
/// the size isn't 2^a 3^b 5^c.
FourierPlan planFourierTransform(int64_t size, int64_t registers);

/// exp(-2 pi i number / size) in double.
std::complex<double> getRootOfUnity(int64_t number, int64_t size);

/// The factors (2, 3, 4, 5) of which a butterfly is made.
llvm::SmallVector<int64_t, 4> factorRadix(int64_t radix);

/// The transform in double, of any size that is 2^a 3^b 5^c.
class DoubleTransform {
public:
  using Signal = std::vector<std::complex<double>>;
  explicit DoubleTransform(int64_t size);
  Signal operator()(const Signal &signal) const;

private:
  /// Of `size` points of the signal, `stride` apart.
  void transform(const std::complex<double> *signal, int64_t stride,
                 int64_t size, std::complex<double> *result) const;
  Signal roots;
};

/// A bound on |X' - X| / |X| (Euclidean norms) for X' computed in float32 by
/// any plan of this size. Each stage is sqrt(r) times a unitary matrix, so
/// that relative errors multiply up: with e_p of a butterfly of p points and t
/// of a twiddle, (1 + e_p)(1 + t) for each prime factor p, less 1. Source:
/// Higham, Accuracy and Stability of Numerical Algorithms (2nd edition, 2002),
/// theorem 24.2, for N = 2^a.
double boundFourierError(int64_t size);

} // namespace toeplitz

#endif
