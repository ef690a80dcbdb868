// The elements of constants as doubles.

#include "compiler/Reference/Operators.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include <cstring>

using namespace mlir;
using namespace toeplitz::reference;

/// Copies `count` elements of type T out of bytes that may lie at any alignment
/// (a blob can point into a mapped file).
template <typename T>
static void copyElements(ArrayRef<char> bytes, std::vector<double> &values) {
  for (size_t i = 0; i < values.size(); ++i) {
    T element;
    std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(element);
  }
}

static std::optional<Tensor> resourceTensor(DenseResourceElementsAttr value) {
  ShapedType type = value.getType();
  Tensor result(type.getShape());
  // A module that was parsed from text may name a resource without carrying its
  // bytes.
  const AsmResourceBlob *blob = value.getRawHandle().getBlob();
  if (!blob)
    return std::nullopt;
  ArrayRef<char> bytes = blob->getData();
  if (type.getElementType().isF32() &&
      bytes.size() == result.values.size() * sizeof(float))
    copyElements<float>(bytes, result.values);
  else if (type.getElementType().isF64() &&
           bytes.size() == result.values.size() * sizeof(double))
    copyElements<double>(bytes, result.values);
  else
    return std::nullopt;
  return result;
}

std::optional<Tensor> toeplitz::reference::constantTensor(Attribute value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return resourceTensor(resource);
  auto dense = dyn_cast<DenseFPElementsAttr>(value);
  if (!dense)
    return std::nullopt;
  if (dense.isSplat())
    return Tensor(dense.getType().getShape(),
                  dense.getSplatValue<APFloat>().convertToDouble());
  Tensor result(dense.getType().getShape());
  size_t place = 0;
  for (const APFloat &element : dense.getValues<APFloat>())
    result.values[place++] = element.convertToDouble();
  return result;
}
