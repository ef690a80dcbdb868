#include "compiler/Algorithms/TileReduction.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

Accumulators toeplitz::startAccumulators(KernelBuilder &kernel, Value bias,
                                         Index vectorIndex, int64_t positions,
                                         int64_t vectors) {
  int64_t lanes = kernel.target.getLanes();
  SmallVector<Value> starts;
  for (int64_t v = 0; v < vectors; ++v)
    starts.push_back(
        bias ? kernel.loadVector(bias,
                                 {kernel.add(vectorIndex, kernel.constant(v)),
                                  kernel.constant(0)},
                                 lanes)
             : kernel.splat(0.0f, lanes));
  Accumulators accumulators;
  for (int64_t t = 0; t < positions; ++t)
    llvm::append_range(accumulators, starts);
  return accumulators;
}

namespace {
/// What the loops of forOuterTaps share.
struct OuterTaps {
  KernelBuilder &kernel;
  ArrayRef<Dimension> dimensions;
  ArrayRef<Index> outer;
  llvm::function_ref<Accumulators(Index, ArrayRef<Index>, Accumulators)> body;

  /// The loops of the dimensions that `position` lacks.
  Accumulators emit(Accumulators sums, Index tap, ArrayRef<Index> position) {
    size_t d = position.size();
    if (d == outer.size())
      return body(tap, position, std::move(sums));
    const Dimension &dimension = dimensions[d];
    auto number = [&](int64_t value) { return kernel.constant(value); };
    TapRange range = getTapRange(kernel, dimension, outer[d]);
    return kernel.forLoop(
        range.first, range.end, 1, sums,
        [&](Index outerTap, ValueRange carried) {
          SmallVector<Index> next(position);
          next.push_back(kernel.sub(
              kernel.add(kernel.mul(outer[d], number(dimension.stride)),
                         kernel.mul(outerTap, number(dimension.dilation))),
              number(dimension.paddingLow)));
          Index nextTap =
              kernel.add(kernel.mul(tap, number(dimension.kernel)), outerTap);
          return emit(Accumulators(carried), nextTap, next);
        });
  }
};
} // namespace

Accumulators toeplitz::forOuterTaps(
    KernelBuilder &kernel, ArrayRef<Dimension> dimensions,
    ArrayRef<Index> outer, Accumulators sums,
    llvm::function_ref<Accumulators(Index, ArrayRef<Index>, Accumulators)>
        body) {
  OuterTaps taps = {kernel, dimensions, outer, body};
  return taps.emit(std::move(sums), kernel.constant(0), {});
}

/// One step of the reduction: accumulators[t][v] += input(t) * weight(v), for
/// the positions t for which `input` gives a value.
static void multiplyAccumulate(KernelBuilder &kernel,
                               Accumulators &accumulators, int64_t vectors,
                               ArrayRef<Value> weights,
                               llvm::function_ref<Value(int64_t)> input) {
  int64_t positions = static_cast<int64_t>(accumulators.size()) / vectors;
  for (int64_t t = 0; t < positions; ++t) {
    Value scalar = input(t);
    if (!scalar)
      continue;
    Value everywhere = kernel.broadcast(scalar, kernel.target.getLanes());
    for (int64_t v = 0; v < vectors; ++v) {
      Value &accumulator = accumulators[t * vectors + v];
      accumulator = kernel.multiplyAdd(everywhere, weights[v], accumulator);
    }
  }
}

/// The same by element: position t reads lane `lane` of inputs[t], which is
/// null where it lies in the padding. The positions' vectors are in registers
/// anyway; a vector of weights then needs one for a short while only.
static void multiplyAccumulateLane(KernelBuilder &kernel,
                                   Accumulators &accumulators,
                                   ArrayRef<Value> weights,
                                   ArrayRef<Value> inputs, int64_t lane) {
  SmallVector<Value> factors;
  for (Value input : inputs)
    factors.push_back(
        input ? kernel.broadcast(vector::ExtractOp::create(kernel.builder,
                                                           kernel.location,
                                                           input, lane),
                                 kernel.target.getLanes())
              : Value());
  for (auto [v, weight] : llvm::enumerate(weights))
    for (auto [t, factor] : llvm::enumerate(factors)) {
      if (!factor)
        continue;
      Value &accumulator = accumulators[t * weights.size() + v];
      accumulator = kernel.multiplyAdd(factor, weight, accumulator);
    }
}

/// Whether the inputs of neighbouring channels are loaded as one vector.
static bool reducesByElement(int64_t channels, kernel::TargetAttr target) {
  return target.getByElement() && channels % target.getLanes() == 0;
}

// Two steps halve the weight of the loop's own instructions; with four, LLVM
// moves loads so far ahead that accumulators are spilled. By element, a vector
// of channels has the factors of as many steps.
int64_t toeplitz::countSteps(int64_t channels, kernel::TargetAttr target) {
  if (reducesByElement(channels, target))
    return target.getLanes();
  return channels % 2 == 0 ? 2 : 1;
}

Accumulators toeplitz::reduceChannels(
    KernelBuilder &kernel, ValueRange accumulators, Value filter,
    Index filterStart, int64_t channels, int64_t vectors,
    llvm::function_ref<std::optional<InputPlace>(Index, int64_t)> input,
    llvm::function_ref<void(Index, int64_t, int64_t)> prefetch) {
  int64_t lanes = kernel.target.getLanes();
  bool byElement = reducesByElement(channels, kernel.target);
  int64_t steps = countSteps(channels, kernel.target);
  int64_t positions = static_cast<int64_t>(accumulators.size()) / vectors;
  auto emitSteps = [&](Index firstChannel, ValueRange carried) {
    Accumulators sums(carried);
    SmallVector<Value> inputs;
    for (int64_t t = 0; t < positions && byElement; ++t) {
      auto place = input(firstChannel, t);
      inputs.push_back(
          place ? kernel.loadVector(place->buffer, place->indices, lanes)
                : Value());
    }
    for (int64_t step = 0; step < steps; ++step) {
      Index channel = kernel.add(firstChannel, kernel.constant(step));
      Index row = kernel.add(
          filterStart, kernel.mul(channel, kernel.constant(vectors * lanes)));
      SmallVector<Value> weights;
      for (int64_t v = 0; v < vectors; ++v)
        weights.push_back(kernel.loadVector(
            filter, {kernel.add(row, kernel.constant(v * lanes))}, lanes));
      if (prefetch)
        prefetch(firstChannel, step, steps);
      if (byElement) {
        multiplyAccumulateLane(kernel, sums, weights, inputs, step);
        continue;
      }
      multiplyAccumulate(
          kernel, sums, vectors, weights, [&](int64_t t) -> Value {
            auto place = input(channel, t);
            return place ? kernel.loadScalar(place->buffer, place->indices)
                         : Value();
          });
    }
    return sums;
  };
  return kernel.forLoop(kernel.constant(0), kernel.constant(channels), steps,
                        accumulators, emitSteps);
}
