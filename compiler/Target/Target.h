// The end of the way: a module in the LLVM dialect becomes files.

#ifndef TOEPLITZ_COMPILER_TARGET_TARGET_H
#define TOEPLITZ_COMPILER_TARGET_TARGET_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Target/Cubin.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <cstdint>
#include <functional>
#include <string>

namespace toeplitz {

/// What can be made of a network.
enum class ArtifactKind {
  /// The kernels of a GPU as PTX.
  DeviceAssembly,
  /// LLVM's IR after its optimisations, as text; without the big weights.
  LLVMIR,
  /// Assembly; without the big weights.
  Assembly,
  /// One relocatable object with code, weights and runtime, and NAME.h beside
  /// it.
  Object,
  /// An archive with the same, and NAME.h beside it.
  StaticLibrary,
  /// A shared library that exports NAME_* and toeplitz_shared_network, and
  /// NAME.h beside it.
  SharedLibrary,
  /// A program that reads and writes .npy files.
  Executable,
};

struct EmitOptions {
  /// The folder of libtoeplitz_runtime.a and libtoeplitz_executable.a. Empty:
  /// see findRuntime in Runtime.h. A folder that is named here is taken to be
  /// for the target, whatever machine the compiler runs on.
  std::string runtimeDirectory;
  /// 0 to 3, as clang's -O.
  unsigned optimizationLevel = 3;
  /// From this size on, the weights of an x86-64 binary go to a large-data
  /// section and are addressed with 64 bits; below it, code and data together
  /// stay within the two gigabytes that 32-bit offsets reach.
  uint64_t largeWeightsBytes = uint64_t(3) << 29;
  /// The threads that an executable computes with unless its user says
  /// otherwise; 0 is one for each processor.
  int executableThreads = 1;
  /// The GPUs whose machine code a binary holds beside the PTX.
  CubinOptions cubins;
  /// Whether the blobs of weights may be freed once they are in a file of their
  /// own: nothing else in the MLIR context needs them.
  bool releaseWeights = false;
  /// Write the commands of the linker, and of the GPU's assembler, to stderr.
  bool printCommands = false;
  /// Called, from any thread, when a part of the code is compiled: how many are
  /// by now, and how many there are. May be empty.
  std::function<void(size_t, size_t)> reportPart;
};

/// Writes the artifact to `outputPath`, and NAME.h into the same folder for the
/// kinds that a program links with. `module` fulfils the contract of the
/// lowered stage: attributes toeplitz.name, toeplitz.workspace_size,
/// toeplitz.inputs and toeplitz.outputs; a function `main`; weights in globals
/// with the attribute toeplitz.blob. It isn't changed, but for blobs that the
/// options release. "-" is the standard
/// output, for text. On failure an error has been emitted at the module and no
/// file has appeared or changed.
llvm::LogicalResult emitArtifact(mlir::ModuleOp module,
                                 const TargetDescription &target,
                                 ArtifactKind kind, llvm::StringRef outputPath,
                                 const EmitOptions &options = {});

} // namespace toeplitz

#endif
