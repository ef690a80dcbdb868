// Prints the moments of a network's values and what errors in them count.

#include "compiler/Analysis/TypicalError.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Transforms/Constants.h"
#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

namespace toeplitz {
#define GEN_PASS_DEF_PRINTTYPICALERROR
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static void printNumber(StringRef name, double number) {
  // What cancels leaves a rounding error.
  if (std::fabs(number) < 1e-12)
    number = 0;
  llvm::outs() << name << " " << llvm::format("%.4g", number);
}

static void printMoments(Moments moments, ErrorParts sensitivity) {
  printNumber("mean", moments.mean);
  printNumber(", variance", moments.variance);
  printNumber(", sensitivity", sensitivity.single);
  printNumber(" and", sensitivity.common);
}

static void printContribution(ErrorContribution contribution) {
  printNumber(", contribution", contribution.ofResults);
  printNumber(" and", contribution.ofWeights);
}

namespace {

struct PrintTypicalError
    : toeplitz::impl::PrintTypicalErrorBase<PrintTypicalError> {
  using PrintTypicalErrorBase::PrintTypicalErrorBase;

  void runOnOperation() override {
    TypicalErrors errors(getOperation(), inputVariance);
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (!function.isExternal())
        for (Operation &op : function.getFunctionBody().front())
          print(&op, errors);
    markAllAnalysesPreserved();
  }

private:
  void print(Operation *op, TypicalErrors &errors) {
    if (isa<arith::ConstantOp>(op))
      return;
    for (Value result : op->getResults()) {
      if (!isa<FloatType>(getElementTypeOrSelf(result.getType())))
        continue;
      llvm::outs() << op->getName() << " \"" << getLayerName(op->getLoc(), "")
                   << "\": ";
      printValue(errors.getMoments(result), errors.getSensitivities(result));
      if (isa<cnn::ConvOp, cnn::ConvTransposeOp>(op))
        printContribution(errors.getContribution(op));
      llvm::outs() << "\n";
    }
  }

  void printValue(const ChannelMoments &moments,
                  ArrayRef<ErrorParts> sensitivities) {
    ErrorParts sum;
    for (const ErrorParts &sensitivity : sensitivities) {
      sum.single += sensitivity.single;
      sum.common += sensitivity.common;
    }
    printMoments(moments.join(), sum);
    if (channels)
      for (size_t c = 0; c < moments.size(); ++c) {
        llvm::outs() << "; ";
        printMoments(moments[c],
                     sensitivities.empty() ? ErrorParts() : sensitivities[c]);
      }
  }
};

} // namespace
