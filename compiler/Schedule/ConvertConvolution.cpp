// Convolution layers as kernels: packs the filter, fuses prologue and epilogue,
// lays out input and output.

#include "compiler/Schedule/ConvertConvolution.h"

#include "compiler/Lowering/KernelWork.h"
#include "compiler/Schedule/ConvertPrologue.h"
#include "compiler/Schedule/Convolutions.h"
#include "compiler/Schedule/Layout.h"
#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Epilogue.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

/// An activation as kernels know it, if there is one.
static kernel::ActivationAttr getActivation(cnn::ActivationOp activation) {
  if (!activation)
    return {};
  Builder builder(activation.getContext());
  auto parameter = [&](const APFloat &number) {
    return number.isZero() ? FloatAttr()
                           : builder.getF32FloatAttr(number.convertToFloat());
  };
  return kernel::ActivationAttr::get(
      activation.getContext(), activation.getKind(),
      parameter(activation.getAlpha()), parameter(activation.getBeta()));
}

/// The packed filter of a part as a constant.
static Value packFilter(OpBuilder &builder, Operation *layer,
                        const ConvolutionPart &part, const Algorithm &algorithm,
                        const ConvolutionSchedule &schedule,
                        kernel::TargetAttr target, ArrayRef<float> filter) {
  int64_t size = algorithm.getPackedSize(part.convolution, schedule, target);
  // A phase without taps has no weights, but its kernel still has a filter
  // operand.
  WeightBuffer packed(std::max<int64_t>(size, 1));
  if (size > 0)
    algorithm.packFilter(part.convolution, schedule, target, filter,
                         packed.values());
  auto floats = static_cast<int64_t>(packed.size());
  auto type = algorithm.worksOnBfloat16
                  ? RankedTensorType::get({2 * floats}, builder.getBF16Type())
                  : RankedTensorType::get({floats}, builder.getF32Type());
  std::string name =
      getConstantName(layer->getOperand(1), "filter") + ".packed";
  // (The phases of a layer that was folded have one filter.)
  return createSharedConstant(builder, layer->getLoc(), type, std::move(packed),
                              name);
}

/// Which weights there are as a constant, where the algorithm asks for it.
static Value packStructure(OpBuilder &builder, Operation *layer,
                           const ConvolutionPart &part,
                           const Algorithm &algorithm,
                           const ConvolutionSchedule &schedule,
                           kernel::TargetAttr target, ArrayRef<float> filter) {
  if (!algorithm.packStructure)
    return {};
  std::vector<int32_t> structure =
      algorithm.packStructure(part.convolution, schedule, target, filter);
  return createIndexConstant(builder, layer->getLoc(), structure,
                             getConstantName(layer->getOperand(1), "filter") +
                                 ".structure");
}

/// The input of a layer as a schedule reads it: without the halo of its
/// circular dimensions.
static Value getInput(OpBuilder &builder, Operation *layer,
                      const ConvolutionSchedule &schedule) {
  if (schedule.circular.empty())
    return layer->getOperand(0);
  cnn::PadOp halo = getHalo(layer);
  SmallVector<int64_t> low(halo.getLow()), high(halo.getHigh());
  for (auto [d, circular] : llvm::enumerate(schedule.circular))
    if (circular)
      low[2 + d] = high[2 + d] = 0;
  return builder.createOrFold<cnn::PadOp>(halo.getLoc(), halo.getInput(), low,
                                          high, cnn::PaddingMode::Circular,
                                          APFloat(0.0f));
}

