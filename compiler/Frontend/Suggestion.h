// "Did you mean …?"

#ifndef TOEPLITZ_COMPILER_FRONTEND_SUGGESTION_H
#define TOEPLITZ_COMPILER_FRONTEND_SUGGESTION_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace toeplitz {

/// "; did you mean 'conv'?" with the candidate nearest to `word`, or nothing if
/// none is near.
std::string suggest(llvm::StringRef word,
                    llvm::ArrayRef<llvm::StringRef> candidates);

} // namespace toeplitz

#endif
