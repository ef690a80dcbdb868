// A network on its way through the compiler, from the file that the user named
// to the stage that a subcommand needs.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_COMPILATION_H
#define TOEPLITZ_TOOLS_TOEPLITZ_COMPILATION_H

#include "compiler/Frontend/Diagnostics.h"
#include "compiler/Pipeline.h"
#include "compiler/Schedule/Explanation.h"
#include "compiler/Schedule/Selection.h"
#include "tools/toeplitz/CompilationOptions.h"
#include "tools/toeplitz/Progress.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"

namespace mlir {
class PassManager;
} // namespace mlir

namespace toeplitz {

class Compilation {
public:
  /// `options` must outlive the compilation.
  explicit Compilation(const CompilationOptions &options);

  /// Reads a model (.onnx), a description (.json) or a module of any stage
  /// (.mlir), and checks the options against it. Reports what is wrong.
  mlir::LogicalResult load(llvm::StringRef path);

  /// Runs the passes up to `stage`. An error when the module is past it.
  mlir::LogicalResult advanceTo(Stage stage);

  /// Runs the passes up to the choice of algorithms and records the target: for
  /// what looks at this choice. An error when it is past.
  mlir::LogicalResult simplify();

  /// After simplify(): what a compilation would take for values between layers.
  /// Weights are packed for it and freed; the module has none afterwards.
  mlir::FailureOr<MemoryUse> planMemory();

  /// Checks that the network as it was loaded has a convolution of that name,
  /// which `option` names. `onlyWay` is why nothing can be chosen for another
  /// layer.
  mlir::LogicalResult
  checkLayerName(llvm::StringRef option, llvm::StringRef layer,
                 llvm::StringRef onlyWay = "it has one algorithm only");

  /// What the user says about that choice, but for measured times.
  SelectionRules getSelectionRules() const;

  mlir::ModuleOp getModule() { return *module; }
  Stage getStage() const { return stage; }
  const TargetDescription &getTarget() const { return pipeline.target; }

  /// For work that isn't a pass but takes time; see --time-passes.
  mlir::TimingScope nestTiming(llvm::StringRef name) {
    return rootTiming.nest(name);
  }
  /// How far it is; for reports about what isn't a pass.
  Progress &getProgress() { return progress; }

private:
  mlir::LogicalResult readPrecision();
  mlir::LogicalResult readAlgorithms();
  mlir::LogicalResult runPasses(mlir::PassManager &manager,
                                mlir::ModuleOp module);
  mlir::LogicalResult readFolds();
  mlir::LogicalResult readModule(llvm::StringRef path);
  mlir::LogicalResult checkWeights();
  mlir::LogicalResult checkLayerNames();
  mlir::LogicalResult nameNetwork();
  mlir::LogicalResult enablePrinting(mlir::PassManager &manager);

  const CompilationOptions &options;
  mlir::MLIRContext context;
  ConsoleDiagnostics diagnostics;
  PipelineOptions pipeline;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::string path;
  Stage stage = Stage::Cnn;
  mlir::DefaultTimingManager timing;
  mlir::TimingScope rootTiming;
  Progress progress;
};

/// Reports a --gpu-arch where there is no GPU.
mlir::LogicalResult reportNoGpu();

/// Reads a file of --tuned. Reports what is wrong with it, and when its times
/// can't be used.
mlir::FailureOr<TunedTimes> readTunedTimes(llvm::StringRef path);

} // namespace toeplitz

#endif
