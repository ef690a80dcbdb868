// f32 numbers as sums of bfloat16 numbers, in the code of a kernel.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16NUMBERS_H
#define TOEPLITZ_COMPILER_ALGORITHMS_SPLITBFLOAT16NUMBERS_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// The parts of a vector of 16 numbers: each is what the ones before leave,
/// rounded to the nearest bfloat16 number.
llvm::SmallVector<mlir::Value>
splitIntoBfloat16(KernelBuilder &kernel, mlir::Value numbers, int64_t parts);

/// A vector with zeros behind the first `count` lanes: what fills up a last
/// block of channels may be anything, and an infinity times a weight of zero
/// would be a NaN.
mlir::Value keepFirst(KernelBuilder &kernel, mlir::Value numbers,
                      int64_t count);

} // namespace toeplitz

#endif
