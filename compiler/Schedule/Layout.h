// The blocked layout of tensors, and the way there and back.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_LAYOUT_H
#define TOEPLITZ_COMPILER_SCHEDULE_LAYOUT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::tensor {
class ExtractSliceOp;
}

namespace toeplitz {

/// A new tensor without values, the destination of an operation.
mlir::Value createEmpty(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::RankedTensorType type);

/// N x C x I (rank at least 2) in blocks of `lanes` channels: N x ceil(C /
/// lanes) x I x lanes.
mlir::RankedTensorType getBlockedType(mlir::RankedTensorType plain,
                                      int64_t lanes);

/// Whether values of this type are computed in the blocked layout: all that
/// have a batch and channels.
bool isBlockable(mlir::RankedTensorType plain);

/// N x C x I as N x C x I x 1: the plain layout as a blocked one of single
/// channels.
mlir::Value viewAsBlocked(mlir::OpBuilder &builder, mlir::Location location,
                          mlir::Value plain);
/// The way back.
mlir::Value viewAsPlain(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Value blocked, mlir::RankedTensorType plain);

/// The blocked form of a plain tensor. One that has just come from the blocked
/// form of `lanes` lanes is taken back instead.
mlir::Value pack(mlir::OpBuilder &builder, mlir::Location location,
                 mlir::Value plain, int64_t lanes);

/// The blocked value of `lanes` lanes that a plain one was unpacked from, or
/// null: where its next reader finds it for nothing.
mlir::Value getBlockedSource(mlir::Value plain, int64_t lanes);

/// A slice of a plain tensor, whose channels begin with a block and follow each
/// other, as one of its blocked form.
mlir::Value sliceBlocked(mlir::OpBuilder &builder,
                         mlir::tensor::ExtractSliceOp slice,
                         mlir::Value blocked, int64_t lanes);

/// The plain form of a blocked tensor. One that has just come from this plain
/// type is taken back instead.
mlir::Value unpack(mlir::OpBuilder &builder, mlir::Location location,
                   mlir::Value blocked, mlir::RankedTensorType plain);

/// A tensor with one element for each channel as a blocked one without batch
/// and positions: ceil(C / lanes) x lanes, filled up with zeros.
mlir::Value packChannels(mlir::OpBuilder &builder, mlir::Location location,
                         mlir::Value channels, int64_t lanes);

} // namespace toeplitz

#endif
