// Reads JSON text into values that know their place.

#ifndef TOEPLITZ_COMPILER_FRONTEND_JSONREADER_H
#define TOEPLITZ_COMPILER_FRONTEND_JSONREADER_H

#include "compiler/Frontend/JsonValue.h"
#include "llvm/ADT/StringRef.h"

namespace toeplitz {

/// Why a text isn't the JSON that we read.
struct JsonError {
  size_t offset = 0;
  std::string message;
};

/// Lists and objects within each other, at most. Nothing that we read needs
/// more than ten; a limit keeps whoever walks the values recursively off the
/// end of the stack.
constexpr unsigned maximumJsonDepth = 64;

/// Reads `text` (RFC 8259, UTF-8) into `result`. Beyond the grammar these are
/// errors: a key that an object has twice, a number that overflows a double,
/// nesting deeper than `maximumJsonDepth`.
std::optional<JsonError> readJson(llvm::StringRef text, JsonValue &result);

} // namespace toeplitz

#endif
