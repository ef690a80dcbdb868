// Registration, attributes, effects and folds of the kernel dialect.

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::kernel;

#include "dialects/Kernel/KernelDialect.cpp.inc"
#include "dialects/Kernel/Precision.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/KernelAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Kernel/KernelAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Kernel/KernelOps.cpp.inc"
      >();
}

TargetAttr kernel::getTarget(Operation *op) {
  for (Operation *parent = op; parent; parent = parent->getParentOp())
    if (auto target = parent->getAttrOfType<TargetAttr>("kernel.target"))
      return target;
  return TargetAttr::get(op->getContext(), /*lanes=*/8, /*registers=*/16,
                         /*fma=*/1, /*l1=*/32 * 1024, /*l2=*/512 * 1024,
                         /*amx=*/0, /*by_element=*/0, /*gpu=*/0,
                         /*cold_filters=*/0, /*hides_memory=*/0, Precision::F32,
                         /*warpgroups=*/0);
}

LogicalResult TargetAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t lanes, int64_t registers, int64_t fma,
                                 int64_t l1, int64_t l2, int64_t amx,
                                 int64_t byElement, int64_t gpu,
                                 int64_t coldFilters, int64_t hidesMemory,
                                 Precision precision, int64_t warpgroups) {
  if (lanes < 1 || lanes > 64)
    return emitError() << "lanes must be from 1 to 64, found " << lanes;
  // The smallest register tile needs an accumulator, a weight, a broadcast and
  // a product.
  if (registers < 4 || registers > 1024)
    return emitError() << "registers must be from 4 to 1024, found "
                       << registers;
  if (fma != 0 && fma != 1)
    return emitError() << "fma must be 0 or 1, found " << fma;
  if (amx != 0 && amx != 1)
    return emitError() << "amx must be 0 or 1, found " << amx;
  if (byElement != 0 && byElement != 1)
    return emitError() << "by_element must be 0 or 1, found " << byElement;
  if (coldFilters != 0 && coldFilters != 1)
    return emitError() << "cold_filters must be 0 or 1, found " << coldFilters;
  if (hidesMemory != 0 && hidesMemory != 1)
    return emitError() << "hides_memory must be 0 or 1, found " << hidesMemory;
  if (gpu != 0 && gpu < 80)
    return emitError()
           << "gpu must be 0 or a compute capability from 80 on, found " << gpu;
  if (gpu != 0 && lanes != 1)
    return emitError() << "a GPU's threads work on one lane each, found "
                       << lanes;
  if (gpu == 0 && precision != Precision::F32)
    return emitError() << "products of " << stringifyPrecision(precision)
                       << " are a GPU's, expected f32 without one";
  if (warpgroups != 0 && warpgroups != 1)
    return emitError() << "warpgroups must be 0 or 1, found " << warpgroups;
  if (warpgroups == 1 && gpu != 90)
    return emitError() << "products by warpgroups are those of a GPU of "
                          "compute capability 90, found "
                       << gpu;
  if (l1 < 1 || l2 < 1)
    return emitError() << "the sizes of the caches must be positive";
  return success();
}

// --- effects -----------------------------------------------------------------
// On tensors the operations are pure; on buffers they read all but the
// destination and write the destination (kernel.conv also keeps what it doesn't
// write, which is no effect).

using Effects =
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

