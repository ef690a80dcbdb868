// kernel.matmul by register tiles of rows x vectors of columns:
//
//   for each matrix of the task
//     for each tile of columns            (its part of `right` stays in the
//     first or second level of the caches)
//       for each tile of rows of the task
//         accumulators = 0
//           for each k: vectors of right[k], times left[row, k] for each row
//         store
//
// Tiles differ by at most one row or vector, so that none is much smaller than
// the others. Columns that are no whole number of vectors end with a vector
// that begins in the one before it: what both have is computed twice, by the
// same sums. So each element is the sum over k = 0, 1, ... whatever the tiles.

#include "compiler/Algorithms/Matmul.h"

#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

namespace {

/// A row of things in tiles of at most `largest`: the first `largeTiles` of
/// them have as many, the others one fewer.
struct Tiling {
  int64_t count = 1, largest = 1, largeTiles = 1;

  Tiling(int64_t size, int64_t atMost) {
    count = llvm::divideCeil(size, atMost);
    largest = llvm::divideCeil(size, count);
    largeTiles = size - count * (largest - 1);
  }
  int64_t countSmall() const { return count - largeTiles; }
};

struct MatmulPlan {
  kernel::TargetAttr target;
  SmallVector<int64_t> batch;
  int64_t rows, columns, products;
  /// Columns of a vector; 1 where there are single elements.
  int64_t width = 1;
  Tiling rowTiles{1, 1}, vectorTiles{1, 1};

  explicit MatmulPlan(kernel::MatmulOp op);
  int64_t countVectors() const { return llvm::divideCeil(columns, width); }
  TaskDivision divide() const;

private:
  void chooseTiles();
};

MatmulPlan::MatmulPlan(kernel::MatmulOp op) : target(kernel::getTarget(op)) {
  auto result = cast<MemRefType>(op.getInit().getType());
  auto right = cast<MemRefType>(op.getRight().getType());
  batch.assign(result.getShape().begin(), result.getShape().end() - 2);
  rows = result.getShape().end()[-2];
  columns = result.getShape().end()[-1];
  products = right.getShape().end()[-2];
  auto hasVectors = [](MemRefType type) {
    return type.getStridesAndOffset().first.back() == 1;
  };
  if (hasVectors(result) && hasVectors(right))
    width = std::min<int64_t>(target.getLanes(),
                              llvm::bit_floor(uint64_t(columns)));
  chooseTiles();
}

/// The tiles with the fewest cycles by the model of RegisterTile.h.
void MatmulPlan::chooseTiles() {
  double best = 0;
  for (int64_t vectors = 1; vectors <= countVectors(); ++vectors)
    for (int64_t positions = 1;
         positions <= rows && fitsRegisters(positions, vectors, target);
         ++positions) {
      Tiling ofRows(rows, positions), ofVectors(countVectors(), vectors);
      auto getCycles = [&](int64_t tileRows) {
        return ofVectors.largeTiles *
                   getStepCycles(tileRows, ofVectors.largest, target) +
               ofVectors.countSmall() *
                   getStepCycles(tileRows, ofVectors.largest - 1, target);
      };
      double cycles = ofRows.largeTiles * getCycles(ofRows.largest) +
                      ofRows.countSmall() * getCycles(ofRows.largest - 1);
      if (best != 0 && cycles >= best)
        continue;
      best = cycles;
      rowTiles = ofRows;
      vectorTiles = ofVectors;
    }
}

/// Tasks are ranges of tiles of rows.
TaskDivision MatmulPlan::divide() const {
  // Products of a task's time in which as many elements are moved.
  constexpr int64_t productsPerElement = 8;
  SmallVector<int64_t> sizes(batch);
  sizes.push_back(rowTiles.count);
  return TaskDivision(target, sizes,
                      rowTiles.largest * columns * products /
                          productsPerElement);
}

class MatmulEmitter {
public:
  MatmulEmitter(const MatmulPlan &plan, KernelBuilder &kernel)
      : kernel(kernel), plan(plan), left(kernel.buffers[0]),
        right(kernel.buffers[1]), result(kernel.buffers[2]) {}

