// The parts of Winograd's algorithm that have files of their own.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_WINOGRAD_H
#define TOEPLITZ_COMPILER_ALGORITHMS_WINOGRAD_H

#include "compiler/Algorithms/WinogradPlan.h"

namespace toeplitz {

/// Transforms the filter in double: U = G g G^T of each output channel of all
/// groups, input channel of its group and tap of the depth, row by row.
void transformWinogradFilter(
    const WinogradPlan &plan, llvm::ArrayRef<float> filter,
    llvm::function_ref<void(int64_t output, int64_t input, int64_t tap,
                            llvm::ArrayRef<double> values)>
        take);

/// Packs the filter, transformed (in double, rounded once) or for kernels that
/// transform it: see WinogradPlan::getFilterSize.
void packWinogradFilter(const Convolution &convolution,
                        const ConvolutionSchedule &schedule,
                        kernel::TargetAttr target, llvm::ArrayRef<float> filter,
                        llvm::MutableArrayRef<float> packed);

/// Algorithm::boundError of Winograd's algorithm.
double boundWinogradError(const Convolution &convolution,
                          const ConvolutionSchedule &schedule,
                          llvm::ArrayRef<float> filter, double inputBound);

/// Algorithm::estimateTypicalError of Winograd's algorithm.
double estimateTypicalWinogradError(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule);

/// Algorithm::declinesPool of Winograd's algorithm.
std::optional<std::string>
declinesPoolOfWinograd(kernel::ConvOp op, kernel::PoolAttr pool,
                       llvm::ArrayRef<int64_t> windows);

/// Writes the body of one task.
void emitWinograd(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
