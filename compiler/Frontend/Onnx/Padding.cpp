// Padding and cropping: see Padding.h.

#include "compiler/Frontend/Onnx/Padding.h"

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/IndexArithmetic.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

static llvm::SmallVector<OpFoldResult>
getIndexAttributes(OpBuilder &builder, llvm::ArrayRef<int64_t> numbers) {
  return llvm::map_to_vector(numbers, [&](int64_t number) -> OpFoldResult {
    return builder.getIndexAttr(number);
  });
}

static bool isZero(llvm::ArrayRef<int64_t> numbers) {
  return llvm::all_of(numbers, [](int64_t number) { return number == 0; });
}

OnnxValue emitCrop(OnnxNode &node, OnnxValue value, llvm::ArrayRef<int64_t> low,
                   llvm::ArrayRef<int64_t> high) {
  if (isZero(low) && isZero(high))
    return value;
  OpBuilder &builder = node.getBuilder();
  llvm::SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(value.getShape()))
    shape.push_back(size - low[d] - high[d]);
  llvm::SmallVector<int64_t> ones(shape.size(), 1);
  if (llvm::is_contained(shape, 0))
    return {makeEmpty(node, shape, value.type), value.type};
  return {tensor::ExtractSliceOp::create(builder, node.getLocation(),
                                         value.value,
                                         getIndexAttributes(builder, low),
                                         getIndexAttributes(builder, shape),
                                         getIndexAttributes(builder, ones)),
          value.type};
}

/// Where a position of the result, counted from the tensor's first, is read.
static Value emitSource(IndexArithmetic &index, Value position, int64_t size,
                        cnn::PaddingMode mode) {
  if (mode == cnn::PaddingMode::Circular)
    return index.modulo(position, size);
  if (mode == cnn::PaddingMode::Replicate || size == 1)
    return index.clamp(position, size);
  // Back and forth, without the borders twice: for 4 positions 0 1 2 3 2 1, and
  // again. Beyond the last, one more is one less: size - 1 - |p - (size - 1)|.
  Value phase = index.modulo(position, 2 * (size - 1));
  return index.reflect(phase, size - 1);
}

/// Reads every element from where the mode says.
static OnnxValue emitBorder(OnnxNode &node, OnnxValue value,
                            llvm::ArrayRef<int64_t> low,
                            llvm::ArrayRef<int64_t> shape,
                            cnn::PaddingMode mode) {
  return emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, value.type,
      [&](OpBuilder &builder, Location location, ValueRange) -> Value {
        IndexArithmetic index(builder, location);
        llvm::SmallVector<Value> source;
        for (auto [d, size] : llvm::enumerate(value.getShape())) {
          Value position = index.add(index.iteration(d), -low[d]);
          // A dimension without padding is read as it is.
          source.push_back(shape[d] == size
                               ? position
                               : emitSource(index, position, size, mode));
        }
        return tensor::ExtractOp::create(builder, location, value.value,
                                         source);
      });
}

OnnxValue emitPad(OnnxNode &node, OnnxValue value, llvm::ArrayRef<int64_t> low,
                  llvm::ArrayRef<int64_t> high, cnn::PaddingMode mode,
                  Value fill) {
  if (isZero(low) && isZero(high))
    return value;
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  llvm::SmallVector<int64_t> shape;
  bool isWithinDialect = isNetworkTensor(value);
  for (auto [d, size] : llvm::enumerate(value.getShape())) {
    shape.push_back(size + low[d] + high[d]);
    int64_t most = std::max(low[d], high[d]);
    isWithinDialect &= mode == cnn::PaddingMode::Reflect    ? most < size
                       : mode == cnn::PaddingMode::Circular ? most <= size
                                                            : true;
  }
  if (llvm::is_contained(shape, 0))
    return {makeEmpty(node, shape, value.type), value.type};
  FloatAttr number;
  if (mode == cnn::PaddingMode::Zeros &&
      !matchPattern(fill, m_Constant(&number)))
    isWithinDialect = false;
  if (isWithinDialect) {
    auto type = RankedTensorType::get(shape, builder.getF32Type());
    llvm::APFloat zero(0.0f);
    return {cnn::PadOp::create(builder, location, type, value.value, low, high,
                               mode, number ? number.getValue() : zero),
            value.type};
  }
  if (mode != cnn::PaddingMode::Zeros)
    return emitBorder(node, value, low, shape, mode);
  Value filled = linalg::FillOp::create(builder, location, fill,
                                        makeEmpty(node, shape, value.type))
                     .getResult(0);
  if (llvm::is_contained(value.getShape(), 0))
    return {filled, value.type};
  llvm::SmallVector<int64_t> ones(shape.size(), 1);
  return {tensor::InsertSliceOp::create(
              builder, location, value.value, filled,
              getIndexAttributes(builder, low),
              getIndexAttributes(builder, value.getShape()),
              getIndexAttributes(builder, ones)),
          value.type};
}

} // namespace toeplitz
