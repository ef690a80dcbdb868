#include "compiler/Transforms/Phases.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <numeric>

using namespace llvm;

namespace toeplitz {

/// The remainder that is at least 0.
static int64_t modulo(int64_t value, int64_t divisor) {
  return llvm::mod(value, divisor);
}

SmallVector<Phase> getStridePhases(const SpatialDimension &dimension) {
  // One output needs no stride.
  int64_t stride = dimension.outputs == 1 ? 1 : dimension.stride;
  int64_t common = std::gcd(stride, dimension.dilation);
  int64_t step = stride / common;
  SmallVector<Phase> phases;
  for (int64_t first = 0; first < std::min(dimension.kernel, step); ++first) {
    int64_t reach = first * dimension.dilation - dimension.paddingLow;
    Phase phase;
    phase.inputOffset = modulo(reach, stride);
    phase.inputStride = stride;
    phase.taps = divideCeil(dimension.kernel - first, step);
    phase.firstTap = first;
    phase.tapStep = step;
    phase.dilation = dimension.dilation / common;
    phase.paddingLow = -divideFloorSigned(reach, stride);
    phase.outputs = dimension.outputs;
    phases.push_back(phase);
  }
  return phases;
}

SmallVector<Phase> getDilationPhases(const SpatialDimension &dimension) {
  // One tap needs no dilation.
  int64_t dilation = dimension.kernel == 1 ? 1 : dimension.dilation;
  int64_t common = std::gcd(dimension.stride, dilation);
  int64_t step = dilation / common;
  SmallVector<Phase> phases;
  for (int64_t r = 0; r < std::min(step, dimension.outputs); ++r) {
    int64_t reach = r * dimension.stride - dimension.paddingLow;
    Phase phase;
    phase.inputOffset = modulo(reach, dilation);
    phase.inputStride = dilation;
    phase.taps = dimension.kernel;
    phase.stride = dimension.stride / common;
    phase.paddingLow = -divideFloorSigned(reach, dilation);
    phase.outputOffset = r;
    phase.outputStride = step;
    phase.outputs = divideCeil(dimension.outputs - r, step);
    phases.push_back(phase);
  }
  return phases;
}

SmallVector<Phase> getTransposedPhases(const SpatialDimension &dimension) {
  int64_t stride = dimension.stride, dilation = dimension.dilation;
  int64_t common = std::gcd(stride, dilation);
  int64_t step = stride / common;
  SmallVector<Phase> phases;
  for (int64_t r = 0; r < std::min(stride, dimension.outputs); ++r) {
    Phase phase;
    phase.outputOffset = r;
    phase.outputStride = stride;
    phase.outputs = divideCeil(dimension.outputs - r, stride);
    phase.dilation = dilation / common;
    // The smallest tap whose reach agrees with the phase; at most `step`
    // candidates are different.
    int64_t candidates = std::min(step, dimension.kernel), first = 0;
    while (first < candidates &&
           (r + dimension.paddingLow - first * dilation) % stride != 0)
      ++first;
    if (first < candidates) {
      phase.taps = divideCeil(dimension.kernel - first, step);
      // In reverse: the last tap reads the input position that comes first.
      phase.firstTap = first + (phase.taps - 1) * step;
      phase.tapStep = -step;
      int64_t base = (r + dimension.paddingLow - first * dilation) / stride;
      phase.paddingLow = (phase.taps - 1) * phase.dilation - base;
    }
    phases.push_back(phase);
  }
  return phases;
}

CutPhase cutInput(Phase phase, int64_t input) {
  CutPhase cut;
  int64_t positions =
      phase.inputOffset < input
          ? divideCeil(input - phase.inputOffset, phase.inputStride)
          : 0;
  int64_t span = (phase.outputs - 1) * phase.stride;
  // Tap j reads from `first` to `first + span`, some of it if the stride is
  // larger than 1.
  auto first = [&](int64_t j) { return j * phase.dilation - phase.paddingLow; };
  auto readsInput = [&](int64_t j) {
    int64_t output =
        std::max<int64_t>(0, divideCeilSigned(-first(j), phase.stride));
    return output < phase.outputs &&
           first(j) + output * phase.stride < positions;
  };
  while (phase.taps > 0 && !readsInput(0)) {
    phase.paddingLow -= phase.dilation;
    phase.firstTap += phase.tapStep;
    --phase.taps;
  }
  while (phase.taps > 0 && !readsInput(phase.taps - 1))
    --phase.taps;
  if (phase.taps == 0 || positions == 0) {
    phase.taps = 0;
    cut.phase = phase;
    return cut;
  }
  int64_t begin = first(0), end = first(phase.taps - 1) + span + 1;
  int64_t from = std::max<int64_t>(begin, 0), to = std::min(end, positions);
  phase.paddingLow = from - begin;
  cut.phase = phase;
  cut.paddingHigh = end - to;
  cut.offset = phase.inputOffset + from * phase.inputStride;
  cut.size = to - from;
  return cut;
}

bool readsNothing(const Piece &piece) {
  return any_of(piece, [](const CutPhase &cut) { return cut.size <= 0; });
}

std::vector<Piece>
combinePhases(ArrayRef<SpatialDimension> dimensions,
              SmallVector<Phase> (*getPhases)(const SpatialDimension &)) {
  std::vector<Piece> pieces = {Piece()};
  for (const SpatialDimension &dimension : dimensions) {
    std::vector<Piece> extended;
    for (const Piece &piece : pieces)
      for (const Phase &phase : getPhases(dimension)) {
        extended.push_back(piece);
        extended.back().push_back(cutInput(phase, dimension.input));
      }
    pieces = std::move(extended);
  }
  std::vector<Piece> ordered;
  for (bool nothing : {false, true})
    for (const Piece &piece : pieces)
      if (readsNothing(piece) == nothing)
        ordered.push_back(piece);
  return ordered;
}

SmallVector<int64_t> locateTaps(ArrayRef<int64_t> layerKernel,
                                ArrayRef<int64_t> kernel,
                                ArrayRef<int64_t> firstTaps,
                                ArrayRef<int64_t> steps) {
  SmallVector<int64_t> taps = {0};
  for (size_t d = 0; d < layerKernel.size(); ++d) {
    SmallVector<int64_t> extended;
    for (int64_t tap : taps)
      for (int64_t j = 0; j < kernel[d]; ++j)
        extended.push_back(tap * layerKernel[d] + firstTaps[d] + j * steps[d]);
    taps = std::move(extended);
  }
  return taps;
}

void gatherRows(ArrayRef<float> filter, int64_t layerTaps,
                ArrayRef<int64_t> taps, function_ref<int64_t(int64_t)> rowOf,
                MutableArrayRef<float> gathered) {
  float *next = gathered.data();
  for (int64_t row = 0, rows = filter.size() / layerTaps; row < rows; ++row)
    for (int64_t tap : taps)
      *next++ = filter[rowOf(row) * layerTaps + tap];
}

int64_t getTransposedRow(int64_t row, int64_t groupInputs,
                         int64_t groupOutputs) {
  int64_t output = row / groupInputs, input = row % groupInputs;
  int64_t group = output / groupOutputs;
  return (group * groupInputs + input) * groupOutputs + output % groupOutputs;
}

} // namespace toeplitz
