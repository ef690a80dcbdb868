// Keeps what kernels of tensor cores read in 16 bits.
//
// With bf16 or f16, tensor-core-gemm and warpgroup-gemm round their input as
// they read it. A buffer that they read may as well hold the rounded numbers:
// they take half of the memory and of its bandwidth, and where the channels of
// each position lie together, 16 bytes of them go to a block's memory as they
// are. All kernels that write or read such a buffer compute in f32, and round
// what they write to the nearest.

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Schedule/Convolutions.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {
#define GEN_PASS_DEF_NARROWACTIVATIONS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// A buffer with its views, and the operands of kernels that are one of them.
struct Buffer {
  memref::AllocOp alloc;
  SmallVector<Operation *> views;
  SmallVector<OpOperand *> uses;
};

using Types = llvm::DenseMap<Value, MemRefType>;

} // namespace

// --- which buffers ----------------------------------------------------------

/// Nothing where something that isn't a kernel uses the buffer.
static std::optional<Buffer> findUses(memref::AllocOp alloc) {
  Buffer buffer{alloc, {}, {}};
  SmallVector<Value> names = {alloc.getResult()};
  while (!names.empty())
    for (OpOperand &use : names.pop_back_val().getUses()) {
      Operation *user = use.getOwner();
      if (isa<memref::ExpandShapeOp, memref::CollapseShapeOp,
              memref::SubViewOp>(user)) {
        buffer.views.push_back(user);
        names.push_back(user->getResult(0));
      } else if (isa<kernel::ConvOp, kernel::PoolOp, linalg::GenericOp>(user)) {
        buffer.uses.push_back(&use);
      } else {
        return std::nullopt;
      }
    }
  return buffer;
}

static bool isWritten(OpOperand &use) {
  return cast<DestinationStyleOpInterface>(use.getOwner()).isDpsInit(&use);
}

/// Whether a kernel's result is the same if this operand is rounded: it rounds
/// it itself before it multiplies, or rounds the largest number of each window.
static bool isRounded(OpOperand &use) {
  if (auto pool = dyn_cast<kernel::PoolOp>(use.getOwner()))
    return pool.getKind() == cnn::PoolKind::Max && !isWritten(use) &&
           !cast<MemRefType>(pool.getInit().getType()).getElementType().isF32();
  auto conv = dyn_cast<kernel::ConvOp>(use.getOwner());
  const Algorithm *algorithm =
      conv ? findAlgorithm(conv.getAlgorithm()) : nullptr;
  return algorithm && algorithm->roundsFactors &&
         &use == &conv.getInputMutable();
}

/// Whether a kernel works on a buffer of this type.
static bool takes(OpOperand &use, MemRefType type) {
  if (auto conv = dyn_cast<kernel::ConvOp>(use.getOwner())) {
    const Algorithm *algorithm = findAlgorithm(conv.getAlgorithm());
    if (!algorithm || !algorithm->takesNarrowInput)
      return false;
    if (&use == &conv.getInputMutable())
      return algorithm->takesNarrowInput(conv, type);
    return isWritten(use) || use.get() == conv.getResidual();
  }
  // A sum in a buffer would be rounded at each step.
  auto generic = dyn_cast<linalg::GenericOp>(use.getOwner());
  return !generic || !isWritten(use) || generic.getNumReductionLoops() == 0;
}

// --- their types ------------------------------------------------------------

/// N x C x I, or N x C x I x 1, with the channels of a position together.
static MemRefType putChannelsLast(MemRefType type) {
  int64_t rank = type.getRank();
  SmallVector<int64_t> strides(rank, 1);
  int64_t next = type.getDimSize(1);
  for (int64_t d = rank - 1; d >= 0; --d)
    if (d != 1) {
      // (That of the 1 at the end may be any.)
      strides[d] = d == rank - 1 && type.getDimSize(d) == 1 ? 1 : next;
      next *= type.getDimSize(d);
    }
  return MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides));
}

/// What a view of a buffer of type `source` is of; null if it is none then.
static MemRefType inferView(Operation *view, MemRefType source) {
  auto old = cast<MemRefType>(view->getResult(0).getType());
  if (auto part = dyn_cast<memref::SubViewOp>(view))
    return memref::SubViewOp::inferRankReducedResultType(
        old.getShape(), source, part.getMixedOffsets(), part.getMixedSizes(),
        part.getMixedStrides());
  if (auto collapse = dyn_cast<memref::CollapseShapeOp>(view)) {
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    if (!memref::CollapseShapeOp::isGuaranteedCollapsible(source, groups))
      return {};
    return memref::CollapseShapeOp::computeCollapsedType(source, groups);
  }
  auto expand = cast<memref::ExpandShapeOp>(view);
  FailureOr<MemRefType> type = memref::ExpandShapeOp::computeExpandedType(
      source, old.getShape(), expand.getReassociationIndices());
  return succeeded(type) ? *type : MemRefType();
}

