#include "compiler/Lowering/KernelCalls.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz;

func::FuncOp toeplitz::findMain(ModuleOp module) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main)
    module.emitError("expected a function @main, the network");
  return main;
}

std::string toeplitz::getKernelName(Operation *op) {
  std::string name = op->getName().stripDialect().str();
  if (auto layer = op->getLoc()->findInstanceOf<NameLoc>())
    name = layer.getName().str();
  for (char &c : name)
    if (!llvm::isAlnum(c) && c != '_')
      c = '_';
  return "kernel_" + name;
}

std::optional<KernelLoop> toeplitz::matchKernelLoop(scf::ForallOp loop) {
  Operation &first = loop.getBody()->front();
  auto slot = dyn_cast<kernel::SlotOp>(first);
  auto call = dyn_cast<func::CallOp>(slot ? *slot->getNextNode() : first);
  std::optional<SmallVector<int64_t>> counts;
  if (loop.isNormalized())
    counts = getConstantIntValues(loop.getMixedUpperBound());
  if (!call || loop.getRank() != 1 || !counts ||
      call->getNextNode() != loop.getBody()->getTerminator())
    return std::nullopt;
  return KernelLoop{call, slot, counts->front()};
}
