// A pool behind Winograd's algorithm whose windows lie in the tiles:
//
//   m x m outputs of a tile -> (m / s) x (m / s) windows of k <= s positions
//
// for tiles of a whole number of strides s, where no window has padding. Each
// window is then reduced as soon as its tile is computed, from a copy of the
// tile in the first-level cache; nothing is computed twice, whatever the tasks
// are. Windows that overlap would reach into other tiles.

#include "compiler/Algorithms/WinogradKernel.h"
#include "compiler/Lowering/Kernels/PoolReduction.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// One dimension of a pool over depth, rows or columns: those that the
/// convolution lacks are windows of one position.
struct PooledDimension {
  int64_t kernel = 1, stride = 1, dilation = 1, paddingLow = 0, windows = 1;

  PooledDimension() = default;
  PooledDimension(kernel::PoolAttr pool, ArrayRef<int64_t> allWindows,
                  int64_t d) {
    int64_t missing = 3 - static_cast<int64_t>(allWindows.size());
    if (d < missing)
      return;
    kernel = pool.getKernel()[d - missing];
    stride = pool.getStrides()[d - missing];
    dilation = pool.getDilations()[d - missing];
    paddingLow = pool.getPaddingLow()[d - missing];
    windows = allWindows[d - missing];
  }

  /// Whether the last window has positions behind `outputs`.
  bool isClipped(int64_t outputs) const {
    return (windows - 1) * stride + kernel > outputs;
  }
};

} // namespace

std::optional<std::string>
toeplitz::declinesPoolOfWinograd(kernel::ConvOp op, kernel::PoolAttr pool,
                                 ArrayRef<int64_t> windows) {
  WinogradPlan plan(op);
  if (plan.changesOrder())
    return "the convolution transforms the depth";
  for (int64_t d = 0; d < 3; ++d) {
    PooledDimension dimension(pool, windows, d);
    int64_t outputs = plan.getTileOutputs(d);
    if (plan.getStep(d) != 1)
      return "the convolution is dilated";
    if (dimension.paddingLow != 0)
      return "its windows begin in the padding";
    if (dimension.dilation != 1 && dimension.kernel > 1)
      return "its windows are dilated";
    if (dimension.kernel > dimension.stride)
      return "its windows overlap";
    if (outputs % dimension.stride != 0)
      return "its stride is " + std::to_string(dimension.stride) +
             ", which doesn't divide tiles of " + std::to_string(outputs);
    // (How an average is divided depends on whether the count is known.)
    if (pool.getKind() == cnn::PoolKind::Average &&
        dimension.isClipped(plan.dimensions[d].output))
      return "it averages windows that go beyond the end";
  }
  return std::nullopt;
}

/// Reduces the windows of one vector of a tile. Of a cut tile only those that
/// exist are.
void WinogradKernel::poolTile(const TilePlace &tile, Index vector, bool cut) {
  kernel::PoolAttr pool = *op.getPool();
  PoolReduction reduction(pool, kernel);
  ArrayRef<int64_t> allWindows = cast<ShapedType>(op.getInit().getType())
                                     .getShape()
                                     .drop_front(2)
                                     .drop_back();
  std::array<PooledDimension, 3> dimensions;
  std::array<Index, 3> first, count;
  for (int64_t d = 0; d < 3; ++d) {
    dimensions[d] = PooledDimension(pool, allWindows, d);
    int64_t windows = plan.getTileOutputs(d) / dimensions[d].stride;
    first[d] = kernel.mul(tile.numbers[d], number(windows));
    count[d] = number(windows);
    if (cut && dimensions[d].windows != windows * plan.tileCounts[d])
      count[d] = kernel.min(
          count[d], kernel.sub(number(dimensions[d].windows), first[d]));
  }
  // The taps of a window that lie before the end of the image.
  auto countTaps = [&](int64_t d, Index window) {
    Index taps = number(dimensions[d].kernel);
    int64_t outputs = plan.dimensions[d].output;
    if (!cut || !dimensions[d].isClipped(outputs))
      return taps;
    Index start =
        kernel.mul(kernel.add(first[d], window), number(dimensions[d].stride));
    return kernel.min(taps, kernel.sub(number(outputs), start));
  };
  // Written out where their number is known.
  auto forTaps = [&](Index taps, Value reduced,
                     llvm::function_ref<Value(Index, Value)> body) -> Value {
    std::optional<int64_t> known = getConstantIntValue(taps);
    if (!known)
      return kernel.forLoop(
          number(0), taps, 1, reduced,
          [&](Index tap, ValueRange carried) -> SmallVector<Value> {
            return {body(tap, carried.front())};
          })[0];
    for (int64_t tap = 0; tap < *known; ++tap)
      reduced = body(number(tap), reduced);
    return reduced;
  };
  auto emitWindow = [&](Index row, Index column) {
    Index firstRow = kernel.mul(row, number(dimensions[1].stride));
    Index firstColumn = kernel.mul(column, number(dimensions[2].stride));
    Value identity = reduction.getIdentity(kernel.vectorType(lanes));
    Value reduced = forTaps(
        countTaps(1, row), identity, [&](Index i, Value reduced) -> Value {
          return forTaps(
              countTaps(2, column), reduced,
              [&](Index j, Value reduced) -> Value {
                return reduction.combine(
                    reduced,
                    kernel.loadVector(unpooledTile,
                                      {kernel.add(firstRow, i),
                                       kernel.add(firstColumn, j), number(0)},
                                      lanes));
              });
        });
    int64_t taps = dimensions[1].kernel * dimensions[2].kernel;
    SmallVector<Index> indices = {tile.image, vector};
    std::array<Index, 3> position = {first[0], kernel.add(first[1], row),
                                     kernel.add(first[2], column)};
    indices.append(position.begin() + (3 - rank), position.end());
    indices.push_back(number(0));
    kernel.storeVector(reduction.finish(reduced, number(taps)), buffers.output,
                       indices);
  };
  kernel.forLoop(number(0), count[1], 1, [&](Index row) {
    std::optional<int64_t> columns = getConstantIntValue(count[2]);
    if (!columns)
      kernel.forLoop(number(0), count[2], 1,
                     [&](Index column) { emitWindow(row, column); });
    for (int64_t column = 0; columns && column < *columns; ++column)
      emitWindow(row, number(column));
  });
}
