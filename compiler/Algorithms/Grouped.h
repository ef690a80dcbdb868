// What grouped and depthwise convolutions share, of which the latter have one
// channel in each group.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_GROUPED_H
#define TOEPLITZ_COMPILER_ALGORITHMS_GROUPED_H

#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Algorithms/LaneInputs.h"

namespace toeplitz {

ChannelGroups getChannelGroups(const Convolution &convolution);

/// The schedule of a convolution that has a spatial dimension.
ConvolutionSchedule scheduleGrouped(const Convolution &convolution,
                                    kernel::TargetAttr target);

/// The packed filter: block by block of output channels, tap by tap of the
/// outer dimensions, input channel by channel of a group, tap by tap of the
/// last dimension: a vector of output channels.
int64_t getGroupedFilterSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr target);
void packGroupedFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule,
                       kernel::TargetAttr target, llvm::ArrayRef<float> filter,
                       llvm::MutableArrayRef<float> packed);

int64_t countGroupedTasks(kernel::ConvOp op);
llvm::LogicalResult emitGrouped(kernel::ConvOp op, KernelBuilder &kernel);

} // namespace toeplitz

#endif
