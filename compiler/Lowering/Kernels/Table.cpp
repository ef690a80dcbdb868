#include "compiler/Lowering/Kernels/Table.h"

#include "compiler/Lowering/Kernels/Kernels.h"

using namespace toeplitz;

llvm::ArrayRef<KernelLowering> toeplitz::getKernelLowerings() {
  static const KernelLowering table[] = {
      getPoolLowering(),
      getReorderLowering(),
      getPadLowering(),
      getResizeLowering(),
      getMomentsLowering(),
      getNormalizationFactorsLowering(),
      getNormalizeLowering(),
      getNormalizeChannelsLowering(),
      getLrnLowering(),
      getSoftmaxLowering(),
      getTransposeLowering(),
      getGenericLowering("linalg.generic"),
      getGenericLowering("linalg.broadcast"),
      getGenericLowering("linalg.map"),
      getGenericLowering("linalg.fill"),
      getGenericLowering("memref.copy"),
  };
  return table;
}
