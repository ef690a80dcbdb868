#include "compiler/Target/Runtime.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace toeplitz;

/// The archives of `directory`, if they are there.
static std::optional<Runtime> lookInto(llvm::StringRef directory) {
  llvm::SmallString<128> library(directory), executableLibrary(directory);
  llvm::sys::path::append(library, "libtoeplitz_runtime.a");
  llvm::sys::path::append(executableLibrary, "libtoeplitz_executable.a");
  if (!llvm::sys::fs::exists(library) ||
      !llvm::sys::fs::exists(executableLibrary))
    return std::nullopt;
  return Runtime{library.str().str(), executableLibrary.str().str()};
}

static llvm::Expected<Runtime> lookIntoNamed(llvm::StringRef directory,
                                             llvm::StringRef origin) {
  if (std::optional<Runtime> runtime = lookInto(directory))
    return *runtime;
  return llvm::createStringError(
      "no libtoeplitz_runtime.a and libtoeplitz_executable.a in '" + directory +
      "', the folder that " + origin + " names");
}

llvm::Expected<Runtime> toeplitz::findRuntime(const TargetDescription &target,
                                              const EmitOptions &options) {
  if (!options.runtimeDirectory.empty())
    return lookIntoNamed(options.runtimeDirectory, "the runtime directory");
  if (std::optional<std::string> directory =
          llvm::sys::Process::GetEnv("TOEPLITZ_RUNTIME"))
    return lookIntoNamed(*directory, "TOEPLITZ_RUNTIME");

  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  llvm::Triple triple(target.triple);
  if (triple.getArch() != host.getArch())
    return llvm::createStringError(
        "there is no runtime for " + target.triple +
        " here: build it from runtime/ for that machine and name its folder "
        "in TOEPLITZ_RUNTIME, or emit assembly or LLVM IR");

  // An address within the executable; Linux asks the kernel and ignores it.
  static char anchor;
  std::string executable =
      llvm::sys::fs::getMainExecutable(nullptr, static_cast<void *>(&anchor));
  llvm::StringRef folder = llvm::sys::path::parent_path(executable);
  for (unsigned level = 0; level < 4 && !folder.empty(); ++level) {
    llvm::SmallString<128> candidate(folder);
    llvm::sys::path::append(candidate, "lib", "toeplitz");
    if (std::optional<Runtime> runtime = lookInto(candidate))
      return *runtime;
    folder = llvm::sys::path::parent_path(folder);
  }
  return llvm::createStringError(
      "the runtime (lib/toeplitz/libtoeplitz_runtime.a) is neither beside " +
      executable +
      " nor in a folder above it; TOEPLITZ_RUNTIME can name its folder");
}
