// Resize, and Upsample, which it was called before opset 10: what nodes ask
// for.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Resizing.h"
#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

/// The scales of the dimensions `axes`; each result is scale * size, rounded
/// down.
static LogicalResult setScales(OnnxNode &node, ResizePlan &plan,
                               llvm::ArrayRef<int64_t> axes,
                               llvm::ArrayRef<double> scales) {
  if (scales.size() != axes.size())
    return node.error() << "it has " << scales.size()
                        << " scales, expected one for each of " << axes.size()
                        << " dimensions";
  for (auto [d, scale] : llvm::zip_equal(axes, scales)) {
    ResizeDimension &dimension = plan.dimensions[d];
    auto size = static_cast<double>(dimension.input);
    if (!(scale > 0) || !(scale * size <= static_cast<double>(maximumSize)))
      return node.error() << "dimension " << d << " of " << dimension.input
                          << " has a scale of " << scale
                          << ", expected a number above 0 for a result of at "
                             "most "
                          << maximumSize;
    // The file has float32: 1.1 times 10 is 11.
    double width = scale * size;
    double whole = std::round(width);
    if (std::abs(width - whole) <= 1e-6 * width)
      width = whole;
    dimension.scale = scale;
    dimension.outputWidth = width;
    dimension.output = static_cast<int64_t>(std::floor(width));
  }
  return success();
}

static LogicalResult setSizes(OnnxNode &node, ResizePlan &plan,
                              llvm::ArrayRef<int64_t> axes,
                              llvm::ArrayRef<int64_t> sizes,
                              llvm::StringRef policy) {
  if (sizes.size() != axes.size())
    return node.error() << "it has " << sizes.size()
                        << " sizes, expected one for each of " << axes.size()
                        << " dimensions";
  std::optional<double> common;
  for (auto [d, size] : llvm::zip_equal(axes, sizes)) {
    ResizeDimension &dimension = plan.dimensions[d];
    if (size < 0 || size > maximumSize)
      return node.error() << "dimension " << d << " gets a size of " << size
                          << ", expected 0 to " << maximumSize;
    double roiStart = dimension.roiStart, roiEnd = dimension.roiEnd;
    dimension = ResizeDimension::ofSizes(dimension.input, size);
    dimension.roiStart = roiStart;
    dimension.roiEnd = roiEnd;
    if (!common)
      common = dimension.scale;
    common = policy == "not_larger" ? std::min(*common, dimension.scale)
                                    : std::max(*common, dimension.scale);
  }
  if (policy == "stretch" || !common)
    return success();
  // One scale for all, the size rounded to the nearest.
  for (int64_t d : axes) {
    ResizeDimension &dimension = plan.dimensions[d];
    if (!std::isfinite(*common))
      return node.error() << "an empty dimension has no scale to keep";
    dimension.scale = *common;
    dimension.outputWidth = *common * static_cast<double>(dimension.input);
    dimension.output =
        static_cast<int64_t>(std::floor(dimension.outputWidth + 0.5));
  }
  return success();
}

/// A plan that leaves every dimension as it is.
static ResizePlan startPlan(OnnxNode &node) {
  ResizePlan plan;
  for (int64_t size : node.getShape()) {
    ResizeDimension dimension = ResizeDimension::ofSizes(size, size);
    dimension.scale = 1;
    plan.dimensions.push_back(dimension);
  }
  return plan;
}

static llvm::SmallVector<int64_t> makeAllAxes(OnnxNode &node) {
  return llvm::to_vector(llvm::seq<int64_t>(0, node.getRank()));
}

static ResizeMode getMode(llvm::StringRef word) {
  return word == "nearest"  ? ResizeMode::Nearest
         : word == "linear" ? ResizeMode::Linear
                            : ResizeMode::Cubic;
}

/// Upsample, and Resize in opset 10: scales for all dimensions, and a mode.
static LogicalResult buildUpsample(OnnxNode &node) {
  std::string mode = "nearest";
  llvm::SmallVector<double> scales;
  AttributeReader attributes = node.getAttributes();
  attributes.word("mode", mode, {"nearest", "linear"});
  bool hasAttribute = node.getVersion() < 9;
  if (hasAttribute)
    attributes.numbers("scales", scales).required();
  if (failed(attributes.finish()))
    return failure();
  if (!hasAttribute) {
    if (!node.hasInput(1))
      return node.error() << "input 1, 'scales', is missing";
    auto numbers = node.getNumbers(1);
    if (failed(numbers))
      return failure();
    scales = *numbers;
  }
  ResizePlan plan = startPlan(node);
  plan.rule.mode = getMode(mode);
  plan.rule.coordinates = CoordinateMode::Asymmetric;
  plan.rule.nearest = NearestMode::ByScale;
  if (failed(setScales(node, plan, makeAllAxes(node), scales)))
    return failure();
  return emitResize(node, plan);
}

