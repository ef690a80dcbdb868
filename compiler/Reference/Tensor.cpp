#include "compiler/Reference/Tensor.h"

using namespace toeplitz::reference;

Tensor::Tensor(llvm::ArrayRef<int64_t> shape, double value)
    : shape(shape), values(product(shape), value) {}

int64_t toeplitz::reference::product(llvm::ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

llvm::SmallVector<int64_t>
toeplitz::reference::rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

void toeplitz::reference::forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> body) {
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  int64_t count = product(shape);
  for (int64_t place = 0; place < count; ++place) {
    body(index, place);
    // Counts up like an odometer.
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}
