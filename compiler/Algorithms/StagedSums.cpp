#include "compiler/Algorithms/StagedSums.h"

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
