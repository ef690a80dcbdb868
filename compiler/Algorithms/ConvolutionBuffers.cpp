#include "compiler/Algorithms/ConvolutionBuffers.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

ConvolutionBuffers toeplitz::getBuffers(kernel::ConvOp op,
                                        const KernelBuilder &kernel) {
  ConvolutionBuffers buffers;
  size_t next = 0;
  buffers.input = kernel.buffers[next++];
  buffers.filter = kernel.buffers[next++];
  if (op.getBias())
    buffers.bias = kernel.buffers[next++];
  if (op.getResidual())
    buffers.residual = kernel.buffers[next++];
  if (op.getStructure())
    buffers.structure = kernel.buffers[next++];
  if (op.getInputScale())
    buffers.inputScale = kernel.buffers[next++];
  if (op.getInputShift())
    buffers.inputShift = kernel.buffers[next++];
  buffers.output = kernel.buffers[next++];
  if (op.getUnpooled())
    buffers.unpooled = kernel.buffers[next++];
  if (op.getScratch())
    buffers.scratch = kernel.buffers[next++];
  if (op.getPrepared())
    buffers.prepared = kernel.buffers[next++];
  return buffers;
}

void toeplitz::finishVector(KernelBuilder &kernel,
                            const ConvolutionBuffers &buffers,
                            kernel::ActivationAttr activation, Value sum,
                            ArrayRef<Index> indices) {
  if (buffers.residual)
    sum = arith::AddFOp::create(
        kernel.builder, kernel.location, sum,
        kernel.loadVector(buffers.residual, indices, kernel.target.getLanes()));
  kernel.storeVector(kernel.activate(sum, activation), buffers.output, indices);
}

void toeplitz::finishElement(KernelBuilder &kernel,
                             const ConvolutionBuffers &buffers,
                             kernel::ActivationAttr activation, Value sum,
                             Index image, Index channel,
                             ArrayRef<Dimension> dimensions,
                             ArrayRef<Index> position) {
  SmallVector<Index> indices = {image, channel};
  // (A result without positions has none that `dimensions` could index.)
  if (cast<MemRefType>(buffers.output.getType()).getRank() > 3)
    for (auto [dimension, at] : llvm::zip_equal(dimensions, position))
      indices.push_back(
          kernel.add(kernel.mul(at, kernel.constant(dimension.outputStride)),
                     kernel.constant(dimension.outputOffset)));
  indices.push_back(kernel.constant(0));
  auto add = [&](Value value) {
    sum = arith::AddFOp::create(kernel.builder, kernel.location, sum, value);
  };
  if (buffers.bias)
    add(kernel.loadScalar(buffers.bias, {channel, kernel.constant(0)}));
  if (buffers.residual)
    add(kernel.loadFloat(buffers.residual, indices));
  kernel.storeFloat(kernel.activate(sum, activation), buffers.output, indices);
}

/// The dimensions of N x B x I x V, those of I as one.
static SmallVector<ReassociationIndices> groupPositions(int64_t rank) {
  SmallVector<ReassociationIndices> groups = {{0}, {1}, {}, {rank - 1}};
  for (int64_t d = 2; d < rank - 1; ++d)
    groups[2].push_back(d);
  return groups;
}

bool toeplitz::canFoldPositions(MemRefType type) {
  return type.getRank() <= 4 ||
         memref::CollapseShapeOp::isGuaranteedCollapsible(
             type, groupPositions(type.getRank()));
}

bool toeplitz::canFoldPositions(kernel::ConvOp op) {
  return llvm::all_of(op->getOperands(), [&](Value buffer) {
    auto type = dyn_cast<MemRefType>(buffer.getType());
    bool hasPositions = buffer == op.getInput() || buffer == op.getInit() ||
                        buffer == op.getResidual();
    return !type || !hasPositions || canFoldPositions(type);
  });
}

Value toeplitz::foldPositions(KernelBuilder &kernel, Value buffer, int64_t rows,
                              int64_t columns) {
  auto type = cast<MemRefType>(buffer.getType());
  int64_t rank = type.getRank();
  if (rank > 4)
    buffer = memref::CollapseShapeOp::create(kernel.builder, kernel.location,
                                             buffer, groupPositions(rank));
  SmallVector<ReassociationIndices> expand = {{0}, {1}, {2, 3}, {4}};
  SmallVector<int64_t> shape = {type.getDimSize(0), type.getDimSize(1), rows,
                                columns, type.getDimSize(rank - 1)};
  return memref::ExpandShapeOp::create(kernel.builder, kernel.location, shape,
                                       buffer, expand);
}

Value toeplitz::foldBatch(KernelBuilder &kernel, Value buffer) {
  MLIRContext *context = kernel.builder.getContext();
  auto type = cast<MemRefType>(buffer.getType());
  AffineMap swap =
      AffineMap::getPermutationMap(ArrayRef<unsigned>{1, 0, 2}, context);
  Value swapped = memref::TransposeOp::create(kernel.builder, kernel.location,
                                              buffer, AffineMapAttr::get(swap));
  SmallVector<ReassociationIndices> expand = {{0, 1}, {2}, {3}};
  SmallVector<int64_t> shape = {1, type.getDimSize(1), type.getDimSize(0),
                                type.getDimSize(2)};
  return memref::ExpandShapeOp::create(kernel.builder, kernel.location, shape,
                                       swapped, expand);
}

void toeplitz::foldPositions(KernelBuilder &kernel, kernel::ConvOp op,
                             ConvolutionBuffers &buffers, int64_t rows,
                             int64_t columns) {
  for (Value *buffer : {&buffers.input, &buffers.output, &buffers.residual})
    if (*buffer)
      *buffer = op.getKernel().empty()
                    ? foldBatch(kernel, *buffer)
                    : foldPositions(kernel, *buffer, rows, columns);
}
