#include "compiler/Lowering/EmulateBulkCopies.h"

#include "runtime/gpu.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace toeplitz;

static LogicalResult convert(EmulatorCalls &emulator, NVVM::MBarrierInitOp op) {
  if (op.getPredicate())
    return op.emitOpError("isn't emulated: expected no predicate");
  OpBuilder builder(op);
  emulator.replaceByCall(
      op, "toeplitz_emulated_mbarrier_init",
      {emulator.toPointer(builder, op.getLoc(), op.getAddr()), op.getCount()});
  return success();
}

static LogicalResult convert(EmulatorCalls &emulator,
                             NVVM::MBarrierArriveExpectTxOp op) {
  if (op.getPredicate() || op.getRelaxed() || op->getNumResults() > 0)
    return op.emitOpError("isn't emulated: expected no predicate, no result "
                          "and no relaxed order");
  OpBuilder builder(op);
  emulator.replaceByCall(
      op, "toeplitz_emulated_mbarrier_expect",
      {emulator.toPointer(builder, op.getLoc(), op.getAddr()),
       op.getTxcount()});
  return success();
}

static LogicalResult convert(EmulatorCalls &emulator,
                             NVVM::MBarrierTryWaitOp op) {
  if (!op.getStateOrPhase().getType().isInteger(32) || op.getRelaxed())
    return op.emitOpError("isn't emulated: expected the parity of a phase, and "
                          "no relaxed order");
  OpBuilder builder(op);
  Location location = op.getLoc();
  Value ended =
      emulator.call(builder, location, "toeplitz_emulated_mbarrier_wait",
                    builder.getI32Type(),
                    {emulator.toPointer(builder, location, op.getAddr()),
                     op.getStateOrPhase()});
  op.replaceAllUsesWith(
      LLVM::TruncOp::create(builder, location, builder.getI1Type(), ended)
          .getResult());
  op.erase();
  return success();
}

static LogicalResult convert(EmulatorCalls &emulator,
                             NVVM::CpAsyncBulkGlobalToSharedClusterOp op) {
  if (op.getMulticastMask())
    return op.emitOpError("isn't emulated: expected no multicast");
  OpBuilder builder(op);
  Location location = op.getLoc();
  emulator.replaceByCall(op, "toeplitz_emulated_bulk_copy",
                         {emulator.toPointer(builder, location, op.getDstMem()),
                          emulator.toPointer(builder, location, op.getSrcMem()),
                          emulator.toPointer(builder, location, op.getMbar()),
                          op.getSize()});
  return success();
}

static LogicalResult
convert(EmulatorCalls &emulator,
        NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp op) {
  if (op.getMode() != NVVM::TMALoadMode::TILE || op.getMulticastMask() ||
      op.getPredicate())
    return op.emitOpError("isn't emulated: expected tiled mode, no multicast "
                          "and no predicate");
  OpBuilder builder(op);
  Location location = op.getLoc();
  SmallVector<Value> operands = {
      emulator.toPointer(builder, location, op.getDstMem()),
      op.getTmaDescriptor(),
      emulator.toPointer(builder, location, op.getMbar())};
  llvm::append_range(operands, op.getCoordinates());
  while (operands.size() < 3 + TOEPLITZ_GPU_MOST_DIMENSIONS)
    operands.push_back(emulator.toInt32(builder, location, 0));
  emulator.replaceByCall(op, "toeplitz_emulated_tensor_copy", operands);
  return success();
}

std::optional<LogicalResult> toeplitz::emulateBulkCopy(EmulatorCalls &emulator,
                                                       Operation *op) {
  if (auto init = dyn_cast<NVVM::MBarrierInitOp>(op))
    return convert(emulator, init);
  if (auto expect = dyn_cast<NVVM::MBarrierArriveExpectTxOp>(op))
    return convert(emulator, expect);
  if (auto wait = dyn_cast<NVVM::MBarrierTryWaitOp>(op))
    return convert(emulator, wait);
  if (auto copy = dyn_cast<NVVM::CpAsyncBulkGlobalToSharedClusterOp>(op))
    return convert(emulator, copy);
  if (auto copy = dyn_cast<NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp>(op))
    return convert(emulator, copy);
  return std::nullopt;
}