static void addBufferEffects(DestinationStyleOpInterface op, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

#define TOEPLITZ_BUFFER_EFFECTS(OP)                                            \
  void OP::getEffects(Effects &effects) {                                      \
    addBufferEffects(cast<DestinationStyleOpInterface>(getOperation()),        \
                     effects);                                                 \
  }
TOEPLITZ_BUFFER_EFFECTS(PoolOp)
TOEPLITZ_BUFFER_EFFECTS(ReorderOp)
TOEPLITZ_BUFFER_EFFECTS(PadOp)
TOEPLITZ_BUFFER_EFFECTS(ResizeOp)
TOEPLITZ_BUFFER_EFFECTS(NormalizeOp)
TOEPLITZ_BUFFER_EFFECTS(NormalizeChannelsOp)
TOEPLITZ_BUFFER_EFFECTS(MomentsOp)
TOEPLITZ_BUFFER_EFFECTS(NormalizationFactorsOp)
TOEPLITZ_BUFFER_EFFECTS(LrnOp)
TOEPLITZ_BUFFER_EFFECTS(SoftmaxOp)
TOEPLITZ_BUFFER_EFFECTS(MatmulOp)
#undef TOEPLITZ_BUFFER_EFFECTS

/// Scratch memory is written to before it is read.
static void addWrites(MutableOperandRange memory, Effects &effects) {
  for (OpOperand &operand : memory)
    effects.emplace_back(MemoryEffects::Write::get(), &operand);
}

template <typename Op> static void addScratchEffects(Op op, Effects &effects) {
  addBufferEffects(cast<DestinationStyleOpInterface>(op.getOperation()),
                   effects);
  addWrites(op.getScratchMutable(), effects);
}

void ConvOp::getEffects(Effects &effects) {
  addScratchEffects(*this, effects);
  addWrites(getPreparedMutable(), effects);
}

void SeparableConvOp::getEffects(Effects &effects) {
  addScratchEffects(*this, effects);
}

void InvertedResidualOp::getEffects(Effects &effects) {
  addScratchEffects(*this, effects);
  addWrites(getPreparedMutable(), effects);
}

// --- folds -------------------------------------------------------------------

/// Blocked -> plain -> blocked is the identity on the channels that exist, and
/// the others are unspecified; plain -> blocked -> plain likewise.
static OpFoldResult foldInverse(ReorderOp op) {
  auto producer = op.getInput().getDefiningOp<ReorderOp>();
  if (!producer || producer.isPack() == op.isPack() ||
      op.getNumResults() != 1 ||
      producer.getInput().getType() != op.getResult(0).getType())
    return {};
  return producer.getInput();
}

LogicalResult ReorderOp::fold(FoldAdaptor adaptor,
                              SmallVectorImpl<OpFoldResult> &results) {
  OpFoldResult folded = foldInverse(*this);
  if (!folded)
    return failure();
  results.push_back(folded);
  return success();
}

// --- canonicalization --------------------------------------------------------

/// Whether a plain tensor may become a part of a larger one in memory, whose
/// channels then lie apart: it is a slice, or what a loop or a branch hands on.
static bool mayLieApart(Value plain) {
  for (;;) {
    if (auto collapsed = plain.getDefiningOp<tensor::CollapseShapeOp>())
      plain = collapsed.getSrc();
    else if (auto expanded = plain.getDefiningOp<tensor::ExpandShapeOp>())
      plain = expanded.getSrc();
    else
      break;
  }
  if (auto argument = dyn_cast<BlockArgument>(plain))
    return !isa<FunctionOpInterface>(argument.getOwner()->getParentOp());
  Operation *producer = plain.getDefiningOp();
  return isa<tensor::ExtractSliceOp>(producer) ||
         producer->getNumRegions() > 1 || isa<LoopLikeOpInterface>(producer);
}

namespace {

/// N x C and N x C / V x V have the same elements in the same order.
struct ReshapeSameOrder : OpRewritePattern<ReorderOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReorderOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumResults() != 1)
      return rewriter.notifyMatchFailure(op, "isn't on tensors");
    auto from = cast<RankedTensorType>(op.getInput().getType());
    auto to = cast<RankedTensorType>(op.getResult(0).getType());
    auto blocked = op.isPack() ? to : from;
    if (blocked.getRank() != 3 ||
        static_cast<int64_t>(op.getChannels()) % blocked.getDimSize(2) != 0)
      return rewriter.notifyMatchFailure(op, "isn't N x C in whole blocks");
    if (op.isPack() && mayLieApart(op.getInput()))
      return rewriter.notifyMatchFailure(op, "brings channels together");
    SmallVector<ReassociationIndices> groups = {{0}, {1, 2}};
    if (op.isPack())
      rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, to, op.getInput(),
                                                         groups);
    else
      rewriter.replaceOpWithNewOp<tensor::CollapseShapeOp>(
          op, to, op.getInput(), groups);
    return success();
  }
};

} // namespace

void ReorderOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<ReshapeSameOrder>(context);
}
