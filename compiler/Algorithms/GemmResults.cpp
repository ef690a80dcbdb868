#include "compiler/Algorithms/GemmResults.h"

#include "compiler/Lowering/Kernels/BufferView.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

GemmResults::GemmResults(KernelBuilder &kernel, const ImplicitGemm &gemm,
                         const ConvolutionBuffers &buffers,
                         ImplicitGemmBlock &common)
    : kernel(kernel), gemm(gemm), buffers(buffers), common(common) {
  if (gemm.countSplits() > 1) {
    runs = findRunsOfPartialSums();
    return;
  }
  output = flatten(buffers.output);
  if (buffers.residual)
    residual = flatten(buffers.residual);
  runs = findRuns();
}

// --- which elements lie together --------------------------------------------

int64_t GemmResults::countImagePositions() const {
  return gemm.countPositions() / gemm.batch;
}

bool GemmResults::isAligned(Value buffer) const {
  auto *found = llvm::find(kernel.buffers, buffer);
  assert(found != kernel.buffers.end() && "an operand");
  return kernel.buffersAligned[found - kernel.buffers.begin()];
}

std::optional<GemmResults::Buffer> GemmResults::flatten(Value buffer) const {
  auto type = cast<MemRefType>(buffer.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) || !canFoldPositions(type))
    return std::nullopt;
  Buffer flat = {viewAsRow(kernel, buffer), strides[1], 1, 0};
  // (The last dimension has one element.)
  auto positions = llvm::seq<int64_t>(2, type.getRank() - 1);
  for (int64_t d : llvm::reverse(positions))
    if (type.getDimSize(d) != 1) {
      flat.position = strides[d];
      break;
    }
  for (auto [d, dimension] : llvm::zip(positions, gemm.dimensions))
    if (dimension.outputStride != 1 || dimension.outputOffset != 0 ||
        type.getDimSize(d) != dimension.output)
      return std::nullopt;
  if (countImagePositions() == 1)
    flat.position = strides[0];
  if (gemm.batch > 1)
    flat.betweenImages = strides[0] - countImagePositions() * flat.position;
  return flat;
}

bool GemmResults::canHoldRuns(Value original, const Buffer &buffer,
                              const GemmRuns &candidate) const {
  int64_t length = candidate.length;
  int64_t along = buffer.position, across = buffer.channel;
  if (candidate.alongChannels)
    std::swap(along, across);
  // (Of one image `betweenImages` is 0.)
  return along == 1 && across % length == 0 &&
         buffer.betweenImages % length == 0 &&
         cast<MemRefType>(original.getType()).getStridesAndOffset().second %
                 length ==
             0 &&
         isAligned(original);
}

GemmRuns GemmResults::findRuns() const {
  if (!output || (buffers.residual && !residual))
    return {};
  constexpr int64_t runBits = 8 * bufferAlignment;
  GemmRuns candidate;
  candidate.length =
      runBits /
      cast<MemRefType>(buffers.output.getType()).getElementTypeBitWidth();
  candidate.alongChannels = output->channel == 1 && output->position != 1;
  int64_t size =
      candidate.alongChannels ? gemm.outChannels : countImagePositions();
  bool found =
      size % candidate.length == 0 &&
      canHoldRuns(buffers.output, *output, candidate) &&
      (!residual || canHoldRuns(buffers.residual, *residual, candidate));
  return found ? candidate : GemmRuns{candidate.alongChannels, 1};
}

GemmRuns GemmResults::findRunsOfPartialSums() const {
  GemmRuns candidate = {gemm.channelsLast, 4};
  int64_t size =
      candidate.alongChannels ? gemm.outChannels : gemm.countPositions();
  if (size % candidate.length != 0 || !isAligned(buffers.prepared))
    candidate.length = 1;
  return candidate;
}

// --- a run ------------------------------------------------------------------

Index GemmResults::getPlace(const Buffer &buffer, Index channel, Index column) {
  Index place = kernel.add(kernel.mul(column, number(buffer.position)),
                           kernel.mul(channel, number(buffer.channel)));
  if (buffer.betweenImages == 0)
    return place;
  Index image = kernel.div(column, number(countImagePositions()));
  return kernel.add(place, kernel.mul(image, number(buffer.betweenImages)));
}

static int64_t getLength(Value run) {
  return cast<VectorType>(run.getType()).getNumElements();
}

/// Of which number of bytes the address of a run of `length` elements is a
/// multiple.
static uint64_t getAlignment(Value buffer, int64_t length) {
  int64_t bits = cast<MemRefType>(buffer.getType()).getElementTypeBitWidth();
  return std::min(bufferAlignment, length * bits / 8);
}

