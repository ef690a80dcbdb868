// The cnn dialect: what a convolutional network computes. See CNNOps.td for the
// operations.

#ifndef TOEPLITZ_DIALECTS_CNN_CNNDIALECT_H
#define TOEPLITZ_DIALECTS_CNN_CNNDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/CNN/CNNDialect.h.inc"
#include "dialects/CNN/CNNEnums.h.inc"
#include "dialects/CNN/Constraints.h"
#define GET_ATTRDEF_CLASSES
#include "dialects/CNN/CNNAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/CNN/CNNOps.h.inc"

namespace toeplitz::cnn {

// Each of these checks the numbered constraints of one operation's description
// and reports the first that doesn't hold (Verifiers.cpp).
llvm::LogicalResult checkConstraints(ConvOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(ConvTransposeOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(PoolOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(GlobalPoolOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(PadOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(BatchNormOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(GroupNormOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(LayerNormOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(LrnOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(ActivationOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(PreluOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(SoftmaxOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(ResizeOp::Adaptor op,
                                     ConstraintReporter violated);
llvm::LogicalResult checkConstraints(BroadcastOp::Adaptor op,
                                     ConstraintReporter violated);

// The result shapes of the operations that compute one (ShapeInference.cpp).
// Pure arithmetic: sizes can be absurd where a constraint doesn't hold.
llvm::SmallVector<int64_t> inferResultShape(ConvOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(ConvTransposeOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(PoolOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(GlobalPoolOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(PadOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(ResizeOp::Adaptor op);
llvm::SmallVector<int64_t> inferResultShape(BroadcastOp::Adaptor op);

} // namespace toeplitz::cnn

#endif
