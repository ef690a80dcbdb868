// The input of winograd on a GPU: V = B^T d B, of which each thread computes
// one row of one tile, in a channel of each slice, from two rows of the image.

#include "compiler/Algorithms/WinogradOnGpuKernel.h"

#include "compiler/Lowering/Kernels/BufferView.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using Tile = WinogradBlockTile;

// --- places -----------------------------------------------------------------

/// The one of these that a number below their count chooses.
static Value choose(KernelBuilder &kernel, Index which,
                    ArrayRef<Value> values) {
  Value chosen = values.front();
  for (auto [place, value] : llvm::enumerate(values.drop_front())) {
    if (value == chosen)
      continue;
    Value isEarlier =
        kernel.isLess(which, kernel.constant(static_cast<int64_t>(place) + 1));
    chosen = arith::SelectOp::create(kernel.builder, kernel.location, isEarlier,
                                     chosen, value);
  }
  return chosen;
}

/// Whether a coordinate lies in the image; null where it always does.
Value WinogradOnGpuKernel::isInside(size_t d, Index at) {
  if (problem.alwaysReachesInput(d))
    return {};
  // As unsigned numbers, positions before the input are beyond it too.
  return arith::CmpIOp::create(
      kernel.builder, kernel.location, arith::CmpIPredicate::ult,
      kernel.value(at), kernel.value(number(problem.dimensions[d].input)));
}

void WinogradOnGpuKernel::flattenInput() {
  input = viewAsRow(kernel, buffers.input);
  inputStrides =
      cast<MemRefType>(buffers.input.getType()).getStridesAndOffset().first;
}

void WinogradOnGpuKernel::placeInput() {
  for (int64_t column = 0; column < Tile::size; ++column)
    columnsInside.push_back(isInside(
        1, kernel.add(output[1],
                      number(column - problem.dimensions[1].paddingLow))));
  // A warp has one row of one channel.
  assert(tile.getThreads() == Tile::tiles * tile.depth * Tile::size);
  Index rest = kernel.div(block.thread(), number(Tile::tiles));
  inputChannel = kernel.rem(rest, number(tile.depth));
  inputRow = getInputRow(kernel.div(rest, number(tile.depth)));
}

WinogradOnGpuKernel::InputRow WinogradOnGpuKernel::getInputRow(Index row) {
  SmallVector<Value> places[2], factors;
  const RationalMatrix &matrix = transform.inputTransform;
  for (int64_t i = 0; i < Tile::size; ++i) {
    int64_t first = -1, second = -1;
    for (int64_t k = 0; k < Tile::size; ++k) {
      if (matrix.at(i, k) == Rational(1) && first < 0)
        first = k;
      else if (!matrix.at(i, k).isZero())
        second = k;
    }
    assert(first >= 0 && second >= 0 &&
           matrix.at(i, second).getMagnitude() == Rational(1));
    places[0].push_back(kernel.value(number(first)));
    places[1].push_back(kernel.value(number(second)));
    factors.push_back(kernel.floatConstant(
        static_cast<float>(matrix.at(i, second).toDouble()),
        kernel.builder.getF32Type()));
  }
  InputRow found;
  Index channel =
      kernel.add(kernel.mul(group, number(problem.inChannels)), inputChannel);
  Index column =
      kernel.sub(output[1], number(problem.dimensions[1].paddingLow));
  for (size_t which = 0; which < 2; ++which) {
    Index at =
        kernel.sub(kernel.add(output[0], choose(kernel, row, places[which])),
                   number(problem.dimensions[0].paddingLow));
    found.inside[which] = isInside(0, at);
    Index place = number(0);
    std::array<Index, 4> coordinates = {image, channel, at, column};
    for (auto [coordinate, stride] : llvm::zip(coordinates, inputStrides))
      place = kernel.add(place, kernel.mul(coordinate, number(stride)));
    found.places[which] = place;
  }
  found.factor = choose(kernel, row, factors);
  Index rowOfSlice = kernel.add(
      kernel.mul(row, number(Tile::size * tile.depth)), inputChannel);
  found.transformed = kernel.add(
      number(tile.getFilterFloats()),
      kernel.add(kernel.mul(rowOfSlice, number(Tile::tiles)), tileColumn));
  return found;
}

// --- a slice ----------------------------------------------------------------

/// A number of the image; zero outside of it.
Value WinogradOnGpuKernel::loadInput(Index place, Value inside) {
  auto load = [&] { return kernel.loadScalar(input, place); };
  if (!inside)
    return load();
  Value zero = kernel.floatConstant(0, kernel.builder.getF32Type());
  auto branch =
      scf::IfOp::create(kernel.builder, kernel.location, zero.getType(), inside,
                        /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(kernel.builder);
  kernel.builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(kernel.builder, kernel.location, load());
  kernel.builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(kernel.builder, kernel.location, zero);
  return branch.getResult(0);
}

/// The numbers of both rows of the image.
SmallVector<Value> WinogradOnGpuKernel::loadInputRows(Index slice) {
  SmallVector<Value> values;
  Value exists;
  if (problem.inChannels % tile.depth != 0)
    exists = kernel.isLess(
        kernel.add(kernel.mul(slice, number(tile.depth)), inputChannel),
        number(problem.inChannels));
  Index further = kernel.mul(slice, number(tile.depth * inputStrides[1]));
  for (auto [place, inside] : llvm::zip(inputRow.places, inputRow.inside))
    for (auto [column, columnInside] : llvm::enumerate(columnsInside))
      values.push_back(loadInput(
          kernel.add(kernel.add(place, further),
                     number(static_cast<int64_t>(column) * inputStrides[3])),
          both(both(exists, inside), columnInside)));
  return values;
}

/// Transforms a row of the input on its way to a half of the block's memory.
void WinogradOnGpuKernel::storeInputRow(ArrayRef<Value> values, Index half) {
  SmallVector<Value> rows;
  for (int64_t column = 0; column < Tile::size; ++column)
    rows.push_back(kernel.multiplyAdd(values[Tile::size + column],
                                      inputRow.factor, values[column]));
  for (auto [column, value] : llvm::enumerate(inputProgram.emit(kernel, rows)))
    kernel.storeScalar(value, memory,
                       kernel.add(kernel.add(inputRow.transformed, half),
                                  number(static_cast<int64_t>(column) *
                                         tile.depth * Tile::tiles)));
}
