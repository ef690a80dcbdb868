// Shapes: see Shape.h.

#include "compiler/Frontend/Shape.h"

namespace toeplitz {

std::string formatShape(llvm::ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text.empty() ? "()" : text;
}

std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size == 0)
      return 0;
    if (size > maximumElementCount / count)
      return std::nullopt;
    count *= size;
  }
  return count;
}

} // namespace toeplitz
