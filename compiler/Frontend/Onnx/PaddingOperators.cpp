// Pad.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/Emit.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Padding.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

/// The first version whose paddings, value and axes are inputs.
static constexpr int64_t firstWithInputs = 11;
static constexpr int64_t firstWithWrap = 19;

namespace {

/// Low paddings of the dimensions, then the high ones; the dimensions.
struct Paddings {
  llvm::SmallVector<int64_t> pads, axes;
  std::string mode = "constant";
  double value = 0;
};

} // namespace

static LogicalResult readPaddings(OnnxNode &node, Paddings &paddings) {
  bool hasInputs = node.getVersion() >= firstWithInputs;
  llvm::SmallVector<llvm::StringRef> modes = {"constant", "reflect", "edge"};
  if (node.getVersion() >= firstWithWrap)
    modes.push_back("wrap");
  AttributeReader reader = node.getAttributes();
  reader.word("mode", paddings.mode, modes);
  if (!hasInputs)
    reader.number("value", paddings.value)
        .integers("pads", paddings.pads)
        .required();
  if (failed(reader.finish()))
    return failure();
  if (hasInputs) {
    if (!node.hasInput(1))
      return node.error() << "it has no paddings: input 1 is missing";
    auto pads = node.getIntegers(1);
    if (failed(pads))
      return failure();
    paddings.pads = *pads;
  }
  int64_t rank = node.getRank();
  if (node.hasInput(3)) {
    auto written = node.getIntegers(3);
    if (failed(written))
      return failure();
    auto axes = node.normalizeAxes(*written, rank, "input 3, the axes,");
    if (failed(axes))
      return failure();
    paddings.axes = *axes;
  } else {
    for (int64_t d = 0; d < rank; ++d)
      paddings.axes.push_back(d);
  }
  if (paddings.pads.size() != 2 * paddings.axes.size())
    return node.error() << "it has " << paddings.pads.size()
                        << " paddings, expected " << 2 * paddings.axes.size()
                        << ": two for each of " << paddings.axes.size()
                        << " dimensions";
  for (int64_t padding : paddings.pads)
    if (padding > maximumSize || padding < -maximumSize)
      return node.error() << "a padding is " << padding
                          << ", beyond the limit of " << maximumSize;
  return success();
}

/// The scalar that positions outside of the tensor have.
static llvm::FailureOr<Value> emitFill(OnnxNode &node,
                                       const Paddings &paddings) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  if (!node.hasInput(2))
    return emitNumber(builder, location, node.getType(), paddings.value);
  if (failed(node.checkSameType(0, 2)))
    return failure();
  OnnxValue input = node.getInput(2);
  if (input.getTensorType().getNumElements() != 1)
    return LogicalResult(node.error() << "input 2 has shape "
                                      << formatShape(input.getShape())
                                      << ", expected one number");
  if (auto dense =
          dyn_cast_or_null<DenseElementsAttr>(getConstant(input.value)))
    return Value(arith::ConstantOp::create(
        builder, location, *dense.getValues<TypedAttr>().begin()));
  return Value(tensor::ExtractOp::create(
      builder, location, node.reshape(input.value, {}), ValueRange()));
}

static LogicalResult buildPad(OnnxNode &node) {
  Paddings paddings;
  if (failed(readPaddings(node, paddings)))
    return failure();
  cnn::PaddingMode mode = llvm::StringSwitch<cnn::PaddingMode>(paddings.mode)
                              .Case("constant", cnn::PaddingMode::Zeros)
                              .Case("reflect", cnn::PaddingMode::Reflect)
                              .Case("edge", cnn::PaddingMode::Replicate)
                              .Default(cnn::PaddingMode::Circular);
  int64_t rank = node.getRank();
  OnnxNode::Shape low(rank, 0), high(low), cropLow(low), cropHigh(low);
  OnnxNode::Shape shape(node.getShape());
  size_t count = paddings.axes.size();
  for (auto [index, d] : llvm::enumerate(paddings.axes)) {
    int64_t before = paddings.pads[index], after = paddings.pads[index + count];
    low[d] = std::max<int64_t>(before, 0);
    high[d] = std::max<int64_t>(after, 0);
    cropLow[d] = std::max<int64_t>(-before, 0);
    cropHigh[d] = std::max<int64_t>(-after, 0);
    int64_t left = shape[d] - cropLow[d] - cropHigh[d];
    if (left < 0)
      return node.error() << "the paddings " << before << " and " << after
                          << " take more than the " << shape[d]
                          << " positions of dimension " << d;
    if (left == 0 && low[d] + high[d] > 0 && mode != cnn::PaddingMode::Zeros)
      return node.error() << "dimension " << d << " has no position that mode '"
                          << paddings.mode << "' could repeat";
    shape[d] = left + low[d] + high[d];
  }
  if (failed(node.checkResultShape(shape)))
    return failure();
  Value fill;
  if (mode == cnn::PaddingMode::Zeros) {
    auto scalar = emitFill(node, paddings);
    if (failed(scalar))
      return failure();
    fill = *scalar;
  }
  OnnxValue cropped = emitCrop(node, node.getInput(), cropLow, cropHigh);
  node.setResult(emitPad(node, cropped, low, high, mode, fill));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxPaddingOperators() {
  static const OnnxOperator operators[] = {
      {"Pad", 2, newestOpset, 1, 4, 1, buildPad}};
  return operators;
}

} // namespace toeplitz
