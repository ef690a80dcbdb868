// Rules for the operations of upstream dialects on whole tensors.

#include "compiler/Analysis/ShiftRules.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/SmallBitVector.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace toeplitz;

static ShiftState breakWith(const Twine &reason) {
  return ShiftAlgebra::makeBroken(reason.str());
}

ShiftState ShiftRules::visitTensorOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, ShiftState>(op)
      .Case([&](tensor::ExtractSliceOp slice) { return visitSlice(slice); })
      .Case([&](tensor::ConcatOp concat) { return visitConcat(concat); })
      .Case([&](tensor::CollapseShapeOp reshape) {
        return visitCollapse(reshape);
      })
      .Case([&](tensor::ExpandShapeOp reshape) { return visitExpand(reshape); })
      .Case([&](tensor::CastOp cast) { return get(cast.getSource()); })
      .Case([&](tensor::PadOp pad) {
        const ShiftState &state = get(pad.getSource());
        auto low = getConstantIntValue(pad.getMixedLowPad()[state.dimension]);
        auto high = getConstantIntValue(pad.getMixedHighPad()[state.dimension]);
        if (!low || !high || !pad.getConstantPaddingValue())
          return breakWith("its padding isn't a constant");
        return padTensor(state, *low, *high, cnn::PaddingMode::Zeros);
      })
      .Default([&](Operation *) {
        return breakWith("it isn't known what it does to a shift");
      });
}

/// The positions offset, offset + stride, …, of an axis.
ShiftState ShiftRules::visitSlice(tensor::ExtractSliceOp op) {
  const ShiftState &state = get(op.getSource());
  int64_t dimension = state.dimension;
  auto offset = getConstantIntValue(op.getMixedOffsets()[dimension]);
  auto size = getConstantIntValue(op.getMixedSizes()[dimension]);
  auto stride = getConstantIntValue(op.getMixedStrides()[dimension]);
  if (!offset || !size || !stride)
    return breakWith("it computes which positions it takes");
  llvm::SmallBitVector dropped = op.getDroppedDims();
  if (dropped.test(dimension))
    return breakWith("it takes a single position of the axis");
  ShiftState result = algebra.gather(state, *size, *stride, 1, [&](int64_t o) {
    return SmallVector<int64_t>{*offset + o * *stride};
  });
  for (int64_t d = 0; d < dimension; ++d)
    result.dimension -= dropped.test(d);
  return result;
}

/// The tensor of which `value` is a part along the dimension, and where it
/// begins in it.
static std::pair<Value, int64_t> findWhole(Value value, int64_t dimension) {
  auto slice = value.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || slice.getDroppedDims().any())
    return {value, 0};
  for (int64_t d = 0; d < slice.getSourceType().getRank(); ++d) {
    bool isWhole = getConstantIntValue(slice.getMixedOffsets()[d]) == 0 &&
                   getConstantIntValue(slice.getMixedSizes()[d]) ==
                       slice.getSourceType().getDimSize(d);
    if (getConstantIntValue(slice.getMixedStrides()[d]) != 1 ||
        (d != dimension && !isWhole))
      return {value, 0};
  }
  auto offset = getConstantIntValue(slice.getMixedOffsets()[dimension]);
  return offset ? std::pair(slice.getSource(), *offset)
                : std::pair(value, int64_t(0));
}

/// Along other dimensions each part moves by itself. Along the axis, parts of
/// one tensor that follow each other around it are circular padding, and what
/// doesn't move before and after a tensor is padding too.
ShiftState ShiftRules::visitConcat(tensor::ConcatOp op) {
  auto moves = [&](Value value) {
    return get(value).kind == ShiftState::Equivariant;
  };
  ValueRange parts = op.getInputs();
  auto first = llvm::find_if(parts, moves);
  int64_t dimension = get(*first).dimension;
  if (dimension != int64_t(op.getDim()))
    return joinAll(parts);

  auto sizeOf = [&](Value value) {
    return cast<RankedTensorType>(value.getType()).getDimSize(dimension);
  };
  auto [whole, start] = findWhole(parts.front(), dimension);
  int64_t end = start;
  bool goesAround = get(whole).kind == ShiftState::Equivariant &&
                    get(whole).dimension == dimension;
  for (Value part : parts) {
    auto [source, offset] = findWhole(part, dimension);
    goesAround &= source == whole && (end - offset) % sizeOf(whole) == 0;
    end += sizeOf(part);
  }
  if (goesAround)
    return algebra.repeat(get(whole), start, end - start);

  if (llvm::count_if(parts, moves) > 1)
    return breakWith("it puts values that move one behind the other");
  int64_t low = 0, high = 0;
  for (auto part = parts.begin(); part != parts.end(); ++part)
    if (part != first)
      (part < first ? low : high) += sizeOf(*part);
  return algebra.pad(get(*first), low, high);
}

