#include "compiler/Target/Link.h"
#include "compiler/Target/Command.h"
#include "compiler/Target/TemporaryFile.h"
#include "compiler/Target/Toolchain.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ELFObjectFile.h"

using namespace toeplitz;

static llvm::Error runLinker(const std::string &program,
                             llvm::ArrayRef<std::string> arguments,
                             const LinkOptions &options) {
  return runProgram("linking failed", program, arguments, options.destination,
                    options.printCommands);
}

/// What shared libraries and executables are linked with. lld is several times
/// faster where weights are large.
static llvm::Error runDriver(std::vector<std::string> arguments,
                             const std::string &output,
                             const LinkOptions &options) {
  llvm::Expected<CompilerDriver> driver =
      findCompilerDriver(options.foreignSystem);
  if (!driver)
    return driver.takeError();
  llvm::append_range(arguments, driver->arguments);
  // Only what is used, and only the libraries that are needed. No page is both
  // writable and executable, and what the dynamic linker has relocated becomes
  // read-only.
  for (const char *option :
       {"-pthread", "-Wl,--gc-sections", "-Wl,--as-needed", "-lm",
        "-Wl,-z,noexecstack", "-Wl,-z,relro", "-Wl,-z,now"})
    arguments.push_back(option);
  arguments.insert(arguments.end(), {"-o", output});
  return runLinker(driver->program, arguments, options);
}

llvm::Error toeplitz::linkObject(llvm::ArrayRef<std::string> inputs,
                                 const std::string &output,
                                 const LinkOptions &options) {
  llvm::Expected<std::string> linker = findLinker(options.foreignSystem);
  if (!linker)
    return linker.takeError();
  std::vector<std::string> arguments = {"-r", "-o", output};
  arguments.insert(arguments.end(), inputs.begin(), inputs.end());
  return runLinker(*linker, arguments, options);
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
