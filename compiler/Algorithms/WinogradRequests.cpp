// What Winograd's products ask memory for while they are computed.
//
// The transforms before and after the products touch a few lines of each row of
// an image at a time. With a large image they would wait for most of them, and
// memory would have nothing to do during the products. So these ask, line by
// line:
//
// - for the input of the next block of tiles, each vector tile for its share of
//   the channels;
// - for the outputs that the block's next transform will write, since a line is
//   read before it is written, and for a residual that lies in memory as they
//   do.
//
// The products of value (r, c) of a register tile ask for position (r, c) of
// its tiles. Where these lie is found once for each block.

#include "compiler/Algorithms/WinogradKernel.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;
using RequestedBuffers = WinogradKernel::RequestedBuffers;

/// A buffer N x B x I x V; nothing where its positions don't lie at one
/// distance.
std::optional<RequestedBuffers> WinogradKernel::requestBuffer(Value buffer,
                                                              bool isInput) {
  if (!buffer)
    return std::nullopt;
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset = 0;
  if (!canFoldPositions(type) ||
      failed(type.getStridesAndOffset(strides, offset)))
    return std::nullopt;
  int64_t position = strides[strides.size() - 2];
  if (strides.front() % position != 0)
    return std::nullopt;

  RequestedBuffers requested;
  requested.imageDistance = strides.front() / position;
  requested.rows = isInput ? plan.getRows() : plan.getTileOutputs(1);
  requested.columns = isInput ? plan.getColumns() : plan.getTileOutputs(2);
  int64_t distance = 1;
  for (int64_t given = 2, axis = type.getRank() - 2; axis >= 2;
       --given, --axis) {
    int64_t d = llvm::find(plan.order, given) - plan.order.begin();
    const Dimension &dimension = plan.dimensions[d];
    requested.distances[d] = distance * (isInput ? 1 : dimension.outputStride);
    requested.start +=
        distance * (isInput ? -dimension.paddingLow : dimension.outputOffset);
    distance *= type.getDimSize(axis);
  }
  if (isInput)
    requested.tapDistance =
        plan.dimensions[0].dilation * requested.distances[0];
  requested.positions = distance;
  requested.buffers = {foldPositions(kernel, buffer, 1, distance)};
  // Steps come in vectors of channels, so some ask for a position behind those
  // of the last register tile.
  int64_t count = plan.blockTiles * plan.tilePositions + lanes;
  requested.places = memref::AllocaOp::create(
      kernel.builder, kernel.location,
      MemRefType::get({count}, kernel.builder.getIndexType()),
      kernel.builder.getI64IntegerAttr(64));
  kernel.forLoop(number(0), number(count), 1, [&](Index i) {
    memref::StoreOp::create(kernel.builder, kernel.location,
                            kernel.value(number(0)), requested.places,
                            {kernel.value(i)});
  });
  return requested;
}

void WinogradKernel::beginRequests() {
  if (plan.asksForInput)
    requestedInput = requestBuffer(given.input, /*isInput=*/true);
  if (!plan.asksForOutput)
    return;
  // In front of a pool outputs are stored only where something else reads them.
  Value output = op.getPool() ? given.unpooled : given.output;
  requestedOutput = requestBuffer(output, /*isInput=*/false);
  if (requestedOutput && given.residual &&
      given.residual.getType() == output.getType())
    requestedOutput->buffers.push_back(
        foldPositions(kernel, given.residual, 1, requestedOutput->positions));
}

void WinogradKernel::placeRequests(Index block) {
  auto place = [&](std::optional<RequestedBuffers> &requested, Index block) {
    if (!requested)
      return;
    forTiles(block, [&](const TilePlace &tile, BlockPlace place) {
      Index position =
          scale(tile.image, requested->imageDistance, number(requested->start));
      for (int64_t d = 0; d < 3; ++d)
        position =
            scale(getFirstOutput(tile, d), requested->distances[d], position);
      Index number_ =
          scale(place.registerTile, plan.tilePositions, place.position);
      memref::StoreOp::create(kernel.builder, kernel.location,
                              kernel.value(position), requested->places,
                              {kernel.value(number_)});
    });
  };
  // (The next block may be another task's. Most often that is this thread's
  // next one.)
  place(requestedInput,
        kernel.min(kernel.add(block, number(1)), number(plan.blocks - 1)));
  place(requestedOutput, block);
}

int64_t WinogradKernel::getAskedBlocks() const {
  return llvm::divideCeil(plan.getChannelBlocks(), plan.vectorTiles);
}

int64_t WinogradKernel::countAskingBlocks() const {
  int64_t blocks = 0;
  if (requestedInput)
    blocks = getAskedBlocks();
  if (requestedOutput)
    blocks = std::max(blocks, plan.tileVectors);
  return blocks;
}

void WinogradKernel::request(const RequestedBuffers &requested,
                             const RequestingStep &step, Index channelBlock) {
  Index row = kernel.min(kernel.div(step.value, number(plan.getColumns())),
                         number(requested.rows - 1));
  Index column = kernel.min(kernel.rem(step.value, number(plan.getColumns())),
                            number(requested.columns - 1));
  Index value =
      scale(column, plan.getStep(2) * requested.distances[2],
            scale(row, plan.getStep(1) * requested.distances[1],
                  kernel.mul(step.tap, number(requested.tapDistance))));
  for (int64_t first = 0; first < plan.tilePositions; first += lanes) {
    Index tile = scale(step.registerTile, plan.tilePositions,
                       kernel.add(step.channel, number(first)));
    Value place =
        memref::LoadOp::create(kernel.builder, kernel.location,
                               requested.places, {kernel.value(tile)});
    for (Value buffer : requested.buffers)
      kernel.prefetch(buffer,
                      {number(0), channelBlock, number(0),
                       kernel.add(value, place), number(0)},
                      1);
  }
}

void WinogradKernel::requestPositions(const RequestingStep &step) {
  if (requestedInput) {
    Index vectorTile = kernel.rem(step.vectorTile, number(plan.vectorTiles));
    Index group = kernel.div(step.vectorTile, number(plan.vectorTiles));
    Index block =
        kernel.min(scale(vectorTile, getAskedBlocks(), step.channelBlock),
                   number(plan.getChannelBlocks() - 1));
    request(*requestedInput, step,
            scale(group, plan.getChannelBlocks(), block));
  }
  if (requestedOutput)
    request(*requestedOutput, step,
            scale(step.vectorTile, plan.tileVectors,
                  kernel.min(step.channelBlock, number(plan.tileVectors - 1))));
}
