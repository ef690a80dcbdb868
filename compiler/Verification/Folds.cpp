// Whether the folds of the cnn stage leave a layer the same map.
//
// A fold replaces a convolution by others, of which each is linear in the
// input. On whole numbers all of them are exact, so the folded layer must give
// the same bits: evaluated naively, which checks the fold alone, and compiled.

#include "compiler/Verification/Folds.h"

#include "compiler/Registration.h"
#include "compiler/Verification/CompiledModule.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/Threading.h"

using namespace mlir;
using namespace toeplitz;

/// The passes that fold one convolution. A compiler that lacks one leaves it
/// out.
static constexpr StringLiteral foldPasses[] = {"fold-transposed", "fold-stride",
                                               "fold-dilation", "fold-groups"};

static std::string printModule(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  flags.elideLargeElementsAttrs().elideLargeResourceString();
  module->print(stream, flags);
  return text;
}

/// The place of the first difference, or nothing.
template <typename Values>
static std::string compareExactly(const Values &values,
                                  const reference::Tensor &expected,
                                  StringRef what) {
  if (values.size() != expected.values.size())
    return (what + " has another shape").str();
  for (size_t i = 0; i < expected.values.size(); ++i)
    if (double(values[i]) != expected.values[i])
      return (what + " differs at element " + llvm::Twine(i) + ": " +
              std::to_string(double(values[i])) + ", expected " +
              std::to_string(expected.values[i]))
          .str();
  return "";
}

FailureOr<std::vector<FoldCheck>> toeplitz::checkFolds(
    const ConvolutionLayer &layer, ArrayRef<std::vector<float>> inputs,
    const reference::Tensor &expected, const VerificationOptions &options) {
  static llvm::once_flag registered;
  llvm::call_once(registered, registerToeplitzPasses);
  std::vector<FoldCheck> checks;
  for (StringRef name : foldPasses) {
    if (!PassInfo::lookup(name))
      continue;
    LayerContext context;
    OwningOpRef<ModuleOp> module = buildReferenceModule(context.get(), layer);
    std::string before = printModule(*module);
    PassManager manager(&context.get(), ModuleOp::getOperationName());
    if (failed(parsePassPipeline(name, manager)) ||
        failed(manager.run(*module)))
      return failure();
    if (printModule(*module) == before)
      continue;

    FoldCheck check = {name.str(), ""};
    auto evaluated = evaluateOnce(*module, inputs);
    if (failed(evaluated))
      return failure();
    check.problem =
        compareExactly(evaluated->values, expected, "the folded layer");
    if (check.problem.empty()) {
      auto compiled = compileNetwork(*module, options.target, "direct",
                                     options.optimizationLevel);
      if (failed(compiled))
        return failure();
      auto results = runOnce(**compiled, inputs);
      if (failed(results))
        return failure();
      check.problem = compareExactly(results->front(), expected,
                                     "the compiled folded layer");
    }
    checks.push_back(std::move(check));
  }
  return checks;
}
