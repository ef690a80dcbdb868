// Moving elements: see TensorMovement.h.

#include "compiler/Frontend/Onnx/TensorMovement.h"

#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace toeplitz {

int64_t getElementCount(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string formatNumbers(llvm::ArrayRef<int64_t> numbers) {
  std::string text = "[";
  for (int64_t number : numbers)
    text += (text.size() > 1 ? ", " : "") + std::to_string(number);
  return text + "]";
}

bool isEmptyShape(llvm::ArrayRef<int64_t> shape) {
  return llvm::is_contained(shape, 0);
}

static RankedTensorType makeType(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                                 ElementType type) {
  return RankedTensorType::get(
      shape, getMlirType(type, node.getBuilder().getContext()));
}

OnnxValue makeEmptyTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                          ElementType type) {
  auto attribute = DenseElementsAttr::get(makeType(node, shape, type),
                                          llvm::ArrayRef<Attribute>());
  return {node.makeConstant(attribute), type};
}

OnnxValue makeTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                     ElementType type, llvm::ArrayRef<double> numbers) {
  RankedTensorType tensorType = makeType(node, shape, type);
  auto floatType = dyn_cast<FloatType>(tensorType.getElementType());
  if (!floatType) {
    llvm::SmallVector<int64_t> integers;
    for (double number : numbers)
      integers.push_back(static_cast<int64_t>(number));
    return makeTensor(node, shape, type, integers);
  }
  llvm::SmallVector<APFloat> elements;
  elements.reserve(numbers.size());
  for (double number : numbers) {
    APFloat element(number);
    bool losesInfo = false;
    element.convert(floatType.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
    elements.push_back(element);
  }
  auto attribute = DenseElementsAttr::get(tensorType, elements);
  return {node.makeConstant(attribute), type};
}

OnnxValue makeTensor(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                     ElementType type, llvm::ArrayRef<int64_t> numbers) {
  RankedTensorType tensorType = makeType(node, shape, type);
  llvm::SmallVector<APInt> elements;
  elements.reserve(numbers.size());
  for (int64_t number : numbers)
    elements.push_back(
        APInt(64, static_cast<uint64_t>(number)).trunc(getBitWidth(type)));
  auto attribute = DenseElementsAttr::get(tensorType, elements);
  return {node.makeConstant(attribute), type};
}

OnnxValue resizeSplat(OnnxNode &node, OnnxValue value,
                      llvm::ArrayRef<int64_t> shape) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(getConstant(value.value));
  if (!dense || !dense.isSplat() || isEmptyShape(shape))
    return {};
  return {
      node.makeConstant(dense.resizeSplat(makeType(node, shape, value.type))),
      value.type};
}

OnnxValue emitReshape(OnnxNode &node, OnnxValue value,
                      llvm::ArrayRef<int64_t> shape) {
  if (value.getShape() == shape)
    return value;
  if (isEmptyShape(shape))
    return makeEmptyTensor(node, shape, value.type);
  if (ElementsAttr constant = getConstant(value.value)) {
    RankedTensorType type = makeType(node, shape, value.type);
    if (auto dense = dyn_cast<DenseElementsAttr>(constant))
      return {node.makeConstant(dense.reshape(type)), value.type};
    if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
      return {node.makeConstant(DenseResourceElementsAttr::get(
                  type, resource.getRawHandle())),
              value.type};
  }
  return {node.reshape(value.value, shape), value.type};
}

OnnxValue emitTranspose(OnnxNode &node, OnnxValue value,
                        llvm::ArrayRef<int64_t> permutation) {
  llvm::SmallVector<int64_t> shape;
  for (int64_t dimension : permutation)
    shape.push_back(value.getShape()[dimension]);
  if (isEmptyShape(shape))
    return makeEmptyTensor(node, shape, value.type);
  if (OnnxValue splat = resizeSplat(node, value, shape))
    return splat;
  // Where only dimensions of size 1 change their places, nothing moves.
  llvm::SmallVector<int64_t> moving;
  for (int64_t dimension : permutation)
    if (value.getShape()[dimension] != 1)
      moving.push_back(dimension);
  if (llvm::is_sorted(moving))
    return emitReshape(node, value, shape);
  return {node.transpose(value.value, permutation), value.type};
}

OnnxValue emitSlice(OnnxNode &node, OnnxValue value,
                    llvm::ArrayRef<int64_t> offsets,
                    llvm::ArrayRef<int64_t> sizes,
                    llvm::ArrayRef<int64_t> steps) {
  if (isEmptyShape(sizes))
    return makeEmptyTensor(node, sizes, value.type);
  // As many positions as there are, forwards: all of them.
  bool isAll = value.getShape() == sizes;
  bool isForward = true;
  for (auto [size, step] : llvm::zip_equal(sizes, steps)) {
    isAll &= size == 1 || step == 1;
    isForward &= size == 1 || step > 0;
  }
  if (isAll)
    return value;
  if (OnnxValue splat = resizeSplat(node, value, sizes))
    return splat;
  OpBuilder &builder = node.getBuilder();
  if (!isForward)
    return emitElements(
        node, sizes, value.type, [&](PositionBuilder &element) -> Value {
          llvm::SmallVector<Value> indices;
          for (size_t d = 0; d < sizes.size(); ++d) {
            Value distance = arith::MulIOp::create(
                element.builder, element.location, element.position(d),
                element.index(steps[d]));
            indices.push_back(element.add(element.index(offsets[d]), distance));
          }
          return element.extract(value, indices);
        });
  auto makeAttributes = [&](llvm::ArrayRef<int64_t> numbers) {
    llvm::SmallVector<OpFoldResult> attributes;
    for (int64_t number : numbers)
      attributes.push_back(builder.getIndexAttr(number));
    return attributes;
  };
  // The step of a single position means nothing.
  llvm::SmallVector<int64_t> strides(steps);
  for (size_t d = 0; d < strides.size(); ++d)
    if (sizes[d] == 1)
      strides[d] = 1;
  return {tensor::ExtractSliceOp::create(
              builder, node.getLocation(), value.value, makeAttributes(offsets),
              makeAttributes(sizes), makeAttributes(strides)),
          value.type};
}

