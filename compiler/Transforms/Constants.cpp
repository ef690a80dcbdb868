#include "compiler/Transforms/Constants.h"

#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

#include <cassert>
#include <cstring>

using namespace mlir;

namespace toeplitz {

/// Looks at bytes as floats, if they are as many as the type says.
static std::optional<ConstantValues> viewBytes(ArrayRef<char> bytes,
                                               ShapedType type) {
  if (bytes.size() != type.getNumElements() * sizeof(float))
    return std::nullopt;
  // A file may hold a tensor at any address.
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(float) != 0) {
    std::vector<float> copy(type.getNumElements());
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    return ConstantValues(std::move(copy));
  }
  return ConstantValues(ArrayRef<float>(
      reinterpret_cast<const float *>(bytes.data()), type.getNumElements()));
}

std::optional<ConstantValues> readConstant(Attribute attribute) {
  auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
  if (!elements || !elements.getElementType().isF32())
    return std::nullopt;
  ShapedType type = elements.getShapedType();
  if (auto dense = dyn_cast<DenseElementsAttr>(attribute)) {
    if (!dense.isSplat())
      return viewBytes(dense.getRawData(), type);
    return ConstantValues(std::vector<float>(type.getNumElements(),
                                             dense.getSplatValue<float>()));
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
    if (const AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return viewBytes(blob->getData(), type);
  return std::nullopt;
}

std::optional<ConstantValues> readConstant(Value value) {
  Attribute attribute;
  if (!value || !matchPattern(value, m_Constant(&attribute)))
    return std::nullopt;
  return readConstant(attribute);
}

WeightBuffer::WeightBuffer(int64_t count)
    : blob(HeapAsmResourceBlob::allocate(count * sizeof(float),
                                         weightAlignment)) {
  MutableArrayRef<char> bytes = blob.getMutableData();
  std::memset(bytes.data(), 0, bytes.size());
  contents =
      MutableArrayRef<float>(reinterpret_cast<float *>(bytes.data()), count);
}

AsmResourceBlob WeightBuffer::takeBlob() && {
  contents = {};
  return std::move(blob);
}

arith::ConstantOp createConstant(OpBuilder &builder, Location location,
                                 RankedTensorType type, WeightBuffer &&buffer,
                                 StringRef name) {
  assert(type.getNumElements() * type.getElementTypeBitWidth() ==
             int64_t(buffer.size() * 8 * sizeof(float)) &&
         "the buffer has the type's size");
  auto attribute =
      DenseResourceElementsAttr::get(type, name, std::move(buffer).takeBlob());
  return arith::ConstantOp::create(builder, location, attribute);
}

std::optional<APFloat> readNumber(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<cnn::BroadcastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
            op))
      break;
    value = op->getOperand(0);
  }
  DenseFPElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return std::nullopt;
  return elements.getSplatValue<APFloat>();
}

void freeBlob(DenseResourceElementsAttr constant) {
  DenseResourceElementsHandle::getManagerInterface(constant.getContext())
      .getBlobManager()
      .update(constant.getRawHandle().getKey(), AsmResourceBlob());
}

arith::ConstantOp createSharedConstant(OpBuilder &builder, Location location,
                                       RankedTensorType type,
                                       WeightBuffer &&buffer, StringRef name) {
  MLIRContext *context = builder.getContext();
  auto &manager = DenseResourceElementsHandle::getManagerInterface(context);
  auto &blobs = manager.getBlobManager();
  std::string key = name.str();
  // The names that createConstant gives, one after the other.
  for (size_t number = 1; auto *entry = blobs.lookup(key); ++number) {
    const AsmResourceBlob *blob = entry->getBlob();
    ArrayRef<float> values = buffer.values();
    size_t bytes = values.size() * sizeof(float);
    if (blob && blob->getData().size() == bytes &&
        std::memcmp(blob->getData().data(), values.data(), bytes) == 0) {
      DenseResourceElementsHandle handle(
          entry, context->getLoadedDialect<BuiltinDialect>());
      return arith::ConstantOp::create(
          builder, location, DenseResourceElementsAttr::get(type, handle));
    }
    key = (name + "_" + Twine(number)).str();
  }
  return createConstant(builder, location, type, std::move(buffer), name);
}

arith::ConstantOp createIndexConstant(OpBuilder &builder, Location location,
                                      ArrayRef<int32_t> values,
                                      StringRef name) {
  auto blob = HeapAsmResourceBlob::allocateAndCopyWithAlign(
      ArrayRef(reinterpret_cast<const char *>(values.data()),
               values.size() * sizeof(int32_t)),
      weightAlignment);
  auto type = RankedTensorType::get({static_cast<int64_t>(values.size())},
                                    builder.getI32Type());
  auto attribute = DenseResourceElementsAttr::get(type, name, std::move(blob));
  return arith::ConstantOp::create(builder, location, attribute);
}

std::string getConstantName(Value value, StringRef fallback) {
  Attribute attribute;
  if (value && matchPattern(value, m_Constant(&attribute)))
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute))
      return resource.getRawHandle().getKey().str();
  return fallback.str();
}

std::string getLayerName(Location location, StringRef fallback) {
  if (auto name = location->findInstanceOf<NameLoc>())
    return name.getName().str();
  return fallback.str();
}

} // namespace toeplitz
