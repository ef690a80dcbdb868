// The element types of ONNX tensors that networks are compiled with.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ELEMENTTYPE_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ELEMENTTYPE_H

#include "mlir/IR/BuiltinTypes.h"
#include <optional>
#include <string>

namespace toeplitz {

/// The numbers are those of ONNX's TensorProto.DataType.
enum class ElementType : int32_t {
  Float32 = 1,
  UInt8 = 2,
  Int8 = 3,
  UInt16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  UInt32 = 12,
  UInt64 = 13,
  BFloat16 = 16
};

/// The type of that number; nothing for one that isn't compiled (strings,
/// complex numbers, floats of 8 bits, integers of less than 8).
std::optional<ElementType> findElementType(int32_t number);

/// How ONNX calls the type of that number: "float32", "string", "int4", …;
/// "type 99" for an unknown one.
std::string describeElementType(int32_t number);

/// numpy's name: "float32", "uint8", "bool".
llvm::StringRef getName(ElementType type);

bool isFloatingPoint(ElementType type);
/// Integers of any width; bool is none.
bool isInteger(ElementType type);
bool isSigned(ElementType type);
bool isUnsigned(ElementType type);
/// Bits of an element in memory: 8 for bool.
unsigned getBitWidth(ElementType type);
/// Float16 and BFloat16: types to store numbers in, but not to compute in.
bool isHalfPrecision(ElementType type);

/// The type of an element in the IR: signless integers; i8 for bool.
mlir::Type getMlirType(ElementType type, mlir::MLIRContext *context);

/// A value of the network, and what its bits mean.
struct OnnxValue {
  mlir::Value value;
  ElementType type = ElementType::Float32;

  explicit operator bool() const { return bool(value); }
  mlir::RankedTensorType getTensorType() const {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  llvm::ArrayRef<int64_t> getShape() const {
    return getTensorType().getShape();
  }
  int64_t getRank() const { return getTensorType().getRank(); }
};

} // namespace toeplitz

#endif
