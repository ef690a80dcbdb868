// The result type of each operation. All window sizes come from Window.h.

#include "dialects/CNN/CNNDialect.h"
#include "dialects/CNN/Window.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CheckedArithmetic.h"

#include <algorithm>
#include <limits>

using namespace mlir;

namespace toeplitz::cnn {

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

SmallVector<int64_t> inferResultShape(ConvOp::Adaptor op) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  ArrayRef<int64_t> filter = shapeOf(op.getFilter());
  SmallVector<int64_t> result = {input[0], filter[0]};
  for (size_t d = 0, rank = input.size() - 2; d < rank; ++d) {
    WindowDimension window{filter[d + 2], op.getStrides()[d],
                           op.getDilations()[d], op.getPaddingLow()[d],
                           op.getPaddingHigh()[d]};
    result.push_back(windowOutputSize(input[d + 2], window));
  }
  return result;
}

SmallVector<int64_t> inferResultShape(ConvTransposeOp::Adaptor op) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  ArrayRef<int64_t> filter = shapeOf(op.getFilter());
  int64_t groups = op.getGroupsAttr().getInt();
  SmallVector<int64_t> result = {
      input[0], llvm::checkedMul(groups, filter[1])
                    .value_or(std::numeric_limits<int64_t>::max())};
  for (size_t d = 0, rank = input.size() - 2; d < rank; ++d) {
    WindowDimension window{filter[d + 2], op.getStrides()[d],
                           op.getDilations()[d], op.getPaddingLow()[d],
                           op.getPaddingHigh()[d]};
    result.push_back(
        transposedOutputSize(input[d + 2], window, op.getOutputPadding()[d]));
  }
  return result;
}

SmallVector<int64_t> inferResultShape(PoolOp::Adaptor op) {
  ArrayRef<int64_t> input = shapeOf(op.getInput());
  SmallVector<int64_t> result = {input[0], input[1]};
  for (size_t d = 0, rank = input.size() - 2; d < rank; ++d) {
    WindowDimension window{op.getKernel()[d], op.getStrides()[d],
                           op.getDilations()[d], op.getPaddingLow()[d],
                           op.getPaddingHigh()[d]};
    result.push_back(windowOutputSize(input[d + 2], window, op.getCeilMode()));
  }
  return result;
}

SmallVector<int64_t> inferResultShape(GlobalPoolOp::Adaptor op) {
  SmallVector<int64_t> result(shapeOf(op.getInput()));
  std::fill(result.begin() + 2, result.end(), 1);
  return result;
}

SmallVector<int64_t> inferResultShape(PadOp::Adaptor op) {
  SmallVector<int64_t> result(shapeOf(op.getInput()));
  // A window of one tap has a position for each element, padding included.
  for (auto [size, low, high] :
       llvm::zip_equal(result, op.getLow(), op.getHigh()))
    size = windowOutputSize(size, WindowDimension{1, 1, 1, low, high});
  return result;
}

SmallVector<int64_t> inferResultShape(ResizeOp::Adaptor op) {
  SmallVector<int64_t> result(shapeOf(op.getInput()).take_front(2));
  llvm::append_range(result, op.getSizes());
  return result;
}

SmallVector<int64_t> inferResultShape(BroadcastOp::Adaptor op) {
  return SmallVector<int64_t>(op.getSizes());
}

/// The common body of inferReturnTypes: the constraints, then the shape.
template <typename Op>
static LogicalResult inferType(std::optional<Location> location,
                               typename Op::Adaptor op,
                               SmallVectorImpl<Type> &types) {
  if (failed(checkConstraints(
          op, ConstraintReporter(location, Op::getOperationName()))))
    return failure();
  auto input = cast<RankedTensorType>(op.getInput().getType());
  types.push_back(
      RankedTensorType::get(inferResultShape(op), input.getElementType()));
  return success();
}

/// The same for the operations whose result has the input's type.
template <typename Op>
static LogicalResult inferInputType(std::optional<Location> location,
                                    typename Op::Adaptor op,
                                    SmallVectorImpl<Type> &types) {
  if (failed(checkConstraints(
          op, ConstraintReporter(location, Op::getOperationName()))))
    return failure();
  types.push_back(op.getInput().getType());
  return success();
}

#define INFER_RETURN_TYPES(OP, INFER)                                          \
  LogicalResult OP::inferReturnTypes(                                          \
      MLIRContext *, std::optional<Location> location, OP::Adaptor op,         \
      SmallVectorImpl<Type> &types) {                                          \
    return INFER<OP>(location, op, types);                                     \
  }

INFER_RETURN_TYPES(ConvOp, inferType)
INFER_RETURN_TYPES(ConvTransposeOp, inferType)
INFER_RETURN_TYPES(PoolOp, inferType)
INFER_RETURN_TYPES(GlobalPoolOp, inferType)
INFER_RETURN_TYPES(PadOp, inferType)
INFER_RETURN_TYPES(ResizeOp, inferType)
INFER_RETURN_TYPES(BroadcastOp, inferType)
INFER_RETURN_TYPES(BatchNormOp, inferInputType)
INFER_RETURN_TYPES(GroupNormOp, inferInputType)
INFER_RETURN_TYPES(LayerNormOp, inferInputType)
INFER_RETURN_TYPES(LrnOp, inferInputType)
INFER_RETURN_TYPES(PreluOp, inferInputType)

#undef INFER_RETURN_TYPES

} // namespace toeplitz::cnn
