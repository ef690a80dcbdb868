// Two ways to bring inputs to the lanes of their groups:
//
//   vectors of whole groups (4 channels each, say) that read the same channels:
//   the vector of inputs is loaded, and in each step shuffled so that all lanes
//   of a group have one of its channels;
//
//   others, where a vector has the end of one group and the begin of the next
//   one (24 channels each): in each step one channel of each group is
//   loaded into all lanes, and lanes choose.

#include "compiler/Algorithms/LaneInputs.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

int64_t ChannelGroups::countInVector(int64_t lanes) const {
  if (outputs % lanes == 0)
    return 1;
  // The first lane may be the last one of its group, unless groups divide
  // vectors.
  return lanes % outputs == 0 ? lanes / outputs
                              : llvm::divideCeil(lanes - 1, outputs) + 1;
}

LaneInputs::LaneInputs(KernelBuilder &kernel, const ChannelGroups &groups,
                       Value input, Index image, Index block, int64_t count)
    : kernel(kernel), groups(groups), input(input), image(image), block(block) {
  int64_t lanes = kernel.target.getLanes();
  if (groups.isShuffle(lanes))
    return;
  auto number = [&](int64_t value) { return kernel.constant(value); };
  Index firstOutput = kernel.mul(block, number(lanes));
  Index firstGroup = kernel.div(firstOutput, number(groups.outputs));
  OpBuilder &builder = kernel.builder;
  for (int64_t i = 0; i < count; ++i) {
    Part part;
    Index group = kernel.add(firstGroup, number(i));
    // Lanes that fill up the last vector belong to no group: their weights are
    // zero, and what they multiply has to lie in the input.
    part.firstChannel = kernel.mul(kernel.min(group, number(groups.groups - 1)),
                                   number(groups.inputs));
    if (i > 0) {
      Index firstLane =
          kernel.sub(kernel.mul(group, number(groups.outputs)), firstOutput);
      // Where LLVM knows which lanes choose what, it writes shuffles, which
      // fewer of a core's units can do. It doesn't know that no task has a
      // negative number.
      if (lanes % groups.outputs == 0)
        firstLane = kernel.add(firstLane, kernel.min(kernel.task, number(0)));
      auto type = VectorType::get({lanes}, builder.getIndexType());
      Value counted = vector::StepOp::create(builder, kernel.location, type);
      Value first = vector::BroadcastOp::create(builder, kernel.location, type,
                                                kernel.value(firstLane));
      part.lanes = arith::CmpIOp::create(
          builder, kernel.location, arith::CmpIPredicate::sge, counted, first);
    }
    parts.push_back(part);
  }
}

LaneInputs::Run LaneInputs::getRun(Index step, ArrayRef<Index> firstPosition,
                                   int64_t length) const {
  int64_t lanes = kernel.target.getLanes();
  // Views that begin at the run: its positions are constants behind one
  // address. Were they indices of the input, LLVM would keep what doesn't
  // depend on the step in a register for each of them.
  auto view = [&](Index inputBlock, Index lane, int64_t width) {
    SmallVector<OpFoldResult> offsets = {image, inputBlock};
    llvm::append_range(offsets, firstPosition);
    offsets.push_back(lane);
    SmallVector<OpFoldResult> sizes(offsets.size(), kernel.constant(1)),
        strides(offsets.size(), kernel.constant(1));
    sizes.end()[-2] = kernel.constant(length);
    sizes.back() = kernel.constant(width);
    auto type = cast<MemRefType>(memref::SubViewOp::inferRankReducedResultType(
        {length, width}, cast<MemRefType>(input.getType()), offsets, sizes,
        strides));
    return memref::SubViewOp::create(kernel.builder, kernel.location, type,
                                     input, offsets, sizes, strides)
        .getResult();
  };
  Run run(*this);
  if (parts.empty()) {
    run.positions.push_back(view(block, kernel.constant(0), lanes));
    if (groups.inputs > 1)
      for (int64_t lane = 0; lane < lanes; ++lane)
        run.shuffle.push_back(lane / groups.inputs * groups.inputs +
                              *getConstantIntValue(step));
    return run;
  }
  for (const Part &part : parts) {
    Index channel = kernel.add(part.firstChannel, step);
    run.positions.push_back(view(kernel.div(channel, kernel.constant(lanes)),
                                 kernel.rem(channel, kernel.constant(lanes)),
                                 1));
  }
  return run;
}

Value LaneInputs::Run::load(int64_t offset) const {
  KernelBuilder &kernel = inputs.kernel;
  OpBuilder &builder = kernel.builder;
  int64_t lanes = kernel.target.getLanes();
  SmallVector<Index> place = {kernel.constant(offset), kernel.constant(0)};
  if (inputs.parts.empty()) {
    Value vector = kernel.loadVector(positions.front(), place, lanes);
    return shuffle.empty() ? vector
                           : vector::ShuffleOp::create(builder, kernel.location,
                                                       vector, vector, shuffle);
  }
  Value result;
  for (auto [part, channel] : llvm::zip(inputs.parts, positions)) {
    Value everywhere =
        kernel.broadcast(kernel.loadScalar(channel, place), lanes);
    result =
        part.lanes
            ? Value(arith::SelectOp::create(builder, kernel.location,
                                            part.lanes, everywhere, result))
            : everywhere;
  }
  return result;
}

Value toeplitz::isOneGroup(KernelBuilder &kernel, const ChannelGroups &groups,
                           Index block) {
  int64_t lanes = kernel.target.getLanes();
  // The place of the block's first channel in its group.
  Index first = kernel.rem(kernel.mul(block, kernel.constant(lanes)),
                           kernel.constant(groups.outputs));
  return kernel.isLess(first, kernel.constant(groups.outputs - lanes + 1));
}
