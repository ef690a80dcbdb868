// The part of emulate-gpu that is about bulk copies to a block's memory and the
// barriers that say when they have arrived.

#ifndef TOEPLITZ_COMPILER_LOWERING_EMULATEBULKCOPIES_H
#define TOEPLITZ_COMPILER_LOWERING_EMULATEBULKCOPIES_H

#include "compiler/Lowering/EmulatorCalls.h"

#include <optional>

namespace toeplitz {

/// Puts calls of the emulator in the place of an operation of a kernel, or says
/// what of it isn't emulated. Nothing where it isn't one of these.
std::optional<llvm::LogicalResult> emulateBulkCopy(EmulatorCalls &emulator,
                                                   mlir::Operation *op);

} // namespace toeplitz

#endif
