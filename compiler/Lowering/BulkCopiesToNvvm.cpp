#include "compiler/Lowering/BulkCopiesToNvvm.h"

#include "dialects/Device/DeviceDialect.h"

#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// NVVM's spaces of addresses.
constexpr unsigned globalSpace = 1, clusterSpace = 7;

template <typename Op> struct Pattern : ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;

protected:
  Value getAddress(ConversionPatternRewriter &rewriter, Location location,
                   Value buffer, Value converted, Value place) const {
    return this->getStridedElementPtr(rewriter, location,
                                      cast<MemRefType>(buffer.getType()),
                                      converted, place);
  }

  static Value number(ConversionPatternRewriter &rewriter, Location location,
                      int64_t value) {
    return LLVM::ConstantOp::create(
        rewriter, location,
        rewriter.getI32IntegerAttr(static_cast<int32_t>(value)));
  }

  static Value castAddress(ConversionPatternRewriter &rewriter,
                           Location location, Value address, unsigned space) {
    return LLVM::AddrSpaceCastOp::create(
        rewriter, location,
        LLVM::LLVMPointerType::get(rewriter.getContext(), space), address);
  }

  /// An index, of which the lower 32 bits are enough.
  static Value toInt32(ConversionPatternRewriter &rewriter, Location location,
                       Value index) {
    Type int32 = rewriter.getI32Type();
    if (index.getType() == int32)
      return index;
    return LLVM::TruncOp::create(rewriter, location, int32, index);
  }
};

struct ConvertInit : Pattern<device::InitMbarrierOp> {
  using Pattern::Pattern;

  LogicalResult
  matchAndRewrite(device::InitMbarrierOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    NVVM::MBarrierInitOp::create(
        rewriter, location,
        getAddress(rewriter, location, op.getBarriers(), adaptor.getBarriers(),
                   adaptor.getPlace()),
        number(rewriter, location, 1), /*predicate=*/Value());
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertExpect : Pattern<device::ExpectBytesOp> {
  using Pattern::Pattern;

  LogicalResult
  matchAndRewrite(device::ExpectBytesOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    NVVM::MBarrierArriveExpectTxOp::create(
        rewriter, location, /*resultTypes=*/TypeRange(),
        getAddress(rewriter, location, op.getBarriers(), adaptor.getBarriers(),
                   adaptor.getPlace()),
        number(rewriter, location, static_cast<int64_t>(op.getBytes())),
        NVVM::MemScopeKind::CTA, /*relaxed=*/false, /*predicate=*/Value());
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertWait : Pattern<device::TryWaitOp> {
  using Pattern::Pattern;

  LogicalResult
  matchAndRewrite(device::TryWaitOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    rewriter.replaceOpWithNewOp<NVVM::MBarrierTryWaitOp>(
        op, rewriter.getI1Type(),
        getAddress(rewriter, location, op.getBarriers(), adaptor.getBarriers(),
                   adaptor.getPlace()),
        toInt32(rewriter, location, adaptor.getParity()), /*ticks=*/Value(),
        NVVM::MemScopeKind::CTA, /*relaxed=*/false);
    return success();
  }
};

struct ConvertBulkCopy : Pattern<device::BulkCopyOp> {
  using Pattern::Pattern;

  LogicalResult
  matchAndRewrite(device::BulkCopyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location location = op.getLoc();
    Value source = getAddress(rewriter, location, op.getSource(),
                              adaptor.getSource(), adaptor.getFrom());
    Value destination = getAddress(rewriter, location, op.getDestination(),
                                   adaptor.getDestination(), adaptor.getTo());
    NVVM::CpAsyncBulkGlobalToSharedClusterOp::create(
        rewriter, location,
        castAddress(rewriter, location, destination, clusterSpace),
        castAddress(rewriter, location, source, globalSpace),
        getAddress(rewriter, location, op.getBarriers(), adaptor.getBarriers(),
                   adaptor.getPlace()),
        number(rewriter, location, static_cast<int64_t>(op.getBytes())),
        /*multicastMask=*/Value(), /*l2CacheHint=*/Value());
    rewriter.eraseOp(op);
    return success();
  }
};

struct ConvertTensorCopy : Pattern<device::TensorCopyOp> {
  using Pattern::Pattern;

  LogicalResult
  matchAndRewrite(device::TensorCopyOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    if (!isa<LLVM::LLVMPointerType>(op.getSource().getType()))
      return rewriter.notifyMatchFailure(op, "the tensor isn't a map");
    Location location = op.getLoc();
    // The hardware's fastest dimension is the first.
    SmallVector<Value> coordinates;
    for (Value coordinate : llvm::reverse(adaptor.getCoordinates()))
      coordinates.push_back(toInt32(rewriter, location, coordinate));
    Value destination = getAddress(rewriter, location, op.getDestination(),
                                   adaptor.getDestination(), adaptor.getTo());
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        rewriter, location,
        castAddress(rewriter, location, destination, clusterSpace),
        adaptor.getSource(), coordinates,
        getAddress(rewriter, location, op.getBarriers(), adaptor.getBarriers(),
                   adaptor.getPlace()),
        /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(),
        /*l2CacheHint=*/Value(), NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false,
        /*group=*/NVVM::CTAGroupKindAttr(), /*predicate=*/Value());
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void toeplitz::populateBulkCopiesToNvvmPatterns(LLVMTypeConverter &converter,
                                                RewritePatternSet &patterns) {
  patterns.add<ConvertInit, ConvertExpect, ConvertWait, ConvertBulkCopy,
               ConvertTensorCopy>(converter);
}
