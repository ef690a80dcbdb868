// Says, before tensors become buffers, which of them share one: the network's
// inputs are the caller's, and what a loop carries stays in place.
//
// A buffer that is allocated in the body of a loop lies at the same place of
// the arena in every iteration. Carried into the next iteration it would be
// overwritten while it is still read, so each iteration ends with what it
// carries in the buffer that it came in. Either all that happens to it is done
// in place (tensor.insert, say): then whoever reads an older state of it later
// reads a copy. Or it is computed elsewhere, and put there in the end.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace toeplitz {
#define GEN_PASS_DEF_PREPAREBUFFERS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// `source` in the buffer of `destination`.
static Value putInto(OpBuilder &builder, Location location, Value source,
                     Value destination) {
  return bufferization::MaterializeInDestinationOp::create(
             builder, location, destination.getType(), source, destination)
      ->getResult(0);
}

/// A tensor in a buffer of its own.
static Value copy(OpBuilder &builder, Location location, Value tensor) {
  return bufferization::AllocTensorOp::create(
      builder, location, cast<RankedTensorType>(tensor.getType()),
      /*dynamicSizes=*/ValueRange(), /*copy=*/tensor);
}

/// Whether a loop hands its body all that comes in, in order.
static bool isStraight(scf::WhileOp loop) {
  return llvm::equal(loop.getConditionOp().getArgs(),
                     loop.getBeforeArguments());
}

/// Makes a loop straight: canonicalisation has left out what its body doesn't
/// read. Loops that hand their bodies what they compute with the condition stay
/// as they are.
static void straighten(scf::WhileOp loop) {
  if (isStraight(loop))
    return;
  scf::ConditionOp condition = loop.getConditionOp();
  SmallVector<Value> handedOn(condition.getArgs());
  for (Value value : handedOn)
    if (loop->isAncestor(value.getParentBlock()->getParentOp()) &&
        !llvm::is_contained(loop.getBeforeArguments(), value))
      return;
  OpBuilder builder(loop);
  auto straight = scf::WhileOp::create(
      builder, loop.getLoc(), loop.getInits().getTypes(), loop.getInits());
  straight.getBefore().takeBody(loop.getBefore());
  straight.getAfter().takeBody(loop.getAfter());
  Block &before = *straight.getBeforeBody(), &after = *straight.getAfterBody();
  condition.getArgsMutable().assign(before.getArguments());
  auto count = static_cast<unsigned>(handedOn.size());
  for (BlockArgument argument : before.getArguments())
    after.addArgument(argument.getType(), argument.getLoc());
  for (auto [index, value] : llvm::enumerate(handedOn)) {
    Value inside = value, outside = value;
    if (value.getParentBlock() == &before) {
      unsigned number = cast<BlockArgument>(value).getArgNumber();
      inside = after.getArgument(count + number);
      outside = straight.getResult(number);
    }
    after.getArgument(index).replaceAllUsesWith(inside);
    loop.getResult(index).replaceAllUsesWith(outside);
  }
  after.eraseArguments(0, count);
  loop.erase();
}

