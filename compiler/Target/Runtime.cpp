#include "compiler/Target/Runtime.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"

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

  std::string system = target.getForeignSystem();
  // An address within the executable; Linux asks the kernel and ignores it.
  static char anchor;
  std::string executable =
      llvm::sys::fs::getMainExecutable(nullptr, static_cast<void *>(&anchor));
  llvm::StringRef folder = llvm::sys::path::parent_path(executable);
  for (unsigned level = 0; level < 4 && !folder.empty(); ++level) {
    llvm::SmallString<128> candidate(folder);
    llvm::sys::path::append(candidate, "lib", "toeplitz", system);
    if (std::optional<Runtime> runtime = lookInto(candidate))
      return *runtime;
    folder = llvm::sys::path::parent_path(folder);
  }
  std::string problem = "the runtime (lib/toeplitz/" + system +
                        (system.empty() ? "" : "/") +
                        "libtoeplitz_runtime.a) is neither beside " +
                        executable + " nor in a folder above it";
  if (system.empty())
    return llvm::createStringError(problem +
                                   "; TOEPLITZ_RUNTIME can name its folder");
  return llvm::createStringError(
      problem + ": build Toeplitz where there is a C library for " + system +
      ", or build runtime/ for that machine and name its folder in "
      "TOEPLITZ_RUNTIME; assembly and LLVM IR need none");
}
