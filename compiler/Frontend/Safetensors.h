// Reads weight files in the safetensors format
// (github.com/huggingface/safetensors).

#ifndef TOEPLITZ_COMPILER_FRONTEND_SAFETENSORS_H
#define TOEPLITZ_COMPILER_FRONTEND_SAFETENSORS_H

#include "mlir/IR/AsmState.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace toeplitz {

/// A tensor of a weight file: `bytes` point into the mapped file.
struct StoredTensor {
  std::string name;
  /// As in the file: "F32", "BF16", …
  std::string elementType;
  llvm::SmallVector<int64_t> shape;
  llvm::ArrayRef<char> bytes;
};

/// An open weight file. The file is mapped into memory, and stays so as long as
/// this object or a blob made from it lives.
class SafetensorsFile {
public:
  /// Opens the file and checks all of its header: sizes, types, shapes, and
  /// that the tensors cover the data without gap or overlap. The error's
  /// message says what is wrong, without the file's name.
  static llvm::Expected<SafetensorsFile> open(llvm::StringRef path);

  /// The tensors in the header's order.
  llvm::ArrayRef<StoredTensor> getTensors() const { return tensors; }
  const StoredTensor *find(llvm::StringRef name) const;

  /// The tensor's values as f32. A tensor that is f32 already isn't copied (if
  /// its place in the file is aligned for floats); f16, bf16 and f64 are
  /// converted. The error's message says why the values can't be read.
  llvm::Expected<mlir::AsmResourceBlob>
  readAsFloat(const StoredTensor &tensor) const;

private:
  llvm::Error readHeader();

  std::shared_ptr<llvm::MemoryBuffer> buffer;
  std::vector<StoredTensor> tensors;
  llvm::StringMap<size_t> indices;
};

/// Memory for `count` floats, aligned to cache lines; an error if there isn't
/// that much.
llvm::Expected<mlir::AsmResourceBlob> allocateFloats(size_t count);

} // namespace toeplitz

#endif
