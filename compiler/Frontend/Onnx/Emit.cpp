// Emitting code: see Emit.h.

#include "compiler/Frontend/Onnx/Emit.h"

#include "compiler/Frontend/Shape.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

static TypedAttr makeNumber(ElementType type, double number,
                            MLIRContext *context) {
  Type mlirType = getMlirType(type, context);
  if (isFloatingPoint(type)) {
    APFloat value(number);
    bool losesInfo = false;
    value.convert(cast<FloatType>(mlirType).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    return FloatAttr::get(mlirType, value);
  }
  // Unsigned numbers beyond the signed range by their bits.
  uint64_t bits = number < 0
                      ? static_cast<uint64_t>(static_cast<int64_t>(number))
                      : static_cast<uint64_t>(number);
  return IntegerAttr::get(
      mlirType, APInt(64, bits).trunc(mlirType.getIntOrFloatBitWidth()));
}

Value emitNumber(OpBuilder &builder, Location location, ElementType type,
                 double number) {
  return arith::ConstantOp::create(
      builder, location, makeNumber(type, number, builder.getContext()));
}

static Value emitLimit(OpBuilder &builder, Location location, ElementType type,
                       bool isLargest) {
  Type mlirType = getMlirType(type, builder.getContext());
  if (auto floatType = dyn_cast<FloatType>(mlirType))
    return arith::ConstantOp::create(
        builder, location,
        FloatAttr::get(mlirType, APFloat::getInf(floatType.getFloatSemantics(),
                                                 /*Negative=*/!isLargest)));
  unsigned bits = getBitWidth(type);
  APInt limit = type == ElementType::Bool ? APInt(bits, isLargest)
                : isUnsigned(type) ? (isLargest ? APInt::getMaxValue(bits)
                                                : APInt::getMinValue(bits))
                : isLargest        ? APInt::getSignedMaxValue(bits)
                                   : APInt::getSignedMinValue(bits);
  return arith::ConstantOp::create(builder, location,
                                   IntegerAttr::get(mlirType, limit));
}

Value emitLargest(OpBuilder &builder, Location location, ElementType type) {
  return emitLimit(builder, location, type, /*isLargest=*/true);
}

Value emitSmallest(OpBuilder &builder, Location location, ElementType type) {
  return emitLimit(builder, location, type, /*isLargest=*/false);
}

Value emitCompare(OpBuilder &builder, Location location, Comparison comparison,
                  Value a, Value b, ElementType type) {
  struct Row {
    arith::CmpFPredicate floating;
    arith::CmpIPredicate signedInteger, unsignedInteger;
  };
  static constexpr Row table[] = {
      {arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq,
       arith::CmpIPredicate::eq},
      {arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne,
       arith::CmpIPredicate::ne},
      {arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt,
       arith::CmpIPredicate::ult},
      {arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle,
       arith::CmpIPredicate::ule},
      {arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt,
       arith::CmpIPredicate::ugt},
      {arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge,
       arith::CmpIPredicate::uge}};
  const Row &row = table[static_cast<size_t>(comparison)];
  if (isFloatingPoint(type))
    return arith::CmpFOp::create(builder, location, row.floating, a, b);
  return arith::CmpIOp::create(
      builder, location,
      isSigned(type) ? row.signedInteger : row.unsignedInteger, a, b);
}

/// The operation of the type's kind.
template <typename Floating, typename Signed, typename Unsigned = Signed>
static Value emitByKind(OpBuilder &builder, Location location, Value a, Value b,
                        ElementType type) {
  if (isFloatingPoint(type))
    return Floating::create(builder, location, a, b);
  if (isSigned(type))
    return Signed::create(builder, location, a, b);
  return Unsigned::create(builder, location, a, b);
}

Value emitMaximum(OpBuilder &builder, Location location, Value a, Value b,
                  ElementType type) {
  return emitByKind<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(
      builder, location, a, b, type);
}

Value emitMinimum(OpBuilder &builder, Location location, Value a, Value b,
                  ElementType type) {
  return emitByKind<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(
      builder, location, a, b, type);
}

Value emitAdd(OpBuilder &builder, Location location, Value a, Value b,
              ElementType type) {
  return emitByKind<arith::AddFOp, arith::AddIOp>(builder, location, a, b,
                                                  type);
}

Value emitSubtract(OpBuilder &builder, Location location, Value a, Value b,
                   ElementType type) {
  return emitByKind<arith::SubFOp, arith::SubIOp>(builder, location, a, b,
                                                  type);
}

Value emitMultiply(OpBuilder &builder, Location location, Value a, Value b,
                   ElementType type) {
  return emitByKind<arith::MulFOp, arith::MulIOp>(builder, location, a, b,
                                                  type);
}

Value emitDivide(OpBuilder &builder, Location location, Value a, Value b,
                 ElementType type) {
  return emitByKind<arith::DivFOp, arith::DivSIOp, arith::DivUIOp>(
      builder, location, a, b, type);
}

Value emitFromCondition(OpBuilder &builder, Location location,
                        Value condition) {
  return arith::ExtUIOp::create(builder, location, builder.getI8Type(),
                                condition);
}

Value emitToCondition(OpBuilder &builder, Location location, Value boolean) {
  Value zero =
      arith::ConstantOp::create(builder, location, builder.getI8IntegerAttr(0));
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::ne,
                               boolean, zero);
}

