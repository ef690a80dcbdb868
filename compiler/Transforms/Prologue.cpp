#include "compiler/Transforms/Prologue.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace toeplitz {

/// What computes the value, if it is such an operation in the layer's block and
/// nobody else reads it.
template <typename Op> static Op findOperation(Value value, Operation *layer) {
  auto op = value.getDefiningOp<Op>();
  return op && value.hasOneUse() && op->getBlock() == layer->getBlock() ? op
                                                                        : Op();
}

/// What is repeated along all positions to give the value: a number for each
/// channel, perhaps of each image. Null for another value.
static Value findChannels(Value value) {
  auto broadcast = value.getDefiningOp<cnn::BroadcastOp>();
  if (!broadcast)
    return {};
  auto from = cast<RankedTensorType>(broadcast.getInput().getType());
  auto to = cast<RankedTensorType>(value.getType());
  auto isOne = [](int64_t size) { return size == 1; };
  if (from.getRank() < 3 || from.getDimSize(1) != to.getDimSize(1) ||
      !llvm::all_of(from.getShape().drop_front(2), isOne))
    return {};
  return broadcast.getInput();
}

/// Takes a sum or a product with a number for each channel into the prologue.
template <typename Op>
static void takeChannels(Prologue &prologue, Value &channels,
                         Operation *layer) {
  auto op = findOperation<Op>(prologue.input, layer);
  if (!op)
    return;
  for (auto [operand, other] : {std::pair(op.getLhs(), op.getRhs()),
                                std::pair(op.getRhs(), op.getLhs())}) {
    Value found = findChannels(operand);
    // (What is repeated itself has no memory that could be read.)
    if (!found || other.template getDefiningOp<cnn::BroadcastOp>())
      continue;
    channels = found;
    prologue.input = other;
    prologue.chain.push_back(op);
    return;
  }
}

Prologue findPrologue(Operation *layer) {
  Prologue prologue;
  prologue.input = layer->getOperand(0);
  if (auto op = findOperation<cnn::ActivationOp>(prologue.input, layer)) {
    prologue.activation = op;
    prologue.input = op.getInput();
    prologue.chain.push_back(op);
  }
  if (auto op = findOperation<cnn::BatchNormOp>(prologue.input, layer)) {
    prologue.normalization = op;
    prologue.input = op.getInput();
    prologue.chain.push_back(op);
    return prologue;
  }
  takeChannels<arith::AddFOp>(prologue, prologue.shift, layer);
  takeChannels<arith::MulFOp>(prologue, prologue.scale, layer);
  return prologue;
}

} // namespace toeplitz
