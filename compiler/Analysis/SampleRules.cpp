// Rules for operations on whole tensors, and for those on one sample in a loop
// over the batch. SampleRegions.cpp has those that hold others.

#include "compiler/Analysis/SampleState.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace toeplitz;

SampleState SampleRules::get(Value value) const {
  auto found = states.find(value);
  return found == states.end() ? State() : found->second;
}

/// The first complaint counts: what follows from it says nothing new.
LogicalResult SampleRules::fail(Operation *op, StringRef why) {
  if (!culprit) {
    culprit = op;
    reason = why.str();
  }
  return failure();
}

/// Whether the operation reads a value of that kind, in its regions too.
bool SampleRules::isAny(Operation *op, State::Kind kind) const {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  auto isKind = [&](Value value) { return get(value).kind == kind; };
  return llvm::any_of(op->getOperands(), isKind) ||
         llvm::any_of(captured, isKind);
}

bool SampleRules::dependsOnSamples(Operation *op) const {
  return isAny(op, State::Batched) || isAny(op, State::RowIndex) ||
         isAny(op, State::PerSample);
}

/// The dimensions that have as many rows for each sample.
uint64_t SampleRules::getPossibleDimensions(Type type) const {
  uint64_t dimensions = 0;
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    for (auto [place, size] : llvm::enumerate(tensor.getShape()))
      if (size > 0 && size % batch == 0)
        dimensions |= uint64_t(1) << place;
  return dimensions;
}

/// The state of what depends on the same rows of tensors of both states.
SampleRules::Result SampleRules::merge(State a, State b) const {
  if (!a.isRow() || !b.isRow() || (a.dimensions & b.dimensions) == 0 ||
      (a.kind == State::Batched && b.kind == State::Batched &&
       a.outer != b.outer))
    return std::nullopt;
  State batched = a.kind == State::Batched ? a : b;
  return State{batched.kind, a.dimensions & b.dimensions, batched.outer};
}

/// The state of what is computed from tensors of one shape position by
/// position.
SampleRules::Result SampleRules::combine(ValueRange values) const {
  Result state = State{State::Uniform, ~uint64_t(0)};
  for (Value value : values)
    if (state && isa<RankedTensorType>(value.getType()))
      state = merge(*state, get(value));
  return state;
}

/// The state of what has the rows of `value` in other dimensions: `map` says in
/// which, if it has all of them.
SampleRules::Result SampleRules::move(
    Value value,
    llvm::function_ref<std::optional<int64_t>(int64_t)> map) const {
  State state = get(value), moved{state.kind, 0, state.outer};
  if (!state.isRow())
    return std::nullopt;
  for (int64_t d = 0; d < cast<RankedTensorType>(value.getType()).getRank();
       ++d)
    if (state.isRowIn(d))
      if (std::optional<int64_t> place = map(d))
        moved.dimensions |= uint64_t(1) << *place;
  return moved.dimensions ? Result(moved) : std::nullopt;
}

LogicalResult SampleRules::visit(Operation *op) {
  // Whoever holds a terminator looks at its operands; indices of linalg are set
  // by whoever holds them.
  if (op->hasTrait<OpTrait::IsTerminator>() || isa<linalg::IndexOp>(op))
    return success();
  if (op->getNumRegions() > 0 && !isa<tensor::PadOp>(op))
    return visitRegions(op);
  if (isAny(op, State::RowIndex) || isAny(op, State::PerSample) ||
      (rowsOfLoop > 0 && isAny(op, State::Batched)))
    return visitInSample(op);

  Result state = getUniformSource(op);
  if (!state)
    state = visitTensorOp(op);
  if (!state && dependsOnSamples(op))
    return fail(op, "it takes the batch apart, or reads it together with what "
                    "isn't the same for each sample");
  for (Value result : op->getResults())
    set(result, state.value_or(State()));
  return success();
}

