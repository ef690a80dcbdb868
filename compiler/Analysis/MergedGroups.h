// When groups of channels are too small for a vector.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_MERGEDGROUPS_H
#define TOEPLITZ_COMPILER_ANALYSIS_MERGEDGROUPS_H

#include <cstdint>

namespace toeplitz {

/// How many groups of a convolution to merge into one dense, block-diagonal
/// group so that each merged group has whole vectors of input and output
/// channels: the least divisor of `groups` that does, or all groups. 1 for a
/// convolution without groups. `inChannels` and `outChannels` are those of all
/// groups, `lanes` the channels of a vector.
inline int64_t countMergedGroups(int64_t groups, int64_t inChannels,
                                 int64_t outChannels, int64_t lanes) {
  for (int64_t merged = 1; merged < groups; ++merged)
    if (groups % merged == 0 && merged * (inChannels / groups) % lanes == 0 &&
        merged * (outChannels / groups) % lanes == 0)
      return merged;
  return groups;
}

} // namespace toeplitz

#endif
