// What this machine can do at most, measured: the roofs of the roofline model.
//
// Source: Williams, Waterman and Patterson, Roofline: An Insightful Visual
// Performance Model for Multicore Architectures (CACM 52, 2009); the triad is
// that of McCalpin's STREAM.

#ifndef TOEPLITZ_COMPILER_VERIFICATION_MACHINEPEAK_H
#define TOEPLITZ_COMPILER_VERIFICATION_MACHINEPEAK_H

#include "compiler/Analysis/TargetDescription.h"

#include "mlir/Support/LLVM.h"

namespace toeplitz {

struct MachinePeak {
  /// Operations per second of fused multiply-adds on vectors that never leave
  /// the registers, in all threads together; in units of 10^9.
  double gigaflops = 0;
  /// Bytes per second of `a = b + s c` with each array counted once, in units
  /// of 10^9: on arrays much larger than the caches that can be asked for, and
  /// on arrays that fill half of each thread's second-level cache.
  double memoryBandwidth = 0, cacheBandwidth = 0;
};

/// Measures with code compiled for `target`, which this machine must be able to
/// run, by `threads` threads; takes a second and up to 400 MB. Errors
/// are reported.
mlir::FailureOr<MachinePeak> measureMachinePeak(const TargetDescription &target,
                                                int threads);

} // namespace toeplitz

#endif
