// What an algorithm for convolutions is, and the table of them.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_ALGORITHM_H
#define TOEPLITZ_COMPILER_ALGORITHMS_ALGORITHM_H

#include "compiler/Lowering/KernelBuilder.h"
#include "dialects/Kernel/KernelDialect.h"

#include <optional>
#include <string>
#include <vector>

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
  /// The positions of the input, before and behind all others of a dimension,
  /// that repeat the opposite border: circular padding that is there already,
  /// as a halo of an image of I positions. Empty where there is none.
  llvm::SmallVector<int64_t, 3> haloLow, haloHigh;
  /// Whether the input comes to this layer in plain layout anyway (it is an
  /// input of the network).
  bool inputIsPlain = false;
  /// Whether output positions are written apart from each other (a phase of a
  /// transposed convolution).
  bool outputIsStrided = false;
  /// The weights that aren't exactly zero, where the filter is known.
  std::optional<int64_t> nonzeroWeights;

  int64_t getTaps() const;
  int64_t getPositions() const;
  bool hasHalo(size_t dimension) const {
    return !haloLow.empty() && haloLow[dimension] + haloHigh[dimension] > 0;
  }
  /// The positions of the input without the halo: I.
  int64_t getImageSize(size_t dimension) const {
    return inputSizes[dimension] -
           (hasHalo(dimension) ? haloLow[dimension] + haloHigh[dimension] : 0);
  }
  /// Whether the matrix of this dimension is (some rows of) a circulant one of
  /// I x I: its outputs are y[o] = sum over k of w[k] x[(o + k dilation -
  /// haloLow) mod I] for o < O <= I.
  bool isCirculant(size_t dimension) const;
  /// Multiply-adds over the whole batch, those with padding included.
  double getMultiplyAdds() const;
};

/// What an algorithm chooses for a convolution.
struct ConvolutionSchedule {
  /// Which of the algorithm's ways it is, as behind the colon of "winograd:f4";
  /// empty where it has only one.
  std::string variant;
  /// Channels that lie together in the input: 1 (plain) or the vector length.
  int64_t inputBlock = 1;
  /// The same for the result; 0 stands for the vector length.
  int64_t outputBlock = 0;
  /// The groups that remain after small ones were merged into one
  /// block-diagonal group each.
  int64_t groups = 1;
  /// The register tile: output positions by vectors of output channels.
  int64_t tilePositions = 1;
  int64_t tileVectors = 1;
  /// Positions of the tile that is transformed in each spatial dimension, by
  /// algorithms that transform; else empty.
  llvm::SmallVector<int64_t, 3> transform;
  /// Whether the kernel transforms the filter, too, a part of it at a time;
  /// else that was done when it was packed.
  bool transformsFilter = false;
  /// Whether each dimension is circular: the kernel reads the image without its
  /// halo there. Only where isCirculant; empty where no dimension is.
  llvm::SmallVector<bool, 3> circular;
};

/// An estimate of what a convolution costs one core, for the whole batch. Only
/// comparisons between algorithms count.
struct ConvolutionCost {
  double cycles = 0;
  /// Multiply-adds that the main loop executes, those with padding, empty
  /// lanes and cut tiles included.
  double multiplyAdds = 0;
  /// Floating-point operations of everything else: transforms, packing.
  double otherOperations = 0;
  /// Bytes that come from beyond the first-level cache, and from beyond the
  /// second.
  double level2Bytes = 0;
  double memoryBytes = 0;

  ConvolutionCost &operator+=(const ConvolutionCost &other) {
    cycles += other.cycles;
    multiplyAdds += other.multiplyAdds;
    otherOperations += other.otherOperations;
    level2Bytes += other.level2Bytes;
    memoryBytes += other.memoryBytes;
    return *this;
  }
};

/// What an algorithm computes for all its tasks in a step before them: the
/// floats of memory that it writes to, and the tasks of that step.
struct Preparation {
  int64_t floats = 0;
  int64_t tasks = 0;
};

