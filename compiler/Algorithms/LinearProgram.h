// Straight-line code that multiplies a vector by a small constant matrix, and
// how far it rounds.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_LINEARPROGRAM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_LINEARPROGRAM_H

#include "compiler/Algorithms/CookToom.h"
#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// y = M x as a list of steps. Points p and -p of a Cook-Toom construction make
/// rows of B^T whose even coefficients are equal and whose odd ones differ in
/// sign, e + o and e - o, and columns of A^T likewise: both are found, and e, o
/// are computed once.
///
/// Every coefficient must be exact in float32.
class LinearProgram {
public:
  explicit LinearProgram(const RationalMatrix &matrix);

  int64_t getInputs() const { return inputs; }
  int64_t getOutputs() const { return static_cast<int64_t>(outputs.size()); }
  /// The operations: additions, multiplications or fused ones.
  int64_t countOperations() const { return static_cast<int64_t>(steps.size()); }

  /// The matrix that the steps compute, exactly.
  RationalMatrix getMatrix() const;

  /// Bounds of the rounding errors in float32: |computed y - M x| <= W |x| for
  /// every x, componentwise, W[output][input]. From the standard model,
  /// fl(a op b) = (a op b)(1 + d), |d| <= 2^-24, step by step; a multiply-add
  /// counts as two operations, so that the bound holds fused or not. Source:
  /// Higham, Accuracy and Stability of Numerical Algorithms, section 2.2.
  std::vector<std::vector<double>> getErrorWeights() const;

  /// Writes the steps; the values are vectors (or scalars) of f32.
  llvm::SmallVector<mlir::Value> emit(KernelBuilder &kernel,
                                      llvm::ArrayRef<mlir::Value> inputs) const;

private:
  /// value = coefficient * value[left] + value[right]; without a right operand
  /// the product alone.
  struct Step {
    Rational coefficient;
    int64_t left;
    int64_t right = -1;
  };
  struct Term {
    Rational coefficient;
    int64_t value;
  };

  int64_t addStep(Rational coefficient, int64_t left, int64_t right = -1);
  /// The sum of terms, those with coefficient zero left out.
  int64_t addSum(std::vector<Term> terms);
  void buildByRows(const RationalMatrix &matrix);
  void buildByColumns(const RationalMatrix &matrix);

  int64_t inputs;
  std::vector<Step> steps;
  /// Numbers of values: the inputs come first, then the steps.
  std::vector<int64_t> outputs;
};

} // namespace toeplitz

#endif
