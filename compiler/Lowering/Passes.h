// The passes from kernels to the LLVM dialect. See Passes.td.

#ifndef TOEPLITZ_COMPILER_LOWERING_PASSES_H
#define TOEPLITZ_COMPILER_LOWERING_PASSES_H

#include "compiler/Lowering/KernelBuilder.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/Pass/Pass.h"

namespace toeplitz {

#define GEN_PASS_DECL
#include "compiler/Lowering/Passes.h.inc"

/// What time-kernels leaves on the module: the rows of its times.
constexpr llvm::StringLiteral timedLayersAttribute = "toeplitz.layers";

/// convert-kernel-to-loops with the lowerings of operations that this room
/// doesn't know: the convolutions', whose algorithms are above it.
std::unique_ptr<mlir::Pass>
createConvertKernelToLoops(llvm::ArrayRef<KernelLowering> lowerings);

/// Registers the room's passes with mlir-opt-like tools.
void registerLoweringPasses(llvm::ArrayRef<KernelLowering> lowerings);

} // namespace toeplitz

#endif
