// Rules for the operations of the cnn dialect, and the way into all of them.

#include "compiler/Analysis/ShiftRules.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <numeric>

using namespace mlir;
using namespace toeplitz;

static ShiftState breakWith(const Twine &reason) {
  return ShiftAlgebra::makeBroken(reason.str());
}

static int64_t getSize(Value value, int64_t dimension) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dimension);
}

const ShiftState &ShiftRules::get(Value value) const {
  static const ShiftState fixed;
  auto found = states.find(value);
  return found == states.end() ? fixed : found->second;
}

void ShiftRules::visit(Operation *op) {
  ShiftState state = visitOp(op);
  if (state.kind == ShiftState::Fixed)
    return;
  if (state.kind == ShiftState::Broken && !state.culprit)
    state.culprit = op;
  for (Value result : op->getResults())
    set(result, state);
}

ShiftState ShiftRules::visitOp(Operation *op) {
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  SmallVector<Value> reads(op->getOperands());
  llvm::append_range(reads, captured);

  ShiftState invariant;
  bool moves = false;
  for (Value value : reads) {
    const ShiftState &state = get(value);
    if (state.kind == ShiftState::Broken)
      return state;
    moves |= state.kind == ShiftState::Equivariant;
    if (state.kind == ShiftState::Invariant) {
      invariant.kind = ShiftState::Invariant;
      invariant = ShiftAlgebra::restrict(invariant, state);
    }
  }
  if (!moves)
    return invariant.kind == ShiftState::Fixed ? invariant
                                               : algebra.check(invariant);
  bool isCaptured = llvm::any_of(captured, [&](Value value) {
    return get(value).kind == ShiftState::Equivariant;
  });
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  ShiftState state = !isCaptured ? visitMoving(op)
                     : structured
                         ? visitGather(structured)
                         : breakWith("it reads positions that it computes");
  if (state.kind == ShiftState::Broken)
    return state;
  return algebra.check(ShiftAlgebra::restrict(std::move(state), invariant));
}

/// Operations that read something that moves.
ShiftState ShiftRules::visitMoving(Operation *op) {
  if (isa<cnn::CNNDialect>(op->getDialect()))
    return visitNetworkOp(op);
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return visitLinalg(structured);
  if (OpTrait::hasElementwiseMappableTraits(op))
    return joinAll(op->getOperands());
  return visitTensorOp(op);
}

// ---- Values that don't move ----

/// The bytes of a constant that has some for each element.
static ArrayRef<char> getBytes(Attribute constant) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(constant))
    if (const AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  if (auto dense = dyn_cast<DenseElementsAttr>(constant))
    if (!dense.getElementType().isInteger(1)) // may be packed
      return dense.getRawData();
  return {};
}

/// The smallest period of a constant along a dimension.
static int64_t findPeriod(Attribute constant, RankedTensorType type,
                          int64_t dimension) {
  int64_t size = type.getDimSize(dimension);
  if (isa<SplatElementsAttr>(constant))
    return 1;
  ArrayRef<char> bytes = getBytes(constant);
  int64_t outer = 1;
  for (int64_t length : type.getShape().take_front(dimension))
    outer *= length;
  if (bytes.empty() || bytes.size() % (outer * size) != 0)
    return size;
  int64_t block = bytes.size() / outer, row = block / size;
  for (int64_t period = 1; period < size; ++period) {
    bool repeats = true;
    for (int64_t o = 0; repeats && o < outer; ++o) {
      ArrayRef<char> part = bytes.slice(o * block, block);
      repeats = part.drop_front(period * row) == part.drop_back(period * row);
    }
    if (repeats)
      return period;
  }
  return size;
}

int64_t ShiftRules::getPeriod(Value value, int64_t dimension) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t size = type.getDimSize(dimension);
  Operation *op = value.getDefiningOp();
  if (size == 1 || !op)
    return size;
  if (isa<linalg::FillOp, tensor::EmptyOp>(op))
    return 1;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return findPeriod(constant.getValue(), type, dimension);
  if (auto broadcast = dyn_cast<cnn::BroadcastOp>(op))
    return getPeriod(broadcast.getInput(), dimension);
  if (!OpTrait::hasElementwiseMappableTraits(op) && !isa<cnn::ActivationOp>(op))
    return size;
  int64_t period = 1;
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      period = std::min(size, std::lcm(period, getPeriod(operand, dimension)));
  return period;
}

// ---- Position by position ----

