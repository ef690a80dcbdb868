// Building of layers: see LayerBuilder.h.

#include "compiler/Frontend/LayerBuilder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace toeplitz {

LayerBuilder::LayerBuilder(const SourceText &source,
                           const LayerDescription &layer, OpBuilder &builder,
                           WeightStore &weights, llvm::ArrayRef<Value> inputs)
    : OperationBuilder(builder, source.getLocation(layer.offset, layer.name)),
      source(source), layer(layer), weights(weights), inputs(inputs) {}

InFlightDiagnostic LayerBuilder::error(llvm::StringRef parameter) {
  const JsonValue *value = find(parameter);
  return emitError(source.getLocation(
      value ? value->offset : layer.operatorOffset, layer.name));
}

bool LayerBuilder::has(llvm::StringRef parameter) const {
  return find(parameter);
}

bool LayerBuilder::getBoolean(llvm::StringRef parameter,
                              bool defaultValue) const {
  const JsonValue *value = find(parameter);
  return value ? *value->asBoolean() : defaultValue;
}

int64_t LayerBuilder::getInteger(llvm::StringRef parameter,
                                 int64_t defaultValue) const {
  const JsonValue *value = find(parameter);
  return value ? *value->asInteger() : defaultValue;
}

double LayerBuilder::getNumber(llvm::StringRef parameter,
                               double defaultValue) const {
  const JsonValue *value = find(parameter);
  return value ? *value->asNumber() : defaultValue;
}

llvm::StringRef LayerBuilder::getWord(llvm::StringRef parameter,
                                      llvm::StringRef defaultValue) const {
  const JsonValue *value = find(parameter);
  const std::string *word = value ? value->asString() : nullptr;
  return word ? llvm::StringRef(*word) : defaultValue;
}

cnn::PaddingMode LayerBuilder::getPaddingMode(llvm::StringRef parameter) const {
  return llvm::StringSwitch<cnn::PaddingMode>(getWord(parameter, "zeros"))
      .Case("circular", cnn::PaddingMode::Circular)
      .Case("reflect", cnn::PaddingMode::Reflect)
      .Case("replicate", cnn::PaddingMode::Replicate)
      .Default(cnn::PaddingMode::Zeros);
}

llvm::SmallVector<int64_t>
LayerBuilder::getIntegers(llvm::StringRef parameter) const {
  llvm::SmallVector<int64_t> result;
  const JsonValue *value = find(parameter);
  if (!value)
    return result;
  if (const JsonValue::Array *array = value->asArray())
    for (const JsonValue &element : *array)
      result.push_back(*element.asInteger());
  else
    result.push_back(*value->asInteger());
  return result;
}

