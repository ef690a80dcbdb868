// Reductions over the elements of a row.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_REDUCTION_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_REDUCTION_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// What is reduced: `identity` is a scalar of any type; `step` adds the
/// elements from i on, `lanes` of them (one if 0), to an accumulator with as
/// many lanes; `merge` joins two accumulators.
struct Reduction {
  mlir::Value identity;
  llvm::function_ref<mlir::Value(mlir::Value accumulator,
                                 KernelBuilder::Index i, int64_t lanes)>
      step;
  llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> merge;
};

/// The reduction of elements 0 to length - 1, a scalar; in vectors unless
/// `lanes` is 0, the rest in shorter ones. The order depends on the length and
/// the lanes alone.
mlir::Value reduceRow(KernelBuilder &kernel, int64_t length, int64_t lanes,
                      const Reduction &reduction);

/// The larger number; the second if one is no number. One instruction on x86.
mlir::Value largerOf(KernelBuilder &kernel, mlir::Value a, mlir::Value b);

/// An f32 scalar or vector as f64.
mlir::Value toDouble(KernelBuilder &kernel, mlir::Value value);
/// An f64 scalar or vector as f32.
mlir::Value toSingle(KernelBuilder &kernel, mlir::Value value);
/// An f64 constant.
mlir::Value doubleConstant(KernelBuilder &kernel, double number);

/// A number in every lane, or itself if `lanes` is 0; a vector as it is.
mlir::Value inLanes(KernelBuilder &kernel, mlir::Value value, int64_t lanes);

} // namespace toeplitz

#endif
