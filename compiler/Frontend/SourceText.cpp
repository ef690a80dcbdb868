// Places in a text: see SourceText.h.

#include "compiler/Frontend/SourceText.h"

#include "mlir/IR/BuiltinAttributes.h"
#include <algorithm>

using namespace mlir;

namespace toeplitz {

SourceText::SourceText(MLIRContext &context, llvm::StringRef path,
                       llvm::StringRef text)
    : context(context), path(path.str()), lineStarts({0}) {
  for (size_t offset = 0; offset < text.size(); ++offset)
    if (text[offset] == '\n')
      lineStarts.push_back(offset + 1);
}

Location SourceText::getLocation(size_t offset) const {
  auto next = std::upper_bound(lineStarts.begin(), lineStarts.end(), offset);
  unsigned line = next - lineStarts.begin();
  unsigned column = offset - *std::prev(next) + 1;
  return FileLineColLoc::get(&context, path, line, column);
}

Location SourceText::getLocation(size_t offset, llvm::StringRef layer) const {
  return NameLoc::get(StringAttr::get(&context, layer), getLocation(offset));
}

Location SourceText::getLocation() const {
  return FileLineColLoc::get(&context, path, 0, 0);
}

} // namespace toeplitz
