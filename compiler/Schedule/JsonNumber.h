// Numbers in JSON.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_JSONNUMBER_H
#define TOEPLITZ_COMPILER_SCHEDULE_JSONNUMBER_H

#include "llvm/Support/JSON.h"

namespace toeplitz {

/// Writes an attribute: the number, or null for infinities and what isn't a
/// number, which JSON doesn't have.
void writeNumber(llvm::json::OStream &json, llvm::StringRef name,
                 double number);

} // namespace toeplitz

#endif
