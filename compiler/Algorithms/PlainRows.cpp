#include "compiler/Algorithms/PlainRows.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

PlainRowsPlan::PlainRowsPlan(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target)
    : batch(convolution.batch), inChannels(convolution.inChannels),
      outChannels(convolution.outChannels), lanes(target.getLanes()),
      dimensions(getDimensions(convolution)),
      tileChannels(schedule.tileVectors) {}

PlainRowsPlan::PlainRowsPlan(kernel::ConvOp op, int64_t tilePositions)
    : batch(cast<ShapedType>(op.getInput().getType()).getDimSize(0)),
      inChannels(op.getInChannels()), outChannels(op.getOutChannels()),
      lanes(kernel::getTarget(op).getLanes()), dimensions(getDimensions(op)),
      tileChannels(op.getTile()[1]) {
  if (countRows() == 1)
    pieceColumns = choosePieceColumns(dimensions.back(), tilePositions);
}

int64_t PlainRowsPlan::countTaps() const {
  int64_t taps = 1;
  for (const Dimension &dimension : dimensions)
    taps *= dimension.kernel;
  return taps;
}

int64_t PlainRowsPlan::countRows() const {
  int64_t rows = 1;
  for (const Dimension &dimension : ArrayRef(dimensions).drop_back())
    rows *= dimension.output;
  return rows;
}

TaskGrid PlainRowsPlan::getTasks(kernel::TargetAttr target) const {
  const Dimension &columns = dimensions.back();
  int64_t pieces = countPieces(columns, pieceColumns);
  double inputRow = 4.0 * inChannels * columns.input / pieces;
  if (dimensions.size() > 1)
    inputRow *= dimensions[dimensions.size() - 2].stride;
  double multiplyAdds = static_cast<double>(batch) * outChannels * inChannels *
                        countTaps() * countRows() * columns.output;
  return divideIntoTasks(batch, countRows() * pieces, countChannelTiles(),
                         inputRow, multiplyAdds, target);
}

void toeplitz::forRowsOfTask(KernelBuilder &kernel, const PlainRowsPlan &plan,
                             llvm::function_ref<void(const PlainRow &)> body) {
  TaskRange range = getTaskRange(kernel, plan.getTasks(kernel.target));
  SmallVector<int64_t> outerSizes;
  for (const Dimension &dimension : ArrayRef(plan.dimensions).drop_back())
    outerSizes.push_back(dimension.output);
  kernel.forLoop(range.firstBlock, range.endBlock, 1, [&](Index channelTile) {
    kernel.forLoop(range.firstRow, range.endRow, 1, [&](Index row) {
      // (The row of pieces is the only one.)
      Index whole = plan.pieceColumns ? kernel.constant(0) : row;
      body({range.image, channelTile, kernel.delinearize(whole, outerSizes),
            kernel.mul(row, kernel.constant(plan.pieceColumns))});
    });
  });
}

void toeplitz::forChannelsOfTile(
    KernelBuilder &kernel, const PlainRowsPlan &plan, Index channelTile,
    llvm::function_ref<void(int64_t, Index)> body) {
  for (int64_t f = 0; f < plan.tileChannels; ++f) {
    Index channel =
        kernel.add(kernel.mul(channelTile, kernel.constant(plan.tileChannels)),
                   kernel.constant(f));
    if (plan.outChannels % plan.tileChannels == 0)
      body(f, channel);
    else
      kernel.ifThen(kernel.isLess(channel, kernel.constant(plan.outChannels)),
                    [&] { body(f, channel); });
  }
}

Value toeplitz::joinRow(KernelBuilder &kernel, Value buffer) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rank = type.getRank(), offset = 0;
  SmallVector<int64_t> strides;
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      strides[rank - 2] != 1)
    return {};
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < rank - 1; ++d)
    groups.push_back({d});
  groups.back().push_back(rank - 1);
  return memref::CollapseShapeOp::create(kernel.builder, kernel.location,
                                         buffer, groups);
}

PlainResults::PlainResults(KernelBuilder &kernel,
                           const ConvolutionBuffers &buffers,
                           kernel::ActivationAttr activation,
                           ArrayRef<Dimension> dimensions)
    : kernel(kernel), buffers(buffers), activation(activation),
      dimensions(dimensions) {
  if (dimensions.back().outputStride != 1)
    return;
  outputRows = joinRow(kernel, buffers.output);
  if (!outputRows || !buffers.residual)
    return;
  residualRows = joinRow(kernel, buffers.residual);
  if (!residualRows)
    outputRows = {};
}

/// The first `positions` lanes of a vector.
static Value takeFirst(KernelBuilder &kernel, Value vector, int64_t positions) {
  if (cast<VectorType>(vector.getType()).getNumElements() == positions)
    return vector;
  return vector::ExtractStridedSliceOp::create(
      kernel.builder, kernel.location, vector, ArrayRef<int64_t>{0},
      ArrayRef<int64_t>{positions}, ArrayRef<int64_t>{1});
}

void PlainResults::store(Value sums, int64_t positions, const PlainRow &row,
                         Index channel, Index column) {
  auto getPlace = [&](int64_t t) {
    SmallVector<Index> indices = {row.image, channel};
    auto add = [&](const Dimension &dimension, Index position) {
      indices.push_back(kernel.add(
          kernel.mul(position, kernel.constant(dimension.outputStride)),
          kernel.constant(dimension.outputOffset)));
    };
    for (auto [dimension, position] : llvm::zip(dimensions, row.outer))
      add(dimension, position);
    add(dimensions.back(), kernel.add(column, kernel.constant(t)));
    return indices;
  };
  auto getElement = [&](int64_t t) {
    SmallVector<Index> indices = getPlace(t);
    indices.push_back(kernel.constant(0));
    return indices;
  };
  if (buffers.bias)
    sums = kernel.create<arith::AddFOp>(
        sums,
        kernel.broadcast(
            kernel.loadScalar(buffers.bias, {channel, kernel.constant(0)}),
            cast<VectorType>(sums.getType()).getNumElements()));
  sums = takeFirst(kernel, sums, positions);
  if (outputRows) {
    if (buffers.residual)
      sums = kernel.create<arith::AddFOp>(
          sums, kernel.loadVector(residualRows, getPlace(0), positions));
    kernel.storeVector(kernel.activate(sums, activation), outputRows,
                       getPlace(0));
    return;
  }
  if (buffers.residual) {
    SmallVector<Value> residual;
    for (int64_t t = 0; t < positions; ++t)
      residual.push_back(kernel.loadFloat(buffers.residual, getElement(t)));
    sums = kernel.create<arith::AddFOp>(
        sums, vector::FromElementsOp::create(kernel.builder, kernel.location,
                                             cast<VectorType>(sums.getType()),
                                             residual));
  }
  SmallVector<Value> results =
      kernel.takeApart(kernel.activate(sums, activation));
  for (auto [t, result] : llvm::enumerate(results))
    kernel.storeFloat(result, buffers.output,
                      getElement(static_cast<int64_t>(t)));
}
