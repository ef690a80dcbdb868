// What a user says about the inputs of a network that its file leaves open.

#ifndef TOEPLITZ_COMPILER_FRONTEND_IMPORTOPTIONS_H
#define TOEPLITZ_COMPILER_FRONTEND_IMPORTOPTIONS_H

#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace toeplitz {

struct ImportOptions {
  /// Shapes of inputs by their names.
  std::map<std::string, llvm::SmallVector<int64_t>> shapes;
  /// The size of leading dimensions that the file leaves open; without it they
  /// are 1, with a warning.
  std::optional<int64_t> batch;
  /// The batch is chosen for each run: leading dimensions that the file leaves
  /// open are the batch, or those of all inputs that begin like the first one
  /// if the file leaves none open.
  bool isBatchDynamic = false;
  /// The .npy files of inputs that are constants of the compiled network.
  std::map<std::string, std::string> constants;
};

} // namespace toeplitz

#endif
