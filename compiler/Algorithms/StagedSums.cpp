#include "compiler/Algorithms/StagedSums.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SmallVector<Value> toeplitz::addUpInStages(KernelBuilder &kernel,
                                           BlockBuilder &block,
                                           int64_t countSums, Index firstStep,
                                           Index steps,
                                           const StagedStep &step) {
  auto number = [&](int64_t value) { return kernel.constant(value); };
  step.store(step.load(firstStep), number(0));
  block.barrier();
  SmallVector<Value> sums(countSums,
                          kernel.floatConstant(0, kernel.builder.getF32Type()));
  Index last = kernel.sub(steps, number(1));
  sums = kernel.forLoop(
      number(0), last, 1, sums, [&](Index current, ValueRange carried) {
        Index next = kernel.add(current, number(1));
        SmallVector<Value> loaded = step.load(kernel.add(firstStep, next));
        SmallVector<Value> added =
            step.multiply(kernel.rem(current, number(2)), carried);
        step.store(loaded, kernel.rem(next, number(2)));
        block.barrier();
        return added;
      });
  return step.multiply(kernel.rem(last, number(2)), sums);
}

/// Each step's copies are a group, which may be empty: so all but the last
/// `stages` - 2 groups have arrived when the next step can be computed, and the
/// stage of the step before is free when all threads have met then.
SmallVector<Value> toeplitz::addUpInPipeline(KernelBuilder &kernel,
                                             BlockBuilder &block,
                                             int64_t stages, int64_t countSums,
                                             Index firstStep, Index steps,
                                             const PipelinedStep &step) {
  auto number = [&](int64_t value) { return kernel.constant(value); };
  int64_t ahead = stages - 1;
  auto bring = [&](Index place) {
    step.store(step.begin(kernel.add(firstStep, place), place), place);
  };
  std::optional<int64_t> known = getConstantIntValue(steps);
  for (int64_t i = 0; i < ahead; ++i) {
    if (i == 0 || (known && i < *known))
      bring(number(i));
    else if (!known)
      kernel.ifThen(kernel.isLess(number(i), steps), [&] { bring(number(i)); });
    block.groupCopies();
  }
  auto waitForStep = [&] {
    block.waitForGroups(stages - 2);
    if (step.publish)
      step.publish();
    block.barrier();
  };
  SmallVector<Value> sums(countSums,
                          kernel.floatConstant(0, kernel.builder.getF32Type()));
  Index whole = kernel.max(kernel.sub(steps, number(ahead)), number(0));
  // Stages follow each other in a circle. (Dividing the step's number by
  // `stages` takes many instructions more.)
  auto getNext = [&](Value stage) -> Value {
    Value next = kernel.value(kernel.add(stage, number(1)));
    return arith::SelectOp::create(kernel.builder, kernel.location,
                                   kernel.isLess(next, number(stages)), next,
                                   kernel.value(number(0)));
  };
  SmallVector<Value> state(sums);
  state.push_back(kernel.value(number(0)));
  state.push_back(kernel.value(number(ahead)));
  state = kernel.forLoop(
      number(0), whole, 1, state, [&](Index current, ValueRange carried) {
        waitForStep();
        Value stage = carried[countSums], free = carried[countSums + 1];
        Index next = kernel.add(current, number(ahead));
        SmallVector<Value> loaded, added;
        auto multiply = [&] {
          added = step.multiply(stage, carried.take_front(countSums));
        };
        // Products that go on by themselves shall do so meanwhile.
        if (step.waitForProducts)
          multiply();
        loaded = step.begin(kernel.add(firstStep, next), free);
        block.groupCopies();
        if (step.waitForProducts)
          step.waitForProducts();
        else
          multiply();
        step.store(loaded, free);
        added.push_back(getNext(stage));
        added.push_back(getNext(free));
        return added;
      });
  state.pop_back();
  state =
      kernel.forLoop(whole, steps, 1, state, [&](Index, ValueRange carried) {
        waitForStep();
        block.groupCopies();
        Value stage = carried[countSums];
        SmallVector<Value> added =
            step.multiply(stage, carried.take_front(countSums));
        if (step.waitForProducts)
          step.waitForProducts();
        added.push_back(getNext(stage));
        return added;
      });
  state.pop_back();
  return state;
}
