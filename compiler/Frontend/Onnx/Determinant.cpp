// Determinants by Gaussian elimination with partial pivoting. Round k takes,
// for every matrix A, the row p >= k whose element in column k is the largest
// in magnitude:
//
//   det := det * A[p, k], negated if p != k
//   A'[i, j] = A[r(i), j] - A[r(i), k] / A[p, k] * A[p, j]    for i > k,
//   A'[i, j] = A[r(i), j]                                     otherwise,
//
// where r swaps the rows k and p. A pivot of 0 makes the determinant 0.

#include "compiler/Frontend/Onnx/Determinant.h"

#include "compiler/Frontend/Onnx/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// A round on matrices [B, M, M]; `column` is k.
struct Elimination {
  OpBuilder &builder;
  Location location;
  ElementType type;
  Value matrices;
  Value column;

  Value read(OpBuilder &inner, Value batch, Value row, Value at) const {
    return tensor::ExtractOp::create(inner, location, matrices,
                                     ValueRange{batch, row, at});
  }
  Value equals(OpBuilder &inner, Value a, Value b) const {
    return arith::CmpIOp::create(inner, location, arith::CmpIPredicate::eq, a,
                                 b);
  }
  Value select(OpBuilder &inner, Value condition, Value a, Value b) const {
    return arith::SelectOp::create(inner, location, condition, a, b);
  }

  /// The row of the pivot, for each matrix: a tensor of int64.
  Value emitPivots() const;
  Value emitDeterminants(Value pivots, Value determinants) const;
  Value emitMatrices(Value pivots) const;
};

} // namespace

Value Elimination::emitPivots() const {
  auto shape = cast<RankedTensorType>(matrices.getType()).getShape();
  auto fill = [&](Value scalar) -> Value {
    Value empty = tensor::EmptyOp::create(builder, location, {shape[0]},
                                          scalar.getType());
    return linalg::FillOp::create(builder, location, scalar, empty)
        .getResult(0);
  };
  Value start = arith::IndexCastOp::create(builder, location,
                                           builder.getI64Type(), column);
  // Below every magnitude.
  Value starts[] = {fill(emitNumber(builder, location, type, -1)), fill(start)};
  // The rows are counted by a tensor that has nothing but their number.
  Value rows = tensor::EmptyOp::create(builder, location, {shape[1]},
                                       builder.getI8Type());
  AffineExpr batch = builder.getAffineDimExpr(0);
  AffineExpr row = builder.getAffineDimExpr(1);
  AffineMap rowMap = AffineMap::get(2, 0, row);
  AffineMap batchMap = AffineMap::get(2, 0, batch);
  auto generic = linalg::GenericOp::create(
      builder, location, TypeRange(ValueRange(starts)), ValueRange(rows),
      ValueRange(starts), llvm::ArrayRef<AffineMap>{rowMap, batchMap, batchMap},
      llvm::ArrayRef<utils::IteratorType>{utils::IteratorType::parallel,
                                          utils::IteratorType::reduction},
      [&](OpBuilder &inner, Location, ValueRange elements) {
        Value batchIndex = linalg::IndexOp::create(inner, location, 0);
        Value rowIndex = linalg::IndexOp::create(inner, location, 1);
        Value magnitude = math::AbsFOp::create(
            inner, location, read(inner, batchIndex, rowIndex, column));
        Value isLarger = emitCompare(inner, location, Comparison::Greater,
                                     magnitude, elements[1], type);
        Value isOpen = arith::CmpIOp::create(
            inner, location, arith::CmpIPredicate::sge, rowIndex, column);
        Value isTaken =
            arith::AndIOp::create(inner, location, isLarger, isOpen);
        Value position = arith::IndexCastOp::create(
            inner, location, inner.getI64Type(), rowIndex);
        linalg::YieldOp::create(
            inner, location,
            ValueRange{select(inner, isTaken, magnitude, elements[1]),
                       select(inner, isTaken, position, elements[2])});
      });
  return generic.getResult(1);
}

