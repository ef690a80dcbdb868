// Native code of a network in this process: loaded from a shared library, which
// is compiled first when the user names a description or a module.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_NATIVENETWORK_H
#define TOEPLITZ_TOOLS_TOEPLITZ_NATIVENETWORK_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Lowering/KernelWork.h"
#include "compiler/Target/LoadedNetwork.h"
#include "compiler/Target/TemporaryFolder.h"
#include "tools/toeplitz/CompilationOptions.h"
#include "tools/toeplitz/Tensors.h"

#include "llvm/Support/JSON.h"

namespace toeplitz {

/// One kernel of a network that was compiled to tell its kernels' times.
struct TimedKernel {
  /// Of its layer; empty where it belongs to none.
  std::string layer;
  KernelWork work;

  /// "conv1: conv 3x3 by direct, 3x9x9 -> 16x9x9, relu".
  std::string describe() const;
  /// What it is, as attributes of an object.
  void writeJson(llvm::json::OStream &json) const;
  /// What it is counted under: its algorithm, or what it computes.
  const std::string &getKind() const {
    return work.algorithm.empty() ? work.operation : work.algorithm;
  }
};

/// The shared library of a network, which can be loaded several times.
class NetworkLibrary {
public:
  /// Takes the network at `path`, and compiles it when it isn't compiled yet.
  /// Reports what is wrong and returns null then.
  static std::unique_ptr<NetworkLibrary>
  open(llvm::StringRef path, const CompilationOptions &options);

  /// To be run with `threads` threads (0: one for each processor). Reports what
  /// is wrong and returns null then. What is loaded may outlive this object.
  std::unique_ptr<LoadedNetwork> load(int threads) const;

  /// With CompilationOptions::timeKernels: what the elements of the last output
  /// are the nanoseconds of.
  const std::vector<TimedKernel> &getKernels() const { return kernels; }
  /// What it was compiled for, if it was compiled here.
  const std::optional<TargetDescription> &getTarget() const { return target; }

private:
  bool compile(llvm::StringRef source, const CompilationOptions &options);

  std::string path;
  std::unique_ptr<TemporaryFolder> folder;
  std::vector<TimedKernel> kernels;
  std::optional<TargetDescription> target;
};

/// Takes the network at `path`, to be run with `threads` threads (0: one for
/// each processor). Reports what is wrong and returns null then.
std::unique_ptr<LoadedNetwork> openNetwork(llvm::StringRef path,
                                           const CompilationOptions &options,
                                           int threads);

Signature readSignature(const LoadedNetwork &network);

/// Runs the network once, on as many samples as the inputs have. Reports what
/// is wrong.
llvm::FailureOr<std::vector<TensorValues>>
runNetwork(LoadedNetwork &network, llvm::ArrayRef<TensorValues> inputs);

/// Times `runs` runs, or two seconds' worth when that is 0. Reports what is
/// wrong.
llvm::FailureOr<toeplitz_timing>
timeNetwork(LoadedNetwork &network, llvm::ArrayRef<TensorValues> inputs,
            int64_t runs);

/// Times of the kernels of a network, in nanoseconds.
struct KernelTimes {
  int64_t runs = 0;
  /// The shortest of each kernel.
  std::vector<int64_t> shortest;
  /// The whole of the shortest run, and what its kernels took of it.
  int64_t shortestRun = 0, kernelsOfShortestRun = 0;
};

/// Times `runs` runs of a network whose last output is the time of its kernels,
/// or two seconds' worth when that is 0. Reports what is wrong.
llvm::FailureOr<KernelTimes> timeKernels(LoadedNetwork &network,
                                         llvm::ArrayRef<TensorValues> inputs,
                                         int64_t runs);

} // namespace toeplitz

#endif
