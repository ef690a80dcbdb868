// Transpositions of large dimensions: squares of elements go through registers,
// so that both sides are read and written in vectors. Others are elementwise,
// and so are those of other types than f32.

#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/IterationSpace.h"
#include "compiler/Lowering/Kernels/Kernels.h"
#include "compiler/Lowering/Kernels/Square.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// The input's contiguous dimension is divided into blocks of this many
/// elements: a cache line, and whole vectors of every target.
constexpr int64_t blockSize = 16;

/// A transposition by squares: `across` is the dimension along which the input
/// is contiguous; the result is along the last one.
struct Transposition {
  IterationSpace space;
  size_t across = 0;

  int64_t getWidth() const { return space.sizes[across]; }

  /// Coordinates of everything but the last dimension, with blocks in place of
  /// the dimension across.
  TaskDivision divide(kernel::TargetAttr target) const {
    SmallVector<int64_t> sizes(ArrayRef(space.sizes).drop_back());
    sizes[across] = llvm::divideCeilSigned(getWidth(), blockSize);
    return TaskDivision(target, sizes, 2 * blockSize * space.sizes.back());
  }
};

/// Nothing if the operation is better done as an elementwise one.
std::optional<Transposition> describe(Operation *op) {
  if (!hasElementwiseLowering(op) || kernel::getTarget(op).isGpu())
    return std::nullopt;
  std::optional<Elementwise> elementwise = describeElementwise(op);
  if (!elementwise || elementwise->space.sizes.size() < 2)
    return std::nullopt;
  IterationSpace &space = elementwise->space;
  ArrayRef<int64_t> input = space.strides[0];
  if (space.strides[1].back() != 1 || space.sizes.back() < blockSize)
    return std::nullopt;
  for (size_t d = 0; d + 1 < space.sizes.size(); ++d)
    if (input[d] == 1 && space.sizes[d] >= blockSize)
      return Transposition{space, d};
  return std::nullopt;
}

class TransposeEmitter {
public:
  TransposeEmitter(const Transposition &transposition, KernelBuilder &kernel)
      : kernel(kernel), space(transposition.space),
        across(transposition.across), width(transposition.getWidth()),
        lanes(std::min(kernel.target.getLanes(), blockSize)),
        input(viewWithStrides(kernel, kernel.buffers[0],
                              acrossLast(ArrayRef<int64_t>(space.sizes)),
                              acrossLast(ArrayRef<int64_t>(space.strides[0])))),
        output(viewWithStrides(kernel, kernel.buffers[1], space.sizes,
                               space.strides[1])) {}

  void emitBlock(ArrayRef<Index> point);

private:
  void emitRows(Index from, Index to, bool squares);
  void emitSquare(Index row, Index column);

  /// The dimensions in the input's order: the one across comes last.
  template <typename T> SmallVector<T> acrossLast(ArrayRef<T> values) const {
    SmallVector<T> result(values);
    std::rotate(result.begin() + across, result.begin() + across + 1,
                result.end());
    return result;
  }
  /// The output's indices of an element of the current matrix.
  SmallVector<Index> at(Index row, Index column) const {
    SmallVector<Index> indices(outer);
    indices[across] = row;
    indices.push_back(column);
    return indices;
  }

  KernelBuilder &kernel;
  IterationSpace space;
  size_t across;
  int64_t width, lanes;
  Value input, output;
  /// The coordinates of the current matrix, whatever stands for the dimension
  /// across.
  SmallVector<Index> outer;
};

/// Vectors along the input's rows become vectors along the output's.
void TransposeEmitter::emitSquare(Index row, Index column) {
  SmallVector<Value> vectors;
  for (int64_t i = 0; i < lanes; ++i) {
    SmallVector<Index> point = at(row, kernel.add(column, kernel.constant(i)));
    vectors.push_back(
        kernel.loadVector(input, acrossLast(ArrayRef<Index>(point)), lanes));
  }
  for (int64_t i = 0; i < lanes; ++i)
    kernel.prefetchForStore(
        output, at(kernel.add(row, kernel.constant(i)),
                   kernel.add(column, kernel.constant(squaresAhead * lanes))));
  vectors = transposeSquare(kernel, std::move(vectors));
  for (auto [i, vector] : llvm::enumerate(vectors))
    kernel.storeVector(
        vector, output,
        at(kernel.add(row, kernel.constant(static_cast<int64_t>(i))), column));
}

/// Rows [from, to) of the output's matrix.
void TransposeEmitter::emitRows(Index from, Index to, bool squares) {
  int64_t columns = space.sizes.back();
  int64_t whole = squares ? columns / lanes * lanes : 0;
  auto copy = [&](Index row, Index column) {
    SmallVector<Index> point = at(row, column);
    kernel.storeScalar(
        kernel.loadScalar(input, acrossLast(ArrayRef<Index>(point))), output,
        point);
  };
  // All rows of a block before the next columns: they share the input's cache
  // lines.
  if (squares)
    kernel.forLoop(
        kernel.constant(0), kernel.constant(whole), lanes, [&](Index column) {
          kernel.forLoop(from, to, lanes,
                         [&](Index row) { emitSquare(row, column); });
        });
  if (whole < columns)
    kernel.forLoop(from, to, 1, [&](Index row) {
      kernel.forLoop(kernel.constant(whole), kernel.constant(columns), 1,
                     [&](Index column) { copy(row, column); });
    });
}

void TransposeEmitter::emitBlock(ArrayRef<Index> point) {
  outer = llvm::to_vector(point);
  Index block = point[across];
  Index from = kernel.mul(block, kernel.constant(blockSize));
  Index to = kernel.add(from, kernel.constant(blockSize));
  if (width % blockSize == 0)
    return emitRows(from, to, /*squares=*/true);
  // The last block isn't full.
  int64_t fullBlocks = width / blockSize;
  Value last = kernel.value(kernel.constant(fullBlocks));
  auto when = [&](arith::CmpIPredicate predicate,
                  llvm::function_ref<void()> body) {
    Value condition = arith::CmpIOp::create(
        kernel.builder, kernel.location, predicate, kernel.value(block), last);
    kernel.ifThen(condition, body);
  };
  when(arith::CmpIPredicate::slt, [&] { emitRows(from, to, true); });
  when(arith::CmpIPredicate::eq, [&] {
    emitRows(kernel.constant(fullBlocks * blockSize), kernel.constant(width),
             false);
  });
}

int64_t countTasks(Operation *op) {
  if (std::optional<Transposition> transposition = describe(op))
    return transposition->divide(kernel::getTarget(op)).getCount();
  return getGenericLowering(op->getName().getStringRef()).countTasks(op);
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  std::optional<Transposition> transposition = describe(op);
  if (!transposition)
    return getGenericLowering(op->getName().getStringRef()).emit(op, kernel);
  TransposeEmitter emitter(*transposition, kernel);
  transposition->divide(kernel.target)
      .forEach(kernel,
               [&](ArrayRef<Index> point) { emitter.emitBlock(point); });
  return success();
}

} // namespace

KernelLowering toeplitz::getTransposeLowering() {
  return {linalg::TransposeOp::getOperationName(), countTasks, emit};
}