Value Elimination::emitDeterminants(Value pivots, Value determinants) const {
  AffineMap map = builder.getMultiDimIdentityMap(1);
  auto generic = linalg::GenericOp::create(
      builder, location, TypeRange(determinants.getType()), ValueRange(pivots),
      ValueRange(determinants), llvm::ArrayRef<AffineMap>{map, map},
      utils::IteratorType::parallel,
      [&](OpBuilder &inner, Location, ValueRange elements) {
        Value batch = linalg::IndexOp::create(inner, location, 0);
        Value pivot = arith::IndexCastOp::create(
            inner, location, inner.getIndexType(), elements[0]);
        Value factor = read(inner, batch, pivot, column);
        Value negated = arith::NegFOp::create(inner, location, factor);
        Value signedFactor =
            select(inner, equals(inner, pivot, column), factor, negated);
        Value product =
            arith::MulFOp::create(inner, location, elements[1], signedFactor);
        linalg::YieldOp::create(inner, location, product);
      });
  return generic.getResult(0);
}

Value Elimination::emitMatrices(Value pivots) const {
  auto tensorType = cast<RankedTensorType>(matrices.getType());
  Value empty = tensor::EmptyOp::create(
      builder, location, tensorType.getShape(), tensorType.getElementType());
  AffineMap pivotMap = AffineMap::get(3, 0, builder.getAffineDimExpr(0));
  llvm::SmallVector<utils::IteratorType> iterators(
      3, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, location, TypeRange(tensorType), ValueRange(pivots),
      ValueRange(empty),
      llvm::ArrayRef<AffineMap>{pivotMap, builder.getMultiDimIdentityMap(3)},
      iterators, [&](OpBuilder &inner, Location, ValueRange elements) {
        Value batch = linalg::IndexOp::create(inner, location, 0);
        Value row = linalg::IndexOp::create(inner, location, 1);
        Value at = linalg::IndexOp::create(inner, location, 2);
        Value pivot = arith::IndexCastOp::create(
            inner, location, inner.getIndexType(), elements[0]);
        Value source =
            select(inner, equals(inner, row, column), pivot,
                   select(inner, equals(inner, row, pivot), column, row));
        Value element = read(inner, batch, source, at);
        Value zero = emitNumber(inner, location, type, 0);
        Value divisor = read(inner, batch, pivot, column);
        Value isSingular = emitCompare(inner, location, Comparison::Equal,
                                       divisor, zero, type);
        Value quotient = arith::DivFOp::create(
            inner, location, read(inner, batch, source, column),
            select(inner, isSingular, emitNumber(inner, location, type, 1),
                   divisor));
        Value product = arith::MulFOp::create(inner, location, quotient,
                                              read(inner, batch, pivot, at));
        Value reduced =
            arith::SubFOp::create(inner, location, element, product);
        Value isBelow = arith::CmpIOp::create(
            inner, location, arith::CmpIPredicate::sgt, row, column);
        linalg::YieldOp::create(inner, location,
                                select(inner, isBelow, reduced, element));
      });
  return generic.getResult(0);
}

OnnxValue emitDeterminant(OnnxNode &node, OnnxValue matrices) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  llvm::ArrayRef<int64_t> shape = matrices.getShape();
  llvm::ArrayRef<int64_t> outer = shape.drop_back(2);
  Value one = emitNumber(builder, location, matrices.type, 1);
  // The determinant of a matrix without elements is 1, too.
  if (llvm::is_contained(shape, 0))
    return {emitFilled(node, outer, one), matrices.type};
  int64_t size = shape.back();
  int64_t batches = matrices.getTensorType().getNumElements() / (size * size);
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, location, value);
  };
  Value starts[] = {node.reshape(matrices.value, {batches, size, size}),
                    emitFilled(node, {batches}, one)};
  auto loop = scf::ForOp::create(
      builder, location, index(0), index(size), index(1), ValueRange(starts),
      [&](OpBuilder &inner, Location, Value column, ValueRange state) {
        Elimination round{inner, location, matrices.type, state[0], column};
        Value pivots = round.emitPivots();
        Value determinants = round.emitDeterminants(pivots, state[1]);
        scf::YieldOp::create(
            inner, location,
            ValueRange{round.emitMatrices(pivots), determinants});
      });
  return {node.reshape(loop.getResult(1), outer), matrices.type};
}

} // namespace toeplitz
