// The loops of inner products:
//
//   for each tile of output channels of the task
//     for each row of output positions of the task
//       for each run of tiles of the row
//         for each tile: accumulators = 0
//           for each block of input channels
//             for each tap of the outer dimensions inside of the input
//               for each tap of the innermost dimension
//                 accumulators += inputs * weights, lane by lane
//           for each output channel
//             sums over the lanes of each position, bias, residual, activation
//             store: the positions' results side by side

#include "compiler/Algorithms/InnerProductKernel.h"

#include "compiler/Algorithms/LaneSums.h"
#include "compiler/Algorithms/PlainRows.h"
#include "compiler/Algorithms/TileReduction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

int64_t InnerProductPlan::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t InnerProductPlan::countRows() const {
  int64_t rows = 1;
  for (const Dimension &dimension : ArrayRef(dimensions).drop_back())
    rows *= dimension.output;
  return rows;
}

TaskGrid InnerProductPlan::getTasks(kernel::TargetAttr target) const {
  const Dimension &columns = dimensions.back();
  int64_t pieces = countPieces(columns, pieceColumns);
  double inputRow = 4.0 * inChannels * columns.input / pieces;
  if (dimensions.size() > 1)
    inputRow *= dimensions[dimensions.size() - 2].stride;
  double multiplyAdds = static_cast<double>(batch) * outChannels * inChannels *
                        countTaps() * countRows() * columns.output;
  return divideIntoTasks(batch, countRows() * pieces, countChannelTiles(),
                         inputRow, multiplyAdds, target);
}

InnerProductPlan toeplitz::getInnerProductPlan(kernel::ConvOp op) {
  InnerProductPlan plan;
  plan.batch = cast<ShapedType>(op.getInput().getType()).getDimSize(0);
  plan.inChannels = op.getInChannels();
  plan.outChannels = op.getOutChannels();
  plan.lanes = kernel::getTarget(op).getLanes();
  plan.dimensions = getDimensions(op);
  plan.tilePositions = op.getTile()[0];
  plan.tileChannels = op.getTile()[1];
  if (plan.countRows() == 1)
    plan.pieceColumns =
        choosePieceColumns(plan.dimensions.back(), plan.tilePositions);
  return plan;
}

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : kernel(kernel), plan(getInnerProductPlan(op)),
        columns(plan.dimensions.back()), buffers(getBuffers(op, kernel)),
        results(kernel, buffers, op.getActivationAttr(), plan.dimensions) {}

  void emit();

private:
  /// What is known inside of the loops over tiles of channels and rows.
  struct Place {
    Index image, channelTile;
    /// The output position in each dimension but the last.
    SmallVector<Index> outer;
  };

  void emitTile(const Place &place, const ColumnRun &run, Index column);
  Accumulators emitTaps(const Place &place, const ColumnRun &run, Index column,
                        Accumulators sums, Index block, Value mask,
                        Index outerTap, SmallVector<Index> inputPosition);
  Accumulators emitTap(const Place &place, const ColumnRun &run, Index column,
                       Accumulators sums, Index block, Value mask,
                       Index outerTap, ArrayRef<Index> inputPosition,
                       Index columnTap, ArrayRef<bool> reaches);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  InnerProductPlan plan;
  const Dimension &columns;
  ConvolutionBuffers buffers;
  PlainResults results;
};

void Emitter::emit() {
  TaskRange range = getTaskRange(kernel, plan.getTasks(kernel.target));
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : ArrayRef(plan.dimensions).drop_back())
    outerSizes.push_back(dimension.output);
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index channelTile) {
    kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
      Place place = {range.image, channelTile, {}};
      // (The row of pieces is the only one.)
      place.outer =
          kernel.delinearize(plan.pieceColumns ? number(0) : row, outerSizes);
      for (const ColumnRun &run : cutColumns(columns, plan.tilePositions))
        forTilesOfPiece(kernel, run, kernel.mul(row, number(plan.pieceColumns)),
                        plan.pieceColumns,
                        [&](Index column) { emitTile(place, run, column); });
    });
  });
}

void Emitter::emitTile(const Place &place, const ColumnRun &run, Index column) {
  Accumulators sums(run.positions * plan.tileChannels,
                    kernel.splat(0.0f, plan.lanes));
  int64_t wholeBlocks = plan.inChannels / plan.lanes;
  auto emitBlock = [&](Index block, Value mask, Accumulators sums) {
    return emitTaps(place, run, column, std::move(sums), block, mask, number(0),
                    {});
  };
  if (plan.countTaps() > 0) {
    sums = kernel.forLoop(number(0), number(wholeBlocks), 1, sums,
                          [&](Index block, ValueRange carried) {
                            return emitBlock(block, {}, Accumulators(carried));
                          });
    // What lies behind the last channel may be anything.
    if (int64_t rest = plan.inChannels % plan.lanes) {
      Value mask = vector::CreateMaskOp::create(
          kernel.builder, kernel.location,
          VectorType::get({plan.lanes}, kernel.builder.getI1Type()),
          kernel.value(number(rest)));
      sums = emitBlock(number(wholeBlocks), mask, std::move(sums));
    }
  }
  for (int64_t f = 0; f < plan.tileChannels; ++f) {
    Index channel = kernel.add(
        kernel.mul(place.channelTile, number(plan.tileChannels)), number(f));
    auto finish = [&] {
      ArrayRef<Value> all(sums);
      results.store(
          sumLanes(kernel, all.slice(f * run.positions, run.positions)),
          run.positions, place.image, channel, place.outer, column);
    };
    if (plan.outChannels % plan.tileChannels == 0)
      finish();
    else
      kernel.ifThen(kernel.isLess(channel, number(plan.outChannels)), finish);
  }
}

