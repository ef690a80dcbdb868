// Where the time of a network goes, layer by layer, beside what the machine can
// do: `toeplitz bench --layers`.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_LAYERTIMES_H
#define TOEPLITZ_TOOLS_TOEPLITZ_LAYERTIMES_H

#include "compiler/Verification/MachinePeak.h"
#include "tools/toeplitz/NativeNetwork.h"

namespace toeplitz {

struct LayerTimes {
  std::string network, processor;
  int threads = 1;
  MachinePeak peak;
  std::vector<TimedKernel> kernels;
  KernelTimes times;

  /// Seconds, operations a second and bytes a second of a kernel.
  double getSeconds(size_t kernel) const;
  double getGigaflops(size_t kernel) const;
  double getBandwidth(size_t kernel) const;
  /// All bytes that a kernel reads and writes, in units of 10^6.
  double getMegabytes(size_t kernel) const;
  /// All kernels' seconds.
  double getSum() const;
};

/// The same kernels by several numbers of threads.
struct ThreadTimes {
  int threads = 1;
  KernelTimes times;
};
struct LayerScaling {
  std::string network, processor;
  std::vector<TimedKernel> kernels;
  std::vector<ThreadTimes> times;
};

void writeLayerScalingText(const LayerScaling &scaling,
                           llvm::raw_ostream &stream);
void writeLayerScalingJson(const LayerScaling &scaling,
                           llvm::raw_ostream &stream);

void writeLayerTimesText(const LayerTimes &layers, llvm::raw_ostream &stream);
void writeLayerTimesJson(const LayerTimes &layers, llvm::raw_ostream &stream);
/// A roofline picture; see Roofline.cpp.
void writeRoofline(const LayerTimes &layers, llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
