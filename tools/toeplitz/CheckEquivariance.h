// The claims of compiler/Analysis/Equivariance.h, tested on compiled code: the
// network runs on a random input and on that input shifted.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_CHECKEQUIVARIANCE_H
#define TOEPLITZ_TOOLS_TOEPLITZ_CHECKEQUIVARIANCE_H

#include "compiler/Analysis/Equivariance.h"
#include "tools/toeplitz/Compilation.h"
#include "tools/toeplitz/NativeNetwork.h"

namespace toeplitz {

struct EquivarianceCheckOptions {
  /// Of the random inputs.
  uint64_t seed = 1;
  /// Whether the algorithms of all convolutions add in the same order at all
  /// positions; then claims that round alike too are held to the bit.
  bool convolutionsRoundAlike = false;
  /// What a difference may be otherwise: in units of the largest magnitude of
  /// the output, and besides, for outputs whose terms cancel, absolutely.
  double relativeTolerance = 1e-4;
  double absoluteTolerance = 1e-6;
  /// Claims that many positions more at both ends than the analysis does: a
  /// test of the test.
  int64_t widening = 0;
};

/// One claim tested with one shift.
struct EquivarianceCheck {
  size_t axis = 0;
  size_t output = 0;
  /// Of the input, in positions.
  int64_t shift = 0;
  /// Positions of the output along the axis that were compared, and the
  /// elements that these are.
  int64_t positions = 0;
  int64_t elements = 0;
  /// Elements with other bits, and the largest difference among them.
  int64_t differing = 0;
  double largestDifference = 0;
  /// The largest magnitude of the output.
  double largestOutput = 0;
  bool isExact = false;
  bool holds = false;
};

/// Tests every claim about a shift, with several shifts each. Reports what is
/// wrong with running the network, not claims that don't hold.
llvm::FailureOr<std::vector<EquivarianceCheck>>
checkEquivariance(LoadedNetwork &network, const EquivarianceClaims &claims,
                  const EquivarianceCheckOptions &options);

/// Whether all convolutions of a network at the stage `schedule` have
/// algorithms that add the same products in the same order at every position.
bool convolutionsRoundAlike(mlir::ModuleOp module);

/// Compiles the network at `path`, which `compilation` has loaded, and tests
/// its claims. `options` need not say how convolutions round. Reports what is
/// wrong with the network, not claims that don't hold.
llvm::FailureOr<std::vector<EquivarianceCheck>>
testEquivariance(llvm::StringRef path, Compilation &compilation,
                 const CompilationOptions &compilationOptions,
                 const EquivarianceClaims &claims,
                 EquivarianceCheckOptions options, int threads = 1);

/// "shift by 2 along dimension 3: output 'y' ...".
std::string describeCheck(const EquivarianceCheck &check,
                          const EquivarianceClaims &claims);

} // namespace toeplitz

#endif