/// The padding before each dimension, in circular ones the halo.
static SmallVector<int64_t> getPaddingLow(const Convolution &convolution,
                                          const ConvolutionSchedule &schedule) {
  SmallVector<int64_t> padding(ArrayRef<int64_t>(convolution.paddingLow));
  for (auto [d, circular] : llvm::enumerate(schedule.circular))
    if (circular)
      padding[d] = convolution.haloLow[d];
  return padding;
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
  std::optional<AlgorithmChoice> choice =
      parseAlgorithmChoice(name ? name.getValue() : "direct");
  if (!choice)
    return layer->emitError() << "unknown algorithm " << name;
  const Algorithm *algorithm = choice->algorithm;

  kernel::TargetAttr target = kernel::getTarget(layer);
  int64_t lanes = target.getLanes();
  std::vector<ConvolutionPart> parts = getParts(layer);
  if (std::optional<std::string> reason = declinesLayer(*choice, parts, target))
    return layer->emitError() << "algorithm '" << choice->getName()
                              << "' declines this layer: " << *reason;

  Epilogue epilogue = findEpilogue(layer);
  Location location = layer->getLoc();
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(epilogue.chain.back());
  auto plainType = cast<RankedTensorType>(layer->getResult(0).getType());

  // One layout serves all parts: it depends on the channels alone.
  ConvolutionSchedule first =
      getSchedule(*choice, parts[0].convolution, target);
  auto asBlocked = [&](Value plain, int64_t block) {
    return block == 1 ? viewAsBlocked(rewriter, location, plain)
                      : pack(rewriter, location, plain, lanes);
  };
  int64_t outputBlock = first.outputBlock == 0 ? lanes : first.outputBlock;
  RankedTensorType blockedType = getBlockedType(plainType, outputBlock);
  Prologue prologue = choosePrologue(layer, *choice, parts, target);
  Value plainInput = prologue.chain.empty() ? getInput(rewriter, layer, first)
                                            : prologue.input;
  Value input = asBlocked(plainInput, first.inputBlock);
  auto [scale, shift] = packPrologue(rewriter, location, prologue, lanes);
  Value bias;
  if (Value plain = getBias(layer))
    bias = packChannels(rewriter, location, plain, outputBlock);
  Value residual;
  if (epilogue.residual)
    residual = asBlocked(epilogue.residual, outputBlock);
  Value destination = createEmpty(rewriter, location, blockedType);

  auto array = [&](ArrayRef<int64_t> values) {
    return rewriter.getDenseI64ArrayAttr(values);
  };
  for (const ConvolutionPart &part : parts) {
    const Convolution &convolution = part.convolution;
    ConvolutionSchedule schedule = getSchedule(*choice, convolution, target);
    // Of a transposed layer, the taps of this phase.
    std::vector<float> gathered;
    ArrayRef<float> weights = filter->get();
    if (isa<cnn::ConvTransposeOp>(layer)) {
      gathered = gatherFilter(layer, part, weights);
      weights = gathered;
    }
    Value packed = packFilter(rewriter, layer, part, *algorithm, schedule,
                              target, weights);
    auto kernel = kernel::ConvOp::create(
        rewriter, location, TypeRange(blockedType), input, packed, bias,
        residual,
        packStructure(rewriter, layer, part, *algorithm, schedule, target,
                      weights),
        scale, shift, destination, /*unpooled=*/Value(),
        /*scratch=*/Value(), /*prepared=*/Value(), algorithm->name,
        convolution.inChannels, convolution.outChannels, schedule.groups,
        array(convolution.kernel), array(convolution.strides),
        array(convolution.dilations),
        array(getPaddingLow(convolution, schedule)),
        array(convolution.outputSizes), array(part.outputStrides),
        array(part.outputOffsets),
        array({schedule.tilePositions, schedule.tileVectors}),
        schedule.transform.empty() ? DenseI64ArrayAttr()
                                   : array(schedule.transform),
        schedule.transformsFilter,
        schedule.circular.empty()
            ? DenseBoolArrayAttr()
            : rewriter.getDenseBoolArrayAttr(schedule.circular),
        getActivation(prologue.activation), getActivation(epilogue.activation),
        /*pool=*/kernel::PoolAttr());
    if (convolution.groups != schedule.groups)
      kernel->setAttr(layerGroupsAttribute,
                      rewriter.getI64IntegerAttr(convolution.groups));
    destination = kernel.getResult(0);
  }
  Value result = outputBlock == 1
                     ? viewAsPlain(rewriter, location, destination, plainType)
                     : unpack(rewriter, location, destination, plainType);

  rewriter.replaceAllUsesWith(epilogue.chain.back()->getResult(0), result);
  for (Operation *op : llvm::reverse(epilogue.chain))
    rewriter.eraseOp(op);
  for (Operation *op : prologue.chain)
    rewriter.eraseOp(op);
  return success();
}

/// (The pool, whose windows have one position each, is a copy.)
static Value copySlice(OpBuilder &builder, tensor::ExtractSliceOp slice) {
  RankedTensorType type = slice.getResultType();
  size_t dimensions = type.getRank() - 3;
  SmallVector<int64_t> ones(dimensions, 1), zeros(dimensions, 0);
  Location location = slice.getLoc();
  return kernel::PoolOp::create(
             builder, location, TypeRange(type), cnn::PoolKind::Max, slice,
             createEmpty(builder, location, type), ones, ones, ones, zeros,
             zeros, /*count_include_pad=*/false, /*p=*/2)
      ->getResult(0);
}

void toeplitz::gatherPositions(kernel::ConvOp op) {
  auto slice = op.getInput().getDefiningOp<tensor::ExtractSliceOp>();
  const Algorithm *algorithm = findAlgorithm(op.getAlgorithm());
  if (!slice || slice.hasUnitStride() || !algorithm ||
      !algorithm->foldsPositions || kernel::getTarget(op).isGpu() ||
      op.getKernel().empty())
    return;
  OpBuilder builder(op);
  op.getInputMutable().assign(copySlice(builder, slice));
}
