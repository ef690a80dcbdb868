#include "compiler/Lowering/Kernels/Table.h"

#include "compiler/Lowering/Kernels/Kernels.h"

using namespace toeplitz;

llvm::ArrayRef<KernelLowering> toeplitz::getKernelLowerings() {
  static const KernelLowering table[] = {
      getPoolLowering(),
      getReorderLowering(),
      getPadLowering(),
      getResizeLowering(),
      getNormalizeLowering(),
      getLrnLowering(),
      getSoftmaxLowering(),
      getElementwiseLowering("linalg.generic"),
      getTransposeLowering(),
      getElementwiseLowering("linalg.broadcast"),
      getElementwiseLowering("linalg.map"),
      getElementwiseLowering("linalg.fill"),
      getCopyLowering(),
  };
  return table;
}
