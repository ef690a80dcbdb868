// Tables for resizing: see ResizeTables.h. The formulas are those of ONNX's
// operator Resize, opset 19, attribute 'coordinate_transformation_mode'.

#include "compiler/Frontend/Onnx/ResizeTables.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include <algorithm>
#include <cmath>
#include <map>

namespace toeplitz {

ResizeDimension ResizeDimension::ofSizes(int64_t input, int64_t output) {
  ResizeDimension dimension;
  dimension.input = input;
  dimension.output = output;
  dimension.scale = static_cast<double>(output) / static_cast<double>(input);
  dimension.outputWidth = static_cast<double>(output);
  return dimension;
}

bool ResizeTable::isIdentity(int64_t input) const {
  if (!isOutside.empty() || static_cast<int64_t>(positions.size()) != input)
    return false;
  for (auto [index, taps] : llvm::enumerate(positions))
    if (taps.size() != 1 || taps[0].first != static_cast<int64_t>(index) ||
        std::abs(taps[0].second - 1) > 1e-6)
      return false;
  return true;
}

int64_t ResizeTable::getTapCount() const {
  size_t count = 1;
  for (const Taps &taps : positions)
    count = std::max(count, taps.size());
  return static_cast<int64_t>(count);
}

/// The coordinate of the input for position `o` of the result.
static double getCoordinate(CoordinateMode mode, const ResizeDimension &d,
                            int64_t o) {
  auto position = static_cast<double>(o);
  auto input = static_cast<double>(d.input);
  // The corners are those of the tensor that is there. (onnx.reference takes
  // the fractional width; PyTorch and ONNX Runtime don't.)
  auto output = static_cast<double>(d.output);
  // o * I / O is exact where it is a whole number; o / (O / I) may not be.
  auto toInput = [&](double x) { return x * input / d.outputWidth; };
  switch (mode) {
  case CoordinateMode::HalfPixel:
    return toInput(position + 0.5) - 0.5;
  case CoordinateMode::HalfPixelSymmetric: {
    // The centre of the input stands at the centre of the result.
    double adjustment = output / d.outputWidth;
    return input / 2 * (1 - adjustment) + toInput(position + 0.5) - 0.5;
  }
  case CoordinateMode::PytorchHalfPixel:
    return d.output > 1 ? toInput(position + 0.5) - 0.5 : 0;
  case CoordinateMode::AlignCorners:
    return d.output == 1 ? 0 : position * (input - 1) / (output - 1);
  case CoordinateMode::Asymmetric:
    return toInput(position);
  case CoordinateMode::TfHalfPixelForNn:
    return toInput(position + 0.5);
  case CoordinateMode::TfCropAndResize:
    return d.output == 1
               ? (d.roiStart + d.roiEnd) * (input - 1) / 2
               : d.roiStart * (input - 1) + position * (d.roiEnd - d.roiStart) *
                                                (input - 1) / (output - 1);
  }
  llvm_unreachable("a coordinate mode without a definition");
}

/// Scales are written in float32: 3 / 0.6 is to be 5, and 2.5 is to be in the
/// middle.
static double snapToHalves(double x) {
  double half = std::round(x * 2) / 2;
  return std::abs(x - half) <= 1e-6 * std::max(1.0, std::abs(x)) ? half : x;
}

static int64_t roundToNearest(NearestMode mode, double coordinate,
                              double scale) {
  double x = snapToHalves(coordinate);
  switch (mode) {
  case NearestMode::RoundPreferFloor:
    return static_cast<int64_t>(std::ceil(x - 0.5));
  case NearestMode::RoundPreferCeil:
    return static_cast<int64_t>(std::floor(x + 0.5));
  case NearestMode::Floor:
    return static_cast<int64_t>(std::floor(x));
  case NearestMode::Ceil:
    return static_cast<int64_t>(std::ceil(x));
  case NearestMode::ByScale:
    return static_cast<int64_t>(scale < 1 ? std::ceil(x) : std::floor(x));
  }
  llvm_unreachable("a rounding without a definition");
}

/// Source: Keys 1981, Cubic convolution interpolation for digital image
/// processing, equation 15; a is the paper's free parameter.
static double getCubicWeight(double distance, double a) {
  double x = std::abs(distance);
  if (x <= 1)
    return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2)
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

/// The elements around a coordinate and their weights, those outside of the
/// input included.
static ResizeTable::Taps makeTaps(const ResizeRule &rule, double coordinate,
                                  double scale) {
  // A filter that is to remove what the result can't show is as much wider as
  // the result is smaller.
  double narrowing = rule.antialias ? std::min(scale, 1.0) : 1.0;
  double reach = (rule.mode == ResizeMode::Cubic ? 2 : 1) / narrowing;
  double floor = std::floor(coordinate);
  double ratio = coordinate - floor;
  auto first = static_cast<int64_t>(std::floor(-reach)) + 1;
  ResizeTable::Taps taps;
  double sum = 0;
  for (int64_t i = first; i <= 1 - first; ++i) {
    double distance = (static_cast<double>(i) - ratio) * narrowing;
    double weight = rule.mode == ResizeMode::Cubic
                        ? getCubicWeight(distance, rule.cubicCoefficient)
                        : std::max(0.0, 1 - std::abs(distance));
    taps.push_back({static_cast<int64_t>(floor) + i, weight});
    sum += weight;
  }
  if (rule.antialias)
    for (auto &[index, weight] : taps)
      weight /= sum;
  return taps;
}

/// Weights of elements outside are those of the border, or nothing.
static ResizeTable::Taps limitTaps(const ResizeTable::Taps &taps, int64_t size,
                                   bool excludeOutside) {
  std::map<int64_t, double> weights;
  double kept = 0;
  for (auto [index, weight] : taps) {
    bool isOutside = index < 0 || index >= size;
    if (excludeOutside && isOutside)
      continue;
    kept += weight;
    weights[std::clamp<int64_t>(index, 0, size - 1)] += weight;
  }
  ResizeTable::Taps limited;
  for (auto [index, weight] : weights)
    if (std::abs(weight) > 1e-12)
      limited.push_back(
          {index, excludeOutside && kept != 0 ? weight / kept : weight});
  if (limited.empty())
    limited.push_back({0, 0});
  return limited;
}

ResizeTable makeResizeTable(const ResizeRule &rule,
                            const ResizeDimension &dimension) {
  ResizeTable table;
  bool hasOutside = false;
  llvm::SmallVector<bool> isOutside;
  for (int64_t o = 0; o < dimension.output; ++o) {
    double coordinate = getCoordinate(rule.coordinates, dimension, o);
    isOutside.push_back(
        rule.coordinates == CoordinateMode::TfCropAndResize &&
        (coordinate < 0 ||
         coordinate > static_cast<double>(dimension.input - 1)));
    hasOutside |= isOutside.back();
    // Far outside there is nothing but the border.
    coordinate = std::clamp<double>(coordinate, -1e9, 2e9);
    if (rule.mode == ResizeMode::Nearest) {
      int64_t nearest =
          roundToNearest(rule.nearest, coordinate, dimension.scale);
      table.positions.push_back(
          {{std::clamp<int64_t>(nearest, 0, dimension.input - 1), 1.0}});
      continue;
    }
    ResizeTable::Taps taps = makeTaps(rule, coordinate, dimension.scale);
    table.positions.push_back(
        limitTaps(taps, dimension.input, rule.excludeOutside));
  }
  if (hasOutside)
    table.isOutside = isOutside;
  return table;
}

bool areSame(const ResizeTable &a, const ResizeTable &b) {
  if (a.positions.size() != b.positions.size() || a.isOutside != b.isOutside)
    return false;
  for (auto [first, second] : llvm::zip_equal(a.positions, b.positions)) {
    std::map<int64_t, double> difference;
    for (auto [index, weight] : first)
      difference[index] += weight;
    for (auto [index, weight] : second)
      difference[index] -= weight;
    for (auto [index, weight] : difference)
      if (std::abs(weight) > 1e-6)
        return false;
  }
  return true;
}

} // namespace toeplitz