Value GemmResults::addBias(Value sum, Index channel) {
  Value bias;
  int64_t length = getLength(sum);
  if (runs.alongChannels) {
    bias = kernel.loadVector(
        viewAsRow(kernel, buffers.bias), channel, length,
        isAligned(buffers.bias) ? getAlignment(buffers.bias, length) : 0);
  } else {
    bias = kernel.broadcast(
        kernel.loadScalar(buffers.bias, {channel, number(0)}), length);
  }
  return arith::AddFOp::create(kernel.builder, kernel.location, sum, bias);
}

Value GemmResults::addResidual(Value sum, Index channel, Index column) {
  int64_t length = getLength(sum);
  Value loaded =
      kernel.loadVector(residual->row, getPlace(*residual, channel, column),
                        length, getAlignment(residual->row, length));
  return arith::AddFOp::create(kernel.builder, kernel.location, sum,
                               kernel.extend(loaded));
}

void GemmResults::finishRun(Value sum, Index channel, Index column) {
  channel =
      kernel.add(kernel.mul(common.group, number(gemm.outChannels)), channel);
  if (buffers.bias)
    sum = addBias(sum, channel);
  if (buffers.residual)
    sum = addResidual(sum, channel, column);
  sum = kernel.activate(sum, gemm.activation);
  Type element = cast<MemRefType>(buffers.output.getType()).getElementType();
  kernel.storeVector(kernel.round(sum, element), output->row,
                     getPlace(*output, channel, column),
                     getAlignment(output->row, getLength(sum)));
}

void GemmResults::store(ArrayRef<Value> sums, Index channel, Index column) {
  auto length = static_cast<int64_t>(sums.size());
  assert(runs.length % length == 0);
  if (length == 1)
    return common.store(sums[0], channel, common.locate(column));
  Value run = vector::FromElementsOp::create(kernel.builder, kernel.location,
                                             kernel.vectorType(length), sums);
  common.ifExists(channel, column, [&] {
    if (gemm.countSplits() == 1)
      return finishRun(run, channel, column);
    kernel.storeVector(run, buffers.prepared,
                       common.getPartialSumPlace(channel, column),
                       getAlignment(buffers.prepared, length));
  });
}

// --- the exchange -----------------------------------------------------------

/// Rows of the exchanged sums are of what runs lie along. With these distances,
/// the lanes of a warp that hold the sums of a product of tensor cores, eight
/// channels of pairs of columns, write to different banks.
static constexpr int64_t channelsBetweenRows = 4, columnsBetweenRows = 8;

int64_t GemmResults::Exchange::getSize(int64_t channels, int64_t columns) {
  return std::max(columns * (channels + channelsBetweenRows),
                  channels * (columns + columnsBetweenRows));
}

void GemmResults::store(const Exchange &exchange) {
  bool alongChannels = runs.alongChannels;
  int64_t rowSize = alongChannels ? exchange.channels : exchange.columns;
  int64_t rows = alongChannels ? exchange.columns : exchange.channels;
  int64_t rowDistance =
      rowSize + (alongChannels ? channelsBetweenRows : columnsBetweenRows);
  auto getPlace = [&](Index channel, Index column) {
    if (alongChannels)
      std::swap(channel, column);
    return kernel.add(kernel.mul(channel, number(rowDistance)), column);
  };
  common.block.barrier();
  exchange.giveSums([&](ArrayRef<Value> sums, Index channel, Index column) {
    if (!alongChannels) {
      Value together =
          vector::FromElementsOp::create(kernel.builder, kernel.location,
                                         kernel.vectorType(sums.size()), sums);
      return kernel.storeVector(together, exchange.memory,
                                getPlace(channel, column),
                                sums.size() * sizeof(float));
    }
    for (auto [i, sum] : llvm::enumerate(sums))
      kernel.storeScalar(
          sum, exchange.memory,
          getPlace(channel, kernel.add(column, number(int64_t(i)))));
  });
  common.block.barrier();
  // Neighbouring threads have neighbouring runs.
  int64_t runsOfRow = rowSize / runs.length;
  int64_t runsOfThread = rows * runsOfRow / exchange.threads;
  assert(runsOfThread * exchange.threads == rows * runsOfRow);
  for (int64_t i = 0; i < runsOfThread; ++i) {
    SmallVector<Index> place = kernel.delinearize(
        kernel.add(common.block.thread(), number(i * exchange.threads)),
        {rows, runsOfRow});
    Index channel = place[0],
          column = kernel.mul(place[1], number(runs.length));
    if (alongChannels)
      std::swap(channel, column);
    SmallVector<Value> sums;
    constexpr int64_t quad = 4;
    int64_t together = std::min(quad, runs.length);
    for (int64_t first = 0; first < runs.length; first += together) {
      Index from = kernel.add(getPlace(channel, column), number(first));
      llvm::append_range(sums, kernel.takeApart(kernel.loadVector(
                                   exchange.memory, from, together,
                                   together * sizeof(float))));
    }
    store(sums, exchange.getChannel(channel), exchange.getColumn(column));
  }
}
