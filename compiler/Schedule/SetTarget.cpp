// Records the target of the schedules on the module.

#include "compiler/Schedule/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_SETTARGET
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// The bytes of all constants of a module.
uint64_t countConstantBytes(ModuleOp module) {
  uint64_t bytes = 0;
  module.walk([&](Operation *op) {
    if (!op->hasTrait<OpTrait::ConstantLike>())
      return;
    for (Type type : op->getResultTypes())
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        bytes += tensor.getNumElements() *
                 llvm::divideCeil(tensor.getElementTypeBitWidth(), 8);
  });
  return bytes;
}

struct SetTarget : toeplitz::impl::SetTargetBase<SetTarget> {
  using SetTargetBase::SetTargetBase;

  bool hasColdFilters() {
    return gpu == 0 && countConstantBytes(getOperation()) > uint64_t(l2);
  }

  void runOnOperation() override {
    auto emitError = [&] { return getOperation().emitError(); };
    std::optional<kernel::Precision> factors =
        kernel::symbolizePrecision(precision);
    if (!factors) {
      emitError() << "unknown precision '" << precision
                  << "', expected f32, tf32, bf16 or f16";
      return signalPassFailure();
    }
    auto target = kernel::TargetAttr::getChecked(
        emitError, &getContext(), int64_t(lanes), int64_t(registers),
        int64_t(fma), int64_t(l1), int64_t(l2), int64_t(amx),
        int64_t(byElement), int64_t(gpu), int64_t(hasColdFilters()),
        int64_t(hidesMemory), *factors, int64_t(warpgroups));
    if (!target)
      return signalPassFailure();
    getOperation()->setAttr("kernel.target", target);
  }
};

} // namespace
