// What a typical value of a network is like: the mean and the variance of each
// channel.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_CHANNELMOMENTS_H
#define TOEPLITZ_COMPILER_ANALYSIS_CHANNELMOMENTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstddef>
#include <vector>

namespace toeplitz {

/// Mean and variance of the elements of a channel.
struct Moments {
  double mean = 0, variance = 0;
  /// The share of the elements that errors reach: zeros that a rectifier has
  /// made of negative numbers have none.
  double active = 1;

  /// The mean of its square.
  double getSquare() const { return mean * mean + variance; }
};

/// The moments of a tensor's elements over their positions, for each channel
/// (dimension 1). One entry alone stands for all channels: where they are
/// alike, where there is no dimension 1, and where it isn't known any more
/// which is which.
class ChannelMoments {
public:
  explicit ChannelMoments(size_t channels = 1, Moments all = {})
      : entries(channels, all) {}

  size_t size() const { return entries.size(); }
  /// The entry that stands for a channel.
  size_t getEntry(size_t channel) const { return size() == 1 ? 0 : channel; }
  const Moments &operator[](size_t channel) const {
    return entries[getEntry(channel)];
  }
  Moments &operator[](size_t channel) { return entries[getEntry(channel)]; }

  /// Those of all channels taken together: what the means differ by is part of
  /// the variance.
  Moments join() const;
  bool areFinite() const;

private:
  std::vector<Moments> entries;
};

/// A function of a normally distributed number.
struct FunctionMoments {
  Moments result;
  /// The means of the slope and of its square: the latter is what it makes of a
  /// small error's variance.
  double slope = 0, squaredSlope = 0;
};

/// By quadrature, slopes by differences between its nodes.
FunctionMoments applyToNormal(Moments argument,
                              llvm::function_ref<double(double)> function);

/// The largest of `count` independent numbers like `one`; `count` need not be
/// whole. They are normally distributed or, where not all of them are active,
/// what a rectifier makes of such numbers, moved to their mean.
Moments getLargestOfMany(Moments one, double count);

/// The larger one of two independent normally distributed numbers, and the
/// probability that it is the first. Source: Clark, The Greatest of a Finite
/// Set of Random Variables (Operations Research 9, 1961).
struct LargerOfTwo {
  Moments result;
  double probabilityOfFirst = 1;
};
LargerOfTwo getLargerOfNormals(Moments first, Moments second);

} // namespace toeplitz

#endif
