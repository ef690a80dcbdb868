// An ONNX file in memory, and the tensors that it holds or refers to.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXMODEL_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXMODEL_H

#include "compiler/Frontend/Onnx/ElementType.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace onnx {
class ModelProto;
class TensorProto;
} // namespace onnx

namespace toeplitz {

/// A constant as it stands in the file.
struct OnnxConstant {
  mlir::ElementsAttr attribute;
  ElementType type = ElementType::Float32;
};

/// The elements, as they lie in memory, as a constant: part of the IR when they
/// are few, else a copy in a blob.
mlir::ElementsAttr makeElements(mlir::RankedTensorType type,
                                llvm::StringRef name,
                                llvm::ArrayRef<char> bytes);

class OnnxModel {
public:
  /// Reads the file. Null on an error, which has been reported.
  static std::unique_ptr<OnnxModel> open(llvm::StringRef path,
                                         mlir::MLIRContext &context);

  const onnx::ModelProto &getProto() const { return *proto; }
  llvm::StringRef getPath() const { return path; }
  mlir::MLIRContext &getContext() const { return context; }
  /// The file as a whole, or a layer in it.
  mlir::Location getLocation() const;
  mlir::Location getLocation(llvm::StringRef layer) const;

  /// The tensor as a constant. Large ones aren't copied: their bytes stay where
  /// they are, in the model or in a memory-mapped file of external data, which
  /// the constant keeps alive. Reports what is wrong with it, at `location`;
  /// `name` is how the tensor is called in messages.
  llvm::FailureOr<OnnxConstant> readTensor(const onnx::TensorProto &tensor,
                                           llvm::StringRef name,
                                           mlir::Location location);

private:
  OnnxModel(llvm::StringRef path, mlir::MLIRContext &context)
      : path(path), context(context) {}

  /// The bytes of a tensor whose data is in another file.
  llvm::FailureOr<llvm::ArrayRef<char>>
  findExternalData(const onnx::TensorProto &tensor, llvm::StringRef name,
                   mlir::Location location,
                   std::shared_ptr<llvm::MemoryBuffer> &file);

  std::string path;
  mlir::MLIRContext &context;
  std::shared_ptr<onnx::ModelProto> proto;
  /// Files of external data by their path as the model writes it.
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

} // namespace toeplitz

#endif
