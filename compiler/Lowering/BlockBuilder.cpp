#include "compiler/Lowering/BlockBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace toeplitz {

BlockBuilder::BlockBuilder(KernelBuilder &kernel, int64_t threads)
    : kernel(kernel) {
  kernel.blockThreads = threads;
  threadNumber = Value(gpu::ThreadIdOp::create(kernel.builder, kernel.location,
                                               gpu::Dimension::x));
}

Value BlockBuilder::createShared(ArrayRef<int64_t> sizes) {
  auto space = gpu::AddressSpaceAttr::get(kernel.builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto type = MemRefType::get(sizes, kernel.builder.getF32Type(),
                              MemRefLayoutAttrInterface(), space);
  // launch-on-gpu makes it a part of the kernel's declaration.
  return memref::AllocOp::create(kernel.builder, kernel.location, type);
}

void BlockBuilder::barrier() {
  gpu::BarrierOp::create(kernel.builder, kernel.location);
}

Value BlockBuilder::selectOrZero(Value condition, Type type,
                                 llvm::function_ref<Value()> body) {
  OpBuilder &builder = kernel.builder;
  auto branch = scf::IfOp::create(builder, kernel.location, type, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(builder, kernel.location, body());
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, kernel.location, kernel.floatConstant(0, type));
  return branch.getResult(0);
}

} // namespace toeplitz
