// The loops of direct and pointwise convolutions:
//
//   for each block of output channels of the task          (its weights stay in
//   the caches)
//     for each row of output positions of the task
//       for each run of tiles of the row                   (borders and
//       interior have code of their own)
//         for each tile: accumulators = bias
//           for each block of input channels
//             for each tap of the outer dimensions inside of the input
//               each tap of the innermost dimension, written out
//                 for each channel of the block: one step of the reduction
//           residual, activation, store
//
// No position of the padding is read or multiplied. With several rounds of
// channels all of this is done for each of them, or block by block: the first
// one also adds the residual, the others begin with what lies in the output,
// and the last one applies the activation.

#include "compiler/Algorithms/BlockedKernel.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// Writes the loops from a blueprint.
class Emitter {
public:
  Emitter(KernelBuilder &kernel, const BlockedKernel &blueprint,
          const ConvolutionBuffers &buffers)
      : kernel(kernel), blueprint(blueprint), buffers(buffers),
        lanes(kernel.target.getLanes()), columns(blueprint.dimensions.back()),
        groupVectors(blueprint.countGroupVectors(lanes)),
        groupBlocks(blueprint.countGroupBlocks(lanes)),
        taps(blueprint.countTaps()),
        prefetch(planFilterPrefetch(blueprint, kernel.target)),
        prefetchesInput(asksForInput(blueprint, kernel.target)) {}

  void emit(const TaskRange &range);

private:
  /// What is known inside of the loops over blocks and rows.
  struct Place {
    Index image, group;
    /// The first vector of the block: in its group, and over all groups.
    Index groupVector, vector;
    int64_t vectors = 1;
    /// The output position in each dimension but the last, and the taps there
    /// that reach the input.
    SmallVector<Index> outer;
    SmallVector<TapRange> outerTaps;
    /// The row's number in the task, and the column in which its piece begins.
    Index row, firstColumn;
  };

  void forRounds(llvm::function_ref<void()> body);
  void forBlocks(const TaskRange &range, llvm::function_ref<void(Place)> body);
  void emitBlock(Place place, const TaskRange &range);
  void emitRow(const Place &place);
  void emitTile(const Place &place, const ColumnRun &run, Index column);
  Accumulators emitChannels(const Place &place, const ColumnRun &run,
                            Index column, Accumulators accumulators,
                            Index firstChannel, int64_t channels);
  Accumulators emitTaps(const Place &place, const ColumnRun &run, Index column,
                        Accumulators accumulators, Index firstChannel,
                        int64_t channels, size_t dimension, Index tap,
                        SmallVector<Index> inputPosition);
  Accumulators emitTap(const Place &place, const ColumnRun &run, Index column,
                       Accumulators accumulators, Index firstChannel,
                       int64_t channels, Index tap,
                       ArrayRef<Index> inputPosition, Index columnTap,
                       ArrayRef<bool> reaches);

  SmallVector<Index> getOutputPlace(const Place &place, Index column, int64_t t,
                                    int64_t v);
  Accumulators startTile(const Place &place, const ColumnRun &run,
                         Index column);
  void finishTile(const Place &place, const ColumnRun &run, Index column,
                  const Accumulators &accumulators);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const BlockedKernel &blueprint;
  const ConvolutionBuffers &buffers;
  int64_t lanes;
  const Dimension &columns;
  int64_t groupVectors, groupBlocks, taps;
  /// Whether the filter is asked for ahead: see planFilterPrefetch.
  std::optional<FilterPrefetch> prefetch;
  /// Whether the next tile's input is: see asksForInput.
  bool prefetchesInput;
  /// The first float that this tile asks for.
  Index prefetchStart;
  /// The round: its channels, and whether it is the first or the last one.
  Index roundStart;
  int64_t roundChannels = 0;
  bool isFirst = true, isLast = true;
};

void Emitter::emit(const TaskRange &range) {
  if (blueprint.blocksFirst)
    forBlocks(range, [&](const Place &place) {
      forRounds([&] { emitBlock(place, range); });
    });
  else
    forRounds([&] {
      forBlocks(range, [&](const Place &place) { emitBlock(place, range); });
    });
}

