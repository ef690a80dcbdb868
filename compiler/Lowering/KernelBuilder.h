// Writes the body of one kernel function: the words in which every lowering of
// a kernel is written.

#ifndef TOEPLITZ_COMPILER_LOWERING_KERNELBUILDER_H
#define TOEPLITZ_COMPILER_LOWERING_KERNELBUILDER_H

#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace toeplitz {

/// Bytes of the widest access of a GPU: weights, the arena, and the network's
/// inputs and outputs begin at multiples of it.
constexpr int64_t bufferAlignment = 16;

/// The steps of an operation, each with tasks of its own, which are all done
/// before those of the next one begin. Most have the main one alone.
enum class KernelStep { Preparation, Main, Completion };

/// A kernel function is `func @name(%task: index, operands...)`: it does one of
/// the independent tasks into which its operation is divided. The number of
/// tasks depends on the operation alone, so that results don't depend on the
/// number of threads. Where tasks work in memory, it is
/// `func @name(%task: index, %slot: index, operands...)`.
///
/// All index arithmetic folds constants at once, so that what is known at
/// compile time leaves no operation behind.
class KernelBuilder {
public:
  KernelBuilder(mlir::OpBuilder &builder, mlir::Location location,
                kernel::TargetAttr target, mlir::Value task, mlir::Value slot,
                mlir::ValueRange buffers)
      : builder(builder), location(location), target(target), task(task),
        slot(slot), buffers(buffers.begin(), buffers.end()) {}

  mlir::OpBuilder &builder;
  mlir::Location location;
  kernel::TargetAttr target;
  /// The task's number, an index from 0 to the number of tasks - 1.
  mlir::Value task;
  /// The row of the operation's scratch memory that is this task's while it
  /// runs; null where there is none.
  mlir::Value slot;
  /// On a GPU: how many threads share a task, as a block; 0 where a task is a
  /// thread. Whoever emits such a kernel sets it.
  int64_t blockThreads = 0;
  /// Beside it: how many blocks the registers of a multiprocessor shall have
  /// room for at once; 0 leaves that to the assembler.
  int64_t residentBlocks = 0;
  KernelStep step = KernelStep::Main;
  bool isPreparing() const { return step == KernelStep::Preparation; }
  /// The operation's operands, in its order: memrefs, and scalars.
  llvm::SmallVector<mlir::Value> buffers;
  /// Of each of them, whether its first element lies at a multiple of
  /// `bufferAlignment`, where its type has no offset. Asked on a GPU alone.
  llvm::SmallVector<bool> buffersAligned;
  /// What the operation's body uses from outside, as it is in this function.
  mlir::IRMapping captured;

  // --- indices
  // ---------------------------------------------------------------------------------------------------------
  using Index = mlir::OpFoldResult; // an attribute when constant
  Index constant(int64_t value);
  Index add(Index a, Index b);
  Index sub(Index a, Index b);
  Index mul(Index a, Index b);
  /// Division rounding down and its remainder; the operands are not negative.
  Index div(Index a, Index b);
  Index rem(Index a, Index b);
  /// Division of a possibly negative number by a positive one, rounding down or
  /// up.
  Index floorDiv(Index a, Index b);
  Index ceilDiv(Index a, Index b);
  Index min(Index a, Index b);
  Index max(Index a, Index b);
  mlir::Value isLess(Index a, Index b);
  mlir::Value value(Index index);
  /// Splits a number into coordinates of a row-major space with these sizes,
  /// the last fastest.
  llvm::SmallVector<Index> delinearize(Index linear,
                                       llvm::ArrayRef<int64_t> sizes);

  // --- control
  // ---------------------------------------------------------------------------------------------------------
  /// for (i = lower; i < upper; i += step) body(i). A loop of one constant
  /// iteration is written out.
  void forLoop(Index lower, Index upper, int64_t step,
               llvm::function_ref<void(Index)> body);
  /// The same with values carried from one iteration to the next; returns their
  /// last values.
  llvm::SmallVector<mlir::Value>
  forLoop(Index lower, Index upper, int64_t step, mlir::ValueRange initial,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(Index,
                                                            mlir::ValueRange)>
              body);
  /// Loops over a row-major space.
  void forEach(llvm::ArrayRef<int64_t> sizes,
               llvm::function_ref<void(llvm::ArrayRef<Index>)> body);
  void ifThen(mlir::Value condition, llvm::function_ref<void()> body);

