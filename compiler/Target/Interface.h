// The functions by which programs call a network, built into its code.

#ifndef TOEPLITZ_COMPILER_TARGET_INTERFACE_H
#define TOEPLITZ_COMPILER_TARGET_INTERFACE_H

#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "llvm/IR/Module.h"

namespace toeplitz {

/// The symbols that the artifact shows to the world; everything else in it is
/// hidden.
std::vector<std::string> getExportedSymbols(const Network &network,
                                            ArtifactKind kind);

/// What the `main` of the lowered module is called from addInterface on.
std::string getRootFunction(const Network &network);

/// Adds to `module`, whose `main` computes the network, the descriptor
/// toeplitz_network of runtime/toeplitz.h and the functions that
/// getExportedSymbols lists. Makes everything else internal, or hidden where
/// it's defined by the runtime or the weights object, and renames the weights
/// to their symbols in that object. `threads` is what an executable computes
/// with unless its user says otherwise, `processorFeatures` what the code
/// needs: see toeplitz_network.
void addInterface(llvm::Module &module, const Network &network,
                  ArtifactKind kind, int threads, uint64_t processorFeatures);

} // namespace toeplitz

#endif
