#include "tools/toeplitz/Signature.h"

#include "runtime/npy.h"

#include "llvm/ADT/StringExtras.h"

using namespace toeplitz;

int64_t toeplitz::countTensorElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string toeplitz::formatTensorShape(llvm::ArrayRef<int64_t> shape) {
  char text[512];
  return toeplitz_shape_text(shape.data(), shape.size(), text, sizeof(text));
}

std::string toeplitz::describeTensors(llvm::ArrayRef<TensorSignature> tensors) {
  return llvm::join(llvm::map_range(tensors,
                                    [](const TensorSignature &tensor) {
                                      return tensor.name + " " +
                                             formatTensorShape(tensor.shape);
                                    }),
                    ", ");
}
