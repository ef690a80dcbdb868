#include "compiler/Target/LoadedNetwork.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <cstdlib>
#include <dlfcn.h>

using namespace toeplitz;

int64_t toeplitz::getElementCount(const toeplitz_tensor &tensor) {
  int64_t count = 1;
  for (int32_t index = 0; index < tensor.rank; ++index)
    count *= tensor.shape[index];
  return count;
}

llvm::Expected<std::unique_ptr<LoadedNetwork>>
LoadedNetwork::open(llvm::StringRef path, int threads) {
  // Without a slash dlopen would search the system's folders.
  llvm::SmallString<128> absolute(path);
  if (std::error_code code = llvm::sys::fs::make_absolute(absolute))
    return llvm::createStringError(path + ": " + code.message());
  std::unique_ptr<LoadedNetwork> loaded(new LoadedNetwork);
  loaded->library = dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!loaded->library) {
    // dlerror mostly begins with the path.
    const char *reason = dlerror();
    return llvm::createStringError(
        path + ": can't be loaded: " +
        llvm::StringRef(reason ? reason : "unknown reason"));
  }
  using Accessor = const toeplitz_network *(*)();
  auto accessor = reinterpret_cast<Accessor>(
      dlsym(loaded->library, TOEPLITZ_SHARED_NETWORK_SYMBOL));
  if (!accessor)
    return llvm::createStringError(
        path + ": is no network: a shared library made by `toeplitz compile` "
               "is expected");
  loaded->network = accessor();

  // The library's own runtime makes the threads, so that both always fit each
  // other.
  if (threads != 1) {
    loaded->pool = loaded->network->threads_create(threads);
    if (!loaded->pool)
      return llvm::createStringError("%d threads can't be started", threads);
    if (threads <= 0)
      threads = toeplitz_processor_count();
  }
  loaded->threads = threads;
  uint64_t size = std::max<uint64_t>(loaded->network->workspace_size, 1);
  if (posix_memalign(&loaded->workspace, TOEPLITZ_ALIGNMENT, size) != 0)
    return llvm::createStringError(path + ": no memory for a workspace of " +
                                   llvm::Twine(size) + " bytes");
  return std::move(loaded);
}

LoadedNetwork::~LoadedNetwork() {
  std::free(workspace);
  if (pool)
    network->threads_destroy(pool);
  if (library)
    dlclose(library);
}

llvm::Error LoadedNetwork::checkCounts(size_t inputs, size_t outputs) const {
  if (inputs == size_t(network->input_count) &&
      outputs == size_t(network->output_count))
    return llvm::Error::success();
  return llvm::createStringError(
      "the network '%s' has %d inputs and %d outputs, but %zu and %zu were "
      "given",
      network->name, int(network->input_count), int(network->output_count),
      inputs, outputs);
}

llvm::Error LoadedNetwork::run(llvm::ArrayRef<const float *> inputs,
                               llvm::ArrayRef<float *> outputs) {
  if (llvm::Error error = checkCounts(inputs.size(), outputs.size()))
    return error;
  if (int error = toeplitz_network_run(network, pool, inputs.data(),
                                       outputs.data(), workspace))
    return llvm::createStringError(toeplitz_error_string(error));
  return llvm::Error::success();
}

llvm::Expected<toeplitz_timing>
LoadedNetwork::bench(llvm::ArrayRef<const float *> inputs,
                     llvm::ArrayRef<float *> outputs, int64_t runs) {
  if (llvm::Error error = checkCounts(inputs.size(), outputs.size()))
    return std::move(error);
  toeplitz_timing timing;
  if (int error = toeplitz_benchmark(network, pool, inputs.data(),
                                     outputs.data(), workspace, runs, &timing))
    return llvm::createStringError(toeplitz_error_string(error));
  return timing;
}
