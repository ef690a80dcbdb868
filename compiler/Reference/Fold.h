// Constant folding with the evaluator: what a frontend uses to compute, while
// it imports, the parts of a network that are known (shape arithmetic, casts,
// dequantised weights).

#ifndef TOEPLITZ_COMPILER_REFERENCE_FOLD_H
#define TOEPLITZ_COMPILER_REFERENCE_FOLD_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Operation.h"

#include <optional>
#include <vector>

namespace toeplitz::reference {

/// Evaluates `operations`, which are in order and use nothing but each other
/// and results of arith.constant (in the list or outside of it), and returns
/// the value of each of `results`: a dense attribute, or, above 64 elements of
/// a floating type and above 1 KiB of integers that aren't all the same, a
/// resource of the context whose name starts with `name`. A scalar is an
/// IntegerAttr or FloatAttr.
///
/// Every operation rounds to its type, f32 too, as compiled code does: a chain
/// of f32 additions gives the same bits. Operations of `cnn` compute in double
/// precision and round their result.
///
/// Nothing, and no diagnostic, for operations that the evaluator doesn't know,
/// values that aren't known, and constants whose resource is absent.
std::optional<std::vector<mlir::Attribute>>
foldOperations(llvm::ArrayRef<mlir::Operation *> operations,
               mlir::ValueRange results, llvm::StringRef name = "folded");

} // namespace toeplitz::reference

#endif