  /// The tiles [lower, upper) of a matrix's rows.
  void emit(ArrayRef<Index> batch, Index lower, Index upper);

private:
  /// Neighbouring rows or vectors: the number of the first one, and how many.
  struct Part {
    Index first;
    int64_t count;
  };

  /// Tiles from `lower` to `upper`.
  void forTiles(const Tiling &tiling, Index lower, Index upper,
                llvm::function_ref<void(const Part &)> body);
  /// The columns at which a tile's vectors begin.
  SmallVector<Index> getColumns(const Part &vectors, bool endsMatrix);
  void emitTile(ArrayRef<Index> batch, const Part &rows,
                ArrayRef<Index> columns);
  /// The sums with the products `step`, step + 1, ..., one for each element of
  /// `factors`' vectors (row by row).
  void addProducts(ArrayRef<Index> batch, Index step, int64_t count,
                   ArrayRef<Value> factors, ArrayRef<Index> columns,
                   SmallVectorImpl<Value> &sums);
  /// A place in a matrix of a buffer.
  SmallVector<Index> at(Value buffer, ArrayRef<Index> batch, Index row,
                        Index column);
  /// One element where vectors have one.
  Value loadColumns(Value buffer, ArrayRef<Index> place);
  Value inColumns(Value scalar);
  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const MatmulPlan &plan;
  Value left, right, result;
};

SmallVector<Index> MatmulEmitter::at(Value buffer, ArrayRef<Index> batch,
                                     Index row, Index column) {
  SmallVector<Index> place(batch);
  for (auto [index, size] :
       llvm::zip(place, cast<MemRefType>(buffer.getType()).getShape()))
    if (size == 1)
      index = number(0);
  place.push_back(row);
  place.push_back(column);
  return place;
}

Value MatmulEmitter::loadColumns(Value buffer, ArrayRef<Index> place) {
  return plan.width > 1 ? kernel.loadVector(buffer, place, plan.width)
                        : kernel.loadScalar(buffer, place);
}

Value MatmulEmitter::inColumns(Value scalar) {
  return plan.width > 1 ? kernel.broadcast(scalar, plan.width) : scalar;
}

void MatmulEmitter::forTiles(const Tiling &tiling, Index lower, Index upper,
                             llvm::function_ref<void(const Part &)> body) {
  Index large = number(tiling.largeTiles);
  int64_t smaller = tiling.largest - 1;
  kernel.forLoop(lower, kernel.min(upper, large), 1, [&](Index i) {
    body({kernel.mul(i, number(tiling.largest)), tiling.largest});
  });
  if (tiling.countSmall() > 0)
    kernel.forLoop(kernel.max(lower, large), upper, 1, [&](Index i) {
      body({kernel.add(kernel.mul(i, number(smaller)), large), smaller});
    });
}

SmallVector<Index> MatmulEmitter::getColumns(const Part &vectors,
                                             bool endsMatrix) {
  SmallVector<Index> columns;
  for (int64_t v = 0; v < vectors.count; ++v)
    columns.push_back(
        kernel.mul(kernel.add(vectors.first, number(v)), number(plan.width)));
  if (endsMatrix)
    columns.back() = number(plan.columns - plan.width);
  return columns;
}

void MatmulEmitter::addProducts(ArrayRef<Index> batch, Index step,
                                int64_t count, ArrayRef<Value> factors,
                                ArrayRef<Index> columns,
                                SmallVectorImpl<Value> &sums) {
  for (int64_t i = 0; i < count; ++i) {
    Index k = kernel.add(step, number(i));
    SmallVector<Value> vectors;
    for (Index column : columns)
      vectors.push_back(loadColumns(right, at(right, batch, k, column)));
    for (auto [row, rowFactors] : llvm::enumerate(factors)) {
      Value factor = rowFactors;
      if (isa<VectorType>(factor.getType()))
        factor = vector::ExtractOp::create(kernel.builder, kernel.location,
                                           factor, ArrayRef<int64_t>{i});
      factor = inColumns(factor);
      for (auto [v, vector] : llvm::enumerate(vectors)) {
        Value &sum = sums[row * vectors.size() + v];
        sum = kernel.multiplyAdd(factor, vector, sum);
      }
    }
  }
}

void MatmulEmitter::emitTile(ArrayRef<Index> batch, const Part &rows,
                             ArrayRef<Index> columns) {
  auto getRow = [&](int64_t row) {
    return kernel.add(rows.first, number(row));
  };
  Value zero = inColumns(kernel.floatConstant(0, kernel.builder.getF32Type()));
  SmallVector<Value> sums(rows.count * columns.size(), zero);
  // Where multiply-adds take a factor from a vector by its number, a row's
  // factors of several steps are loaded together.
  int64_t lanes = plan.target.getLanes();
  bool neighbours =
      cast<MemRefType>(left.getType()).getStridesAndOffset().first.back() == 1;
  int64_t together =
      plan.target.getByElement() && neighbours && plan.width == lanes ? lanes
                                                                      : 1;
  auto addSteps = [&](Index step, int64_t count, ValueRange carried) {
    SmallVector<Value> next(carried), factors;
    for (int64_t row = 0; row < rows.count; ++row) {
      SmallVector<Index> place = at(left, batch, getRow(row), step);
      factors.push_back(count > 1 ? kernel.loadVector(left, place, count)
                                  : kernel.loadScalar(left, place));
    }
    addProducts(batch, step, count, factors, columns, next);
    return next;
  };
  int64_t whole = plan.products / together * together;
  sums = kernel.forLoop(number(0), number(whole), together, sums,
                        [&](Index step, ValueRange carried) {
                          return addSteps(step, together, carried);
                        });
  if (whole < plan.products)
    sums = kernel.forLoop(number(whole), number(plan.products), 1, sums,
                          [&](Index step, ValueRange carried) {
                            return addSteps(step, 1, carried);
                          });
  ArrayRef<Value> values = sums;
  for (int64_t row = 0; row < rows.count; ++row)
    for (Index column : columns) {
      Value sum = values.consume_front();
      SmallVector<Index> place = at(result, batch, getRow(row), column);
      if (plan.width > 1)
        kernel.storeVector(sum, result, place);
      else
        kernel.storeScalar(sum, result, place);
    }
}

void MatmulEmitter::emit(ArrayRef<Index> batch, Index lower, Index upper) {
  auto emitColumns = [&](ArrayRef<Index> columns) {
    forTiles(plan.rowTiles, lower, upper,
             [&](const Part &rows) { emitTile(batch, rows, columns); });
  };
  const Tiling &tiles = plan.vectorTiles;
  // A last vector that begins in the one before it makes its tile another one.
  int64_t apart = plan.columns % plan.width != 0 ? 1 : 0;
  forTiles(tiles, number(0), number(tiles.count - apart),
           [&](const Part &vectors) {
             emitColumns(getColumns(vectors, /*endsMatrix=*/false));
           });
  if (apart)
    forTiles(tiles, number(tiles.count - 1), number(tiles.count),
             [&](const Part &vectors) {
               emitColumns(getColumns(vectors, /*endsMatrix=*/true));
             });
}

int64_t countTasks(Operation *op) {
  return MatmulPlan(cast<kernel::MatmulOp>(op)).divide().getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  MatmulPlan plan(cast<kernel::MatmulOp>(op));
  MatmulEmitter emitter(plan, kernel);
  plan.divide().forEachRange(
      kernel, [&](ArrayRef<Index> batch, Index lower, Index upper) {
        emitter.emit(batch, lower, upper);
      });
  return success();
}

} // namespace

KernelLowering toeplitz::getMatmulLowering() {
  return {kernel::MatmulOp::getOperationName(), countTasks, emit};
}
