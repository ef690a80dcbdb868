// One convolution layer of a network, taken out of it.

#include "compiler/Verification/ConvolutionLayer.h"

#include "compiler/Algorithms/FourierTransform.h"
#include "compiler/Schedule/Layout.h"
#include "compiler/Transforms/Constants.h"
#include "compiler/Transforms/Epilogue.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

static SmallVector<int64_t> copyArray(ArrayRef<int64_t> from) {
  return SmallVector<int64_t>(from.begin(), from.end());
}

template <typename Op>
static void copyParameters(Op op, ConvolutionLayer &layer) {
  layer.inputShape = copyArray(op.getInput().getType().getShape());
  layer.filterShape = copyArray(op.getFilter().getType().getShape());
  layer.strides = copyArray(op.getStrides());
  layer.dilations = copyArray(op.getDilations());
  layer.paddingLow = copyArray(op.getPaddingLow());
  layer.paddingHigh = copyArray(op.getPaddingHigh());
  layer.groups = static_cast<int64_t>(op.getGroups());
}

std::optional<ConvolutionLayer> toeplitz::extractLayer(Operation *op) {
  ConvolutionLayer layer;
  layer.name = getLayerName(op->getLoc(), "");
  layer.inputIsPlain = isa<BlockArgument>(op->getOperand(0));
  if (auto conv = dyn_cast<cnn::ConvOp>(op)) {
    copyParameters(conv, layer);
    if (cnn::PadOp halo = getHalo(op)) {
      layer.inputIsPlain = isa<BlockArgument>(halo.getInput());
      layer.inputShape = copyArray(halo.getInput().getType().getShape());
      layer.haloLow = copyArray(halo.getLow().drop_front(2));
      layer.haloHigh = copyArray(halo.getHigh().drop_front(2));
    }
  } else {
    auto transposed = cast<cnn::ConvTransposeOp>(op);
    layer.isTransposed = true;
    copyParameters(transposed, layer);
    layer.outputPadding = copyArray(transposed.getOutputPadding());
  }
  std::optional<ConstantValues> filter = readConstant(op->getOperand(1));
  if (!filter)
    return std::nullopt;
  layer.filter.assign(filter->get().begin(), filter->get().end());
  if (Value bias = getLayerBias(op)) {
    std::optional<ConstantValues> values = readConstant(bias);
    if (!values)
      return std::nullopt;
    layer.bias.assign(values->get().begin(), values->get().end());
  }
  Epilogue epilogue = findEpilogue(op);
  layer.hasResidual = static_cast<bool>(epilogue.residual);
  if (cnn::ActivationOp activation = epilogue.activation)
    layer.activation = {activation.getKind(),
                        activation.getAlpha().convertToFloat(),
                        activation.getBeta().convertToFloat()};
  return layer;
}

/// The positions that multiplications are made at: those of the result, of a
/// transposed convolution those of the input.
double ConvolutionLayer::getMultiplyAdds() const {
  double count =
      static_cast<double>(inputShape[0]) * static_cast<double>(filter.size());
  for (size_t d = 0; d < strides.size(); ++d) {
    int64_t reach = (filterShape[2 + d] - 1) * dilations[d] + 1;
    int64_t padded = inputShape[2 + d] + paddingLow[d] + paddingHigh[d];
    if (!haloLow.empty())
      padded += haloLow[d] + haloHigh[d];
    count *= static_cast<double>(
        isTransposed ? inputShape[2 + d]
                     : std::max<int64_t>((padded - reach) / strides[d] + 1, 1));
  }
  return count;
}

