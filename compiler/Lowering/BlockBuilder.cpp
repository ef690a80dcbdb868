#include "compiler/Lowering/BlockBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace toeplitz {

BlockBuilder::BlockBuilder(KernelBuilder &kernel, int64_t threads)
    : kernel(kernel) {
  kernel.blockThreads = threads;
  threadNumber = Value(gpu::ThreadIdOp::create(kernel.builder, kernel.location,
                                               gpu::Dimension::x));
}

Value BlockBuilder::createShared(ArrayRef<int64_t> sizes, Type element) {
  auto space = gpu::AddressSpaceAttr::get(kernel.builder.getContext(),
                                          gpu::AddressSpace::Workgroup);
  auto type =
      MemRefType::get(sizes, element, MemRefLayoutAttrInterface(), space);
  // launch-on-gpu makes it a part of the kernel's declaration.
  return memref::AllocOp::create(kernel.builder, kernel.location, type);
}

void BlockBuilder::barrier() {
  gpu::BarrierOp::create(kernel.builder, kernel.location);
}

} // namespace toeplitz
