#include "compiler/Algorithms/LinearProgram.h"

#include "compiler/Algorithms/RoundingError.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;

LinearProgram::LinearProgram(const RationalMatrix &matrix)
    : inputs(matrix.getColumns()) {
  buildByColumns(matrix);
  LinearProgram byColumns = *this;
  steps.clear();
  outputs.clear();
  buildByRows(matrix);
  if (byColumns.steps.size() < steps.size())
    *this = byColumns;
}

int64_t LinearProgram::addStep(Rational coefficient, int64_t left,
                               int64_t right) {
  assert(coefficient.isFloat() && "the coefficient is not exact in float32");
  steps.push_back({coefficient, left, right});
  return inputs + static_cast<int64_t>(steps.size()) - 1;
}

int64_t LinearProgram::addSum(std::vector<Term> terms) {
  llvm::erase_if(terms,
                 [](const Term &term) { return term.coefficient.isZero(); });
  assert(!terms.empty() && "a row of zeros");
  // Begin with a term that needs no multiplication, if there is one.
  auto first = llvm::find_if(
      terms, [](const Term &term) { return term.coefficient == Rational(1); });
  if (first == terms.end())
    first = terms.begin();
  Term start = *first;
  terms.erase(first);
  int64_t sum = start.coefficient == Rational(1)
                    ? start.value
                    : addStep(start.coefficient, start.value);
  for (const Term &term : terms)
    sum = addStep(term.coefficient, term.value, sum);
  return sum;
}

/// The sign s for which b[k] = s (-1)^k a[k], or 0.
static int getMirrorSign(int64_t size, llvm::function_ref<Rational(int64_t)> a,
                         llvm::function_ref<Rational(int64_t)> b) {
  for (int sign : {1, -1})
    if (llvm::all_of(llvm::seq<int64_t>(size), [&](int64_t k) {
          return b(k) == a(k) * Rational(k % 2 ? -sign : sign);
        }))
      return sign;
  return 0;
}

void LinearProgram::buildByRows(const RationalMatrix &matrix) {
  outputs.assign(matrix.getRows(), -1);
  for (int64_t row = 0; row < matrix.getRows(); ++row) {
    if (outputs[row] >= 0)
      continue;
    // Terms of even and of odd inputs.
    std::vector<Term> halves[2];
    for (int64_t k = 0; k < inputs; ++k)
      if (!matrix.at(row, k).isZero())
        halves[k % 2].push_back({matrix.at(row, k), k});
    int64_t mirror = -1;
    int sign = 0;
    if (!halves[0].empty() && !halves[1].empty())
      for (int64_t other = row + 1; other < matrix.getRows() && !sign;
           ++other) {
        sign = getMirrorSign(
            inputs, [&](int64_t k) { return matrix.at(row, k); },
            [&](int64_t k) { return matrix.at(other, k); });
        mirror = other;
      }
    if (!sign) {
      halves[0].insert(halves[0].end(), halves[1].begin(), halves[1].end());
      outputs[row] = addSum(halves[0]);
      continue;
    }
    // The last coefficient of a half is taken out of it where what remains is
    // exact.
    Rational factors[2] = {1, 1};
    int64_t sums[2];
    for (int half : {0, 1}) {
      Rational factor = halves[half].back().coefficient;
      if (llvm::all_of(halves[half], [&](const Term &term) {
            return (term.coefficient / factor).isFloat();
          })) {
        factors[half] = factor;
        for (Term &term : halves[half])
          term.coefficient = term.coefficient / factor;
      }
      sums[half] = addSum(halves[half]);
    }
    // The half without a factor is what the other is added to.
    int base = factors[0] == Rational(1) ? 0 : 1;
    if (factors[base] != Rational(1))
      sums[base] = addStep(factors[base], sums[base]);
    int other = 1 - base;
    outputs[row] = addStep(factors[other], sums[other], sums[base]);
    // s (e - o): the odd half changes its sign for s = 1, the even one for -1.
    int changed = sign == 1 ? 1 : 0;
    outputs[mirror] =
        changed == other
            ? addStep(-factors[other], sums[other], sums[base])
            : addStep(-1, sums[base], addStep(factors[other], sums[other]));
  }
}

