#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/Reduction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

std::optional<SmallVector<int64_t>> reshapeStrides(ArrayRef<int64_t> from,
                                                   ArrayRef<int64_t> strides,
                                                   ArrayRef<int64_t> to) {
  // Groups of dimensions with the same product on both sides: the ones before
  // must be one piece of memory, the ones after divide it.
  SmallVector<int64_t> result(to.size(), 1);
  int64_t i = int64_t(from.size()) - 1;
  int64_t j = int64_t(to.size()) - 1;
  auto skipOnes = [&] {
    while (i >= 0 && from[i] == 1)
      --i;
  };
  for (skipOnes(); i >= 0; skipOnes()) {
    int64_t stride = strides[i];
    int64_t before = from[i];
    int64_t after = 1;
    int64_t next = stride;
    // The next larger dimension continues the piece where it ends.
    auto extend = [&] {
      int64_t end = strides[i] * from[i];
      --i;
      skipOnes();
      if (i < 0 || strides[i] != end)
        return false;
      before *= from[i];
      return true;
    };
    do {
      while (after < before) {
        if (j < 0)
          return std::nullopt;
        result[j] = next;
        next *= to[j];
        after *= to[j];
        --j;
      }
      if (after > before && !extend())
        return std::nullopt;
    } while (after != before);
    --i;
  }
  // Dimensions of size one that are left: any stride will do.
  for (; j >= 0; --j) {
    if (to[j] != 1)
      return std::nullopt;
    result[j] =
        j + 1 < int64_t(to.size()) ? result[j + 1] * to[j + 1] : int64_t(1);
  }
  return result;
}

bool hasChannelsLast(MemRefType type) {
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) || type.getRank() < 3 ||
      strides[1] != 1)
    return false;
  bool severalPositions = false;
  for (int64_t d = 2; d < type.getRank(); ++d) {
    if (type.getDimSize(d) == 1)
      continue;
    if (strides[d] == 1)
      return false;
    severalPositions = true;
  }
  return severalPositions;
}

Value viewWithStrides(KernelBuilder &kernel, Value memref,
                      ArrayRef<int64_t> sizes, ArrayRef<int64_t> strides) {
  OpBuilder &builder = kernel.builder;
  auto type = cast<MemRefType>(memref.getType());
  auto [oldStrides, offset] = type.getStridesAndOffset();
  if (type.getShape() == sizes && ArrayRef<int64_t>(oldStrides) == strides)
    return memref;

  Index start = builder.getIndexAttr(offset);
  Value base = memref;
  if (ShapedType::isDynamic(offset)) {
    auto metadata = memref::ExtractStridedMetadataOp::create(
        builder, kernel.location, memref);
    start = metadata.getOffset();
    base = metadata.getBaseBuffer();
  }
  auto layout = StridedLayoutAttr::get(builder.getContext(), offset, strides);
  auto viewType = MemRefType::get(sizes, type.getElementType(), layout,
                                  type.getMemorySpace());
  SmallVector<Index> sizeIndices, strideIndices;
  for (auto [size, stride] : llvm::zip_equal(sizes, strides)) {
    sizeIndices.push_back(builder.getIndexAttr(size));
    strideIndices.push_back(builder.getIndexAttr(stride));
  }
  return memref::ReinterpretCastOp::create(builder, kernel.location, viewType,
                                           base, start, sizeIndices,
                                           strideIndices);
}

Value viewAsRow(KernelBuilder &kernel, Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t extent = 1;
  for (auto [size, stride] :
       llvm::zip_equal(type.getShape(), type.getStridesAndOffset().first))
    extent += (size - 1) * stride;
  return viewWithStrides(kernel, memref, {extent}, {1});
}

Value gather(KernelBuilder &kernel, Value memref, ArrayRef<Value> indices,
             int64_t lanes) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  auto type = cast<MemRefType>(memref.getType());
  Value places;
  for (auto [index, stride] :
       llvm::zip_equal(indices, type.getStridesAndOffset().first)) {
    Value factor = kernel.value(kernel.constant(stride));
    Value scaled =
        arith::MulIOp::create(builder, location, inLanes(kernel, index, lanes),
                              inLanes(kernel, factor, lanes));
    places = places ? arith::AddIOp::create(builder, location, places, scaled)
                    : scaled;
  }
  auto result = VectorType::get({lanes}, type.getElementType());
  auto bits = VectorType::get({lanes}, builder.getI1Type());
  Value all = arith::ConstantOp::create(builder, location,
                                        DenseElementsAttr::get(bits, true));
  Value none =
      arith::ConstantOp::create(builder, location, builder.getZeroAttr(result));
  return vector::GatherOp::create(
      builder, location, result, viewAsRow(kernel, memref),
      kernel.value(kernel.constant(0)), places, all, none);
}

BufferView::BufferView(KernelBuilder &kernel, Value memref,
                       ArrayRef<int64_t> shape)
    : kernel(kernel), shape(shape), buffer(memref) {
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      llvm::is_contained(strides, ShapedType::kDynamic))
    return;
  std::optional<SmallVector<int64_t>> newStrides =
      reshapeStrides(type.getShape(), strides, shape);
  if (!newStrides)
    return;
  buffer = viewWithStrides(kernel, memref, shape, *newStrides);
  reshaped = true;
  contiguousRows = newStrides->back() == 1;
}

SmallVector<Index> BufferView::locate(ArrayRef<Index> indices) const {
  if (reshaped)
    return SmallVector<Index>(indices);
  Index linear = kernel.constant(0);
  for (auto [index, size] : llvm::zip_equal(indices, shape))
    linear = kernel.add(kernel.mul(linear, kernel.constant(size)), index);
  return kernel.delinearize(linear,
                            cast<MemRefType>(buffer.getType()).getShape());
}

Value BufferView::load(ArrayRef<Index> indices, int64_t lanes,
                       uint64_t alignment) const {
  if (lanes == 0)
    return kernel.loadScalar(buffer, locate(indices));
  assert(contiguousRows && "vectors of elements that lie apart");
  return kernel.loadVector(buffer, indices, lanes, alignment);
}

void BufferView::store(Value value, ArrayRef<Index> indices) const {
  if (!isa<VectorType>(value.getType()))
    return kernel.storeScalar(value, buffer, locate(indices));
  assert(contiguousRows && "vectors of elements that lie apart");
  kernel.storeVector(value, buffer, indices);
}

void BufferView::prefetchForStore(ArrayRef<Index> indices) const {
  kernel.prefetchForStore(buffer, locate(indices));
}

int64_t getCommonLanes(KernelBuilder &kernel,
                       std::initializer_list<const BufferView *> views) {
  bool vectors = llvm::all_of(
      views, [](const BufferView *view) { return view->hasVectors(); });
  return vectors ? kernel.target.getLanes() : 0;
}

} // namespace toeplitz