Value emitToCondition(OnnxNode &node, OnnxValue boolean) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  llvm::SmallVector<Value> first(
      boolean.getRank(), arith::ConstantIndexOp::create(builder, location, 0));
  Value element =
      tensor::ExtractOp::create(builder, location, boolean.value, first);
  return emitToCondition(builder, location, element);
}

llvm::FailureOr<Value> readCondition(OnnxNode &node, size_t index) {
  if (failed(node.checkType(
          index, [](ElementType type) { return type == ElementType::Bool; },
          "bool")) ||
      failed(node.checkOneElement(index)))
    return failure();
  return emitToCondition(node, node.getInput(index));
}

/// Between floating-point types.
static Value emitFloatCast(OpBuilder &builder, Location location, Value element,
                           Type to) {
  unsigned fromBits = element.getType().getIntOrFloatBitWidth();
  unsigned toBits = to.getIntOrFloatBitWidth();
  if (element.getType() == to)
    return element;
  if (fromBits < toBits)
    return arith::ExtFOp::create(builder, location, to, element);
  if (fromBits > toBits)
    return arith::TruncFOp::create(builder, location, to, element);
  // f16 and bf16 go through f32, which holds both.
  Value wide =
      arith::ExtFOp::create(builder, location, builder.getF32Type(), element);
  return arith::TruncFOp::create(builder, location, to, wide);
}

