// A network out of a shared library that was made by `toeplitz compile`, ready
// to run.

#ifndef TOEPLITZ_COMPILER_TARGET_LOADEDNETWORK_H
#define TOEPLITZ_COMPILER_TARGET_LOADEDNETWORK_H

#include "runtime/benchmark.h"
#include "runtime/toeplitz.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace toeplitz {

/// Owns the library, the threads and the workspace. One run at a time: a
/// program that runs a network in several threads loads it once for each, or
/// calls it through `getDescription`.
class LoadedNetwork {
public:
  /// Loads the library at `path`. `threads` as for toeplitz_pool_create; with 1
  /// the network computes in the calling thread. A network of a GPU runs on the
  /// first one, whatever `threads` says.
  static llvm::Expected<std::unique_ptr<LoadedNetwork>>
  open(llvm::StringRef path, int threads = 1);
  ~LoadedNetwork();
  LoadedNetwork(const LoadedNetwork &) = delete;
  LoadedNetwork &operator=(const LoadedNetwork &) = delete;

  /// Names and shapes; lives as long as this object.
  const toeplitz_network &getDescription() const { return *network; }
  int getThreads() const { return threads; }

  /// Whether the number of samples is chosen for each run.
  bool hasDynamicBatch() const { return network->run_batch; }

  /// Runs the network once on contiguous elements, one pointer for each input
  /// and output. `batch` is 1 unless the batch is dynamic. Nothing is allocated
  /// but workspace for a larger batch than before.
  llvm::Error run(llvm::ArrayRef<const void *> inputs,
                  llvm::ArrayRef<void *> outputs, int64_t batch = 1);
  /// Measures `runs` runs, or about two seconds of them when `runs` is 0.
  llvm::Expected<toeplitz_timing> bench(llvm::ArrayRef<const void *> inputs,
                                        llvm::ArrayRef<void *> outputs,
                                        int64_t runs = 0, int64_t batch = 1);

private:
  LoadedNetwork() = default;
  llvm::Error checkCounts(size_t inputs, size_t outputs) const;
  llvm::Error reserveWorkspace(int64_t batch);
  /// What a number that the network returned means.
  llvm::Error explain(int error) const;

  void *library = nullptr;
  const toeplitz_network *network = nullptr;
  toeplitz_pool *pool = nullptr;
  void *workspace = nullptr;
  uint64_t workspaceSize = 0;
  int threads = 1;
};

/// The number of elements of an input or output; of one sample where the batch
/// is dynamic.
int64_t getElementCount(const toeplitz_tensor &tensor);

} // namespace toeplitz

#endif
