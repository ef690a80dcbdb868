// Weights made from a seed.
//
// h = FNV-1a(key) xor seed; element i takes the (i+1)-th number of the
// splitmix64 sequence that starts at h, of which the upper 24 bits make u in
// [-1, 1), exact in f32. The values:
//
//   filter    u * sqrt(6 / fan_in)   keeps the variance of the activations
//   through layers with ReLU scale     1 + 0.1 u              bias, mean  0.1 u
//   variance  1 + 0.5 u              slope       0.25 + 0.1 u
//
// Pruning by magnitude makes a filter's weights with |u| <= sparsity zero.
//
// Sources: Fowler, Noll, Vo, draft-eastlake-fnv (offset basis and prime of 64
// bits); Steele, Lea, Flood 2014, Fast splittable pseudorandom number
// generators, doi:10.1145/2660193.2660195 (splitmix64); He et al. 2015,
// arXiv:1502.01852 (the bound); Han et al. 2015, Learning both weights and
// connections for efficient neural networks, arXiv:1506.02626 (pruning).

#include "compiler/Frontend/RandomWeights.h"

#include <cmath>

namespace toeplitz {

static uint64_t hashKey(llvm::StringRef key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : key)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

/// The finaliser of splitmix64, and its upper bits as a number in [-1, 1).
static float uniform(uint64_t state) {
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  state ^= state >> 31;
  return static_cast<float>(state >> 40) * 0x1p-23f - 1.0f;
}

void fillRandomWeights(llvm::MutableArrayRef<float> values, llvm::StringRef key,
                       int64_t seed, WeightRole role, double fanIn,
                       double sparsity) {
  float center = 0, range = 0;
  switch (role) {
  case WeightRole::Filter:
    range = static_cast<float>(std::sqrt(6.0 / fanIn));
    break;
  case WeightRole::Scale:
    center = 1.0f;
    range = 0.1f;
    break;
  case WeightRole::Bias:
  case WeightRole::Mean:
    range = 0.1f;
    break;
  case WeightRole::Slope:
    center = 0.25f;
    range = 0.1f;
    break;
  case WeightRole::Variance:
    center = 1.0f;
    range = 0.5f;
    break;
  }
  constexpr uint64_t goldenRatio = 0x9E3779B97F4A7C15;
  uint64_t state = hashKey(key) ^ static_cast<uint64_t>(seed);
  for (float &value : values) {
    state += goldenRatio;
    // Two statements, so that the product is rounded before the sum (no fused
    // multiply-add): the same bits on every machine.
    float number = uniform(state);
    float product = range * number;
    value = center + product;
    if (role == WeightRole::Filter && std::fabs(number) <= sparsity)
      value = 0;
  }
}

} // namespace toeplitz
