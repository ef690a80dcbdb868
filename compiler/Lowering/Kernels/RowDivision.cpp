#include "compiler/Lowering/Kernels/RowDivision.h"
#include "compiler/Lowering/BlockBuilder.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;

namespace toeplitz {

static constexpr int64_t warp = BlockBuilder::warp;
static constexpr int64_t mostBlockThreads = 1024;
/// Half of the 2048 threads that each of some 130 multiprocessors may have:
/// loads in flight enough for the device's memory.
static constexpr int64_t wantedThreads = 1 << 17;
/// Below this, a thread has less to add up than to join with the others.
static constexpr int64_t fewestElements = 4;
/// Blocks that are spread over all multiprocessors, and threads enough of a
/// block that the number of blocks limits no multiprocessor.
static constexpr int64_t wantedBlocks = 264, usualBlockThreads = 128;

int64_t RowDivision::countBlocks() const {
  return llvm::divideCeilSigned(rows.count, getRowsOfBlock());
}

std::optional<RowDivision> divideRows(kernel::TargetAttr target, Rows rows) {
  if (!target.isGpu() || rows.length < 2)
    return std::nullopt;
  auto round = [](int64_t value, auto rounding) {
    return static_cast<int64_t>(rounding(static_cast<uint64_t>(value)));
  };
  RowDivision division{rows, /*side=*/1, /*threads=*/1};
  division.side =
      std::min(warp, round(rows.together, llvm::bit_ceil<uint64_t>));
  // A warp reads neighbours.
  division.threads = std::min(warp / division.side,
                              round(rows.length, llvm::bit_floor<uint64_t>));
  while (division.getRowThreads() < mostBlockThreads &&
         rows.length >= 2 * fewestElements * division.threads &&
         rows.count * division.threads < wantedThreads)
    division.threads *= 2;
  if (division.threads == 1)
    return std::nullopt;
  division.groups =
      std::max<int64_t>(1, usualBlockThreads / division.getRowThreads());
  while (division.getBlockThreads() > warp && division.groups > 1 &&
         division.countBlocks() < wantedBlocks)
    division.groups /= 2;
  return division;
}

} // namespace toeplitz
