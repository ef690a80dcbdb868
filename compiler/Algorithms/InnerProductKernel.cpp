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
#include "compiler/Algorithms/TileReduction.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : kernel(kernel), plan(op), columns(plan.dimensions.back()),
        buffers(getBuffers(op, kernel)),
        results(kernel, buffers, op.getActivationAttr(), plan.dimensions) {}

  void emit();

private:
  void emitTile(const PlainRow &place, const ColumnRun &run, Index column);
  Accumulators emitTaps(const PlainRow &place, const ColumnRun &run,
                        Index column, Accumulators sums, Index block,
                        Value mask, Index outerTap,
                        ArrayRef<Index> inputPosition);
  Accumulators emitTap(const PlainRow &place, const ColumnRun &run,
                       Index column, Accumulators sums, Index block, Value mask,
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
  forRowsOfTask(kernel, plan, [&](const PlainRow &place) {
    for (const ColumnRun &run : cutColumns(columns, plan.tilePositions))
      forTilesOfPiece(kernel, run, place.firstColumn, plan.pieceColumns,
                      [&](Index column) { emitTile(place, run, column); });
  });
}

void Emitter::emitTile(const PlainRow &place, const ColumnRun &run,
                       Index column) {
  Accumulators sums(run.positions * plan.tileChannels,
                    kernel.splat(0.0f, plan.lanes));
  int64_t wholeBlocks = plan.inChannels / plan.lanes;
  auto emitBlock = [&](Index block, Value mask, Accumulators sums) {
    return forOuterTaps(
        kernel, plan.dimensions, place.outer, std::move(sums),
        [&](Index outerTap, ArrayRef<Index> inputPosition, Accumulators sums) {
          return emitTaps(place, run, column, std::move(sums), block, mask,
                          outerTap, inputPosition);
        });
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
  forChannelsOfTile(
      kernel, plan, place.channelTile, [&](int64_t f, Index channel) {
        ArrayRef<Value> all(sums);
        results.store(
            sumLanes(kernel, all.slice(f * run.positions, run.positions)),
            run.positions, place, channel, column);
      });
}

/// The taps of the last dimension.
Accumulators Emitter::emitTaps(const PlainRow &place, const ColumnRun &run,
                               Index column, Accumulators sums, Index block,
                               Value mask, Index outerTap,
                               ArrayRef<Index> inputPosition) {
  auto emitAll = [&](TapRange range) -> Accumulators {
    SmallVector<bool> all(run.positions, true);
    return kernel.forLoop(
        range.first, range.end, 1, sums, [&](Index tap, ValueRange carried) {
          return emitTap(place, run, column, Accumulators(carried), block, mask,
                         outerTap, inputPosition, tap, all);
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

Accumulators Emitter::emitTap(const PlainRow &place, const ColumnRun &run,
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
