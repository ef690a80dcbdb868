// Iterations of subgraphs: what Loop and Scan have in common.
//
// A body is imported once, into a loop that hands its values on from one
// iteration to the next, if their shapes stay the same and nothing in it must
// be known that changes. Otherwise it is imported once for each iteration.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ITERATION_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ITERATION_H

#include "compiler/Frontend/Onnx/OnnxNode.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace toeplitz {

/// Whether a graph hands an input on as it is: what some exporters do with
/// constants that the body needs.
bool passesThrough(const onnx::GraphProto &graph, int input, int output);

/// Checks how many inputs and outputs a body has.
llvm::LogicalResult checkBodyCounts(OnnxNode &node,
                                    const onnx::GraphProto &body, size_t inputs,
                                    size_t outputs);
/// Checks that no input from `first` on is left out.
llvm::LogicalResult checkInputsAreThere(OnnxNode &node, size_t first);

/// What one iteration computes.
struct IterationResults {
  /// Whether another iteration follows, a bool; null where the body doesn't say
  /// so.
  OnnxValue condition;
  /// For the next iteration.
  llvm::SmallVector<OnnxValue> carried;
  /// One value of each iteration; together they are a tensor with one more
  /// dimension, the first.
  llvm::SmallVector<OnnxValue> collected;
};

/// Emits an iteration where the node's builder stands. `number` is its index,
/// from 0 on, a constant where it is known. Reports what is wrong.
using IterationBody = llvm::function_ref<llvm::LogicalResult(
    mlir::Value number, llvm::ArrayRef<OnnxValue> carried,
    IterationResults &results)>;

/// The results of a loop: what is carried after the last iteration, and what is
/// collected of all of them.
struct LoopResults {
  llvm::SmallVector<OnnxValue> carried;
  llvm::SmallVector<OnnxValue> collected;
};

/// A loop whose body is known, and not yet what ends it.
struct LoopDraft {
  /// Has the carried values for arguments, no number of iterations and no
  /// terminator.
  mlir::scf::ForOp loop;
  llvm::SmallVector<OnnxValue> initial;
  IterationResults results;
};

/// Imports the body of a loop. Reports what is wrong with it, values that
/// change their shape from one iteration to the next included.
llvm::FailureOr<LoopDraft> draftLoop(OnnxNode &node,
                                     llvm::ArrayRef<OnnxValue> initial,
                                     IterationBody body);

/// Makes a loop of `count` iterations of a draft, whose condition isn't asked.
/// `isReversed` are the collected values whose first one comes last.
llvm::FailureOr<LoopResults> emitCountedLoop(OnnxNode &node, LoopDraft &draft,
                                             int64_t count,
                                             llvm::ArrayRef<bool> isReversed);
/// The same for a number of iterations, an index, that is computed when the
/// network runs. Nothing is collected.
LoopResults emitCountedLoop(OnnxNode &node, LoopDraft &draft,
                            mlir::Value count);
/// Makes a loop that ends when the draft's condition does, or after `limit`
/// iterations, an i64 that may be null. `first` is the condition before the
/// first one, an i1. Nothing is collected.
LoopResults emitConditionalLoop(OnnxNode &node, LoopDraft &draft,
                                mlir::Value first, mlir::Value limit);

/// What a loop comes to that isn't walked: the initial values, and nothing
/// collected of the values that the draft has.
LoopResults emitNoIterations(OnnxNode &node, const LoopDraft &draft);

/// Iterations one after the other, each with code of its own.
struct UnrolledLoop {
  mlir::scf::ExecuteRegionOp place;
  int64_t count = 0;
  llvm::SmallVector<OnnxValue> carried;
  /// For each value that is collected, those of all iterations.
  llvm::SmallVector<llvm::SmallVector<OnnxValue>> parts;
};

/// The most iterations that are unrolled: what decides about shapes has a few.
constexpr int64_t maximumUnrolled = 256;

/// Imports iterations until the condition, which must be known after each, ends
/// them, or there are `limit` of them (if that is given). Reports what is
/// wrong, more than `maximumUnrolled` iterations included; `reason` says why
/// the loop can't be walked. The code is in a place of its own: keepUnrolled
/// moves it to where that stands, and erasing the place drops it.
llvm::FailureOr<UnrolledLoop> unrollLoop(OnnxNode &node,
                                         llvm::ArrayRef<OnnxValue> initial,
                                         std::optional<int64_t> limit,
                                         IterationBody body,
                                         llvm::StringRef reason = "");
llvm::FailureOr<LoopResults> keepUnrolled(OnnxNode &node, UnrolledLoop &loop);

/// A constant bool, if the value is one of them.
std::optional<bool> getKnownCondition(OnnxValue condition);

/// A constant of the type that numbers of iterations have, an i64.
mlir::Value makeInteger(OnnxNode &node, int64_t number);

/// Part `at`, an index, of the first dimension of a value, without it.
OnnxValue emitPart(OnnxNode &node, OnnxValue value, mlir::Value at);
/// The number of the part that is `number`th from the end of `count`.
mlir::Value emitFromEnd(OnnxNode &node, mlir::Value number, int64_t count);

} // namespace toeplitz

#endif
