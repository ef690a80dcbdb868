#include "compiler/Analysis/DeviceFunctions.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace toeplitz;

llvm::LogicalResult toeplitz::checkDeviceFunctions(gpu::GPUModuleOp kernels) {
  WalkResult result = kernels.walk([](Operation *op) {
    if (isa<LLVM::ExpOp, LLVM::Exp2Op, LLVM::Exp10Op, LLVM::LogOp, LLVM::Log2Op,
            LLVM::Log10Op, LLVM::PowOp, LLVM::PowIOp, LLVM::SinOp, LLVM::CosOp,
            LLVM::SincosOp, LLVM::TanOp, LLVM::ASinOp, LLVM::ACosOp,
            LLVM::ATanOp, LLVM::ATan2Op, LLVM::SinhOp, LLVM::CoshOp,
            LLVM::TanhOp, LLVM::FRemOp>(op)) {
      op->emitError() << "'" << op->getName().stripDialect()
                      << "' has no code for a GPU";
      return WalkResult::interrupt();
    }
    auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
    if (!function || !function.isExternal())
      return WalkResult::advance();
    function.emitError() << "'" << function.getSymName()
                         << "' has no code for a GPU";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
