// Batch normalisation as a scale and a shift of each channel.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_BATCHNORM_H
#define TOEPLITZ_COMPILER_SCHEDULE_BATCHNORM_H

#include "dialects/CNN/CNNDialect.h"
#include "mlir/IR/Builders.h"

namespace toeplitz {

/// s and t of y = x s + t, each of shape C, with s = scale / sqrt(variance +
/// epsilon), t = bias - mean s. Those of constants are computed here, in double
/// precision; others by the network.
std::pair<mlir::Value, mlir::Value> getScaleAndShift(mlir::OpBuilder &builder,
                                                     cnn::BatchNormOp op);

} // namespace toeplitz

#endif
