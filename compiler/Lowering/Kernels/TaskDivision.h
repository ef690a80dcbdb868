// The division of a kernel into independent tasks.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELS_TASKDIVISION_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELS_TASKDIVISION_H

#include "compiler/Lowering/KernelBuilder.h"

namespace toeplitz {

/// Divides a row-major space of points into tasks of consecutive points, each
/// with at least some ten thousand elements of work, so that handing a task to
/// a thread costs little beside it. A task is a range along one dimension for
/// fixed earlier coordinates and all later ones. The division depends on the
/// sizes alone.
class TaskDivision {
public:
  /// `workPerPoint` counts elements read or written. Ranges along the last
  /// dimension start at multiples of `multiple`.
  ///
  /// On a GPU a task is a thread, and has one point; consecutive threads have
  /// consecutive points.
  TaskDivision(kernel::TargetAttr target, llvm::ArrayRef<int64_t> sizes,
               int64_t workPerPoint, int64_t multiple = 1);

  int64_t getCount() const { return count; }

  /// Numbers the tasks by their ranges, and only then by the coordinates before
  /// them: consecutive tasks have the same rows of several channels, say. The
  /// first half of the threads then computes the upper half of an image, as it
  /// does in convolutions of many rows, and has its input in its own caches.
  void numberByRanges() { rangesFirst = !pointwise; }

  /// Writes the loops over the points of the builder's task.
  void forEach(KernelBuilder &kernel,
               llvm::function_ref<void(llvm::ArrayRef<KernelBuilder::Index>)>
                   body) const;

  /// The same except for the last dimension: the body gets the coordinates
  /// before it, and the range [lower, upper) along it.
  void forEachRange(KernelBuilder &kernel,
                    llvm::function_ref<void(
                        llvm::ArrayRef<KernelBuilder::Index> outer,
                        KernelBuilder::Index lower, KernelBuilder::Index upper)>
                        body) const;

private:
  llvm::SmallVector<int64_t> sizes;
  /// The dimension that is cut into `chunks` ranges of `chunk` points.
  size_t split = 0;
  int64_t chunk = 1;
  int64_t chunks = 1;
  int64_t count = 1;
  bool rangesFirst = false;
  /// Whether a task has one point.
  bool pointwise = false;
};

/// for (i = lower; i < upper; ...) body(i, lanes): vectors of `lanes` elements
/// as long as there are enough, then single elements with `lanes` = 0; between
/// them shorter vectors (half as many lanes, a quarter, ...) where the rest is
/// known. Only single elements if `lanes` is 0. `tail` says whether upper -
/// lower may be no multiple of `lanes`.
void forVectors(
    KernelBuilder &kernel, KernelBuilder::Index lower,
    KernelBuilder::Index upper, int64_t lanes, bool tail,
    llvm::function_ref<void(KernelBuilder::Index i, int64_t lanes)> body);

} // namespace toeplitz

#endif