void Emitter::forRounds(llvm::function_ref<void()> body) {
  auto emitRound = [&](Index start, int64_t channels) {
    roundStart = start;
    roundChannels = channels;
    body();
  };
  int64_t rounds = blueprint.countRounds();
  int64_t each = blueprint.getRoundChannels();
  isFirst = true;
  isLast = rounds == 1;
  emitRound(number(0), std::min(each, blueprint.inChannels));
  if (isLast)
    return;
  isFirst = false;
  kernel.forLoop(number(1), number(rounds - 1), 1, [&](Index round) {
    emitRound(kernel.mul(round, number(each)), each);
  });
  isLast = true;
  int64_t start = (rounds - 1) * each;
  emitRound(number(start), blueprint.inChannels - start);
}

void Emitter::forBlocks(const TaskRange &range,
                        llvm::function_ref<void(Place)> body) {
  int64_t restVectors = groupVectors % blueprint.tileVectors;
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index block) {
    Place place;
    place.firstColumn = number(0);
    place.image = range.image;
    place.group = kernel.div(block, number(groupBlocks));
    Index groupBlock = kernel.rem(block, number(groupBlocks));
    place.groupVector = kernel.mul(groupBlock, number(blueprint.tileVectors));
    place.vector = kernel.add(kernel.mul(place.group, number(groupVectors)),
                              place.groupVector);
    place.vectors = std::min(blueprint.tileVectors, groupVectors);
    if (groupBlocks == 1 || restVectors == 0) {
      body(place);
      return;
    }
    // The last block of a group has fewer vectors and code of its own.
    Value last = kernel.value(number(groupBlocks - 1));
    auto compare = [&](arith::CmpIPredicate predicate) -> Value {
      return arith::CmpIOp::create(kernel.builder, kernel.location, predicate,
                                   kernel.value(groupBlock), last);
    };
    kernel.ifThen(compare(arith::CmpIPredicate::ne), [&] { body(place); });
    place.vectors = restVectors;
    kernel.ifThen(compare(arith::CmpIPredicate::eq), [&] { body(place); });
  });
}

void Emitter::emitBlock(Place place, const TaskRange &range) {
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : ArrayRef(blueprint.dimensions).drop_back())
    outerSizes.push_back(dimension.output);
  kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
    place.row = kernel.sub(row, range.firstRow);
    if (blueprint.pieceColumns)
      place.firstColumn = kernel.mul(row, number(blueprint.pieceColumns));
    // (The row of pieces is the only one.)
    place.outer = kernel.delinearize(blueprint.pieceColumns ? number(0) : row,
                                     outerSizes);
    place.outerTaps.clear();
    for (auto [dimension, position] :
         llvm::zip(blueprint.dimensions, place.outer))
      place.outerTaps.push_back(getTapRange(kernel, dimension, position));
    emitRow(place);
  });
}

void Emitter::emitRow(const Place &place) {
  for (const ColumnRun &run : cutColumns(columns, blueprint.tilePositions))
    forTilesOfPiece(kernel, run, place.firstColumn, blueprint.pieceColumns,
                    [&](Index column) { emitTile(place, run, column); });
}

void Emitter::emitTile(const Place &place, const ColumnRun &run, Index column) {
  if (prefetch) {
    Index pass =
        kernel.add(kernel.mul(place.row, number(prefetch->tilesPerRow)),
                   kernel.div(kernel.sub(column, place.firstColumn),
                              number(blueprint.tilePositions)));
    Index piece = kernel.min(kernel.mul(pass, number(prefetch->tileFloats)),
                             number(prefetch->lastStart));
    // Behind a block's last round lies the first one of the next block.
    Index vector = place.vector, channel = roundStart;
    if (blueprint.blocksFirst)
      channel = kernel.add(roundStart, number(blueprint.getRoundChannels()));
    else
      vector = kernel.add(vector, number(place.vectors));
    prefetchStart = kernel.add(
        kernel.add(
            kernel.mul(vector, number(lanes * taps * blueprint.inChannels)),
            kernel.mul(channel, number(taps * place.vectors * lanes))),
        piece);
  }
  Accumulators accumulators = startTile(place, run, column);
  int64_t block = blueprint.inputBlock;
  int64_t wholeChannels = roundChannels / block * block;
  if (taps > 0) {
    Index end = kernel.add(roundStart, number(wholeChannels));
    accumulators = kernel.forLoop(roundStart, end, block, accumulators,
                                  [&](Index channel, ValueRange carried) {
                                    return emitChannels(place, run, column,
                                                        Accumulators(carried),
                                                        channel, block);
                                  });
    if (wholeChannels < roundChannels)
      accumulators = emitChannels(place, run, column, std::move(accumulators),
                                  end, roundChannels - wholeChannels);
  }
  finishTile(place, run, column, accumulators);
}

