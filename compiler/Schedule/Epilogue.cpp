// What follows a convolution layer and is computed by its kernel.

#include "compiler/Schedule/Epilogue.h"

#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace toeplitz;

/// In the same block: what happens in a loop isn't part of a layer before it.
static Operation *getOnlyUser(Value value) {
  if (!value.hasOneUse())
    return nullptr;
  Operation *user = *value.user_begin();
  return user->getBlock() == value.getParentBlock() ? user : nullptr;
}

Epilogue toeplitz::findEpilogue(Operation *layer) {
  Epilogue epilogue;
  epilogue.chain.push_back(layer);
  if (auto sum =
          dyn_cast_or_null<arith::AddFOp>(getOnlyUser(layer->getResult(0)))) {
    epilogue.residual =
        sum.getLhs() == layer->getResult(0) ? sum.getRhs() : sum.getLhs();
    epilogue.chain.push_back(sum);
  }
  if (auto activation = dyn_cast_or_null<cnn::ActivationOp>(
          getOnlyUser(epilogue.chain.back()->getResult(0)))) {
    Builder builder(layer->getContext());
    auto parameter = [&](const APFloat &number) {
      return number.isZero() ? FloatAttr()
                             : builder.getF32FloatAttr(number.convertToFloat());
    };
    epilogue.activation = kernel::ActivationAttr::get(
        layer->getContext(), activation.getKind(),
        parameter(activation.getAlpha()), parameter(activation.getBeta()));
    epilogue.chain.push_back(activation);
  }
  return epilogue;
}

Value toeplitz::getBias(Operation *layer) {
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    return conv.getBias();
  return cast<cnn::ConvTransposeOp>(layer).getBias();
}