/// The values of Resize's attributes that are words.
static LogicalResult readRule(OnnxNode &node, ResizePlan &plan,
                              AttributeReader &attributes) {
  std::string mode = "nearest", nearest = "round_prefer_floor",
              coordinates = "half_pixel";
  llvm::SmallVector<llvm::StringRef> coordinateModes = {
      "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
      "tf_crop_and_resize"};
  if (node.getVersion() < 13)
    coordinateModes.push_back("tf_half_pixel_for_nn");
  if (node.getVersion() >= 19)
    coordinateModes.push_back("half_pixel_symmetric");
  ResizeRule &rule = plan.rule;
  attributes.word("mode", mode, {"nearest", "linear", "cubic"})
      .word("nearest_mode", nearest,
            {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"})
      .word("coordinate_transformation_mode", coordinates, coordinateModes)
      .number("cubic_coeff_a", rule.cubicCoefficient)
      .boolean("exclude_outside", rule.excludeOutside)
      .number("extrapolation_value", plan.extrapolationValue);
  if (node.getVersion() >= 18)
    attributes.boolean("antialias", rule.antialias);
  if (failed(attributes.finish()))
    return failure();
  rule.mode = getMode(mode);
  rule.nearest = nearest == "round_prefer_floor" ? NearestMode::RoundPreferFloor
                 : nearest == "round_prefer_ceil" ? NearestMode::RoundPreferCeil
                 : nearest == "floor"             ? NearestMode::Floor
                                                  : NearestMode::Ceil;
  rule.coordinates =
      coordinates == "half_pixel"             ? CoordinateMode::HalfPixel
      : coordinates == "pytorch_half_pixel"   ? CoordinateMode::PytorchHalfPixel
      : coordinates == "align_corners"        ? CoordinateMode::AlignCorners
      : coordinates == "asymmetric"           ? CoordinateMode::Asymmetric
      : coordinates == "tf_half_pixel_for_nn" ? CoordinateMode::TfHalfPixelForNn
      : coordinates == "half_pixel_symmetric"
          ? CoordinateMode::HalfPixelSymmetric
          : CoordinateMode::TfCropAndResize;
  if (rule.antialias && rule.mode == ResizeMode::Nearest)
    return node.error() << "attribute 'antialias' goes with the modes linear "
                           "and cubic, not with nearest";
  return success();
}

/// The part of the input that tf_crop_and_resize shows: starts, then ends.
static LogicalResult readRegion(OnnxNode &node, ResizePlan &plan,
                                llvm::ArrayRef<int64_t> axes) {
  if (!node.hasInput(1))
    return node.error() << "input 1, 'roi', is missing, which "
                           "tf_crop_and_resize needs";
  auto region = node.getNumbers(1);
  if (failed(region))
    return failure();
  if (region->size() != 2 * axes.size())
    return node.error() << "'roi' has " << region->size()
                        << " numbers, expected a start and an end for each of "
                        << axes.size() << " dimensions";
  for (auto [place, d] : llvm::enumerate(axes)) {
    plan.dimensions[d].roiStart = (*region)[place];
    plan.dimensions[d].roiEnd = (*region)[axes.size() + place];
  }
  return success();
}

static LogicalResult buildResize(OnnxNode &node) {
  if (node.getVersion() < 11)
    return buildUpsample(node);
  ResizePlan plan = startPlan(node);
  llvm::SmallVector<int64_t> axes = makeAllAxes(node);
  std::string policy = "stretch";
  AttributeReader attributes = node.getAttributes();
  llvm::SmallVector<int64_t> written;
  if (node.getVersion() >= 18)
    attributes.integers("axes", written)
        .word("keep_aspect_ratio_policy", policy,
              {"stretch", "not_larger", "not_smaller"});
  if (failed(readRule(node, plan, attributes)))
    return failure();
  if (node.hasAttribute("axes")) {
    auto normalized =
        node.normalizeAxes(written, node.getRank(), "attribute 'axes'");
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  if (plan.rule.coordinates == CoordinateMode::TfCropAndResize &&
      failed(readRegion(node, plan, axes)))
    return failure();
  // Before opset 13 both are there, and one of them is empty.
  auto isGiven = [&](size_t index) {
    return node.hasInput(index) && !isEmptyShape(node.getShape(index));
  };
  if (isGiven(2) == isGiven(3) && !axes.empty())
    return node.error() << "it needs input 2, 'scales', or input 3, 'sizes', "
                           "and not both";
  if (isGiven(3)) {
    auto sizes = node.getIntegers(3);
    if (failed(sizes) || failed(setSizes(node, plan, axes, *sizes, policy)))
      return failure();
  } else if (isGiven(2)) {
    auto scales = node.getNumbers(2);
    if (failed(scales) || failed(setScales(node, plan, axes, *scales)))
      return failure();
  }
  return emitResize(node, plan);
}

llvm::ArrayRef<OnnxOperator> getOnnxResizeOperators() {
  static const OnnxOperator operators[] = {
      {"Resize", 10, newestOpset, 1, 4, 1, buildResize},
      {"Upsample", 7, 9, 1, 2, 1, buildUpsample}};
  return operators;
}

} // namespace toeplitz
