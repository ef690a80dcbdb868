// Vectors are added in pairs, of which each addition leaves half as many lanes
// to be added: with neighbours a b of two vectors in one,
//
//   [a0 a1 a2 a3] [b0 b1 b2 b3] -> [a0+a1 a2+a3 b0+b1 b2+b3],
//
// so that n vectors take n - 1 additions, and twice as many shuffles.

#include "compiler/Algorithms/LaneSums.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

/// Lanes that hardware shuffles among themselves by one instruction: 128 bits.
static constexpr int64_t quad = 4;

static int64_t getLength(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

/// For pieces of `piece` lanes p0 p1 p2 p3 ... of each span of `span` lanes of
/// one vector or two: p0 + p1, p2 + p3 and so on, those of the second vector
/// behind those of the first one in each span.
static Value addNeighbours(KernelBuilder &kernel, ArrayRef<Value> vectors,
                           int64_t piece, int64_t span) {
  int64_t lanes = getLength(vectors[0]);
  SmallVector<int64_t> even, odd;
  for (int64_t start = 0; start < lanes; start += span)
    for (size_t v = 0; v < vectors.size(); ++v)
      for (int64_t pair = 0; pair < span; pair += 2 * piece)
        for (int64_t lane = 0; lane < piece; ++lane) {
          int64_t place = static_cast<int64_t>(v) * lanes + start + pair + lane;
          even.push_back(place);
          odd.push_back(place + piece);
        }
  auto shuffle = [&](ArrayRef<int64_t> mask) -> Value {
    return vector::ShuffleOp::create(kernel.builder, kernel.location,
                                     vectors.front(), vectors.back(), mask);
  };
  return kernel.create<arith::AddFOp>(shuffle(even), shuffle(odd));
}

int64_t toeplitz::getSumsLength(int64_t vectors) {
  return std::max(quad, static_cast<int64_t>(llvm::PowerOf2Ceil(vectors)));
}

// Two stages in quads leave one vector of four, where each quad has the sums of
// its lanes in all four. Then quads are added, of two vectors while there are
// several.
Value toeplitz::sumLanes(KernelBuilder &kernel, ArrayRef<Value> vectors) {
  SmallVector<Value> sums(vectors);
  int64_t length = getSumsLength(vectors.size());
  sums.resize(length, kernel.splat(0.0f, getLength(sums[0])));
  auto addPairs = [&](int64_t piece, int64_t span) {
    for (size_t i = 0; i < sums.size() / 2; ++i)
      sums[i] =
          addNeighbours(kernel, {sums[2 * i], sums[2 * i + 1]}, piece, span);
    sums.truncate(sums.size() / 2);
  };
  addPairs(1, quad);
  addPairs(1, quad);
  while (sums.size() > 1)
    addPairs(quad, getLength(sums[0]));
  while (getLength(sums[0]) > length)
    sums[0] = addNeighbours(kernel, sums, quad, getLength(sums[0]));
  return sums[0];
}

int64_t toeplitz::countSumInstructions(int64_t vectors, int64_t lanes) {
  int64_t length = getSumsLength(vectors);
  return 3 * (length - 1 + llvm::Log2_64(std::max<int64_t>(1, lanes / length)));
}
