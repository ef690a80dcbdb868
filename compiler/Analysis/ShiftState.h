// How one value of a network moves when the input is shifted along one axis,
// and what the operations of networks do to that motion.
//
// Position i of the value is written v[i]. Shifting the input by T positions,
// or by a multiple, shifts the value by U, or by the same multiple of it: the
// cumulative stride is S = T / U. That holds for the ideal value v*, a sequence
// over all integers that the network would compute from an input without
// borders; the tensor is a window [0, n) onto it. A position is clean if the
// tensor has the ideal value there: no padding was read on the way. The input
// may be thought of as going on periodically; circular padding of a value that
// is clean everywhere then reads what is ideal. Where an input x of N positions
// is periodic and T and N have the least common multiple L, v* has the period
// L / S.
//
// For shifts t by multiples of T, with x'[j] = x[j - t]:
//   v'[i] = v[i - t / S]     if i and i - t / S are clean,
// whatever x' holds where contents enter. If circular padding was read, they
// enter from the opposite end (x' = roll(x, t)), and i - t / S counts modulo
// the period.
//
// Source: Cohen and Welling 2016 (arXiv:1602.07576), section 3; Araujo et al.
// 2019, Computing Receptive Fields of Convolutional Neural Networks (Distill).

#ifndef TOEPLITZ_COMPILER_ANALYSIS_SHIFTSTATE_H
#define TOEPLITZ_COMPILER_ANALYSIS_SHIFTSTATE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class Operation;
} // namespace mlir

namespace toeplitz {

/// The positions from `begin` up to, but without, `end`.
struct PositionRange {
  int64_t begin = 0;
  int64_t end = 0;

  bool isEmpty() const { return begin >= end; }
  int64_t getSize() const { return isEmpty() ? 0 : end - begin; }
  /// The smallest range that has both.
  PositionRange getHull(PositionRange other) const;
  PositionRange getIntersection(PositionRange other) const;
};

/// One position of a value.
struct ShiftedPosition {
  bool isClean = true;
  /// The positions of the input among which are all that it depends on, as the
  /// network reads them and as the ideal one would, which has no borders.
  PositionRange reads;
  PositionRange idealReads;
};

struct ShiftState {
  enum Kind {
    /// Doesn't depend on the input that is shifted.
    Fixed,
    /// Depends on it, but doesn't change with shifts by T.
    Invariant,
    /// Shifts along `dimension` by U when the input does by T.
    Equivariant,
    /// Neither: `culprit` says where, `reason` why.
    Broken
  };

  Kind kind = Fixed;
  /// T and U.
  int64_t inputStep = 1;
  int64_t outputStep = 1;
  /// The dimension that moves, and its positions.
  int64_t dimension = 0;
  std::vector<ShiftedPosition> positions;
  /// Whether it holds only for contents that enter from the opposite end.
  bool wraps = false;
  /// Whether the order of additions is the same at all positions, so that what
  /// is computed has the same bits; as far as the algorithms of convolutions
  /// go.
  bool roundsAlike = true;
  /// Where it holds only for inputs that are zero outside of this range, before
  /// the shift and after it.
  std::optional<PositionRange> contents;
  mlir::Operation *culprit = nullptr;
  std::string reason;

  int64_t getSize() const { return positions.size(); }
  /// The longest run of clean positions.
  PositionRange getCleanRange() const;
  /// The size of the largest range of ideal reads.
  int64_t getReceptiveField() const;
  /// The ideal reads of any position, also one outside of the tensor: position
  /// i + U reads what i does, T further on.
  PositionRange getIdealReads(int64_t position) const;
};

/// What operations do to a state. Each takes what is Equivariant and returns
/// what is that too, or Broken with a reason and yet without a culprit, unless
/// it says otherwise.
class ShiftAlgebra {
public:
  explicit ShiftAlgebra(int64_t inputSize) : inputSize(inputSize) {}

  /// The input itself.
  ShiftState makeInput(int64_t dimension) const;
  static ShiftState makeBroken(std::string reason);

  /// The period of the ideal value, in its positions.
  int64_t getPeriod(const ShiftState &state) const;
  /// Whether the tensor shows whole periods and nothing but ideal values: it
  /// shifts cyclically, all positions.
  bool isCyclic(const ShiftState &state) const;

  /// Positions that aren't the value's own, before and after it.
  ShiftState pad(const ShiftState &state, int64_t low, int64_t high) const;
  /// The same with values of the tensor at places that `source` tells
  /// (mirrored, repeated), which aren't ideal.
  ShiftState padWith(const ShiftState &state, int64_t low, int64_t high,
                     llvm::function_ref<int64_t(int64_t)> source) const;
  /// The positions from `start` on of the tensor repeated in both directions.
  ShiftState repeat(const ShiftState &state, int64_t start, int64_t size) const;

  /// Output position o is computed from the positions `taps(o)`, with taps(o +
  /// outputStep) = taps(o) + inputStep; those outside of the tensor spoil it.
  ShiftState
  gather(const ShiftState &state, int64_t size, int64_t inputStep,
         int64_t outputStep,
         llvm::function_ref<llvm::SmallVector<int64_t>(int64_t)> taps) const;
  /// A convolution or pooling without padding.
  ShiftState slide(const ShiftState &state, int64_t size, int64_t kernel,
                   int64_t stride, int64_t dilation) const;

  /// What is computed from a position of both.
  ShiftState join(const ShiftState &a, const ShiftState &b) const;
  /// What is computed from a position of it and of something that doesn't move
  /// and has that period.
  ShiftState joinPeriodic(ShiftState state, int64_t period) const;

  /// What is computed from all positions, in an order that doesn't matter:
  /// Invariant, perhaps only for contents that stay away from borders.
  ShiftState reduce(const ShiftState &state) const;
  /// The conditions of something Invariant that enters every position.
  static ShiftState restrict(ShiftState state, const ShiftState &invariant);
  /// Broken if no shift is left that moves a clean position to another.
  ShiftState check(ShiftState state) const;

private:
  bool hasPair(const ShiftState &state) const;
  std::optional<PositionRange> findContents(const ShiftState &state) const;

  int64_t inputSize;
};

} // namespace toeplitz

#endif
