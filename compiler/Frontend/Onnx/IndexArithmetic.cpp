// Arithmetic on positions: see IndexArithmetic.h.

#include "compiler/Frontend/Onnx/IndexArithmetic.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace toeplitz {

Value IndexArithmetic::constant(int64_t number) {
  return arith::ConstantIndexOp::create(builder, location, number);
}

Value IndexArithmetic::add(Value a, Value b) {
  return arith::AddIOp::create(builder, location, a, b);
}

Value IndexArithmetic::add(Value a, int64_t b) {
  return b == 0 ? a : add(a, constant(b));
}

Value IndexArithmetic::subtract(Value a, Value b) {
  return arith::SubIOp::create(builder, location, a, b);
}

Value IndexArithmetic::multiply(Value a, int64_t b) {
  return b == 1
             ? a
             : Value(arith::MulIOp::create(builder, location, a, constant(b)));
}

Value IndexArithmetic::divide(Value a, int64_t b) {
  return b == 1
             ? a
             : Value(arith::DivSIOp::create(builder, location, a, constant(b)));
}

Value IndexArithmetic::remainder(Value a, int64_t b) {
  return b == 1
             ? constant(0)
             : Value(arith::RemSIOp::create(builder, location, a, constant(b)));
}

Value IndexArithmetic::modulo(Value a, int64_t b) {
  return b == 1 ? constant(0) : remainder(add(remainder(a, b), b), b);
}

Value IndexArithmetic::clamp(Value position, int64_t size) {
  Value atLeast =
      arith::MaxSIOp::create(builder, location, position, constant(0));
  return arith::MinSIOp::create(builder, location, atLeast, constant(size - 1));
}

Value IndexArithmetic::reflect(Value position, int64_t at) {
  Value other = subtract(constant(2 * at), position);
  return arith::MinSIOp::create(builder, location, position, other);
}

Value IndexArithmetic::isInside(Value position, int64_t size) {
  // As an unsigned number a negative one is beyond every size.
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::ult,
                               position, constant(size));
}

Value IndexArithmetic::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(builder, location, a, b);
}

Value IndexArithmetic::iteration(int64_t dimension) {
  return linalg::IndexOp::create(builder, location, dimension);
}

} // namespace toeplitz
