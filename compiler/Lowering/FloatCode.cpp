#include "compiler/Lowering/FloatCode.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

#include <limits>

using namespace mlir;

namespace toeplitz {

Type withElements(Type like, Type element) {
  if (auto shaped = dyn_cast<ShapedType>(like))
    return shaped.clone(element);
  return element;
}

FloatCode::FloatCode(OpBuilder &builder, Location location, Type type)
    : builder(builder), location(location), floats(type),
      integers(withElements(
          type, IntegerType::get(
                    type.getContext(),
                    getElementTypeOrSelf(type).getIntOrFloatBitWidth()))) {}

Value FloatCode::number(double value) const {
  APFloat nearest(value);
  bool isInexact;
  nearest.convert(
      cast<FloatType>(getElementTypeOrSelf(floats)).getFloatSemantics(),
      APFloat::rmNearestTiesToEven, &isInexact);
  return createScalarOrSplatConstant(builder, location, floats, nearest);
}

Value FloatCode::integer(uint64_t value) const {
  unsigned width = getElementTypeOrSelf(integers).getIntOrFloatBitWidth();
  return createScalarOrSplatConstant(builder, location, integers,
                                     APInt(width, value));
}

Value FloatCode::isOdd(Value value) const {
  return compare(arith::CmpIPredicate::ne, both(value, integer(1)), integer(0));
}

Value FloatCode::any(Value condition) const {
  auto type = dyn_cast<VectorType>(condition.getType());
  if (!type)
    return condition;
  if (type.getRank() != 1)
    condition = vector::ShapeCastOp::create(
        builder, location,
        VectorType::get({type.getNumElements()}, type.getElementType()),
        condition);
  return vector::ReductionOp::create(builder, location,
                                     vector::CombiningKind::OR, condition);
}

Value FloatCode::atLeast(Value x, double bound) const {
  Value limit = number(bound);
  return select(compare(arith::CmpFPredicate::OGT, limit, x), limit, x);
}

Value FloatCode::atMost(Value x, double bound) const {
  Value limit = number(bound);
  return select(compare(arith::CmpFPredicate::OLT, limit, x), limit, x);
}

Value FloatCode::withBorders(Value result, Value x, double border) const {
  using Predicate = arith::CmpFPredicate;
  constexpr double infinity = std::numeric_limits<double>::infinity();
  Value atBorder =
      select(compare(Predicate::OEQ, x, number(border)), number(-infinity),
             number(std::numeric_limits<double>::quiet_NaN()));
  Value finite =
      select(compare(Predicate::OLT, x, number(infinity)), result, x);
  return select(compare(Predicate::UGT, x, number(border)), finite, atBorder);
}

} // namespace toeplitz