/// Whether a constant is the same in all `rows` of dimension 0.
static bool hasEqualRows(Attribute constant, int64_t rows) {
  ArrayRef<char> bytes;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant)) {
    if (const AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      bytes = blob->getData();
  } else if (auto dense = dyn_cast<DenseElementsAttr>(constant)) {
    if (!dense.getElementType().isInteger(1)) // may be packed
      bytes = dense.getRawData();
  }
  if (bytes.empty())
    return false;
  size_t row = bytes.size() / rows;
  return bytes.drop_back(row) == bytes.drop_front(row);
}

/// Uniform for what makes a tensor of nothing that has a batch.
SampleRules::Result SampleRules::getUniformSource(Operation *op) const {
  if (op->getNumResults() != 1)
    return std::nullopt;
  uint64_t possible = getPossibleDimensions(op->getResultTypes().front());
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    if (isa<SplatElementsAttr>(constant.getValue()))
      return State{State::Uniform, possible};
    if ((possible & 1) &&
        hasEqualRows(constant.getValue(),
                     cast<RankedTensorType>(constant.getType()).getDimSize(0)))
      return State{State::Uniform, 1};
    return std::nullopt;
  }
  if (auto broadcast = dyn_cast<cnn::BroadcastOp>(op)) {
    auto input = cast<RankedTensorType>(broadcast.getInput().getType());
    int64_t added =
        cast<RankedTensorType>(broadcast.getType()).getRank() - input.getRank();
    State state = get(broadcast.getInput());
    if (state.kind != State::Free && state.kind != State::Uniform)
      return std::nullopt;
    for (int64_t d = 0; d < input.getRank(); ++d)
      if (input.getDimSize(d) != 1 && !state.isRowIn(d))
        possible &= ~(uint64_t(1) << (d + added));
    return possible ? Result({State::Uniform, possible}) : std::nullopt;
  }
  if (isa<tensor::EmptyOp, tensor::SplatOp>(op) && possible)
    return State{State::Uniform, possible};
  return std::nullopt;
}

/// Batched if the operation reads a batch, and maps the rows of each sample to
/// rows of that sample; Uniform if it does so with what is Uniform.
SampleRules::Result SampleRules::visitTensorOp(Operation *op) {
  Result state;
  if (isa<cnn::CNNDialect>(op->getDialect()))
    state = visitNetworkOp(op);
  else if (OpTrait::hasElementwiseMappableTraits(op))
    state = combine(op->getOperands());
  else
    state = visitMovement(op);
  if (!state || op->getNumResults() == 0)
    return std::nullopt;
  // Scalars have no rows.
  for (Type type : op->getResultTypes())
    state->dimensions &= getPossibleDimensions(type);
  return state->dimensions ? state : std::nullopt;
}

/// The operations of a network compute samples in dimension 0 one by one, as
/// far as they aren't told to work along it. Weights have no batch.
SampleRules::Result SampleRules::visitNetworkOp(Operation *op) {
  Value input = op->getOperand(0);
  auto rank = cast<RankedTensorType>(input.getType()).getRank();
  for (Value weight : op->getOperands().drop_front())
    if (get(weight).kind == State::Batched)
      return std::nullopt;
  using Place = std::optional<int64_t>;
  auto keep = [&](llvm::function_ref<bool(int64_t)> isKept) {
    return move(input,
                [&](int64_t d) { return isKept(d) ? Place(d) : std::nullopt; });
  };
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](cnn::ActivationOp) {
        return get(input).isRow() ? Result(get(input)) : std::nullopt;
      })
      .Case([&](cnn::PadOp pad) {
        return keep([&](int64_t d) {
          return pad.getLow()[d] == 0 && pad.getHigh()[d] == 0;
        });
      })
      .Case([&](cnn::SoftmaxOp softmax) {
        return keep([&](int64_t d) { return d != int64_t(softmax.getAxis()); });
      })
      .Case([&](cnn::LayerNormOp norm) {
        return keep([&](int64_t d) {
          return d < int64_t(norm.getAxis()) || d >= norm.getEndAxis();
        });
      })
      .Case([&](cnn::BroadcastOp broadcast) {
        auto type = cast<RankedTensorType>(broadcast.getType());
        int64_t added = type.getRank() - rank;
        return move(input, [&](int64_t d) {
          bool isKept = cast<RankedTensorType>(input.getType()).getDimSize(d) ==
                        type.getDimSize(d + added);
          return isKept ? Place(d + added) : std::nullopt;
        });
      })
      .Default(
          [&](Operation *) { return keep([](int64_t d) { return d == 0; }); });
}

