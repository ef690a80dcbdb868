#include "compiler/Analysis/BoundaryType.h"

#include "runtime/element_type.h"
#include "runtime/toeplitz.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace toeplitz;

/// The type that needs no attribute.
static int32_t getPlainType(Type type) {
  if (type.isF32())
    return TOEPLITZ_FLOAT32;
  if (type.isF64())
    return TOEPLITZ_FLOAT64;
  if (type.isF16())
    return TOEPLITZ_FLOAT16;
  if (type.isBF16())
    return TOEPLITZ_BFLOAT16;
  if (type.isSignlessInteger(8))
    return TOEPLITZ_INT8;
  if (type.isSignlessInteger(16))
    return TOEPLITZ_INT16;
  if (type.isSignlessInteger(32))
    return TOEPLITZ_INT32;
  if (type.isSignlessInteger(64))
    return TOEPLITZ_INT64;
  return 0;
}

int32_t toeplitz::getBoundaryType(Type elementType, StringAttr name) {
  int32_t plain = getPlainType(elementType);
  if (!name || plain == 0)
    return plain;
  int32_t stated = toeplitz_element_type_of_name(name.data(), name.size());
  bool isIntegerOfThatSize =
      stated != 0 && !toeplitz_is_float(plain) && !toeplitz_is_float(stated) &&
      toeplitz_element_size(stated) == toeplitz_element_size(plain);
  return stated == plain || isIntegerOfThatSize ? stated : 0;
}

static int32_t getTensorType(Type type, StringAttr name) {
  auto tensor = dyn_cast<ShapedType>(type);
  return tensor ? getBoundaryType(tensor.getElementType(), name) : 0;
}

int32_t toeplitz::getArgumentType(func::FuncOp main, unsigned index) {
  return getTensorType(
      main.getArgumentTypes()[index],
      main.getArgAttrOfType<StringAttr>(index, boundaryTypeAttribute));
}

int32_t toeplitz::getResultType(func::FuncOp main, unsigned index) {
  return getTensorType(
      main.getResultTypes()[index],
      main.getResultAttrOfType<StringAttr>(index, boundaryTypeAttribute));
}