/// One way to compute a convolution.
struct Algorithm {
  /// The field's name for it, as in `--algorithm=`.
  llvm::StringRef name;
  /// Why it can't compute this convolution: a sentence's end, as in
  /// "'pointwise' declines: ...". Nothing if it can.
  std::optional<std::string> (*declines)(const Convolution &,
                                         kernel::TargetAttr);
  /// Every way in which it can, at least one for what it doesn't decline, each
  /// variant once.
  std::vector<ConvolutionSchedule> (*getSchedules)(const Convolution &,
                                                   kernel::TargetAttr);
  ConvolutionCost (*estimateCost)(const Convolution &,
                                  const ConvolutionSchedule &,
                                  kernel::TargetAttr);
  /// A bound on the rounding error of every output before bias, residual and
  /// activation, absolute, when no input is larger than `inputBound`.
  double (*boundError)(const Convolution &, const ConvolutionSchedule &,
                       llvm::ArrayRef<float> filter, double inputBound);
  /// The typical rounding error of an output, for inputs and weights of either
  /// sign, relative to the root of the sum of its squared products: the root
  /// of a mean square, no bound.
  double (*estimateTypicalError)(const Convolution &,
                                 const ConvolutionSchedule &);
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
  /// The floats of memory that one task works in, beside the buffers of its
  /// operands; null if none needs any.
  int64_t (*getScratchSize)(kernel::ConvOp op) = nullptr;
  /// The step before the tasks, which `emit` writes when its builder says so;
  /// null if there is none, and no tasks where this convolution needs none.
  Preparation (*getPreparation)(kernel::ConvOp op) = nullptr;
  /// Which weights the packed filter holds, as the kernel reads it; null if it
  /// doesn't depend on the weights' values.
  std::vector<int32_t> (*packStructure)(const Convolution &,
                                        const ConvolutionSchedule &,
                                        kernel::TargetAttr,
                                        llvm::ArrayRef<float> filter) = nullptr;
  /// Proves in exact arithmetic that the algorithm computes this convolution,
  /// on its own parameters: nothing, or what is wrong. Null for an algorithm
  /// that adds up the products of inputs and weights and nothing else: on whole
  /// numbers such a kernel is exact, and verification compares it bit by bit.
  std::optional<std::string> (*checkIdentity)(
      const Convolution &, const ConvolutionSchedule &) = nullptr;
  /// Whether it has schedules with circular dimensions.
  bool takesCircularPadding = false;
  /// Whether the packed filter and the memory that it works in hold bfloat16
  /// numbers, two in the place of each float that the functions above count.
  bool worksOnBfloat16 = false;
  /// Whether such numbers are as many parts of each float as hold all its bits:
  /// nothing is rounded before it is multiplied.
  bool holdsAllBits = false;
  /// Whether it rounds inputs and weights before it multiplies them.
  bool roundsFactors = false;
  /// Whether it can be computed on a GPU. Others decline there.
  bool runsOnGpu = false;
  /// How often the kernel computes the prologue of an element of its input (see
  /// kernel.conv), on average. Nothing where it can't compute one; null for an
  /// algorithm that never can.
  std::optional<double> (*countPrologues)(const Convolution &,
                                          const ConvolutionSchedule &,
                                          kernel::TargetAttr) = nullptr;
  /// On a GPU: whether the input may be such a buffer, whose numbers have 16
  /// bits or whose channels lie together. Null where kernels take no such
  /// input, residual or result; else the latter two may be any such buffer.
  bool (*takesNarrowInput)(kernel::ConvOp op, mlir::MemRefType type) = nullptr;
  /// Why it can't compute this pool, of so many windows in each dimension,
  /// behind the convolution in its epilogue (see kernel.conv): a sentence's
  /// end. Nothing if it can; null for an algorithm that never can.
  std::optional<std::string> (*declinesPool)(
      kernel::ConvOp op, kernel::PoolAttr pool,
      llvm::ArrayRef<int64_t> windows) = nullptr;
  /// Whether it goes through all positions of an image as one row, where they
  /// lie together.
  bool foldsPositions = false;

  /// Whether it rounds as a sum of products in f32 does: whether its results
  /// are those of `direct` but for the order of additions.
  bool isSumOfProducts() const { return !checkIdentity && !roundsWeights(); }

  /// Whether it rounds weights to less than f32, so that errors of different
  /// positions have something in common.
  bool roundsWeights() const {
    return (worksOnBfloat16 && !holdsAllBits) || roundsFactors;
  }
};

/// Every algorithm, best candidates first, the reference last. `direct`
/// declines nothing, so there is always one that applies.
llvm::ArrayRef<const Algorithm *> getAlgorithms();

/// The algorithm of this name, or null.
const Algorithm *findAlgorithm(llvm::StringRef name);

/// What it costs to write the input with the halo that a schedule reads;
/// nothing where it reads none.
ConvolutionCost estimateHaloCost(const Convolution &convolution,
                                 const ConvolutionSchedule &schedule);

/// What a schedule costs with the halo that it reads.
ConvolutionCost estimateWholeCost(const Algorithm &algorithm,
                                  const Convolution &convolution,
                                  const ConvolutionSchedule &schedule,
                                  kernel::TargetAttr target);

/// An algorithm and, where one was asked for, its variant: "winograd:f4" or
/// "winograd".
struct AlgorithmChoice {
  const Algorithm *algorithm = nullptr;
  std::string variant;

  std::string getName() const;
};

/// Nothing when there is no algorithm of this name. Which variants there are
/// depends on the convolution.
std::optional<AlgorithmChoice> parseAlgorithmChoice(llvm::StringRef text);

/// Why a choice can't compute a convolution, if it can't.
std::optional<std::string> declinesConvolution(const AlgorithmChoice &choice,
                                               const Convolution &convolution,
                                               kernel::TargetAttr target);

/// The schedule of a choice that doesn't decline: that of its variant, else
/// the cheapest.
ConvolutionSchedule getSchedule(const AlgorithmChoice &choice,
                                const Convolution &convolution,
                                kernel::TargetAttr target);

/// Why the algorithm of a convolution can't compute this pool behind it, if it
/// can't: see Algorithm::declinesPool.
std::optional<std::string> declinesPool(kernel::ConvOp op,
                                        kernel::PoolAttr pool,
                                        llvm::ArrayRef<int64_t> windows);

/// How convolutions are lowered: kernel.conv by the algorithm that it names;
/// and products of matrices, which share their register tiles.
llvm::SmallVector<KernelLowering> getConvolutionLowerings();

} // namespace toeplitz

#endif
