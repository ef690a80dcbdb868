#include "compiler/Schedule/WholeConvolutions.h"
#include "compiler/Algorithms/Geometry.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz;

bool toeplitz::writesAll(kernel::ConvOp conv) {
  auto isOne = [](int64_t stride) { return stride == 1; };
  auto shape = cast<ShapedType>(conv.getInit().getType()).getShape();
  return llvm::all_of(conv.getOutputStrides(), isOne) &&
         shape.drop_front(2).drop_back() == conv.getOutputSizes();
}

bool toeplitz::liesInPart(Value value) {
  auto isWhole = [](ArrayRef<int64_t> part, ArrayRef<int64_t> whole) {
    return part.drop_front(2) == whole.drop_front(2);
  };
  if (auto slice = value.getDefiningOp<tensor::ExtractSliceOp>())
    return !isWhole(slice.getResultType().getShape(),
                    slice.getSourceType().getShape());
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto slice = dyn_cast<tensor::InsertSliceOp>(user);
    return slice && !isWhole(slice.getSourceType().getShape(),
                             slice.getDestType().getShape());
  });
}

bool toeplitz::isWhole(kernel::ConvOp conv) {
  return !conv.getKernel().empty() && conv.getNumResults() == 1 &&
         !conv.hasPrologue() && writesAll(conv) &&
         !liesInPart(conv.getResult(0)) &&
         !(conv.getResidual() && liesInPart(conv.getResidual()));
}

bool toeplitz::isWholePointwise(kernel::ConvOp conv, StringRef algorithm) {
  return conv && conv.getAlgorithm() == algorithm && conv.getGroups() == 1 &&
         isWhole(conv) && hasNoNeighbours(getDimensions(conv));
}

SmallVector<kernel::ConvOp> toeplitz::findDepthwise(ModuleOp module) {
  SmallVector<kernel::ConvOp> found;
  module.walk([&](kernel::ConvOp conv) {
    if (conv.getAlgorithm() == "depthwise")
      found.push_back(conv);
  });
  return found;
}

kernel::ConvOp toeplitz::findReader(kernel::ConvOp conv) {
  if (!conv->hasOneUse())
    return {};
  auto reader = dyn_cast<kernel::ConvOp>(*conv->user_begin());
  if (!reader || reader->getBlock() != conv->getBlock() ||
      reader.getInput() != conv.getResult(0))
    return {};
  return reader;
}
