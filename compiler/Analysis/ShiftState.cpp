#include "compiler/Analysis/ShiftState.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>
#include <numeric>

using namespace toeplitz;

/// Reads that nothing is known about.
static const PositionRange everything = {std::numeric_limits<int32_t>::min(),
                                         std::numeric_limits<int32_t>::max()};

static int64_t floorModulo(int64_t value, int64_t modulus) {
  int64_t rest = value % modulus;
  return rest < 0 ? rest + modulus : rest;
}

PositionRange PositionRange::getHull(PositionRange other) const {
  if (isEmpty() || other.isEmpty())
    return isEmpty() ? other : *this;
  return {std::min(begin, other.begin), std::max(end, other.end)};
}

PositionRange PositionRange::getIntersection(PositionRange other) const {
  return {std::max(begin, other.begin), std::min(end, other.end)};
}

// ---- What a state says ----

template <typename IsIn>
static PositionRange findLongestRun(int64_t size, IsIn isIn) {
  PositionRange longest, run;
  for (int64_t i = 0; i < size; ++i) {
    run =
        isIn(i) ? PositionRange{run.begin, i + 1} : PositionRange{i + 1, i + 1};
    if (run.getSize() > longest.getSize())
      longest = run;
  }
  return longest;
}

PositionRange ShiftState::getCleanRange() const {
  return findLongestRun(getSize(),
                        [&](int64_t i) { return positions[i].isClean; });
}

int64_t ShiftState::getReceptiveField() const {
  int64_t size = 0;
  for (const ShiftedPosition &position : positions)
    size = std::max(size, position.idealReads.getSize());
  return size;
}

PositionRange ShiftState::getIdealReads(int64_t position) const {
  int64_t steps = 0;
  if (position < 0)
    steps = (position - outputStep + 1) / outputStep;
  else if (position >= getSize())
    steps = (position - getSize()) / outputStep + 1;
  int64_t known = position - steps * outputStep;
  if (known < 0 || known >= getSize())
    return everything;
  PositionRange reads = positions[known].idealReads;
  if (reads.isEmpty())
    return reads;
  return {reads.begin + steps * inputStep, reads.end + steps * inputStep};
}

// ---- Shifts ----

ShiftState ShiftAlgebra::makeInput(int64_t dimension) const {
  ShiftState state;
  state.kind = ShiftState::Equivariant;
  state.dimension = dimension;
  for (int64_t i = 0; i < inputSize; ++i)
    state.positions.push_back({true, {i, i + 1}, {i, i + 1}});
  return state;
}

ShiftState ShiftAlgebra::makeBroken(std::string reason) {
  ShiftState state;
  state.kind = ShiftState::Broken;
  state.reason = std::move(reason);
  return state;
}

int64_t ShiftAlgebra::getPeriod(const ShiftState &state) const {
  return std::lcm(inputSize, state.inputStep) / state.inputStep *
         state.outputStep;
}

bool ShiftAlgebra::isCyclic(const ShiftState &state) const {
  return state.kind == ShiftState::Equivariant &&
         state.getSize() % getPeriod(state) == 0 &&
         llvm::all_of(state.positions,
                      [](const auto &position) { return position.isClean; });
}

/// Whether a shift by U takes a clean position to a clean one.
bool ShiftAlgebra::hasPair(const ShiftState &state) const {
  int64_t size = state.getSize();
  int64_t period = state.wraps || isCyclic(state)
                       ? getPeriod(state)
                       : size + state.outputStep; // beyond every position
  std::vector<bool> isClean(period);
  for (int64_t i = 0; i < size; ++i)
    if (state.positions[i].isClean)
      isClean[i % period] = true;
  for (int64_t i = 0; i < size; ++i)
    if (state.positions[i].isClean &&
        isClean[floorModulo(i - state.outputStep, period)])
      return true;
  return false;
}

