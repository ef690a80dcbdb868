#include "compiler/Analysis/TypicalError.h"

#include "compiler/Analysis/ConvolutionErrors.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;
using namespace toeplitz;

static bool isLayer(Operation *op) {
  return isa<cnn::ConvOp, cnn::ConvTransposeOp>(op);
}

static bool isFloat(Value value) {
  return isa<FloatType>(getElementTypeOrSelf(value.getType()));
}

/// The values that an operation computes with: beside its operands those that
/// the bodies of branches and loops take from around them.
static SmallVector<Value> getInputs(Operation *op) {
  SmallVector<Value> inputs(op->getOperands());
  if (isa<scf::IfOp, scf::ForOp, scf::WhileOp>(op)) {
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    llvm::append_range(inputs, captured);
  }
  return inputs;
}

/// The moments of a constant's elements in each channel.
static ChannelMoments measureConstant(Value value) {
  std::optional<ConstantValues> values = readConstant(value);
  if (!values || values->size() == 0)
    return ChannelMoments(1);
  auto type = cast<RankedTensorType>(value.getType());
  // The one dimension of parameters is that of the channels.
  size_t channels =
      type.getRank() == 1 ? type.getNumElements() : countChannels(value);
  size_t images = type.getRank() < 2 ? 1 : type.getDimSize(0);
  size_t positions = values->size() / channels / images;
  ChannelMoments moments(channels);
  for (size_t c = 0; c < channels; ++c) {
    double sum = 0, square = 0;
    for (size_t image = 0; image < images; ++image)
      for (float number :
           values->get().slice((image * channels + c) * positions, positions)) {
        sum += number;
        square += static_cast<double>(number) * number;
      }
    auto count = static_cast<double>(images * positions);
    double mean = sum / count;
    moments[c] = {mean, std::max(square / count - mean * mean, 0.0)};
  }
  return moments;
}

/// So many standard deviations the largest of `count` numbers is away from
/// their mean, typically.
static double getExtremeFactor(double count) {
  return std::sqrt(2 * std::log(std::max(count, 2.0)));
}

TypicalErrors::TypicalErrors(ModuleOp module, double inputVariance)
    : inputVariance(inputVariance) {
  for (auto function : module.getOps<FunctionOpInterface>()) {
    if (function.isExternal())
      continue;
    Block &block = function.getFunctionBody().front();
    for (Operation &op : block)
      visitForward(&op);
    visitOutputs(block.getTerminator());
    for (Operation &op : llvm::reverse(block))
      visitBackward(&op);
  }
}

ErrorContribution TypicalErrors::getContribution(Operation *layer) const {
  return contributions.lookup(layer);
}

const ChannelMoments &TypicalErrors::getMoments(Value value) {
  auto found = moments.find(value);
  if (found != moments.end())
    return found->second;
  ChannelMoments made(1);
  if (value.getDefiningOp<arith::ConstantOp>())
    made = measureConstant(value);
  else if (isFloat(value))
    made = ChannelMoments(1, {0, inputVariance});
  return moments.try_emplace(value, std::move(made)).first->second;
}

ArrayRef<ErrorParts> TypicalErrors::getSensitivities(Value value) const {
  auto found = sensitivities.find(value);
  return found == sensitivities.end() ? ArrayRef<ErrorParts>()
                                      : ArrayRef<ErrorParts>(found->second);
}

/// The rule of an operation that isn't a convolution with constant weights.
static ErrorRule applyRule(Operation *op, OperandMoments operands) {
  if (op->getNumResults() == 1 && op->getNumRegions() == 0)
    for (auto apply :
         {applyElementwiseRule, applyNormalizationRule, applyMovementRule})
      if (std::optional<ErrorRule> rule = apply(op, operands))
        return std::move(*rule);
  return applyUnknownRule(getInputs(op), operands);
}

void TypicalErrors::visitForward(Operation *op) {
  if (isa<arith::ConstantOp>(op))
    return;
  if (isLayer(op)) {
    std::optional<ConvolutionMoments> convolved =
        convolveMoments(op, getMoments(op->getOperand(0)));
    if (convolved) {
      moments[op->getResult(0)] = std::move(convolved->result);
      productSquares[op] = std::move(convolved->productSquares);
      return;
    }
  }
  // (Copies: the map may move what it holds.)
  std::vector<ChannelMoments> operands;
  for (Value operand : getInputs(op))
    operands.push_back(getMoments(operand));
  SmallVector<const ChannelMoments *> pointers;
  for (const ChannelMoments &operand : operands)
    pointers.push_back(&operand);
  for (Value result : op->getResults()) {
    if (!isFloat(result))
      continue;
    ErrorRule rule = applyRule(op, pointers);
    moments[result] = rule.result;
    rules[result] = std::move(rule);
  }
}

