// The functions by which programs call a network, built into its code.

#ifndef TOEPLITZ_COMPILER_TARGET_INTERFACE_H
#define TOEPLITZ_COMPILER_TARGET_INTERFACE_H

#include "compiler/Target/Network.h"
#include "compiler/Target/Target.h"

#include "llvm/IR/Module.h"

namespace toeplitz {

/// What code is for: LLVM's name of the processor or GPU, and the features that
/// it needs of the processor, as toeplitz_network of runtime/toeplitz.h says
/// them.
struct Processor {
  std::string name;
  uint64_t features;
};

/// The symbols that the artifact shows to the world; everything else in it is
/// hidden.
std::vector<std::string> getExportedSymbols(const Network &network,
                                            ArtifactKind kind);

/// What the `main` of the lowered module is called from addInterface on.
std::string getRootFunction(const Network &network);

/// What stands for a variant where one is chosen: the hidden function that
/// returns its descriptor, and the runtime's that says whether it can run.
struct VariantSymbols {
  std::string accessor, check;
};
VariantSymbols getVariantSymbols(const Network &network);

/// Adds to `module`, whose `main` computes the network, the descriptor
/// toeplitz_network of runtime/toeplitz.h and the functions that
/// getExportedSymbols lists. Makes everything else internal, or hidden where
/// it's defined by the runtime or the weights object, and renames the weights
/// to their symbols in that object. `threads` is what an executable computes
/// with unless its user says otherwise, `processor` what it is compiled for:
/// see toeplitz_network. A variant gets its descriptor and its accessor
/// alone.
void addInterface(llvm::Module &module, const Network &network,
                  ArtifactKind kind, int threads, const Processor &processor);

/// Adds to an empty `module` the functions that getExportedSymbols lists, which
/// run the first of the `variants` that can run where they are called.
void addDispatch(llvm::Module &module, const Network &network,
                 llvm::ArrayRef<VariantSymbols> variants, ArtifactKind kind,
                 int threads);

} // namespace toeplitz

#endif
