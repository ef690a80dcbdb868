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

double toeplitz::estimateFilterWait(const FilterStream &stream,
                                    double computeCycles,
                                    kernel::TargetAttr target) {
  if (!isStreamed(stream.bytes, target))
    return 0;
  // Cycles for a byte that comes from memory: of a filter that is read once, in
  // order; and of one that a tile waits for, which reads it while it computes.
  // (Measured on one core of Emerald Rapids, in chains of layers that are
  // larger together than the third level: 0.19 and 0.3.)
  constexpr double streamed = 0.19, awaited = 0.3;
  if (stream.tiles == 1)
    return std::max(0.0, streamed * stream.bytes - computeCycles);
  // (Where it is asked for before, what is left are the first block and the
  // requests.)
  constexpr double requested = 0.07;
  if (asksAhead(stream, target))
    return std::max(requested * stream.bytes,
                    streamed * stream.bytes - computeCycles);
  return awaited * stream.bytes;
}
