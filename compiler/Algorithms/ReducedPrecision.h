// Numbers of fewer significant bits than f32's: TF32, bfloat16, half precision.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_REDUCEDPRECISION_H
#define TOEPLITZ_COMPILER_ALGORITHMS_REDUCEDPRECISION_H

#include "dialects/Kernel/KernelDialect.h"

#include <cstdint>

namespace toeplitz {

/// Half a unit in the last place, relative: 2^-p with p significant bits, 24 of
/// f32, 11 of TF32 and f16, 8 of bf16.
double getUnitRoundoff(kernel::Precision precision);

/// The largest finite number.
double getLargestNumber(kernel::Precision precision);

/// The bits of a number that is rounded to the nearest of the precision: a
/// whole word of TF32 (of two nearest the one farther from zero, as
/// cvt.rna.tf32 of PTX), the lower half of a word for bf16 and f16 (the even
/// one). What is beyond the largest number becomes an infinity.
uint32_t roundToPrecision(float number, kernel::Precision precision);

uint16_t roundToBfloat16(float number);
float fromBfloat16(uint16_t number);

} // namespace toeplitz

#endif