SmallVector<Index> Emitter::getOutputPlace(const Place &place, Index column,
                                           int64_t t, int64_t v) {
  SmallVector<Index> indices = {place.image,
                                kernel.add(place.vector, number(v))};
  auto addPosition = [&](const Dimension &dimension, Index position) {
    indices.push_back(
        kernel.add(kernel.mul(position, number(dimension.outputStride)),
                   number(dimension.outputOffset)));
  };
  if (!blueprint.withoutPositions) {
    for (auto [dimension, position] :
         llvm::zip(blueprint.dimensions, place.outer))
      addPosition(dimension, position);
    addPosition(columns, kernel.add(column, number(t)));
  }
  indices.push_back(number(0));
  return indices;
}

Accumulators Emitter::startTile(const Place &place, const ColumnRun &run,
                                Index column) {
  Accumulators sums;
  if (isFirst)
    sums = startAccumulators(kernel, buffers.bias, place.vector, run.positions,
                             place.vectors);
  if (isFirst && (isLast || !buffers.residual))
    return sums;
  // Before anything is stored: the residual may lie where the output will.
  Value source = isFirst ? buffers.residual : buffers.output;
  for (int64_t t = 0; t < run.positions; ++t)
    for (int64_t v = 0; v < place.vectors; ++v) {
      Value vector =
          kernel.loadVector(source, getOutputPlace(place, column, t, v), lanes);
      if (!isFirst)
        sums.push_back(vector);
      else
        sums[t * place.vectors + v] =
            arith::AddFOp::create(kernel.builder, kernel.location,
                                  sums[t * place.vectors + v], vector);
    }
  return sums;
}

void Emitter::finishTile(const Place &place, const ColumnRun &run, Index column,
                         const Accumulators &accumulators) {
  ConvolutionBuffers rest = buffers;
  if (!isFirst)
    rest.residual = {};
  for (int64_t t = 0; t < run.positions; ++t)
    for (int64_t v = 0; v < place.vectors; ++v) {
      Value sum = accumulators[t * place.vectors + v];
      SmallVector<Index> indices = getOutputPlace(place, column, t, v);
      if (isLast)
        finishVector(kernel, rest, blueprint.activation, sum, indices);
      else
        kernel.storeVector(sum, buffers.output, indices);
    }
}

Accumulators Emitter::emitChannels(const Place &place, const ColumnRun &run,
                                   Index column, Accumulators accumulators,
                                   Index firstChannel, int64_t channels) {
  return emitTaps(place, run, column, std::move(accumulators), firstChannel,
                  channels, /*dimension=*/0, number(0), {});
}

Accumulators Emitter::emitTaps(const Place &place, const ColumnRun &run,
                               Index column, Accumulators accumulators,
                               Index firstChannel, int64_t channels,
                               size_t dimension, Index tap,
                               SmallVector<Index> inputPosition) {
  if (dimension == place.outer.size() && run.hasDynamicTaps) {
    TapRange range = getTapRange(kernel, columns, column);
    return kernel.forLoop(range.first, range.end, 1, accumulators,
                          [&](Index columnTap, ValueRange carried) {
                            return emitTap(place, run, column,
                                           Accumulators(carried), firstChannel,
                                           channels, tap, inputPosition,
                                           columnTap, {true});
                          });
  }
  if (dimension == place.outer.size()) {
    SmallVector<SmallVector<bool>> reaches(columns.kernel);
    bool interior = true;
    for (int64_t columnTap = 0; columnTap < columns.kernel; ++columnTap)
      for (int64_t t = 0; t < run.positions; ++t) {
        reaches[columnTap].push_back(run.reachesInput(columns, t, columnTap));
        interior &= reaches[columnTap].back();
      }
    // In the interior a loop: were the taps written out, LLVM would find the
    // inputs that several of them read, keep them in registers that the
    // accumulators need, and spill.
    if (interior)
      return kernel.forLoop(number(0), number(columns.kernel), 1, accumulators,
                            [&](Index columnTap, ValueRange carried) {
                              return emitTap(
                                  place, run, column, Accumulators(carried),
                                  firstChannel, channels, tap, inputPosition,
                                  columnTap, reaches[0]);
                            });
    for (int64_t columnTap = 0; columnTap < columns.kernel; ++columnTap)
      if (llvm::is_contained(reaches[columnTap], true))
        accumulators = emitTap(place, run, column, std::move(accumulators),
                               firstChannel, channels, tap, inputPosition,
                               number(columnTap), reaches[columnTap]);
    return accumulators;
  }
  const Dimension &outer = blueprint.dimensions[dimension];
  const TapRange &range = place.outerTaps[dimension];
  return kernel.forLoop(
      range.first, range.end, 1, accumulators,
      [&](Index outerTap, ValueRange carried) {
        // input position = o * stride - padding + tap * dilation
        Index position = kernel.sub(
            kernel.add(kernel.mul(place.outer[dimension], number(outer.stride)),
                       kernel.mul(outerTap, number(outer.dilation))),
            number(outer.paddingLow));
        SmallVector<Index> positions = inputPosition;
        positions.push_back(position);
        Index linearTap =
            kernel.add(kernel.mul(tap, number(outer.kernel)), outerTap);
        return emitTaps(place, run, column, Accumulators(carried), firstChannel,
                        channels, dimension + 1, linearTap, positions);
      });
}

