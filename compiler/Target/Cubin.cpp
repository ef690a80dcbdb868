#include "compiler/Target/Cubin.h"
#include "compiler/Target/Command.h"
#include "compiler/Target/TemporaryFolder.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace toeplitz;

/// The number in "sm_80" and "sm_90a"; 0 where it is no such name.
static int32_t getCapability(llvm::StringRef architecture) {
  int32_t capability = 0;
  if (!architecture.consume_front("sm_") ||
      architecture.rtrim("af").getAsInteger(10, capability))
    return 0;
  return capability;
}

/// PTX for a plain architecture becomes machine code of that and of newer ones.
/// With a letter behind its name it's for that alone.
static llvm::Error checkArchitecture(llvm::StringRef architecture,
                                     llvm::StringRef ptxArchitecture) {
  if (architecture == ptxArchitecture)
    return llvm::Error::success();
  int32_t capability = getCapability(architecture);
  if (capability == 0)
    return llvm::createStringError("unknown GPU '" + architecture +
                                   "': expected names like sm_80,sm_90");
  if (!llvm::isDigit(ptxArchitecture.back()))
    return llvm::createStringError("the kernels are for " + ptxArchitecture +
                                   " alone (--gpu-arch), not for " +
                                   architecture);
  if (!llvm::isDigit(architecture.back()))
    return llvm::createStringError(
        "'" + architecture + "': the kernels are " + "for " + ptxArchitecture +
        " (--gpu-arch) and use nothing that only " + architecture +
        " has; expected sm_" + llvm::Twine(capability));
  if (capability < getCapability(ptxArchitecture))
    return llvm::createStringError("'" + architecture +
                                   "' is older than what the kernels are " +
                                   "for, " + ptxArchitecture + " (--gpu-arch)");
  return llvm::Error::success();
}

static llvm::Expected<std::string> findAssembler(const CubinOptions &options) {
  std::string name = options.assembler.empty() ? "ptxas" : options.assembler;
  // (A path is returned unseen.)
  llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name);
  if (program && llvm::sys::fs::can_execute(*program))
    return *program;
  if (!options.assembler.empty())
    return llvm::createStringError("--ptxas names '" + name +
                                   "', which is no program");
  return llvm::createStringError(
      "there is no ptxas on PATH: it is a part of NVIDIA's CUDA toolkit; name "
      "it with --ptxas");
}

llvm::Error toeplitz::checkCubins(const CubinOptions &options,
                                  llvm::StringRef ptxArchitecture) {
  if (ptxArchitecture.starts_with("emulated"))
    return llvm::createStringError("an emulated GPU has no machine code");
  for (size_t index = 0; index < options.architectures.size(); ++index) {
    const std::string &architecture = options.architectures[index];
    if (llvm::Error error = checkArchitecture(architecture, ptxArchitecture))
      return error;
    if (llvm::is_contained(
            llvm::ArrayRef(options.architectures).take_front(index),
            architecture))
      return llvm::createStringError("'" + architecture + "' is named twice");
  }
  return findAssembler(options).takeError();
}

/// The message with the folder's files by their names alone.
static llvm::Error hideFolder(llvm::Error error, llvm::StringRef folder) {
  std::string text = llvm::toString(std::move(error));
  std::string prefix = (folder + "/").str();
  for (size_t place; (place = text.find(prefix)) != std::string::npos;)
    text.erase(place, prefix.size());
  return llvm::createStringError(text);
}

static llvm::Expected<Cubin> assemble(const std::string &assembler,
                                      llvm::StringRef architecture,
                                      const std::string &ptxPath,
                                      bool printCommands) {
  std::string path =
      ptxPath + "." + architecture.str() + ".cubin"; // beside the PTX
  if (llvm::Error error = runProgram(
          "the kernels can't be assembled for " + architecture.str(), assembler,
          {"-arch=" + architecture.str(), "-o", path, ptxPath}, path,
          printCommands))
    return error;
  auto contents = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
  if (!contents)
    return llvm::createStringError("'" + assembler +
                                   "' has written nothing for " + architecture);
  return Cubin{getCapability(architecture), architecture.ends_with("a"),
               (*contents)->getBuffer().str()};
}

llvm::Expected<std::vector<Cubin>>
toeplitz::assembleCubins(llvm::StringRef ptx, llvm::StringRef ptxArchitecture,
                         const CubinOptions &options, bool printCommands) {
  if (llvm::Error error = checkCubins(options, ptxArchitecture))
    return error;
  llvm::Expected<std::string> assembler = findAssembler(options);
  if (!assembler)
    return assembler.takeError();
  TemporaryFolder folder;
  if (folder.problem)
    return llvm::createStringError("no folder for the PTX: " +
                                   folder.problem.message());
  std::string path = (folder.path + "/kernels.ptx").str();
  std::error_code problem;
  {
    llvm::raw_fd_ostream stream(path, problem);
    stream << ptx;
    stream.close();
    if (!problem && stream.has_error())
      problem = stream.error();
    stream.clear_error();
  }
  if (problem)
    return llvm::createStringError("cannot write the PTX: " +
                                   problem.message());
  std::vector<Cubin> cubins;
  for (const std::string &architecture : options.architectures) {
    llvm::Expected<Cubin> cubin =
        assemble(*assembler, architecture, path, printCommands);
    if (!cubin)
      return hideFolder(cubin.takeError(), folder.path);
    cubins.push_back(std::move(*cubin));
  }
  return cubins;
}
