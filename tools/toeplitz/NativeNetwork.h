// Native code of a network in this process: loaded from a shared library, which
// is compiled first when the user names a description or a module.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_NATIVENETWORK_H
#define TOEPLITZ_TOOLS_TOEPLITZ_NATIVENETWORK_H

#include "compiler/Target/LoadedNetwork.h"
#include "tools/toeplitz/CompilationOptions.h"
#include "tools/toeplitz/Tensors.h"

namespace toeplitz {

/// Takes the network at `path`, to be run with `threads` threads (0: one for
/// each processor). Reports what is wrong and returns null then.
std::unique_ptr<LoadedNetwork> openNetwork(llvm::StringRef path,
                                           const CompilationOptions &options,
                                           int threads);

Signature readSignature(const LoadedNetwork &network);

/// Runs the network once, on as many samples as the inputs have. Reports what
/// is wrong.
llvm::FailureOr<std::vector<TensorValues>>
runNetwork(LoadedNetwork &network, llvm::ArrayRef<TensorValues> inputs);

/// Times `runs` runs, or two seconds' worth when that is 0. Reports what is
/// wrong.
llvm::FailureOr<toeplitz_timing>
timeNetwork(LoadedNetwork &network, llvm::ArrayRef<TensorValues> inputs,
            int64_t runs);

} // namespace toeplitz

#endif
