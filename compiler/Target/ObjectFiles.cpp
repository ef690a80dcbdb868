#include "compiler/Target/ObjectFiles.h"
#include "compiler/Target/WeightsObject.h"
#include "compiler/Transforms/Constants.h"

#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include <atomic>

using namespace mlir;
using namespace toeplitz;

llvm::Error toeplitz::addObjectFile(llvm::StringRef outputPath,
                                    ObjectFiles &files) {
  llvm::Expected<TemporaryFile> file = TemporaryFile::create(outputPath, ".o");
  if (!file)
    return file.takeError();
  files.push_back(std::move(*file));
  return llvm::Error::success();
}

std::vector<std::string>
toeplitz::getPaths(llvm::ArrayRef<TemporaryFile> files) {
  std::vector<std::string> paths;
  for (const TemporaryFile &file : files)
    paths.push_back(file.getPath());
  return paths;
}

static llvm::Error compilePart(const Bitcode &bitcode,
                               const TargetDescription &target,
                               const EmitOptions &options,
                               TemporaryFile &file) {
  auto code = NetworkCode::read(bitcode, target, options);
  if (!code)
    return code.takeError();
  (*code)->optimize();
  return file.write([&](llvm::raw_fd_ostream &stream) {
    return (*code)->writeCode(llvm::CodeGenFileType::ObjectFile, stream);
  });
}

llvm::Error toeplitz::compileCode(std::unique_ptr<NetworkCode> code,
                                  const TargetDescription &target,
                                  const EmitOptions &options,
                                  llvm::StringRef outputPath,
                                  ObjectFiles &files) {
  std::vector<Bitcode> parts = code->split();
  code.reset();
  size_t first = files.size();
  for (size_t part = 0; part < parts.size(); ++part)
    if (llvm::Error error = addObjectFile(outputPath, files))
      return error;
  std::vector<std::string> messages(parts.size());
  std::atomic<size_t> done = 0;
  llvm::DefaultThreadPool threads(llvm::hardware_concurrency(parts.size()));
  for (size_t part = 0; part < parts.size(); ++part)
    threads.async([&, part] {
      messages[part] = llvm::toString(
          compilePart(parts[part], target, options, files[first + part]));
      if (options.reportPart)
        options.reportPart(++done, parts.size());
    });
  threads.wait();
  for (const std::string &message : messages)
    if (!message.empty())
      return llvm::createStringError(message);
  return llvm::Error::success();
}

bool toeplitz::hasLargeWeights(const Network &network,
                               const TargetDescription &target,
                               const EmitOptions &options) {
  return llvm::Triple(target.triple).getArch() == llvm::Triple::x86_64 &&
         network.totalWeightsBytes() >= options.largeWeightsBytes;
}

static void freeBlobs(const Network &network) {
  for (const NetworkWeights &weights : network.weights)
    if (auto values = dyn_cast<DenseResourceElementsAttr>(weights.values))
      freeBlob(values);
}

llvm::Error toeplitz::writeWeights(const Network &network,
                                   const TargetDescription &target,
                                   const EmitOptions &options,
                                   llvm::StringRef outputPath,
                                   ObjectFiles &files) {
  if (network.weights.empty())
    return llvm::Error::success();
  if (llvm::Error error = addObjectFile(outputPath, files))
    return error;
  llvm::Error error = files.back().write([&](llvm::raw_fd_ostream &stream) {
    writeWeightsObject(network, llvm::Triple(target.triple),
                       hasLargeWeights(network, target, options), stream);
    return llvm::Error::success();
  });
  if (!error && options.releaseWeights)
    freeBlobs(network);
  return error;
}
