// The division of bf16x3 into tasks.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16TASKS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16TASKS_H

#include "compiler/Algorithms/SplitBfloat16Plan.h"

namespace toeplitz {

/// Splitting and storing 16 numbers, and bias, activation and store of a vector
/// of the result: both wait for the caches. (Measured on Emerald Rapids, 9 to
/// 15 in layers of 56 x 56 to 14 x 14.)
constexpr double splitVectorCycles = 10;

/// Chooses the panels and the parts of the output channels of a plan whose
/// panels are as large as the cache allows. Few positions with many channels
/// are divided by channels, so that a thread reads a part of the filter; many
/// positions by positions, so that it converts what it needs itself.
void divideIntoTasks(SplitBfloat16Plan &plan, kernel::TargetAttr target);

} // namespace toeplitz

#endif
