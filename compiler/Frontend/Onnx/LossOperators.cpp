// Losses of classifiers. With the score x of class c at each position, the
// class t that each position belongs to and a weight for each class:
//
//   loss = -weight[t] * x[t],
//
// or 0 at positions whose class is `ignore_index`; their mean is the sum of the
// losses divided by that of the weights.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Onnx/Softmax.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

namespace {

struct LossParameters {
  std::string reduction = "mean";
  std::optional<int64_t> ignoredClass;
};

} // namespace

static llvm::FailureOr<LossParameters> readParameters(OnnxNode &node) {
  LossParameters parameters;
  int64_t ignored = 0;
  if (failed(
          node.getAttributes()
              .word("reduction", parameters.reduction, {"none", "sum", "mean"})
              .integer("ignore_index", ignored)
              .finish()) ||
      failed(node.checkFloat(0)) ||
      failed(node.checkRank(0, 2, maximumTensorRank)) ||
      failed(node.checkType(1, isInteger, "an integer type")))
    return failure();
  if (node.hasAttribute("ignore_index"))
    parameters.ignoredClass = ignored;
  llvm::SmallVector<int64_t> positions(node.getShape());
  int64_t classes = positions[1];
  positions.erase(positions.begin() + 1);
  if (node.getShape(1) != llvm::ArrayRef<int64_t>(positions))
    return LogicalResult(
        node.error() << "input 1 has shape " << formatShape(node.getShape(1))
                     << ", expected " << formatShape(positions));
  if (node.hasInput(2) &&
      (failed(node.checkSameType(0, 2)) ||
       node.getShape(2) != llvm::ArrayRef<int64_t>(classes)))
    return LogicalResult(
        node.error() << "input 2 has shape " << formatShape(node.getShape(2))
                     << ", expected " << classes << ", one for each class");
  if (llvm::is_contained(node.getShape(), 0))
    return LogicalResult(node.error()
                         << "its input of shape "
                         << formatShape(node.getShape()) << " is empty");
  return parameters;
}

namespace {

/// The loss at every position, from the logarithms of probabilities.
struct Loss {
  OnnxNode &node;
  const LossParameters &parameters;
  OnnxValue scores, weights;

  OnnxValue emitWeights() const;
  OnnxValue emitLosses(OnnxValue positionWeights) const;
  OnnxValue emit() const;

private:
  /// The class of a position as an index; classes that don't exist give one
  /// that does, so that nothing outside of a tensor is read.
  Value emitClass(OpBuilder &builder, Location location, Value element) const;
};

} // namespace

Value Loss::emitClass(OpBuilder &builder, Location location,
                      Value element) const {
  Value number =
      emitCast(builder, location, element, node.getType(1), ElementType::Int64);
  ElementBuilder code(builder, location, ElementType::Int64, number.getType());
  auto last = static_cast<double>(scores.getShape()[1] - 1);
  Value inside =
      code.minimum(code.maximum(number, code.number(0)), code.number(last));
  return arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                    inside);
}

OnnxValue Loss::emitWeights() const {
  ElementType type = scores.type;
  return emitElementwise(
      node, node.getInput(1), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value weight = emitNumber(builder, location, type, 1);
        if (weights)
          weight = tensor::ExtractOp::create(
              builder, location, weights.value,
              emitClass(builder, location, elements[0]));
        if (!parameters.ignoredClass)
          return weight;
        Value number = emitCast(builder, location, elements[0], node.getType(1),
                                ElementType::Int64);
        Value ignored = arith::ConstantOp::create(
            builder, location,
            builder.getI64IntegerAttr(*parameters.ignoredClass));
        Value isIgnored = emitCompare(builder, location, Comparison::Equal,
                                      number, ignored, ElementType::Int64);
        return Value(arith::SelectOp::create(
            builder, location, isIgnored,
            emitNumber(builder, location, type, 0), weight));
      });
}

OnnxValue Loss::emitLosses(OnnxValue positionWeights) const {
  ElementType type = scores.type;
  return emitElementwise(
      node, {node.getInput(1), positionWeights}, positionWeights.getShape(),
      type, [&](OpBuilder &builder, Location location, ValueRange elements) {
        llvm::SmallVector<Value> indices;
        for (int64_t d = 0; d < positionWeights.getRank(); ++d)
          indices.push_back(linalg::IndexOp::create(builder, location, d));
        indices.insert(indices.begin() + 1,
                       emitClass(builder, location, elements[0]));
        Value score =
            tensor::ExtractOp::create(builder, location, scores.value, indices);
        ElementBuilder code(builder, location, type, score.getType());
        // Not a product: an ignored score may be infinite.
        Value zero = code.number(0);
        Value isIgnored = code.compare(Comparison::Equal, elements[1], zero);
        Value loss = code.negate(code.multiply(score, elements[1]));
        return code.select(isIgnored, zero, loss);
      });
}

OnnxValue Loss::emit() const {
  OnnxValue positionWeights = emitWeights();
  OnnxValue losses = emitLosses(positionWeights);
  if (parameters.reduction == "none")
    return losses;
  llvm::SmallVector<int64_t> dimensions;
  for (int64_t d = 0; d < losses.getRank(); ++d)
    dimensions.push_back(d);
  OnnxValue sum = emitSum(node, losses, dimensions, false);
  if (parameters.reduction == "sum")
    return sum;
  OnnxValue total = emitSum(node, positionWeights, dimensions, false);
  return emitElementwise(
      node, {sum, total}, {}, sum.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        return emitDivide(builder, location, elements[0], elements[1],
                          sum.type);
      });
}

static LogicalResult buildLoss(OnnxNode &node, bool isOfSoftmax) {
  auto parameters = readParameters(node);
  if (failed(parameters))
    return failure();
  OnnxValue scores = toComputeType(node, node.getInput());
  if (isOfSoftmax) {
    scores = emitSoftmax(node, scores, 1, /*isLogarithm=*/true);
    node.setResult(1, convert(node, scores, node.getType()));
  }
  OnnxValue weights =
      node.hasInput(2) ? toComputeType(node, node.getInput(2)) : OnnxValue();
  Loss loss{node, *parameters, scores, weights};
  node.setResult(0, convert(node, loss.emit(), node.getType()));
  return success();
}

template <bool isOfSoftmax> static LogicalResult buildLoss(OnnxNode &node) {
  return buildLoss(node, isOfSoftmax);
}

llvm::ArrayRef<OnnxOperator> getOnnxLossOperators() {
  static const OnnxOperator operators[] = {
      {"NegativeLogLikelihoodLoss", 12, newestOpset, 2, 3, 1, buildLoss<false>},
      {"SoftmaxCrossEntropyLoss", 12, newestOpset, 2, 3, 2, buildLoss<true>}};
  return operators;
}

} // namespace toeplitz
