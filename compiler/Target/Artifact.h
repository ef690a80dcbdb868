// From the objects of a network to the file that the user wants, in its place.

#ifndef TOEPLITZ_COMPILER_TARGET_ARTIFACT_H
#define TOEPLITZ_COMPILER_TARGET_ARTIFACT_H

#include "compiler/Target/Link.h"
#include "compiler/Target/ObjectFiles.h"
#include "compiler/Target/Runtime.h"
#include "compiler/Target/StaticLibrary.h"

#include <optional>

namespace toeplitz {

/// The weights' objects: as members of an archive where one is made, which may
/// write them straight from memory, and else as files.
struct WeightsObjects {
  std::vector<ArchiveMember> members;
  ObjectFiles files;
};

/// A binary in the making.
class Artifact {
public:
  /// The arguments must outlive the artifact.
  Artifact(ArtifactKind kind, llvm::StringRef outputPath,
           const TargetDescription &target, const EmitOptions &options);

  /// Finds the runtime and the programs that will link, and makes the result's
  /// file. Asked first: it would be a pity to find out after minutes of
  /// optimisation that nothing can be linked.
  llvm::Error open();
  /// Links, and puts the result in its place, for a library with its header
  /// beside it.
  llvm::Error finish(const Network &network, ObjectFiles code,
                     const WeightsObjects &weights);

private:
  llvm::Error link(const Network &network, ObjectFiles code,
                   const WeightsObjects &weights);
  llvm::Error combine(const ObjectFiles &code, TemporaryFile &combined);
  llvm::Error writeArchive(const Network &network, const TemporaryFile &code,
                           const WeightsObjects &weights);
  llvm::Error keep(const Network &network);

  ArtifactKind kind;
  llvm::StringRef outputPath;
  const TargetDescription &target;
  const EmitOptions &options;
  LinkOptions linkOptions;
  Runtime runtime;
  std::optional<TemporaryFile> result;
};

} // namespace toeplitz

#endif
