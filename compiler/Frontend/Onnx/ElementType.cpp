// Element types: see ElementType.h.

#include "compiler/Frontend/Onnx/ElementType.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

namespace {

enum class Kind { Float, Signed, Unsigned, Bool };

struct ElementTypeRow {
  ElementType type;
  llvm::StringRef name;
  Kind kind;
  unsigned bits;
};

} // namespace

static constexpr ElementTypeRow rows[] = {
    {ElementType::Float32, "float32", Kind::Float, 32},
    {ElementType::UInt8, "uint8", Kind::Unsigned, 8},
    {ElementType::Int8, "int8", Kind::Signed, 8},
    {ElementType::UInt16, "uint16", Kind::Unsigned, 16},
    {ElementType::Int16, "int16", Kind::Signed, 16},
    {ElementType::Int32, "int32", Kind::Signed, 32},
    {ElementType::Int64, "int64", Kind::Signed, 64},
    {ElementType::Bool, "bool", Kind::Bool, 8},
    {ElementType::Float16, "float16", Kind::Float, 16},
    {ElementType::Float64, "float64", Kind::Float, 64},
    {ElementType::UInt32, "uint32", Kind::Unsigned, 32},
    {ElementType::UInt64, "uint64", Kind::Unsigned, 64},
    {ElementType::BFloat16, "bfloat16", Kind::Float, 16}};

static const ElementTypeRow &getRow(ElementType type) {
  return *llvm::find_if(
      rows, [&](const ElementTypeRow &row) { return row.type == type; });
}

std::optional<ElementType> findElementType(int32_t number) {
  for (const ElementTypeRow &row : rows)
    if (static_cast<int32_t>(row.type) == number)
      return row.type;
  return std::nullopt;
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

llvm::StringRef getName(ElementType type) { return getRow(type).name; }

bool isFloatingPoint(ElementType type) {
  return getRow(type).kind == Kind::Float;
}

bool isInteger(ElementType type) {
  return getRow(type).kind == Kind::Signed || isUnsigned(type);
}

bool isUnsigned(ElementType type) {
  return getRow(type).kind == Kind::Unsigned;
}

unsigned getBitWidth(ElementType type) { return getRow(type).bits; }

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
