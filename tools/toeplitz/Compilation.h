// A network on its way through the compiler, from the file that the user named
// to the stage that a subcommand needs.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_COMPILATION_H
#define TOEPLITZ_TOOLS_TOEPLITZ_COMPILATION_H

#include "compiler/Frontend/Diagnostics.h"
#include "compiler/Pipeline.h"
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

  mlir::ModuleOp getModule() { return *module; }
  const TargetDescription &getTarget() const { return pipeline.target; }

  /// For work that isn't a pass but takes time; see --time-passes.
  mlir::TimingScope nestTiming(llvm::StringRef name) {
    return rootTiming.nest(name);
  }
  /// How far it is; for reports about what isn't a pass.
  Progress &getProgress() { return progress; }

private:
  mlir::LogicalResult readAlgorithms();
  mlir::LogicalResult readFolds();
  mlir::LogicalResult readModule(llvm::StringRef path);
  mlir::LogicalResult checkWeights();
  mlir::LogicalResult checkLayerNames();
  /// Whether the layers that an option names are convolutions of the network.
  mlir::LogicalResult
  checkLayerNames(llvm::StringRef option,
                  const std::map<std::string, std::string> &choices,
                  llvm::StringRef onlyWay);
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

} // namespace toeplitz

#endif