/// To an integer type: clamped to its range first, since conversions of
/// anything else are poison.
static Value emitFloatToInteger(OpBuilder &builder, Location location,
                                Value element, ElementType to) {
  // All limits but those of 64 bits (and of 32 in a float) are exact in a
  // double; the others round up to a power of two, which is one too many and is
  // taken care of below.
  Value wide = emitFloatCast(builder, location, element, builder.getF64Type());
  bool hasSign = isSigned(to);
  unsigned bits = getBitWidth(to);
  Type type = getMlirType(to, builder.getContext());
  double upper = std::ldexp(1.0, hasSign ? bits - 1 : bits);
  double lower = hasSign ? -upper : 0;
  auto number = [&](double value) {
    return emitNumber(builder, location, ElementType::Float64, value);
  };
  auto compare = [&](arith::CmpFPredicate predicate, double limit) -> Value {
    return arith::CmpFOp::create(builder, location, predicate, wide,
                                 number(limit));
  };
  // Truncation makes everything above lower - 1 fit.
  Value fits = arith::AndIOp::create(
      builder, location, compare(arith::CmpFPredicate::OLT, upper),
      bits == 64 ? compare(arith::CmpFPredicate::OGE, lower)
                 : compare(arith::CmpFPredicate::OGT, lower - 1));
  Value safe =
      arith::SelectOp::create(builder, location, fits, wide, number(0));
  Value converted =
      hasSign ? Value(arith::FPToSIOp::create(builder, location, type, safe))
              : Value(arith::FPToUIOp::create(builder, location, type, safe));
  Value isNegative = compare(arith::CmpFPredicate::OLT, 0);
  Value nearest = arith::SelectOp::create(builder, location, isNegative,
                                          emitSmallest(builder, location, to),
                                          emitLargest(builder, location, to));
  Value isNumber = arith::CmpFOp::create(builder, location,
                                         arith::CmpFPredicate::ORD, wide, wide);
  Value outside = arith::SelectOp::create(builder, location, isNumber, nearest,
                                          emitNumber(builder, location, to, 0));
  return arith::SelectOp::create(builder, location, fits, converted, outside);
}

Value emitCast(OpBuilder &builder, Location location, Value element,
               ElementType from, ElementType to) {
  Type type = getMlirType(to, builder.getContext());
  if (from == to)
    return element;
  if (to == ElementType::Bool)
    return emitFromCondition(
        builder, location,
        emitCompare(builder, location, Comparison::NotEqual, element,
                    emitNumber(builder, location, from, 0), from));
  if (isFloatingPoint(from))
    return isFloatingPoint(to)
               ? emitFloatCast(builder, location, element, type)
               : emitFloatToInteger(builder, location, element, to);
  if (isFloatingPoint(to)) {
    // Conversions to halves take their way over a type that has instructions.
    Type wide = isHalfPrecision(to) ? builder.getF32Type() : type;
    Value converted =
        isSigned(from)
            ? Value(arith::SIToFPOp::create(builder, location, wide, element))
            : Value(arith::UIToFPOp::create(builder, location, wide, element));
    return emitFloatCast(builder, location, converted, type);
  }
  if (getBitWidth(from) > getBitWidth(to))
    return arith::TruncIOp::create(builder, location, type, element);
  if (getBitWidth(from) == getBitWidth(to))
    return element;
  if (isSigned(from))
    return arith::ExtSIOp::create(builder, location, type, element);
  return arith::ExtUIOp::create(builder, location, type, element);
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
broadcastShapes(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs) {
  llvm::SmallVector<int64_t> common;
  for (OnnxValue input : inputs) {
    llvm::ArrayRef<int64_t> shape = input.getShape();
    if (shape.size() > common.size())
      common.insert(common.begin(), shape.size() - common.size(), 1);
    for (size_t back = 1; back <= shape.size(); ++back) {
      int64_t &size = common[common.size() - back];
      int64_t other = shape[shape.size() - back];
      if (size == 1)
        size = other;
      if (other != size && other != 1) {
        InFlightDiagnostic diagnostic = node.error();
        diagnostic << "the shapes of its inputs don't go together: ";
        llvm::interleaveComma(inputs, diagnostic, [&](OnnxValue value) {
          diagnostic << formatShape(value.getShape());
        });
        diagnostic << "; each dimension, from the last, must be the same or 1";
        return failure();
      }
    }
  }
  if (failed(node.checkResultShape(common)))
    return failure();
  return common;
}

Value makeEmpty(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                ElementType type) {
  return tensor::EmptyOp::create(
      node.getBuilder(), node.getLocation(), shape,
      getMlirType(type, node.getBuilder().getContext()));
}

OnnxValue emitElementwise(OnnxNode &node, llvm::ArrayRef<OnnxValue> inputs,
                          llvm::ArrayRef<int64_t> shape, ElementType result,
                          ElementBody body) {
  OpBuilder &builder = node.getBuilder();
  int64_t rank = static_cast<int64_t>(shape.size());
  llvm::SmallVector<Value> operands;
  llvm::SmallVector<AffineMap> maps;
  for (OnnxValue input : inputs) {
    // Dimensions of size 1 in front of the result's don't count.
    llvm::SmallVector<AffineExpr> indices;
    for (int64_t d = 0; d < input.getRank(); ++d) {
      int64_t resultDimension = d + rank - input.getRank();
      bool isRepeated = input.getShape()[d] != shape[resultDimension];
      indices.push_back(isRepeated ? builder.getAffineConstantExpr(0)
                                   : builder.getAffineDimExpr(resultDimension));
    }
    operands.push_back(input.value);
    maps.push_back(AffineMap::get(rank, 0, indices, builder.getContext()));
  }
  maps.push_back(builder.getMultiDimIdentityMap(rank));
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::parallel);
  Value empty = makeEmpty(node, shape, result);
  auto generic = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange(empty.getType()), operands,
      ValueRange(empty), maps, iterators,
      [&](OpBuilder &inner, Location location, ValueRange elements) {
        linalg::YieldOp::create(inner, location,
                                body(inner, location, elements.drop_back()));
      });
  return {generic.getResult(0), result};
}

