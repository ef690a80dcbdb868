#include "compiler/Schedule/ConvertPrologue.h"

#include "compiler/Schedule/BatchNorm.h"
#include "compiler/Schedule/Layout.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz;

/// Cycles of a vector of an activation, about: comparisons and products, or a
/// polynomial of an exponential function and a division.
static double getActivationCycles(cnn::ActivationKind kind) {
  switch (kind) {
  case cnn::ActivationKind::Relu:
  case cnn::ActivationKind::LeakyRelu:
  case cnn::ActivationKind::Clip:
  case cnn::ActivationKind::HardSigmoid:
  case cnn::ActivationKind::HardSwish:
    return 2;
  default:
    return 40;
  }
}

/// Whether computing the prologue of each element `times` times costs less than
/// computing it once and putting it into memory.
static bool isWorthwhile(const Prologue &prologue, double times) {
  // Measured on Emerald Rapids: a vector that is read, multiplied and written
  // takes 4 cycles within the second-level cache, and up to 19 beyond it.
  constexpr double storeCycles = 4;
  double cycles = 1;
  if (cnn::ActivationOp activation = prologue.activation)
    cycles += getActivationCycles(activation.getKind());
  return times * cycles < cycles + storeCycles;
}

Prologue toeplitz::choosePrologue(Operation *layer,
                                  const AlgorithmChoice &choice,
                                  ArrayRef<ConvolutionPart> parts,
                                  kernel::TargetAttr target) {
  Prologue none;
  none.input = layer->getOperand(0);
  auto count = choice.algorithm->countPrologues;
  if (!count)
    return none;
  Prologue prologue = findPrologue(layer);
  // Each phase of a transposed layer reads the input.
  double times = 0;
  for (const ConvolutionPart &part : parts) {
    ConvolutionSchedule schedule =
        getSchedule(choice, part.convolution, target);
    std::optional<double> counted = count(part.convolution, schedule, target);
    if (!counted)
      return none;
    times += *counted;
  }
  return isWorthwhile(prologue, times) ? prologue : none;
}

/// N x C x 1 ... in blocks, without the positions: N x blocks x lanes, or
/// blocks x lanes for all images.
static Value packRepeated(OpBuilder &builder, Location location, Value channels,
                          int64_t lanes) {
  Value blocked = pack(builder, location, channels, lanes);
  auto type = cast<RankedTensorType>(blocked.getType());
  int64_t last = type.getRank() - 1;
  SmallVector<ReassociationIndices> groups = {{0}, {1}, {}};
  for (int64_t d = 2; d <= last; ++d)
    groups.back().push_back(d);
  SmallVector<int64_t> shape = {type.getDimSize(0), type.getDimSize(1), lanes};
  if (shape[0] == 1) {
    groups = {{0, 1}, groups.back()};
    shape.erase(shape.begin());
  }
  return tensor::CollapseShapeOp::create(builder, location, type.clone(shape),
                                         blocked, groups);
}

std::pair<Value, Value> toeplitz::packPrologue(OpBuilder &builder,
                                               Location location,
                                               const Prologue &prologue,
                                               int64_t lanes) {
  if (prologue.normalization) {
    auto [scale, shift] = getScaleAndShift(builder, prologue.normalization);
    return {packChannels(builder, location, scale, lanes),
            packChannels(builder, location, shift, lanes)};
  }
  auto packed = [&](Value channels) {
    return channels ? packRepeated(builder, location, channels, lanes)
                    : Value();
  };
  return {packed(prologue.scale), packed(prologue.shift)};
}
