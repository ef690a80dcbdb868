// Running sums and products along a dimension. They take log2(n) rounds, each
// of which is computed for all elements at once:
//
//   x'[i] = x[i - distance] * x[i]   for distance 1, 2, 4, …
//
// so that after all rounds an element has taken in all elements before it.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

using ScalarFunction = Value (*)(OpBuilder &, Location, Value, Value,
                                 ElementType);

namespace {

struct Scan {
  OnnxNode &node;
  int64_t axis;
  bool isReversed;
  /// What elements outside of the tensor are.
  double neutral;

  /// Calls `combine` for each element with the one `distance` before it (after
  /// it, if the scan is reversed) and itself.
  OnnxValue
  emitRound(OnnxValue input, int64_t distance,
            llvm::function_ref<Value(OpBuilder &, Location, Value, Value)>
                combine) const;
};

} // namespace

OnnxValue
Scan::emitRound(OnnxValue input, int64_t distance,
                llvm::function_ref<Value(OpBuilder &, Location, Value, Value)>
                    combine) const {
  int64_t size = input.getShape()[axis];
  return emitElementwise(
      node, input, input.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        llvm::SmallVector<Value> indices;
        for (int64_t d = 0; d < input.getRank(); ++d)
          indices.push_back(linalg::IndexOp::create(builder, location, d));
        auto index = [&](int64_t value) -> Value {
          return arith::ConstantIndexOp::create(builder, location, value);
        };
        Value at = indices[axis];
        Value isInside = isReversed
                             ? arith::CmpIOp::create(builder, location,
                                                     arith::CmpIPredicate::slt,
                                                     at, index(size - distance))
                             : arith::CmpIOp::create(builder, location,
                                                     arith::CmpIPredicate::sge,
                                                     at, index(distance));
        Value other = arith::AddIOp::create(
            builder, location, at, index(isReversed ? distance : -distance));
        indices[axis] =
            arith::SelectOp::create(builder, location, isInside, other, at);
        Value earlier =
            tensor::ExtractOp::create(builder, location, input.value, indices);
        earlier = arith::SelectOp::create(
            builder, location, isInside, earlier,
            emitNumber(builder, location, input.type, neutral));
        return combine(builder, location, earlier, elements[0]);
      });
}

template <ScalarFunction combine, int neutral>
static LogicalResult buildScan(OnnxNode &node) {
  bool isExclusive = false, isReversed = false;
  if (failed(node.getAttributes()
                 .boolean("exclusive", isExclusive)
                 .boolean("reverse", isReversed)
                 .finish()) ||
      failed(node.checkRank(0, 1, maximumTensorRank)) ||
      failed(node.checkType(
          0, [](ElementType type) { return type != ElementType::Bool; },
          "a number type")))
    return failure();
  auto axis = node.getInteger(1);
  if (failed(axis))
    return failure();
  auto dimension = node.normalizeAxis(*axis, node.getRank(), "input 1");
  if (failed(dimension))
    return failure();
  OnnxValue result = toComputeType(node, node.getInput());
  ElementType type = result.type;
  Scan scan{node, *dimension, isReversed, neutral};
  if (isExclusive)
    result = scan.emitRound(
        result, 1,
        [](OpBuilder &, Location, Value earlier, Value) { return earlier; });
  for (int64_t distance = 1; distance < node.getShape()[*dimension];
       distance *= 2)
    result = scan.emitRound(
        result, distance,
        [&](OpBuilder &builder, Location location, Value earlier, Value own) {
          return combine(builder, location, earlier, own, type);
        });
  node.setResult(convert(node, result, node.getType()));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxScanOperators() {
  static const OnnxOperator operators[] = {
      {"CumProd", 26, newestOpset, 2, 2, 1, buildScan<emitMultiply, 1>},
      {"CumSum", 11, newestOpset, 2, 2, 1, buildScan<emitAdd, 0>}};
  return operators;
}

} // namespace toeplitz
