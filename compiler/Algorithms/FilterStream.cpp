// Filters that don't fit the second-level cache.

#include "compiler/Algorithms/FilterStream.h"

#include <algorithm>

using namespace toeplitz;

bool toeplitz::isStreamed(double bytes, kernel::TargetAttr target) {
  return bytes > static_cast<double>(target.getL2()) / 2;
}

bool toeplitz::isFar(double bytes, kernel::TargetAttr target) {
  return bytes > 4.0 * static_cast<double>(target.getL2());
}

int64_t toeplitz::getThirdLevel(kernel::TargetAttr target) {
  return 12 * target.getL2();
}

bool toeplitz::asksAhead(const FilterStream &stream,
                         kernel::TargetAttr target) {
  constexpr int64_t mostTiles = 32;
  return isStreamed(stream.bytes, target) && stream.blockBytes < stream.bytes &&
         2 * stream.blockBytes <= 0.75 * static_cast<double>(target.getL2()) &&
         stream.tiles >= 2 && stream.tiles <= mostTiles;
}

namespace {

/// What a byte from beyond the second-level cache costs, in cycles.
struct FarMemory {
  /// Read once, in order: of these the first while the core computes something
  /// else, the second whatever it does.
  double streamed, streamedAlone;
  /// Read again, from the third level.
  double streamedAgain;
  /// Read by several tiles, the first of which waits while it computes.
  double awaited;
  /// Asked for before: the first block and the requests.
  double requested;
  /// A filter that one tile streams through, from the third level.
  double cold;
  /// A matrix of a filter, asked for while the one before is multiplied: from
  /// the third level, and from memory; the products, of which so much hides
  /// what memory takes.
  double nearMatrix, farMatrix, hidingProducts;
  /// What else is read while they are multiplied, most of it from the third
  /// level.
  double besides;
};

} // namespace

/// Measured on chains of layers that are larger together than the third level.
static const FarMemory &getFarMemory(kernel::TargetAttr target) {
  // One core of Emerald Rapids; the matrices are eleven of ResNet-18's layers
  // of 128 to 512 channels by F(2, 3) to F(6, 3), in the network; what is read
  // besides are the transformed inputs of six of U-Net's and VGG-16's by F(4,
  // 3), 256 to 1024 channels.
  static constexpr FarMemory waiting = {0.19, 0,    0.19, 0.3,  0.07,
                                        0.16, 0.02, 0.02, 0.65, 0.1};
  // One core of Zen 5, which reads memory at 10 bytes a cycle.
  static constexpr FarMemory hiding = {0.11, 0.085, 0.11, 0.16, 0.02,
                                       0.11, 0,     0.01, 1,    0};
  // One core of Zen 3, which reads memory at 4 to 5 bytes a cycle and the third
  // level at 16; the matrices are ResNet-18's of 256 and 512 channels.
  static constexpr FarMemory narrow = {0.24, 0.2, 0.07, 0.3, 0.04,
                                       0.16, 0,   0.02, 1,   0};
  constexpr int64_t wideLanes = 16;
  if (!target.getHidesMemory())
    return waiting;
  return target.getLanes() < wideLanes ? narrow : hiding;
}

double toeplitz::estimateColdWait(double bytes, double computeCycles,
                                  kernel::TargetAttr target) {
  if (!target.getColdFilters() || isStreamed(bytes, target))
    return 0;
  return std::max(0.0, getFarMemory(target).cold * bytes - computeCycles);
}

double toeplitz::estimateFilterWait(double bytes, kernel::TargetAttr target) {
  return isStreamed(bytes, target) ? getFarMemory(target).awaited * bytes : 0;
}

double toeplitz::estimateMatrixWait(const MatrixStream &stream,
                                    double computeCycles,
                                    kernel::TargetAttr target) {
  auto [filterBytes, readBytes, otherBytes] = stream;
  if (!isStreamed(filterBytes, target))
    return 0;
  const FarMemory &memory = getFarMemory(target);
  if (!target.getHidesMemory())
    return std::max(memory.farMatrix * readBytes,
                    memory.streamed * readBytes + memory.besides * otherBytes -
                        memory.hidingProducts * computeCycles);
  // What stays in the third level is far when it is read for the first time.
  double farBytes = readBytes;
  if (!isFar(filterBytes, target))
    farBytes = 0;
  else if (filterBytes <= static_cast<double>(getThirdLevel(target)))
    farBytes = filterBytes;
  double exposed =
      farBytes * memory.farMatrix + (readBytes - farBytes) * memory.nearMatrix;
  // (A little more than was measured where both count: such filters are tens of
  // megabytes, which aren't worth a few percent.)
  double streamed = memory.streamed * farBytes +
                    memory.streamedAgain * (readBytes - farBytes);
  return exposed +
         std::max(0.0, streamed - memory.hidingProducts * computeCycles);
}

/// What isn't hidden of the shorter one of reading and computing: at least so
/// much tells apart what reads the same. (Measured on Emerald Rapids, with
/// filters from the third level, half of it. Where there are no tiles to
/// compute with, the products are most of what layers take.)
static double getExposed(double streamed, double computeCycles,
                         kernel::TargetAttr target) {
  constexpr double part = 0.2;
  return target.getAmx() ? part * std::min(streamed, computeCycles) : 0;
}

double toeplitz::estimateFilterWait(double bytes, double passes,
                                    double requestedShare, double computeCycles,
                                    kernel::TargetAttr target) {
  if (!isStreamed(bytes, target))
    return 0;
  double streamed = getFarMemory(target).streamed * bytes;
  double firstPass = streamed * (1 - requestedShare) - computeCycles / passes;
  return std::max({0.0, firstPass, streamed - computeCycles}) +
         getExposed(streamed, computeCycles, target);
}

double toeplitz::estimateFilterWait(const FilterStream &stream,
                                    double computeCycles,
                                    kernel::TargetAttr target) {
  if (!isStreamed(stream.bytes, target))
    return 0;
  const FarMemory &memory = getFarMemory(target);
  double read = memory.streamed * stream.bytes;
  double streamed = read - computeCycles;
  double exposed = getExposed(read, computeCycles, target);
  if (stream.tiles == 1)
    return std::max(memory.streamedAlone * stream.bytes, streamed) + exposed;
  if (asksAhead(stream, target))
    return std::max(memory.requested * stream.bytes, streamed) + exposed;
  return estimateFilterWait(stream.bytes, target);
}
