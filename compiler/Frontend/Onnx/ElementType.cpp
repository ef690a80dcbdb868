// Element types: see ElementType.h.

#include "compiler/Frontend/Onnx/ElementType.h"

#include "mlir/IR/Builders.h"
#include "runtime/element_type.h"

using namespace mlir;

namespace toeplitz {

/// The runtime's numbers are ONNX's.
static int32_t getNumber(ElementType type) {
  return static_cast<int32_t>(type);
}

std::optional<ElementType> findElementType(int32_t number) {
  if (!toeplitz_element_type_name(number))
    return std::nullopt;
  return static_cast<ElementType>(number);
}

std::string describeElementType(int32_t number) {
  if (std::optional<ElementType> type = findElementType(number))
    return getName(*type).str();
  // The names of onnx.proto, by their numbers; the known types are above.
  static constexpr llvm::StringRef names[] = {"undefined",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "string",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "",
                                              "complex64",
                                              "complex128",
                                              "",
                                              "float8e4m3fn",
                                              "float8e4m3fnuz",
                                              "float8e5m2",
                                              "float8e5m2fnuz",
                                              "uint4",
                                              "int4",
                                              "float4e2m1",
                                              "float8e8m0",
                                              "uint2",
                                              "int2"};
  if (number >= 0 && number < static_cast<int32_t>(std::size(names)))
    return names[number].str();
  return "type " + std::to_string(number);
}

llvm::StringRef getName(ElementType type) {
  return toeplitz_element_type_name(getNumber(type));
}

bool isFloatingPoint(ElementType type) {
  return toeplitz_is_float(getNumber(type));
}

bool isInteger(ElementType type) {
  return !isFloatingPoint(type) && type != ElementType::Bool;
}

bool isSigned(ElementType type) { return toeplitz_is_signed(getNumber(type)); }

bool isUnsigned(ElementType type) { return isInteger(type) && !isSigned(type); }

unsigned getBitWidth(ElementType type) {
  return 8 * toeplitz_element_size(getNumber(type));
}

bool isHalfPrecision(ElementType type) {
  return isFloatingPoint(type) && getBitWidth(type) == 16;
}

Type getMlirType(ElementType type, MLIRContext *context) {
  Builder builder(context);
  switch (type) {
  case ElementType::Float32:
    return builder.getF32Type();
  case ElementType::Float64:
    return builder.getF64Type();
  case ElementType::Float16:
    return builder.getF16Type();
  case ElementType::BFloat16:
    return builder.getBF16Type();
  default:
    return builder.getIntegerType(getBitWidth(type));
  }
}

} // namespace toeplitz
