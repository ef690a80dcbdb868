#include "tools/toeplitz/CheckEquivariance.h"
#include "dialects/Kernel/KernelDialect.h"

#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <limits>

using namespace toeplitz;

namespace {

/// A tensor as [outer][axis][inner], `inner` in bytes.
struct AxisView {
  AxisView(const TensorValues &values, int64_t dimension)
      : size(values.shape[dimension]) {
    int64_t count = values.getCount();
    for (int64_t length : llvm::ArrayRef(values.shape).take_front(dimension))
      outer *= length;
    elementSize = count ? values.bytes.size() / count : 0;
    inner = count ? values.bytes.size() / (outer * size) : 0;
  }

  size_t getOffset(int64_t o, int64_t position) const {
    return (o * size + position) * inner;
  }

  int64_t outer = 1;
  int64_t size;
  int64_t inner = 0;
  int64_t elementSize = 0;
};

int64_t floorModulo(int64_t value, int64_t modulus) {
  int64_t rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}

/// Position j of the result is position j - shift of `values` where `takes(j)`,
/// modulo the size, and that of `entering` elsewhere.
TensorValues shiftPositions(const TensorValues &values, int64_t dimension,
                            int64_t shift, TensorValues entering,
                            llvm::function_ref<bool(int64_t)> takes) {
  AxisView view(values, dimension);
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t j = 0; j < view.size; ++j)
      if (takes(j))
        std::copy_n(values.bytes.begin() +
                        view.getOffset(o, floorModulo(j - shift, view.size)),
                    view.inner, entering.bytes.begin() + view.getOffset(o, j));
  return entering;
}

/// Compares elements; those of other types than float32 differ or don't.
void compareElements(const TensorValues &a, size_t offsetA,
                     const TensorValues &b, size_t offsetB, int64_t bytes,
                     int64_t elementSize, EquivarianceCheck &check) {
  for (int64_t i = 0; i < bytes; i += elementSize) {
    const char *first = a.bytes.data() + offsetA + i;
    const char *second = b.bytes.data() + offsetB + i;
    ++check.elements;
    if (std::memcmp(first, second, elementSize) == 0)
      continue;
    ++check.differing;
    double difference = std::numeric_limits<double>::infinity();
    if (a.type == TOEPLITZ_FLOAT32) {
      float x, y;
      std::memcpy(&x, first, sizeof(x));
      std::memcpy(&y, second, sizeof(y));
      if (!std::isnan(x) && !std::isnan(y))
        difference = std::abs(double(x) - double(y));
    }
    check.largestDifference = std::max(check.largestDifference, difference);
  }
}

double getLargest(const TensorValues &values) {
  double largest = 0;
  if (values.type == TOEPLITZ_FLOAT32)
    for (size_t i = 0; i < values.bytes.size(); i += sizeof(float)) {
      float x;
      std::memcpy(&x, values.bytes.data() + i, sizeof(x));
      largest = std::max(largest, std::abs(double(x)));
    }
  return largest;
}

class Checker {
public:
  Checker(LoadedNetwork &network, const EquivarianceClaims &claims,
          const EquivarianceCheckOptions &options)
      : network(network), claims(claims), options(options),
        signature(readSignature(network)) {}

  llvm::LogicalResult checkAll() {
    for (size_t axis = 0; axis < claims.axes.size(); ++axis)
      for (const EquivarianceClaim &claim : claims.axes[axis].outputs) {
        if (claim.facts.kind != ShiftState::Equivariant &&
            claim.facts.kind != ShiftState::Invariant)
          continue;
        for (int64_t shift : chooseShifts(claims.axes[axis], claim.facts))
          if (failed(check(axis, claim, shift)))
            return llvm::failure();
      }
    return llvm::success();
  }

  std::vector<EquivarianceCheck> checks;

private:
  /// The smallest shift in both directions, and one that goes half as far as
  /// it can.
  llvm::SmallVector<int64_t> chooseShifts(const AxisEquivariance &axis,
                                          const ShiftFacts &facts) const {
    int64_t most = (axis.size - 1) / facts.inputStep;
    if (facts.contents)
      most = std::min(most, (facts.contents->getSize() - 1) / facts.inputStep);
    else if (facts.kind == ShiftState::Equivariant && !facts.wraps &&
             !facts.isCyclic)
      most = std::min(most, (facts.positions.getSize() - 1) / facts.outputStep);
    llvm::SmallVector<int64_t> shifts = {facts.inputStep, -facts.inputStep};
    if (most / 2 > 1)
      shifts.push_back(most / 2 * facts.inputStep);
    return shifts;
  }

  /// The inputs before and after the shift.
  std::pair<std::vector<TensorValues>, std::vector<TensorValues>>
  makeInputs(const AxisEquivariance &axis, const ShiftFacts &facts,
             int64_t shift) const {
    std::vector<TensorValues> before, after;
    for (const TensorSignature &input : signature.inputs)
      before.push_back(makeRandomValues(input, options.seed));
    after = before;
    bool rolls = facts.wraps || facts.isCyclic;
    for (size_t input : axis.inputs) {
      const TensorSignature &tensor = signature.inputs[input];
      TensorValues entering = makeRandomValues(tensor, options.seed + 1);
      TensorValues zeros(entering.type, entering.shape);
      if (facts.contents) {
        PositionRange range = *facts.contents;
        (shift > 0 ? range.end : range.begin) -= shift;
        before[input] = shiftPositions(
            before[input], axis.dimension, 0, zeros,
            [&](int64_t j) { return j >= range.begin && j < range.end; });
        entering = zeros;
      }
      after[input] = shiftPositions(
          before[input], axis.dimension, shift, entering, [&](int64_t j) {
            return rolls || (j - shift >= 0 && j - shift < axis.size);
          });
    }
    return {std::move(before), std::move(after)};
  }

