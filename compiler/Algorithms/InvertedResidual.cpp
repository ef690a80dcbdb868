// An inverted residual block, a pointwise convolution, a depthwise one and a
// pointwise one, by bf16x3 (see SplitBfloat16.cpp) on some of the channels
// between at a time, in steps of 32. Three steps of the kernel:
//
//   for each image: x, split                                     -> prepared
//
//   task, for each chunk of its steps
//     for each step, pair of tiles of positions                  expand
//       products with x; bias, activation                        -> scratch
//     for each position: the depthwise convolution, activation,
//                        split                                   -> scratch
//     for each pair of vectors of the result, pair of tiles      project
//       sums += products with the steps of the chunk             -> prepared
//
//   for each vector of the result: the sums of all tasks, bias,
//   residual, activation                                         -> result
//
// What lies between the convolutions is a chunk of one image, which stays in
// the second-level cache; no thread needs what another one has computed but x
// and the sums, which have several times fewer channels.

#include "compiler/Algorithms/InvertedResidual.h"
#include "compiler/Algorithms/InvertedResidualKernel.h"
#include "compiler/Algorithms/SplitBfloat16Numbers.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void InvertedResidualKernel::emitPreparation() {
  int64_t steps = plan.countInputSteps(), parts = plan.countInputParts();
  SmallVector<Index> task =
      kernel.delinearize(kernel.task, {plan.block.batch, steps, parts});
  int64_t positions = plan.countInputPositions();
  Value input = foldPositions(kernel, layers.expansion.input, 1, positions);
  int64_t partSize = getSplitSize(plan.countPaddedInput());
  Index start = scale(task[0], plan.getInputSize(),
                      scale(task[1], blockSplitParts * partSize));
  Index begin = getPartStart(task[2], parts, positions);
  Index end = getPartStart(kernel.add(task[2], number(1)), parts, positions);
  int64_t blocks = llvm::divideCeil(plan.block.inChannels, tileColumns);
  auto convert = [&](int64_t stepBlocks, int64_t lastChannels) {
    kernel.forLoop(begin, end, 1, [&](Index position) {
      Index place = scale(position, tileDepth / 2, start);
      for (int64_t b = 0; b < 2; ++b) {
        Index half = kernel.add(place, number(b * tileColumns / 2));
        if (b >= stepBlocks) {
          clearSplit(layers.prepared, {half}, partSize);
          continue;
        }
        Value numbers =
            kernel.loadVector(input,
                              {task[0], scale(task[1], 2, number(b)), number(0),
                               position, number(0)},
                              tileColumns);
        storeSplit(keepFirst(kernel, numbers,
                             b + 1 == stepBlocks ? lastChannels : tileColumns),
                   layers.prepared, {half}, partSize);
      }
    });
  };
  // The last step may have fewer channels.
  int64_t lastBlocks = blocks - (steps - 1) * 2;
  int64_t lastChannels = plan.block.inChannels - (blocks - 1) * tileColumns;
  Index last = number(steps - 1);
  if (steps > 1)
    kernel.ifThen(kernel.isLess(task[1], last),
                  [&] { convert(2, tileColumns); });
  kernel.ifThen(kernel.isLess(kernel.sub(last, task[1]), number(1)),
                [&] { convert(lastBlocks, lastChannels); });
}

void InvertedResidualKernel::emitCompletion() {
  int64_t vectors = plan.countOutputVectors();
  int64_t positions = plan.countOutputPositions();
  int64_t vectorParts = plan.countVectorParts();
  int64_t positionParts = plan.countOutputParts();
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.block.batch, vectorParts, positionParts});
  ConvolutionBuffers buffers = layers.projection;
  for (Value *buffer : {&buffers.output, &buffers.residual})
    if (*buffer)
      *buffer = foldPositions(kernel, *buffer, 1, positions);
  Index begin = getPartStart(task[2], positionParts, positions);
  Index end =
      getPartStart(kernel.add(task[2], number(1)), positionParts, positions);
  Index first = scale(task[0], plan.parts * plan.getSumsSize(),
                      number(plan.getSumsStart()));
  auto [firstVector, endVector] =
      getPart(kernel, task[1], llvm::divideCeil(vectors, vectorParts), vectors);
  kernel.forLoop(firstVector, endVector, 1, [&](Index vector) {
    SmallVector<Value> bias = loadBias(buffers.bias, vector, 1);
    kernel.forLoop(begin, end, 1, [&](Index position) {
      Index place = scale(scale(vector, plan.countPaddedOutput(), position),
                          tileColumns, first);
      Value sum;
      for (int64_t part = 0; part < plan.parts; ++part) {
        Value share = kernel.loadVector(
            layers.prepared,
            {kernel.add(place, number(part * plan.getSumsSize()))},
            tileColumns);
        sum = sum ? kernel.create<arith::AddFOp>(sum, share) : share;
      }
      if (buffers.bias)
        sum = kernel.create<arith::AddFOp>(sum, bias.front());
      finishVector(kernel, buffers, op.getActivationAttr(), sum,
                   {task[0], vector, number(0), position, number(0)});
    });
  });
}

static InvertedResidualPlan getPlan(Operation *op) {
  return InvertedResidualPlan(cast<kernel::InvertedResidualOp>(op));
}

static int64_t countTasks(Operation *op) { return getPlan(op).countTasks(); }

static int64_t countPreparations(Operation *op) {
  return getPlan(op).countPreparations();
}

static int64_t countCompletions(Operation *op) {
  return getPlan(op).countCompletions();
}

static LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto block = cast<kernel::InvertedResidualOp>(op);
  if (!kernel.target.getAmx())
    return block.emitOpError("needs a target with tile registers");
  if (!block.getScratch() || !block.getPrepared())
    return block.emitOpError("has no memory to work in; allocate-scratch must "
                             "run before this pass");
  InvertedResidualKernel loops(block, kernel);
  switch (kernel.step) {
  case KernelStep::Preparation:
    loops.emitPreparation();
    break;
  case KernelStep::Main:
    loops.emitTask();
    break;
  case KernelStep::Completion:
    loops.emitCompletion();
    break;
  }
  return success();
}

KernelLowering toeplitz::getInvertedResidualLowering() {
  KernelLowering lowering = {kernel::InvertedResidualOp::getOperationName(),
                             countTasks, emit,
                             countScratchRows<kernel::InvertedResidualOp>};
  lowering.countPreparations = countPreparations;
  lowering.countCompletions = countCompletions;
  return lowering;
}
