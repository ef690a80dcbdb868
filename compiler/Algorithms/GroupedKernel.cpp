// The loops of convolutions of small groups:
//
//   for each block of channels of the task
//     for each row of output positions
//       for each tile of the row: accumulators = bias
//         for each tap of the outer dimensions inside of the input
//           for each channel of a group (one, of depthwise convolutions)
//             each vector of inputs of the row, written out: made once for all
//             the positions and taps that read it
//
// A row of weights stays in registers beside the accumulators.

#include "compiler/Algorithms/GroupedKernel.h"

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

int64_t toeplitz::chooseGroupedPositions(const Dimension &columns,
                                         const ChannelGroups &groups,
                                         kernel::TargetAttr target) {
  int64_t weights = std::min(columns.kernel, widestResidentRow);
  int64_t lanes = target.getLanes();
  // Where lanes choose, what they choose from, and how, if that takes a vector.
  int64_t choosing = groups.isShuffle(lanes) ? 0 : groups.countInVector(lanes);
  // A target with fewer registers than that reloads what it can't keep.
  int64_t most = std::clamp<int64_t>(
      target.getRegisters() - 2 - weights - choosing, 1, 16);
  return llvm::divideCeil(columns.output,
                          llvm::divideCeil(columns.output, most));
}

static SmallVector<ColumnRun> getRuns(const Dimension &columns,
                                      int64_t tilePositions) {
  return cutColumns(columns, tilePositions, columns.kernel <= widestWrittenRow);
}

double toeplitz::getBorderSlowdown(const Dimension &columns,
                                   int64_t tilePositions) {
  int64_t single = 0;
  for (const ColumnRun &run : getRuns(columns, tilePositions))
    if (run.hasDynamicTaps)
      single += run.end - run.begin;
  // One sum waits 4 cycles for each multiply-add, of which there are two a
  // cycle where there are sums enough.
  return 1 + 7 * static_cast<double>(single) /
                 static_cast<double>(std::max<int64_t>(columns.output, 1));
}

namespace {

class Emitter {
public:
  Emitter(KernelBuilder &kernel, const GroupedKernel &blueprint,
          const ConvolutionBuffers &buffers,
          llvm::function_ref<void(Value, const GroupedPosition &)> store)
      : kernel(kernel), dimensions(blueprint.dimensions),
        tilePositions(blueprint.tilePositions), groups(blueprint.groups),
        ringRows(blueprint.ringRows), buffers(buffers), store(store),
        lanes(kernel.target.getLanes()) {}

  void emit(const TaskRange &range);

private:
  void emitBlock(const TaskRange &range, int64_t parts);
  void emitTile(const ColumnRun &run, Index column);
  Accumulators emitSteps(const ColumnRun &run, Index column,
                         Accumulators accumulators, Index tap,
                         ArrayRef<Index> inputPosition);
  Accumulators emitStep(const ColumnRun &run, Index column,
                        Accumulators accumulators, Index tap, Index step,
                        ArrayRef<Index> inputPosition);

  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  ArrayRef<Dimension> dimensions;
  int64_t tilePositions;
  const ChannelGroups &groups;
  int64_t ringRows;
  const ConvolutionBuffers &buffers;
  llvm::function_ref<void(Value, const GroupedPosition &)> store;
  int64_t lanes;
  GroupedPosition place;
  std::optional<LaneInputs> inputs;
};

void Emitter::emit(const TaskRange &range) {
  place.image = range.image;
  int64_t parts = groups.countInVector(lanes);
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index block) {
    place.block = block;
    if (parts == 1 || groups.outputs < lanes) {
      emitBlock(range, parts);
      return;
    }
    // Blocks inside of a group have nothing to choose.
    Value one = isOneGroup(kernel, groups, block);
    kernel.ifThen(one, [&] { emitBlock(range, 1); });
    Value none = arith::ConstantIntOp::create(kernel.builder, kernel.location,
                                              0, /*width=*/1);
    Value several = arith::CmpIOp::create(kernel.builder, kernel.location,
                                          arith::CmpIPredicate::eq, one, none);
    kernel.ifThen(several, [&] { emitBlock(range, parts); });
  });
}

void Emitter::emitBlock(const TaskRange &range, int64_t parts) {
  inputs.emplace(kernel, groups, buffers.input,
                 ringRows ? number(0) : place.image, place.block, parts);
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : dimensions.drop_back())
    outerSizes.push_back(dimension.output);
  kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
    place.row = row;
    place.outer = kernel.delinearize(row, outerSizes);
    for (const ColumnRun &run : getRuns(dimensions.back(), tilePositions))
      kernel.forLoop(number(run.begin), number(run.end), run.positions,
                     [&](Index column) { emitTile(run, column); });
  });
}

