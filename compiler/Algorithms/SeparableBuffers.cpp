#include "compiler/Algorithms/SeparableBuffers.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace toeplitz;

Value toeplitz::viewScratch(KernelBuilder &kernel, Value scratch,
                            int64_t offset, ArrayRef<int64_t> shape,
                            ArrayRef<int64_t> strides) {
  OpBuilder &builder = kernel.builder;
  int64_t rowFloats = cast<MemRefType>(scratch.getType()).getDimSize(1);
  auto layout = StridedLayoutAttr::get(builder.getContext(),
                                       ShapedType::kDynamic, strides);
  KernelBuilder::Index start =
      kernel.add(kernel.mul(kernel.slot, kernel.constant(rowFloats)),
                 kernel.constant(offset));
  return memref::ReinterpretCastOp::create(
      builder, kernel.location,
      MemRefType::get(shape, builder.getF32Type(), layout), scratch,
      OpFoldResult(kernel.value(start)),
      getAsIndexOpFoldResult(builder.getContext(), shape),
      getAsIndexOpFoldResult(builder.getContext(), strides));
}
