#include "compiler/Target/Target.h"
#include "compiler/Target/CodeObject.h"
#include "compiler/Target/DeviceCode.h"
#include "compiler/Target/Header.h"
#include "compiler/Target/Interface.h"
#include "compiler/Target/Link.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/Runtime.h"
#include "compiler/Target/StaticLibrary.h"
#include "compiler/Target/TemporaryFile.h"
#include "compiler/Target/Toolchain.h"
#include "compiler/Target/WeightsObject.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <atomic>

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
        linkOptions{options.printCommands, outputPath.str(),
                    target.getForeignSystem()} {}

  llvm::Error emitText();
  llvm::Error emitBinary();
  bool wasReported() const { return reported; }

private:
  using Files = std::vector<TemporaryFile>;

  llvm::Error checkPrograms();
  std::unique_ptr<NetworkCode> translate();
  llvm::Error writeCode(Files &files);
  llvm::Error compilePart(const Bitcode &bitcode, TemporaryFile &file);
  llvm::Error writeWeights(Files &files);
  llvm::Error makeResult(const Runtime &runtime, TemporaryFile &result);
  llvm::Error combineCode(const Files &code, const Runtime &runtime,
                          TemporaryFile &combined);
  llvm::Error writeArchive(const TemporaryFile &code, TemporaryFile &result);
  llvm::Error keep(TemporaryFile &result);
  bool hasLargeWeights() const;

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
  return kind == ArtifactKind::LLVMIR || kind == ArtifactKind::Assembly ||
         kind == ArtifactKind::DeviceAssembly;
}

std::unique_ptr<NetworkCode> Emitter::translate() {
  auto code = NetworkCode::translate(module, network, target, kind, options);
  reported = !code;
  return code;
}

