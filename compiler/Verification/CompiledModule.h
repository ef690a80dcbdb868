// A module compiled and loaded into this process, or evaluated naively.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_COMPILEDMODULE_H
#define TOEPLITZ_COMPILER_VERIFICATION_COMPILEDMODULE_H

#include "compiler/Analysis/TargetDescription.h"
#include "compiler/Reference/Tensor.h"
#include "compiler/Target/LoadedNetwork.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"

namespace toeplitz {

/// Why this machine can't run code for `target`; nothing if it can.
std::optional<std::string> whyNotRunnable(const TargetDescription &target);

/// A context that has the dialects and interfaces of all stages and prints
/// errors on stderr. One for each layer, so that its weights go with it.
class LayerContext {
public:
  LayerContext();
  mlir::MLIRContext &get() { return context; }

private:
  mlir::MLIRContext context;
  std::shared_ptr<void> diagnostics;
};

/// Compiles a module whose convolutions have their algorithms, of
/// buildCompiledModule, and loads it. The module is lowered on the way. The
/// level is LLVM's. Errors are reported.
mlir::FailureOr<std::unique_ptr<LoadedNetwork>>
compileLayers(mlir::ModuleOp module, const TargetDescription &target,
              unsigned optimizationLevel = 3);

/// The same for a network as written, every convolution by `algorithm` where it
/// doesn't decline.
mlir::FailureOr<std::unique_ptr<LoadedNetwork>>
compileNetwork(mlir::ModuleOp module, const TargetDescription &target,
               llvm::StringRef algorithm, unsigned optimizationLevel = 3);

/// The same for a module of loops, to be run by `threads` threads.
mlir::FailureOr<std::unique_ptr<LoadedNetwork>>
compileLoops(mlir::ModuleOp module, const TargetDescription &target,
             int threads);

/// The result of a module of buildReferenceModule, by the naive evaluator.
/// Errors are reported.
mlir::FailureOr<reference::Tensor>
evaluateOnce(mlir::ModuleOp module, llvm::ArrayRef<std::vector<float>> inputs);

/// Runs it once; returns the results. Errors are reported.
mlir::FailureOr<std::vector<std::vector<float>>>
runOnce(LoadedNetwork &network, llvm::ArrayRef<std::vector<float>> inputs);

} // namespace toeplitz

#endif