Accumulators Emitter::emitTap(const Place &place, const ColumnRun &run,
                              Index column, Accumulators accumulators,
                              Index firstChannel, int64_t channels, Index tap,
                              ArrayRef<Index> inputPosition, Index columnTap,
                              ArrayRef<bool> reaches) {
  int64_t width = place.vectors * lanes;
  // The packed filter: see packBlockedFilter.
  Index blockStart = kernel.mul(kernel.mul(place.vector, number(lanes)),
                                number(taps * blueprint.inChannels));
  Index channelStart = kernel.mul(firstChannel, number(taps * width));
  Index linearTap =
      kernel.add(kernel.mul(tap, number(columns.kernel)), columnTap);
  Index filterStart =
      kernel.add(kernel.add(blockStart, channelStart),
                 kernel.mul(linearTap, number(channels * width)));

  int64_t block = blueprint.inputBlock;
  Index inputChannel = kernel.div(
      kernel.add(kernel.mul(place.group, number(blueprint.inChannels)),
                 firstChannel),
      number(block));
  // Column 0 of the tile reads this input column; further positions lie a
  // constant further.
  Index inputColumn =
      kernel.sub(kernel.add(kernel.mul(column, number(columns.stride)),
                            kernel.mul(columnTap, number(columns.dilation))),
                 number(columns.paddingLow));

  auto getInputPlace = [&](Index channel, int64_t t) {
    SmallVector<Index> indices = {place.image, inputChannel};
    if (!blueprint.withoutPositions) {
      llvm::append_range(indices, inputPosition);
      indices.push_back(kernel.add(inputColumn, number(t * columns.stride)));
    }
    indices.push_back(channel);
    return indices;
  };
  if (prefetchesInput) {
    // Positions that follow each other share lines.
    int64_t together = columns.stride == 1 ? run.positions : 1;
    for (int64_t t = 0; t < run.positions; t += together)
      kernel.prefetch(buffers.input,
                      getInputPlace(number(0), run.positions + t),
                      together * lanes);
  }
  return reduceChannels(
      kernel, accumulators, buffers.filter, filterStart, channels,
      place.vectors,
      [&](Index channel, int64_t t) -> std::optional<InputPlace> {
        if (!reaches[t])
          return std::nullopt;
        return InputPlace{buffers.input, getInputPlace(channel, t)};
      },
      [&](Index channel, int64_t step, int64_t steps) {
        if (!prefetch)
          return;
        Index first = kernel.add(
            kernel.mul(kernel.sub(firstChannel, roundStart), number(taps)),
            kernel.add(kernel.mul(linearTap, number(channels)), channel));
        kernel.prefetchPart(
            buffers.filter,
            kernel.add(prefetchStart,
                       kernel.mul(first, number(prefetch->stepFloats))),
            steps * prefetch->stepFloats, step, steps);
      });
}

} // namespace

void toeplitz::emitBlockedKernel(KernelBuilder &kernel,
                                 const BlockedKernel &blueprint,
                                 const ConvolutionBuffers &buffers,
                                 const TaskRange &range) {
  Emitter(kernel, blueprint, buffers).emit(range);
}

void toeplitz::emitBlockedKernel(KernelBuilder &kernel,
                                 const BlockedKernel &blueprint,
                                 const ConvolutionBuffers &buffers) {
  emitBlockedKernel(kernel, blueprint, buffers,
                    getTaskRange(kernel, blueprint.getTasks(kernel.target)));
}