OnnxValue emitSlice(OnnxNode &node, OnnxValue value, int64_t dimension,
                    int64_t offset, int64_t size) {
  llvm::SmallVector<int64_t> offsets(value.getRank(), 0);
  llvm::SmallVector<int64_t> sizes(value.getShape());
  llvm::SmallVector<int64_t> steps(value.getRank(), 1);
  offsets[dimension] = offset;
  sizes[dimension] = size;
  return emitSlice(node, value, offsets, sizes, steps);
}

OnnxValue emitConcat(OnnxNode &node, llvm::ArrayRef<OnnxValue> values,
                     int64_t dimension) {
  llvm::SmallVector<Value> parts;
  llvm::SmallVector<int64_t> shape(values.front().getShape());
  shape[dimension] = 0;
  for (OnnxValue value : values) {
    shape[dimension] += value.getShape()[dimension];
    if (!isEmptyShape(value.getShape()))
      parts.push_back(value.value);
  }
  ElementType type = values.front().type;
  if (parts.empty())
    return makeEmptyTensor(node, shape, type);
  if (parts.size() == 1)
    return {parts.front(), type};
  return {tensor::ConcatOp::create(node.getBuilder(), node.getLocation(),
                                   dimension, parts),
          type};
}

OnnxValue emitZeroPadding(OnnxNode &node, OnnxValue value,
                          llvm::ArrayRef<int64_t> low,
                          llvm::ArrayRef<int64_t> high) {
  llvm::SmallVector<int64_t> shape(value.getShape());
  for (size_t d = 0; d < shape.size(); ++d)
    shape[d] += low[d] + high[d];
  if (value.getShape() == llvm::ArrayRef<int64_t>(shape))
    return value;
  if (isEmptyShape(value.getShape()))
    return makeSplat(node, shape, value.type, 0);
  OpBuilder &builder = node.getBuilder();
  auto makeAttributes = [&](llvm::ArrayRef<int64_t> numbers) {
    llvm::SmallVector<OpFoldResult> attributes;
    for (int64_t number : numbers)
      attributes.push_back(builder.getIndexAttr(number));
    return attributes;
  };
  Value zero = emitNumber(builder, node.getLocation(), value.type, 0);
  return {tensor::PadOp::create(
              builder, node.getLocation(), makeType(node, shape, value.type),
              value.value, makeAttributes(low), makeAttributes(high), zero),
          value.type};
}

Value PositionBuilder::position(int64_t dimension) {
  return linalg::IndexOp::create(builder, location, dimension);
}

Value PositionBuilder::index(int64_t number) {
  return arith::ConstantIndexOp::create(builder, location, number);
}

Value PositionBuilder::extract(OnnxValue tensor,
                               llvm::ArrayRef<Value> indices) {
  return tensor::ExtractOp::create(builder, location, tensor.value, indices);
}

Value PositionBuilder::add(Value a, Value b) {
  return arith::AddIOp::create(builder, location, a, b);
}

Value PositionBuilder::subtract(Value a, Value b) {
  return arith::SubIOp::create(builder, location, a, b);
}

Value PositionBuilder::toIndex(Value element, ElementType type) {
  Type indexType = builder.getIndexType();
  if (isUnsigned(type) || type == ElementType::Bool)
    return arith::IndexCastUIOp::create(builder, location, indexType, element);
  return arith::IndexCastOp::create(builder, location, indexType, element);
}

Value PositionBuilder::toPosition(Value element, ElementType type,
                                  int64_t size) {
  Value number = toIndex(element, type);
  Value isNegative = less(number, index(0));
  Value fromEnd = add(number, index(size));
  return clamp(select(isNegative, fromEnd, number), 0, size - 1);
}

Value PositionBuilder::clamp(Value number, int64_t smallest, int64_t largest) {
  Value above =
      arith::MaxSIOp::create(builder, location, number, index(smallest));
  return arith::MinSIOp::create(builder, location, above, index(largest));
}

Value PositionBuilder::less(Value a, Value b) {
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::slt, a,
                               b);
}

Value PositionBuilder::both(Value a, Value b) {
  return arith::AndIOp::create(builder, location, a, b);
}

Value PositionBuilder::select(Value condition, Value a, Value b) {
  return arith::SelectOp::create(builder, location, condition, a, b);
}

OnnxValue emitElements(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                       ElementType type,
                       llvm::function_ref<Value(PositionBuilder &)> body) {
  if (isEmptyShape(shape))
    return makeEmptyTensor(node, shape, type);
  return emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, type,
      [&](OpBuilder &builder, Location location, ValueRange) {
        PositionBuilder element(builder, location);
        return body(element);
      });
}

LogicalResult checkIndices(OnnxNode &node, size_t input,
                           llvm::ArrayRef<int64_t> sizes) {
  auto values =
      readIntegers(getConstant(node.getValue(input)), node.getType(input));
  if (!values)
    return success();
  for (auto [place, value] : llvm::enumerate(*values)) {
    int64_t size = sizes[place % sizes.size()];
    if (value < -size || value >= size)
      return node.error() << "input " << input << " has an index of " << value
                          << ", expected " << -size << " to " << size - 1;
  }
  return success();
}

} // namespace toeplitz
