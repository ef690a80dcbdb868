// Pooling of a blocked tensor N x C/V x I x V, rows of output positions as
// tasks.
//
// The taps of a window that lie inside the input are found once a row for the
// outer dimensions. Along the last one, the positions whose windows lie inside
// have all taps, known at compile time; the few at either border are clipped.
// Where neighbouring windows overlap, each column of the input is reduced over
// the outer dimensions once, for all windows that have it.
//
// On a GPU a thread computes a position; threads share a window that is the
// whole input.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/PoolReduction.h"
#include "compiler/Lowering/Kernels/RowLoops.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

#include <set>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using cnn::PoolKind;

namespace {

/// Output positions that are computed together: enough independent chains to
/// hide the latency of an addition.
constexpr int64_t tilePositions = 4;
/// Longer windows are loops, so that the code doesn't grow with them.
constexpr int64_t unrolledTaps = 8;
constexpr int64_t unrolledBorder = 4;

/// The taps [low, high) of one dimension of a window.
struct Taps {
  Index low, high;
};

class PoolEmitter {
public:
  PoolEmitter(kernel::PoolOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), input(kernel.buffers[0]),
        output(kernel.buffers[1]),
        inputShape(cast<ShapedType>(input.getType()).getShape()),
        outputShape(cast<ShapedType>(output.getType()).getShape()),
        rank(inputShape.size() - 3), lanes(inputShape.back()),
        results(kernel.target.isGpu() ? Type(kernel.builder.getF32Type())
                                      : Type(kernel.vectorType(lanes))),
        window(op.getWindow(), kernel) {}

  void emitRow(ArrayRef<Index> row);
  /// One output position: the last index is that in the last dimension.
  void emitPosition(ArrayRef<Index> indices);
  /// The positions of one channel, which threads share.
  void emitGlobal(const RowDivision &division);

private:
  int64_t inputSize(size_t d) { return inputShape[2 + d]; }
  int64_t outputSize(size_t d) { return outputShape[2 + d]; }
  int64_t stride(size_t d) { return op.getStrides()[d]; }
  int64_t dilation(size_t d) { return op.getDilations()[d]; }
  int64_t taps(size_t d) { return op.getKernel()[d]; }
  int64_t paddingLow(size_t d) { return op.getPaddingLow()[d]; }

  /// Where the window of output position `o` begins; negative in the padding.
  Index windowStart(size_t d, Index o) {
    return kernel.sub(kernel.mul(o, kernel.constant(stride(d))),
                      kernel.constant(paddingLow(d)));
  }
  Taps clippedTaps(size_t d, Index o);
  Index countAveraged(size_t d, Index o, Taps inside);

  Value load(Index position);
  SmallVector<Value> reduceTaps(ArrayRef<Index> positions, Taps last,
                                ValueRange accumulators);
  SmallVector<Value> reduce(size_t d, ArrayRef<Index> positions, Taps last,
                            ValueRange accumulators);
  void emitPositions(ArrayRef<Index> positions, Taps last);
  SmallVector<int64_t> getColumns(int64_t count);
  bool sharesColumns(int64_t count);
  SmallVector<Value> reduceColumns(Index first, int64_t count);
  void storeResults(ArrayRef<Index> positions, Taps last, ValueRange results);
  void emitTile(Index first, int64_t count);
  void emitBorder(int64_t from, int64_t to);
  void startRow(ArrayRef<Index> indices);

  kernel::PoolOp op;
  KernelBuilder &kernel;
  Value input, output;
  ArrayRef<int64_t> inputShape, outputShape;
  size_t rank;
  int64_t lanes;
  /// What is computed at once: a vector, or a number on a GPU.
  Type results;
  PoolReduction window;

