// A function, or the body of an operation, compiled for evaluation: values have
// places in a frame, and each operation is an instruction that knows the places
// of its operands and results.
//
// A frame has a number of lanes. The bodies of linalg.generic run on many
// points of the iteration space at once, one in each lane; everything else has
// one lane.

#ifndef TOEPLITZ_COMPILER_REFERENCE_PROGRAM_H
#define TOEPLITZ_COMPILER_REFERENCE_PROGRAM_H

#include "compiler/Reference/Tensor.h"

#include "mlir/IR/Operation.h"
#include "llvm/Support/LogicalResult.h"

#include <memory>
#include <vector>

namespace toeplitz::reference {

/// Tensors are shared between places and copied before they are changed,
/// unless nobody else has them: tensor.insert in a loop changes one element.
using TensorPointer = std::shared_ptr<Tensor>;

/// Where a value is in a frame.
struct Slot {
  enum class Kind : uint8_t { Float, Integer, Tensor };
  Kind kind = Kind::Float;
  unsigned index = 0;
};

/// The slot kind of values of a type. nullopt for types that no network has.
std::optional<Slot::Kind> getSlotKind(mlir::Type type);

/// How many slots of each kind a frame has, and the scalars that are there
/// before anything runs.
struct FrameLayout {
  unsigned floats = 0;
  unsigned integers = 0;
  unsigned tensors = 0;
  std::vector<std::pair<Slot, double>> floatConstants;
  std::vector<std::pair<Slot, int64_t>> integerConstants;

  Slot add(Slot::Kind kind);
};

/// The values while a program runs.
class Frame {
public:
  Frame(const FrameLayout &layout, size_t width);

  double *floats(Slot slot) { return floatLanes.data() + slot.index * width; }
  int64_t *integers(Slot slot) {
    return integerLanes.data() + slot.index * width;
  }
  /// The lanes of a scalar of either kind.
  void *lanes(Slot slot) {
    return slot.kind == Slot::Kind::Float ? static_cast<void *>(floats(slot))
                                          : integers(slot);
  }
  TensorPointer &tensor(Slot slot) { return tensors[slot.index]; }

  void fill(Slot slot, double value);
  void fill(Slot slot, int64_t value);

  /// The lanes that each instruction computes, at most `width`.
  size_t count;

private:
  size_t width;
  std::vector<double> floatLanes;
  std::vector<int64_t> integerLanes;
  std::vector<TensorPointer> tensors;
};

class Instruction {
public:
  virtual ~Instruction() = default;
  virtual llvm::LogicalResult run(Frame &frame) const = 0;

  /// The tensors that nobody uses after this instruction. They are released
  /// after it has run, if it hasn't taken them.
  llvm::SmallVector<Slot, 2> dying;

protected:
  /// The tensor of a slot, moved if it dies here.
  TensorPointer take(Frame &frame, Slot slot) const;
};

/// A tensor of which the caller is the only owner: a copy if it is not.
TensorPointer makeUnique(TensorPointer tensor);

struct Program {
  std::vector<std::unique_ptr<Instruction>> instructions;

  llvm::LogicalResult run(Frame &frame) const;
};

/// A value of either kind on its way between frames or slots. One lane.
struct Cell {
  double floating = 0.0;
  int64_t integer = 0;
  TensorPointer tensor;
};

Cell readCell(Frame &frame, Slot slot);
void writeCell(Frame &frame, Slot slot, Cell cell);

} // namespace toeplitz::reference

#endif
