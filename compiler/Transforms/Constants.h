// Reading and making the constants of a network: weights that can be hundreds
// of megabytes. They live in blobs (resources of the MLIR context), outside of
// attributes, and go from one to the next without becoming text or elements.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_CONSTANTS_H
#define TOEPLITZ_COMPILER_TRANSFORMS_CONSTANTS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Builders.h"

#include <optional>
#include <string>
#include <vector>

namespace toeplitz {

/// The alignment of every blob that the compiler makes, in bytes: a cache line,
/// and the widest vector.
constexpr size_t weightAlignment = 64;

/// The values of a constant in row-major order. Those of a blob are seen where
/// they are (a memory-mapped file, say); those of a splat are expanded. Valid
/// as long as the MLIR context.
class ConstantValues {
public:
  explicit ConstantValues(llvm::ArrayRef<float> view) : view(view) {}
  explicit ConstantValues(std::vector<float> &&values)
      : owned(std::move(values)), view(owned) {}
  ConstantValues(ConstantValues &&) = default;
  ConstantValues(const ConstantValues &) = delete;

  llvm::ArrayRef<float> get() const { return view; }
  float operator[](size_t index) const { return view[index]; }
  size_t size() const { return view.size(); }

private:
  std::vector<float> owned;
  llvm::ArrayRef<float> view;
};

/// The values of an f32 tensor that is written as dense<...>, as a splat or as
/// dense_resource<...>. Nothing for another kind of attribute, and for a
/// resource that has no blob or one of the wrong size.
std::optional<ConstantValues> readConstant(mlir::Attribute attribute);

/// The same for an operand that is the result of arith.constant. Nothing for
/// every other value.
std::optional<ConstantValues> readConstant(mlir::Value value);

/// The number in every element of a floating-point tensor that is a constant,
/// or one that is repeated or reshaped.
std::optional<llvm::APFloat> readNumber(mlir::Value value);

/// Frees the memory of a constant that nothing reads any more.
void freeBlob(mlir::DenseResourceElementsAttr constant);

/// Values under construction that become a constant without being copied:
/// aligned to weightAlignment, zeros at first.
class WeightBuffer {
public:
  explicit WeightBuffer(int64_t count);

  llvm::MutableArrayRef<float> values() { return contents; }
  float &operator[](size_t index) { return contents[index]; }
  size_t size() const { return contents.size(); }

  /// Hands the memory over. The buffer is empty afterwards.
  mlir::AsmResourceBlob takeBlob() &&;

private:
  mlir::AsmResourceBlob blob;
  llvm::MutableArrayRef<float> contents;
};

/// Makes an arith.constant of a tensor type with static shape, whose memory is
/// that of the buffer (f32, or as many bytes of others), in a blob called
/// `name`. If there is such a
/// blob already, "_1", "_2" and so on is appended: the same sequence of calls
/// gives the same names.
mlir::arith::ConstantOp createConstant(mlir::OpBuilder &builder,
                                       mlir::Location location,
                                       mlir::RankedTensorType type,
                                       WeightBuffer &&buffer,
                                       llvm::StringRef name);

/// The same, unless there is a blob of this name, or of this name with a number
/// appended, with these values: then the constant has that one.
mlir::arith::ConstantOp createSharedConstant(mlir::OpBuilder &builder,
                                             mlir::Location location,
                                             mlir::RankedTensorType type,
                                             WeightBuffer &&buffer,
                                             llvm::StringRef name);

/// createConstant for 32-bit integers, a tensor of one dimension.
mlir::arith::ConstantOp createIndexConstant(mlir::OpBuilder &builder,
                                            mlir::Location location,
                                            llvm::ArrayRef<int32_t> values,
                                            llvm::StringRef name);

/// The name to derive others from: the blob's ("conv1.weight") if the value is
/// a constant that has one, `fallback` otherwise.
std::string getConstantName(mlir::Value value, llvm::StringRef fallback);

/// The name of the layer that a location was made for ("conv1"), or `fallback`.
std::string getLayerName(mlir::Location location, llvm::StringRef fallback);

} // namespace toeplitz

#endif
