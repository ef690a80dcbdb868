#include "compiler/Target/Target.h"
#include "compiler/Target/Artifact.h"
#include "compiler/Target/CodeObject.h"
#include "compiler/Target/DeviceCode.h"
#include "compiler/Target/Network.h"
#include "compiler/Target/TemporaryFile.h"
#include "compiler/Target/WeightsObject.h"

#include "llvm/ADT/SmallString.h"

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
        outputPath(outputPath), options(options) {}

  llvm::Error emitText();
  llvm::Error emitBinary();
  bool wasReported() const { return reported; }

private:
  std::unique_ptr<NetworkCode> translate();
  ArchiveMember makeWeightsMember();

  ModuleOp module;
  const Network &network;
  const TargetDescription &target;
  ArtifactKind kind;
  StringRef outputPath;
  const EmitOptions &options;
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

/// The weights' part of an archive, written straight from memory.
ArchiveMember Emitter::makeWeightsMember() {
  bool large = hasLargeWeights(network, target, options);
  return {
      network.name + "_weights.o", getWeightsObjectSize(network, large),
      network.getWeightsSymbols(), [this, large](llvm::raw_ostream &stream) {
        writeWeightsObject(network, llvm::Triple(target.triple), large, stream);
      }};
}

llvm::Error Emitter::emitBinary() {
  Artifact artifact(kind, outputPath, target, options);
  if (llvm::Error error = artifact.open())
    return error;
  std::unique_ptr<NetworkCode> translated = translate();
  if (!translated)
    return llvm::createStringError("no code");
  // Before the code, whose compilation takes the memory that weights leave.
  WeightsObjects weights;
  if (kind != ArtifactKind::StaticLibrary) {
    if (llvm::Error error =
            writeWeights(network, target, options, outputPath, weights.files))
      return error;
  } else if (!network.weights.empty()) {
    weights.members.push_back(makeWeightsMember());
  }
  ObjectFiles code;
  if (llvm::Error error =
          compileCode(std::move(translated), target, options, outputPath, code))
    return error;
  return artifact.finish(network, std::move(code), weights);
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
  FailureOr<OwningOpRef<ModuleOp>> host =
      separateKernels(module, target, options, *network);
  if (failed(host))
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
