#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

#include <functional>

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

// A thread takes a task in about a microsecond, in which it reads and writes
// this many elements.
static constexpr int64_t workPerTask = 16384;

TaskDivision::TaskDivision(kernel::TargetAttr target, ArrayRef<int64_t> sizes,
                           int64_t workPerPoint, int64_t multiple)
    : sizes(sizes), pointwise(target.isGpu()) {
  if (this->sizes.empty())
    this->sizes.push_back(1);
  int64_t wanted =
      pointwise ? 1
                : llvm::divideCeilSigned(workPerTask,
                                         std::max<int64_t>(workPerPoint, 1));
  if (pointwise)
    multiple = 1;
  // From the last dimension outwards until there is work for a task.
  int64_t inner = 1;
  split = this->sizes.size() - 1;
  while (split > 0 && inner * this->sizes[split] < wanted)
    inner *= this->sizes[split--];
  int64_t size = this->sizes[split];
  if (split + 1 != this->sizes.size())
    multiple = 1;
  chunk = std::min(size, llvm::divideCeilSigned(wanted, inner));
  // Ranges of about the same length.
  chunk = llvm::divideCeilSigned(size, llvm::divideCeilSigned(size, chunk));
  chunk = std::min<int64_t>(size, llvm::alignTo(chunk, multiple));
  chunks = llvm::divideCeilSigned(size, chunk);
  count = chunks;
  for (int64_t outer : ArrayRef(this->sizes).take_front(split))
    count *= outer;
}

void TaskDivision::forEachRange(
    KernelBuilder &kernel,
    llvm::function_ref<void(ArrayRef<Index>, Index, Index)> body) const {
  SmallVector<int64_t> tasks(ArrayRef(sizes).take_front(split));
  tasks.insert(rangesFirst ? tasks.begin() : tasks.end(), chunks);
  SmallVector<Index> indices = kernel.delinearize(kernel.task, tasks);
  if (rangesFirst)
    std::rotate(indices.begin(), indices.begin() + 1, indices.end());
  Index lower = kernel.mul(indices.pop_back_val(), kernel.constant(chunk));
  Index upper = kernel.add(lower, kernel.constant(chunk));
  if (sizes[split] % chunk != 0)
    upper = kernel.min(upper, kernel.constant(sizes[split]));

  std::function<void()> nest = [&] {
    size_t dimension = indices.size();
    bool cut = dimension == split;
    Index from = cut ? lower : kernel.constant(0);
    Index to = cut ? upper : kernel.constant(sizes[dimension]);
    if (dimension + 1 == sizes.size())
      return body(indices, from, to);
    auto inside = [&](Index i) {
      indices.push_back(i);
      nest();
      indices.pop_back();
    };
    if (cut && chunk == 1)
      inside(lower);
    else
      kernel.forLoop(from, to, 1, inside);
  };
  nest();
}

void TaskDivision::forEach(
    KernelBuilder &kernel,
    llvm::function_ref<void(ArrayRef<Index>)> body) const {
  forEachRange(kernel, [&](ArrayRef<Index> outer, Index lower, Index upper) {
    SmallVector<Index> indices(outer);
    auto inside = [&](Index i) {
      indices.push_back(i);
      body(indices);
      indices.pop_back();
    };
    if (split + 1 == sizes.size() && chunk == 1)
      inside(lower);
    else
      kernel.forLoop(lower, upper, 1, inside);
  });
}

void forVectors(KernelBuilder &kernel, Index lower, Index upper, int64_t lanes,
                bool tail, llvm::function_ref<void(Index, int64_t)> body) {
  auto scalars = [&](Index from) {
    kernel.forLoop(from, upper, 1, [&](Index i) { body(i, 0); });
  };
  if (lanes == 0)
    return scalars(lower);
  Index end = upper;
  if (tail) {
    Index width = kernel.constant(lanes);
    Index whole = kernel.div(kernel.sub(upper, lower), width);
    end = kernel.add(lower, kernel.mul(whole, width));
  }
  kernel.forLoop(lower, end, lanes, [&](Index i) { body(i, lanes); });
  if (!tail)
    return;
  // A rest that is known is done in shorter vectors.
  if (std::optional<int64_t> rest = getConstantIntValue(kernel.sub(upper, end)))
    for (int64_t width = lanes / 2; width > 1; width /= 2) {
      if (*rest < width)
        continue;
      body(end, width);
      end = kernel.add(end, kernel.constant(width));
      *rest -= width;
    }
  scalars(end);
}

} // namespace toeplitz
