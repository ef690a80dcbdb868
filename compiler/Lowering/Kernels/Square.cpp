#include "compiler/Lowering/Kernels/Square.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

SmallVector<Value> toeplitz::transposeSquare(KernelBuilder &kernel,
                                             SmallVector<Value> vectors) {
  int64_t size = vectors.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < size / 2; ++i) {
    low.append({i, size + i});
    high.append({size / 2 + i, size + size / 2 + i});
  }
  for (int64_t stage = 1; stage < size; stage *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < size / 2; ++i)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(kernel.builder,
                                                 kernel.location, vectors[i],
                                                 vectors[i + size / 2], mask));
    vectors = std::move(next);
  }
  return vectors;
}