void LinearProgram::buildByColumns(const RationalMatrix &matrix) {
  // The terms of each row, in sums and differences where columns mirror each
  // other.
  std::vector<std::vector<Term>> rows(matrix.getRows());
  std::vector<bool> done(inputs, false);
  for (int64_t column = 0; column < inputs; ++column) {
    if (done[column])
      continue;
    int64_t mirror = -1;
    for (int64_t other = column + 1; other < inputs && mirror < 0; ++other)
      if (!done[other] &&
          getMirrorSign(
              matrix.getRows(), [&](int64_t i) { return matrix.at(i, column); },
              [&](int64_t i) { return matrix.at(i, other); }) == 1)
        mirror = other;
    bool both[2] = {false, false};
    for (int64_t i = 0; i < matrix.getRows(); ++i)
      both[i % 2] |= !matrix.at(i, column).isZero();
    if (mirror < 0 || !both[0] || !both[1]) {
      for (int64_t i = 0; i < matrix.getRows(); ++i)
        rows[i].push_back({matrix.at(i, column), column});
      continue;
    }
    done[mirror] = true;
    int64_t halves[2] = {addStep(1, mirror, column),
                         addStep(-1, mirror, column)};
    for (int64_t i = 0; i < matrix.getRows(); ++i)
      rows[i].push_back({matrix.at(i, column), halves[i % 2]});
  }
  for (std::vector<Term> &row : rows)
    outputs.push_back(addSum(std::move(row)));
}

RationalMatrix LinearProgram::getMatrix() const {
  std::vector<std::vector<Rational>> values;
  for (int64_t k = 0; k < inputs; ++k) {
    values.emplace_back(inputs);
    values.back()[k] = 1;
  }
  for (const Step &step : steps) {
    std::vector<Rational> value(inputs);
    for (int64_t k = 0; k < inputs; ++k) {
      value[k] = step.coefficient * values[step.left][k];
      if (step.right >= 0)
        value[k] = value[k] + values[step.right][k];
    }
    values.push_back(std::move(value));
  }
  RationalMatrix matrix(getOutputs(), inputs);
  for (auto [i, output] : llvm::enumerate(outputs))
    for (int64_t k = 0; k < inputs; ++k)
      matrix.at(i, k) = values[output][k];
  return matrix;
}

std::vector<std::vector<double>> LinearProgram::getErrorWeights() const {
  // Of each value: its exact coefficients, and the weights of its error.
  struct Bound {
    std::vector<Rational> coefficients;
    std::vector<double> errors;
  };
  std::vector<Bound> values;
  for (int64_t k = 0; k < inputs; ++k) {
    values.push_back(
        {std::vector<Rational>(inputs), std::vector<double>(inputs, 0.0)});
    values.back().coefficients[k] = 1;
  }
  for (const Step &step : steps) {
    Bound value = {std::vector<Rational>(inputs),
                   std::vector<double>(inputs, 0.0)};
    double factor = step.coefficient.getMagnitude().toDouble();
    for (int64_t k = 0; k < inputs; ++k) {
      const Bound &left = values[step.left];
      Rational exact = step.coefficient * left.coefficients[k];
      double error = factor * left.errors[k];
      auto round = [&] {
        error += unitRoundoff * (exact.getMagnitude().toDouble() + error);
      };
      if (!step.coefficient.isPowerOfTwo())
        round();
      if (step.right >= 0) {
        exact = exact + values[step.right].coefficients[k];
        error += values[step.right].errors[k];
        // The sum's rounding is relative to the sum of all inputs' parts: at
        // most the sum of their magnitudes.
        round();
      }
      value.coefficients[k] = exact;
      value.errors[k] = error;
    }
    values.push_back(std::move(value));
  }
  std::vector<std::vector<double>> weights;
  for (int64_t output : outputs)
    weights.push_back(values[output].errors);
  return weights;
}

SmallVector<Value> LinearProgram::emit(KernelBuilder &kernel,
                                       ArrayRef<Value> arguments) const {
  assert(static_cast<int64_t>(arguments.size()) == inputs);
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  SmallVector<Value> values(arguments);
  for (const Step &step : steps) {
    Value left = values[step.left];
    Value right = step.right >= 0 ? values[step.right] : Value();
    Rational size = step.coefficient.getMagnitude();
    bool negative = step.coefficient.isNegative();
    Value result;
    if (size == Rational(1) && right && negative) {
      result = arith::SubFOp::create(builder, location, right, left);
    } else if (size == Rational(1) && right) {
      result = arith::AddFOp::create(builder, location, right, left);
    } else {
      // Negated operands are a part of the fused instruction.
      if (negative)
        left = arith::NegFOp::create(builder, location, left);
      Value factor = kernel.floatConstant(static_cast<float>(size.toDouble()),
                                          left.getType());
      if (right)
        result = kernel.multiplyAdd(left, factor, right);
      else if (size == Rational(1))
        result = left;
      else
        result = arith::MulFOp::create(builder, location, left, factor);
    }
    values.push_back(result);
  }
  return llvm::map_to_vector(outputs,
                             [&](int64_t output) { return values[output]; });
}