/// Whether the slice has all rows of a dimension of that size.
static bool isWhole(OffsetSizeAndStrideOpInterface slice, int64_t dimension,
                    int64_t size) {
  return getConstantIntValue(slice.getMixedOffsets()[dimension]) == 0 &&
         getConstantIntValue(slice.getMixedSizes()[dimension]) == size &&
         getConstantIntValue(slice.getMixedStrides()[dimension]) == 1;
}

/// A dimension without those before it that are dropped.
static int64_t skipDropped(const llvm::SmallBitVector &dropped,
                           int64_t dimension) {
  int64_t place = dimension;
  for (int64_t d = 0; d < dimension; ++d)
    place -= dropped.test(d);
  return place;
}

/// [a][outer][sample][inner][b] is [a * outer][sample][inner * b]. What is the
/// same along all dimensions of a group is so along the one that it becomes.
SampleRules::Result SampleRules::visitCollapse(tensor::CollapseShapeOp op) {
  State state = get(op.getSrc()), result{state.kind, 0, state.outer};
  for (auto [place, group] : llvm::enumerate(op.getReassociationIndices())) {
    int64_t before = 1;
    bool isConstant = true;
    for (int64_t member : group) {
      int64_t size = op.getSrcType().getDimSize(member);
      if (state.kind == State::Batched && state.isRowIn(member)) {
        result.dimensions |= uint64_t(1) << place;
        result.outer = before * state.outer;
      }
      before *= size;
      isConstant &= size == 1 || state.isRowIn(member);
    }
    if (state.kind == State::Uniform && isConstant)
      result.dimensions |= uint64_t(1) << place;
  }
  return state.isRow() && result.dimensions ? Result(result) : std::nullopt;
}

/// The other way round: the batch is in the dimension that has the factor of
/// the number of samples, if one has all of it.
SampleRules::Result SampleRules::visitExpand(tensor::ExpandShapeOp op) {
  State state = get(op.getSrc()), result{state.kind, 0, state.outer};
  for (auto [d, group] : llvm::enumerate(op.getReassociationIndices())) {
    if (!state.isRowIn(d))
      continue;
    int64_t outer = state.outer; // what remains of it
    for (int64_t member : group) {
      int64_t size = op.getResultType().getDimSize(member);
      if (state.kind == State::Uniform) {
        result.dimensions |= uint64_t(1) << member;
      } else if (size % (outer * batch) == 0) {
        result.dimensions |= uint64_t(1) << member;
        result.outer = outer;
        break;
      } else if (outer % size == 0) {
        outer /= size;
      } else {
        break;
      }
    }
  }
  return state.isRow() && result.dimensions ? Result(result) : std::nullopt;
}

SampleRules::Result SampleRules::visitInsertSlice(tensor::InsertSliceOp op) {
  State source = get(op.getSource());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Result kept = move(op.getDest(), [&](int64_t d) -> std::optional<int64_t> {
    bool isKept = !dropped.test(d) &&
                  isWhole(op, d, op.getDestType().getDimSize(d)) &&
                  source.isRowIn(skipDropped(dropped, d));
    return isKept ? std::optional<int64_t>(d) : std::nullopt;
  });
  if (!kept)
    return std::nullopt;
  // The dimensions are those of the destination already.
  source.dimensions = kept->dimensions;
  return merge(*kept, source);
}

