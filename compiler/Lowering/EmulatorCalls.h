// What emulated kernels say to the runtime's emulator (runtime/gpu.h): calls of
// its functions, in the words of LLVM's dialect.

#ifndef TOEPLITZ_COMPILER_LOWERING_EMULATORCALLS_H
#define TOEPLITZ_COMPILER_LOWERING_EMULATORCALLS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {

class EmulatorCalls {
public:
  /// Declares in `module` what is called.
  explicit EmulatorCalls(mlir::ModuleOp module) : module(module) {}

  /// Calls a function of the emulator, which is declared by the first call of
  /// it. Returns its result, or null where it has none.
  mlir::Value call(mlir::OpBuilder &builder, mlir::Location location,
                   llvm::StringRef callee, mlir::Type result,
                   mlir::ValueRange operands);
  /// Puts such a call, whose result is the operation's, in its place.
  void replaceByCall(mlir::Operation *op, llvm::StringRef callee,
                     mlir::ValueRange operands = {});
  /// Tells the emulator before an operation what of a block's memory it reads
  /// or writes.
  void reportAccess(mlir::Operation *before, mlir::Value address, int64_t bytes,
                    bool writes);

  mlir::Value toInt32(mlir::OpBuilder &builder, mlir::Location location,
                      int64_t number);
  /// The CPU has one address space.
  mlir::Value toPointer(mlir::OpBuilder &builder, mlir::Location location,
                        mlir::Value address);

private:
  mlir::ModuleOp module;
};

} // namespace toeplitz

#endif
