// Elements that the operations of a GPU take from tensors as numbers are read
// by their kernels.
//
// The host of a GPU walks @main and launches kernels. It hands them the numbers
// that it knows, such as a loop's step. Elements of tensors lie in the memory
// of the GPU and aren't computed yet: to read one it waits for the kernels.

#include "compiler/Schedule/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

namespace toeplitz {
#define GEN_PASS_DEF_SINKELEMENTREADS
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// Whether a value is computed from elements of tensors, by operations that a
/// kernel may repeat.
static bool isReadFromTensor(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || !isMemoryEffectFree(op) ||
      isa<ShapedType>(value.getType()))
    return false;
  return isa<tensor::ExtractOp>(op) ||
         llvm::any_of(op->getOperands(), isReadFromTensor);
}

/// The same value, computed where the builder stands.
static Value repeat(OpBuilder &builder, Value value, IRMapping &repeated) {
  if (Value known = repeated.lookupOrNull(value))
    return known;
  if (!isReadFromTensor(value))
    return value;
  for (Value operand : value.getDefiningOp()->getOperands())
    repeated.map(operand, repeat(builder, operand, repeated));
  builder.clone(*value.getDefiningOp(), repeated);
  return repeated.lookup(value);
}

static void sinkReads(linalg::GenericOp op) {
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  OpBuilder builder = OpBuilder::atBlockBegin(op.getBody());
  IRMapping repeated;
  for (Value value : captured)
    if (isReadFromTensor(value))
      replaceAllUsesInRegionWith(value, repeat(builder, value, repeated),
                                 op.getRegion());
}

/// A fill with an element that is read, as a generic operation that reads it.
static void readInside(linalg::FillOp op) {
  Value value = op.getInputs().front(), output = op.getOutputs().front();
  auto type = dyn_cast<RankedTensorType>(output.getType());
  if (!type || !isReadFromTensor(value))
    return;
  OpBuilder builder(op);
  auto rank = static_cast<unsigned>(type.getRank());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, op.getLoc(), type, /*inputs=*/ValueRange(), output,
      builder.getMultiDimIdentityMap(rank), loops,
      [&](OpBuilder &body, Location location, ValueRange) {
        IRMapping repeated;
        linalg::YieldOp::create(body, location, repeat(body, value, repeated));
      });
  op->replaceAllUsesWith(generic);
  op.erase();
}

namespace {

struct SinkElementReads
    : toeplitz::impl::SinkElementReadsBase<SinkElementReads> {
  void runOnOperation() override {
    if (!kernel::getTarget(getOperation()).isGpu())
      return;
    SmallVector<linalg::FillOp> fills;
    getOperation().walk([&](Operation *op) {
      if (auto fill = dyn_cast<linalg::FillOp>(op))
        fills.push_back(fill);
      else if (auto generic = dyn_cast<linalg::GenericOp>(op))
        sinkReads(generic);
    });
    for (linalg::FillOp fill : fills)
      readInside(fill);
    // What nobody reads on the host any more.
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>(
        [](Operation *op) {
          if (isOpTriviallyDead(op))
            op->erase();
        });
  }
};

} // namespace
