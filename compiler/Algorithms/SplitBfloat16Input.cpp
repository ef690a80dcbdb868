// The input of bf16x3 and bf16x6: a panel of it, split and with its padding.

#include "compiler/Algorithms/SplitBfloat16Kernel.h"
#include "compiler/Algorithms/SplitBfloat16Numbers.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void SplitBfloat16Kernel::convert(const Panel &panel, Index firstStep,
                                  Index endStep) {
  // As many rows as the panel's outputs read: the last one may have fewer.
  Index outputs = kernel.sub(panel.endRow, panel.firstRow);
  Index inputs = kernel.add(kernel.mul(kernel.sub(outputs, number(1)),
                                       number(plan.getPanelStride(1))),
                            number((rows.kernel - 1) * rows.dilation + 1));
  kernel.forLoop(firstStep, endStep, 1, [&](Index step) {
    kernel.forLoop(number(0), number(plan.dimensions[0].kernel), 1,
                   [&](Index depthTap) {
                     kernel.forLoop(number(0), inputs, 1, [&](Index row) {
                       convertRow(panel, step, depthTap, row);
                     });
                   });
  });
}

/// One row of a panel: zeros before the input, what lies in it, zeros behind.
void SplitBfloat16Kernel::convertRow(const Panel &panel, Index step,
                                     Index depthTap, Index row) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  int64_t blockChannels = tileColumns;
  int64_t stepBlocks = plan.stepChannels / blockChannels;
  // The blocks of the input that hold a group: groups are whole blocks.
  int64_t groupBlocks = llvm::divideCeil(plan.inChannels, blockChannels);
  Index group = kernel.div(step, number(plan.channelSteps));
  Index groupStep = kernel.rem(step, number(plan.channelSteps));
  Index firstBlock =
      scale(group, groupBlocks, kernel.mul(groupStep, number(stepBlocks)));

  // Where this row and its first column lie in the input.
  Index depth = kernel.sub(scale(panel.depth, depths.stride,
                                 kernel.mul(depthTap, number(depths.dilation))),
                           number(depths.paddingLow));
  Index inputRow =
      kernel.sub(kernel.add(kernel.mul(panel.firstRow, number(rows.stride)),
                            kernel.mul(row, number(plan.getInputStep(1)))),
                 number(rows.paddingLow));
  Index firstColumn = kernel.sub(
      kernel.mul(panel.firstTile, number(plan.tilePositions * columns.stride)),
      number(columns.paddingLow));
  int64_t columnStep = plan.getInputStep(2);
  int64_t count = plan.getInputColumns();
  Index rowStart = kernel.mul(scale(depthTap, plan.getInputRows(), row),
                              number(plan.getPitch() * plan.stepChannels));
  auto position = [&](Index column) {
    return kernel.add(rowStart, kernel.mul(column, number(plan.stepChannels)));
  };

  // Columns [begin, end) of the panel lie in the input.
  Index begin =
      kernel.max(number(0), kernel.ceilDiv(kernel.sub(number(0), firstColumn),
                                           number(columnStep)));
  Index end = kernel.max(
      number(0),
      kernel.min(number(count),
                 kernel.ceilDiv(kernel.sub(number(columns.input), firstColumn),
                                number(columnStep))));
  begin = kernel.min(begin, number(count));
  end = kernel.max(begin, end);

  Value zero = zeros(plan.stepChannels);
  auto clear = [&](Index from, Index to) {
    kernel.forLoop(from, to, 1, [&](Index column) {
      storeParts(step, position(column), SmallVector<Value>(plan.parts, zero));
    });
  };
  auto copy = [&](int64_t blocks, int64_t lastChannels) {
    SmallVector<ChannelPrologue> prologue =
        loadPrologue(panel.image, firstBlock, blocks);
    kernel.forLoop(begin, end, 1, [&](Index column) {
      Index inputColumn =
          kernel.add(firstColumn, kernel.mul(column, number(columnStep)));
      convertChannels(step, blocks, position(column), [&](int64_t block) {
        SmallVector<Index> place = {panel.image,
                                    kernel.add(firstBlock, number(block))};
        // (Folded: one row.)
        size_t rank = countPositions();
        Index all[] = {depth, inputRow, inputColumn};
        place.append(std::end(all) - rank, std::end(all));
        place.push_back(number(0));
        Value numbers = kernel.loadVector(buffers.input, place, blockChannels);
        return keepFirst(kernel, applyPrologue(numbers, prologue[block]),
                         block + 1 < blocks ? blockChannels : lastChannels);
      });
    });
  };
  auto fill = [&] {
    clear(number(0), begin);
    if (plan.isPlain) {
      convertColumns(
          step, begin, end, position, [&](int64_t channel, Index column) {
            Index inputColumn =
                kernel.add(firstColumn, kernel.mul(column, number(columnStep)));
            SmallVector<Index> place = {panel.image, number(channel)};
            Index all[] = {depth, inputRow, inputColumn};
            place.append(std::end(all) - countPositions(), std::end(all));
            return place;
          });
      clear(end, number(count));
      return;
    }
    int64_t last = groupBlocks - (plan.channelSteps - 1) * stepBlocks;
    int64_t lastChannels = plan.inChannels - (groupBlocks - 1) * blockChannels;
    if (last == stepBlocks && lastChannels == blockChannels) {
      copy(stepBlocks, blockChannels);
    } else if (plan.channelSteps == 1) {
      copy(last, lastChannels);
    } else {
      // The last step of a group has fewer channels.
      Value isLast = arith::CmpIOp::create(
          builder, location, arith::CmpIPredicate::eq, kernel.value(groupStep),
          kernel.value(number(plan.channelSteps - 1)));
      auto branch = scf::IfOp::create(builder, location, isLast,
                                      /*withElseRegion=*/true);
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(branch.thenBlock());
      copy(last, lastChannels);
      builder.setInsertionPointToStart(branch.elseBlock());
      copy(stepBlocks, blockChannels);
    }
    clear(end, number(count));
  };

  // Rows in the padding are zeros.
  Value inside;
  for (auto [place, dimension] :
       {std::pair(depth, &depths), std::pair(inputRow, &rows)}) {
    if (dimension->kernel == 1 && dimension->paddingLow == 0 &&
        dimension->getInputPosition(dimension->output - 1, 0) <
            dimension->input)
      continue;
    // As unsigned numbers, positions before the input are beyond it too.
    Value within = arith::CmpIOp::create(
        builder, location, arith::CmpIPredicate::ult, kernel.value(place),
        kernel.value(number(dimension->input)));
    inside =
        inside ? Value(arith::AndIOp::create(builder, location, inside, within))
               : within;
  }
  if (!inside) {
    fill();
    return;
  }
  auto branch = scf::IfOp::create(builder, location, inside,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  fill();
  builder.setInsertionPointToStart(branch.elseBlock());
  clear(number(0), number(count));
}

