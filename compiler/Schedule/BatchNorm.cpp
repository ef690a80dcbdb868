#include "compiler/Schedule/BatchNorm.h"

#include "compiler/Transforms/Constants.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

/// s and t of constant operands, or nulls.
static std::pair<Value, Value> getConstants(OpBuilder &builder,
                                            cnn::BatchNormOp op) {
  std::optional<ConstantValues> scale = readConstant(op.getScale());
  std::optional<ConstantValues> bias = readConstant(op.getBias());
  std::optional<ConstantValues> mean = readConstant(op.getMean());
  std::optional<ConstantValues> variance = readConstant(op.getVariance());
  if (!scale || !bias || !mean || !variance)
    return {};
  double epsilon = op.getEpsilon().convertToFloat();
  WeightBuffer factors(scale->size()), shifts(scale->size());
  for (size_t c = 0; c < scale->size(); ++c) {
    double factor = (*scale)[c] / std::sqrt((*variance)[c] + epsilon);
    factors[c] = static_cast<float>(factor);
    shifts[c] = static_cast<float>((*bias)[c] - (*mean)[c] * factor);
  }
  auto type = cast<RankedTensorType>(op.getScale().getType());
  std::string name = getConstantName(op.getScale(), "batch_norm");
  Value factor = createConstant(builder, op.getLoc(), type, std::move(factors),
                                name + ".factor");
  Value shift = createConstant(builder, op.getLoc(), type, std::move(shifts),
                               name + ".shift");
  return {factor, shift};
}

std::pair<Value, Value> toeplitz::getScaleAndShift(OpBuilder &builder,
                                                   cnn::BatchNormOp op) {
  if (auto constants = getConstants(builder, op); constants.first)
    return constants;
  Location location = op.getLoc();
  auto type = cast<RankedTensorType>(op.getScale().getType());
  Value epsilon = arith::ConstantOp::create(
      builder, location,
      DenseElementsAttr::get(type, op.getEpsilon().convertToFloat()));
  Value shifted =
      arith::AddFOp::create(builder, location, op.getVariance(), epsilon);
  Value deviation = math::SqrtOp::create(builder, location, shifted);
  Value factor =
      arith::DivFOp::create(builder, location, op.getScale(), deviation);
  Value moved = arith::MulFOp::create(builder, location, op.getMean(), factor);
  return {factor,
          arith::SubFOp::create(builder, location, op.getBias(), moved)};
}
