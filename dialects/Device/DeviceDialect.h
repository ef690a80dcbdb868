// The device dialect: bulk copies to the memory of a GPU's block. See
// DeviceOps.td for the operations.

#ifndef TOEPLITZ_DIALECTS_DEVICE_DEVICEDIALECT_H
#define TOEPLITZ_DIALECTS_DEVICE_DEVICEDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"

#include "dialects/Device/DeviceDialect.h.inc"
#define GET_OP_CLASSES
#include "dialects/Device/DeviceOps.h.inc"

namespace toeplitz::device {

/// What the hardware asks of a copy (PTX ISA, "Tensors" and "cp.async.bulk";
/// CUDA driver API, cuTensorMapEncodeTiled): addresses and strides are
/// multiples of `unitBytes`, a tensor has at most `mostDimensions`, a box at
/// most `mostBoxElements` along each of them and `boxRowBytes` along the last,
/// all copies of a barrier's phase together at most `mostBytes`.
constexpr int64_t unitBytes = 16, mostDimensions = 5, mostBoxElements = 256,
                  boxRowBytes = 128, mostBytes = (1 << 20) - 1;
constexpr int64_t mostElements = int64_t(1) << 32,
                  mostStrideBytes = (int64_t(1) << 40) - 1;

/// Why no boxes can be taken from a tensor of this type; empty if they can.
std::string declinesTensor(mlir::MemRefType type);

} // namespace toeplitz::device

#endif
