// The device dialect: what a block of a GPU's threads leaves to the Tensor Memory Accelerator.

#ifndef TOEPLITZ_DIALECTS_DEVICE_DEVICEDIALECT_TD
#define TOEPLITZ_DIALECTS_DEVICE_DEVICEDIALECT_TD

include "mlir/IR/OpBase.td"

def Device_Dialect : Dialect {
  let name = "device";
  let cppNamespace = "::toeplitz::device";
  let summary = "Bulk copies to the memory of a GPU's block, and the barriers that say when they have arrived";
  let description = [{
    The kernels of GPUs of the architecture sm_90a, whose Tensor Memory Accelerator copies whole tiles by itself: one thread begins a copy, and the
    others learn from an mbarrier that all of its bytes have arrived. The operations work on buffers, so that they stand in a kernel's loops;
    `create-tensor-maps` and `convert-device-to-nvvm` take them to NVVM. See RATIONALE.md.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

#endif
