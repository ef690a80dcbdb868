// Reductions. What they are computed in: half-precision numbers in f32;
// integers in their own type, but for those operators that take roots or
// logarithms, in f64.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace toeplitz {

namespace {

enum class Reduction {
  L1,
  L2,
  LogSum,
  LogSumExp,
  Max,
  Mean,
  Min,
  Prod,
  Sum,
  SumSquare
};

/// The reduction that a node asks for.
struct ReductionRequest {
  llvm::SmallVector<int64_t> dimensions;
  bool keepDimensions = true;
};

} // namespace

static llvm::FailureOr<ReductionRequest>
readRequest(OnnxNode &node, int64_t axesAreInputSince) {
  ReductionRequest request;
  llvm::SmallVector<int64_t> axes;
  bool isIdentityWithoutAxes = false;
  bool areInput = node.getVersion() >= axesAreInputSince;
  AttributeReader attributes = node.getAttributes();
  attributes.boolean("keepdims", request.keepDimensions);
  if (areInput)
    attributes.boolean("noop_with_empty_axes", isIdentityWithoutAxes);
  else
    attributes.integers("axes", axes);
  if (failed(attributes.finish()))
    return failure();
  if (!areInput && node.hasInput(1))
    return LogicalResult(node.error()
                         << "it has 2 inputs, expected 1 before opset "
                         << axesAreInputSince);
  if (areInput && node.hasInput(1)) {
    auto values = node.getIntegers(1);
    if (failed(values))
      return failure();
    axes = *values;
  }
  if (axes.empty() && !isIdentityWithoutAxes)
    for (int64_t d = 0; d < node.getRank(); ++d)
      axes.push_back(d);
  auto dimensions = node.normalizeAxes(
      axes, node.getRank(), areInput ? "input 1" : "attribute 'axes'");
  if (failed(dimensions))
    return failure();
  request.dimensions = std::move(*dimensions);
  return request;
}

static Value emitAbsolute(OpBuilder &builder, Location location, Value element,
                          ElementType type) {
  if (isFloatingPoint(type))
    return math::AbsFOp::create(builder, location, element);
  if (isUnsigned(type))
    return element;
  return math::AbsIOp::create(builder, location, element);
}

template <typename Operation>
static OnnxValue emitMath(OnnxNode &node, OnnxValue input) {
  return emitElementwise(
      node, input, input.type,
      [](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        return Operation::create(builder, location, elements[0]);
      });
}

/// The sum of what `term` makes of each element.
static OnnxValue
emitSumOf(OnnxNode &node, OnnxValue input, const ReductionRequest &request,
          llvm::function_ref<Value(OpBuilder &, Location, Value)> term) {
  Value zero = emitNumber(node.getBuilder(), node.getLocation(), input.type, 0);
  return emitReduction(
      node, input, request.dimensions, request.keepDimensions, input.type, zero,
      [&](OpBuilder &builder, Location location, Value element, Value sum) {
        return emitAdd(builder, location, sum, term(builder, location, element),
                       input.type);
      });
}

static OnnxValue emitSumOfSquares(OnnxNode &node, OnnxValue input,
                                  const ReductionRequest &request) {
  return emitSumOf(node, input, request,
                   [&](OpBuilder &builder, Location location, Value element) {
                     return emitMultiply(builder, location, element, element,
                                         input.type);
                   });
}

/// log(sum(exp(x))) = log(sum(exp(x - m))) + m, where m, the largest x, keeps
/// the exponentials from overflowing; 0 in its place if it isn't finite.
static OnnxValue emitLogSumExp(OnnxNode &node, OnnxValue input,
                               const ReductionRequest &request) {
  ElementType type = input.type;
  OnnxValue largest = emitLargestOf(node, input, request.dimensions,
                                    /*keepDimensions=*/true);
  OnnxValue shift = emitElementwise(
      node, largest, type,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        Value isFinite =
            math::IsFiniteOp::create(builder, location, elements[0]);
        return arith::SelectOp::create(builder, location, isFinite, elements[0],
                                       emitNumber(builder, location, type, 0));
      });
  OnnxValue exponentials = emitElementwise(
      node, {input, shift}, input.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) -> Value {
        return math::ExpOp::create(
            builder, location,
            emitSubtract(builder, location, elements[0], elements[1], type));
      });
  OnnxValue sum =
      emitSum(node, exponentials, request.dimensions, /*keepDimensions=*/true);
  OnnxValue result = emitElementwise(
      node, {sum, shift}, sum.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value logarithm = math::LogOp::create(builder, location, elements[0]);
        return emitAdd(builder, location, logarithm, elements[1], type);
      });
  return {node.reshape(result.value,
                       reduceShape(input.getShape(), request.dimensions,
                                   request.keepDimensions)),
          type};
}

