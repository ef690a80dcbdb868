#include "tools/toeplitz/Tune.h"
#include "compiler/Verification/Tuning.h"
#include "tools/toeplitz/Messages.h"
#include "tools/toeplitz/OutputFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace toeplitz;

std::string toeplitz::getDefaultTunedPath(llvm::StringRef network) {
  return (llvm::sys::path::stem(network) + ".tuned.json").str();
}

llvm::FailureOr<TunedTimes>
toeplitz::tuneNetwork(Compilation &compilation,
                      llvm::ArrayRef<LayerSelection> layers,
                      llvm::StringRef path) {
  const TargetDescription &target = compilation.getTarget();
  if (auto reason = whyNotTunable(target))
    return reportError("--tune: " + *reason);
  TunedTimes times;
  if (!path.empty() && llvm::sys::fs::exists(path)) {
    auto read = readTunedTimes(path);
    if (failed(read))
      return llvm::failure();
    times = std::move(*read);
  }
  if (failed(tuneLayers(layers, target, times, [&](size_t layer, size_t count) {
        compilation.getProgress().report("measuring, layer", layer, count);
      })))
    return llvm::failure();
  if (!path.empty() && failed(writeText(path, [&](llvm::raw_ostream &stream) {
        times.write(stream);
        return true;
      })))
    return llvm::failure();
  return times;
}
