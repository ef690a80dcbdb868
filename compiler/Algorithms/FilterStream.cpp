// Filters that don't fit the second-level cache.

#include "compiler/Algorithms/FilterStream.h"

#include <algorithm>

using namespace toeplitz;

bool toeplitz::isStreamed(double bytes, kernel::TargetAttr target) {
  return bytes > static_cast<double>(target.getL2()) / 2;
}

bool toeplitz::asksAhead(const FilterStream &stream,
                         kernel::TargetAttr target) {
  constexpr int64_t mostTiles = 32;
  return isStreamed(stream.bytes, target) && stream.blockBytes < stream.bytes &&
         2 * stream.blockBytes <= 0.75 * static_cast<double>(target.getL2()) &&
         stream.tiles >= 2 && stream.tiles <= mostTiles;
}

double toeplitz::estimateColdWait(double bytes, double computeCycles,
                                  kernel::TargetAttr target) {
  // Cycles for a byte that is read once, from the third level. (Measured on 3x3
  // layers of 128 and 32 channels, 7x7, in a chain of 24.)
  constexpr double streamed = 0.16;
  if (!target.getColdFilters() || isStreamed(bytes, target))
    return 0;
  return std::max(0.0, streamed * bytes - computeCycles);
}

double toeplitz::estimateFilterWait(double bytes, kernel::TargetAttr target) {
  // Cycles for a byte that a tile waits for, which reads it while it computes.
  // (Measured on one core of Emerald Rapids, as below.)
  constexpr double awaited = 0.3;
  return isStreamed(bytes, target) ? awaited * bytes : 0;
}

double toeplitz::estimateFilterWait(const FilterStream &stream,
                                    double computeCycles,
                                    kernel::TargetAttr target) {
  if (!isStreamed(stream.bytes, target))
    return 0;
  // Cycles for a byte of a filter that is read once, in order. (Measured in
  // chains of layers that are larger together than the third level.)
  constexpr double streamed = 0.19;
  if (stream.tiles == 1)
    return std::max(0.0, streamed * stream.bytes - computeCycles);
  // (Where it is asked for before, what is left are the first block and the
  // requests.)
  constexpr double requested = 0.07;
  if (asksAhead(stream, target))
    return std::max(requested * stream.bytes,
                    streamed * stream.bytes - computeCycles);
  return estimateFilterWait(stream.bytes, target);
}
