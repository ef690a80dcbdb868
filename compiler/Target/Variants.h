// One binary with code for several processors.

#ifndef TOEPLITZ_COMPILER_TARGET_VARIANTS_H
#define TOEPLITZ_COMPILER_TARGET_VARIANTS_H

#include "compiler/Target/Artifact.h"
#include "compiler/Target/Interface.h"

#include <optional>
#include <string>
#include <vector>

namespace toeplitz {

/// A processor that a binary has code for, or a GPU with its host.
struct VariantTarget {
  /// What its symbols are told by: the user's name of the processor, or "cuda".
  std::string name;
  std::string cpu;
  TargetDescription description;
};

/// Sorts the processors by what code for them needs, the most demanding first:
/// of those that a machine can run, the first one is the best. An error when
/// two need the same.
llvm::Error sortVariants(std::vector<VariantTarget> &targets);

/// A network for several processors on its way to one file, whose functions
/// compute with the code of the first variant that can run there. Each
/// has its own kernels, schedule and packed weights.
class VariantsEmitter {
public:
  /// `kind` is a binary. `targets` are in the order of preference. The
  /// arguments must outlive the emitter.
  VariantsEmitter(const std::vector<VariantTarget> &targets, ArtifactKind kind,
                  llvm::StringRef outputPath, const EmitOptions &options);

  /// Compiles the next variant, in the order of the targets: `module` is as for
  /// emitArtifact, and can go afterwards. On failure an error has been emitted
  /// at the module. `reportPart` is as in EmitOptions.
  llvm::LogicalResult add(mlir::ModuleOp module,
                          std::function<void(size_t, size_t)> reportPart = {});

  /// Links what was added and writes the file, and a library's header.
  llvm::Error finish();

private:
  llvm::Error compile(mlir::ModuleOp module, const Network &network,
                      const TargetDescription &target);
  llvm::Error writeVariantWeights(const Network &network,
                                  const TargetDescription &target);
  llvm::Error writeDispatch();

  const std::vector<VariantTarget> &targets;
  ArtifactKind kind;
  llvm::StringRef outputPath;
  EmitOptions options;
  Artifact artifact;
  /// What the variants have in common, and the most that one of them needs.
  std::optional<Network> common;
  std::vector<VariantSymbols> variants;
  ObjectFiles code;
  WeightsObjects weights;
  /// An error has been emitted where it occurred.
  bool reported = false;
};

/// Adds a variant to what the header of a network for several processors says:
/// the most that one of them needs, and the largest error. Nothing is common
/// before the first one.
void includeVariant(std::optional<Network> &common, const Network &variant);

} // namespace toeplitz

#endif
