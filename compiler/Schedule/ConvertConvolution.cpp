// Convolution layers as kernels: packs the filter, fuses the epilogue, lays out
// input and output.

#include "compiler/Schedule/ConvertConvolution.h"

#include "compiler/Schedule/Convolutions.h"
#include "compiler/Schedule/Layout.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

namespace {
/// What follows a convolution and can be done while its sums are in registers.
struct Epilogue {
  Value residual;
  kernel::ActivationAttr activation;
  /// The operations that the kernel does, the layer first: the last one's
  /// result is the kernel's.
  SmallVector<Operation *> chain;
};
} // namespace

/// In the same block: what happens in a loop isn't part of a layer before it.
static Operation *getOnlyUser(Value value) {
  if (!value.hasOneUse())
    return nullptr;
  Operation *user = *value.user_begin();
  return user->getBlock() == value.getParentBlock() ? user : nullptr;
}

static Epilogue findEpilogue(Operation *layer) {
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

/// The packed filter of a part as a constant.
static Value packFilter(OpBuilder &builder, Operation *layer,
                        const ConvolutionPart &part, const Algorithm &algorithm,
                        const ConvolutionSchedule &schedule,
                        kernel::TargetAttr target, ArrayRef<float> filter) {
  std::vector<float> gathered;
  if (isa<cnn::ConvTransposeOp>(layer)) {
    gathered = gatherFilter(layer, part, filter);
    filter = gathered;
  }
  int64_t size = algorithm.getPackedSize(part.convolution, schedule, target);
  // A phase without taps has no weights, but its kernel still has a filter
  // operand.
  WeightBuffer packed(std::max<int64_t>(size, 1));
  if (size > 0)
    algorithm.packFilter(part.convolution, schedule, target, filter,
                         packed.values());
  auto type =
      RankedTensorType::get({std::max<int64_t>(size, 1)}, builder.getF32Type());
  std::string name =
      getConstantName(layer->getOperand(1), "filter") + ".packed";
  return createConstant(builder, layer->getLoc(), type, std::move(packed),
                        name);
}

/// N x C x I as N x C x I x 1: the plain layout as a blocked one of single
/// channels.
static Value viewAsBlocked(OpBuilder &builder, Location location, Value plain) {
  auto type = cast<RankedTensorType>(plain.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.push_back(1);
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < type.getRank(); ++d)
    groups.push_back({d});
  groups.back().push_back(type.getRank());
  return tensor::ExpandShapeOp::create(
      builder, location, RankedTensorType::get(shape, type.getElementType()),
      plain, groups);
}

static Value getBias(Operation *layer) {
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    return conv.getBias();
  return cast<cnn::ConvTransposeOp>(layer).getBias();
}

LogicalResult toeplitz::convertConvolution(RewriterBase &rewriter,
                                           Operation *layer) {
  if (auto conv = dyn_cast<cnn::ConvOp>(layer))
    if (conv.getPaddingMode() != cnn::PaddingMode::Zeros)
      return layer->emitError("padding mode is not zeros; expand-padding must "
                              "run before this pass");
  std::optional<ConstantValues> filter = readConstant(layer->getOperand(1));
  if (!filter)
    return layer->emitError(
        "the filter is computed by the network, expected a constant");
  auto name = layer->getAttrOfType<StringAttr>(algorithmAttribute);
  const Algorithm *algorithm = findAlgorithm(name ? name.getValue() : "direct");
  if (!algorithm)
    return layer->emitError() << "unknown algorithm " << name;

  kernel::TargetAttr target = kernel::getTarget(layer);
  int64_t lanes = target.getLanes();
  std::vector<ConvolutionPart> parts = getParts(layer);
  if (std::optional<std::string> reason =
          declinesLayer(*algorithm, parts, target))
    return layer->emitError() << "algorithm '" << algorithm->name
                              << "' declines this layer: " << *reason;

  Epilogue epilogue = findEpilogue(layer);
  Location location = layer->getLoc();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(epilogue.chain.back());
  auto plainType = cast<RankedTensorType>(layer->getResult(0).getType());
  RankedTensorType blockedType = getBlockedType(plainType, lanes);

  // One input block serves all parts: it depends on the channels alone.
  ConvolutionSchedule first = algorithm->schedule(parts[0].convolution, target);
  Value input = first.inputBlock == 1
                    ? viewAsBlocked(rewriter, location, layer->getOperand(0))
                    : pack(rewriter, location, layer->getOperand(0), lanes);
  Value bias;
  if (Value plain = getBias(layer))
    bias = packChannels(rewriter, location, plain, lanes);
  Value residual;
  if (epilogue.residual)
    residual = pack(rewriter, location, epilogue.residual, lanes);
  Value destination = createEmpty(rewriter, location, blockedType);

  auto array = [&](ArrayRef<int64_t> values) {
    return rewriter.getDenseI64ArrayAttr(values);
  };
  for (const ConvolutionPart &part : parts) {
    const Convolution &convolution = part.convolution;
    ConvolutionSchedule schedule = algorithm->schedule(convolution, target);
    Value packed = packFilter(rewriter, layer, part, *algorithm, schedule,
                              target, filter->get());
    auto kernel = kernel::ConvOp::create(
        rewriter, location, TypeRange(blockedType), input, packed, bias,
        residual, destination, algorithm->name, convolution.inChannels,
        convolution.outChannels, schedule.groups, array(convolution.kernel),
        array(convolution.strides), array(convolution.dilations),
        array(convolution.paddingLow), array(convolution.outputSizes),
        array(part.outputStrides), array(part.outputOffsets),
        array({schedule.tilePositions, schedule.tileVectors}),
        epilogue.activation);
    destination = kernel.getResult(0);
  }
  Value result = unpack(rewriter, location, destination, plainType);

  rewriter.replaceAllUsesWith(epilogue.chain.back()->getResult(0), result);
  for (Operation *op : llvm::reverse(epilogue.chain))
    rewriter.eraseOp(op);
  return success();
}
