#include "compiler/Algorithms/ReducedPrecision.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/ErrorHandling.h"

#include <cmath>
#include <limits>

using namespace toeplitz;
using kernel::Precision;

double toeplitz::getUnitRoundoff(Precision precision) {
  switch (precision) {
  case Precision::F32:
    return std::ldexp(1.0, -24);
  case Precision::TF32:
  case Precision::F16:
    return std::ldexp(1.0, -11);
  case Precision::BF16:
    return std::ldexp(1.0, -8);
  }
  llvm_unreachable("every precision has a unit roundoff");
}

double toeplitz::getLargestNumber(Precision precision) {
  // (TF32 and bf16 have f32's exponents; what they round up to infinity is at
  // the end of its range.)
  return precision == Precision::F16 ? 65504.0
                                     : std::numeric_limits<float>::max();
}

uint16_t toeplitz::roundToBfloat16(float number) {
  auto bits = llvm::bit_cast<uint32_t>(number);
  if (std::isnan(number))
    return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

float toeplitz::fromBfloat16(uint16_t number) {
  return llvm::bit_cast<float>(static_cast<uint32_t>(number) << 16);
}

static uint32_t roundToTf32(float number) {
  auto bits = llvm::bit_cast<uint32_t>(number);
  if (std::isnan(number))
    return 0x7fffffff;
  // Half of the 13 bits that go away; a carry moves on into the exponent.
  return (bits + 0x1000) & ~0x1fffu;
}

static uint32_t roundToHalf(float number) {
  auto bits = llvm::bit_cast<uint32_t>(number);
  uint32_t sign = (bits >> 16) & 0x8000, magnitude = bits & 0x7fffffff;
  if (std::isnan(number))
    return sign | 0x7e00;
  // 65520, between the largest number and the next power of two.
  if (magnitude >= 0x477ff000)
    return sign | 0x7c00;
  // Below 2^-14 numbers are multiples of 2^-24, as f32 numbers near 0.5 are.
  if (magnitude < 0x38800000) {
    float shifted = llvm::bit_cast<float>(magnitude) + 0.5f;
    return sign | (llvm::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  // The exponent counts from 15 instead of 127; 13 bits go away.
  uint32_t rebased = magnitude - (112u << 23);
  return sign | ((rebased + 0xfff + ((rebased >> 13) & 1)) >> 13);
}

uint32_t toeplitz::roundToPrecision(float number, Precision precision) {
  switch (precision) {
  case Precision::F32:
    return llvm::bit_cast<uint32_t>(number);
  case Precision::TF32:
    return roundToTf32(number);
  case Precision::BF16:
    return roundToBfloat16(number);
  case Precision::F16:
    return roundToHalf(number);
  }
  llvm_unreachable("every precision rounds");
}
