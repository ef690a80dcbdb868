// What a network of a GPU hands to the runtime: runtime/gpu.h's
// toeplitz_gpu_program, built into its code.

#ifndef TOEPLITZ_COMPILER_TARGET_GPUINTERFACE_H
#define TOEPLITZ_COMPILER_TARGET_GPUINTERFACE_H

#include "compiler/Target/Network.h"

#include "llvm/IR/Module.h"

namespace toeplitz {

/// Builds the program of a network of a GPU into `module`, whose `main`
/// launches the kernels. The weights have their symbols in the object by now.
llvm::Constant *buildGpuProgram(llvm::Module &module, const Network &network,
                                llvm::Function &main);

} // namespace toeplitz

#endif
