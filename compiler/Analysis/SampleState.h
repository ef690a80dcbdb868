// What BatchIndependence knows about a value: how it stands to the batch.

#ifndef TOEPLITZ_COMPILER_ANALYSIS_SAMPLESTATE_H
#define TOEPLITZ_COMPILER_ANALYSIS_SAMPLESTATE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallPtrSet.h"
#include <optional>
#include <string>

namespace toeplitz {

/// The batch is in a dimension of a tensor if that counts
/// [outer][sample][inner] for some sizes `outer` and `inner`: a row is a
/// position of it, and belongs to one sample.
struct SampleState {
  enum Kind {
    /// The same for all samples.
    Free,
    /// A Free tensor that is the same in all positions of some dimensions, so
    /// that it may stand where a Batched one is expected.
    Uniform,
    /// A tensor whose rows depend on their sample alone.
    Batched,
    /// The number of a row: the index of a loop over the batch.
    RowIndex,
    /// Depends on the sample of the row that RowIndex says, where a loop over
    /// the batch is going on.
    PerSample
  };

  Kind kind = Free;
  /// A bit for each dimension in which a batch may be seen: one of a Batched
  /// tensor, unless it was a Uniform one.
  uint64_t dimensions = 0;
  /// Of a Batched tensor.
  int64_t outer = 1;

  bool isRow() const { return kind == Batched || kind == Uniform; }
  bool isRowIn(int64_t dimension) const {
    return isRow() && (dimensions >> dimension & 1);
  }
  bool operator==(const SampleState &other) const {
    return kind == other.kind && dimensions == other.dimensions &&
           outer == other.outer;
  }
  bool operator!=(const SampleState &other) const { return !(*this == other); }
};

/// The rules for the single operations.
class SampleRules {
public:
  explicit SampleRules(int64_t batch) : batch(batch) {}

  /// Finds out the states of the results of `op`, and of all values in it, from
  /// those of its operands. Fails, with a culprit and a reason, when it mixes
  /// samples.
  mlir::LogicalResult visit(mlir::Operation *op);

  SampleState get(mlir::Value value) const;
  void set(mlir::Value value, SampleState state) { states[value] = state; }

  /// The operation that mixes samples, and how.
  mlir::Operation *culprit = nullptr;
  std::string reason;

  /// Loops that aren't over the batch, and hand on what has a place for each
  /// sample or is a number: each sample needs as many of their steps.
  llvm::SmallPtrSet<mlir::Operation *, 8> commonLoops;

private:
  using State = SampleState;
  using Result = std::optional<State>;

  mlir::LogicalResult fail(mlir::Operation *op, llvm::StringRef why);
  bool isAny(mlir::Operation *op, State::Kind kind) const;
  bool dependsOnSamples(mlir::Operation *op) const;
  uint64_t getPossibleDimensions(mlir::Type type) const;
  Result merge(State a, State b) const;
  Result combine(mlir::ValueRange values) const;
  Result move(mlir::Value value,
              llvm::function_ref<std::optional<int64_t>(int64_t)> map) const;

  // Operations on whole tensors: the state of the result, or nothing when they
  // may mix samples.
  Result visitTensorOp(mlir::Operation *op);
  Result visitNetworkOp(mlir::Operation *op);
  Result visitMovement(mlir::Operation *op);
  Result visitInsertSlice(mlir::tensor::InsertSliceOp op);
  Result visitCollapse(mlir::tensor::CollapseShapeOp op);
  Result visitExpand(mlir::tensor::ExpandShapeOp op);
  Result getUniformSource(mlir::Operation *op) const;

  // Operations that hold others.
  mlir::LogicalResult visitRegions(mlir::Operation *op);
  mlir::LogicalResult visitLinalg(mlir::linalg::LinalgOp op);
  mlir::LogicalResult visitAlong(mlir::linalg::LinalgOp op, unsigned dimension,
                                 int64_t outer,
                                 llvm::SmallVectorImpl<int64_t> &places);
  mlir::LogicalResult visitGenerate(mlir::tensor::GenerateOp op);
  mlir::LogicalResult visitFor(mlir::scf::ForOp op);
  mlir::LogicalResult visitLoop(mlir::scf::ForOp op, bool isOverBatch);
  mlir::LogicalResult visitWhile(mlir::scf::WhileOp op);
  mlir::LogicalResult visitIf(mlir::scf::IfOp op);
  mlir::LogicalResult visitBlock(mlir::Block &block);
  mlir::LogicalResult visitRows(mlir::Block &block, int64_t rows,
                                int64_t outer);
  mlir::LogicalResult join(mlir::Operation *op, State other, State &state);
  bool mayBeBatchLoop(mlir::scf::ForOp op) const;
  std::optional<std::pair<unsigned, int64_t>>
  findBatchDimension(mlir::linalg::LinalgOp op);

  // Operations on one sample, in a loop over the batch.
  mlir::LogicalResult visitInSample(mlir::Operation *op);

  int64_t batch;
  /// The rows of the loop over the batch that is going on, 0 outside of one,
  /// and how they count samples.
  int64_t rowsOfLoop = 0, outerOfLoop = 1;
  llvm::DenseMap<mlir::Value, State> states;
};

} // namespace toeplitz

#endif
