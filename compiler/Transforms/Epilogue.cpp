#include "compiler/Transforms/Epilogue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace toeplitz {

static Operation *getOnlyUser(Value value) {
  if (!value.hasOneUse())
    return nullptr;
  Operation *user = *value.user_begin();
  return user->getBlock() == value.getParentBlock() ? user : nullptr;
}

Epilogue findEpilogue(Operation *layer) {
  Epilogue epilogue;
  epilogue.chain.push_back(layer);
  if (auto sum =
          dyn_cast_or_null<arith::AddFOp>(getOnlyUser(layer->getResult(0)))) {
    epilogue.residual =
        sum.getLhs() == layer->getResult(0) ? sum.getRhs() : sum.getLhs();
    epilogue.chain.push_back(sum);
  }
  if (auto activation = dyn_cast_or_null<cnn::ActivationOp>(
          getOnlyUser(epilogue.getResult()))) {
    epilogue.activation = activation;
    epilogue.chain.push_back(activation);
  }
  return epilogue;
}

} // namespace toeplitz