/// "3 numbers", for the length of a list.
static std::string describeLength(size_t length) {
  return std::to_string(length) + (length == 1 ? " number" : " numbers");
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
LayerBuilder::getSizes(llvm::StringRef parameter, size_t rank,
                       llvm::ArrayRef<int64_t> defaultValue) {
  if (!has(parameter))
    return llvm::SmallVector<int64_t>(defaultValue);
  llvm::SmallVector<int64_t> sizes = getIntegers(parameter);
  if (!find(parameter)->asArray())
    sizes.assign(rank, sizes.front());
  if (sizes.size() != rank) {
    error(parameter) << "'" << parameter << "' has "
                     << describeLength(sizes.size())
                     << ", but the layer works on " << rank
                     << " spatial dimensions";
    return failure();
  }
  return sizes;
}

llvm::FailureOr<llvm::SmallVector<double>>
LayerBuilder::getFactors(llvm::StringRef parameter, size_t rank) {
  const JsonValue *value = find(parameter);
  llvm::SmallVector<double> factors;
  if (const JsonValue::Array *array = value->asArray())
    for (const JsonValue &element : *array)
      factors.push_back(*element.asNumber());
  else
    factors.assign(rank, *value->asNumber());
  if (factors.size() != rank) {
    error(parameter) << "'" << parameter << "' has "
                     << describeLength(factors.size())
                     << ", but the layer works on " << rank
                     << " spatial dimensions";
    return failure();
  }
  return factors;
}

llvm::FailureOr<Padding> LayerBuilder::getPadding(llvm::StringRef parameter,
                                                  size_t rank) {
  Padding padding;
  const JsonValue *value = find(parameter);
  const JsonValue::Array *array = value ? value->asArray() : nullptr;
  if (!array) {
    padding.low.assign(rank, value ? *value->asInteger() : 0);
    padding.high = padding.low;
    return padding;
  }
  if (array->size() != rank) {
    error(parameter) << "'" << parameter << "' has " << array->size()
                     << (array->size() == 1 ? " entry" : " entries")
                     << ", but the layer works on " << rank
                     << " spatial dimensions (a list has a number or a pair "
                        "[low, high] for each)";
    return failure();
  }
  for (const JsonValue &element : *array) {
    const JsonValue::Array *pair = element.asArray();
    padding.low.push_back(*(pair ? pair->front() : element).asInteger());
    padding.high.push_back(*(pair ? pair->back() : element).asInteger());
  }
  return padding;
}

llvm::FailureOr<int64_t> LayerBuilder::getDimension(llvm::StringRef parameter,
                                                    int64_t defaultValue,
                                                    int64_t rank) {
  int64_t dimension = getInteger(parameter, defaultValue);
  if (dimension < -rank || dimension >= rank) {
    error(parameter) << "'" << parameter << "' is " << dimension
                     << ", but the input has rank " << rank << ": expected -"
                     << rank << " to " << rank - 1;
    return failure();
  }
  return dimension < 0 ? dimension + rank : dimension;
}

llvm::FailureOr<int64_t> LayerBuilder::getSpatialRank(SpatialRanks ranks) {
  int64_t rank = static_cast<int64_t>(getShape().size()) - 2;
  if (rank >= ranks.minimum && rank <= ranks.maximum)
    return rank;
  InFlightDiagnostic diagnostic = error();
  diagnostic << "operator '" << getOperator() << "' needs an input of rank "
             << ranks.minimum + 2;
  if (ranks.maximum != ranks.minimum)
    diagnostic << " to " << ranks.maximum + 2;
  diagnostic << " (batch, channels, spatial dimensions), found shape "
             << formatShape(getShape());
  return failure();
}

llvm::FailureOr<int64_t> LayerBuilder::getChannels() {
  if (getShape().size() >= 2)
    return getShape()[1];
  error()
      << "operator '" << getOperator()
      << "' needs an input of rank 2 or more (batch, channels, …), found shape "
      << formatShape(getShape());
  return failure();
}

LogicalResult LayerBuilder::checkStated(llvm::StringRef parameter,
                                        int64_t actual) {
  int64_t stated = getInteger(parameter, actual);
  if (stated == actual)
    return success();
  error(parameter) << "'" << parameter << "' is " << stated
                   << ", but the input of shape " << formatShape(getShape())
                   << " has " << actual;
  return failure();
}

llvm::FailureOr<ElementsAttr>
LayerBuilder::getWeightAttribute(const WeightRequest &request) {
  return weights.get(layer, request);
}

llvm::FailureOr<Value> LayerBuilder::getWeight(const WeightRequest &request) {
  llvm::FailureOr<ElementsAttr> attribute = getWeightAttribute(request);
  if (failed(attribute))
    return failure();
  return makeConstant(*attribute);
}

bool LayerBuilder::hasBias() const {
  const JsonValue *value = find("bias");
  return !value || !value->asBoolean() || *value->asBoolean();
}

llvm::FailureOr<Value> LayerBuilder::getBias(int64_t channels) {
  if (!hasBias())
    return Value();
  WeightRequest request{"bias", {channels}, WeightRole::Bias};
  request.advice = "; a layer without it says \"bias\": false";
  return getWeight(request);
}

LogicalResult LayerBuilder::checkPadding(llvm::StringRef parameter,
                                         const Padding &padding,
                                         cnn::PaddingMode mode) {
  if (mode != cnn::PaddingMode::Reflect && mode != cnn::PaddingMode::Circular)
    return success();
  bool isReflect = mode == cnn::PaddingMode::Reflect;
  for (size_t d = 0; d < padding.low.size(); ++d) {
    int64_t input = getShape()[d + 2];
    int64_t largest = std::max(padding.low[d], padding.high[d]);
    int64_t limit = isReflect ? input - 1 : input;
    if (largest <= limit)
      continue;
    error(parameter) << (isReflect ? "reflect" : "circular")
                     << " padding can add at most " << limit << " to the "
                     << input << " positions of spatial dimension " << d
                     << ", found " << largest;
    return failure();
  }
  return success();
}

} // namespace toeplitz
