// Parts of a network that are written with the channels last, N x I x C,
// between transpositions from and to N x C x I: ConvNeXt's blocks, for example,
// or networks that come from TensorFlow.
//
// A part is a set of tensors with channels last that are connected by
// operations which can as well be computed with the channels first:
//   - elementwise ones and cnn.broadcast;
//   - those that only move elements: cnn.pad, tensor.concat and
//     tensor.extract_slice;
//   - cnn.layer_norm over the last dimension, over dimension 1 then;
//   - a dense layer of the last dimension (tensor.collapse_shape, cnn.conv
//     without spatial dimensions, tensor.expand_shape), a convolution with a
//     kernel of one position then.
// Where it begins or ends with a transposition, that goes; where with something
// else, one is inserted, but for sums and the like over all positions, which
// read the channels where they are. A part is rewritten if that moves fewer
// elements.

#include "compiler/Transforms/Passes.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <numeric>

using namespace mlir;

namespace toeplitz {

#define GEN_PASS_DEF_MOVECHANNELSFIRST
#include "compiler/Transforms/Passes.h.inc"

namespace {

RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// N x I x C: what can be a convolution's input with the channels first.
bool canHaveChannelsLast(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() && tensor.getRank() >= 3 &&
         tensor.getRank() <= 5 && tensor.getElementType().isF32() &&
         tensor.getNumElements() > 0;
}

/// [0, rank - 1, 1, 2, ...]: from channels last to channels first.
SmallVector<int64_t> getOrderToFirst(int64_t rank) {
  SmallVector<int64_t> order(rank);
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + 1, order.end() - 1, order.end());
  return order;
}

SmallVector<int64_t> getOrderToLast(int64_t rank) {
  return invertPermutationVector(getOrderToFirst(rank));
}

RankedTensorType getFirstType(RankedTensorType last) {
  return last.clone(
      applyPermutation(last.getShape(), getOrderToFirst(last.getRank())));
}

bool isTransposition(Operation *op, bool toFirst) {
  auto transpose = dyn_cast_or_null<linalg::TransposeOp>(op);
  if (!transpose || transpose->getNumResults() != 1 ||
      !canHaveChannelsLast(transpose.getInput().getType()))
    return false;
  int64_t rank = typeOf(transpose.getInput()).getRank();
  return transpose.getPermutation() ==
         ArrayRef<int64_t>(toFirst ? getOrderToFirst(rank)
                                   : getOrderToLast(rank));
}

bool isConstant(Value value) { return matchPattern(value, m_Constant()); }

/// Whether the groups join all dimensions but the last.
bool joinsAllButLast(ArrayRef<ReassociationIndices> groups, int64_t rank) {
  return groups.size() == 2 && groups[0].size() == size_t(rank - 1) &&
         groups[1].size() == 1;
}

/// A dense layer of the last dimension.
struct DenseLayer {
  tensor::CollapseShapeOp collapse;
  cnn::ConvOp conv;
  tensor::ExpandShapeOp expand;
};

/// The layer whose last operation is `expand`.
std::optional<DenseLayer> matchDenseLayer(Operation *op) {
  auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op);
  if (!expand || !canHaveChannelsLast(expand.getType()))
    return std::nullopt;
  auto conv = expand.getSrc().getDefiningOp<cnn::ConvOp>();
  if (!conv || !conv->hasOneUse() || !conv.getStrides().empty() ||
      conv.getGroups() != 1 || !isConstant(conv.getFilter()))
    return std::nullopt;
  auto collapse = conv.getInput().getDefiningOp<tensor::CollapseShapeOp>();
  if (!collapse || !canHaveChannelsLast(collapse.getSrc().getType()))
    return std::nullopt;
  RankedTensorType from = typeOf(collapse.getSrc());
  RankedTensorType to = typeOf(expand.getResult());
  if (from.getShape().drop_back() != to.getShape().drop_back() ||
      !joinsAllButLast(collapse.getReassociationIndices(), from.getRank()) ||
      !joinsAllButLast(expand.getReassociationIndices(), to.getRank()))
    return std::nullopt;
  return DenseLayer{collapse, conv, expand};
}

/// An operation that can be computed with the channels first; its only result
/// has them last.
bool isElementwise(Operation *op) {
  if (isa<cnn::ActivationOp, cnn::BroadcastOp>(op))
    return true;
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
         OpTrait::hasElementwiseMappableTraits(op) &&
         op->getNumOperands() > 0 && op->getNumResults() == 1 &&
         llvm::all_of(op->getOperandTypes(), canHaveChannelsLast);
}

