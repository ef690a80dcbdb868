// Winograd's algorithm in parts of the channels. A layer of few tiles and few
// output channels would be one task: tasks of fewer tiles would read the filter
// several times, tasks of fewer values of a tile couldn't transform its
// outputs. So, in a step before the tasks,
//
//   for each block of tiles and part of the channels
//     V[value][register tile][channel][tile] = B^T d B for the part's channels
//     M[part][value][register tile] = sum over the part's channels of U V
//
// in memory of the part's own, and the tasks are
//
//   for some tiles of a block
//     output = A^T (sum over parts of M) A, bias, residual, activation
//
// Parts are the same for any number of threads, and so are results.

#include "compiler/Algorithms/WinogradKernel.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

void WinogradKernel::setPart(Index group, Index block, Index part) {
  preparedStart = kernel.mul(
      scale(scale(group, plan.blocks, block), plan.channelParts, part),
      number(plan.getTaskSize()));
}

void WinogradKernel::forVectorTiles(Index group,
                                    llvm::function_ref<void(Index)> body) {
  kernel.forLoop(number(0), number(plan.vectorTiles), 1, [&](Index ofGroup) {
    productsStart =
        scale(ofGroup, plan.getProductsSize(), number(plan.getProductsStart()));
    body(scale(group, plan.vectorTiles, ofGroup));
  });
}

void WinogradKernel::multiplyPart() {
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.blocks, plan.channelParts});
  setPart(task[0], task[1], task[2]);
  std::tie(firstChannelBlock, endChannelBlock) =
      getPart(kernel, task[2], plan.partBlocks, plan.getChannelBlocks());
  if (plan.transformsFilter)
    roundFilter = getRoundFilter();
  transformInputs(task[0], task[1], number(0), 1);
  forVectorTiles(task[0],
                 [&](Index vectorTile) { multiply(task[1], vectorTile); });
}

void WinogradKernel::sumParts() {
  SmallVector<Index> task = kernel.delinearize(
      kernel.task, {plan.groups, plan.blocks, plan.sumTasks});
  setPart(task[0], task[1], number(0));
  forVectorTiles(task[0], [&](Index vectorTile) {
    transformOutputs(task[1], task[2], plan.sumTasks, vectorTile);
  });
}

/// A vector of products of all channels.
Value WinogradKernel::loadProduct(Index offset) {
  Value sum;
  for (int64_t part = 0; part < plan.channelParts; ++part) {
    Index ofPart = kernel.add(offset, number(part * plan.getTaskSize()));
    Value product =
        kernel.loadVector(getProductMemory(), getProductPlace(ofPart), lanes);
    sum = sum ? Value(arith::AddFOp::create(kernel.builder, kernel.location,
                                            sum, product))
              : product;
  }
  return sum;
}
