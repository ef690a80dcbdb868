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

void toeplitz::includeVariant(std::optional<Network> &common,
                              const Network &variant) {
  if (!common) {
    // (Its module may go.)
    common = variant;
    common->symbolName = common->name;
    common->weights.clear();
    common->gpu.reset();
    return;
  }
  common->hasRunDevice |= variant.hasRunDevice;
  common->workspaceBytes =
      std::max(common->workspaceBytes, variant.workspaceBytes);
  if (common->errorBound && variant.errorBound &&
      variant.errorBound->bound > common->errorBound->bound)
    common->errorBound = variant.errorBound;
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
  FailureOr<OwningOpRef<ModuleOp>> host =
      separateKernels(module, target.description, options, *network);
  if (failed(host))
    return failure();
  llvm::Error error = compile(module, *network, target.description);
  if (!error) {
    variants.push_back(getVariantSymbols(*network));
    includeVariant(common, *network);
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
  if (llvm::Error error = writeVariantWeights(network, target))
    return error;
  return compileCode(std::move(translated), target, options, outputPath, code);
}

/// Writes the weights to a file, since their module goes, and makes it a member
/// of an archive.
llvm::Error
VariantsEmitter::writeVariantWeights(const Network &network,
                                     const TargetDescription &target) {
  if (network.weights.empty())
    return llvm::Error::success();
  if (llvm::Error error =
          writeWeights(network, target, options, outputPath, weights.files))
    return error;
  if (kind != ArtifactKind::StaticLibrary)
    return llvm::Error::success();
  auto contents = llvm::MemoryBuffer::getFile(weights.files.back().getPath(),
                                              /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
  if (!contents)
    return llvm::errorCodeToError(contents.getError());
  std::shared_ptr<llvm::MemoryBuffer> buffer = std::move(*contents);
  weights.members.push_back(
      {network.symbolName + "_weights.o", buffer->getBufferSize(),
       network.getWeightsSymbols(),
       [buffer](llvm::raw_ostream &stream) { stream << buffer->getBuffer(); }});
  return llvm::Error::success();
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

llvm::Error VariantsEmitter::finish() {
  if (llvm::Error error = writeDispatch())
    return error;
  return artifact.finish(*common, std::move(code), weights);
}
