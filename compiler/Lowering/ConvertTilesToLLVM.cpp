// x86's tile registers and conversions to bfloat16 as LLVM's intrinsics.

#include "compiler/Lowering/Passes.h"

#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/AMX/Transforms.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/X86Vector/Transforms.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Transforms/DialectConversion.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTTILESTOLLVM
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

static Value castTo(OpBuilder &builder, Location location, Type type,
                    Value value) {
  return UnrealizedConversionCastOp::create(builder, location, type, value)
      .getResult(0);
}

/// Loops carry tiles from one block to the next: there they become LLVM's at
/// once. (Upstream's conversion of branches knows nothing of tiles.)
static void convertBlockArguments(Operation *root) {
  Type registerType = LLVM::LLVMX86AMXType::get(root->getContext());
  root->walk([&](Block *block) {
    for (BlockArgument argument : block->getArguments()) {
      Type tile = argument.getType();
      if (!isa<amx::TileType>(tile))
        continue;
      argument.setType(registerType);
      OpBuilder builder = OpBuilder::atBlockBegin(block);
      Value inside = castTo(builder, argument.getLoc(), tile, argument);
      argument.replaceAllUsesExcept(inside, inside.getDefiningOp());
    }
  });
  root->walk([&](BranchOpInterface branch) {
    for (OpOperand &operand : branch->getOpOperands())
      if (isa<amx::TileType>(operand.get().getType())) {
        OpBuilder builder(branch);
        operand.set(
            castTo(builder, branch.getLoc(), registerType, operand.get()));
      }
  });
}

namespace {

struct ConvertTilesToLLVM
    : toeplitz::impl::ConvertTilesToLLVMBase<ConvertTilesToLLVM> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    convertBlockArguments(getOperation());
    LLVMTypeConverter converter(context);
    RewritePatternSet patterns(context);
    // (The first also tells the converter what a tile is.)
    populateAMXLegalizeForLLVMExportPatterns(converter, patterns);
    populateX86VectorLegalizeForLLVMExportPatterns(converter, patterns);
    LLVMConversionTarget target(*context);
    configureAMXLegalizeForExportTarget(target);
    configureX86VectorLegalizeForExportTarget(target);
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    if (failed(applyPartialConversion(getOperation(), target,
                                      std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