  // Of the current row: batch, channel block and all positions but the last;
  // the taps of its windows.
  SmallVector<Index> row;
  SmallVector<Taps> outerTaps;
  // The input position in the outer dimensions, of the taps that are being
  // visited.
  SmallVector<Index> outerPosition;
};

Taps PoolEmitter::clippedTaps(size_t d, Index o) {
  Taps inside{kernel.constant(0), kernel.constant(taps(d))};
  Index start = windowStart(d, o);
  Index step = kernel.constant(dilation(d));
  if (paddingLow(d) > 0)
    inside.low =
        kernel.max(inside.low,
                   kernel.ceilDiv(kernel.sub(kernel.constant(0), start), step));
  int64_t lastTap = (outputSize(d) - 1) * stride(d) - paddingLow(d) +
                    (taps(d) - 1) * dilation(d);
  if (lastTap >= inputSize(d))
    inside.high = kernel.min(
        inside.high,
        kernel.ceilDiv(kernel.sub(kernel.constant(inputSize(d)), start), step));
  return inside;
}

/// The taps that the divisor of an average counts.
Index PoolEmitter::countAveraged(size_t d, Index o, Taps inside) {
  if (!op.getCountIncludePad())
    return kernel.sub(inside.high, inside.low);
  int64_t end = inputSize(d) + op.getPaddingHigh()[d];
  int64_t lastTap = (outputSize(d) - 1) * stride(d) - paddingLow(d) +
                    (taps(d) - 1) * dilation(d);
  // Rounding the output size up may have added taps beyond the padding.
  if (lastTap < end)
    return kernel.constant(taps(d));
  return kernel.min(
      kernel.constant(taps(d)),
      kernel.ceilDiv(kernel.sub(kernel.constant(end), windowStart(d, o)),
                     kernel.constant(dilation(d))));
}

Value PoolEmitter::load(Index position) {
  SmallVector<Index> indices{row[0], row[1]};
  indices.append(outerPosition);
  indices.push_back(position);
  indices.push_back(kernel.constant(0));
  if (kernel.target.isGpu())
    return kernel.loadFloat(input, indices);
  return kernel.loadVector(input, indices, lanes);
}

/// Reduces the taps of the last dimension for windows that begin at
/// `positions`.
SmallVector<Value> PoolEmitter::reduceTaps(ArrayRef<Index> starts, Taps last,
                                           ValueRange accumulators) {
  Index step = kernel.constant(dilation(rank - 1));
  auto visit = [&](Index tap, ValueRange values) {
    SmallVector<Value> results;
    for (auto [start, value] : llvm::zip_equal(starts, values))
      results.push_back(window.combine(
          value, load(kernel.add(start, kernel.mul(tap, step)))));
    return results;
  };
  std::optional<int64_t> low = getConstantIntValue(last.low);
  std::optional<int64_t> high = getConstantIntValue(last.high);
  if (!low || !high)
    return kernel.forLoop(last.low, last.high, 1, accumulators, visit);
  if (*high - *low <= unrolledTaps) {
    SmallVector<Value> values(accumulators);
    for (int64_t tap = *low; tap < *high; ++tap)
      values = visit(kernel.constant(tap), values);
    return values;
  }
  if (starts.size() > 1)
    return kernel.forLoop(last.low, last.high, 1, accumulators, visit);

  // One long window: several sums, for speed and because sums of sums lose
  // less.
  int64_t whole = (*high - *low) / tilePositions * tilePositions;
  SmallVector<Value> partial(tilePositions, window.getIdentity(results));
  auto at = [&](Index tap) {
    return load(kernel.add(starts[0], kernel.mul(tap, step)));
  };
  partial =
      kernel.forLoop(last.low, kernel.constant(*low + whole), tilePositions,
                     partial, [&](Index tap, ValueRange values) {
                       SmallVector<Value> results;
                       for (auto [i, value] : llvm::enumerate(values))
                         results.push_back(window.combine(
                             value, at(kernel.add(tap, kernel.constant(i)))));
                       return results;
                     });
  for (int64_t tap = *low + whole; tap < *high; ++tap)
    partial[tap % tilePositions] =
        window.combine(partial[tap % tilePositions], at(kernel.constant(tap)));
  Value joined = window.merge(window.merge(partial[0], partial[1]),
                              window.merge(partial[2], partial[3]));
  return {window.merge(accumulators[0], joined)};
}

/// Reduces the taps of dimension `d` and the later ones.
SmallVector<Value> PoolEmitter::reduce(size_t d, ArrayRef<Index> starts,
                                       Taps last, ValueRange accumulators) {
  if (d + 1 == rank)
    return reduceTaps(starts, last, accumulators);
  Index start = windowStart(d, row[2 + d]);
  return kernel.forLoop(
      outerTaps[d].low, outerTaps[d].high, 1, accumulators,
      [&](Index tap, ValueRange values) {
        outerPosition.push_back(
            kernel.add(start, kernel.mul(tap, kernel.constant(dilation(d)))));
        SmallVector<Value> results = reduce(d + 1, starts, last, values);
        outerPosition.pop_back();
        return results;
      });
}

/// Computes output positions of the row that have the same taps inside the
/// input.
void PoolEmitter::emitPositions(ArrayRef<Index> positions, Taps last) {
  SmallVector<Value> accumulators(positions.size(),
                                  window.getIdentity(results));
  SmallVector<Index> starts;
  for (Index position : positions)
    starts.push_back(windowStart(rank - 1, position));
  storeResults(positions, last, reduce(0, starts, last, accumulators));
}

/// The places in the last dimension that the windows of `count` neighbours
/// have, from the first one's start on.
SmallVector<int64_t> PoolEmitter::getColumns(int64_t count) {
  std::set<int64_t> columns;
  for (int64_t i = 0; i < count; ++i)
    for (int64_t tap = 0; tap < taps(rank - 1); ++tap)
      columns.insert(i * stride(rank - 1) + tap * dilation(rank - 1));
  return llvm::to_vector(columns);
}

/// Whether four fifths of the operations at most, and no more registers than
/// there are, reduce the columns first. (A window of 3 x 3 with stride 2 would
/// save one operation of 36, and takes longer.)
bool PoolEmitter::sharesColumns(int64_t count) {
  int64_t lastTaps = taps(rank - 1), outer = 1;
  if (lastTaps > unrolledTaps)
    return false;
  for (size_t d = 0; d + 1 < rank; ++d)
    outer *= taps(d);
  auto columns = static_cast<int64_t>(getColumns(count).size());
  // (One for what is loaded.)
  int64_t shared = columns * outer + count * (lastTaps - 1);
  return columns < kernel.target.getRegisters() &&
         5 * shared <= 4 * count * lastTaps * outer;
}

/// The results of `count` neighbours with all taps inside the input.
SmallVector<Value> PoolEmitter::reduceColumns(Index first, int64_t count) {
  SmallVector<int64_t> columns = getColumns(count);
  SmallVector<Index> starts;
  for (int64_t column : columns)
    starts.push_back(
        kernel.add(windowStart(rank - 1, first), kernel.constant(column)));
  SmallVector<Value> reduced =
      reduce(0, starts, {kernel.constant(0), kernel.constant(1)},
             SmallVector<Value>(columns.size(), window.getIdentity(results)));
  SmallVector<Value> results;
  for (int64_t i = 0; i < count; ++i) {
    Value result;
    for (int64_t tap = 0; tap < taps(rank - 1); ++tap) {
      int64_t place = i * stride(rank - 1) + tap * dilation(rank - 1);
      Value column =
          reduced[llvm::lower_bound(columns, place) - columns.begin()];
      result = result ? window.merge(result, column) : column;
    }
    results.push_back(result);
  }
  return results;
}

/// Computes `count` neighbours of the row with all taps of the last dimension
/// inside the input.
void PoolEmitter::emitTile(Index first, int64_t count) {
  SmallVector<Index> positions;
  for (int64_t i = 0; i < count; ++i)
    positions.push_back(kernel.add(first, kernel.constant(i)));
  Taps all{kernel.constant(0), kernel.constant(taps(rank - 1))};
  // How a sum rounds depends on its order, which is that of whole tiles in the
  // last one too: each position of the interior rounds alike.
  bool shares =
      sharesColumns(op.getKind() == PoolKind::Max ? count : tilePositions);
  if (shares)
    storeResults(positions, all, reduceColumns(first, count));
  else
    emitPositions(positions, all);
}

void PoolEmitter::storeResults(ArrayRef<Index> positions, Taps last,
                               ValueRange results) {
  for (auto [position, accumulator] : llvm::zip_equal(positions, results)) {
    Index divisor = kernel.constant(1);
    if (op.getKind() == PoolKind::Average) {
      divisor = countAveraged(rank - 1, position, last);
      for (size_t d = 0; d + 1 < rank; ++d)
        divisor =
            kernel.mul(divisor, countAveraged(d, row[2 + d], outerTaps[d]));
    }
    SmallVector<Index> indices(row);
    indices.push_back(position);
    indices.push_back(kernel.constant(0));
    Value result = window.finish(accumulator, divisor);
    if (kernel.target.isGpu())
      kernel.storeFloat(result, output, indices);
    else
      kernel.storeVector(result, output, indices);
  }
}

void PoolEmitter::emitBorder(int64_t from, int64_t to) {
  auto emit = [&](Index position) {
    emitPositions({position}, clippedTaps(rank - 1, position));
  };
  if (to - from > unrolledBorder || taps(rank - 1) > unrolledTaps)
    return kernel.forLoop(kernel.constant(from), kernel.constant(to), 1, emit);
  for (int64_t position = from; position < to; ++position)
    emit(kernel.constant(position));
}

void PoolEmitter::startRow(ArrayRef<Index> indices) {
  row = llvm::to_vector(indices);
  outerTaps.clear();
  for (size_t d = 0; d + 1 < rank; ++d)
    outerTaps.push_back(clippedTaps(d, row[2 + d]));
}

void PoolEmitter::emitPosition(ArrayRef<Index> indices) {
  startRow(indices.drop_back());
  emitPositions({indices.back()}, clippedTaps(rank - 1, indices.back()));
}

void PoolEmitter::emitRow(ArrayRef<Index> indices) {
  startRow(indices);

  // The positions whose windows lie inside of the input: start >= 0, and the
  // last tap before its end.
  size_t d = rank - 1;
  int64_t size = outputSize(d);
  int64_t room = inputSize(d) - 1 - (taps(d) - 1) * dilation(d);
  int64_t from =
      std::min(size, llvm::divideCeilSigned(paddingLow(d), stride(d)));
  int64_t to = std::clamp(
      llvm::divideFloorSigned(room + paddingLow(d), stride(d)) + 1, from, size);
  emitBorder(0, from);
  int64_t rest = (to - from) % tilePositions;
  kernel.forLoop(kernel.constant(from), kernel.constant(to - rest),
                 tilePositions,
                 [&](Index first) { emitTile(first, tilePositions); });
  if (rest > 0)
    emitTile(kernel.constant(to - rest), rest);
  emitBorder(to, size);
}

void PoolEmitter::emitGlobal(const RowDivision &division) {
  BlockReduction block(kernel, division);
  BufferView rows(kernel, input, {division.rows.count, division.rows.length});
  Type single = kernel.builder.getF32Type();
  Value reduced = block.reduce(
      {window.getIdentity(single),
       [&](Value accumulator, Index i, int64_t) {
         return window.combine(accumulator,
                               kernel.extend(rows.load({block.row(), i})));
       },
       [&](Value a, Value b) { return window.merge(a, b); }});
  block.once([&] {
    SmallVector<Index> indices(outputShape.size(), kernel.constant(0));
    SmallVector<Index> place =
        kernel.delinearize(block.row(), outputShape.take_front(2));
    llvm::copy(place, indices.begin());
    kernel.storeFloat(
        window.finish(reduced, kernel.constant(division.rows.length)), output,
        indices);
  });
}

/// On a GPU: the rows of a pool whose window is the whole input.
std::optional<RowDivision> share(kernel::PoolOp op) {
  auto input = cast<ShapedType>(op.getInput().getType());
  auto output = cast<ShapedType>(op.getInit().getType());
  auto isZero = [](int64_t size) { return size == 0; };
  auto isOne = [](int64_t size) { return size == 1; };
  int64_t rows = input.getDimSize(0) * input.getDimSize(1);
  if (op.getKernel() != input.getShape().drop_front(2).drop_back() ||
      !llvm::all_of(op.getPaddingLow(), isZero) ||
      !llvm::all_of(op.getPaddingHigh(), isZero) ||
      !llvm::all_of(op.getDilations(), isOne) ||
      output.getNumElements() != rows)
    return std::nullopt;
  Rows division{rows, input.getNumElements() / rows};
  if (auto buffer = dyn_cast<MemRefType>(input);
      buffer && hasChannelsLast(buffer))
    division.together = input.getDimSize(1);
  return divideRows(kernel::getTarget(op), division);
}

/// On a GPU: whether neighbouring threads compute neighbouring channels, not
/// positions.
bool dividesChannelsLast(kernel::PoolOp op) {
  auto type = dyn_cast<MemRefType>(op.getInit().getType());
  return kernel::getTarget(op).isGpu() && type && hasChannelsLast(type);
}

TaskDivision divide(kernel::PoolOp op) {
  SmallVector<int64_t> shape(
      cast<ShapedType>(op.getInit().getType()).getShape());
  int64_t work = 1;
  for (int64_t size : ArrayRef(shape).take_back(2))
    work *= size;
  for (int64_t size : op.getKernel())
    work *= size;
  kernel::TargetAttr target = kernel::getTarget(op);
  // A thread of a GPU computes one position.
  shape.pop_back_n(target.isGpu() ? 1 : 2);
  if (dividesChannelsLast(op))
    std::rotate(shape.begin() + 1, shape.begin() + 2, shape.end());
  TaskDivision division(target, shape, work);
  division.numberByRanges();
  return division;
}

int64_t countTasks(Operation *op) {
  if (auto shared = share(cast<kernel::PoolOp>(op)))
    return shared->countBlocks();
  return divide(cast<kernel::PoolOp>(op)).getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  auto pool = cast<kernel::PoolOp>(op);
  auto isSingle = [](Type type) {
    return cast<MemRefType>(type).getElementType().isF32();
  };
  if (!kernel.target.isGpu() && !llvm::all_of(op->getOperandTypes(), isSingle))
    return op->emitOpError("has a buffer of numbers of 16 bits, which the "
                           "kernels of a CPU don't read or write");
  PoolEmitter emitter(pool, kernel);
  if (std::optional<RowDivision> shared = share(pool)) {
    emitter.emitGlobal(*shared);
    return success();
  }
  divide(pool).forEach(kernel, [&](ArrayRef<Index> place) {
    SmallVector<Index> indices(place);
    if (dividesChannelsLast(pool))
      std::rotate(indices.begin() + 1, indices.end() - 1, indices.end());
    if (kernel.target.isGpu())
      emitter.emitPosition(indices);
    else
      emitter.emitRow(indices);
  });
  return success();
}

} // namespace

KernelLowering toeplitz::getPoolLowering() {
  return {kernel::PoolOp::getOperationName(), countTasks, emit};
}
