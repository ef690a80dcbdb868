// Elementwise operations as linalg.generic. Those on f32 are computed in the
// blocked layout if an operand lies in it already, else in the plain one: what
// comes from the network's inputs isn't blocked for them alone. Other element
// types are always plain.

#include "compiler/Schedule/ConvertElementwise.h"

#include "compiler/Lowering/KernelBuilder.h"
#include "compiler/Schedule/BatchNorm.h"
#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// Writes the results' elements from the operands' elements.
using Body =
    llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, ValueRange)>;

/// An operand of an elementwise operation: a tensor of the result's rank whose
/// dimensions of size 1 are repeated, one with an element for each channel, or
/// a scalar (arith.select's condition).
struct Operand {
  Value value;
  bool perChannel = false;

  bool isScalar() const { return !isa<RankedTensorType>(value.getType()); }
  RankedTensorType getType() const {
    return cast<RankedTensorType>(value.getType());
  }
};

/// An operand as linalg wants it.
struct MappedOperand {
  Value value;
  AffineMap map;
};

/// The number in every element of a constant.
TypedAttr getSplat(Value value) {
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return nullptr;
  return cast<TypedAttr>(elements.getSplatValue<Attribute>());
}

/// Sees through cnn.broadcast: linalg repeats what it reads.
Operand lookThroughBroadcast(Value value) {
  while (auto broadcast = value.getDefiningOp<cnn::BroadcastOp>())
    value = broadcast.getInput();
  return {value};
}

class ElementwiseRewriter {
public:
  ElementwiseRewriter(PatternRewriter &rewriter, Operation *op, int64_t lanes)
      : rewriter(rewriter), location(op->getLoc()), op(op), lanes(lanes),
        type(cast<RankedTensorType>(op->getResult(0).getType())) {}

  void replace(ArrayRef<Operand> operands, Body body);

private:
  bool isBlocked(ArrayRef<Operand> operands);
  MappedOperand mapPlain(const Operand &operand);
  MappedOperand mapBlocked(const Operand &operand);

  /// Dimension `d` of the iteration space, or 0 where the operand is repeated.
  AffineExpr dimension(int64_t d, bool repeated = false) {
    return repeated ? rewriter.getAffineConstantExpr(0)
                    : rewriter.getAffineDimExpr(d);
  }
  AffineMap map(int64_t dimensions, ArrayRef<AffineExpr> results) {
    return AffineMap::get(dimensions, 0, results, rewriter.getContext());
  }

  PatternRewriter &rewriter;
  Location location;
  Operation *op;
  int64_t lanes;
  RankedTensorType type;
};

/// Operands of the full size decide; the small ones do where there is no other.
bool ElementwiseRewriter::isBlocked(ArrayRef<Operand> operands) {
  if (op->getNumResults() != 1 || !type.getElementType().isF32())
    return false;
  bool hasFull = false, full = false, small = false;
  for (const Operand &operand : operands) {
    if (operand.perChannel || operand.isScalar() || getSplat(operand.value))
      continue;
    if (!operand.getType().getElementType().isF32())
      return false;
    bool blocked = bool(getBlockedSource(operand.value, lanes));
    if (operand.getType() == type) {
      hasFull = true;
      full |= blocked;
    } else {
      small |= blocked;
    }
  }
  return hasFull ? full : small;
}

MappedOperand ElementwiseRewriter::mapPlain(const Operand &operand) {
  int64_t rank = type.getRank();
  if (operand.perChannel)
    return {operand.value, map(rank, {dimension(1)})};
  SmallVector<AffineExpr> results;
  for (int64_t d = 0; d < rank; ++d)
    results.push_back(
        dimension(d, operand.getType().getDimSize(d) != type.getDimSize(d)));
  return {operand.value, map(rank, results)};
}

MappedOperand ElementwiseRewriter::mapBlocked(const Operand &operand) {
  int64_t rank = type.getRank();
  if (operand.perChannel)
    return {packChannels(rewriter, location, operand.value, lanes),
            map(rank + 1, {dimension(1), dimension(rank)})};
  SmallVector<AffineExpr> results;
  for (int64_t d = 0; d < rank; ++d)
    results.push_back(
        dimension(d, operand.getType().getDimSize(d) != type.getDimSize(d)));
  // One channel for all: every lane reads the plain tensor's element.
  if (operand.getType().getDimSize(1) != type.getDimSize(1))
    return {operand.value, map(rank + 1, results)};
  results.push_back(dimension(rank));
  return {pack(rewriter, location, operand.value, lanes),
          map(rank + 1, results)};
}

void ElementwiseRewriter::replace(ArrayRef<Operand> operands, Body body) {
  bool blocked = isBlocked(operands);
  SmallVector<Type> resultTypes(op->getResultTypes());
  if (blocked)
    resultTypes[0] = getBlockedType(type, lanes);
  int64_t rank = cast<RankedTensorType>(resultTypes[0]).getRank();

  // A splat is a number in the body, and no operand.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Operand &operand : operands) {
    if (operand.isScalar() || getSplat(operand.value))
      continue;
    MappedOperand mapped = blocked ? mapBlocked(operand) : mapPlain(operand);
    inputs.push_back(mapped.value);
    maps.push_back(mapped.map);
  }
  SmallVector<Value> results;
  for (Type result : resultTypes) {
    results.push_back(
        createEmpty(rewriter, location, cast<RankedTensorType>(result)));
    maps.push_back(rewriter.getMultiDimIdentityMap(rank));
  }
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      rewriter, location, TypeRange(resultTypes), inputs, results, maps,
      iterators,
      [&](OpBuilder &builder, Location location, ValueRange arguments) {
        SmallVector<Value> elements;
        for (const Operand &operand : operands) {
          if (operand.isScalar()) {
            elements.push_back(operand.value);
          } else if (TypedAttr number = getSplat(operand.value)) {
            elements.push_back(
                arith::ConstantOp::create(builder, location, number));
          } else {
            elements.push_back(arguments.front());
            arguments = arguments.drop_front();
          }
        }
        linalg::YieldOp::create(builder, location,
                                body(builder, location, elements));
      });
  if (!blocked)
    return rewriter.replaceOp(op, generic);
  rewriter.replaceOp(op,
                     unpack(rewriter, location, generic.getResult(0), type));
}