/// An integer mean divides the sum, towards zero.
static OnnxValue emitAnyMean(OnnxNode &node, OnnxValue input,
                             const ReductionRequest &request) {
  if (isFloatingPoint(input.type))
    return emitMean(node, input, request.dimensions, request.keepDimensions);
  OnnxValue sum =
      emitSum(node, input, request.dimensions, request.keepDimensions);
  int64_t count = 1;
  for (int64_t d : request.dimensions)
    count *= input.getShape()[d];
  // The mean of nothing is no integer; a sum of 0 is left as it is.
  return emitElementwise(
      node, sum, sum.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitDivide(
            builder, location, elements[0],
            emitNumber(builder, location, sum.type,
                       static_cast<double>(std::max<int64_t>(count, 1))),
            sum.type);
      });
}

static OnnxValue emitProduct(OnnxNode &node, OnnxValue input,
                             const ReductionRequest &request) {
  Value one = emitNumber(node.getBuilder(), node.getLocation(), input.type, 1);
  return emitReduction(
      node, input, request.dimensions, request.keepDimensions, input.type, one,
      [&](OpBuilder &builder, Location location, Value element, Value product) {
        return emitMultiply(builder, location, product, element, input.type);
      });
}

static OnnxValue emitSmallestOf(OnnxNode &node, OnnxValue input,
                                const ReductionRequest &request) {
  Value largest =
      emitLargest(node.getBuilder(), node.getLocation(), input.type);
  return emitReduction(node, input, request.dimensions, request.keepDimensions,
                       input.type, largest,
                       [&](OpBuilder &builder, Location location, Value element,
                           Value smallest) {
                         return emitMinimum(builder, location, smallest,
                                            element, input.type);
                       });
}

static OnnxValue emitRequested(OnnxNode &node, Reduction kind, OnnxValue input,
                               const ReductionRequest &request) {
  switch (kind) {
  case Reduction::L1:
    return emitSumOf(node, input, request,
                     [&](OpBuilder &builder, Location location, Value element) {
                       return emitAbsolute(builder, location, element,
                                           input.type);
                     });
  case Reduction::L2:
    return emitMath<math::SqrtOp>(node, emitSumOfSquares(node, input, request));
  case Reduction::LogSum:
    return emitMath<math::LogOp>(
        node, emitSum(node, input, request.dimensions, request.keepDimensions));
  case Reduction::LogSumExp:
    return emitLogSumExp(node, input, request);
  case Reduction::Max:
    return emitLargestOf(node, input, request.dimensions,
                         request.keepDimensions);
  case Reduction::Mean:
    return emitAnyMean(node, input, request);
  case Reduction::Min:
    return emitSmallestOf(node, input, request);
  case Reduction::Prod:
    return emitProduct(node, input, request);
  case Reduction::Sum:
    return emitSum(node, input, request.dimensions, request.keepDimensions);
  case Reduction::SumSquare:
    return emitSumOfSquares(node, input, request);
  }
  llvm_unreachable("every reduction is emitted");
}

template <Reduction kind, int64_t axesAreInputSince>
static LogicalResult buildReduction(OnnxNode &node) {
  auto request = readRequest(node, axesAreInputSince);
  if (failed(request))
    return failure();
  constexpr bool isOrder = kind == Reduction::Max || kind == Reduction::Min;
  if (!isOrder &&
      failed(node.checkType(
          0, [](ElementType type) { return type != ElementType::Bool; },
          "a number type")))
    return failure();
  constexpr bool needsReals = kind == Reduction::L2 ||
                              kind == Reduction::LogSum ||
                              kind == Reduction::LogSumExp;
  ElementType type = node.getType();
  OnnxValue input = toComputeType(node, node.getInput());
  if (needsReals && !isFloatingPoint(type))
    input = convert(node, input, ElementType::Float64);
  OnnxValue result = emitRequested(node, kind, input, *request);
  node.setResult(convert(node, result, type));
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxReductionOperators() {
  static const OnnxOperator operators[] = {
      {"ReduceL1", 1, newestOpset, 1, 2, 1, buildReduction<Reduction::L1, 18>},
      {"ReduceL2", 1, newestOpset, 1, 2, 1, buildReduction<Reduction::L2, 18>},
      {"ReduceLogSum", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::LogSum, 18>},
      {"ReduceLogSumExp", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::LogSumExp, 18>},
      {"ReduceMax", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::Max, 18>},
      {"ReduceMean", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::Mean, 18>},
      {"ReduceMin", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::Min, 18>},
      {"ReduceProd", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::Prod, 18>},
      {"ReduceSum", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::Sum, 13>},
      {"ReduceSumSquare", 1, newestOpset, 1, 2, 1,
       buildReduction<Reduction::SumSquare, 18>}};
  return operators;
}

} // namespace toeplitz
