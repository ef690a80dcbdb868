// The loops of depthwise convolutions:
//
//   for each block of channels of the task
//     for each row of output positions
//       for each tile of the row: accumulators = bias
//         for each tap of the outer dimensions inside of the input
//           each input vector of the row, written out: loaded once for all the
//           positions and taps that read it
//
// A row of weights stays in registers beside the accumulators.

#include "compiler/Algorithms/DepthwiseKernel.h"

#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <map>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// The widest kernel row whose weights stay in registers beside the
/// accumulators. Wider rows load their weights again and again.
static constexpr int64_t widestResidentRow = 5;

/// The widest kernel row whose taps are written out; wider ones are a loop.
static constexpr int64_t widestWrittenRow = 32;

int64_t toeplitz::chooseDepthwisePositions(const Dimension &columns,
                                           kernel::TargetAttr target) {
  int64_t weights = std::min(columns.kernel, widestResidentRow);
  // A target with fewer registers than that reloads what it can't keep.
  int64_t most =
      std::clamp<int64_t>(target.getRegisters() - 2 - weights, 1, 16);
  return llvm::divideCeil(columns.output,
                          llvm::divideCeil(columns.output, most));
}

/// The taps of the dimensions from `dimension` on, the outer ones as loops.
static Accumulators
emitTaps(KernelBuilder &kernel, ArrayRef<Dimension> dimensions,
         const ConvolutionBuffers &buffers, const DepthwisePosition &place,
         const ColumnRun &run, Index column, Accumulators accumulators,
         size_t dimension, Index tap, SmallVector<Index> inputPosition) {
  auto number = [&](int64_t value) { return kernel.constant(value); };
  int64_t lanes = kernel.target.getLanes();
  if (dimension < place.outer.size()) {
    const Dimension &outer = dimensions[dimension];
    TapRange range = getTapRange(kernel, outer, place.outer[dimension]);
    return kernel.forLoop(
        range.first, range.end, 1, accumulators,
        [&](Index outerTap, ValueRange carried) {
          SmallVector<Index> positions = inputPosition;
          positions.push_back(kernel.sub(
              kernel.add(
                  kernel.mul(place.outer[dimension], number(outer.stride)),
                  kernel.mul(outerTap, number(outer.dilation))),
              number(outer.paddingLow)));
          return emitTaps(
              kernel, dimensions, buffers, place, run, column,
              Accumulators(carried), dimension + 1,
              kernel.add(kernel.mul(tap, number(outer.kernel)), outerTap),
              positions);
        });
  }
  int64_t taps = 1;
  for (const Dimension &each : dimensions)
    taps *= each.kernel;
  const Dimension &columns = dimensions.back();
  auto loadWeights = [&](Index columnTap) {
    Index linearTap =
        kernel.add(kernel.mul(tap, number(columns.kernel)), columnTap);
    return kernel.loadVector(
        buffers.filter,
        {kernel.mul(
            kernel.add(kernel.mul(place.block, number(taps)), linearTap),
            number(lanes))},
        lanes);
  };
  auto loadInput = [&](Index inputColumn) {
    SmallVector<Index> indices = {place.image, place.block};
    llvm::append_range(indices, inputPosition);
    indices.push_back(inputColumn);
    indices.push_back(number(0));
    return kernel.loadVector(buffers.input, indices, lanes);
  };
  if (run.hasDynamicTaps || columns.kernel > widestWrittenRow) {
    TapRange range = {number(0), number(columns.kernel)};
    if (run.hasDynamicTaps)
      range = getTapRange(kernel, columns, column);
    return kernel.forLoop(
        range.first, range.end, 1, accumulators,
        [&](Index columnTap, ValueRange carried) {
          Accumulators sums(carried);
          Value weight = loadWeights(columnTap);
          // The input column of the run's first position.
          Index first = kernel.sub(
              kernel.add(kernel.mul(column, number(columns.stride)),
                         kernel.mul(columnTap, number(columns.dilation))),
              number(columns.paddingLow));
          for (auto [t, sum] : llvm::enumerate(sums))
            sum = kernel.multiplyAdd(
                loadInput(kernel.add(
                    first, number(static_cast<int64_t>(t) * columns.stride))),
                weight, sum);
          return sums;
        });
  }
  bool resident = columns.kernel <= widestResidentRow;
  SmallVector<Value> weights;
  for (int64_t columnTap = 0; resident && columnTap < columns.kernel;
       ++columnTap)
    weights.push_back(loadWeights(number(columnTap)));

  // Input vector by input vector: each is loaded once and used by every
  // position and tap that reads it.
  std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> readers;
  for (int64_t t = 0; t < run.positions; ++t)
    for (int64_t columnTap = 0; columnTap < columns.kernel; ++columnTap)
      if (run.reachesInput(columns, t, columnTap))
        readers[columns.getInputPosition(t, columnTap)].push_back(
            {t, columnTap});
  for (const auto &[inputColumn, uses] : readers) {
    Value input = loadInput(kernel.add(
        kernel.mul(column, number(columns.stride)), number(inputColumn)));
    for (auto [t, columnTap] : uses)
      accumulators[t] = kernel.multiplyAdd(
          input, resident ? weights[columnTap] : loadWeights(number(columnTap)),
          accumulators[t]);
  }
  return accumulators;
}

void toeplitz::emitDepthwiseKernel(
    KernelBuilder &kernel, const DepthwiseKernel &blueprint,
    const ConvolutionBuffers &buffers, const TaskRange &range,
    llvm::function_ref<void(Value, const DepthwisePosition &)> store) {
  ArrayRef<Dimension> dimensions = blueprint.dimensions;
  auto number = [&](int64_t value) { return kernel.constant(value); };
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : dimensions.drop_back())
    outerSizes.push_back(dimension.output);

  DepthwisePosition place;
  place.image = range.image;
  auto emitTile = [&](const ColumnRun &run, Index column) {
    Accumulators accumulators = startAccumulators(
        kernel, buffers.bias, place.block, run.positions, /*vectors=*/1);
    accumulators =
        emitTaps(kernel, dimensions, buffers, place, run, column,
                 std::move(accumulators), /*dimension=*/0, number(0), {});
    for (int64_t t = 0; t < run.positions; ++t) {
      place.column = kernel.add(column, number(t));
      store(accumulators[t], place);
    }
  };
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index block) {
    place.block = block;
    kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
      place.row = row;
      place.outer = kernel.delinearize(row, outerSizes);
      for (const ColumnRun &run :
           cutColumns(dimensions.back(), blueprint.tilePositions))
        kernel.forLoop(number(run.begin), number(run.end), run.positions,
                       [&](Index column) { emitTile(run, column); });
    });
  });
}
