#include "tools/toeplitz/Signature.h"

#include "runtime/element_type.h"
#include "runtime/npy.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace toeplitz;

llvm::SmallVector<int64_t> TensorSignature::getShape(int64_t batch) const {
  llvm::SmallVector<int64_t> known(shape);
  if (hasBatch())
    known.front() = batch;
  return known;
}

bool Signature::hasDynamicBatch() const {
  auto hasBatch = [](const TensorSignature &tensor) {
    return tensor.hasBatch();
  };
  return llvm::any_of(inputs, hasBatch) || llvm::any_of(outputs, hasBatch);
}

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

llvm::StringRef toeplitz::getTypeName(int32_t type) {
  return toeplitz_element_type_name(type);
}

std::string toeplitz::describeTensors(llvm::ArrayRef<TensorSignature> tensors) {
  return llvm::join(
      llvm::map_range(tensors,
                      [](const TensorSignature &tensor) {
                        std::string text =
                            tensor.name + " " + formatTensorShape(tensor.shape);
                        if (tensor.type != TOEPLITZ_FLOAT32)
                          text += " " + getTypeName(tensor.type).str();
                        return text;
                      }),
      ", ");
}
