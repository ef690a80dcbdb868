// The outputs of winograd on a GPU: threads of 16 frequencies exchange their
// sums, and each computes A^T M A of a tile in some channels.

#include "compiler/Algorithms/WinogradOnGpuKernel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using Tile = WinogradBlockTile;

/// Stores rows of the thread's sums where other threads find them: frequency,
/// channel (those of a piece together), tile.
void WinogradOnGpuKernel::storeSums(ArrayRef<Value> sums, int64_t firstRow) {
  auto type = VectorType::get({quad}, kernel.builder.getF32Type());
  Index start = kernel.add(
      kernel.mul(frequency, number(getFrequencyFloats())),
      kernel.add(kernel.mul(pieceChannel, number(rowsTogether * channelFloats)),
                 kernel.mul(pieceTile, number(quad))));
  for (int64_t row = 0; row < rowsTogether; ++row)
    for (int64_t i = 0; i < quadsPerThread; ++i) {
      Value numbers = vector::FromElementsOp::create(
          kernel.builder, kernel.location, type,
          sums.slice((firstRow + row) * Tile::perThread + i * quad, quad));
      kernel.storeVector(
          numbers, memory,
          kernel.add(start, number(row * channelFloats +
                                   i * Tile::tiles / quadsPerThread)),
          quadBytes);
    }
}

/// The outputs of a tile in one channel of those that were exchanged.
void WinogradOnGpuKernel::finishOutputs(int64_t firstRow) {
  Index exchanged = kernel.div(lastThread, number(Tile::tiles));
  Index start =
      kernel.add(kernel.mul(exchanged, number(channelFloats)), tileColumn);
  SmallVector<Value> half;
  for (int64_t column = 0; column < Tile::size; ++column) {
    SmallVector<Value> values;
    for (int64_t row = 0; row < Tile::size; ++row)
      values.push_back(kernel.loadScalar(
          memory, kernel.add(start, number((row * Tile::size + column) *
                                           getFrequencyFloats()))));
    llvm::append_range(half, outputProgram.emit(kernel, values));
  }
  // The exchanged row of a piece, and the piece's first channel.
  Index row = kernel.add(kernel.rem(exchanged, number(rowsTogether)),
                         number(firstRow % quad));
  Index piece =
      kernel.add(kernel.div(exchanged, number(rowsTogether)),
                 number(firstRow / quad * tile.channels / Tile::perThread));
  Index channel = kernel.add(kernel.mul(channelBlock, number(tile.channels)),
                             kernel.add(kernel.mul(piece, number(quad)), row));
  Value exists = tileExists;
  if (problem.outChannels % tile.channels != 0)
    exists = both(exists, kernel.isLess(channel, number(problem.outChannels)));
  channel = kernel.add(kernel.mul(group, number(problem.outChannels)), channel);
  // A branch keeps the places of the results out of registers that are for
  // sums; where all results exist, it is one on what LLVM can't know.
  if (!exists)
    exists = kernel.isLess(lastThread, number(tile.getThreads()));
  kernel.ifThen(exists, [&] { writeOutputs(half, channel); });
}

/// The second half of the transform, and what becomes of the outputs.
void WinogradOnGpuKernel::writeOutputs(ArrayRef<Value> half, Index channel) {
  for (int64_t i = 0; i < Tile::outputs; ++i) {
    SmallVector<Value> values;
    for (int64_t column = 0; column < Tile::size; ++column)
      values.push_back(half[column * Tile::outputs + i]);
    for (auto [j, value] :
         llvm::enumerate(outputProgram.emit(kernel, values))) {
      // (Lambdas can't capture parts of a pair.)
      Value result = value;
      std::array<Index, 2> position = {
          kernel.add(output[0], number(i)),
          kernel.add(output[1], number(static_cast<int64_t>(j)))};
      // A tile has its first position, but may lack others.
      Value isOutput;
      std::array<int64_t, 2> place = {i, static_cast<int64_t>(j)};
      for (size_t d = 0; d < 2; ++d)
        if (place[d] > 0 && problem.dimensions[d].output % Tile::outputs != 0)
          isOutput = both(
              isOutput,
              kernel.isLess(position[d], number(problem.dimensions[d].output)));
      auto write = [&] {
        finishElement(kernel, buffers, activation, result, image, channel,
                      problem.dimensions, position);
      };
      if (isOutput)
        kernel.ifThen(isOutput, write);
      else
        write();
    }
  }
}

void WinogradOnGpuKernel::finish(ArrayRef<Value> sums) {
  // While slices are multiplied, registers are for the sums. LLVM keeps nothing
  // there that depends on a number that it doesn't know before.
  Type word = kernel.builder.getI32Type();
  Value thread = arith::IndexCastOp::create(kernel.builder, kernel.location,
                                            word, kernel.value(block.thread()));
  lastThread = Value(arith::IndexCastOp::create(kernel.builder, kernel.location,
                                                kernel.builder.getIndexType(),
                                                block.exchange(thread, 0)));
  placeTile(lastThread);
  for (int64_t row = 0; row < Tile::perThread; row += rowsTogether) {
    // Nobody reads what lay there before.
    block.barrier();
    storeSums(sums, row);
    block.barrier();
    finishOutputs(row);
  }
}