ShiftState ShiftAlgebra::check(ShiftState state) const {
  if (state.contents && state.contents->getSize() <= state.inputStep)
    return makeBroken("no contents stay away from all borders that matter");
  if (state.kind != ShiftState::Equivariant)
    return state;
  if (state.inputStep >= inputSize)
    return makeBroken("only shifts by the whole axis, or more, would be left");
  if (!hasPair(state)) {
    int64_t clean = llvm::count_if(
        state.positions, [](const auto &position) { return position.isClean; });
    if (clean == 0)
      return makeBroken("what it reads beyond the border reaches all of its " +
                        std::to_string(state.getSize()) + " positions");
    return makeBroken(
        "of its " + std::to_string(state.getSize()) + " positions " +
        std::to_string(clean) + " don't depend on the border, and a shift by " +
        std::to_string(state.outputStep) + " takes none of them to another");
  }
  return state;
}

// ---- Padding ----

ShiftState
ShiftAlgebra::padWith(const ShiftState &state, int64_t low, int64_t high,
                      llvm::function_ref<int64_t(int64_t)> source) const {
  ShiftState padded = state;
  padded.positions.clear();
  int64_t size = state.getSize();
  for (int64_t i = -low; i < size + high; ++i) {
    if (i >= 0 && i < size) {
      padded.positions.push_back(state.positions[i]);
      continue;
    }
    int64_t from = source(i);
    padded.positions.push_back(
        {false, from >= 0 ? state.positions[from].reads : PositionRange{},
         state.getIdealReads(i)});
  }
  return padded;
}

ShiftState ShiftAlgebra::pad(const ShiftState &state, int64_t low,
                             int64_t high) const {
  return padWith(state, low, high, [](int64_t) { return -1; });
}

ShiftState ShiftAlgebra::repeat(const ShiftState &state, int64_t start,
                                int64_t size) const {
  ShiftState repeated = state;
  repeated.positions.clear();
  int64_t period = getPeriod(state);
  for (int64_t i = start; i < start + size; ++i) {
    int64_t from = floorModulo(i, state.getSize());
    ShiftedPosition position = state.positions[from];
    position.idealReads = state.getIdealReads(i);
    if (i != from) {
      position.isClean &= (i - from) % period == 0;
      repeated.wraps |= position.isClean;
    }
    repeated.positions.push_back(position);
  }
  return repeated;
}

// ---- Windows ----

ShiftState ShiftAlgebra::gather(
    const ShiftState &state, int64_t size, int64_t inputStep,
    int64_t outputStep,
    llvm::function_ref<llvm::SmallVector<int64_t>(int64_t)> taps) const {
  ShiftState result = state;
  result.positions.clear();
  // The value must shift by a multiple of the step with which it is read.
  int64_t shift = std::lcm(state.outputStep, inputStep);
  result.inputStep = state.inputStep * (shift / state.outputStep);
  result.outputStep = shift / inputStep * outputStep;
  for (int64_t o = 0; o < size; ++o) {
    ShiftedPosition position;
    for (int64_t tap : taps(o)) {
      bool isInside = tap >= 0 && tap < state.getSize();
      position.isClean &= isInside && state.positions[tap].isClean;
      if (isInside)
        position.reads = position.reads.getHull(state.positions[tap].reads);
      position.idealReads =
          position.idealReads.getHull(state.getIdealReads(tap));
    }
    result.positions.push_back(position);
  }
  return result;
}

ShiftState ShiftAlgebra::slide(const ShiftState &state, int64_t size,
                               int64_t kernel, int64_t stride,
                               int64_t dilation) const {
  return gather(state, size, stride, 1, [&](int64_t o) {
    llvm::SmallVector<int64_t> taps;
    for (int64_t k = 0; k < kernel; ++k)
      taps.push_back(o * stride + k * dilation);
    return taps;
  });
}

// ---- Joining ----

