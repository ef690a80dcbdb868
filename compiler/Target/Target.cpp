#include "compiler/Target/Target.h"
#include "compiler/Target/CodeObject.h"
#include "compiler/Target/Header.h"
#include "compiler/Target/Interface.h"
#include "compiler/Target/Link.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/Runtime.h"
#include "compiler/Target/TemporaryFile.h"
#include "compiler/Target/WeightsObject.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// One artifact in the making.
class Emitter {
public:
  Emitter(ModuleOp module, const Network &network,
          const TargetDescription &target, ArtifactKind kind,
          StringRef outputPath, const EmitOptions &options)
      : module(module), network(network), target(target), kind(kind),
        outputPath(outputPath), options(options),
        linkOptions{options.printCommands, outputPath.str()} {}

  llvm::Error emitText();
  llvm::Error emitBinary();
  bool wasReported() const { return reported; }

private:
  std::unique_ptr<NetworkCode> generateCode();
  llvm::Error writeCodeObject(TemporaryFile &file);
  llvm::Error writeWeights(TemporaryFile &file);
  llvm::Error link(const std::string &code, llvm::ArrayRef<std::string> weights,
                   const Runtime &runtime, const std::string &output);
  llvm::Error keep(TemporaryFile &result);

  ModuleOp module;
  const Network &network;
  const TargetDescription &target;
  ArtifactKind kind;
  StringRef outputPath;
  const EmitOptions &options;
  LinkOptions linkOptions;
  /// An error has been emitted where it occurred; the one that is returned only
  /// ends the work.
  bool reported = false;
};

} // namespace

static bool isText(ArtifactKind kind) {
  return kind == ArtifactKind::LLVMIR || kind == ArtifactKind::Assembly;
}

std::unique_ptr<NetworkCode> Emitter::generateCode() {
  auto code = NetworkCode::translate(module, network, target, kind, options);
  reported = !code;
  if (code)
    code->optimize();
  return code;
}

llvm::Error Emitter::emitText() {
  auto code = generateCode();
  if (!code)
    return llvm::createStringError("no code");
  auto writeTo = [&](llvm::raw_pwrite_stream &stream) -> llvm::Error {
    if (kind == ArtifactKind::Assembly)
      return code->writeCode(llvm::CodeGenFileType::AssemblyFile, stream);
    code->writeIR(stream);
    return llvm::Error::success();
  };
  if (outputPath == "-") {
    // The stream of assembly must be able to go back, which a pipe can't.
    llvm::SmallString<0> text;
    llvm::raw_svector_ostream stream(text);
    if (llvm::Error error = writeTo(stream))
      return error;
    llvm::outs() << text;
    return llvm::Error::success();
  }
  llvm::Expected<TemporaryFile> file = TemporaryFile::create(outputPath, ".s");
  if (!file)
    return file.takeError();
  if (llvm::Error error = file->write(writeTo))
    return error;
  return file->keep(outputPath);
}

llvm::Error Emitter::writeCodeObject(TemporaryFile &file) {
  auto code = generateCode();
  if (!code)
    return llvm::createStringError("no code");
  return file.write([&](llvm::raw_fd_ostream &stream) {
    return code->writeCode(llvm::CodeGenFileType::ObjectFile, stream);
  });
}

llvm::Error Emitter::writeWeights(TemporaryFile &file) {
  llvm::Triple triple(target.triple);
  bool large = triple.getArch() == llvm::Triple::x86_64 &&
               network.totalWeightsBytes() >= options.largeWeightsBytes;
  return file.write([&](llvm::raw_fd_ostream &stream) {
    writeWeightsObject(network, triple, large, stream);
    return llvm::Error::success();
  });
}

