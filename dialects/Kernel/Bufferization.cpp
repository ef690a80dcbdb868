// How upstream's one-shot bufferization turns the kernel dialect from tensors
// to buffers.

#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/Operation.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace toeplitz::kernel {
namespace {

/// Whether the old contents of the destination matter. Only the phases of a
/// transposed convolution leave some of it as it was.
bool readsDestination(Operation *op) {
  auto conv = dyn_cast<ConvOp>(op);
  if (!conv || conv.getPool())
    return false;
  auto output = cast<ShapedType>(conv.getInit().getType()).getShape();
  for (auto [d, size] : llvm::enumerate(conv.getOutputSizes()))
    if (size != output[2 + d])
      return true;
  return false;
}

/// Whether element i of the result depends on element i of this operand alone,
/// so that both may lie in one buffer.
bool isElementwiseOperand(Operation *op, OpOperand &operand) {
  auto isResidualOf = [&](auto conv) {
    return conv && conv.getResidual() && operand.get() == conv.getResidual() &&
           conv.getResidual() != conv.getInput();
  };
  // (What is read for every position isn't, whatever else it is.)
  if (auto conv = dyn_cast<ConvOp>(op))
    if (operand.get() == conv.getInputScale() ||
        operand.get() == conv.getInputShift())
      return false;
  return isResidualOf(dyn_cast<ConvOp>(op)) ||
         isResidualOf(dyn_cast<SeparableConvOp>(op)) ||
         isResidualOf(dyn_cast<InvertedResidualOp>(op));
}

template <typename OpTy>
struct KernelBufferization
    : DstBufferizableOpInterfaceExternalModel<KernelBufferization<OpTy>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    if (cast<DestinationStyleOpInterface>(op).isDpsInit(&operand))
      return readsDestination(op);
    return true;
  }

  bool bufferizesToElementwiseAccess(Operation *op, const AnalysisState &state,
                                     ArrayRef<OpOperand *> operands) const {
    return llvm::all_of(operands, [&](OpOperand *operand) {
      return cast<DestinationStyleOpInterface>(op).isDpsInit(operand) ||
             isElementwiseOperand(op, *operand);
    });
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto destinationOp = cast<DestinationStyleOpInterface>(op);
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer = getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      operands.push_back(*buffer);
    }
    SmallVector<Value> results;
    for (OpOperand &init : destinationOp.getDpsInitsMutable())
      results.push_back(operands[init.getOperandNumber()]);
    OperationState bufferOp(op->getLoc(), op->getName(), operands, TypeRange(),
                            op->getAttrs());
    bufferOp.propertiesAttr = op->getPropertiesAsAttribute();
    rewriter.create(bufferOp);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};

} // namespace

void registerBufferizableOpInterfaces(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    ConvOp::attachInterface<KernelBufferization<ConvOp>>(*context);
    SeparableConvOp::attachInterface<KernelBufferization<SeparableConvOp>>(
        *context);
    InvertedResidualOp::attachInterface<
        KernelBufferization<InvertedResidualOp>>(*context);
    PoolOp::attachInterface<KernelBufferization<PoolOp>>(*context);
    ReorderOp::attachInterface<KernelBufferization<ReorderOp>>(*context);
    PadOp::attachInterface<KernelBufferization<PadOp>>(*context);
    ResizeOp::attachInterface<KernelBufferization<ResizeOp>>(*context);
    NormalizeOp::attachInterface<KernelBufferization<NormalizeOp>>(*context);
    NormalizeChannelsOp::attachInterface<
        KernelBufferization<NormalizeChannelsOp>>(*context);
    MomentsOp::attachInterface<KernelBufferization<MomentsOp>>(*context);
    NormalizationFactorsOp::attachInterface<
        KernelBufferization<NormalizationFactorsOp>>(*context);
    LrnOp::attachInterface<KernelBufferization<LrnOp>>(*context);
    SoftmaxOp::attachInterface<KernelBufferization<SoftmaxOp>>(*context);
    MatmulOp::attachInterface<KernelBufferization<MatmulOp>>(*context);
  });
}

} // namespace toeplitz::kernel
