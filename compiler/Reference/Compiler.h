// Turns operations into programs.

#ifndef TOEPLITZ_COMPILER_REFERENCE_COMPILER_H
#define TOEPLITZ_COMPILER_REFERENCE_COMPILER_H

#include "compiler/Reference/Arithmetic.h"
#include "compiler/Reference/Program.h"

#include "mlir/IR/Block.h"
#include "llvm/ADT/DenseMap.h"

namespace toeplitz::reference {

/// A value of the surrounding frame that a body uses, and its slot in the
/// body's own frame.
struct Capture {
  Slot outer;
  Slot inner;
};

/// The compiler of the programs that share a frame.
class Compiler {
public:
  /// `parent` compiles the frame around this one, if there is one.
  explicit Compiler(Precision precision, Compiler *parent = nullptr)
      : precision(precision), parent(parent) {}

  /// Gives a value a slot: a result or an argument. Emits an error at the
  /// operation for types that no network has.
  llvm::FailureOr<Slot> define(mlir::Value value, mlir::Operation *op);
  llvm::FailureOr<llvm::SmallVector<Slot>> define(mlir::ValueRange values,
                                                  mlir::Operation *op);
  /// Lets a value share the slot of another.
  void alias(mlir::Value value, Slot slot) { slots[value] = slot; }

  /// The slot of a value that is defined already, in this frame or around it.
  llvm::FailureOr<Slot> lookup(mlir::Value value, mlir::Operation *user);
  llvm::FailureOr<llvm::SmallVector<Slot>> lookup(mlir::ValueRange values,
                                                  mlir::Operation *user);

  /// Compiles operations of one block, which are in order. Constants are read
  /// before their first use, and tensors are released after their last; but
  /// `kept`, which are what the sequence is for. Emits errors for what the
  /// evaluator doesn't know. `inherited` are tensors from outside that nobody
  /// else uses: they can be released too.
  llvm::FailureOr<Program>
  compileSequence(llvm::ArrayRef<mlir::Operation *> operations,
                  mlir::ValueRange kept,
                  llvm::ArrayRef<mlir::Value> inherited = {});
  /// The same for all operations of a block but its terminator, whose operands
  /// are kept.
  llvm::FailureOr<Program>
  compileBlock(mlir::Block &block, llvm::ArrayRef<mlir::Value> inherited = {});

  Precision getPrecision() const { return precision; }
  const FrameLayout &getLayout() const { return layout; }
  llvm::ArrayRef<Capture> getCaptures() const { return captures; }

  /// In the frame of a body with an iteration space: the slot of the position
  /// in each of its dimensions that the body asks for.
  llvm::DenseMap<int64_t, Slot> indexSlots;
  Slot getIndexSlot(int64_t dimension);

private:
  /// Reads the constant tensors that `op` and its regions use and that have no
  /// slot yet.
  llvm::LogicalResult readConstants(mlir::Operation *op, Program &program);
  llvm::LogicalResult readConstant(mlir::Value value, Program &program);
  llvm::LogicalResult compileOperation(mlir::Operation *op,
                                       llvm::ArrayRef<mlir::Value> dying,
                                       Program &program);
  bool isOutermost() const { return !parent && depth == 1; }

  Precision precision;
  Compiler *parent;
  FrameLayout layout;
  llvm::DenseMap<mlir::Value, Slot> slots;
  llvm::SmallVector<Capture> captures;
  unsigned depth = 0; ///< of sequences in sequences
};

/// An instruction, failure with an error emitted, or null for an operation that
/// is of another kind.
using Compiled = llvm::FailureOr<std::unique_ptr<Instruction>>;

/// The kinds of operations, one source file each. `dying` are the tensors that
/// are used for the last time.
Compiled compileArithmetic(Compiler &compiler, mlir::Operation *op);
Compiled compileElementAccess(Compiler &compiler, mlir::Operation *op);
Compiled compileControlFlow(Compiler &compiler, mlir::Operation *op,
                            llvm::ArrayRef<mlir::Value> dying);
Compiled compileIteration(Compiler &compiler, mlir::Operation *op);
Compiled compileTensorOperation(Compiler &compiler, mlir::Operation *op);
Compiled compileNetworkOperation(Compiler &compiler, mlir::Operation *op);

} // namespace toeplitz::reference

#endif
