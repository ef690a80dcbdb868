// Weights on their way to the linker: from the blobs straight into an ELF file.

#ifndef TOEPLITZ_COMPILER_TARGET_WEIGHTSOBJECT_H
#define TOEPLITZ_COMPILER_TARGET_WEIGHTSOBJECT_H

#include "compiler/Target/Network.h"

#include "llvm/Support/raw_ostream.h"
#include "llvm/TargetParser/Triple.h"

namespace toeplitz {

/// The alignment of each tensor of weights, and of its section.
inline constexpr uint64_t weightsAlignment = 64;

/// The size of the section, from the first tensor to the end of the last one.
uint64_t getWeightsSectionSize(const Network &network);

/// The size of the file that writeWeightsObject writes.
uint64_t getWeightsObjectSize(const Network &network, bool large);

/// Writes a relocatable ELF object with one read-only section that holds the
/// weights, each at a multiple of 64 bytes under its hidden symbol
/// `objectSymbol`. `large` puts them into x86-64's large-data section. The data
/// are written from where they are and never copied; errors of writing are left
/// in `stream`.
void writeWeightsObject(const Network &network, const llvm::Triple &triple,
                        bool large, llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
