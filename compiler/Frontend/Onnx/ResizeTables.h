// Resizing along one dimension: which elements of the input each position of
// the result is made of.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_RESIZETABLES_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_RESIZETABLES_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <utility>

namespace toeplitz {

enum class ResizeMode { Nearest, Linear, Cubic };

/// How a position that lies between two elements is rounded.
enum class NearestMode {
  RoundPreferFloor,
  RoundPreferCeil,
  Floor,
  Ceil,
  /// Opset 10: up when the result is smaller than the input, else down.
  ByScale
};

/// Which coordinate of the input a position of the result stands for.
enum class CoordinateMode {
  HalfPixel,
  HalfPixelSymmetric,
  PytorchHalfPixel,
  AlignCorners,
  Asymmetric,
  TfHalfPixelForNn,
  TfCropAndResize
};

struct ResizeRule {
  ResizeMode mode = ResizeMode::Nearest;
  NearestMode nearest = NearestMode::RoundPreferFloor;
  CoordinateMode coordinates = CoordinateMode::HalfPixel;
  double cubicCoefficient = -0.75;
  bool excludeOutside = false;
  bool antialias = false;
};

/// One dimension: its sizes, and the part of it that is shown.
struct ResizeDimension {
  int64_t input = 1;
  int64_t output = 1;
  /// As the node states it; when it states the size, `output / input`.
  double scale = 1;
  /// scale * input, which may be fractional.
  double outputWidth = 1;
  double roiStart = 0;
  double roiEnd = 1;

  /// A dimension of which only the result's size is told.
  static ResizeDimension ofSizes(int64_t input, int64_t output);
};

struct ResizeTable {
  /// For each position of the result: elements of the input and their weights;
  /// no element twice, and none that weighs nothing.
  using Taps = llvm::SmallVector<std::pair<int64_t, double>, 4>;
  llvm::SmallVector<Taps> positions;
  /// Positions outside of the input, where 'extrapolation_value' stands; empty
  /// if there are none.
  llvm::SmallVector<bool> isOutside;

  bool isIdentity(int64_t input) const;
  /// The most taps that a position has.
  int64_t getTapCount() const;
};

ResizeTable makeResizeTable(const ResizeRule &rule,
                            const ResizeDimension &dimension);

/// Whether two tables say the same, up to what float32 can tell apart.
bool areSame(const ResizeTable &a, const ResizeTable &b);

} // namespace toeplitz

#endif
