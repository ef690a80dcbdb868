// Records the target of the schedules on the module.

#include "compiler/Schedule/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {
#define GEN_PASS_DEF_SETTARGET
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct SetTarget : toeplitz::impl::SetTargetBase<SetTarget> {
  using SetTargetBase::SetTargetBase;

  void runOnOperation() override {
    getOperation()->setAttr(
        "kernel.target",
        kernel::TargetAttr::get(&getContext(), lanes, registers, fma, l1, l2));
  }
};

} // namespace