/// Joins a value whose dimension `place` has the positions that move.
ShiftState ShiftRules::joinValue(std::optional<ShiftState> joined, Value value,
                                 int64_t place) {
  const ShiftState &state = get(value);
  if (joined && joined->kind == ShiftState::Broken)
    return *joined;
  if (state.kind == ShiftState::Equivariant)
    return joined ? algebra.join(*joined, state) : state;
  return algebra.joinPeriodic(*joined, getPeriod(value, place));
}

/// The state of what is computed from tensors of one shape element by element.
ShiftState ShiftRules::joinAll(ValueRange values) {
  std::optional<ShiftState> joined;
  for (Value value : values)
    if (get(value).kind == ShiftState::Equivariant)
      joined = joinValue(joined, value, 0);
  for (Value value : values)
    if (isa<RankedTensorType>(value.getType()) &&
        get(value).kind != ShiftState::Equivariant)
      joined = joinValue(joined, value, joined->dimension);
  return *joined;
}

/// Subtracting the mean of all positions, dividing by their sum, and the like.
ShiftState ShiftRules::normalise(const ShiftState &state) const {
  ShiftState all = algebra.reduce(state);
  if (all.kind == ShiftState::Broken)
    return all;
  all.roundsAlike = false;
  return ShiftAlgebra::restrict(state, all);
}

// ---- The cnn dialect ----

ShiftState ShiftRules::visitNetworkOp(Operation *op) {
  for (Value weight : op->getOperands().drop_front())
    if (get(weight).kind == ShiftState::Equivariant)
      return breakWith("its weights move");
  Value input = op->getOperand(0);
  const ShiftState &state = get(input);
  int64_t dimension = state.dimension;
  int64_t spatial = dimension - 2;
  auto mixChannels = [&] {
    return breakWith("it has weights of its own for each of the " +
                     Twine(state.getSize()) + " positions");
  };
  return llvm::TypeSwitch<Operation *, ShiftState>(op)
      .Case<cnn::ConvOp, cnn::ConvTransposeOp>([&](auto) {
        if (dimension == 1)
          return mixChannels();
        return spatial < 0 ? state : visitWindow(op, spatial);
      })
      .Case<cnn::PoolOp, cnn::GlobalPoolOp>(
          [&](auto) { return spatial < 0 ? state : visitPool(op); })
      .Case([&](cnn::PadOp) { return visitPad(op); })
      .Case([&](cnn::ResizeOp) { return visitResize(op); })
      .Case([&](cnn::ActivationOp) { return state; })
      .Case<cnn::BatchNormOp, cnn::PreluOp, cnn::LrnOp>(
          [&](auto) { return dimension == 1 ? mixChannels() : state; })
      .Case([&](cnn::GroupNormOp) {
        if (dimension == 1)
          return mixChannels();
        return dimension == 0 ? state : normalise(state);
      })
      .Case([&](cnn::LayerNormOp norm) {
        int64_t place = dimension - int64_t(norm.getAxis());
        if (place < 0 || dimension >= norm.getEndAxis())
          return state;
        ShiftState scaled = joinValue(joinValue(state, norm.getScale(), place),
                                      norm.getBias(), place);
        return scaled.kind == ShiftState::Broken ? scaled : normalise(scaled);
      })
      .Case([&](cnn::SoftmaxOp softmax) {
        return dimension == int64_t(softmax.getAxis()) ? normalise(state)
                                                       : state;
      })
      .Case([&](cnn::BroadcastOp broadcast) {
        if (getSize(broadcast.getResult(), dimension) != state.getSize())
          return breakWith("it repeats the only position of the axis");
        return state;
      })
      .Default([&](Operation *) {
        return breakWith("it isn't known what it does to a shift");
      });
}

ShiftState ShiftRules::padTensor(const ShiftState &state, int64_t low,
                                 int64_t high, cnn::PaddingMode mode) const {
  if (low == 0 && high == 0)
    return state;
  int64_t size = state.getSize();
  switch (mode) {
  case cnn::PaddingMode::Zeros:
    return algebra.pad(state, low, high);
  case cnn::PaddingMode::Circular:
    return algebra.repeat(state, -low, low + size + high);
  case cnn::PaddingMode::Reflect:
    return algebra.padWith(state, low, high, [&](int64_t i) {
      return i < 0 ? -i : 2 * (size - 1) - i;
    });
  case cnn::PaddingMode::Replicate:
    return algebra.padWith(state, low, high, [&](int64_t i) {
      return std::clamp<int64_t>(i, 0, size - 1);
    });
  }
  llvm_unreachable("every mode has a case");
}

