// The scalar operations of arith and math, on many lanes at once: one operation
// on whole tensors, or an instruction of a compiled body (Program.h).
//
// Values are doubles and 64-bit integers, and every operation brings its result
// to its type: integers wrap around, f16 and bf16 are rounded. f32 is rounded
// as `Precision` says. Where upstream leaves the result open, it is:
//  - integer division by zero gives 0, as does the remainder;
//    the most negative integer divided by -1 gives itself;
//  - shifts by the width or more shift everything out;
//  - casts to integers saturate, and NaN becomes 0.

#ifndef TOEPLITZ_COMPILER_REFERENCE_ARITHMETIC_H
#define TOEPLITZ_COMPILER_REFERENCE_ARITHMETIC_H

#include "mlir/IR/Operation.h"

#include <functional>

namespace toeplitz::reference {

/// What becomes of f32 values.
enum class Precision {
  /// They keep a double's precision from operation to operation: the reference
  /// that errors are measured against. Operations that jump (comparisons, casts
  /// to integers, rounding to whole numbers) see them rounded to f32 all the
  /// same, so that they jump where the compiled network does.
  Oracle,
  /// Rounded by every operation.
  Typed,
};

/// Computes `count` lanes. Operands and results are arrays of double or int64_t
/// by their types, none of them the same.
using Kernel =
    std::function<void(llvm::ArrayRef<const void *> operands,
                       llvm::ArrayRef<void *> results, size_t count)>;

/// Null for an operation that is no scalar operation of arith or math, or of a
/// type that no network has.
Kernel findKernel(mlir::Operation *op, Precision precision);

/// The families of findKernel, one source file each.
Kernel findFloatKernel(mlir::Operation *op, Precision precision);
Kernel findIntegerKernel(mlir::Operation *op);
Kernel findConversionKernel(mlir::Operation *op);

} // namespace toeplitz::reference

#endif