/// An operation that joins tensors, extends them or takes parts of them.
bool movesElements(Operation *op) {
  if (isa<cnn::PadOp>(op))
    return true;
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return slice->getNumOperands() == 1 &&
           slice.getType().getRank() == slice.getSourceType().getRank();
  return isa<tensor::ConcatOp>(op);
}

bool isLayerNormOfLast(Operation *op) {
  auto norm = dyn_cast<cnn::LayerNormOp>(op);
  return norm && norm.getEndAxis() == typeOf(norm.getInput()).getRank() &&
         int64_t(norm.getAxis()) == norm.getEndAxis() - 1;
}

/// One number for each channel of each sample, of all positions: N x I x C to
/// N x C.
bool isReductionOfPositions(Operation *op) {
  auto generic = dyn_cast<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1 ||
      generic.getNumDpsInits() != 1 || generic.hasIndexSemantics() ||
      !canHaveChannelsLast(generic.getInputs()[0].getType()))
    return false;
  unsigned rank = generic.getNumLoops();
  SmallVector<AffineMap> maps = generic.getIndexingMapsArray();
  return maps[0].isIdentity() && generic.getNumParallelLoops() == 2 &&
         maps[1] == AffineMap::getMultiDimMapWithTargets(rank, {0u, rank - 1},
                                                         op->getContext());
}

/// Lets such a reduction read a value with the channels first.
void reduceChannelsFirst(IRRewriter &rewriter, linalg::GenericOp reduction,
                         Value first) {
  int64_t rank = typeOf(first).getRank();
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::reduction);
  iterators[0] = iterators[1] = utils::IteratorType::parallel;
  AffineMap all = rewriter.getMultiDimIdentityMap(rank);
  rewriter.setInsertionPoint(reduction);
  auto moved = linalg::GenericOp::create(
      rewriter, reduction.getLoc(), reduction->getResultTypes(), first,
      reduction.getOutputs(), {all, all.getMajorSubMap(2)}, iterators);
  rewriter.inlineRegionBefore(reduction.getRegion(), moved.getRegion(),
                              moved.getRegion().begin());
  rewriter.replaceOp(reduction, moved);
}

bool isConvertible(Operation *op) {
  return op && op->getNumResults() == 1 &&
         canHaveChannelsLast(op->getResult(0).getType()) &&
         (isElementwise(op) || movesElements(op) || isLayerNormOfLast(op) ||
          matchDenseLayer(op));
}

/// The operands with channels last of a convertible operation.
SmallVector<Value> getOperandsWithChannels(Operation *op) {
  if (std::optional<DenseLayer> layer = matchDenseLayer(op))
    return {layer->collapse.getSrc()};
  if (auto norm = dyn_cast<cnn::LayerNormOp>(op))
    return {norm.getInput()};
  return llvm::to_vector(op->getOperands());
}

/// The convertible operations that read a value by `user`, and whether nothing
/// else does. A dense layer reads by its first operation, which others may
/// share.
struct Readers {
  SmallVector<Operation *> operations;
  bool all = true;

  explicit Readers(Operation *user) {
    auto collapse = dyn_cast<tensor::CollapseShapeOp>(user);
    if (!collapse) {
      take(user);
      return;
    }
    for (Operation *conv : collapse->getUsers())
      take(isa<cnn::ConvOp>(conv) && conv->hasOneUse() ? *conv->user_begin()
                                                       : nullptr);
  }

private:
  void take(Operation *op) {
    if (isConvertible(op))
      operations.push_back(op);
    else
      all = false;
  }
};

/// A part of the network in which channels are last.
class Part {
public:
  explicit Part(Value start) { take(start); }

  /// Elements that are moved less when it is rewritten.
  int64_t countGain() const;
  void rewrite(IRRewriter &rewriter);
  bool contains(Value value) const { return values.contains(value); }

private:
  void take(Value value);
  /// Whether all that `user` does with a value is done in this part.
  bool isInside(Operation *user) const {
    Readers readers(user);
    return readers.all && llvm::all_of(readers.operations, [&](Operation *op) {
             return operations.contains(op);
           });
  }
  Value getFirst(IRRewriter &rewriter, Value last);
  Value convert(IRRewriter &rewriter, Operation *op);
  Value convertMovement(IRRewriter &rewriter, Operation *op);

  SetVector<Value> values;
  SetVector<Operation *> operations;
  /// The same values with the channels first.
  DenseMap<Value, Value> firsts;
};

