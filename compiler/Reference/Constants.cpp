#include "compiler/Reference/Constants.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;
using namespace toeplitz::reference;

/// A cache line, and the widest vector: what kernels expect of weights.
static constexpr size_t blobAlignment = 64;

static std::optional<Tensor> bytesTensor(ElementType type, ShapedType shape,
                                         ArrayRef<char> bytes) {
  if (bytes.size() != shape.getNumElements() * getByteWidth(type))
    return std::nullopt;
  return Tensor::fromBytes(type, shape.getShape(), bytes);
}

static std::optional<Tensor> denseTensor(ElementType type,
                                         DenseElementsAttr value) {
  ArrayRef<int64_t> shape = value.getType().getShape();
  Tensor result(type, shape);
  if (result.size() == 0)
    return result;
  if (type == ElementType::Int1) {
    // Its raw data is not a byte for each element.
    for (auto [place, element] : llvm::enumerate(value.getValues<bool>()))
      result.integers[place] = element ? -1 : 0;
    return result;
  }
  if (!value.isSplat())
    return bytesTensor(type, value.getType(), value.getRawData());
  Tensor element = Tensor::fromBytes(type, {}, value.getRawData());
  if (isFloat(type))
    std::fill(result.values.begin(), result.values.end(), element.values[0]);
  else
    std::fill(result.integers.begin(), result.integers.end(),
              element.integers[0]);
  return result;
}

std::optional<Tensor> toeplitz::reference::constantTensor(Attribute value) {
  auto typed = dyn_cast<TypedAttr>(value);
  if (!typed)
    return std::nullopt;
  std::optional<ElementType> type = getElementType(typed.getType());
  if (!type)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(value))
    return denseTensor(*type, dense);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    // A module that was parsed from text may name a resource without carrying
    // its bytes.
    const AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return std::nullopt;
    return bytesTensor(*type, resource.getType(), blob->getData());
  }
  Tensor scalar(*type, {});
  if (auto number = dyn_cast<FloatAttr>(value))
    scalar.values[0] =
        decodeFloat(number.getValue().bitcastToAPInt().getZExtValue(), *type);
  else if (auto integer = dyn_cast<IntegerAttr>(value))
    scalar.integers[0] = integer.getValue().getSExtValue();
  else
    return std::nullopt;
  return scalar;
}

DenseElementsAttr toeplitz::reference::getDenseAttribute(const Tensor &tensor,
                                                         MLIRContext *context) {
  auto type =
      RankedTensorType::get(tensor.shape, getScalarType(tensor.type, context));
  if (tensor.type == ElementType::Int1) {
    SmallVector<bool> elements;
    for (int64_t element : tensor.integers)
      elements.push_back(element != 0);
    return DenseElementsAttr::get(type, ArrayRef<bool>(elements));
  }
  std::vector<char> bytes(tensor.getByteSize());
  tensor.toBytes(bytes);
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

DenseResourceElementsAttr
toeplitz::reference::getResourceAttribute(const Tensor &tensor, StringRef name,
                                          MLIRContext *context) {
  auto type =
      RankedTensorType::get(tensor.shape, getScalarType(tensor.type, context));
  AsmResourceBlob blob =
      HeapAsmResourceBlob::allocate(tensor.getByteSize(), blobAlignment);
  tensor.toBytes(blob.getMutableData());
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}
