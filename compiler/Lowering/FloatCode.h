// Building arithmetic on floats, and on integers of the same width.

#ifndef TOEPLITZ_COMPILER_LOWERING_FLOATCODE_H
#define TOEPLITZ_COMPILER_LOWERING_FLOATCODE_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"

namespace toeplitz {

/// Arithmetic on floats of one type and integers of its width, or on vectors of
/// them. `type` is that of the floats.
class FloatCode {
public:
  using Value = mlir::Value;

  FloatCode(mlir::OpBuilder &builder, mlir::Location location, mlir::Type type);

  mlir::OpBuilder &getBuilder() const { return builder; }
  mlir::Location getLocation() const { return location; }
  mlir::Type getFloats() const { return floats; }

  /// The number of this type that is nearest to `value`.
  Value number(double value) const;
  Value integer(uint64_t value) const;

  Value add(Value a, Value b) const {
    return create<mlir::arith::AddFOp>(a, b);
  }
  Value sub(Value a, Value b) const {
    return create<mlir::arith::SubFOp>(a, b);
  }
  Value mul(Value a, Value b) const {
    return create<mlir::arith::MulFOp>(a, b);
  }
  Value div(Value a, Value b) const {
    return create<mlir::arith::DivFOp>(a, b);
  }
  /// a b + c, which approximate-math splits where it isn't one instruction.
  Value fma(Value a, Value b, Value c) const {
    return create<mlir::math::FmaOp>(a, b, c);
  }
  Value sqrt(Value a) const { return create<mlir::math::SqrtOp>(a); }
  Value negate(Value a) const { return create<mlir::arith::NegFOp>(a); }
  Value magnitude(Value a) const { return create<mlir::math::AbsFOp>(a); }
  Value withSign(Value a, Value sign) const {
    return create<mlir::math::CopySignOp>(a, sign);
  }

  Value addInteger(Value a, Value b) const {
    return create<mlir::arith::AddIOp>(a, b);
  }
  Value subInteger(Value a, Value b) const {
    return create<mlir::arith::SubIOp>(a, b);
  }
  Value mulInteger(Value a, Value b) const {
    return create<mlir::arith::MulIOp>(a, b);
  }
  /// Of integers, or of conditions.
  Value both(Value a, Value b) const {
    return create<mlir::arith::AndIOp>(a, b);
  }
  Value either(Value a, Value b) const {
    return create<mlir::arith::OrIOp>(a, b);
  }
  Value differing(Value a, Value b) const {
    return create<mlir::arith::XOrIOp>(a, b);
  }
  Value shiftLeft(Value a, Value bits) const {
    return create<mlir::arith::ShLIOp>(a, bits);
  }
  Value shiftLeft(Value a, unsigned bits) const {
    return shiftLeft(a, integer(bits));
  }
  Value shiftRight(Value a, Value bits) const {
    return create<mlir::arith::ShRUIOp>(a, bits);
  }
  Value shiftRight(Value a, unsigned bits) const {
    return shiftRight(a, integer(bits));
  }
  Value shiftRightSigned(Value a, unsigned bits) const {
    return create<mlir::arith::ShRSIOp>(a, integer(bits));
  }
  Value bitsOf(Value a) const {
    return mlir::arith::BitcastOp::create(builder, location, integers, a);
  }
  Value fromBits(Value a) const {
    return mlir::arith::BitcastOp::create(builder, location, floats, a);
  }
  Value toFloat(Value a) const {
    return mlir::arith::SIToFPOp::create(builder, location, floats, a);
  }

  Value compare(mlir::arith::CmpFPredicate predicate, Value a, Value b) const {
    return mlir::arith::CmpFOp::create(builder, location, predicate, a, b);
  }
  Value compare(mlir::arith::CmpIPredicate predicate, Value a, Value b) const {
    return mlir::arith::CmpIOp::create(builder, location, predicate, a, b);
  }
  /// Whether the last bit of an integer is 1.
  Value isOdd(Value integer) const;
  /// Whether a condition holds for any element: one of i1.
  Value any(Value condition) const;
  Value select(Value condition, Value a, Value b) const {
    return create<mlir::arith::SelectOp>(condition, a, b);
  }
  // A NaN stays one; one instruction each on x86.
  Value atLeast(Value x, double bound) const;
  Value atMost(Value x, double bound) const;

  /// Horner's rule, lowest powers first.
  template <typename Number>
  Value polynomial(Value x, llvm::ArrayRef<Number> coefficients) const {
    Value sum = number(coefficients.back());
    for (Number coefficient : llvm::reverse(coefficients.drop_back()))
      sum = fma(sum, x, number(coefficient));
    return sum;
  }
  template <typename Number, size_t count>
  Value polynomial(Value x, const Number (&coefficients)[count]) const {
    return polynomial(x, llvm::ArrayRef<Number>(coefficients));
  }

  /// What a logarithm is: `result` where x > `border`, -infinity at the border,
  /// NaN below it; infinity and NaN stay.
  Value withBorders(Value result, Value x, double border) const;

private:
  template <typename Op, typename... Operands>
  Value create(Operands... operands) const {
    return Op::create(builder, location, operands...);
  }

  mlir::OpBuilder &builder;
  mlir::Location location;
  mlir::Type floats, integers;
};

/// `like` with other elements.
mlir::Type withElements(mlir::Type like, mlir::Type element);

} // namespace toeplitz

#endif
