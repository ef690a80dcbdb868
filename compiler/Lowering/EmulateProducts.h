// The part of emulate-gpu that is about tensor cores: the products of mma.sync
// and wgmma.mma_async, and what rounds, loads and publishes their factors and
// waits for them.

#ifndef TOEPLITZ_COMPILER_LOWERING_EMULATEPRODUCTS_H
#define TOEPLITZ_COMPILER_LOWERING_EMULATEPRODUCTS_H

#include "compiler/Lowering/EmulatorCalls.h"

#include "llvm/ADT/DenseMap.h"
#include <optional>

namespace mlir::NVVM {
class ConvertF32x2ToBF16x2Op;
class ConvertFloatToTF32Op;
class LdMatrixOp;
class MmaOp;
class WgmmaMmaAsyncOp;
} // namespace mlir::NVVM

namespace toeplitz {

class ProductEmulation {
public:
  /// Reports accesses of a block's memory if `check`.
  ProductEmulation(EmulatorCalls &emulator, bool check)
      : emulator(emulator), check(check) {}

  /// Puts calls of the emulator in the place of an operation of a kernel, or
  /// says what of it isn't emulated. Nothing where it isn't one of these.
  std::optional<llvm::LogicalResult> convert(mlir::Operation *op);

private:
  llvm::LogicalResult convertLoad(mlir::NVVM::LdMatrixOp op);
  llvm::LogicalResult convertRounding(mlir::NVVM::ConvertFloatToTF32Op op);
  llvm::LogicalResult convertRounding(mlir::NVVM::ConvertF32x2ToBF16x2Op op);
  llvm::LogicalResult convertProduct(mlir::NVVM::MmaOp op);
  llvm::LogicalResult convertProduct(mlir::NVVM::WgmmaMmaAsyncOp op);
  mlir::Value getFragments(mlir::Operation *op);

  EmulatorCalls &emulator;
  bool check;
  /// The memory in which a thread of each kernel hands over its fragments.
  llvm::DenseMap<mlir::Operation *, mlir::Value> fragments;
};

} // namespace toeplitz

#endif
