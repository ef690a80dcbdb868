#include "compiler/Algorithms/PlainRows.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

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

void PlainResults::store(Value sums, int64_t positions, Index image,
                         Index channel, ArrayRef<Index> outer, Index column) {
  auto getPlace = [&](int64_t t) {
    SmallVector<Index> indices = {image, channel};
    auto add = [&](const Dimension &dimension, Index position) {
      indices.push_back(kernel.add(
          kernel.mul(position, kernel.constant(dimension.outputStride)),
          kernel.constant(dimension.outputOffset)));
    };
    for (auto [dimension, position] : llvm::zip(dimensions, outer))
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
