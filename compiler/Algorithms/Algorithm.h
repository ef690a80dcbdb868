// What an algorithm for convolutions is, and the table of them.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_ALGORITHM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_ALGORITHM_H

#include "compiler/Lowering/KernelBuilder.h"
#include "dialects/Kernel/KernelDialect.h"

#include <optional>
#include <string>

namespace toeplitz {

/// A convolution to be scheduled, in the network's own numbers (padding with
/// zeros; a phase of a transposed convolution may have negative padding or no
/// tap at all). Every array has one element for each spatial dimension.
struct Convolution {
  int64_t batch = 1;
  int64_t inChannels = 1;
  int64_t outChannels = 1;
  int64_t groups = 1;
  llvm::SmallVector<int64_t, 3> inputSizes, kernel, strides, dilations,
      paddingLow, outputSizes;
  /// Whether the input comes to this layer in plain layout anyway (it is an
  /// input of the network).
  bool inputIsPlain = false;
  /// Whether output positions are written apart from each other (a phase of a
  /// transposed convolution).
  bool outputIsStrided = false;

  int64_t getTaps() const;
  int64_t getPositions() const;
  /// Multiply-adds over the whole batch, those with padding included.
  double getMultiplyAdds() const;
};

/// What an algorithm chooses for a convolution.
struct ConvolutionSchedule {
  /// Channels that lie together in the input: 1 (plain) or the vector length.
  int64_t inputBlock = 1;
  /// The groups that remain after small ones were merged into one
  /// block-diagonal group each.
  int64_t groups = 1;
  /// The register tile: output positions by vectors of output channels.
  int64_t tilePositions = 1;
  int64_t tileVectors = 1;
};

/// One way to compute a convolution.
struct Algorithm {
  /// The field's name for it, as in `--algorithm=`.
  llvm::StringRef name;
  /// Why it can't compute this convolution: a sentence's end, as in
  /// "'pointwise' declines: ...". Nothing if it can.
  std::optional<std::string> (*declines)(const Convolution &,
                                         kernel::TargetAttr);
  /// Estimated cycles of one core for the whole batch. Only comparisons between
  /// algorithms count.
  double (*estimateCycles)(const Convolution &, kernel::TargetAttr);
  ConvolutionSchedule (*schedule)(const Convolution &, kernel::TargetAttr);
  /// The number of floats of the packed filter.
  int64_t (*getPackedSize)(const Convolution &, const ConvolutionSchedule &,
                           kernel::TargetAttr);
  /// Writes the filter (outChannels x inChannels / groups x kernel, row-major)
  /// as the kernel reads it.
  void (*packFilter)(const Convolution &, const ConvolutionSchedule &,
                     kernel::TargetAttr, llvm::ArrayRef<float> filter,
                     llvm::MutableArrayRef<float> packed);
  /// The lowering: independent tasks and the body of one.
  int64_t (*countTasks)(kernel::ConvOp op);
  llvm::LogicalResult (*emit)(kernel::ConvOp op, KernelBuilder &kernel);
};

/// Every algorithm, best candidates first, the reference last. `direct`
/// declines nothing, so there is always one that applies.
llvm::ArrayRef<const Algorithm *> getAlgorithms();

/// The algorithm of this name, or null.
const Algorithm *findAlgorithm(llvm::StringRef name);

/// How kernel.conv is lowered: by the algorithm that it names.
KernelLowering getConvolutionLowering();

} // namespace toeplitz

#endif
