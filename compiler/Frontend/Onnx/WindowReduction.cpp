// Reductions over windows: see WindowReduction.h.

#include "compiler/Frontend/Onnx/WindowReduction.h"

#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

ValueRange emitWindowReduction(OnnxNode &node, ValueRange starts,
                               llvm::ArrayRef<int64_t> kernel,
                               WindowBody body) {
  OpBuilder &builder = node.getBuilder();
  int64_t parallel = OnnxNode::getTensorType(starts.front()).getRank();
  int64_t loops = parallel + kernel.size();
  auto map = [&](llvm::ArrayRef<AffineExpr> indices) {
    return AffineMap::get(loops, 0, indices, builder.getContext());
  };
  // Operands have to say how many taps there are in each dimension; nobody
  // reads them.
  llvm::SmallVector<Value> taps;
  llvm::SmallVector<AffineMap> maps;
  for (auto [d, size] : llvm::enumerate(kernel)) {
    taps.push_back(makeEmpty(node, size, ElementType::Int8));
    maps.push_back(map(builder.getAffineDimExpr(parallel + d)));
  }
  AffineMap outer =
      AffineMap::getMultiDimIdentityMap(loops, builder.getContext())
          .getMajorSubMap(parallel);
  maps.append(starts.size(), outer);
  llvm::SmallVector<utils::IteratorType> iterators(
      loops, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), parallel, utils::IteratorType::parallel);
  return linalg::GenericOp::create(
             builder, node.getLocation(), TypeRange(starts), taps, starts, maps,
             iterators,
             [&](OpBuilder &nested, Location location, ValueRange elements) {
               linalg::YieldOp::create(
                   nested, location,
                   body(nested, location, elements.take_back(starts.size())));
             })
      .getResults();
}

TransposedPosition emitTransposedPosition(IndexArithmetic &index, Value offset,
                                          int64_t stride, int64_t count) {
  // A negative offset is divided towards zero, and isn't inside.
  Value isInside = index.isInside(offset, count * stride);
  if (stride != 1)
    isInside = index.both(isInside,
                          index.isInside(index.remainder(offset, stride), 1));
  return {index.clamp(index.divide(offset, stride), count), isInside};
}

/// The number of a position in a tensor of this shape; see emitWindowMaximum.
static Value emitNumberOf(IndexArithmetic &index,
                          llvm::ArrayRef<Value> position,
                          llvm::ArrayRef<int64_t> shape, bool columnMajor) {
  Value number = index.add(index.multiply(position[0], shape[1]), position[1]);
  if (!columnMajor) {
    for (size_t d = 2; d < shape.size(); ++d)
      number = index.add(index.multiply(number, shape[d]), position[d]);
    return number;
  }
  Value place = position.back();
  for (size_t d = shape.size() - 1; d-- > 2;)
    place = index.add(index.multiply(place, shape[d]), position[d]);
  int64_t plane = 1;
  for (int64_t size : shape.drop_front(2))
    plane *= size;
  return index.add(index.multiply(number, plane), place);
}

OnnxValue emitWindowMaximum(OnnxNode &node, OnnxValue input,
                            const WindowAttributes &window,
                            llvm::ArrayRef<int64_t> output, OnnxValue *indices,
                            bool columnMajor) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  ElementType type = input.type;
  OnnxNode::Shape shape = {input.getShape()[0], input.getShape()[1]};
  llvm::append_range(shape, output);
  llvm::SmallVector<Value> starts = {
      emitFilled(node, shape, emitSmallest(builder, location, type))};
  if (indices) {
    // What is found first is taken whatever it is: -1 says that nothing is.
    Value none = emitNumber(builder, location, ElementType::Int64, -1);
    starts.push_back(emitFilled(node, shape, none));
  }
  ValueRange results = emitWindowReduction(
      node, starts, window.kernel,
      [&](OpBuilder &inner, Location place,
          ValueRange best) -> llvm::SmallVector<Value> {
        IndexArithmetic index(inner, place);
        llvm::SmallVector<Value> position = {index.iteration(0),
                                             index.iteration(1)};
        Value isInside;
        for (size_t d = 0; d < window.getRank(); ++d) {
          int64_t size = input.getShape()[d + 2];
          Value start =
              index.multiply(index.iteration(d + 2), window.strides[d]);
          Value tap = index.multiply(index.iteration(shape.size() + d),
                                     window.dilations[d]);
          Value at = index.add(index.add(start, tap), -window.low[d]);
          isInside = index.both(isInside, index.isInside(at, size));
          position.push_back(index.clamp(at, size));
        }
        Value element =
            tensor::ExtractOp::create(inner, place, input.value, position);
        if (!indices) {
          Value larger = emitMaximum(inner, place, element, best[0], type);
          return {
              arith::SelectOp::create(inner, place, isInside, larger, best[0])};
        }
        Value isBetter;
        if (isFloatingPoint(type)) {
          // NaN is better than every number, and the first one stays.
          Value isLarger = arith::CmpFOp::create(
              inner, place, arith::CmpFPredicate::UGT, element, best[0]);
          Value isNumber = arith::CmpFOp::create(
              inner, place, arith::CmpFPredicate::ORD, best[0], best[0]);
          isBetter = index.both(isLarger, isNumber);
        } else {
          isBetter = emitCompare(inner, place, Comparison::Greater, element,
                                 best[0], type);
        }
        Value isFirst =
            emitCompare(inner, place, Comparison::Less, best[1],
                        emitNumber(inner, place, ElementType::Int64, 0),
                        ElementType::Int64);
        Value isTaken = index.both(
            isInside, arith::OrIOp::create(inner, place, isBetter, isFirst));
        Value number = arith::IndexCastOp::create(
            inner, place, inner.getI64Type(),
            emitNumberOf(index, position, input.getShape(), columnMajor));
        return {
            arith::SelectOp::create(inner, place, isTaken, element, best[0]),
            arith::SelectOp::create(inner, place, isTaken, number, best[1])};
      });
  if (indices)
    *indices = {results[1], ElementType::Int64};
  return {results[0], type};
}

} // namespace toeplitz
