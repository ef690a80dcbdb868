#include "compiler/Analysis/DeviceFunctions.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace toeplitz;

/// Says at the operation, which its layer stands at, what has no code.
static WalkResult refuse(Operation *op, StringRef function) {
  op->emitError() << "'" << function << "' of " << op->getResult(0).getType()
                  << " has no code for a GPU";
  return WalkResult::interrupt();
}

llvm::LogicalResult toeplitz::checkDeviceFunctions(gpu::GPUModuleOp kernels) {
  WalkResult result = kernels.walk([&](Operation *op) {
    if (isa<LLVM::ExpOp, LLVM::Exp2Op, LLVM::Exp10Op, LLVM::LogOp, LLVM::Log2Op,
            LLVM::Log10Op, LLVM::PowOp, LLVM::PowIOp, LLVM::SinOp, LLVM::CosOp,
            LLVM::SincosOp, LLVM::TanOp, LLVM::ASinOp, LLVM::ACosOp,
            LLVM::ATanOp, LLVM::ATan2Op, LLVM::SinhOp, LLVM::CoshOp,
            LLVM::TanhOp, LLVM::FRemOp>(op)) {
      StringRef name = op->getName().stripDialect();
      name.consume_front("intr.");
      return refuse(op, name);
    }
    // Of CUDA's device library, whose names begin with this.
    auto call = dyn_cast<LLVM::CallOp>(op);
    if (!call || !call.getCallee())
      return WalkResult::advance();
    auto function = kernels.lookupSymbol<LLVM::LLVMFuncOp>(*call.getCallee());
    if (function && !function.isExternal())
      return WalkResult::advance();
    StringRef name = *call.getCallee();
    name.consume_front("__nv_");
    return refuse(op, name);
  });
  return failure(result.wasInterrupted());
}
