// The phases of a convolution: strided, dilated and transposed convolutions as
// sets of convolutions without that property, in numbers. PhaseConvolutions.h
// makes operations of them.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PHASES_H
#define TOEPLITZ_COMPILER_TRANSFORMS_PHASES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace toeplitz {

/// One spatial dimension of a convolution: y[o] = sum over k < kernel of
/// w[k] x[o * stride + k * dilation - paddingLow], for o < outputs, with zeros
/// outside of 0 <= position < input. Of a transposed one: o = i * stride + k *
/// dilation - paddingLow.
struct SpatialDimension {
  int64_t input = 1, kernel = 1, stride = 1, dilation = 1, paddingLow = 0,
          outputs = 1;
};

/// One phase of one dimension. Output q of the phase is output outputOffset + q
/// * outputStride of the layer, its tap j is tap firstTap + j * tapStep of the
/// layer, and it reads position i = q * stride + j * dilation - paddingLow of
/// the input phase, which is position inputOffset + i * inputStride of the
/// layer's input.
struct Phase {
  int64_t inputOffset = 0, inputStride = 1;
  int64_t taps = 0, firstTap = 0, tapStep = 1;
  int64_t stride = 1, dilation = 1;
  /// Negative where the phase begins inside of its input.
  int64_t paddingLow = 0;
  int64_t outputOffset = 0, outputStride = 1, outputs = 1;
};

/// Stride s. Position o s + k d - p lies in the input phase b = (k d - p) mod
/// s, at o + floor((k d - p) / s): the taps k = k0 + j s/g with g = gcd(s, d)
/// read one phase, with stride 1 and dilation d/g. The results of the phases,
/// at most min(kernel, s/g) of them, are summed.
llvm::SmallVector<Phase> getStridePhases(const SpatialDimension &dimension);

/// Dilation d. The outputs o = r + q d/g with g = gcd(s, d) read positions of
/// the input phase b = (r s - p) mod d alone, at q s/g + k + floor((r s - p) /
/// d): stride s/g and no dilation. Every output belongs to one of the d/g
/// phases. Source: the a trous algorithm, Holschneider et al. 1989; as
/// space-to-batch in Chen et al. (arXiv:1606.00915).
llvm::SmallVector<Phase> getDilationPhases(const SpatialDimension &dimension);

/// A transposed convolution has y[o] = sum over k, i with o = i s + k d - p of
/// w[k] x[i]. For the outputs of one phase, o = s q + r, only the taps with k d
/// = r + p (mod s) take part: k = k0 + j s/g with g = gcd(s, d), and they read
/// i = q + (r + p - k0 d)/s - j d/g: a convolution over q with stride 1,
/// dilation d/g and the taps in reverse order. No multiplication by an inserted
/// zero is left. Source: Shi et al., Is the deconvolution layer the same as a
/// convolutional layer? (arXiv:1609.07009).
llvm::SmallVector<Phase> getTransposedPhases(const SpatialDimension &dimension);

/// A phase with the part of the layer's input that it reads cut out: the
/// padding is at least 0, and taps that meet padding alone are gone.
struct CutPhase {
  Phase phase;
  /// The part: positions offset + i * phase.inputStride of the layer's input,
  /// for i < size. 0: the phase reads nothing but zeros.
  int64_t offset = 0, size = 0;
  int64_t paddingHigh = 0;
};
CutPhase cutInput(Phase phase, int64_t input);

/// A convolution that computes a part of a layer: a phase in each dimension.
using Piece = llvm::SmallVector<CutPhase, 3>;

/// Whether a piece has nothing to add up: all of what it would read is zero.
bool readsNothing(const Piece &piece);

/// Every combination of the phases of each dimension, the last dimension's
/// fastest, those that read nothing last.
std::vector<Piece>
combinePhases(llvm::ArrayRef<SpatialDimension> dimensions,
              llvm::SmallVector<Phase> (*getPhases)(const SpatialDimension &));

/// Where the taps of a part stand among those of its layer, in row-major order
/// of the part: its tap j in dimension d is tap firstTaps[d] + j * steps[d].
llvm::SmallVector<int64_t> locateTaps(llvm::ArrayRef<int64_t> layerKernel,
                                      llvm::ArrayRef<int64_t> kernel,
                                      llvm::ArrayRef<int64_t> firstTaps,
                                      llvm::ArrayRef<int64_t> steps);

/// The rows of a filter (any number of them, each one value for each tap of the
/// layer) with the taps that were located alone. Row r of the result is row
/// `rowOf(r)`.
void gatherRows(llvm::ArrayRef<float> filter, int64_t layerTaps,
                llvm::ArrayRef<int64_t> taps,
                llvm::function_ref<int64_t(int64_t)> rowOf,
                llvm::MutableArrayRef<float> gathered);

/// Row c of output f of a convolution in the filter of the transposed
/// convolution, whose rows are inputs x outputs / groups: `row` counts the
/// convolution's rows, outputs x inputs / groups.
int64_t getTransposedRow(int64_t row, int64_t groupInputs,
                         int64_t groupOutputs);

} // namespace toeplitz

#endif
