#include "compiler/Analysis/ChannelMoments.h"

#include "llvm/ADT/STLExtras.h"
#include <array>
#include <cmath>

using namespace toeplitz;

Moments ChannelMoments::join() const {
  double mean = 0, square = 0, active = 0;
  for (const Moments &entry : entries) {
    mean += entry.mean;
    square += entry.getSquare();
    active += entry.active;
  }
  auto count = static_cast<double>(size());
  mean /= count;
  return {mean, std::max(square / count - mean * mean, 0.0), active / count};
}

bool ChannelMoments::areFinite() const {
  return llvm::all_of(entries, [](const Moments &entry) {
    return std::isfinite(entry.getSquare());
  });
}

static double getDensity(double z) {
  return std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
}

static double getDistribution(double z) {
  return std::erfc(-z / std::sqrt(2.0)) / 2;
}

namespace {
/// Equidistant nodes, a tenth of a standard deviation apart: the trapezoidal
/// rule converges exponentially for smooth functions, and a bend between two
/// nodes makes an error of a thousandth.
struct Quadrature {
  static constexpr size_t count = 101;
  static constexpr double step = 0.1;

  std::array<double, count> nodes, weights;
  /// Of the intervals between neighbouring nodes.
  std::array<double, count - 1> intervalWeights;

  Quadrature() {
    for (size_t i = 0; i < count; ++i) {
      nodes[i] = step * (static_cast<double>(i) - (count - 1) / 2.0);
      weights[i] = step * getDensity(nodes[i]);
    }
    for (size_t i = 0; i + 1 < count; ++i)
      intervalWeights[i] =
          getDistribution(nodes[i + 1]) - getDistribution(nodes[i]);
  }
};

/// The mean of a power of the slope over an interval in which its mean is
/// `slope`: where that lies between those of the neighbouring intervals, the
/// slope changes from one to the other at some place. A rectifier's slope is 0
/// or 1 and nothing between, so that the mean of its square is no less than its
/// mean, and no more: errors of a few hundredths would add up over the layers
/// of a network.
struct BentSlope {
  double before, slope, after;

  /// The share of the interval that has the slope of the one before.
  double getFirstShare() const { return (after - slope) / (after - before); }
  template <typename Power> double getMean(Power power) const {
    if ((slope - before) * (after - slope) <= 0)
      return power(slope);
    double first = getFirstShare();
    return first * power(before) + (1 - first) * power(after);
  }
};
} // namespace

FunctionMoments
toeplitz::applyToNormal(Moments argument,
                        llvm::function_ref<double(double)> function) {
  static const Quadrature quadrature;
  constexpr size_t intervals = Quadrature::count - 1;
  // A number that doesn't vary has a slope all the same.
  double deviation = std::max(
      {std::sqrt(argument.variance), 1e-6 * std::fabs(argument.mean), 1e-30});
  FunctionMoments moments;
  double square = 0, previous = 0, fourthPower = 0;
  std::array<double, intervals> slopes;
  for (size_t i = 0; i < Quadrature::count; ++i) {
    double value = function(argument.mean + deviation * quadrature.nodes[i]);
    moments.result.mean += quadrature.weights[i] * value;
    square += quadrature.weights[i] * value * value;
    if (i > 0)
      slopes[i - 1] = (value - previous) / (deviation * Quadrature::step);
    previous = value;
  }
  for (size_t i = 0; i < intervals; ++i) {
    double weight = quadrature.intervalWeights[i];
    BentSlope bent = {slopes[i > 0 ? i - 1 : i], slopes[i],
                      slopes[i + 1 < intervals ? i + 1 : i]};
    moments.slope += weight * slopes[i];
    moments.squaredSlope +=
        weight * bent.getMean([](double slope) { return slope * slope; });
    fourthPower += weight * bent.getMean([](double slope) {
      return slope * slope * slope * slope;
    });
  }
  double mean = moments.result.mean;
  moments.result.variance =
      argument.variance > 0 ? std::max(square - mean * mean, 0.0) : 0.0;
  // (Of a rectifier, whose slopes are 0 and 1, the share of those of 1.)
  if (fourthPower > 0)
    moments.result.active =
        moments.squaredSlope * moments.squaredSlope / fourthPower;
  return moments;
}

/// Where the standard normal distribution has a value between 0 and 1; at most
/// six standard deviations away.
static double findQuantile(double value) {
  double low = -6, high = 6;
  for (int step = 0; step < 40; ++step) {
    double middle = (low + high) / 2;
    (getDistribution(middle) < value ? low : high) = middle;
  }
  return (low + high) / 2;
}

namespace {
/// The mean and the mean square of a number that isn't negative: the integrals
/// of the probability that it is more than z, and of that times 2 z.
struct TailIntegrals {
  double mean = 0, square = 0;

  void add(double z, double probability) {
    mean += probability;
    square += 2 * z * probability;
  }
  double getVariance() const { return square - mean * mean; }
};
} // namespace

Moments toeplitz::getLargestOfMany(Moments one, double count) {
  if (one.variance == 0)
    return one;
  double inactive = std::max(1 - one.active, 0.0);
  // What standard normal numbers are above `least`, or 0: one, and the largest.
  constexpr double step = 0.05, reach = 9;
  double least = findQuantile(inactive);
  TailIntegrals rectified, largest;
  for (double z = step / 2; least + z < reach; z += step) {
    double below = getDistribution(least + z);
    rectified.add(z, step * (1 - below));
    largest.add(z, step * (1 - std::pow(below, count)));
  }
  double unit = std::sqrt(one.variance / rectified.getVariance());
  return {one.mean + unit * (largest.mean - rectified.mean),
          unit * unit * largest.getVariance(), 1 - std::pow(inactive, count)};
}

LargerOfTwo toeplitz::getLargerOfNormals(Moments first, Moments second) {
  double deviation = std::sqrt(first.variance + second.variance);
  if (deviation == 0)
    return first.mean >= second.mean ? LargerOfTwo{first, 1}
                                     : LargerOfTwo{second, 0};
  double distance = (first.mean - second.mean) / deviation;
  double probability = getDistribution(distance);
  double density = deviation * getDensity(distance);
  double mean =
      first.mean * probability + second.mean * (1 - probability) + density;
  double square = first.getSquare() * probability +
                  second.getSquare() * (1 - probability) +
                  (first.mean + second.mean) * density;
  return {{mean, std::max(square - mean * mean, 0.0)}, probability};
}
