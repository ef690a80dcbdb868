// What the attributes of a lowered module say about its network, checked once
// for everybody in this room.

#ifndef TOEPLITZ_COMPILER_TARGET_NETWORK_H
#define TOEPLITZ_COMPILER_TARGET_NETWORK_H

#include "compiler/Target/Cubin.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toeplitz {

/// An input or output of the network.
struct NetworkTensor {
  std::string name;
  /// `name` made a C identifier, different from that of all other tensors and
  /// from the other parameters of NAME_run.
  std::string identifier;
  /// The first size is -1 where the batch is chosen for each run.
  llvm::SmallVector<int64_t> shape;
  /// TOEPLITZ_FLOAT32 or one of its kin.
  int32_t type;
};

/// Constant data that bypasses LLVM.
struct NetworkWeights {
  /// The symbol of the global in the module, and in the objects.
  std::string symbol;
  std::string objectSymbol;
  mlir::ElementsAttr values;
  /// Size of the data.
  uint64_t bytes;
};

/// A tensor of which a kernel copies boxes: toeplitz_gpu_tensor_map, whose
/// strides begin with an element's bytes.
struct GpuTensorMap {
  int32_t argument = 0, sampleStride = -1;
  uint64_t offset = 0;
  uint32_t elementBytes = 0;
  llvm::SmallVector<uint64_t> sizes, strides;
  llvm::SmallVector<uint32_t> box;
};

/// A kernel of a GPU.
struct GpuKernel {
  std::string name;
  /// Of a block.
  uint32_t threads = 0;
  /// Bytes of a block's memory that launches ask for; all of it where the GPU
  /// is emulated.
  uint32_t sharedBytes = 0;
  /// Whether its threads wait for each other.
  bool waits = false;
  std::vector<GpuTensorMap> tensorMaps;
};

/// What a network whose kernels run on a GPU has beside the others.
struct GpuNetwork {
  std::vector<GpuKernel> kernels;
  /// The symbols of all constants and where they lie in the device's weights,
  /// in bytes.
  std::vector<std::pair<std::string, uint64_t>> weightPlaces;
  uint64_t weightsBytes = 0, arenaBytes = 0;
  /// The kernels' PTX; empty where the GPU is emulated.
  std::string image;
  /// The compute capability that it needs, or needs exactly.
  int32_t capability = 80;
  bool exactCapability = false;
  /// Whether the host reads elements, to decide which kernels run, say.
  bool readsElements = false;
  /// The same kernels as machine code of some GPUs.
  std::vector<Cubin> cubins;
};

struct Network {
  /// A C identifier.
  std::string name;
  /// What the hidden symbols begin with: `name`, or a name of this variant's
  /// own where a binary has several for different processors.
  std::string symbolName;
  /// For one sample where the batch is chosen for each run.
  uint64_t workspaceBytes = 0;
  bool hasDynamicBatch = false;
  std::vector<NetworkTensor> inputs;
  std::vector<NetworkTensor> outputs;
  /// In the order of the module.
  std::vector<NetworkWeights> weights;

  /// The largest certified rounding error of a layer, where it was asked for:
  /// the layer's name, the absolute error, and the largest input that it is
  /// certified for. Infinite where it isn't known.
  struct ErrorBound {
    std::string layer;
    double bound = 0, inputRange = 0;
  };
  std::optional<ErrorBound> errorBound;

  /// Where the kernels run on a GPU.
  std::optional<GpuNetwork> gpu;
  /// Whether there is NAME_run_device: the kernels run on a GPU, or those of
  /// one of several variants do.
  bool hasRunDevice = false;

  /// Whether it is one of several in a binary.
  bool isVariant() const { return symbolName != name; }
  uint64_t totalWeightsBytes() const;
  /// The symbols of the weights' object.
  std::vector<std::string> getWeightsSymbols() const;
};

/// Reads the contract of the lowered stage off `module`. Emits an error and
/// returns nothing when it isn't fulfilled. `variant` tells this network's
/// symbols from those of the same network for other processors.
std::optional<Network> readNetwork(mlir::ModuleOp module,
                                   llvm::StringRef variant = "");

} // namespace toeplitz

#endif
