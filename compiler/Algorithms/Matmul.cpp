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
// Where rows of `right` lie far apart, those of a tile of columns share few
// places of the caches and few entries of the tables of pages. There the first
// tile of rows copies them together while it multiplies with them, for a round
// of products at a time; the others read the copy. Meanwhile all ask memory for
// the next round.
//
// Tiles differ by at most one row or vector, so that none is much smaller than
// the others. Columns that are no whole number of vectors end with a vector
// that begins in the one before it: what both have is computed twice, by the
// same sums. So each element is the sum over k = 0, 1, ... whatever the tiles.

#include "compiler/Algorithms/Matmul.h"

#include "compiler/Algorithms/RegisterTile.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
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
  /// Whether columns are copied together, and the products of a round (all
  /// where they aren't).
  bool copiesColumns = false;
  int64_t roundProducts;

  explicit MatmulPlan(kernel::MatmulOp op);
  int64_t countVectors() const { return llvm::divideCeil(columns, width); }
  /// Whether tasks are ranges of tiles of columns, with the rows of one of
  /// `rowParts` parts; else they are ranges of tiles of rows, with all columns.
  bool dividesColumns = false;
  int64_t rowParts = 1;
  int64_t countPartTiles() const {
    return llvm::divideCeil(rowTiles.count, rowParts);
  }
  TaskDivision divide() const;

private:
  void chooseTiles();
  void chooseRounds(MemRefType right);
  void chooseTasks();
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
  roundProducts = products;
  if (width == target.getLanes())
    chooseRounds(right);
  chooseTasks();
}