/// The operand in whose buffer a value is computed if that is done in place.
static OpOperand *findDestination(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return nullptr;
  Operation *op = result.getOwner();
  if (auto insert = dyn_cast<tensor::InsertOp>(op))
    return &insert.getDestMutable();
  if (auto put = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
    return &put.getDestMutable();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return &loop.getInitArgsMutable()[result.getResultNumber()];
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return isStraight(loop) ? &loop.getInitsMutable()[result.getResultNumber()]
                            : nullptr;
  if (auto destinationOp = dyn_cast<DestinationStyleOpInterface>(op))
    return destinationOp.getTiedOpOperand(result);
  return nullptr;
}

/// The tensor in whose buffer a value ends up if everything is done in place.
/// `visit` sees the operands on the way, if they lead to one.
static Value findOrigin(
    Value value,
    llvm::function_ref<void(OpOperand &)> visit = [](OpOperand &) {}) {
  while (true) {
    if (OpOperand *destination = findDestination(value)) {
      visit(*destination);
      value = destination->get();
      continue;
    }
    auto branch = value.getDefiningOp<scf::IfOp>();
    if (!branch)
      return value;
    unsigned number = cast<OpResult>(value).getResultNumber();
    Value origin = findOrigin(branch.thenYield().getOperand(number), visit);
    if (origin != findOrigin(branch.elseYield().getOperand(number), visit))
      return value;
    value = origin;
  }
}

/// The same through views: the tensor in whose buffer a value may lie.
static Value findStorage(Value value) {
  while (true) {
    value = findOrigin(value);
    if (!isa_and_nonnull<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
                         tensor::ExpandShapeOp, tensor::CastOp>(
            value.getDefiningOp()))
      return value;
    value = value.getDefiningOp()->getOperand(0);
  }
}

/// Of the tensors that are to be put into carried buffers, those that may lie
/// in a carried buffer, or in one with another of them: they must be taken out
/// before any is put.
static SmallVector<unsigned> findOverlapping(Block &body,
                                             ArrayRef<unsigned> numbers) {
  Operation *yield = body.getTerminator();
  DenseMap<Value, Value> seen;
  SmallVector<unsigned> overlapping;
  for (unsigned number : numbers) {
    Value value = yield->getOperand(number);
    Value storage = findStorage(value);
    bool isCarried =
        isa<BlockArgument>(storage) && storage.getParentBlock() == &body;
    // (What a branch yields may come from anywhere.)
    bool isShared = seen.try_emplace(storage, value).first->second != value;
    if (isCarried || isShared || storage.getDefiningOp<scf::IfOp>())
      overlapping.push_back(number);
  }
  return overlapping;
}

/// Whether `use` may happen when `writer`, which uses the same tensor, has
/// begun to write to it.
static bool mayFollow(Operation *use, Operation *writer) {
  for (Operation *ancestor = writer; ancestor;
       ancestor = ancestor->getParentOp())
    if (Operation *other = ancestor->getBlock()->findAncestorOpInBlock(*use))
      // Of two branches only one is taken.
      return other == ancestor ? ancestor == writer
                               : ancestor->isBeforeInBlock(other);
  return true;
}

/// Reads of what `writer` overwrites in place read a copy instead.
static void separateLaterReads(OpOperand &written) {
  Operation *writer = written.getOwner();
  Value tensor = written.get();
  SmallVector<OpOperand *> later;
  for (OpOperand &use : tensor.getUses())
    if (&use != &written && mayFollow(use.getOwner(), writer))
      later.push_back(&use);
  if (later.empty())
    return;
  OpBuilder builder(tensor.getParentBlock()->findAncestorOpInBlock(*writer));
  Value before = copy(builder, writer->getLoc(), tensor);
  for (OpOperand *use : later)
    use->set(before);
}

/// `carriedValues` are the arguments of the body that are carried, and `starts`
/// what the first iteration begins with.
static void keepCarriedInPlace(Operation *loop, Block &body,
                               ArrayRef<BlockArgument> carriedValues,
                               MutableOperandRange starts) {
  Operation *yield = body.getTerminator();
  SmallVector<unsigned> computedElsewhere;
  for (auto [number, carried] : llvm::enumerate(carriedValues)) {
    if (!isa<RankedTensorType>(carried.getType()))
      continue;
    SmallVector<OpOperand *> written;
    if (findOrigin(yield->getOperand(number), [&](OpOperand &operand) {
          written.push_back(&operand);
        }) != carried) {
      computedElsewhere.push_back(number);
      continue;
    }
    for (OpOperand *operand : written)
      separateLaterReads(*operand);
  }

  OpBuilder builder(yield);
  Location location = loop->getLoc();
  for (unsigned number : findOverlapping(body, computedElsewhere))
    yield->setOperand(number,
                      copy(builder, location, yield->getOperand(number)));
  // (What is carried twice is taken from where it is put first: its own buffer
  // may have become that one.)
  DenseMap<Value, Value> placed;
  for (unsigned number : computedElsewhere) {
    Value source = yield->getOperand(number);
    Value &place = placed[source];
    place = putInto(builder, location, place ? place : source,
                    carriedValues[number]);
    yield->setOperand(number, place);
  }
  // The buffer is written to for certain: if somebody else reads what it held
  // at first, it is another one.
  builder.setInsertionPoint(loop);
  for (unsigned number : computedElsewhere) {
    OpOperand &initial = starts[number];
    if (!initial.get().hasOneUse())
      initial.set(copy(builder, location, initial.get()));
  }
}

/// Both branches write their result into one buffer: the one that both change,
/// or a new one.
static void joinBranches(scf::IfOp branch) {
  for (OpResult result : branch->getResults()) {
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (!type)
      continue;
    unsigned number = result.getResultNumber();
    Value origin = findOrigin(branch.thenYield().getOperand(number));
    // (A slice lies in a larger buffer, with strides that a copy of it hasn't.)
    if (origin == findOrigin(branch.elseYield().getOperand(number)) &&
        !branch->isAncestor(origin.getParentBlock()->getParentOp()) &&
        !origin.getDefiningOp<tensor::ExtractSliceOp>())
      continue;
    OpBuilder builder(branch);
    // (No tensor.empty: upstream would replace that one by what the result is
    // put into later, and thus write to it too early.)
    Value joint = bufferization::AllocTensorOp::create(
        builder, branch.getLoc(), type, /*dynamicSizes=*/ValueRange());
    for (scf::YieldOp yield : {branch.thenYield(), branch.elseYield()}) {
      builder.setInsertionPoint(yield);
      yield->setOperand(number, putInto(builder, branch.getLoc(),
                                        yield.getOperand(number), joint));
    }
  }
}

namespace {

struct PrepareBuffers : toeplitz::impl::PrepareBuffersBase<PrepareBuffers> {
  void runOnOperation() override {
    func::FuncOp main = findMain(getOperation());
    if (!main)
      return signalPassFailure();
    for (unsigned i = 0; i < main.getNumArguments(); ++i)
      main.setArgAttr(i, bufferization::BufferizationDialect::kWritableAttrName,
                      BoolAttr::get(&getContext(), false));
    SmallVector<scf::WhileOp> conditional;
    main.walk([&](scf::WhileOp loop) { conditional.push_back(loop); });
    for (scf::WhileOp loop : conditional)
      straighten(loop);
    main.walk([](Operation *op) {
      if (auto loop = dyn_cast<scf::ForOp>(op))
        keepCarriedInPlace(loop, *loop.getBody(), loop.getRegionIterArgs(),
                           loop.getInitArgsMutable());
      else if (auto loop = dyn_cast<scf::WhileOp>(op))
        keepCarriedInPlace(loop, *loop.getAfterBody(), loop.getAfterArguments(),
                           loop.getInitsMutable());
      else if (auto branch = dyn_cast<scf::IfOp>(op))
        joinBranches(branch);
    });
  }
};

} // namespace