/// Convolutions along one of their spatial dimensions.
ShiftState ShiftRules::visitWindow(Operation *op, int64_t spatial) {
  const ShiftState &state = get(op->getOperand(0));
  int64_t size = getSize(op->getResult(0), spatial + 2);
  int64_t kernel = getSize(op->getOperand(1), spatial + 2);
  if (auto conv = dyn_cast<cnn::ConvOp>(op)) {
    ShiftState padded =
        padTensor(state, conv.getPaddingLow()[spatial],
                  conv.getPaddingHigh()[spatial], conv.getPaddingMode());
    ShiftState result =
        algebra.slide(padded, size, kernel, conv.getStrides()[spatial],
                      conv.getDilations()[spatial]);
    if (size == 1 && algebra.check(result).kind == ShiftState::Broken)
      return breakWith("its window covers all " + Twine(state.getSize()) +
                       " positions with weights of their own");
    return result;
  }
  // y[o] adds w[k] x[i] for all i and k with i * stride = o + padding - k *
  // dilation.
  auto conv = cast<cnn::ConvTransposeOp>(op);
  int64_t stride = conv.getStrides()[spatial];
  return algebra.gather(state, size, 1, stride, [&](int64_t o) {
    SmallVector<int64_t> taps;
    for (int64_t k = 0; k < kernel; ++k) {
      int64_t place =
          o + conv.getPaddingLow()[spatial] - k * conv.getDilations()[spatial];
      if (place % stride == 0)
        taps.push_back(place / stride);
    }
    return taps;
  });
}

ShiftState ShiftRules::visitPool(Operation *op) {
  const ShiftState &state = get(op->getOperand(0));
  int64_t spatial = state.dimension - 2;
  auto pool = dyn_cast<cnn::PoolOp>(op);
  cnn::PoolKind kind =
      pool ? pool.getKind() : cast<cnn::GlobalPoolOp>(op).getKind();
  int64_t size = getSize(op->getResult(0), spatial + 2);
  if (!pool || (size == 1 && pool.getKernel()[spatial] == state.getSize() &&
                pool.getDilations()[spatial] == 1 &&
                pool.getPaddingLow()[spatial] == 0 &&
                pool.getPaddingHigh()[spatial] == 0)) {
    ShiftState result = algebra.reduce(state);
    result.roundsAlike &= kind == cnn::PoolKind::Max;
    return result;
  }
  int64_t stride = pool.getStrides()[spatial];
  int64_t reach =
      (pool.getKernel()[spatial] - 1) * pool.getDilations()[spatial];
  // With ceil mode the last window may go beyond the padding.
  int64_t low = pool.getPaddingLow()[spatial];
  int64_t needed = (size - 1) * stride + reach + 1 - low - state.getSize();
  ShiftState padded = algebra.pad(state, low, std::max<int64_t>(needed, 0));
  return algebra.slide(padded, size, pool.getKernel()[spatial], stride,
                       pool.getDilations()[spatial]);
}

ShiftState ShiftRules::visitPad(Operation *op) {
  auto pad = cast<cnn::PadOp>(op);
  const ShiftState &state = get(pad.getInput());
  return padTensor(state, pad.getLow()[state.dimension],
                   pad.getHigh()[state.dimension], pad.getMode());
}

ShiftState ShiftRules::visitResize(Operation *op) {
  auto resize = cast<cnn::ResizeOp>(op);
  const ShiftState &state = get(resize.getInput());
  if (state.dimension < 2)
    return state;
  int64_t from = state.getSize();
  int64_t to = resize.getSizes()[state.dimension - 2];
  if (from == to)
    return state;
  if (from == 1)
    return breakWith("it repeats the only position of the axis");
  bool isLinear = resize.getMode() == cnn::ResizeMode::Linear;
  bool alignsCorners = isLinear && resize.getAlignCorners();
  if (alignsCorners && to == 1)
    return breakWith("it takes the first position of the axis");
  // Positions are multiples of numerator / denominator apart.
  int64_t numerator = alignsCorners ? from - 1 : from;
  int64_t denominator = alignsCorners ? to - 1 : to;
  int64_t common = std::gcd(numerator, denominator);
  ShiftState result = algebra.gather(
      state, to, numerator / common, denominator / common, [&](int64_t o) {
        int64_t place = o * numerator, unit = denominator;
        if (isLinear && !alignsCorners) {
          place = (2 * o + 1) * numerator - denominator;
          unit = 2 * denominator;
        }
        SmallVector<int64_t> taps = {llvm::divideFloorSigned(place, unit)};
        if (isLinear && place % unit != 0)
          taps.push_back(taps[0] + 1);
        return taps;
      });
  // Fractions of another kind are rounded, differently at each position.
  result.roundsAlike &= !isLinear || llvm::isPowerOf2_64(denominator / common);
  return result;
}