  // --- data
  // ------------------------------------------------------------------------------------------------------------
  mlir::VectorType vectorType(int64_t lanes);
  mlir::VectorType vectorType() { return vectorType(target.getLanes()); }
  /// Vectors of contiguous elements of any type; the last dimension of `memref`
  /// has stride 1. `alignment` says of which number of bytes the address is a
  /// multiple, where that is more than an element's.
  mlir::Value loadVector(mlir::Value memref, llvm::ArrayRef<Index> indices,
                         int64_t lanes, uint64_t alignment = 0);
  /// Asks for the cache lines that hold `count` neighbours in the last
  /// dimension of a memref, from `first` on, to come into the second-level
  /// cache.
  void prefetch(mlir::Value memref, llvm::ArrayRef<Index> first, int64_t count);
  /// Part `part` of `parts` of these requests, for loops that spread them over
  /// their steps: memory doesn't take many at once.
  void prefetchPart(mlir::Value memref, llvm::ArrayRef<Index> first,
                    int64_t count, int64_t part, int64_t parts);
  /// Asks for the line of one element to come into the first-level cache, and
  /// to be this core's alone. A store that ends in a line that isn't there
  /// holds up all that follow it, which is worst where it began in another
  /// line.
  void prefetchForStore(mlir::Value memref, llvm::ArrayRef<Index> place);
  void storeVector(mlir::Value vector, mlir::Value memref,
                   llvm::ArrayRef<Index> indices, uint64_t alignment = 0);
  /// The elements of a vector, one by one.
  llvm::SmallVector<mlir::Value> takeApart(mlir::Value vector);
  mlir::Value loadScalar(mlir::Value memref, llvm::ArrayRef<Index> indices);
  void storeScalar(mlir::Value scalar, mlir::Value memref,
                   llvm::ArrayRef<Index> indices);
  /// The same for floats, which may have 16 bits in memory and have 32 outside
  /// of it; what is stored is rounded to the nearest.
  mlir::Value loadFloat(mlir::Value memref, llvm::ArrayRef<Index> indices);
  void storeFloat(mlir::Value scalar, mlir::Value memref,
                  llvm::ArrayRef<Index> indices);
  /// A float of at most 32 bits, or a vector of them, as one of 32 bits.
  mlir::Value extend(mlir::Value value);
  /// A float of 32 bits, or a vector of them, rounded to the nearest of a type.
  mlir::Value round(mlir::Value value, mlir::Type element);
  /// A scalar in every lane.
  mlir::Value broadcast(mlir::Value scalar, int64_t lanes);
  mlir::Value splat(float number, int64_t lanes);
  /// An f32 constant of the type of `like` (scalar or vector).
  mlir::Value floatConstant(float number, mlir::Type like);
  /// An operation on two values of one type, of which its result is one, too.
  template <typename Op> mlir::Value create(mlir::Value a, mlir::Value b) {
    return Op::create(builder, location, a, b);
  }
  /// a * b + c, fused where the target does that in one instruction. Scalars or
  /// vectors.
  mlir::Value multiplyAdd(mlir::Value a, mlir::Value b, mlir::Value c);
  /// The activation's function of a scalar or vector; a null attribute is the
  /// identity.
  mlir::Value activate(mlir::Value x, kernel::ActivationAttr activation);
};

/// cnn.activation's functions in arith and math, on f32 scalars, vectors or
/// (for linalg bodies) any type that these take.
mlir::Value emitActivation(mlir::OpBuilder &builder, mlir::Location location,
                           cnn::ActivationKind kind, float alpha, float beta,
                           mlir::Value x);

/// How one kind of operation becomes a kernel function.
struct KernelLowering {
  /// The operation's name, for example "kernel.pool".
  llvm::StringRef operation;
  /// The number of independent tasks.
  int64_t (*countTasks)(mlir::Operation *op);
  /// Writes the body of one task. The builder is positioned in the function's
  /// entry block, before its return.
  llvm::LogicalResult (*emit)(mlir::Operation *op, KernelBuilder &kernel);
  /// The rows of the operation's scratch memory: as many tasks may run at once.
  /// Null where no task needs one; 0 likewise.
  int64_t (*countSlots)(mlir::Operation *op) = nullptr;
  /// The tasks of the steps before and behind the main one, for which `emit` is
  /// called with another `step`. Null where there is no such step; 0 likewise.
  int64_t (*countPreparations)(mlir::Operation *op) = nullptr;
  int64_t (*countCompletions)(mlir::Operation *op) = nullptr;
};

} // namespace toeplitz

#endif