/// Operations that only move elements.
SampleRules::Result SampleRules::visitMovement(Operation *op) {
  using Place = std::optional<int64_t>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](tensor::ExtractSliceOp slice) {
        llvm::SmallBitVector dropped = slice.getDroppedDims();
        return move(slice.getSource(), [&](int64_t d) {
          return !dropped.test(d) &&
                         isWhole(slice, d, slice.getSourceType().getDimSize(d))
                     ? Place(skipDropped(dropped, d))
                     : std::nullopt;
        });
      })
      .Case(
          [&](tensor::InsertSliceOp slice) { return visitInsertSlice(slice); })
      .Case([&](tensor::ConcatOp concat) {
        Result state = combine(concat.getInputs());
        if (state)
          state->dimensions &= ~(uint64_t(1) << concat.getDim());
        return state;
      })
      .Case([&](tensor::CollapseShapeOp reshape) {
        return visitCollapse(reshape);
      })
      .Case([&](tensor::ExpandShapeOp reshape) { return visitExpand(reshape); })
      .Case([&](tensor::CastOp cast) { return combine(cast.getSource()); })
      .Case([&](tensor::PadOp pad) -> Result {
        if (pad.getConstantPaddingValue() == nullptr ||
            get(pad.getConstantPaddingValue()).kind != State::Free)
          return std::nullopt;
        return move(pad.getSource(), [&](int64_t d) {
          return getConstantIntValue(pad.getMixedLowPad()[d]) == 0 &&
                         getConstantIntValue(pad.getMixedHighPad()[d]) == 0
                     ? Place(d)
                     : std::nullopt;
        });
      })
      .Default([](Operation *) { return std::nullopt; });
}

LogicalResult SampleRules::visitInSample(Operation *op) {
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    set(op->getResult(0), get(op->getOperand(0)));
    return success();
  }
  // The tensor that the operation reads or writes a part of, and where.
  Value whole;
  SmallVector<OpFoldResult> offsets;
  bool writes = isa<tensor::InsertOp, tensor::InsertSliceOp>(op);
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    whole = extract.getTensor();
    offsets = getAsOpFoldResult(extract.getIndices());
  } else if (auto insert = dyn_cast<tensor::InsertOp>(op)) {
    whole = insert.getDest();
    offsets = getAsOpFoldResult(insert.getIndices());
  } else if (auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op)) {
    whole =
        writes ? cast<tensor::InsertSliceOp>(op).getDest() : op->getOperand(0);
    offsets = slice.getMixedOffsets();
    for (auto [offset, size] : llvm::zip(offsets, slice.getMixedSizes()))
      if (getConstantIntValue(size) != 1)
        offset = OpFoldResult(); // several rows
  }
  std::optional<int64_t> rowDimension;
  for (auto [d, offset] : llvm::enumerate(offsets))
    if (auto value = dyn_cast_if_present<Value>(offset))
      if (get(value).kind == State::RowIndex && get(whole).isRowIn(d) &&
          (get(whole).kind == State::Uniform ||
           get(whole).outer == outerOfLoop) &&
          cast<RankedTensorType>(whole.getType()).getDimSize(d) == rowsOfLoop)
        rowDimension = d;

  int64_t numbers = 0;
  for (Value operand : op->getOperands()) {
    numbers += get(operand).kind == State::RowIndex;
    if (get(operand).kind == State::Batched &&
        (operand != whole || !rowDimension))
      return fail(op, "it reads or writes other samples than its own");
  }
  if (numbers > (rowDimension ? 1 : 0))
    return fail(op, "it computes with the place of a sample in the batch");
  State state{State::PerSample, 0};
  if (rowDimension && writes)
    state = {State::Batched, uint64_t(1) << *rowDimension, outerOfLoop};
  for (Value result : op->getResults())
    set(result, state);
  return success();
}
