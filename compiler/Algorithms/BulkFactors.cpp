#include "compiler/Algorithms/BulkFactors.h"

#include "compiler/Algorithms/ImplicitGemmBlock.h"
#include "dialects/Device/DeviceDialect.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace toeplitz;

bool toeplitz::copiesInBulk(kernel::TargetAttr target) {
  // (What has products of warpgroups is sm_90a.)
  return target.isGpu() && target.getWarpgroups() != 0;
}

/// Whether an output position reads the input's of the same number, and no
/// other.
static bool readsItsOwnPosition(const Dimension &dimension) {
  return dimension.kernel == 1 && dimension.stride == 1 &&
         dimension.paddingLow == 0 && dimension.input == dimension.output;
}

/// From one position of all images to the next one; nothing where that differs.
static std::optional<int64_t> findPositionStride(MemRefType input) {
  auto [strides, offset] = input.getStridesAndOffset();
  std::optional<int64_t> found;
  int64_t next = 0;
  for (int64_t d = input.getRank() - 1; d >= 0; --d) {
    // (The channels are none.)
    if (d == 1 || input.getDimSize(d) == 1)
      continue;
    if (!found)
      found = strides[d];
    else if (strides[d] != next)
      return std::nullopt;
    next = strides[d] * input.getDimSize(d);
  }
  // Of a single position any will do.
  return found.value_or(input.getDimSize(1));
}

std::optional<DataTensor> toeplitz::findDataTensor(const ImplicitGemm &gemm,
                                                   MemRefType input,
                                                   kernel::TargetAttr target) {
  if (!copiesInBulk(target) || !hasCopyableRuns(gemm, input, target) ||
      !llvm::all_of(gemm.dimensions, readsItsOwnPosition))
    return std::nullopt;
  std::optional<int64_t> stride = findPositionStride(input);
  if (!stride)
    return std::nullopt;
  DataTensor tensor = {{gemm.countPositions(), gemm.groups, gemm.inChannels},
                       {*stride, gemm.inChannels, 1},
                       {gemm.tile.positions, 1, gemm.tile.depth}};
  auto [strides, offset] = input.getStridesAndOffset();
  auto type = MemRefType::get(
      tensor.sizes, input.getElementType(),
      StridedLayoutAttr::get(input.getContext(), offset, tensor.strides));
  if (!device::declinesTensor(type).empty() ||
      llvm::any_of(tensor.box,
                   [](int64_t size) { return size > device::mostBoxElements; }))
    return std::nullopt;
  return tensor;
}