void Part::take(Value start) {
  SmallVector<Value> open = {start};
  auto add = [&](Value value) {
    if (canHaveChannelsLast(value.getType()) && !isConstant(value) &&
        values.insert(value))
      open.push_back(value);
  };
  add(start);
  open.erase(open.begin());
  auto addOperation = [&](Operation *op) {
    if (!op || !operations.insert(op))
      return;
    llvm::for_each(getOperandsWithChannels(op), add);
    add(op->getResult(0));
  };
  while (!open.empty()) {
    Value value = open.pop_back_val();
    if (isConvertible(value.getDefiningOp()))
      addOperation(value.getDefiningOp());
    for (Operation *user : value.getUsers())
      if (user->getBlock() == value.getParentBlock())
        llvm::for_each(Readers(user).operations, addOperation);
  }
}

int64_t Part::countGain() const {
  int64_t gain = 0;
  for (Value value : values) {
    int64_t size = typeOf(value).getNumElements();
    Operation *producer = value.getDefiningOp();
    if (isTransposition(producer, /*toFirst=*/false))
      gain += size;
    else if (!operations.contains(producer))
      gain -= size;
    bool read = false;
    for (Operation *user : value.getUsers()) {
      if (isTransposition(user, /*toFirst=*/true))
        gain += size;
      else if (!isInside(user) && !isReductionOfPositions(user))
        read = true;
    }
    if (read)
      gain -= size;
  }
  return gain;
}

/// A constant of another type with the same elements in the same order.
Value reshapeConstant(IRRewriter &rewriter, Value constant,
                      ArrayRef<int64_t> shape) {
  auto op = constant.getDefiningOp<arith::ConstantOp>();
  auto type = typeOf(constant).clone(shape);
  TypedAttr values;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(op.getValue()))
    values = DenseResourceElementsAttr::get(type, resource.getRawHandle());
  else
    values = cast<DenseElementsAttr>(op.getValue()).reshape(type);
  return arith::ConstantOp::create(rewriter, op.getLoc(), values);
}

Value transpose(IRRewriter &rewriter, Location location, Value input,
                ArrayRef<int64_t> order) {
  RankedTensorType type = typeOf(input);
  SmallVector<int64_t> shape = applyPermutation(type.getShape(), order);
  Value init =
      tensor::EmptyOp::create(rewriter, location, shape, type.getElementType());
  return linalg::TransposeOp::create(rewriter, location, input, init, order)
      ->getResult(0);
}

Value Part::getFirst(IRRewriter &rewriter, Value last) {
  if (Value first = firsts.lookup(last))
    return first;
  RankedTensorType type = typeOf(last), firstType = getFirstType(type);
  int64_t rank = type.getRank();
  Value first;
  DenseElementsAttr elements;
  bool isVector = type.getDimSize(rank - 1) == type.getNumElements();
  if (isConstant(last) &&
      (isVector ||
       (matchPattern(last, m_Constant(&elements)) && elements.isSplat())))
    first = reshapeConstant(rewriter, last, firstType.getShape());
  else if (isTransposition(last.getDefiningOp(), /*toFirst=*/false))
    first = last.getDefiningOp<linalg::TransposeOp>().getInput();
  else
    first = transpose(rewriter, last.getLoc(), last, getOrderToFirst(rank));
  return first;
}

/// With what is said for each dimension in the other order.
Value Part::convertMovement(IRRewriter &rewriter, Operation *op) {
  Location location = op->getLoc();
  RankedTensorType type = typeOf(op->getResult(0));
  SmallVector<int64_t> order = getOrderToFirst(type.getRank());
  SmallVector<Value> operands =
      llvm::map_to_vector(op->getOperands(), [&](Value operand) {
        return getFirst(rewriter, operand);
      });
  if (auto pad = dyn_cast<cnn::PadOp>(op))
    return cnn::PadOp::create(
        rewriter, location, getFirstType(type), operands[0],
        applyPermutation(pad.getLow(), order),
        applyPermutation(pad.getHigh(), order), pad.getMode(), pad.getValue());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return tensor::ExtractSliceOp::create(
        rewriter, location, getFirstType(type), operands[0],
        applyPermutation(slice.getMixedOffsets(), order),
        applyPermutation(slice.getMixedSizes(), order),
        applyPermutation(slice.getMixedStrides(), order));
  auto dimension = static_cast<int64_t>(cast<tensor::ConcatOp>(op).getDim());
  return tensor::ConcatOp::create(rewriter, location, getFirstType(type),
                                  invertPermutationVector(order)[dimension],
                                  operands);
}

