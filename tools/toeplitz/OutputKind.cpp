#include "tools/toeplitz/OutputKind.h"
#include "compiler/Frontend/Suggestion.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Path.h"

using namespace toeplitz;

static const OutputKind kinds[] = {
    {"exe", "", "a program that reads and writes .npy files",
     ArtifactKind::Executable, false},
    {"shared", ".so", "a shared library, and its header",
     ArtifactKind::SharedLibrary, false},
    {"static", ".a", "a static library, and its header",
     ArtifactKind::StaticLibrary, false},
    {"obj", ".o", "an object file, and its header", ArtifactKind::Object,
     false},
    {"header", ".h", "the C header alone", Header(), true},
    {"asm", ".s", "assembly", ArtifactKind::Assembly, true},
    {"ptx", ".ptx", "PTX, the assembly of a GPU's kernels",
     ArtifactKind::DeviceAssembly, true},
    {"llvm-ir", ".ll", "LLVM's IR, optimised", ArtifactKind::LLVMIR, true},
    {"llvm", "", "MLIR: the LLVM dialect", Stage::LLVM, true},
    {"loops", "", "MLIR: the loops, one function per kernel", Stage::Loops,
     true},
    {"schedule", "", "MLIR: algorithms, layouts, tiles, memory",
     Stage::Schedule, true},
    {"cnn", ".mlir", "MLIR: the network as it was written", Stage::Cnn, true},
    {"json", ".json", "the network description in its standard form",
     Description(), true},
    {"matrix", ".svg", "the matrix of a convolution as text or as a picture",
     Matrix(), true},
    {"matrix", ".html", "the same, a picture in a page", Matrix(), true},
};

llvm::ArrayRef<OutputKind> toeplitz::outputKinds() { return kinds; }

std::string OutputKind::defaultPath(llvm::StringRef inputPath) const {
  if (isText)
    return "-";
  llvm::StringRef stem = llvm::sys::path::stem(inputPath);
  // The linker finds -lNAME in libNAME.so.
  llvm::StringRef prefix = suffix == ".so" || suffix == ".a" ? "lib" : "";
  return (prefix + stem + suffix).str();
}

const OutputKind *toeplitz::chooseOutputKind(llvm::StringRef emit,
                                             llvm::StringRef outputPath) {
  if (!emit.empty()) {
    llvm::SmallVector<llvm::StringRef> names;
    for (const OutputKind &kind : kinds) {
      if (kind.name == emit)
        return &kind;
      if (!llvm::is_contained(names, kind.name))
        names.push_back(kind.name);
    }
    (void)reportError("--emit: unknown kind '" + emit + "'; expected " +
                      listOfChoices(names) + suggest(emit, names));
    return nullptr;
  }

  llvm::StringRef suffix = llvm::sys::path::extension(outputPath);
  if (suffix.empty() || outputPath == "-")
    return &kinds[0];
  llvm::SmallVector<llvm::StringRef> suffixes;
  for (const OutputKind &kind : kinds) {
    if (kind.suffix == suffix)
      return &kind;
    if (!kind.suffix.empty())
      suffixes.push_back(kind.suffix);
  }
  (void)reportError("'" + outputPath + "': unknown suffix '" + suffix +
                    "'; expected " + listOfChoices(suffixes) +
                    ", none for an executable, or --emit to say what it is");
  return nullptr;
}