ShiftState ShiftAlgebra::restrict(ShiftState state,
                                  const ShiftState &invariant) {
  int64_t step = std::lcm(state.inputStep, invariant.inputStep);
  state.outputStep *= step / state.inputStep;
  state.inputStep = step;
  state.wraps |= invariant.wraps;
  state.roundsAlike &= invariant.roundsAlike;
  if (invariant.contents)
    state.contents = state.contents
                         ? state.contents->getIntersection(*invariant.contents)
                         : *invariant.contents;
  return state;
}

ShiftState ShiftAlgebra::join(const ShiftState &a, const ShiftState &b) const {
  if (a.dimension != b.dimension)
    return makeBroken("it combines a value that moves along dimension " +
                      std::to_string(a.dimension) +
                      " with one that moves along dimension " +
                      std::to_string(b.dimension));
  if (a.getSize() != b.getSize() ||
      a.inputStep * b.outputStep != b.inputStep * a.outputStep)
    return makeBroken(
        "it combines values that move at different speeds: by " +
        std::to_string(a.outputStep) + " for a shift of the input by " +
        std::to_string(a.inputStep) + ", and by " +
        std::to_string(b.outputStep) + " for " + std::to_string(b.inputStep));
  ShiftState joined = restrict(a, b);
  for (auto [position, other] : llvm::zip(joined.positions, b.positions)) {
    position.isClean &= other.isClean;
    position.reads = position.reads.getHull(other.reads);
    position.idealReads = position.idealReads.getHull(other.idealReads);
  }
  return joined;
}

ShiftState ShiftAlgebra::joinPeriodic(ShiftState state, int64_t period) const {
  int64_t step = std::lcm(state.outputStep, period);
  state.inputStep *= step / state.outputStep;
  state.outputStep = step;
  if (period > 1 && check(state).kind == ShiftState::Broken)
    return makeBroken("it combines each position with a number of its own");
  return state;
}

// ---- Reductions ----

/// The longest range of the input that no spoiled position reads, and none that
/// the ideal value has outside of the tensor: contents that stay in it do so at
/// every position that they reach.
std::optional<PositionRange>
ShiftAlgebra::findContents(const ShiftState &state) const {
  // How many ranges begin, less those that end, at each position.
  std::vector<int64_t> changes(inputSize + 1);
  auto block = [&](PositionRange reads) {
    PositionRange part = reads.getIntersection({0, inputSize});
    if (part.isEmpty())
      return;
    ++changes[part.begin];
    --changes[part.end];
  };
  // Periodic contents are read at all of their places.
  auto blockPeriodic = [&](PositionRange reads) {
    int64_t begin = floorModulo(reads.begin, inputSize);
    int64_t end = begin + std::min(reads.getSize(), inputSize);
    block({begin, end});
    block({begin - inputSize, end - inputSize});
  };
  auto blockReads = [&](PositionRange reads) {
    state.wraps ? blockPeriodic(reads) : block(reads);
  };
  for (const ShiftedPosition &position : state.positions)
    if (!position.isClean) {
      blockReads(position.reads);
      blockReads(position.idealReads);
    }
  for (int64_t i = 0; i < state.outputStep; ++i) {
    blockReads(state.getIdealReads(-1 - i));
    blockReads(state.getIdealReads(state.getSize() + i));
  }
  std::partial_sum(changes.begin(), changes.end(), changes.begin());
  PositionRange contents =
      findLongestRun(inputSize, [&](int64_t i) { return changes[i] == 0; });
  if (state.contents)
    contents = contents.getIntersection(*state.contents);
  if (contents.getSize() <= state.inputStep)
    return std::nullopt;
  return contents;
}

ShiftState ShiftAlgebra::reduce(const ShiftState &state) const {
  ShiftState result = state;
  result.kind = ShiftState::Invariant;
  result.positions.clear();
  result.outputStep = 1;
  if (isCyclic(state)) {
    result.wraps = true;
    return result;
  }
  result.contents = findContents(state);
  if (!result.contents)
    return makeBroken("it combines all positions, and the border reaches those "
                      "that any contents reach");
  return result;
}
