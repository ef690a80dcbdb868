#include "compiler/Target/LoadedNetwork.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <dlfcn.h>

using namespace toeplitz;

int64_t toeplitz::getElementCount(const toeplitz_tensor &tensor) {
  int64_t count = 1;
  for (int32_t index = 0; index < tensor.rank; ++index)
    count *= tensor.shape[index] < 0 ? 1 : tensor.shape[index];
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
  if (const char *feature = loaded->network->missing_feature(loaded->network))
    return llvm::createStringError(
        path + ": this machine lacks '" + feature +
        "', a feature of the one that the network is compiled for");

  // The library's own runtime makes the threads, or what a GPU needs, so that
  // both always fit each other.
  if (loaded->network->create) {
    threads = 1;
    if (int error = loaded->network->create(loaded->network, /*number=*/0,
                                            &loaded->pool))
      return loaded->explain(error);
  } else if (threads != 1) {
    loaded->pool = loaded->network->threads_create(threads);
    if (!loaded->pool)
      return llvm::createStringError("%d threads can't be started", threads);
    if (threads <= 0)
      threads = toeplitz_processor_count();
  }
  loaded->threads = threads;
  if (llvm::Error error = loaded->reserveWorkspace(1))
    return std::move(error);
  loaded->network->prepare(loaded->network, loaded->workspace,
                           loaded->workspaceSize);
  return std::move(loaded);
}

llvm::Error LoadedNetwork::explain(int error) const {
  std::string text = toeplitz_error_string(error);
  // Without a pool: about the creation that failed.
  if (network->error_text && *network->error_text(pool))
    text += std::string(": ") + network->error_text(pool);
  return llvm::createStringError(text);
}

llvm::Error LoadedNetwork::reserveWorkspace(int64_t batch) {
  uint64_t size = toeplitz_network_workspace_size(network, batch);
  if (workspace && size <= workspaceSize)
    return llvm::Error::success();
  toeplitz_workspace_destroy(workspace);
  workspace = toeplitz_workspace_create(size);
  if (!workspace)
    return llvm::createStringError(llvm::Twine(network->name) +
                                   ": no memory for a workspace of " +
                                   llvm::Twine(size) + " bytes");
  workspaceSize = size;
  return llvm::Error::success();
}

LoadedNetwork::~LoadedNetwork() {
  toeplitz_workspace_destroy(workspace);
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

llvm::Error LoadedNetwork::run(llvm::ArrayRef<const void *> inputs,
                               llvm::ArrayRef<void *> outputs, int64_t batch) {
  if (llvm::Error error = checkCounts(inputs.size(), outputs.size()))
    return error;
  if (llvm::Error error = reserveWorkspace(batch))
    return error;
  if (int error = toeplitz_network_run_checked(
          network, pool, batch, inputs.data(), outputs.data(), workspace))
    return explain(error);
  return llvm::Error::success();
}

llvm::Expected<toeplitz_timing>
LoadedNetwork::bench(llvm::ArrayRef<const void *> inputs,
                     llvm::ArrayRef<void *> outputs, int64_t runs,
                     int64_t batch) {
  if (llvm::Error error = checkCounts(inputs.size(), outputs.size()))
    return std::move(error);
  if (llvm::Error error = reserveWorkspace(batch))
    return std::move(error);
  toeplitz_timing timing;
  if (int error = toeplitz_benchmark(network, pool, batch, inputs.data(),
                                     outputs.data(), workspace, runs, &timing))
    return explain(error);
  return timing;
}