/// Columns are copied where the rows of `right` span more than the second-level
/// cache and the copy serves several tiles of rows; a round of them takes a
/// part of the first level. (64 x 1152 by 1152 x 1024, rows of 4 KB: 2374 us,
/// copied 1280; 197 x 768 by 768 x 3072 16.4 ms, 6.5. Rounds of 16 and 32 KB
/// are as fast, of 48 and 96 KB slower by up to a tenth. Emerald Rapids.)
void MatmulPlan::chooseRounds(MemRefType right) {
  int64_t roundBytes = target.getL1() * 3 / 4;
  int64_t rowBytes = 4 * right.getStridesAndOffset().first.end()[-2];
  if (rowTiles.count == 1 || products * rowBytes <= target.getL2())
    return;
  copiesColumns = true;
  int64_t vectorBytes = 4 * vectorTiles.largest * width;
  int64_t fitting = std::max<int64_t>(
      width, llvm::alignDown(roundBytes / vectorBytes, width));
  int64_t rounds = llvm::divideCeil(products, fitting);
  roundProducts = std::min<int64_t>(
      products, llvm::alignTo(llvm::divideCeil(products, rounds), width));
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

/// As much of `right` as possible is one task's alone, which has it copied, or
/// read from the cache of the thread that wrote it, once.
void MatmulPlan::chooseTasks() {
  constexpr int64_t wantedTasks = 16, fewestPartTiles = 8;
  if (!copiesColumns) {
    dividesColumns = vectorTiles.count >= rowTiles.count;
    return;
  }
  dividesColumns = true;
  rowParts = std::clamp<int64_t>(
      wantedTasks / vectorTiles.count, 1,
      std::max<int64_t>(1, rowTiles.count / fewestPartTiles));
  // (Without empty ones.)
  rowParts = llvm::divideCeil(rowTiles.count, countPartTiles());
}

TaskDivision MatmulPlan::divide() const {
  // Products of a task's time in which as many elements are moved.
  constexpr int64_t productsPerElement = 8;
  SmallVector<int64_t> sizes(batch);
  int64_t elements = rowTiles.largest * columns;
  if (dividesColumns) {
    sizes.append({rowParts, vectorTiles.count});
    elements = llvm::divideCeil(rows, rowParts) * vectorTiles.largest * width;
  } else {
    sizes.push_back(rowTiles.count);
  }
  return TaskDivision(target, sizes, elements * products / productsPerElement);
}

class MatmulEmitter {
public:
  MatmulEmitter(const MatmulPlan &plan, KernelBuilder &kernel);

  /// Tiles of rows by tiles of columns of a matrix.
  void emit(ArrayRef<Index> batch, Index firstRows, Index endRows,
            Index firstColumns, Index endColumns);

private:
  /// Neighbouring rows or vectors: the number of their tile, that of the first
  /// one, and how many.
  struct Part {
    Index tile, first;
    int64_t count;
  };
  /// Products [first, end), and where the next round's part of `right` begins.
  struct Round {
    Index first, end;
    Index nextProduct, columnsFurther;
    /// Whether the round's columns are copied yet; the tile that multiplies
    /// with them first does it.
    bool isCopied = false;
  };

  /// Tiles from `lower` to `upper`.
  void forTiles(const Tiling &tiling, Index lower, Index upper,
                llvm::function_ref<void(const Part &)> body);
  /// The columns at which a tile's vectors begin.
  SmallVector<Index> getColumns(const Part &vectors, bool endsMatrix);
  /// All tiles of rows from `lower` to `upper` with these columns.
  void emitColumns(ArrayRef<Index> batch, ArrayRef<Index> columns, Index lower,
                   Index upper);
  void emitRound(ArrayRef<Index> batch, ArrayRef<Index> columns, Round round,
                 Index lower, Index upper);
  void emitTile(ArrayRef<Index> batch, const Part &rows,
                ArrayRef<Index> columns, const Round &round);
  /// The sums with the products `step`, step + 1, ..., one for each element of
  /// `factors`' vectors (row by row).
  void addProducts(ArrayRef<Index> batch, Index step, int64_t count,
                   ArrayRef<Value> factors, ArrayRef<Index> columns,
                   const Round &round, SmallVectorImpl<Value> &sums);
  /// A place in a matrix of a buffer.
  SmallVector<Index> at(Value buffer, ArrayRef<Index> batch, Index row,
                        Index column);
  /// One element where vectors have one.
  Value loadColumns(Value buffer, ArrayRef<Index> place);
  void storeColumns(Value value, Value buffer, ArrayRef<Index> place);
  Value inColumns(Value scalar);
  Index number(int64_t value) { return kernel.constant(value); }

  KernelBuilder &kernel;
  const MatmulPlan &plan;
  Value left, right, result;
  /// A round's columns: products x vectors x width.
  Value copied;
};

MatmulEmitter::MatmulEmitter(const MatmulPlan &plan, KernelBuilder &kernel)
    : kernel(kernel), plan(plan), left(kernel.buffers[0]),
      right(kernel.buffers[1]), result(kernel.buffers[2]) {
  if (!plan.copiesColumns)
    return;
  auto type = MemRefType::get(
      {plan.roundProducts, plan.vectorTiles.largest, plan.width},
      kernel.builder.getF32Type());
  copied = memref::AllocaOp::create(kernel.builder, kernel.location, type,
                                    kernel.builder.getI64IntegerAttr(64));
}

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

void MatmulEmitter::storeColumns(Value value, Value buffer,
                                 ArrayRef<Index> place) {
  if (plan.width > 1)
    kernel.storeVector(value, buffer, place);
  else
    kernel.storeScalar(value, buffer, place);
}

Value MatmulEmitter::inColumns(Value scalar) {
  return plan.width > 1 ? kernel.broadcast(scalar, plan.width) : scalar;
}

void MatmulEmitter::forTiles(const Tiling &tiling, Index lower, Index upper,
                             llvm::function_ref<void(const Part &)> body) {
  Index large = number(tiling.largeTiles);
  int64_t smaller = tiling.largest - 1;
  kernel.forLoop(lower, kernel.min(upper, large), 1, [&](Index i) {
    body({i, kernel.mul(i, number(tiling.largest)), tiling.largest});
  });
  if (tiling.countSmall() > 0)
    kernel.forLoop(kernel.max(lower, large), upper, 1, [&](Index i) {
      body({i, kernel.add(kernel.mul(i, number(smaller)), large), smaller});
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
                                ArrayRef<Index> columns, const Round &round,
                                SmallVectorImpl<Value> &sums) {
  for (int64_t i = 0; i < count; ++i) {
    Index k = kernel.add(step, number(i));
    SmallVector<Value> vectors;
    for (auto [v, column] : llvm::enumerate(columns)) {
      Index copy[] = {kernel.sub(k, round.first),
                      number(static_cast<int64_t>(v)), number(0)};
      vectors.push_back(round.isCopied
                            ? loadColumns(copied, copy)
                            : loadColumns(right, at(right, batch, k, column)));
      if (copied && !round.isCopied)
        storeColumns(vectors.back(), copied, copy);
    }
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
                             ArrayRef<Index> columns, const Round &round) {
  auto getRow = [&](int64_t row) {
    return kernel.add(rows.first, number(row));
  };
  auto forResults = [&](llvm::function_ref<void(ArrayRef<Index>)> body) {
    for (int64_t row = 0; row < rows.count; ++row)
      for (Index column : columns)
        body(at(result, batch, getRow(row), column));
  };
  // The first round begins with zeros, others with the sums of those before.
  SmallVector<Value> sums;
  Value zero = inColumns(kernel.floatConstant(0, kernel.builder.getF32Type()));
  if (isConstantIntValue(round.first, 0))
    sums.assign(rows.count * columns.size(), zero);
  else
    forResults([&](ArrayRef<Index> place) {
      sums.push_back(loadColumns(result, place));
    });
  // Where multiply-adds take a factor from a vector by its number, a row's
  // factors of several steps are loaded together.
  int64_t lanes = plan.target.getLanes();
  bool neighbours =
      cast<MemRefType>(left.getType()).getStridesAndOffset().first.back() == 1;
  int64_t together =
      plan.target.getByElement() && neighbours && plan.width == lanes ? lanes
                                                                      : 1;
  // Each tile of rows asks for one vector of each row of the next round.
  Index asked = columns.front();
  if (copied)
    asked = kernel.add(
        kernel.add(columns.front(), round.columnsFurther),
        kernel.mul(kernel.rem(rows.tile, number(plan.vectorTiles.largest)),
                   number(plan.width)));
  auto addSteps = [&](Index step, int64_t count, ValueRange carried) {
    SmallVector<Value> next(carried), factors;
    for (int64_t row = 0; row < rows.count; ++row) {
      SmallVector<Index> place = at(left, batch, getRow(row), step);
      factors.push_back(count > 1 ? kernel.loadVector(left, place, count)
                                  : kernel.loadScalar(left, place));
    }
    for (int64_t i = 0; copied && i < count; ++i)
      kernel.prefetch(right,
                      at(right, batch,
                         kernel.add(kernel.sub(step, round.first),
                                    kernel.add(round.nextProduct, number(i))),
                         asked),
                      1);
    addProducts(batch, step, count, factors, columns, round, next);
    return next;
  };
  int64_t whole = plan.products / together * together;
  Index wholeEnd = kernel.min(round.end, number(whole));
  sums = kernel.forLoop(round.first, wholeEnd, together, sums,
                        [&](Index step, ValueRange carried) {
                          return addSteps(step, together, carried);
                        });
  if (whole < plan.products)
    sums = kernel.forLoop(kernel.max(round.first, number(whole)), round.end, 1,
                          sums, [&](Index step, ValueRange carried) {
                            return addSteps(step, 1, carried);
                          });
  ArrayRef<Value> values = sums;
  forResults([&](ArrayRef<Index> place) {
    storeColumns(values.consume_front(), result, place);
  });
}

void MatmulEmitter::emitRound(ArrayRef<Index> batch, ArrayRef<Index> columns,
                              Round round, Index lower, Index upper) {
  auto forRows = [&](Index lower, Index upper) {
    forTiles(plan.rowTiles, lower, upper,
             [&](const Part &rows) { emitTile(batch, rows, columns, round); });
  };
  if (copied) {
    Index second = kernel.add(lower, number(1));
    forRows(lower, second);
    lower = second;
    round.isCopied = true;
  }
  forRows(lower, upper);
}

void MatmulEmitter::emitColumns(ArrayRef<Index> batch, ArrayRef<Index> columns,
                                Index lower, Index upper) {
  int64_t size = plan.roundProducts;
  auto emitFrom = [&](Index first, Index nextProduct, int64_t further) {
    Index end =
        kernel.min(kernel.add(first, number(size)), number(plan.products));
    emitRound(batch, columns, {first, end, nextProduct, number(further)}, lower,
              upper);
  };
  int64_t tileColumns = plan.vectorTiles.largest * plan.width;
  if (size == plan.products) {
    emitFrom(number(0), number(0), tileColumns);
    return;
  }
  // Apart, since it begins with zeros.
  emitFrom(number(0), number(size), 0);
  int64_t last = (plan.products - 1) / size * size;
  kernel.forLoop(number(size), number(last), size, [&](Index first) {
    emitFrom(first, kernel.add(first, number(size)), 0);
  });
  emitFrom(number(last), number(0), tileColumns);
}

void MatmulEmitter::emit(ArrayRef<Index> batch, Index firstRows, Index endRows,
                         Index firstColumns, Index endColumns) {
  const Tiling &tiles = plan.vectorTiles;
  // A last vector that begins in the one before it makes its tile another one.
  Index apart = number(tiles.count - (plan.columns % plan.width != 0 ? 1 : 0));
  forTiles(tiles, firstColumns, kernel.min(endColumns, apart),
           [&](const Part &vectors) {
             emitColumns(batch, getColumns(vectors, /*endsMatrix=*/false),
                         firstRows, endRows);
           });
  if (plan.columns % plan.width != 0)
    forTiles(tiles, kernel.max(firstColumns, apart), endColumns,
             [&](const Part &vectors) {
               emitColumns(batch, getColumns(vectors, /*endsMatrix=*/true),
                           firstRows, endRows);
             });
}

int64_t countTasks(Operation *op) {
  return MatmulPlan(cast<kernel::MatmulOp>(op)).divide().getCount();
}

LogicalResult emit(Operation *op, KernelBuilder &kernel) {
  MatmulPlan plan(cast<kernel::MatmulOp>(op));
  MatmulEmitter emitter(plan, kernel);
  auto number = [&](int64_t value) { return kernel.constant(value); };
  plan.divide().forEachRange(
      kernel, [&](ArrayRef<Index> outer, Index lower, Index upper) {
        if (!plan.dividesColumns) {
          emitter.emit(outer, lower, upper, number(0),
                       number(plan.vectorTiles.count));
          return;
        }
        int64_t tiles = plan.countPartTiles();
        Index first = kernel.mul(outer.back(), number(tiles));
        Index end = kernel.min(kernel.add(first, number(tiles)),
                               number(plan.rowTiles.count));
        emitter.emit(outer.drop_back(), first, end, lower, upper);
      });
  return success();
}

} // namespace

KernelLowering toeplitz::getMatmulLowering() {
  return {kernel::MatmulOp::getOperationName(), countTasks, emit};
}
