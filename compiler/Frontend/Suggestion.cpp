// "Did you mean …?": see Suggestion.h.

#include "compiler/Frontend/Suggestion.h"

#include <algorithm>

namespace toeplitz {

std::string suggest(llvm::StringRef word,
                    llvm::ArrayRef<llvm::StringRef> candidates) {
  // A third of the letters wrong still looks like a slip; more looks like
  // another word, and so does any in a word of two.
  unsigned limit = word.size() / 3;
  llvm::StringRef best;
  for (llvm::StringRef candidate : candidates) {
    unsigned distance =
        word.edit_distance_insensitive(candidate, /*AllowReplacements=*/true,
                                       /*MaxEditDistance=*/limit);
    if (distance <= limit) {
      best = candidate;
      if (distance == 0)
        break;
      limit = distance - 1;
    }
  }
  if (best.empty())
    return "";
  return "; did you mean '" + best.str() + "'?";
}

} // namespace toeplitz
