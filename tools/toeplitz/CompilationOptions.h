// What a user may say about a compilation, as it was said.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_COMPILATIONOPTIONS_H
#define TOEPLITZ_TOOLS_TOEPLITZ_COMPILATIONOPTIONS_H

#include "tools/toeplitz/Progress.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace toeplitz {

/// --target: code for a GPU, and for the processor where there is none.
inline constexpr llvm::StringLiteral bothTargets = "cuda,cpu";

struct CompilationOptions {
  /// What the network is to be called; empty for its own name.
  std::string name;
  /// What the network's file leaves open: "NAME=1x3x224x224", "NAME=FILE.npy",
  /// a number.
  std::vector<std::string> shapes, constants;
  std::string batch;

  /// LLVM's names of the target, as describeTarget takes them.
  std::string targetTriple;
  /// "cpu", "cuda" or bothTargets, and the GPU's architecture as describeGpu
  /// takes it.
  std::string target = "cpu", gpuArchitecture;
  std::string targetCpu;
  /// "NAME", "LAYER=NAME", or several of them separated by commas.
  std::vector<std::string> algorithms;
  /// The largest certified error of a layer, and the range of the network's
  /// inputs that it is certified for.
  std::optional<double> maxError, inputRange;
  /// Whether only algorithms are allowed that round as a sum of products does.
  bool precise = false;
  /// What a GPU may round the factors of products to; empty for the default,
  /// which is not at all. `tf32` is short for "tf32".
  bool tf32 = false;
  std::string precision;
  /// The limit of the network's typical error; infinite for none.
  std::optional<double> typicalError;
  /// A file of measured times.
  std::string tuned;
  /// The same for folds; several for one layer are written as "NAME+NAME".
  std::vector<std::string> folds;
  /// Passes to print the IR after, by the names that they have in a pipeline.
  std::vector<std::string> printAfter;
  bool printAfterAll = false;
  bool timePasses = false;
  /// Whether the network tells how long its kernels took; nothing that a user
  /// says to the compiler.
  bool timeKernels = false;
  ProgressMode progress = ProgressMode::Automatic;

  /// Whether the user said anything.
  bool areGiven() const {
    return !name.empty() || !shapes.empty() || !constants.empty() ||
           !batch.empty() || !targetTriple.empty() || !targetCpu.empty() ||
           target != "cpu" || !gpuArchitecture.empty() || !algorithms.empty() ||
           maxError || inputRange || precise || tf32 || !precision.empty() ||
           typicalError || !tuned.empty() || !folds.empty() ||
           !printAfter.empty() || printAfterAll || timePasses;
  }
};

/// What --algorithm knows: the names in the table of compiler/Algorithms.
llvm::SmallVector<llvm::StringRef> algorithmNames();

/// What --fold knows: the folds of single layers, and "none".
llvm::SmallVector<llvm::StringRef> foldNames();

} // namespace toeplitz

#endif