Value Part::convert(IRRewriter &rewriter, Operation *op) {
  Location location = op->getLoc();
  if (std::optional<DenseLayer> layer = matchDenseLayer(op)) {
    Value input = getFirst(rewriter, layer->collapse.getSrc());
    SmallVector<int64_t> filterShape(
        typeOf(layer->conv.getFilter()).getShape());
    int64_t spatial = typeOf(input).getRank() - 2;
    filterShape.append(spatial, 1);
    Value filter =
        reshapeConstant(rewriter, layer->conv.getFilter(), filterShape);
    SmallVector<int64_t> ones(spatial, 1), zeros(spatial, 0);
    auto conv = cnn::ConvOp::create(
        rewriter, layer->conv.getLoc(), input, filter, layer->conv.getBias(),
        ones, ones, zeros, zeros, /*groups=*/1, cnn::PaddingMode::Zeros);
    conv->setDiscardableAttrs(layer->conv->getDiscardableAttrDictionary());
    return conv;
  }
  if (auto norm = dyn_cast<cnn::LayerNormOp>(op))
    return cnn::LayerNormOp::create(
        rewriter, location, getFirst(rewriter, norm.getInput()),
        norm.getScale(), norm.getBias(), /*axis=*/1,
        rewriter.getI64IntegerAttr(2), norm.getEpsilon());
  if (movesElements(op))
    return convertMovement(rewriter, op);
  RankedTensorType type = getFirstType(typeOf(op->getResult(0)));
  if (auto broadcast = dyn_cast<cnn::BroadcastOp>(op))
    return cnn::BroadcastOp::create(rewriter, location,
                                    getFirst(rewriter, broadcast.getInput()),
                                    type.getShape());
  SmallVector<Value> operands =
      llvm::map_to_vector(op->getOperands(), [&](Value operand) {
        return getFirst(rewriter, operand);
      });
  Operation *clone = rewriter.clone(*op);
  clone->setOperands(operands);
  clone->getResult(0).setType(type);
  return clone->getResult(0);
}

void Part::rewrite(IRRewriter &rewriter) {
  // What comes from outside.
  for (Value value : values) {
    Operation *producer = value.getDefiningOp();
    if (operations.contains(producer))
      continue;
    if (producer)
      rewriter.setInsertionPointAfter(producer);
    else
      rewriter.setInsertionPointToStart(value.getParentBlock());
    firsts[value] = getFirst(rewriter, value);
  }
  // Operations after those whose results they read.
  SmallVector<Operation *> ordered(operations.begin(), operations.end());
  llvm::sort(ordered,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : ordered) {
    rewriter.setInsertionPoint(op);
    firsts[op->getResult(0)] = convert(rewriter, op);
  }
  for (Value value : values) {
    Value first = firsts.lookup(value), again;
    bool isMade = operations.contains(value.getDefiningOp());
    for (OpOperand &use : llvm::make_early_inc_range(value.getUses())) {
      Operation *user = use.getOwner();
      if (isTransposition(user, /*toFirst=*/true)) {
        rewriter.replaceAllUsesWith(user->getResult(0), first);
        continue;
      }
      if (isReductionOfPositions(user)) {
        reduceChannelsFirst(rewriter, cast<linalg::GenericOp>(user), first);
        continue;
      }
      if (!isMade || isInside(user))
        continue;
      if (!again) {
        rewriter.setInsertionPointAfterValue(first);
        again = transpose(rewriter, value.getLoc(), first,
                          getOrderToLast(typeOf(value).getRank()));
      }
      rewriter.modifyOpInPlace(user, [&] { use.set(again); });
    }
  }
}

struct MoveChannelsFirst : impl::MoveChannelsFirstBase<MoveChannelsFirst> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](FunctionOpInterface function) {
      for (Block &block : function.getFunctionBody())
        rewriteBlock(rewriter, block);
    });
    (void)runRegionDCE(rewriter, getOperation()->getRegions());
  }

private:
  /// Parts are found before any is rewritten: they have no value in common.
  static void rewriteBlock(IRRewriter &rewriter, Block &block) {
    SmallVector<Part> parts;
    for (Operation &op : block) {
      Value value;
      if (isTransposition(&op, /*toFirst=*/false))
        value = op.getResult(0);
      else if (isTransposition(&op, /*toFirst=*/true))
        value = cast<linalg::TransposeOp>(op).getInput();
      if (value && llvm::none_of(parts, [&](const Part &part) {
            return part.contains(value);
          }))
        parts.emplace_back(value);
    }
    for (Part &part : parts)
      if (part.countGain() > 0)
        part.rewrite(rewriter);
  }
};

} // namespace
} // namespace toeplitz