/// The taps of the dimensions from inputPosition.size() on, the outer ones as
/// loops.
Accumulators Emitter::emitTaps(const Place &place, const ColumnRun &run,
                               Index column, Accumulators sums, Index block,
                               Value mask, Index outerTap,
                               SmallVector<Index> inputPosition) {
  size_t d = inputPosition.size();
  auto loopOverTaps = [&](TapRange range, auto body) -> Accumulators {
    return kernel.forLoop(range.first, range.end, 1, sums,
                          [&](Index tap, ValueRange carried) {
                            return body(tap, Accumulators(carried));
                          });
  };
  if (d < place.outer.size()) {
    const Dimension &outer = plan.dimensions[d];
    return loopOverTaps(
        getTapRange(kernel, outer, place.outer[d]),
        [&](Index tap, Accumulators sums) {
          SmallVector<Index> position = inputPosition;
          position.push_back(kernel.sub(
              kernel.add(kernel.mul(place.outer[d], number(outer.stride)),
                         kernel.mul(tap, number(outer.dilation))),
              number(outer.paddingLow)));
          return emitTaps(
              place, run, column, std::move(sums), block, mask,
              kernel.add(kernel.mul(outerTap, number(outer.kernel)), tap),
              position);
        });
  }
  auto emitAll = [&](TapRange range) {
    SmallVector<bool> all(run.positions, true);
    return loopOverTaps(range, [&](Index tap, Accumulators sums) {
      return emitTap(place, run, column, std::move(sums), block, mask, outerTap,
                     inputPosition, tap, all);
    });
  };
  if (run.hasDynamicTaps)
    return emitAll(getTapRange(kernel, columns, column));
  SmallVector<SmallVector<bool>> reaches(columns.kernel);
  bool interior = true;
  for (int64_t tap = 0; tap < columns.kernel; ++tap)
    for (int64_t t = 0; t < run.positions; ++t) {
      reaches[tap].push_back(run.reachesInput(columns, t, tap));
      interior &= reaches[tap].back();
    }
  if (interior)
    return emitAll({number(0), number(columns.kernel)});
  for (int64_t tap = 0; tap < columns.kernel; ++tap)
    if (llvm::is_contained(reaches[tap], true))
      sums = emitTap(place, run, column, std::move(sums), block, mask, outerTap,
                     inputPosition, number(tap), reaches[tap]);
  return sums;
}

Accumulators Emitter::emitTap(const Place &place, const ColumnRun &run,
                              Index column, Accumulators sums, Index block,
                              Value mask, Index outerTap,
                              ArrayRef<Index> inputPosition, Index columnTap,
                              ArrayRef<bool> reaches) {
  // See InnerProductPlan::getFilterSize.
  Index tap =
      kernel.add(kernel.mul(outerTap, number(columns.kernel)), columnTap);
  Index row = kernel.add(
      kernel.mul(kernel.add(kernel.mul(place.channelTile,
                                       number(plan.countInputBlocks())),
                            block),
                 number(plan.countTaps())),
      tap);
  SmallVector<Value> weights;
  for (int64_t f = 0; f < plan.tileChannels; ++f)
    weights.push_back(kernel.loadVector(
        buffers.filter,
        {kernel.mul(
            kernel.add(kernel.mul(row, number(plan.tileChannels)), number(f)),
            number(plan.lanes))},
        plan.lanes));
  Index first =
      kernel.sub(kernel.add(kernel.mul(column, number(columns.stride)),
                            kernel.mul(columnTap, number(columns.dilation))),
                 number(columns.paddingLow));
  for (int64_t t = 0; t < run.positions; ++t) {
    if (!reaches[t])
      continue;
    SmallVector<Index> indices = {place.image, block};
    llvm::append_range(indices, inputPosition);
    indices.push_back(kernel.add(first, number(t * columns.stride)));
    indices.push_back(number(0));
    Value input = kernel.loadVector(buffers.input, indices, plan.lanes);
    if (mask)
      input = arith::SelectOp::create(kernel.builder, kernel.location, mask,
                                      input, kernel.splat(0.0f, plan.lanes));
    for (int64_t f = 0; f < plan.tileChannels; ++f) {
      Value &sum = sums[f * run.positions + t];
      sum = kernel.multiplyAdd(input, weights[f], sum);
    }
  }
  return sums;
}

} // namespace

void toeplitz::emitInnerProduct(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
}