Value SplitBfloat16Kernel::zeros(int64_t lanes) {
  auto type = VectorType::get({lanes}, bfloat16());
  return arith::ConstantOp::create(
      kernel.builder, kernel.location,
      DenseElementsAttr::get(type, kernel.builder.getFloatAttr(bfloat16(), 0)));
}

void SplitBfloat16Kernel::storeParts(Index step, Index position,
                                     ArrayRef<Value> parts) {
  Value memory = preparedPanel ? buffers.prepared : buffers.scratch;
  for (auto [part, numbers] : llvm::enumerate(parts))
    kernel.storeVector(numbers, memory,
                       getPlace(step, static_cast<int64_t>(part), position));
}

/// Splits the channels of one position: `blocks` of 16 are loaded, the rest of
/// the step is zero.
void SplitBfloat16Kernel::convertChannels(
    Index step, int64_t blocks, Index position,
    llvm::function_ref<Value(int64_t)> load) {
  Value zero = zeros(tileColumns);
  for (int64_t block = 0; block < plan.stepChannels / tileColumns; ++block)
    storeParts(step, kernel.add(position, number(block * tileColumns)),
               block < blocks
                   ? splitIntoBfloat16(kernel, load(block), plan.parts)
                   : SmallVector<Value>(plan.parts, zero));
}