/// The types of all views where the buffer has `type`; nothing if a view has
/// none or a kernel doesn't take it.
static std::optional<Types> inferTypes(Buffer &buffer, MemRefType type) {
  Types types;
  types[buffer.alloc.getResult()] = type;
  for (Operation *view : buffer.views) {
    MemRefType viewed = inferView(view, types.lookup(view->getOperand(0)));
    if (!viewed)
      return std::nullopt;
    types[view->getResult(0)] = viewed;
  }
  for (OpOperand *use : buffer.uses)
    if (!takes(*use, types.lookup(use->get())))
      return std::nullopt;
  return types;
}

// --- the rewrite ------------------------------------------------------------

/// A body computes in f32.
static void convertBody(linalg::GenericOp generic, OpOperand &use) {
  Block *body = generic.getBlock();
  BlockArgument argument = generic.getMatchingBlockArgument(&use);
  Location location = generic.getLoc();
  Type single = argument.getType();
  Type narrow = cast<MemRefType>(use.get().getType()).getElementType();
  argument.setType(narrow);
  OpBuilder builder = OpBuilder::atBlockBegin(body);
  if (!argument.use_empty()) {
    auto extended = arith::ExtFOp::create(builder, location, single, argument);
    argument.replaceAllUsesExcept(extended, extended);
  }
  if (!isWritten(use))
    return;
  builder.setInsertionPoint(body->getTerminator());
  OpOperand &result = body->getTerminator()->getOpOperand(
      use.getOperandNumber() - generic.getNumDpsInputs());
  result.set(arith::TruncFOp::create(builder, location, narrow, result.get()));
}

static void rewrite(Buffer &buffer, const Types &types) {
  memref::AllocOp alloc = buffer.alloc;
  OpBuilder builder(alloc);
  MemRefType type = types.lookup(alloc.getResult());
  Location location = alloc.getLoc();
  Value replacement;
  if (type.getLayout().isIdentity()) {
    replacement = memref::AllocOp::create(builder, location, type,
                                          alloc.getAlignmentAttr());
  } else {
    // The memory is N x I x C, one piece.
    SmallVector<int64_t> shape(type.getShape());
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
    Value memory = memref::AllocOp::create(
        builder, location, MemRefType::get(shape, type.getElementType()),
        alloc.getAlignmentAttr());
    replacement = memref::ReinterpretCastOp::create(
        builder, location, type, memory, /*offset=*/0, type.getShape(),
        type.getStridesAndOffset().first);
  }
  alloc.getResult().replaceAllUsesWith(replacement);
  for (Operation *view : buffer.views)
    view->getResult(0).setType(types.lookup(view->getResult(0)));
  for (OpOperand *use : buffer.uses)
    if (auto generic = dyn_cast<linalg::GenericOp>(use->getOwner()))
      convertBody(generic, *use);
  alloc.erase();
}

namespace {

struct NarrowActivations
    : toeplitz::impl::NarrowActivationsBase<NarrowActivations> {
  void runOnOperation() override {
    kernel::TargetAttr target = kernel::getTarget(getOperation());
    Type element = getNumbers(target.getPrecision());
    if (!target.isGpu() || !element)
      return;
    SmallVector<memref::AllocOp> allocs;
    getOperation().walk(
        [&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    // What reads a buffer comes behind it.
    for (memref::AllocOp alloc : llvm::reverse(allocs))
      narrow(alloc, element);
  }

private:
  /// Those of 16 bits; null for other precisions.
  Type getNumbers(kernel::Precision precision) {
    Builder builder(&getContext());
    switch (precision) {
    case kernel::Precision::BF16:
      return builder.getBF16Type();
    case kernel::Precision::F16:
      return builder.getF16Type();
    case kernel::Precision::F32:
    case kernel::Precision::TF32:
      return {};
    }
    llvm_unreachable("every precision is handled");
  }

  void narrow(memref::AllocOp alloc, Type element) {
    MemRefType type = alloc.getType();
    if (!type.getElementType().isF32() || !type.hasStaticShape() ||
        !type.getLayout().isIdentity() || type.getNumElements() == 0)
      return;
    std::optional<Buffer> buffer = findUses(alloc);
    if (!buffer || !llvm::any_of(buffer->uses, [](OpOperand *use) {
          return isRounded(*use);
        }))
      return;
    // A bound that is asked for has each kernel round its own input alone.
    if (getOperation()->hasAttr(errorBoundAttribute) &&
        !llvm::all_of(buffer->uses, [](OpOperand *use) {
          return isWritten(*use) || isRounded(*use);
        }))
      return;
    MemRefType narrow = MemRefType::get(type.getShape(), element);
    std::optional<Types> types;
    if (type.getRank() >= 3)
      if (MemRefType last = putChannelsLast(narrow); hasChannelsLast(last))
        types = inferTypes(*buffer, last);
    if (!types)
      types = inferTypes(*buffer, narrow);
    if (types)
      rewrite(*buffer, *types);
  }
};

} // namespace
