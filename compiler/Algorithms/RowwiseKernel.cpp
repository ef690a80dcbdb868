// The loops of convolutions along rows:
//
//   for each tile of output channels of the task
//     for each row of output positions of the task
//       for each run of tiles of the row
//         for each tile: accumulators = 0
//           for each input channel
//             for each tap of the outer dimensions inside of the input
//               for each tap of the innermost dimension
//                 accumulators += vectors of inputs * weights in every lane
//           for each output channel and vector of positions
//             bias, residual, activation, store
//
// In tiles at the borders of a row, inputs are loaded under a mask of the lanes
// whose inputs there are.

#include "compiler/Algorithms/RowwiseKernel.h"

#include "compiler/Algorithms/TileReduction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

SmallVector<RowTiles> toeplitz::cutRow(const Dimension &columns, int64_t lanes,
                                       int64_t tileVectors) {
  int64_t tile = lanes * tileVectors;
  auto isInside = [&](int64_t begin, int64_t positions) {
    return columns.kernel == 0 ||
           (columns.getInputPosition(begin, 0) >= 0 &&
            columns.getInputPosition(begin + positions - 1,
                                     columns.kernel - 1) < columns.input);
  };
  SmallVector<RowTiles> tiles;
  int64_t whole = columns.output / tile * tile;
  for (int64_t begin = 0; begin < whole; begin += tile) {
    bool inside = isInside(begin, tile);
    if (!tiles.empty() && tiles.back().isInside == inside)
      tiles.back().run.end += tile;
    else
      tiles.push_back({{begin, begin + tile, tile}, tileVectors, inside});
  }
  if (int64_t rest = columns.output - whole) {
    int64_t vectors = llvm::divideCeil(rest, lanes);
    tiles.push_back({{whole, columns.output, rest},
                     vectors,
                     isInside(whole, vectors * lanes)});
  }
  return tiles;
}

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : kernel(kernel), plan(op), columns(plan.dimensions.back()),
        buffers(getBuffers(op, kernel)),
        inputRows(joinRow(kernel, buffers.input)),
        results(kernel, buffers, op.getActivationAttr(), plan.dimensions) {}

  void emit();

private:
  /// A row of the input: the indices but the last.
  using InputRow = SmallVector<Index>;

  void emitTile(const PlainRow &place, const RowTiles &tiles, Index column);
  Accumulators emitTaps(const PlainRow &place, const RowTiles &tiles,
                        Index column, Accumulators sums, Index channel,
                        Index outerTap, const InputRow &inputRow);
  Accumulators emitTap(const RowTiles &tiles, Accumulators sums,
                       Index filterStart, const InputRow &inputRow,
                       Index firstInput);
  Value loadInputs(const InputRow &inputRow, Index first, bool isInside);
  Value loadNeighbours(const InputRow &inputRow, Index first, bool isInside);
  Value getInsideLanes(Index first);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  RowwisePlan plan;
  const Dimension &columns;
  ConvolutionBuffers buffers;
  /// The input N x C x I; null where the positions of a row don't follow each
  /// other.
  Value inputRows;
  PlainResults results;
};

void Emitter::emit() {
  forRowsOfTask(kernel, plan, [&](const PlainRow &place) {
    for (const RowTiles &tiles : cutRow(columns, plan.lanes, plan.tileVectors))
      forTilesOfPiece(kernel, tiles.run, place.firstColumn, plan.pieceColumns,
                      [&](Index column) { emitTile(place, tiles, column); });
  });
}

void Emitter::emitTile(const PlainRow &place, const RowTiles &tiles,
                       Index column) {
  Accumulators sums(plan.tileChannels * tiles.vectors,
                    kernel.splat(0.0f, plan.lanes));
  auto emitChannel = [&](Index channel, Accumulators sums) {
    return forOuterTaps(
        kernel, plan.dimensions, place.outer, std::move(sums),
        [&](Index outerTap, ArrayRef<Index> inputPosition, Accumulators sums) {
          InputRow inputRow = {place.image, channel};
          llvm::append_range(inputRow, inputPosition);
          return emitTaps(place, tiles, column, std::move(sums), channel,
                          outerTap, inputRow);
        });
  };
  if (plan.countTaps() > 0)
    sums = kernel.forLoop(number(0), number(plan.inChannels), 1, sums,
                          [&](Index channel, ValueRange carried) {
                            return emitChannel(channel, Accumulators(carried));
                          });
  forChannelsOfTile(
      kernel, plan, place.channelTile, [&](int64_t f, Index channel) {
        for (int64_t v = 0; v < tiles.vectors; ++v) {
          int64_t first = v * plan.lanes;
          results.store(sums[f * tiles.vectors + v],
                        std::min(plan.lanes, tiles.run.positions - first),
                        place, channel, kernel.add(column, number(first)));
        }
      });
}