/// The prologue of some blocks of channels: loaded once for all positions of a
/// row.
SmallVector<SplitBfloat16Kernel::ChannelPrologue>
SplitBfloat16Kernel::loadPrologue(Index image, Index firstBlock,
                                  int64_t blocks) {
  auto load = [&](Value buffer, int64_t block) -> Value {
    if (!buffer)
      return {};
    SmallVector<Index> place;
    // (Or there is one for all images.)
    if (cast<MemRefType>(buffer.getType()).getRank() == 3)
      place.push_back(image);
    place.append({kernel.add(firstBlock, number(block)), number(0)});
    return kernel.loadVector(buffer, place, tileColumns);
  };
  SmallVector<ChannelPrologue> prologue;
  for (int64_t block = 0; block < blocks; ++block)
    prologue.push_back(
        {load(buffers.inputScale, block), load(buffers.inputShift, block)});
  return prologue;
}

Value SplitBfloat16Kernel::applyPrologue(Value numbers,
                                         const ChannelPrologue &channels) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  if (channels.scale && channels.shift)
    numbers = kernel.multiplyAdd(numbers, channels.scale, channels.shift);
  else if (channels.scale)
    numbers = arith::MulFOp::create(builder, location, numbers, channels.scale);
  else if (channels.shift)
    numbers = arith::AddFOp::create(builder, location, numbers, channels.shift);
  return kernel.activate(numbers, op.getInputActivationAttr());
}

/// The first elements of all vectors, then the second ones, and so on; there
/// are 2^n vectors.
static Value interleaveVectors(OpBuilder &builder, Location location,
                               ArrayRef<Value> vectors) {
  if (vectors.size() == 1)
    return vectors.front();
  SmallVector<Value> even, odd;
  for (auto [i, vector] : llvm::enumerate(vectors))
    (i % 2 == 0 ? even : odd).push_back(vector);
  Value left = interleaveVectors(builder, location, even);
  Value right = interleaveVectors(builder, location, odd);
  int64_t lanes = cast<VectorType>(left.getType()).getNumElements();
  SmallVector<int64_t> mask;
  for (int64_t lane = 0; lane < lanes; ++lane)
    mask.append({lane, lanes + lane});
  return vector::ShuffleOp::create(builder, location, left, right, mask);
}

/// Splits columns [begin, end) of a plain input: 16 of them of each channel,
/// and what is left one by one. `place` is where a channel's column lies.
void SplitBfloat16Kernel::convertColumns(
    Index step, Index begin, Index end,
    llvm::function_ref<Index(Index)> position,
    llvm::function_ref<SmallVector<Index>(int64_t, Index)> place) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  Index whole = begin;
  if (plan.getInputStep(2) == 1) {
    whole = kernel.add(begin, kernel.mul(kernel.div(kernel.sub(end, begin),
                                                    number(tileColumns)),
                                         number(tileColumns)));
    kernel.forLoop(begin, whole, tileColumns, [&](Index column) {
      Value zero = zeros(tileColumns);
      std::vector<SmallVector<Value>> parts(
          plan.parts, SmallVector<Value>(plan.stepChannels, zero));
      for (int64_t c = 0; c < plan.inChannels; ++c)
        for (auto [part, numbers] : llvm::enumerate(splitIntoBfloat16(
                 kernel,
                 kernel.loadVector(buffers.input, place(c, column),
                                   tileColumns),
                 plan.parts)))
          parts[part][c] = numbers;
      storeParts(step, position(column),
                 llvm::map_to_vector(parts, [&](ArrayRef<Value> channels) {
                   return interleaveVectors(builder, location, channels);
                 }));
    });
  }
  kernel.forLoop(whole, end, 1, [&](Index column) {
    Value numbers = kernel.splat(0.0f, tileColumns);
    for (int64_t c = 0; c < plan.inChannels; ++c)
      numbers = vector::InsertOp::create(
          builder, location, kernel.loadScalar(buffers.input, place(c, column)),
          numbers, c);
    storeParts(
        step, position(column),
        llvm::map_to_vector(splitIntoBfloat16(kernel, numbers, plan.parts),
                            [&](Value part) -> Value {
                              return vector::ExtractStridedSliceOp::create(
                                  builder, location, part, ArrayRef<int64_t>{0},
                                  ArrayRef<int64_t>{plan.stepChannels},
                                  ArrayRef<int64_t>{1});
                            }));
  });
}
