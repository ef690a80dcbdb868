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

namespace {

/// The steps of a pipeline: see addUpInPipeline.
class Pipeline {
public:
  Pipeline(KernelBuilder &kernel, BlockBuilder &block, int64_t stages,
           int64_t countSums, const PipelinedStep &step)
      : kernel(kernel), block(block), stages(stages), countSums(countSums),
        step(step) {}

  SmallVector<Value> addUp(Index firstStep, Index steps);

private:
  void begin(Index firstStep, Index steps);
  void groupCopies();
  void waitForStep(ValueRange carried, bool meet = true);
  SmallVector<Value> multiply(ValueRange carried);
  Value getNext(Value stage);
  void advance(ValueRange carried, SmallVectorImpl<Value> &state);

  Index number(int64_t value) { return kernel.constant(value); }
  int64_t ahead() const { return stages - 1; }

  KernelBuilder &kernel;
  BlockBuilder &block;
  int64_t stages, countSums;
  const PipelinedStep &step;
};

} // namespace

void Pipeline::groupCopies() {
  if (step.groupsCopies)
    block.groupCopies();
}

/// The first copies.
void Pipeline::begin(Index firstStep, Index steps) {
  auto bring = [&](Index place) {
    step.store(step.begin(kernel.add(firstStep, place), place), place);
  };
  std::optional<int64_t> known = getConstantIntValue(steps);
  for (int64_t i = 0; i < ahead(); ++i) {
    if (i == 0 || (known && i < *known))
      bring(number(i));
    else if (!known)
      kernel.ifThen(kernel.isLess(number(i), steps), [&] { bring(number(i)); });
    groupCopies();
  }
}

/// A step's state is the sums, its stage and, where arrivals are waited for,
/// the parity of the stage's use.
void Pipeline::waitForStep(ValueRange carried, bool meet) {
  if (step.groupsCopies)
    block.waitForGroups(stages - 2);
  if (step.waitForArrival)
    step.waitForArrival(carried[countSums], carried[countSums + 1]);
  if (step.publish)
    step.publish();
  if (meet)
    block.barrier();
}

SmallVector<Value> Pipeline::multiply(ValueRange carried) {
  return step.multiply(carried[countSums], carried.take_front(countSums));
}

/// Stages follow each other in a circle. (Dividing the step's number by
/// `stages` takes many instructions more.)
Value Pipeline::getNext(Value stage) {
  Value next = kernel.value(kernel.add(stage, number(1)));
  return arith::SelectOp::create(kernel.builder, kernel.location,
                                 kernel.isLess(next, number(stages)), next,
                                 kernel.value(number(0)));
}

/// Adds the next step's stage, and parity.
void Pipeline::advance(ValueRange carried, SmallVectorImpl<Value> &state) {
  Value next = getNext(carried[countSums]);
  state.push_back(next);
  if (!step.waitForArrival)
    return;
  Value parity = carried[countSums + 1];
  state.push_back(arith::SelectOp::create(
      kernel.builder, kernel.location, kernel.isLess(number(0), next), parity,
      kernel.value(kernel.sub(number(1), parity))));
}

/// Each step's copies are a group, which may be empty: so all but the last
/// `stages` - 2 groups have arrived when the next step can be computed, and the
/// stage of the step before is free when all threads have met then.
SmallVector<Value> Pipeline::addUp(Index firstStep, Index steps) {
  begin(firstStep, steps);
  Value zero = kernel.floatConstant(0, kernel.builder.getF32Type());
  SmallVector<Value> state(countSums, zero);
  Index whole = kernel.max(kernel.sub(steps, number(ahead())), number(0));
  state.push_back(kernel.value(number(0)));
  if (step.waitForArrival)
    state.push_back(kernel.value(number(0)));
  state.push_back(kernel.value(number(ahead())));
  state = kernel.forLoop(
      number(0), whole, 1, state, [&](Index current, ValueRange carried) {
        waitForStep(carried);
        Value free = carried.back();
        Index next = kernel.add(current, number(ahead()));
        SmallVector<Value> loaded, added;
        // Products that go on by themselves shall do so meanwhile.
        if (step.waitForProducts)
          added = multiply(carried);
        loaded = step.begin(kernel.add(firstStep, next), free);
        groupCopies();
        if (step.waitForProducts)
          step.waitForProducts();
        else
          added = multiply(carried);
        step.store(loaded, free);
        advance(carried, added);
        added.push_back(getNext(free));
        return added;
      });
  state.pop_back();
  // Nothing is copied to a stage any more: threads meet for what each of them
  // has brought, if anything.
  bool meet = step.groupsCopies || step.publish;
  state =
      kernel.forLoop(whole, steps, 1, state, [&](Index, ValueRange carried) {
        waitForStep(carried, meet);
        groupCopies();
        SmallVector<Value> added = multiply(carried);
        if (step.waitForProducts)
          step.waitForProducts();
        advance(carried, added);
        return added;
      });
  state.truncate(countSums);
  return state;
}

SmallVector<Value> toeplitz::addUpInPipeline(KernelBuilder &kernel,
                                             BlockBuilder &block,
                                             int64_t stages, int64_t countSums,
                                             Index firstStep, Index steps,
                                             const PipelinedStep &step) {
  return Pipeline(kernel, block, stages, countSums, step)
      .addUp(firstStep, steps);
}
