#include "compiler/Target/Toolchain.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace toeplitz;

#define STRINGIFY_EXPANDED(text) #text
#define STRINGIFY(text) STRINGIFY_EXPANDED(text)
#define OUR_VERSION STRINGIFY(LLVM_VERSION_MAJOR)

/// The first of `names` that is on PATH.
static std::optional<std::string>
findProgram(llvm::ArrayRef<std::string> names) {
  for (const std::string &name : names)
    if (llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name))
      return *program;
  return std::nullopt;
}

/// lld, or nothing. That of our own LLVM comes first: distributions call an
/// older one ld.lld.
static std::optional<std::string> findLLD() {
  return findProgram({"ld.lld-" OUR_VERSION, "ld.lld"});
}

llvm::Expected<std::string>
toeplitz::findLinker(llvm::StringRef foreignSystem) {
  if (std::optional<std::string> linker = findLLD())
    return *linker;
  std::string name =
      foreignSystem.empty() ? "ld" : (foreignSystem + "-ld").str();
  if (std::optional<std::string> linker = findProgram({name}))
    return *linker;
  return llvm::createStringError(
      "no linker: install one (Debian: lld-" OUR_VERSION " or binutils" +
      (foreignSystem.empty() ? "" : "-" + foreignSystem) + ")");
}

/// What makes a compiler driver use lld, if it's there. Drivers look for a
/// program named ld.lld, first in the folder of -B.
static std::vector<std::string> getLinkerChoice() {
  std::optional<std::string> linker = findLLD();
  if (!linker)
    return {};
  llvm::SmallString<128> folder;
  if (llvm::sys::fs::real_path(*linker, folder))
    return {};
  llvm::sys::path::remove_filename(folder);
  llvm::SmallString<128> plainName(folder);
  llvm::sys::path::append(plainName, "ld.lld");
  if (!llvm::sys::fs::can_execute(plainName))
    return {};
  return {"-fuse-ld=lld", "-B" + folder.str().str()};
}

/// The driver `program`. Clang compiles for any machine that it is told, GCC
/// for one.
static CompilerDriver makeDriver(const std::string &program,
                                 llvm::StringRef foreignSystem) {
  CompilerDriver driver{program, getLinkerChoice()};
  bool isClang = llvm::sys::path::filename(program).contains("clang");
  if (isClang && !foreignSystem.empty())
    driver.arguments.push_back(("--target=" + foreignSystem).str());
  return driver;
}

/// Whether the driver finds a C library. One that doesn't repeats the name.
static bool hasLibrary(const CompilerDriver &driver) {
  llvm::SmallString<128> answerPath;
  if (llvm::sys::fs::createTemporaryFile("toeplitz", "txt", answerPath))
    return false;
  llvm::FileRemover remover(answerPath);
  llvm::SmallVector<llvm::StringRef> words = {driver.program};
  llvm::append_range(words, driver.arguments);
  words.push_back("-print-file-name=libc.so");
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(answerPath), llvm::StringRef()};
  if (llvm::sys::ExecuteAndWait(driver.program, words, /*Env=*/std::nullopt,
                                redirects) != 0)
    return false;
  auto answer = llvm::MemoryBuffer::getFile(answerPath);
  return answer && llvm::sys::fs::exists((*answer)->getBuffer().trim());
}

/// Debian's name of the machine in "aarch64-linux-gnu".
static llvm::StringRef getDebianArchitecture(llvm::StringRef system) {
  llvm::StringRef architecture = system.split('-').first;
  if (architecture == "aarch64")
    return "arm64";
  return architecture == "x86_64" ? "amd64" : architecture;
}

static llvm::Expected<CompilerDriver>
findForeignDriver(llvm::StringRef system) {
  std::vector<std::string> names = {(system + "-gcc").str()};
  // Clang comes without a linker.
  if (findLLD())
    names.insert(names.begin(), {"clang-" OUR_VERSION, "clang"});
  std::string found;
  for (const std::string &name : names) {
    std::optional<std::string> program = findProgram({name});
    if (!program)
      continue;
    CompilerDriver driver = makeDriver(*program, system);
    if (hasLibrary(driver))
      return driver;
    found += (found.empty() ? "" : " and ") + name;
  }
  if (found.empty())
    return llvm::createStringError(
        "no C compiler to link for " + system +
        " with: install one (Debian: clang-" OUR_VERSION " lld-" OUR_VERSION
        ", or gcc-" +
        system + ") or name one in TOEPLITZ_CC");
  llvm::StringRef debian = getDebianArchitecture(system);
  return llvm::createStringError(
      found + " can't link for " + system +
      ": install a C library for it (Debian: libc6-dev-" + debian +
      "-cross libgcc-12-dev-" + debian +
      "-cross) or name a compiler that has one in TOEPLITZ_CC");
}

llvm::Expected<CompilerDriver>
toeplitz::findCompilerDriver(llvm::StringRef foreignSystem) {
  if (std::optional<std::string> named =
          llvm::sys::Process::GetEnv("TOEPLITZ_CC")) {
    if (std::optional<std::string> program = findProgram({*named}))
      return makeDriver(*program, foreignSystem);
    return llvm::createStringError("TOEPLITZ_CC names '" + *named +
                                   "', which is no program");
  }
  if (!foreignSystem.empty())
    return findForeignDriver(foreignSystem);
  if (std::optional<std::string> program =
          findProgram({"cc", "clang-" OUR_VERSION, "clang", "gcc"}))
    return makeDriver(*program, foreignSystem);
  return llvm::createStringError(
      "no C compiler to link with: install one (Debian: gcc libc6-dev) or name "
      "one in TOEPLITZ_CC");
}