  llvm::LogicalResult check(size_t axisIndex, const EquivarianceClaim &claim,
                            int64_t shift) {
    const AxisEquivariance &axis = claims.axes[axisIndex];
    auto [before, after] = makeInputs(axis, claim.facts, shift);
    auto first = runNetwork(network, before);
    if (failed(first))
      return llvm::failure();
    auto second = runNetwork(network, after);
    if (failed(second))
      return llvm::failure();

    EquivarianceCheck check;
    check.axis = axisIndex;
    check.output = claim.output;
    check.shift = shift;
    check.isExact = claim.facts.roundsAlike && options.convolutionsRoundAlike;
    const TensorValues &y = (*first)[claim.output];
    check.largestOutput = getLargest(y);
    compare(claim.facts, shift, y, (*second)[claim.output], check);
    check.holds = check.isExact
                      ? check.differing == 0
                      : check.largestDifference <=
                            options.relativeTolerance * check.largestOutput +
                                options.absoluteTolerance;
    checks.push_back(check);
    return llvm::success();
  }

  void compare(const ShiftFacts &facts, int64_t shift, const TensorValues &y,
               const TensorValues &shifted, EquivarianceCheck &check) const {
    if (facts.kind == ShiftState::Invariant) {
      int64_t count = y.getCount();
      check.positions = 0;
      compareElements(y, 0, shifted, 0, y.bytes.size(),
                      count ? y.bytes.size() / count : 1, check);
      return;
    }
    AxisView view(y, facts.dimension);
    PositionRange range = facts.positions;
    range.begin = std::max<int64_t>(range.begin - options.widening, 0);
    range.end = std::min(range.end + options.widening, view.size);
    int64_t motion = shift / facts.inputStep * facts.outputStep;
    bool isPeriodic = facts.wraps || facts.isCyclic;
    for (int64_t i = range.begin; i < range.end; ++i)
      for (int64_t j = range.begin; j < range.end; ++j) {
        int64_t distance = i - motion - j;
        if (isPeriodic ? distance % facts.period != 0 : distance != 0)
          continue;
        ++check.positions;
        for (int64_t o = 0; o < view.outer; ++o)
          compareElements(y, view.getOffset(o, j), shifted,
                          view.getOffset(o, i), view.inner, view.elementSize,
                          check);
      }
  }

  LoadedNetwork &network;
  const EquivarianceClaims &claims;
  const EquivarianceCheckOptions &options;
  Signature signature;
};

} // namespace

llvm::FailureOr<std::vector<EquivarianceCheck>>
toeplitz::checkEquivariance(LoadedNetwork &network,
                            const EquivarianceClaims &claims,
                            const EquivarianceCheckOptions &options) {
  Checker checker(network, claims, options);
  if (failed(checker.checkAll()))
    return llvm::failure();
  return std::move(checker.checks);
}

bool toeplitz::convolutionsRoundAlike(mlir::ModuleOp module) {
  // Each sums its products over taps and channels in one order. Transforms
  // don't: what a position of a tile is computed from depends on its place.
  static const llvm::StringLiteral alike[] = {"direct", "im2col", "pointwise",
                                              "depthwise", "filter-toeplitz"};
  bool all = true;
  module.walk([&](kernel::ConvOp conv) {
    all &= llvm::is_contained(alike, conv.getAlgorithm().split(':').first);
  });
  return all;
}

llvm::FailureOr<std::vector<EquivarianceCheck>>
toeplitz::testEquivariance(llvm::StringRef path, Compilation &compilation,
                           const CompilationOptions &compilationOptions,
                           const EquivarianceClaims &claims,
                           EquivarianceCheckOptions options, int threads) {
  auto network = openNetwork(path, compilationOptions, threads);
  if (!network || failed(compilation.advanceTo(Stage::Schedule)))
    return llvm::failure();
  options.convolutionsRoundAlike =
      convolutionsRoundAlike(compilation.getModule());
  return checkEquivariance(*network, claims, options);
}

std::string toeplitz::describeCheck(const EquivarianceCheck &check,
                                    const EquivarianceClaims &claims) {
  const AxisEquivariance &axis = claims.axes[check.axis];
  const EquivarianceClaim &claim = axis.outputs[check.output];
  bool isInvariant = claim.facts.kind == ShiftState::Invariant;
  std::string text =
      llvm::formatv("dimension {0} by {1}: output '{2}': ", axis.dimension,
                    check.shift, claim.name);
  if (!isInvariant)
    text += llvm::formatv("{0} positions, ", check.positions);
  text += llvm::formatv("{0} elements, ", check.elements);
  text += check.differing == 0
              ? std::string("all the same")
              : llvm::formatv("{0} differ, by at most {1:e2} (the largest is "
                              "{2:e2})",
                              check.differing, check.largestDifference,
                              check.largestOutput)
                    .str();
  text += check.holds ? ": holds" : ": DOES NOT HOLD";
  return text + (check.isExact ? ", to the bit" : ", within the tolerance");
}