/// [position][inner] is [position * inner]; a dimension outside of the axis
/// would take it apart.
ShiftState ShiftRules::visitCollapse(tensor::CollapseShapeOp op) {
  const ShiftState &state = get(op.getSrc());
  for (auto [place, group] : llvm::enumerate(op.getReassociationIndices())) {
    auto member = llvm::find(group, state.dimension);
    if (member == group.end())
      continue;
    int64_t outer = 1, inner = 1;
    for (auto other = group.begin(); other != group.end(); ++other)
      if (other != member)
        (other < member ? outer : inner) *= op.getSrcType().getDimSize(*other);
    if (outer > 1)
      return breakWith("it lays the " + Twine(state.getSize()) +
                       " positions of the axis out in one dimension with " +
                       Twine(outer) + " of another");
    ShiftState result = algebra.gather(
        state, state.getSize() * inner, 1, inner,
        [&](int64_t o) { return SmallVector<int64_t>{o / inner}; });
    result.dimension = place;
    return result;
  }
  llvm_unreachable("each dimension is in a group");
}

/// The other way round: shifts by multiples of what becomes inner dimensions.
ShiftState ShiftRules::visitExpand(tensor::ExpandShapeOp op) {
  const ShiftState &state = get(op.getSrc());
  ReassociationIndices group = op.getReassociationIndices()[state.dimension];
  int64_t place = group.front();
  for (int64_t member : llvm::reverse(group))
    if (op.getResultType().getDimSize(member) > 1)
      place = member;
  int64_t size = op.getResultType().getDimSize(place);
  int64_t inner = state.getSize() / size;
  ShiftState result = algebra.gather(state, size, inner, 1, [&](int64_t o) {
    SmallVector<int64_t> taps;
    for (int64_t i = 0; i < inner; ++i)
      taps.push_back(o * inner + i);
    return taps;
  });
  result.dimension = place;
  return result;
}

/// The dimension of an operand that the iterations of `loop` run through, and
/// nothing else does; nothing when it isn't so, -1 when they don't matter.
static std::optional<int64_t> findPlace(AffineMap map, unsigned loop) {
  int64_t found = -1;
  for (auto [place, expression] : llvm::enumerate(map.getResults())) {
    if (!expression.isFunctionOfDim(loop))
      continue;
    if (found >= 0 || !isa<AffineDimExpr>(expression))
      return std::nullopt;
    found = place;
  }
  return found;
}

/// Elementwise along the axis when its loop is parallel, a reduction of it
/// otherwise.
ShiftState ShiftRules::visitLinalg(linalg::LinalgOp op) {
  std::optional<unsigned> loop;
  for (OpOperand &operand : op->getOpOperands())
    if (const ShiftState &state = get(operand.get());
        state.kind == ShiftState::Equivariant)
      if (auto dimension = dyn_cast<AffineDimExpr>(
              op.getMatchingIndexingMap(&operand).getResult(state.dimension)))
        loop = dimension.getPosition();
  if (!loop)
    return breakWith("it reads positions that it computes");
  bool usesPlace = false;
  op->walk(
      [&](linalg::IndexOp index) { usesPlace |= index.getDim() == *loop; });
  if (usesPlace)
    return breakWith("it computes with the number of a position");

  bool isParallel =
      op.getIteratorTypesArray()[*loop] == utils::IteratorType::parallel;
  std::optional<ShiftState> joined;
  SmallVector<std::pair<Value, int64_t>> others;
  std::optional<int64_t> resultPlace;
  for (OpOperand &operand : op->getOpOperands()) {
    const ShiftState &state = get(operand.get());
    bool moves = state.kind == ShiftState::Equivariant;
    auto place = findPlace(op.getMatchingIndexingMap(&operand), *loop);
    if (!place || (moves && *place != state.dimension))
      return breakWith("it combines different positions of the axis");
    if (op.isDpsInit(&operand)) {
      if (resultPlace && *resultPlace != *place)
        return breakWith("its results move along different dimensions");
      resultPlace = place;
    }
    if (*place < 0)
      continue;
    if (!moves) {
      others.emplace_back(operand.get(), *place);
      continue;
    }
    // Places of different operands needn't be the same.
    ShiftState aligned = state;
    aligned.dimension = 0;
    joined = joined ? algebra.join(*joined, aligned) : aligned;
    if (joined->kind == ShiftState::Broken)
      return *joined;
  }
  for (auto [value, place] : others)
    joined = joinValue(joined, value, place);
  if (joined->kind == ShiftState::Broken)
    return *joined;
  if (!isParallel) {
    ShiftState result = algebra.reduce(*joined);
    result.roundsAlike = false;
    return result;
  }
  joined->dimension = *resultPlace;
  return *joined;
}