/// The largest output, typically: in each channel so many standard deviations
/// away from zero, unless its mean is larger.
static double getLargest(const ChannelMoments &moments, double elements) {
  double factor = getExtremeFactor(elements), largest = 0;
  for (size_t c = 0; c < moments.size(); ++c) {
    double square = moments[c].mean * moments[c].mean +
                    factor * factor * moments[c].variance;
    largest = std::max(largest, square);
  }
  return std::sqrt(largest);
}

void TypicalErrors::visitOutput(Value output) {
  auto type = dyn_cast<RankedTensorType>(output.getType());
  if (!type || !isFloat(output))
    return;
  ChannelMoments result = getMoments(output);
  auto elements = static_cast<double>(type.getNumElements());
  double weight = getExtremeFactor(elements) / getLargest(result, elements);
  // (An output of zeros has no errors.)
  if (std::isinf(weight))
    return;
  auto entries = static_cast<double>(result.size());
  double each = weight * weight / entries;
  addSensitivities(
      output, std::vector<ErrorParts>(result.size(), ErrorParts{each, each}));
}

void TypicalErrors::visitOutputs(Operation *terminator) {
  for (Value output : terminator->getOperands())
    visitOutput(output);
}

void TypicalErrors::addSensitivities(Value value, ArrayRef<ErrorParts> added) {
  std::vector<ErrorParts> &sums = sensitivities[value];
  sums.resize(added.size());
  for (size_t c = 0; c < added.size(); ++c) {
    sums[c].single += added[c].single;
    sums[c].common += added[c].common;
  }
}

void TypicalErrors::followPaths(Value result, const ErrorRule &rule) {
  ArrayRef<ErrorParts> counts = getSensitivities(result);
  SmallVector<Value> inputs = getInputs(result.getDefiningOp());
  for (auto [index, paths] : llvm::enumerate(rule.paths)) {
    if (paths.empty())
      continue;
    Value operand = inputs[index];
    if (operand.getDefiningOp<arith::ConstantOp>())
      continue;
    std::vector<ErrorParts> added(getMoments(operand).size());
    for (const ErrorPath &path : paths) {
      const ErrorParts &count = counts[path.to];
      added[path.from].single += path.gain * count.single;
      added[path.from].common +=
          path.commonGain * count.common + path.getLeak() * count.single;
    }
    addSensitivities(operand, added);
  }
}

/// What a relative error of all elements of a value counts.
static double weighSquares(ArrayRef<ErrorParts> sensitivities,
                           const ChannelMoments &moments) {
  double sum = 0;
  for (auto [c, sensitivity] : llvm::enumerate(sensitivities))
    sum += sensitivity.single * moments[c].getSquare();
  return sum;
}

/// What a relative error of the products of a layer counts.
///
/// Sums are rounded at each position for itself, differently even where they
/// are nearly the same. Of what rounded weights make of the means of inputs,
/// all positions have a part in common. Of the three errors of about the same
/// size that a product of numbers in two bfloat16 parts has (that of the
/// weight, that of the input, and the product left out) it is one.
static ErrorContribution weighProducts(ArrayRef<ErrorParts> sensitivities,
                                       ArrayRef<ErrorParts> products) {
  constexpr double partOfWeights = 1.0 / 3;
  ErrorContribution sum;
  for (auto [sensitivity, product] : llvm::zip(sensitivities, products)) {
    sum.ofResults += sensitivity.single * (product.single + product.common);
    sum.ofWeights += partOfWeights * product.common *
                     (sensitivity.common - sensitivity.single);
  }
  return sum;
}

void TypicalErrors::visitBackward(Operation *op) {
  for (Value result : op->getResults()) {
    ArrayRef<ErrorParts> counts = getSensitivities(result);
    if (counts.empty())
      continue;
    auto products = productSquares.find(op);
    if (products != productSquares.end()) {
      contributions[op] = weighProducts(counts, products->second);
      addSensitivities(op->getOperand(0),
                       convolveSensitivities(
                           op, counts, getMoments(op->getOperand(0)).size()));
      continue;
    }
    // Layers whose weights are computed, and those in loops, make relative
    // errors of the whole result.
    double sum = weighSquares(counts, getMoments(result));
    op->walk([&](Operation *inner) {
      if (isLayer(inner))
        contributions[inner].ofResults += sum;
    });
    if (rules.count(result))
      followPaths(result, rules[result]);
  }
}