void Emitter::emitTile(const ColumnRun &run, Index column) {
  Accumulators accumulators = startAccumulators(
      kernel, buffers.bias, place.block, run.positions, /*vectors=*/1);
  accumulators = forOuterTaps(
      kernel, dimensions, place.outer, std::move(accumulators),
      [&](Index tap, ArrayRef<Index> inputPosition, Accumulators sums) {
        SmallVector<Index> position(inputPosition);
        if (ringRows)
          position.front() = kernel.rem(position.front(), number(ringRows));
        return emitSteps(run, column, std::move(sums), tap, position);
      });
  for (int64_t t = 0; t < run.positions; ++t) {
    place.column = kernel.add(column, number(t));
    store(accumulators[t], place);
  }
}

/// All channels of each group, for the taps of the last dimension.
Accumulators Emitter::emitSteps(const ColumnRun &run, Index column,
                                Accumulators accumulators, Index tap,
                                ArrayRef<Index> inputPosition) {
  // (Written out where a step says which lanes are shuffled.)
  if (groups.isShuffle(lanes)) {
    for (int64_t step = 0; step < groups.inputs; ++step)
      accumulators = emitStep(run, column, std::move(accumulators), tap,
                              number(step), inputPosition);
    return accumulators;
  }
  return kernel.forLoop(number(0), number(groups.inputs), 1, accumulators,
                        [&](Index step, ValueRange carried) {
                          return emitStep(run, column, Accumulators(carried),
                                          tap, step, inputPosition);
                        });
}

/// One channel of each group, for the taps of the last dimension.
Accumulators Emitter::emitStep(const ColumnRun &run, Index column,
                               Accumulators accumulators, Index tap, Index step,
                               ArrayRef<Index> inputPosition) {
  int64_t taps = 1;
  for (const Dimension &each : dimensions)
    taps *= each.kernel;
  const Dimension &columns = dimensions.back();
  // The packed filter: see packGroupedFilter.
  Index blockStart = kernel.mul(place.block, number(taps * groups.inputs));
  Index row = kernel.add(kernel.mul(tap, number(groups.inputs)), step);
  auto loadWeights = [&](Index columnTap) {
    Index vector =
        kernel.add(kernel.mul(row, number(columns.kernel)), columnTap);
    return kernel.loadVector(
        buffers.filter,
        {kernel.mul(kernel.add(blockStart, vector), number(lanes))}, lanes);
  };
  auto getRun = [&](Index firstColumn, int64_t length) {
    SmallVector<Index> position(inputPosition);
    position.push_back(firstColumn);
    return inputs->getRun(step, position, length);
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
          LaneInputs::Run read =
              getRun(first, (run.positions - 1) * columns.stride + 1);
          for (auto [t, sum] : llvm::enumerate(sums))
            sum = kernel.multiplyAdd(
                read.load(static_cast<int64_t>(t) * columns.stride), weight,
                sum);
          return sums;
        });
  }
  bool resident = columns.kernel <= widestResidentRow;
  SmallVector<Value> weights;
  for (int64_t columnTap = 0; resident && columnTap < columns.kernel;
       ++columnTap)
    weights.push_back(loadWeights(number(columnTap)));

  // Vector by vector of inputs: each is used by every position and tap that
  // reads it.
  std::map<int64_t, SmallVector<std::pair<int64_t, int64_t>>> readers;
  for (int64_t t = 0; t < run.positions; ++t)
    for (int64_t columnTap = 0; columnTap < columns.kernel; ++columnTap)
      if (run.reachesInput(columns, t, columnTap))
        readers[columns.getInputPosition(t, columnTap)].push_back(
            {t, columnTap});
  if (readers.empty())
    return accumulators;
  int64_t first = readers.begin()->first, last = readers.rbegin()->first;
  LaneInputs::Run read = getRun(
      kernel.add(kernel.mul(column, number(columns.stride)), number(first)),
      last - first + 1);
  for (const auto &[inputColumn, uses] : readers) {
    Value input = read.load(inputColumn - first);
    for (auto [t, columnTap] : uses)
      accumulators[t] = kernel.multiplyAdd(
          input, resident ? weights[columnTap] : loadWeights(number(columnTap)),
          accumulators[t]);
  }
  return accumulators;
}

} // namespace

void toeplitz::emitGroupedKernel(
    KernelBuilder &kernel, const GroupedKernel &blueprint,
    const ConvolutionBuffers &buffers, const TaskRange &range,
    llvm::function_ref<void(Value, const GroupedPosition &)> store) {
  Emitter(kernel, blueprint, buffers, store).emit(range);
}