OnnxValue emitElementwise(OnnxNode &node, OnnxValue input, ElementType result,
                          ElementBody body) {
  return emitElementwise(node, llvm::ArrayRef<OnnxValue>(input),
                         input.getShape(), result, body);
}

bool isNetworkTensor(OnnxValue value) {
  return value.type == ElementType::Float32 &&
         !llvm::is_contained(value.getShape(), 0);
}

OnnxValue emitBroadcast(OnnxNode &node, OnnxValue value,
                        llvm::ArrayRef<int64_t> shape) {
  if (value.getShape() == shape)
    return value;
  if (isNetworkTensor(value) && !llvm::is_contained(shape, 0)) {
    llvm::SmallVector<int64_t> ranked(shape.size() - value.getShape().size(),
                                      1);
    llvm::append_range(ranked, value.getShape());
    Value input = node.reshape(value.value, ranked);
    if (llvm::ArrayRef<int64_t>(ranked) == shape)
      return {input, value.type};
    auto type =
        RankedTensorType::get(shape, value.getTensorType().getElementType());
    return {cnn::BroadcastOp::create(node.getBuilder(), node.getLocation(),
                                     type, input, shape),
            value.type};
  }
  return emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(value), shape, value.type,
      [](OpBuilder &, Location, ValueRange elements) { return elements[0]; });
}

OnnxValue convert(OnnxNode &node, OnnxValue value, ElementType to) {
  if (value.type == to)
    return value;
  return emitElementwise(
      node, value, to,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitCast(builder, location, elements[0], value.type, to);
      });
}

OnnxValue toComputeType(OnnxNode &node, OnnxValue value) {
  return isHalfPrecision(value.type)
             ? convert(node, value, ElementType::Float32)
             : value;
}

OnnxValue makeSplat(OnnxNode &node, llvm::ArrayRef<int64_t> shape,
                    ElementType type, double number) {
  MLIRContext *context = node.getBuilder().getContext();
  auto tensorType = RankedTensorType::get(shape, getMlirType(type, context));
  Attribute element = makeNumber(type, number, context);
  auto attribute = DenseElementsAttr::get(tensorType, element);
  return {node.makeConstant(attribute), type};
}

OnnxValue makeIntegers(OnnxNode &node, llvm::ArrayRef<int64_t> numbers) {
  auto type = RankedTensorType::get({static_cast<int64_t>(numbers.size())},
                                    node.getBuilder().getI64Type());
  return {node.makeConstant(DenseElementsAttr::get(type, numbers)),
          ElementType::Int64};
}

} // namespace toeplitz
