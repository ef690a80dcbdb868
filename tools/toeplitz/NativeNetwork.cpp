#include "tools/toeplitz/NativeNetwork.h"
#include "compiler/Frontend/Frontend.h"
#include "compiler/Target/Target.h"
#include "compiler/Target/TemporaryFolder.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Path.h"

using namespace toeplitz;

namespace {

/// Whether `binary` names the program that loads it, as programs do and
/// libraries don't.
bool isProgram(const llvm::object::Binary &binary) {
  auto *file = llvm::dyn_cast<llvm::object::ELF64LEObjectFile>(&binary);
  if (!file)
    return false;
  auto headers = file->getELFFile().program_headers();
  if (!headers) {
    llvm::consumeError(headers.takeError());
    return false;
  }
  return llvm::any_of(*headers, [](const auto &header) {
    return header.p_type == llvm::ELF::PT_INTERP;
  });
}

std::unique_ptr<LoadedNetwork> load(llvm::StringRef path, int threads) {
  auto network = LoadedNetwork::open(path, threads);
  if (network)
    return std::move(*network);
  (void)reportError(llvm::toString(network.takeError()));
  return nullptr;
}

std::unique_ptr<LoadedNetwork> compileAndLoad(llvm::StringRef path,
                                              const CompilationOptions &options,
                                              int threads) {
  Compilation compilation(options);
  if (failed(compilation.load(path)) ||
      failed(compilation.advanceTo(Stage::LLVM)))
    return nullptr;
  // The library stays mapped when its file is gone.
  TemporaryFolder folder;
  if (folder.problem) {
    (void)reportError("cannot create a temporary folder: " +
                      folder.problem.message());
    return nullptr;
  }
  llvm::SmallString<128> library(folder.path);
  llvm::sys::path::append(library, "network.so");
  {
    mlir::TimingScope scope = compilation.nestTiming("Machine code");
    if (failed(emitArtifact(compilation.getModule(), compilation.getTarget(),
                            ArtifactKind::SharedLibrary, library)))
      return nullptr;
  }
  return load(library, threads);
}

std::vector<TensorSignature> describe(const toeplitz_tensor *tensors,
                                      int32_t count) {
  std::vector<TensorSignature> signatures;
  for (const toeplitz_tensor &tensor : llvm::ArrayRef(tensors, count))
    signatures.push_back(
        {tensor.name,
         llvm::SmallVector<int64_t>(tensor.shape, tensor.shape + tensor.rank),
         tensor.type});
  return signatures;
}

/// The tensors of one run, as the ABI passes them.
struct Arguments {
  Arguments(const LoadedNetwork &network, llvm::ArrayRef<TensorValues> inputs) {
    Signature signature = readSignature(network);
    batch = getBatch(signature, inputs);
    for (const TensorValues &values : inputs)
      inputAddresses.push_back(values.bytes.data());
    for (const TensorSignature &output : signature.outputs)
      outputs.emplace_back(output.type, output.getShape(batch));
    for (TensorValues &values : outputs)
      outputAddresses.push_back(values.bytes.data());
  }

  int64_t batch;
  std::vector<TensorValues> outputs;
  llvm::SmallVector<const void *> inputAddresses;
  llvm::SmallVector<void *> outputAddresses;
};

} // namespace

std::unique_ptr<LoadedNetwork>
toeplitz::openNetwork(llvm::StringRef path, const CompilationOptions &options,
                      int threads) {
  if (isNetworkPath(path) || path.ends_with(".mlir"))
    return compileAndLoad(path, options, threads);

  auto report = [&](const llvm::Twine &problem) {
    (void)reportError(problem);
    return nullptr;
  };
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return report("cannot open '" + path + "': " + buffer.getError().message());
  auto binary = llvm::object::createBinary(**buffer);
  if (!binary) {
    llvm::consumeError(binary.takeError());
    return report("'" + path +
                  "': expected an ONNX model (.onnx), a network description "
                  "(.json), a module of the compiler (.mlir) or a shared "
                  "library of 'toeplitz compile'");
  }
  if (isProgram(**binary))
    return report("'" + path +
                  "' is a program, run it itself; here a shared library (.so) "
                  "is expected");
  if (options.areGiven())
    return report("'" + path +
                  "' is compiled already, options of the compiler have no "
                  "effect on it");
  return load(path, threads);
}

Signature toeplitz::readSignature(const LoadedNetwork &network) {
  const toeplitz_network &description = network.getDescription();
  return {description.name,
          describe(description.inputs, description.input_count),
          describe(description.outputs, description.output_count)};
}

llvm::FailureOr<std::vector<TensorValues>>
toeplitz::runNetwork(LoadedNetwork &network,
                     llvm::ArrayRef<TensorValues> inputs) {
  Arguments arguments(network, inputs);
  if (llvm::Error error = network.run(
          arguments.inputAddresses, arguments.outputAddresses, arguments.batch))
    return reportError(llvm::toString(std::move(error)));
  return std::move(arguments.outputs);
}

llvm::FailureOr<toeplitz_timing>
toeplitz::timeNetwork(LoadedNetwork &network,
                      llvm::ArrayRef<TensorValues> inputs, int64_t runs) {
  Arguments arguments(network, inputs);
  auto timing = network.bench(arguments.inputAddresses,
                              arguments.outputAddresses, runs, arguments.batch);
  if (!timing)
    return reportError(llvm::toString(timing.takeError()));
  return *timing;
}
