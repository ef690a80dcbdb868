#include "compiler/Lowering/Kernels/RowLoops.h"

#include "compiler/Lowering/Kernels/TaskDivision.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

Value RowLoops::reduce(int64_t lanes, const Reduction &reduction) {
  return shared ? shared->reduce(reduction)
                : reduceRow(kernel, length, lanes, reduction);
}

void RowLoops::forEach(int64_t lanes,
                       llvm::function_ref<void(Index, int64_t)> body) {
  if (shared)
    shared->forElements([&](Index i) { body(i, 0); });
  else
    forVectors(kernel, kernel.constant(0), kernel.constant(length), lanes,
               lanes && length % lanes != 0, body);
}

int64_t RowLoops::countSums() const {
  return shared ? BlockReduction::sumsOfThread * shared->getDivision().threads
                : 64;
}

} // namespace toeplitz