/// Makes `output` of the object of the code, that of the weights if there are
/// any, and the runtime.
llvm::Error Emitter::link(const std::string &code,
                          llvm::ArrayRef<std::string> weights,
                          const Runtime &runtime, const std::string &output) {
  std::vector<std::string> inputs = {code};
  inputs.insert(inputs.end(), weights.begin(), weights.end());
  if (kind == ArtifactKind::Executable) {
    inputs.insert(inputs.end(), {runtime.executableLibrary, runtime.library});
    return linkExecutable(inputs, output, linkOptions);
  }
  if (kind == ArtifactKind::SharedLibrary) {
    inputs.push_back(runtime.library);
    return linkSharedLibrary(inputs, getExportedSymbols(network, kind),
                             llvm::sys::path::filename(outputPath).str(),
                             output, linkOptions);
  }
  // Code and runtime become one object whose hidden symbols are its own affair.
  // The weights join it afterwards, so that they are copied once and by the
  // linker; their symbols carry the network's name.
  llvm::Expected<TemporaryFile> combined =
      TemporaryFile::create(outputPath, ".o");
  if (!combined)
    return combined.takeError();
  if (llvm::Error error =
          linkObject({code, runtime.library}, combined->getPath(), linkOptions))
    return error;
  if (llvm::Error error =
          localizeHiddenSymbols(combined->getPath(), linkOptions))
    return error;
  if (kind == ArtifactKind::Object) {
    inputs.front() = combined->getPath();
    return linkObject(inputs, output, linkOptions);
  }
  std::vector<ArchiveMember> members = {
      {combined->getPath(), network.name + ".o"}};
  for (const std::string &path : weights)
    members.push_back({path, network.name + "_weights.o"});
  return writeStaticLibrary(members, output);
}

/// Puts the result in its place, and for a library its header beside it.
llvm::Error Emitter::keep(TemporaryFile &result) {
  if (kind == ArtifactKind::Executable)
    return result.keep(outputPath);
  llvm::SmallString<128> headerPath = llvm::sys::path::parent_path(outputPath);
  llvm::sys::path::append(headerPath, network.name + ".h");
  llvm::Expected<TemporaryFile> header =
      TemporaryFile::create(headerPath, ".h");
  if (!header)
    return header.takeError();
  if (llvm::Error error = header->write([&](llvm::raw_fd_ostream &stream) {
        writeHeader(network, stream);
        return llvm::Error::success();
      }))
    return error;
  if (llvm::Error error = result.keep(outputPath))
    return error;
  return header->keep(headerPath);
}

llvm::Error Emitter::emitBinary() {
  if (outputPath == "-")
    return llvm::createStringError("a binary isn't written to the standard "
                                   "output: name a file");
  // Asked first: it would be a pity to find out after minutes of optimisation
  // that nothing can be linked.
  llvm::Expected<Runtime> runtime = findRuntime(target, options);
  if (!runtime)
    return runtime.takeError();
  llvm::Expected<TemporaryFile> code = TemporaryFile::create(outputPath, ".o");
  if (!code)
    return code.takeError();
  if (llvm::Error error = writeCodeObject(*code))
    return error;

  std::optional<TemporaryFile> weights;
  std::vector<std::string> weightsPaths;
  if (!network.weights.empty()) {
    llvm::Expected<TemporaryFile> file =
        TemporaryFile::create(outputPath, ".o");
    if (!file)
      return file.takeError();
    weights.emplace(std::move(*file));
    weightsPaths.push_back(weights->getPath());
    if (llvm::Error error = writeWeights(*weights))
      return error;
  }
  llvm::Expected<TemporaryFile> result =
      TemporaryFile::create(outputPath, ".out");
  if (!result)
    return result.takeError();
  if (llvm::Error error =
          link(code->getPath(), weightsPaths, *runtime, result->getPath()))
    return error;
  return keep(*result);
}

LogicalResult toeplitz::emitArtifact(ModuleOp module,
                                     const TargetDescription &target,
                                     ArtifactKind kind, StringRef outputPath,
                                     const EmitOptions &options) {
  std::optional<Network> network = readNetwork(module);
  if (!network)
    return failure();
  Emitter emitter(module, *network, target, kind, outputPath, options);
  llvm::Error error = isText(kind) ? emitter.emitText() : emitter.emitBinary();
  if (!error)
    return success();
  std::string message = llvm::toString(std::move(error));
  if (!emitter.wasReported())
    module.emitError(message);
  return failure();
}