static std::string joinShape(ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

std::optional<std::string> toeplitz::reduceLayer(ConvolutionLayer &layer,
                                                 double maximumMultiplyAdds) {
  SmallVector<int64_t> before = layer.inputShape;
  int64_t channelsBefore = layer.isTransposed ? 0 : layer.filterShape[0];
  layer.inputShape[0] = layer.getMultiplyAdds() > maximumMultiplyAdds
                            ? std::min<int64_t>(layer.inputShape[0], 2)
                            : layer.inputShape[0];
  // 48 output positions are whole tiles of 2, 3, 4, 6, 8, 12, 16, 24 and 48.
  constexpr int64_t tiles = 48, smallTiles = 24;
  for (size_t d = 0; d < layer.strides.size(); ++d)
    for (int64_t positions : {tiles, smallTiles}) {
      int64_t step = positions * (layer.isTransposed ? 1 : layer.strides[d]);
      int64_t reach = (layer.filterShape[2 + d] - 1) * layer.dilations[d] + 1;
      int64_t least = std::max<int64_t>(reach, layer.paddingLow[d]);
      int64_t &size = layer.inputShape[2 + d];
      bool hasHalo =
          !layer.haloLow.empty() && layer.haloLow[d] + layer.haloHigh[d] > 0;
      if (hasHalo)
        least = std::max({least, layer.haloLow[d], layer.haloHigh[d]});
      // What transforms a period of the old size must transform one of the new.
      bool isPeriod = hasHalo && isFourierSize(size);
      for (int64_t next = size - step;
           layer.getMultiplyAdds() > maximumMultiplyAdds && next >= least;
           next -= step)
        if (!isPeriod || isFourierSize(next))
          size = next;
    }
  // A dense layer with very many weights keeps some of its output channels.
  if (!layer.isTransposed && layer.groups == 1 &&
      layer.getMultiplyAdds() > maximumMultiplyAdds) {
    constexpr int64_t channels = 64;
    int64_t &outputs = layer.filterShape[0];
    int64_t row = static_cast<int64_t>(layer.filter.size()) / outputs;
    while (outputs > 2 * channels &&
           layer.getMultiplyAdds() > maximumMultiplyAdds) {
      outputs -= channels;
      layer.filter.resize(outputs * row);
    }
    if (!layer.bias.empty())
      layer.bias.resize(outputs);
  }
  std::string text;
  if (before != layer.inputShape)
    text = "input " + joinShape(before) + " reduced to " +
           joinShape(layer.inputShape);
  if (!layer.isTransposed && channelsBefore != layer.filterShape[0])
    text += (text.empty() ? "" : ", ") +
            ("the first " + std::to_string(layer.filterShape[0]) + " of " +
             std::to_string(channelsBefore) + " output channels");
  return text.empty() ? std::nullopt : std::optional(text);
}

Value toeplitz::buildConstant(OpBuilder &builder, ArrayRef<int64_t> shape,
                              ArrayRef<float> values, StringRef name) {
  WeightBuffer buffer(static_cast<int64_t>(values.size()));
  llvm::copy(values, buffer.values().begin());
  return createConstant(builder, builder.getUnknownLoc(),
                        RankedTensorType::get(shape, builder.getF32Type()),
                        std::move(buffer), name);
}

Operation *toeplitz::buildLayer(OpBuilder &builder,
                                const ConvolutionLayer &layer, Value input,
                                Value residual, Value filter, Value bias) {
  Location location = NameLoc::get(
      builder.getStringAttr(layer.name.empty() ? "layer" : layer.name));
  if (!layer.haloLow.empty()) {
    SmallVector<int64_t> low = {0, 0}, high = {0, 0};
    llvm::append_range(low, layer.haloLow);
    llvm::append_range(high, layer.haloHigh);
    input = cnn::PadOp::create(builder, location, input, low, high,
                               cnn::PaddingMode::Circular, llvm::APFloat(0.0f));
  }
  Operation *convolution;
  if (layer.isTransposed)
    convolution = cnn::ConvTransposeOp::create(
        builder, location, input, filter, bias, layer.strides, layer.dilations,
        layer.paddingLow, layer.paddingHigh, layer.outputPadding, layer.groups);
  else
    convolution = cnn::ConvOp::create(builder, location, input, filter, bias,
                                      layer.strides, layer.dilations,
                                      layer.paddingLow, layer.paddingHigh,
                                      layer.groups, cnn::PaddingMode::Zeros);
  Operation *last = convolution;
  if (residual)
    last =
        arith::AddFOp::create(builder, location, last->getResult(0), residual);
  if (layer.activation)
    cnn::ActivationOp::create(builder, location, layer.activation->kind,
                              last->getResult(0),
                              llvm::APFloat(layer.activation->alpha),
                              llvm::APFloat(layer.activation->beta));
  return convolution;
}

/// The type of the layer's result.
static RankedTensorType getResultType(MLIRContext &context,
                                      const ConvolutionLayer &layer) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToStart(module->getBody());
  auto type = [&](ArrayRef<int64_t> shape) {
    return RankedTensorType::get(shape, builder.getF32Type());
  };
  auto function = func::FuncOp::create(
      builder, builder.getUnknownLoc(), "types",
      builder.getFunctionType({type(layer.inputShape), type(layer.filterShape)},
                              {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  ConvolutionLayer bare = layer;
  bare.activation.reset();
  Operation *op = buildLayer(builder, bare, body->getArgument(0), Value(),
                             body->getArgument(1), Value());
  return cast<RankedTensorType>(op->getResult(0).getType());
}

/// An empty function @main with these arguments in a module called "layer".
static func::FuncOp buildMain(OpBuilder &builder, ModuleOp module,
                              ArrayRef<Type> arguments) {
  builder.setInsertionPointToStart(module.getBody());
  auto main = func::FuncOp::create(builder, builder.getUnknownLoc(), "main",
                                   builder.getFunctionType(arguments, {}));
  builder.setInsertionPointToStart(main.addEntryBlock());
  return main;
}

static void finishMain(OpBuilder &builder, func::FuncOp main,
                       ArrayRef<Value> results) {
  func::ReturnOp::create(builder, builder.getUnknownLoc(), results);
  main.setFunctionType(
      builder.getFunctionType(main.getArgumentTypes(),
                              llvm::to_vector(TypeRange(ValueRange(results)))));
}

namespace {
/// The constants of a layer.
struct Weights {
  Value filter, bias;
};
} // namespace

static Weights buildWeights(OpBuilder &builder, const ConvolutionLayer &layer) {
  Weights weights;
  weights.filter =
      buildConstant(builder, layer.filterShape, layer.filter, "filter");
  if (!layer.bias.empty())
    weights.bias = buildConstant(
        builder, {static_cast<int64_t>(layer.bias.size())}, layer.bias, "bias");
  return weights;
}

/// The last operation of what buildLayer has built.
static Value getLast(Operation *convolution) {
  return convolution->getBlock()->back().getResult(0);
}

OwningOpRef<ModuleOp>
toeplitz::buildReferenceModule(MLIRContext &context,
                               const ConvolutionLayer &layer) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder.getUnknownLoc(), "layer");
  SmallVector<Type> arguments = {
      RankedTensorType::get(layer.inputShape, builder.getF32Type())};
  if (layer.hasResidual)
    arguments.push_back(getResultType(context, layer));
  func::FuncOp main = buildMain(builder, *module, arguments);
  Weights weights = buildWeights(builder, layer);
  Operation *op =
      buildLayer(builder, layer, main.getArgument(0),
                 layer.hasResidual ? Value(main.getArgument(1)) : Value(),
                 weights.filter, weights.bias);
  finishMain(builder, main, {getLast(op)});
  return module;
}

OwningOpRef<ModuleOp>
toeplitz::buildCompiledModule(MLIRContext &context, ArrayRef<LayerCopy> copies,
                              kernel::TargetAttr foreignTarget,
                              bool blockedResults) {
  OpBuilder builder(&context);
  OwningOpRef<ModuleOp> module =
      ModuleOp::create(builder.getUnknownLoc(), "layer");
  // The layer comes from another context.
  auto target = kernel::TargetAttr::get(
      &context, foreignTarget.getLanes(), foreignTarget.getRegisters(),
      foreignTarget.getFma(), foreignTarget.getL1(), foreignTarget.getL2(),
      foreignTarget.getAmx(), foreignTarget.getByElement(),
      foreignTarget.getGpu(), foreignTarget.getColdFilters(),
      foreignTarget.getHidesMemory(), foreignTarget.getPrecision(),
      foreignTarget.getWarpgroups());
  (*module)->setAttr("kernel.target", target);
  int64_t lanes = target.getLanes();

  struct Operands {
    RankedTensorType inputType, residualType;
    size_t firstArgument;
    Value input, residual;
    Weights weights;
  };
  llvm::MapVector<const ConvolutionLayer *, Operands> layers;
  SmallVector<Type> arguments;
  auto addArgument = [&](RankedTensorType plain, bool isPlain) {
    arguments.push_back(isPlain ? plain : getBlockedType(plain, lanes));
  };
  for (const LayerCopy &copy : copies) {
    if (layers.contains(copy.layer))
      continue;
    Operands &operands = layers[copy.layer];
    operands.firstArgument = arguments.size();
    operands.inputType =
        RankedTensorType::get(copy.layer->inputShape, builder.getF32Type());
    addArgument(operands.inputType, copy.layer->inputIsPlain);
    if (copy.layer->hasResidual) {
      operands.residualType = getResultType(context, *copy.layer);
      addArgument(operands.residualType, false);
    }
  }

  func::FuncOp main = buildMain(builder, *module, arguments);
  Location location = builder.getUnknownLoc();
  for (auto &[layer, operands] : layers) {
    Value input = main.getArgument(operands.firstArgument);
    operands.input = layer->inputIsPlain
                         ? input
                         : unpack(builder, location, input, operands.inputType);
    if (layer->hasResidual)
      operands.residual = unpack(builder, location,
                                 main.getArgument(operands.firstArgument + 1),
                                 operands.residualType);
    operands.weights = buildWeights(builder, *layer);
  }
  SmallVector<Value> results;
  for (const LayerCopy &copy : copies) {
    const Operands &operands = layers[copy.layer];
    Operation *op =
        buildLayer(builder, *copy.layer, operands.input, operands.residual,
                   operands.weights.filter, operands.weights.bias);
    op->setAttr(algorithmAttribute,
                builder.getStringAttr(copy.choice.getName()));
    Value result = getLast(op);
    results.push_back(blockedResults ? pack(builder, location, result, lanes)
                                     : result);
  }
  finishMain(builder, main, results);
  return module;
}

std::vector<float> toeplitz::packValues(ArrayRef<float> plain,
                                        ArrayRef<int64_t> shape,
                                        int64_t lanes) {
  int64_t batch = shape[0], channels = shape[1];
  int64_t positions = static_cast<int64_t>(plain.size()) /
                      std::max<int64_t>(batch * channels, 1);
  int64_t blocks = llvm::divideCeil(channels, lanes);
  std::vector<float> packed(batch * blocks * positions * lanes);
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < positions; ++p)
        packed[((n * blocks + c / lanes) * positions + p) * lanes + c % lanes] =
            plain[(n * channels + c) * positions + p];
  return packed;
}
