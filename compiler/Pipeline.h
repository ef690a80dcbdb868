// The whole way from a network to machine code, stage by stage.

#ifndef TOEPLITZ_COMPILER_PIPELINE_H
#define TOEPLITZ_COMPILER_PIPELINE_H

#include "compiler/Analysis/TargetDescription.h"

#include "llvm/ADT/ArrayRef.h"
#include <map>
#include <optional>
#include <string>

namespace mlir {
class ModuleOp;
class OpPassManager;
} // namespace mlir

namespace toeplitz {

/// The stages, in the order in which a network goes through them. Each can be
/// printed, stopped at and started from.
enum class Stage {
  /// What is computed: the network as it was written.
  Cnn,
  /// How: algorithms, layouts, tiles, packed weights, a memory plan.
  Schedule,
  /// The loops, one function per distinct kernel.
  Loops,
  /// The LLVM dialect, ready for compiler/Target.
  LLVM,
};

/// What the user may decide about the way.
struct PipelineOptions {
  TargetDescription target;
  /// The algorithm of every layer that it can compute; empty for the cheapest.
  std::string algorithm;
  /// The algorithm of single layers, by their names; these come first.
  std::map<std::string, std::string> layerAlgorithms;
  /// The largest certified rounding error of a layer, for inputs of the network
  /// up to `inputRange`; nothing for any. With either, the header states what
  /// was reached.
  std::optional<double> maxError, inputRange;
  /// Whether only algorithms are allowed that round as a sum of products does.
  bool precise = false;
  /// What a GPU may round the factors of products to: "tf32", "bf16", "f16";
  /// "f32" for not at all.
  std::string precision = "f32";
  /// The limit of the network's typical error, infinite for none; nothing for
  /// the usual one.
  std::optional<double> typicalError;
  double getTypicalErrorLimit() const;
  /// A file of measured times (compiler/Schedule/TunedTimes.h); empty for none.
  std::string tunedPath;
  /// The folds of every layer to which they apply, as "NAME+NAME"; "none"
  /// forbids them, empty leaves the choice to the estimates.
  std::string fold;
  /// The same for single layers, by their names; these come first.
  std::map<std::string, std::string> layerFolds;
  /// Whether weights may be freed once they are packed: nothing else in the
  /// MLIR context needs them.
  bool releaseWeights = false;
  /// Whether the network tells how long each kernel took (time-kernels).
  bool timeKernels = false;
};

/// From a network as written to a simplified one.
void buildCnnPipeline(mlir::OpPassManager &manager,
                      const PipelineOptions &options);
/// From a simplified network to one that knows its target and whose layers are
/// folded, ready for the choice of algorithms.
void buildTargetPipeline(mlir::OpPassManager &manager,
                         const PipelineOptions &options);
/// From a simplified network to kernels with a memory plan.
void buildSchedulePipeline(mlir::OpPassManager &manager,
                           const PipelineOptions &options);
/// The same, from a network that knows its target and whose layers are folded.
void buildChoicePipeline(mlir::OpPassManager &manager,
                         const PipelineOptions &options);
/// The same, when every convolution has its algorithm already.
void buildKernelPipeline(mlir::OpPassManager &manager,
                         bool releaseWeights = false);
/// From kernels to loops.
void buildLoopsPipeline(mlir::OpPassManager &manager,
                        const PipelineOptions &options);
/// From loops to the LLVM dialect.
void buildLLVMPipeline(mlir::OpPassManager &manager,
                       const PipelineOptions &options);

/// All that takes a module of the stage `from` to the stage `to`.
void buildPipeline(mlir::OpPassManager &manager, Stage from, Stage to,
                   const PipelineOptions &options);

/// The stage that `module` is at, judged by the operations that are in it.
Stage findStage(mlir::ModuleOp module);

/// The name by which `--emit` knows a stage.
llvm::StringRef stageName(Stage stage);

} // namespace toeplitz

#endif
