#include "compiler/Target/Link.h"
#include "compiler/Target/TemporaryFile.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace toeplitz;

#define STRINGIFY_EXPANDED(text) #text
#define STRINGIFY(text) STRINGIFY_EXPANDED(text)

/// Runs a program whose messages are wanted only when it fails.
static llvm::Error runProgram(const std::string &program,
                              llvm::ArrayRef<std::string> arguments,
                              const LinkOptions &options) {
  llvm::SmallVector<llvm::StringRef> words = {program};
  words.append(arguments.begin(), arguments.end());
  if (options.printCommands)
    llvm::errs() << llvm::join(words, " ") << "\n";
  llvm::Expected<TemporaryFile> messages =
      TemporaryFile::create(options.destination, ".txt");
  if (!messages)
    return messages.takeError();
  std::string failure;
  std::optional<llvm::StringRef> redirects[] = {
      llvm::StringRef(), llvm::StringRef(messages->getPath()),
      llvm::StringRef(messages->getPath())};
  int status = llvm::sys::ExecuteAndWait(
      program, words, /*Env=*/std::nullopt, redirects,
      /*SecondsToWait=*/0, /*MemoryLimit=*/0, &failure);
  if (status == 0)
    return llvm::Error::success();
  std::string text =
      "linking failed: " + program +
      (failure.empty() ? " ended with status " + std::to_string(status)
                       : ": " + failure);
  if (auto contents = llvm::MemoryBuffer::getFile(messages->getPath());
      contents && !(*contents)->getBuffer().trim().empty())
    text += "\n" + (*contents)->getBuffer().trim().str();
  return llvm::createStringError(text);
}

/// The system's C compiler, which knows where libc is.
static llvm::Expected<std::string> findCompilerDriver() {
  if (std::optional<std::string> named =
          llvm::sys::Process::GetEnv("TOEPLITZ_CC")) {
    llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(*named);
    if (program)
      return *program;
    return llvm::createStringError("TOEPLITZ_CC names '" + *named +
                                   "', which is no program");
  }
  for (const char *name :
       {"cc", "clang-" STRINGIFY(LLVM_VERSION_MAJOR), "clang", "gcc"})
    if (llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name))
      return *program;
  return llvm::createStringError(
      "no C compiler to link with: install one (Debian: gcc libc6-dev) or name "
      "one in TOEPLITZ_CC");
}

/// lld, or nothing. That of our own LLVM comes first: distributions call an
/// older one ld.lld.
static std::optional<std::string> findLLD() {
  for (const char *name : {"ld.lld-" STRINGIFY(LLVM_VERSION_MAJOR), "ld.lld"})
    if (llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name))
      return *program;
  return std::nullopt;
}

static llvm::Expected<std::string> findLinker() {
  if (std::optional<std::string> linker = findLLD())
    return *linker;
  if (llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName("ld"))
    return *program;
  return llvm::createStringError("no linker: install one (Debian: lld-22 or "
                                 "binutils)");
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

/// What shared libraries and executables are linked with. lld is several times
/// faster where weights are large.
static llvm::Error runDriver(std::vector<std::string> arguments,
                             const std::string &output,
                             const LinkOptions &options) {
  llvm::Expected<std::string> driver = findCompilerDriver();
  if (!driver)
    return driver.takeError();
  llvm::append_range(arguments, getLinkerChoice());
  // Only what is used, and only the libraries that are needed. No page is both
  // writable and executable, and what the dynamic linker has relocated becomes
  // read-only.
  for (const char *option :
       {"-pthread", "-Wl,--gc-sections", "-Wl,--as-needed", "-lm",
        "-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now"})
    arguments.push_back(option);
  arguments.insert(arguments.end(), {"-o", output});
  return runProgram(*driver, arguments, options);
}

llvm::Error toeplitz::linkObject(llvm::ArrayRef<std::string> inputs,
                                 const std::string &output,
                                 const LinkOptions &options) {
  llvm::Expected<std::string> linker = findLinker();
  if (!linker)
    return linker.takeError();
  std::vector<std::string> arguments = {"-r", "-o", output};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  return runProgram(*linker, arguments, options);
}

llvm::Error toeplitz::localizeHiddenSymbols(const std::string &path,
                                            const LinkOptions &options) {
  auto object = llvm::object::ObjectFile::createObjectFile(path);
  if (!object)
    return object.takeError();
  llvm::objcopy::ConfigManager configuration;
  configuration.Common.InputFilename = path;
  configuration.Common.OutputFilename = path;
  configuration.ELF.LocalizeHidden = true;
  llvm::Expected<TemporaryFile> result =
      TemporaryFile::create(options.destination, ".o");
  if (!result)
    return result.takeError();
  if (llvm::Error error = result->write([&](llvm::raw_fd_ostream &stream) {
        return llvm::objcopy::executeObjcopyOnBinary(
            configuration, *object->getBinary(), stream);
      }))
    return error;
  return result->keep(path);
}

llvm::Error toeplitz::linkSharedLibrary(llvm::ArrayRef<std::string> inputs,
                                        llvm::ArrayRef<std::string> symbols,
                                        const std::string &soname,
                                        const std::string &output,
                                        const LinkOptions &options) {
  llvm::Expected<TemporaryFile> script =
      TemporaryFile::create(options.destination, ".map");
  if (!script)
    return script.takeError();
  if (llvm::Error error = script->write([&](llvm::raw_fd_ostream &stream) {
        stream << "{\n  global:\n";
        for (const std::string &symbol : symbols)
          stream << "    " << symbol << ";\n";
        stream << "  local:\n    *;\n};\n";
        return llvm::Error::success();
      }))
    return error;
  std::vector<std::string> arguments = {
      "-shared", "-Wl,-soname," + soname,
      "-Wl,--version-script=" + script->getPath(), "-Wl,--no-undefined"};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  return runDriver(std::move(arguments), output, options);
}

llvm::Error toeplitz::linkExecutable(llvm::ArrayRef<std::string> inputs,
                                     const std::string &output,
                                     const LinkOptions &options) {
  return runDriver(inputs.vec(), output, options);
}
