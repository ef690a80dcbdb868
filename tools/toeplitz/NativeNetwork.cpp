#include "tools/toeplitz/NativeNetwork.h"
#include "compiler/Frontend/Frontend.h"
#include "compiler/Lowering/Passes.h"
#include "compiler/Target/Target.h"
#include "compiler/Verification/CompiledModule.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/Messages.h"

#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

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

/// The architecture that `binary` is for, if it isn't this machine's.
std::string getForeignArchitecture(const llvm::object::Binary &binary) {
  auto *file = llvm::dyn_cast<llvm::object::ObjectFile>(&binary);
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  if (!file || file->getArch() == host.getArch())
    return "";
  return llvm::Triple::getArchTypeName(file->getArch()).str();
}

/// The rows of the times, as time-kernels has described them.
std::vector<TimedKernel> readKernels(mlir::ModuleOp module) {
  std::vector<TimedKernel> kernels;
  auto rows = module->getAttrOfType<mlir::ArrayAttr>(timedLayersAttribute);
  if (!rows)
    return kernels;
  for (auto row : rows.getAsRange<mlir::DictionaryAttr>()) {
    auto text = [&](llvm::StringRef name) {
      return row.getAs<mlir::StringAttr>(name).str();
    };
    auto number = [&](llvm::StringRef name) {
      return row.getAs<mlir::IntegerAttr>(name).getInt();
    };
    kernels.push_back(
        {text("name"),
         {text("operation"), text("algorithm"), text("description"),
          number("flops"), number("read_bytes"), number("weight_bytes"),
          number("written_bytes")}});
  }
  return kernels;
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

void TimedKernel::writeJson(llvm::json::OStream &json) const {
  json.attribute("name", layer);
  json.attribute("operation", work.operation);
  json.attribute("algorithm", work.algorithm);
  json.attribute("description", work.description);
}

std::string TimedKernel::describe() const {
  return (layer.empty() ? "(" + work.operation + ")" : layer) + ": " +
         work.operation +
         (work.algorithm.empty() ? "" : " by " + work.algorithm) + ", " +
         work.description;
}

bool NetworkLibrary::compile(llvm::StringRef source,
                             const CompilationOptions &options) {
  Compilation compilation(options);
  if (failed(compilation.load(source)))
    return false;
  // What only lacks features of this architecture says so when it is loaded.
  if (!compilation.getTarget().getForeignSystem().empty())
    if (auto reason = whyNotRunnable(compilation.getTarget())) {
      (void)reportError(*reason);
      return false;
    }
  if (failed(compilation.advanceTo(Stage::LLVM)))
    return false;
  folder = std::make_unique<TemporaryFolder>();
  if (folder->problem) {
    (void)reportError("cannot create a temporary folder: " +
                      folder->problem.message());
    return false;
  }
  llvm::SmallString<128> library(folder->path);
  llvm::sys::path::append(library, "network.so");
  path = library.str().str();
  kernels = readKernels(compilation.getModule());
  target = compilation.getTarget();
  mlir::TimingScope scope = compilation.nestTiming("Machine code");
  EmitOptions emitOptions;
  emitOptions.releaseWeights = true;
  return succeeded(emitArtifact(compilation.getModule(), *target,
                                ArtifactKind::SharedLibrary, path,
                                emitOptions));
}

std::unique_ptr<NetworkLibrary>
NetworkLibrary::open(llvm::StringRef path, const CompilationOptions &options) {
  auto library = std::make_unique<NetworkLibrary>();
  if (isNetworkPath(path) || path.ends_with(".mlir")) {
    if (!library->compile(path, options))
      return nullptr;
    return library;
  }

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
  if (std::string machine = getForeignArchitecture(**binary); !machine.empty())
    return report("'" + path + "' is compiled for " + machine +
                  ", which this machine isn't");
  if (isProgram(**binary))
    return report("'" + path +
                  "' is a program, run it itself; here a shared library (.so) "
                  "is expected");
  if (options.timeKernels)
    return report("'" + path +
                  "' is compiled already, without the times of its layers; "
                  "name the network that it was compiled from");
  if (options.areGiven())
    return report("'" + path +
                  "' is compiled already, options of the compiler have no "
                  "effect on it");
  library->path = path.str();
  return library;
}

std::unique_ptr<LoadedNetwork> NetworkLibrary::load(int threads) const {
  // The library stays mapped when its file is gone.
  auto network = LoadedNetwork::open(path, threads);
  if (network)
    return std::move(*network);
  (void)reportError(llvm::toString(network.takeError()));
  return nullptr;
}

std::unique_ptr<LoadedNetwork>
toeplitz::openNetwork(llvm::StringRef path, const CompilationOptions &options,
                      int threads) {
  auto library = NetworkLibrary::open(path, options);
  return library ? library->load(threads) : nullptr;
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

/// When the caller leaves the number of runs open: as many as take two seconds.
static constexpr int64_t timedNanoseconds = 2000000000;

llvm::FailureOr<KernelTimes>
toeplitz::timeKernels(LoadedNetwork &network,
                      llvm::ArrayRef<TensorValues> inputs, int64_t runs) {
  Arguments arguments(network, inputs);
  if (arguments.batch != 1)
    return reportError("the times of layers are those of one sample, found "
                       "inputs with " +
                       llvm::Twine(arguments.batch));
  llvm::ArrayRef<char> bytes(arguments.outputs.back().bytes);
  llvm::ArrayRef<int64_t> times(reinterpret_cast<const int64_t *>(bytes.data()),
                                bytes.size() / sizeof(int64_t));
  KernelTimes result;
  result.shortest.assign(times.size(), INT64_MAX);
  result.shortestRun = INT64_MAX;
  // The first run touches the pages of the weights and the workspace; the
  // second one tells how long a run takes.
  constexpr int64_t warmUps = 2, leastRuns = 5, mostRuns = 100000;
  for (int64_t run = -warmUps; run < 0 || run < result.runs; ++run) {
    int64_t start = toeplitz_clock();
    if (llvm::Error error =
            network.run(arguments.inputAddresses, arguments.outputAddresses))
      return reportError(llvm::toString(std::move(error)));
    int64_t whole = std::max<int64_t>(toeplitz_clock() - start, 1);
    if (run < 0) {
      result.runs =
          runs ? runs
               : std::clamp(timedNanoseconds / whole, leastRuns, mostRuns);
      continue;
    }
    for (auto [shortest, time] : llvm::zip(result.shortest, times))
      shortest = std::min(shortest, time);
    if (whole < result.shortestRun) {
      result.shortestRun = whole;
      result.kernelsOfShortestRun = llvm::sum_of(times, int64_t(0));
    }
  }
  return result;
}
