#include "compiler/Target/Variants.h"
#include "compiler/Target/DeviceCode.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MemoryBuffer.h"
#include <algorithm>
#include <memory>

using namespace mlir;
using namespace toeplitz;

llvm::Error toeplitz::sortVariants(std::vector<VariantTarget> &targets) {
  llvm::SmallVector<std::pair<uint64_t, VariantTarget>> needs;
  for (VariantTarget &target : targets) {
    std::optional<uint64_t> features = getProcessorFeatures(target.description);
    if (!features)
      return llvm::createStringError("no code is generated for " +
                                     target.description.triple);
    for (const auto &[others, other] : needs)
      if (others == *features)
        return llvm::createStringError("'" + other.name + "' and '" +
                                       target.name +
                                       "' need the same of a processor, only "
                                       "one of them would ever run");
    // Before those that need less.
    auto *place = llvm::find_if(needs, [&](const auto &entry) {
      return llvm::popcount(entry.first) < llvm::popcount(*features);
    });
    needs.insert(place, {*features, std::move(target)});
  }
  for (auto [place, entry] : llvm::zip_equal(targets, needs))
    place = std::move(entry.second);
  return llvm::Error::success();
}

void toeplitz::includeVariant(Network &common, const Network &variant) {
  common.workspaceBytes =
      std::max(common.workspaceBytes, variant.workspaceBytes);
  if (common.errorBound && variant.errorBound &&
      variant.errorBound->bound > common.errorBound->bound)
    common.errorBound = variant.errorBound;
}

/// All variants lie in one binary, whose size counts.
static EmitOptions shareSpace(EmitOptions options, size_t variants) {
  options.largeWeightsBytes /= variants;
  return options;
}

VariantsEmitter::VariantsEmitter(const std::vector<VariantTarget> &targets,
                                 ArtifactKind kind, StringRef outputPath,
                                 const EmitOptions &options)
    : targets(targets), kind(kind), outputPath(outputPath),
      options(shareSpace(options, targets.size())),
      artifact(kind, outputPath, targets.front().description, this->options) {}

LogicalResult
VariantsEmitter::add(ModuleOp module,
                     std::function<void(size_t, size_t)> reportPart) {
  options.reportPart = std::move(reportPart);
  const VariantTarget &target = targets[variants.size()];
  std::optional<Network> network = readNetwork(module, target.name);
  if (!network)
    return failure();
  OwningOpRef<ModuleOp> host;
  if (network->gpu && !target.description.isEmulated()) {
    host = compileKernels(module, target.description, options, *network);
    if (!host)
      return failure();
    module = *host;
  }
  llvm::Error error = compile(module, *network, target.description);
  if (!error) {
    include(*network);
    return success();
  }
  std::string message = llvm::toString(std::move(error));
  if (!reported)
    module.emitError(message);
  return failure();
}

llvm::Error VariantsEmitter::compile(ModuleOp module, const Network &network,
                                     const TargetDescription &target) {
  if (!common)
    if (llvm::Error error = artifact.open())
      return error;
  auto translated =
      NetworkCode::translate(module, network, target, kind, options);
  if (!translated) {
    reported = true;
    return llvm::createStringError("no code");
  }
  if (llvm::Error error =
          compileCode(std::move(translated), target, options, outputPath, code))
    return error;
  return writeWeights(network, target, options, outputPath, weights.files);
}

/// Keeps what is needed of a network whose module goes.
void VariantsEmitter::include(const Network &network) {
  variants.push_back(getVariantSymbols(network));
  if (!network.weights.empty()) {
    WeightsNames names{network.symbolName + "_weights.o", {}};
    for (const NetworkWeights &entry : network.weights)
      names.symbols.push_back(entry.objectSymbol);
    weightsNames.push_back(std::move(names));
  }
  if (common) {
    includeVariant(*common, network);
    return;
  }
  common = network;
  common->symbolName = common->name;
  common->weights.clear();
  common->gpu.reset();
}

/// Adds the code that chooses. It runs before anybody knows what the processor
/// can do.
llvm::Error VariantsEmitter::writeDispatch() {
  TargetDescription any = targets.back().description;
  any.cpu = llvm::Triple(any.triple).getArch() == llvm::Triple::x86_64
                ? "x86-64"
                : "generic";
  any.features.clear();
  any.hasTileProducts = false;
  std::string error;
  auto dispatch =
      NetworkCode::dispatch(*common, variants, any, kind, options, error);
  if (!dispatch)
    return llvm::createStringError(error);
  if (llvm::Error error = addObjectFile(outputPath, code))
    return error;
  dispatch->optimize();
  return code.back().write([&](llvm::raw_fd_ostream &stream) {
    return dispatch->writeCode(llvm::CodeGenFileType::ObjectFile, stream);
  });
}

/// An archive's member with the contents of a file.
static llvm::Expected<ArchiveMember>
readMember(const TemporaryFile &file, std::string name,
           std::vector<std::string> symbols) {
  auto contents = llvm::MemoryBuffer::getFile(file.getPath(), /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
  if (!contents)
    return llvm::errorCodeToError(contents.getError());
  std::shared_ptr<llvm::MemoryBuffer> buffer = std::move(*contents);
  return ArchiveMember{
      std::move(name), buffer->getBufferSize(), std::move(symbols),
      [buffer](llvm::raw_ostream &stream) { stream << buffer->getBuffer(); }};
}

llvm::Error VariantsEmitter::finish() {
  if (llvm::Error error = writeDispatch())
    return error;
  if (kind == ArtifactKind::StaticLibrary)
    for (auto [file, names] : llvm::zip_equal(weights.files, weightsNames)) {
      llvm::Expected<ArchiveMember> member =
          readMember(file, names.file, names.symbols);
      if (!member)
        return member.takeError();
      weights.members.push_back(std::move(*member));
    }
  return artifact.finish(*common, std::move(code), weights);
}
