// Filters that don't fit the second-level cache: what waiting for them costs,
// and when a kernel asks for them before it needs them.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_FILTERSTREAM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_FILTERSTREAM_H

#include "dialects/Kernel/KernelDialect.h"

namespace toeplitz {

/// A filter that is read block by block (of output channels), each by several
/// register tiles one after the other.
struct FilterStream {
  /// The whole filter, and one block.
  double bytes = 0, blockBytes = 0;
  /// The tiles that read a block before the next one is begun.
  int64_t tiles = 1;
};

/// Whether a filter of so many bytes comes from beyond the second-level cache
/// when its layer's turn comes.
bool isStreamed(double bytes, kernel::TargetAttr target);

/// Whether it is so much larger than that level that it most likely comes from
/// memory.
bool isFar(double bytes, kernel::TargetAttr target);

/// A core's share of the third-level cache, as measured on Zen 5, in bytes.
int64_t getThirdLevel(kernel::TargetAttr target);

/// Whether each tile should ask for a part of the next block's filter. Else the
/// first tile of a block waits for it, and memory waits during all others. Not
/// where the filter is at hand anyway, where there is one tile to a block or
/// very many, and where two blocks leave no room in the second-level cache.
bool asksAhead(const FilterStream &stream, kernel::TargetAttr target);

/// Cycles that a kernel of `computeCycles` waits for a filter that would stay
/// in the second-level cache, were it not for the other layers' filters: see
/// kernel.target's cold_filters. For filters that are transformed, and larger
/// for it; the others hide behind the products.
double estimateColdWait(double bytes, double computeCycles,
                        kernel::TargetAttr target);

/// A filter of matrices that are read one after the other: all of them, and
/// what is read of them in all; what else the kernel reads from beyond the
/// second-level cache meanwhile.
struct MatrixStream {
  double filterBytes, readBytes, otherBytes = 0;
};

/// Cycles that a kernel of `computeCycles` waits for a filter of matrices.
/// While one is multiplied, each tile asks for its share of the next, so that
/// memory is busy all the time.
double estimateMatrixWait(const MatrixStream &stream, double computeCycles,
                          kernel::TargetAttr target);

/// Cycles that a kernel waits for a filter of so many bytes when several tiles
/// read each block and none asks ahead.
double estimateFilterWait(double bytes, kernel::TargetAttr target);

/// Cycles that a kernel of `computeCycles` waits for a filter whose blocks are
/// read in `passes` each. The first one streams through what wasn't asked for
/// before; `requestedShare` was, in the other passes over the block before.
double estimateFilterWait(double bytes, double passes, double requestedShare,
                          double computeCycles, kernel::TargetAttr target);

/// Cycles that a kernel of `computeCycles` waits for its filter.
double estimateFilterWait(const FilterStream &stream, double computeCycles,
                          kernel::TargetAttr target);

} // namespace toeplitz

#endif
