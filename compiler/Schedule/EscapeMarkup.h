// Text in the pages and pictures that the compiler writes.

#ifndef TOEPLITZ_COMPILER_SCHEDULE_ESCAPEMARKUP_H
#define TOEPLITZ_COMPILER_SCHEDULE_ESCAPEMARKUP_H

#include "llvm/ADT/StringRef.h"

#include <string>

namespace toeplitz {

/// The text as it stands between the marks of HTML or SVG, and in their quoted
/// attributes.
std::string escapeMarkup(llvm::StringRef text);

} // namespace toeplitz

#endif