/// The taps of the last dimension.
Accumulators Emitter::emitTaps(const PlainRow &place, const RowTiles &tiles,
                               Index column, Accumulators sums, Index channel,
                               Index outerTap, const InputRow &inputRow) {
  TapRange range = {number(0), number(columns.kernel)};
  if (!tiles.isInside)
    // From the first tap that the last lane reads the input through to the last
    // one of the first lane.
    range = {
        getTapRange(kernel, columns,
                    kernel.add(column, number(tiles.vectors * plan.lanes - 1)))
            .first,
        getTapRange(kernel, columns, column).end};
  return kernel.forLoop(
      range.first, range.end, 1, sums, [&](Index tap, ValueRange carried) {
        // See RowwisePlan::getFilterSize.
        Index row = kernel.add(
            kernel.mul(kernel.add(kernel.mul(place.channelTile,
                                             number(plan.inChannels)),
                                  channel),
                       number(plan.countTaps())),
            kernel.add(kernel.mul(outerTap, number(columns.kernel)), tap));
        Index first =
            kernel.sub(kernel.add(kernel.mul(column, number(columns.stride)),
                                  kernel.mul(tap, number(columns.dilation))),
                       number(columns.paddingLow));
        return emitTap(tiles, Accumulators(carried),
                       kernel.mul(row, number(plan.tileChannels)), inputRow,
                       first);
      });
}

/// One tap of one input channel: the tile's first position reads `firstInput`.
Accumulators Emitter::emitTap(const RowTiles &tiles, Accumulators sums,
                              Index filterStart, const InputRow &inputRow,
                              Index firstInput) {
  SmallVector<Value> inputs;
  for (int64_t v = 0; v < tiles.vectors; ++v)
    inputs.push_back(loadInputs(
        inputRow,
        kernel.add(firstInput, number(v * plan.lanes * columns.stride)),
        tiles.isInside));
  for (int64_t f = 0; f < plan.tileChannels; ++f) {
    Value weight = kernel.broadcast(
        kernel.loadScalar(buffers.filter, {kernel.add(filterStart, number(f))}),
        plan.lanes);
    for (int64_t v = 0; v < tiles.vectors; ++v) {
      Value &sum = sums[f * tiles.vectors + v];
      sum = kernel.multiplyAdd(inputs[v], weight, sum);
    }
  }
  return sums;
}

/// What a vector of positions reads, whose first one reads `first`; zeros
/// outside of the input.
Value Emitter::loadInputs(const InputRow &inputRow, Index first,
                          bool isInside) {
  if (columns.stride == 1)
    return loadNeighbours(inputRow, first, isInside);
  // The second vector begins so that it ends with what the last lane reads:
  // nothing behind that is touched.
  Index second = kernel.add(first, number(plan.lanes - 1));
  SmallVector<int64_t> everySecond;
  for (int64_t lane = 0; lane < plan.lanes; ++lane)
    everySecond.push_back(2 * lane < plan.lanes ? 2 * lane : 2 * lane + 1);
  return vector::ShuffleOp::create(kernel.builder, kernel.location,
                                   loadNeighbours(inputRow, first, isInside),
                                   loadNeighbours(inputRow, second, isInside),
                                   everySecond);
}

/// The inputs from `first` on, as many as lanes.
Value Emitter::loadNeighbours(const InputRow &inputRow, Index first,
                              bool isInside) {
  InputRow place = inputRow;
  place.push_back(first);
  Value zeros = kernel.splat(0.0f, plan.lanes);
  if (inputRows && isInside)
    return kernel.loadVector(inputRows, place, plan.lanes);
  Value mask = isInside ? Value() : getInsideLanes(first);
  if (inputRows) {
    SmallVector<Value> indices;
    for (Index index : place)
      indices.push_back(kernel.value(index));
    return vector::MaskedLoadOp::create(kernel.builder, kernel.location,
                                        kernel.vectorType(plan.lanes),
                                        inputRows, indices, mask, zeros);
  }
  // One by one: an element in place of those that there aren't.
  SmallVector<Value> elements;
  place.push_back(number(0));
  for (int64_t lane = 0; lane < plan.lanes; ++lane) {
    Index position = kernel.add(first, number(lane));
    if (mask)
      position = kernel.min(kernel.max(position, number(0)),
                            number(columns.input - 1));
    place[place.size() - 2] = position;
    elements.push_back(kernel.loadFloat(buffers.input, place));
  }
  Value inputs = vector::FromElementsOp::create(
      kernel.builder, kernel.location, kernel.vectorType(plan.lanes), elements);
  return mask ? Value(arith::SelectOp::create(kernel.builder, kernel.location,
                                              mask, inputs, zeros))
              : inputs;
}

/// The lanes whose inputs there are, when the first one reads `first`.
Value Emitter::getInsideLanes(Index first) {
  OpBuilder &builder = kernel.builder;
  auto type = VectorType::get({plan.lanes}, builder.getI32Type());
  SmallVector<int32_t> lanes;
  for (int64_t lane = 0; lane < plan.lanes; ++lane)
    lanes.push_back(static_cast<int32_t>(lane));
  Value offsets =
      arith::ConstantOp::create(builder, kernel.location, type,
                                DenseElementsAttr::get(type, ArrayRef(lanes)));
  Value size = arith::ConstantOp::create(
      builder, kernel.location, type,
      DenseElementsAttr::get(type, static_cast<int32_t>(columns.input)));
  Value start = arith::IndexCastOp::create(
      builder, kernel.location, builder.getI32Type(), kernel.value(first));
  Value positions = kernel.create<arith::AddIOp>(
      vector::BroadcastOp::create(builder, kernel.location, type, start),
      offsets);
  // (Unsigned: those before the input are large numbers.)
  return arith::CmpIOp::create(builder, kernel.location,
                               arith::CmpIPredicate::ult, positions, size);
}

} // namespace

void toeplitz::emitRowwise(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
}
