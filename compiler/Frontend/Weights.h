// The weights of a network, wherever they come from: written in the layer, made
// from a seed, or read from a file.

#ifndef TOEPLITZ_COMPILER_FRONTEND_WEIGHTS_H
#define TOEPLITZ_COMPILER_FRONTEND_WEIGHTS_H

#include "compiler/Frontend/Description.h"
#include "compiler/Frontend/RandomWeights.h"
#include "compiler/Frontend/Safetensors.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "llvm/ADT/StringSet.h"

namespace toeplitz {

/// A weight that a layer needs.
struct WeightRequest {
  /// PyTorch's word: "weight", "bias", "running_mean", …
  llvm::StringRef key;
  llvm::SmallVector<int64_t> shape;
  WeightRole role = WeightRole::Bias;
  /// For a filter: the number of products in one output.
  double fanIn = 1;
  /// What to do about it if the weight is missing on purpose.
  llvm::StringRef advice = {};
};

class WeightStore {
public:
  WeightStore(const SourceText &source, const NetworkDescription &network)
      : source(source), network(network) {}

  /// Opens the weight file, if the network has one.
  llvm::LogicalResult open();

  /// The weight `LAYER.KEY` as a constant f32 tensor of the shape asked for.
  /// Reports what is wrong with it.
  llvm::FailureOr<mlir::ElementsAttr> get(const LayerDescription &layer,
                                          const WeightRequest &request);

  /// Warns about weights of the file that nobody asked for.
  void warnAboutUnused() const;

private:
  llvm::FailureOr<mlir::ElementsAttr> readInline(const LayerDescription &layer,
                                                 const WeightRequest &request,
                                                 const JsonValue &value);
  llvm::FailureOr<mlir::ElementsAttr> makeRandom(const LayerDescription &layer,
                                                 const WeightRequest &request);
  llvm::FailureOr<mlir::ElementsAttr> readStored(const LayerDescription &layer,
                                                 const WeightRequest &request);

  mlir::InFlightDiagnostic error(const LayerDescription &layer) {
    return mlir::emitError(
        source.getLocation(layer.operatorOffset, layer.name));
  }

  const SourceText &source;
  const NetworkDescription &network;
  std::optional<SafetensorsFile> file;
  llvm::StringSet<> used;
};

} // namespace toeplitz

#endif