llvm::Error Emitter::emitText() {
  std::unique_ptr<NetworkCode> code;
  if (kind != ArtifactKind::DeviceAssembly) {
    code = translate();
    if (!code)
      return llvm::createStringError("no code");
    code->optimize();
  }
  auto writeTo = [&](llvm::raw_pwrite_stream &stream) -> llvm::Error {
    if (kind == ArtifactKind::DeviceAssembly) {
      stream << network.gpu->image;
      return llvm::Error::success();
    }
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

/// Adds a file to `files`.
static llvm::Error addFile(StringRef outputPath,
                           std::vector<TemporaryFile> &files) {
  llvm::Expected<TemporaryFile> file = TemporaryFile::create(outputPath, ".o");
  if (!file)
    return file.takeError();
  files.push_back(std::move(*file));
  return llvm::Error::success();
}

llvm::Error Emitter::compilePart(const Bitcode &bitcode, TemporaryFile &file) {
  auto code = NetworkCode::read(bitcode, target, options);
  if (!code)
    return code.takeError();
  (*code)->optimize();
  return file.write([&](llvm::raw_fd_ostream &stream) {
    return (*code)->writeCode(llvm::CodeGenFileType::ObjectFile, stream);
  });
}

/// Makes an object of each part of the code, as many at a time as there are
/// processors.
llvm::Error Emitter::writeCode(Files &files) {
  auto code = translate();
  if (!code)
    return llvm::createStringError("no code");
  std::vector<Bitcode> parts = code->split();
  code.reset();
  for (size_t part = 0; part < parts.size(); ++part)
    if (llvm::Error error = addFile(outputPath, files))
      return error;
  std::vector<std::string> messages(parts.size());
  std::atomic<size_t> done = 0;
  llvm::DefaultThreadPool threads(llvm::hardware_concurrency(parts.size()));
  for (size_t part = 0; part < parts.size(); ++part)
    threads.async([&, part] {
      messages[part] = llvm::toString(compilePart(parts[part], files[part]));
      if (options.reportPart)
        options.reportPart(++done, parts.size());
    });
  threads.wait();
  for (const std::string &message : messages)
    if (!message.empty())
      return llvm::createStringError(message);
  return llvm::Error::success();
}

bool Emitter::hasLargeWeights() const {
  return llvm::Triple(target.triple).getArch() == llvm::Triple::x86_64 &&
         network.totalWeightsBytes() >= options.largeWeightsBytes;
}

/// Adds the object of the weights to `files`, if there are any.
llvm::Error Emitter::writeWeights(Files &files) {
  if (network.weights.empty())
    return llvm::Error::success();
  if (llvm::Error error = addFile(outputPath, files))
    return error;
  return files.back().write([&](llvm::raw_fd_ostream &stream) {
    writeWeightsObject(network, llvm::Triple(target.triple), hasLargeWeights(),
                       stream);
    return llvm::Error::success();
  });
}

static std::vector<std::string> getPaths(llvm::ArrayRef<TemporaryFile> files) {
  std::vector<std::string> paths;
  for (const TemporaryFile &file : files)
    paths.push_back(file.getPath());
  return paths;
}

/// Makes one object of the code and of what it needs of the runtime, whose
/// hidden symbols are its own affair.
llvm::Error Emitter::combineCode(const Files &code, const Runtime &runtime,
                                 TemporaryFile &combined) {
  std::vector<std::string> inputs = getPaths(code);
  inputs.push_back(runtime.library);
  if (llvm::Error error = linkObject(inputs, combined.getPath(), linkOptions))
    return error;
  return localizeHiddenSymbols(combined.getPath(), linkOptions);
}

/// Puts the code and, straight from memory, the weights into an archive.
llvm::Error Emitter::writeArchive(const TemporaryFile &code,
                                  TemporaryFile &result) {
  auto contents = llvm::MemoryBuffer::getFile(code.getPath());
  if (!contents)
    return llvm::errorCodeToError(contents.getError());
  std::vector<ArchiveMember> members;
  members.push_back(
      {network.name + ".o", (*contents)->getBufferSize(),
       getExportedSymbols(network, kind),
       [&](llvm::raw_ostream &stream) { stream << (*contents)->getBuffer(); }});
  if (!network.weights.empty()) {
    std::vector<std::string> symbols;
    for (const NetworkWeights &weights : network.weights)
      symbols.push_back(weights.objectSymbol);
    members.push_back({network.name + "_weights.o",
                       getWeightsObjectSize(network, hasLargeWeights()),
                       std::move(symbols), [&](llvm::raw_ostream &stream) {
                         writeWeightsObject(network,
                                            llvm::Triple(target.triple),
                                            hasLargeWeights(), stream);
                       }});
  }
  return result.write([&](llvm::raw_fd_ostream &stream) {
    writeStaticLibrary(members, stream);
    return llvm::Error::success();
  });
}

/// Makes the artifact in `result`.
llvm::Error Emitter::makeResult(const Runtime &runtime, TemporaryFile &result) {
  Files code, weights;
  if (llvm::Error error = writeCode(code))
    return error;
  if (kind == ArtifactKind::Object || kind == ArtifactKind::StaticLibrary) {
    Files combined;
    if (llvm::Error error = addFile(outputPath, combined))
      return error;
    if (llvm::Error error = combineCode(code, runtime, combined.front()))
      return error;
    code = std::move(combined);
  }
  if (kind == ArtifactKind::StaticLibrary)
    return writeArchive(code.front(), result);
  if (llvm::Error error = writeWeights(weights))
    return error;
  std::vector<std::string> inputs = getPaths(code);
  llvm::append_range(inputs, getPaths(weights));
  if (kind == ArtifactKind::Object)
    return linkObject(inputs, result.getPath(), linkOptions);
  if (kind == ArtifactKind::Executable) {
    inputs.insert(inputs.end(), {runtime.executableLibrary, runtime.library});
    return linkExecutable(inputs, result.getPath(), linkOptions);
  }
  inputs.push_back(runtime.library);
  return linkSharedLibrary(inputs, getExportedSymbols(network, kind),
                           llvm::sys::path::filename(outputPath).str(),
                           result.getPath(), linkOptions);
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

/// Whether the programs that will link are there.
llvm::Error Emitter::checkPrograms() {
  if (kind == ArtifactKind::Object || kind == ArtifactKind::StaticLibrary)
    return findLinker(linkOptions.foreignSystem).takeError();
  return findCompilerDriver(linkOptions.foreignSystem).takeError();
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
  if (llvm::Error error = checkPrograms())
    return error;
  llvm::Expected<TemporaryFile> result =
      TemporaryFile::create(outputPath, ".out");
  if (!result)
    return result.takeError();
  if (llvm::Error error = makeResult(*runtime, *result))
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
  if (kind == ArtifactKind::DeviceAssembly &&
      (!network->gpu || target.isEmulated()))
    return module.emitError("there is PTX only of networks for a GPU "
                            "(--target=cuda), one that isn't emulated");
  OwningOpRef<ModuleOp> host;
  if (network->gpu && !target.isEmulated()) {
    std::optional<std::string> image = writeDeviceCode(module, target, options);
    if (!image)
      return failure();
    network->gpu->image = std::move(*image);
    network->gpu->capability = static_cast<int32_t>(target.gpuCapability);
    network->gpu->exactCapability =
        llvm::StringRef(target.gpuArchitecture).ends_with("a");
    host = cloneHostModule(module);
    module = *host;
  }
  Emitter emitter(module, *network, target, kind, outputPath, options);
  llvm::Error error = isText(kind) ? emitter.emitText() : emitter.emitBinary();
  if (!error)
    return success();
  std::string message = llvm::toString(std::move(error));
  if (!emitter.wasReported())
    module.emitError(message);
  return failure();
}