/// Whether `op` is an elementwise operation of arith or math on tensors, of any
/// element types.
bool isTensorArithmetic(Operation *op) {
  if (!isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      op->getNumResults() == 0 || op->getNumOperands() == 0 ||
      !OpTrait::hasElementwiseMappableTraits(op))
    return false;
  return llvm::all_of(op->getResultTypes(), llvm::IsaPred<RankedTensorType>);
}

struct ConvertArithmetic : RewritePattern {
  ConvertArithmetic(MLIRContext *context, int64_t lanes)
      : RewritePattern(MatchAnyOpTypeTag(), 1, context), lanes(lanes) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isTensorArithmetic(op))
      return rewriter.notifyMatchFailure(op, "no arithmetic on tensors");
    SmallVector<Operand> operands =
        llvm::map_to_vector(op->getOperands(), lookThroughBroadcast);
    ElementwiseRewriter(rewriter, op, lanes)
        .replace(operands,
                 [&](OpBuilder &builder, Location location,
                     ValueRange elements) -> SmallVector<Value> {
                   // Elements by position: an operand may stand there twice,
                   // once seen through.
                   Operation *scalar = builder.clone(*op);
                   scalar->setOperands(elements);
                   scalar->setLoc(location);
                   for (OpResult result : scalar->getResults())
                     result.setType(getElementTypeOrSelf(result.getType()));
                   return llvm::to_vector(ValueRange(scalar->getResults()));
                 });
    return success();
  }

  int64_t lanes;
};

struct ConvertActivation : LayoutPattern<cnn::ActivationOp> {
  using LayoutPattern<cnn::ActivationOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::ActivationOp op,
                                PatternRewriter &rewriter) const override {
    ElementwiseRewriter(rewriter, op, lanes)
        .replace({lookThroughBroadcast(op.getInput())},
                 [&](OpBuilder &builder, Location location,
                     ValueRange elements) -> SmallVector<Value> {
                   return {emitActivation(builder, location, op.getKind(),
                                          op.getAlpha().convertToFloat(),
                                          op.getBeta().convertToFloat(),
                                          elements[0])};
                 });
    return success();
  }
};

struct ConvertPrelu : LayoutPattern<cnn::PreluOp> {
  using LayoutPattern<cnn::PreluOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::PreluOp op,
                                PatternRewriter &rewriter) const override {
    ElementwiseRewriter(rewriter, op, lanes)
        .replace({{op.getInput()}, {op.getSlope(), /*perChannel=*/true}},
                 [&](OpBuilder &builder, Location location,
                     ValueRange elements) -> SmallVector<Value> {
                   Value x = elements[0];
                   Value zero = arith::ConstantOp::create(
                       builder, location, builder.getF32FloatAttr(0));
                   Value positive = arith::CmpFOp::create(
                       builder, location, arith::CmpFPredicate::OGE, x, zero);
                   Value scaled =
                       arith::MulFOp::create(builder, location, x, elements[1]);
                   return {arith::SelectOp::create(builder, location, positive,
                                                   x, scaled)};
                 });
    return success();
  }
};

/// y = x s + t: see getScaleAndShift.
struct ConvertBatchNorm : LayoutPattern<cnn::BatchNormOp> {
  using LayoutPattern<cnn::BatchNormOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::BatchNormOp op,
                                PatternRewriter &rewriter) const override {
    auto [factor, shift] = getScaleAndShift(rewriter, op);
    ElementwiseRewriter(rewriter, op, lanes)
        .replace({{op.getInput()},
                  {factor, /*perChannel=*/true},
                  {shift, /*perChannel=*/true}},
                 [&](OpBuilder &builder, Location location,
                     ValueRange elements) -> SmallVector<Value> {
                   Value scaled = arith::MulFOp::create(
                       builder, location, elements[0], elements[1]);
                   return {arith::AddFOp::create(builder, location, scaled,
                                                 elements[2])};
                 });
    return success();
  }
};

/// A broadcast that somebody else than an elementwise operation reads becomes a
/// copy.
struct ConvertBroadcast : LayoutPattern<cnn::BroadcastOp> {
  using LayoutPattern<cnn::BroadcastOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::BroadcastOp op,
                                PatternRewriter &rewriter) const override {
    if (llvm::all_of(op->getUsers(), [](Operation *user) {
          return isTensorArithmetic(user) ||
                 isa<cnn::ActivationOp, cnn::BroadcastOp>(user);
        }))
      return rewriter.notifyMatchFailure(op, "its readers see through it");
    ElementwiseRewriter(rewriter, op, lanes)
        .replace({lookThroughBroadcast(op.getInput())},
                 [](OpBuilder &, Location, ValueRange elements)
                     -> SmallVector<Value> { return {elements[0]}; });
    return success();
  }
};

} // namespace

void toeplitz::populateElementwisePatterns(RewritePatternSet &patterns,
                                           int64_t lanes) {
  patterns.add<ConvertArithmetic, ConvertActivation, ConvertPrelu,
               ConvertBatchNorm, ConvertBroadcast>(patterns.getContext(),
                                                   lanes);
}
