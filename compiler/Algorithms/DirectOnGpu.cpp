#include "compiler/Algorithms/DirectOnGpu.h"

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/Geometry.h"
#include "compiler/Lowering/Kernels/BufferView.h"
#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

#include <algorithm>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

ConvolutionSchedule
toeplitz::scheduleDirectOnGpu(const Convolution &convolution) {
  ConvolutionSchedule schedule;
  schedule.inputBlock = schedule.outputBlock = 1;
  schedule.groups = convolution.groups;
  return schedule;
}

ConvolutionCost toeplitz::estimateDirectOnGpu(const Convolution &convolution) {
  ConvolutionCost cost;
  cost.multiplyAdds = convolution.getMultiplyAdds();
  // Of about 120 multiprocessors, each loads a number for 32 threads in a
  // cycle, and a multiply-add needs two; a thread waits for its loads before
  // the next product (measured: 300 cycles of an H100).
  constexpr double loadsPerCycle = 120 * 32, wait = 300;
  double products = static_cast<double>(convolution.inChannels) /
                    convolution.groups * convolution.getTaps();
  cost.cycles =
      std::max(2 * cost.multiplyAdds / loadsPerCycle, products * wait);
  return cost;
}

int64_t toeplitz::getDirectFilterSizeOnGpu(const Convolution &convolution) {
  return convolution.outChannels *
         (convolution.inChannels / convolution.groups) * convolution.getTaps();
}

/// Whether neighbouring threads compute neighbouring channels, not positions.
static bool dividesChannelsLast(kernel::ConvOp op) {
  auto type = dyn_cast<MemRefType>(op.getInit().getType());
  return type && hasChannelsLast(type);
}

/// Images x output channels x output positions; images x output positions x
/// output channels where the channels come last.
static SmallVector<int64_t> getOutputs(kernel::ConvOp op) {
  SmallVector<int64_t> sizes = {
      cast<ShapedType>(op.getInput().getType()).getDimSize(0),
      static_cast<int64_t>(op.getOutChannels())};
  for (const Dimension &dimension : getDimensions(op))
    sizes.push_back(dimension.output);
  if (dividesChannelsLast(op))
    std::rotate(sizes.begin() + 1, sizes.begin() + 2, sizes.end());
  return sizes;
}

static TaskDivision divide(kernel::ConvOp op) {
  return TaskDivision(kernel::getTarget(op), getOutputs(op),
                      /*workPerPoint=*/1);
}

int64_t toeplitz::countDirectTasksOnGpu(kernel::ConvOp op) {
  return divide(op).getCount();
}

namespace {

/// Writes one output.
class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), buffers(getBuffers(op, kernel)),
        dimensions(getDimensions(op)),
        inputs(op.getInChannels() / op.getGroups()),
        outputs(op.getOutChannels() / op.getGroups()) {
    for (const Dimension &dimension : dimensions)
      taps *= dimension.kernel;
  }

  void emit(ArrayRef<Index> output);

private:
  /// Adds the products of the taps in dimension `d` and the later ones.
  Value addTaps(size_t d, Index tap, Value sum);
  Value addProducts(Index tap, Value sum);

  Index number(int64_t value) { return kernel.constant(value); }

  kernel::ConvOp op;
  KernelBuilder &kernel;
  ConvolutionBuffers buffers;
  SmallVector<Dimension> dimensions;
  int64_t inputs, outputs, taps = 1;
  Index image, channel, group;
  SmallVector<Index> position;
  /// Where the tap that is visited lies in the input.
  SmallVector<Index> place;
};

Value Emitter::addProducts(Index tap, Value sum) {
  Index firstInput = kernel.mul(group, number(inputs));
  return kernel.forLoop(
      number(0), number(inputs), 1, sum,
      [&](Index c, ValueRange carried) -> SmallVector<Value> {
        SmallVector<Index> indices = {image, kernel.add(firstInput, c)};
        if (!op.getKernel().empty())
          llvm::append_range(indices, place);
        indices.push_back(number(0));
        Index weight = kernel.add(
            kernel.mul(kernel.add(kernel.mul(channel, number(inputs)), c),
                       number(taps)),
            tap);
        return {kernel.multiplyAdd(kernel.loadFloat(buffers.input, indices),
                                   kernel.loadScalar(buffers.filter, weight),
                                   carried[0])};
      })[0];
}

Value Emitter::addTaps(size_t d, Index tap, Value sum) {
  if (d == dimensions.size())
    return addProducts(tap, sum);
  const Dimension &dimension = dimensions[d];
  auto visit = [&](Index k, ValueRange carried) -> SmallVector<Value> {
    Index at =
        kernel.add(kernel.sub(kernel.mul(position[d], number(dimension.stride)),
                              number(dimension.paddingLow)),
                   kernel.mul(k, number(dimension.dilation)));
    auto add = [&] {
      place.push_back(at);
      Value added = addTaps(
          d + 1, kernel.add(kernel.mul(tap, number(dimension.kernel)), k),
          carried[0]);
      place.pop_back();
      return added;
    };
    if (dimension.alwaysReachesInput())
      return {add()};
    OpBuilder &builder = kernel.builder;
    Value inside = arith::CmpIOp::create(
        builder, kernel.location, arith::CmpIPredicate::ult, kernel.value(at),
        kernel.value(number(dimension.input)));
    auto branch =
        scf::IfOp::create(builder, kernel.location, carried[0].getType(),
                          inside, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(builder, kernel.location, add());
    builder.setInsertionPointToStart(branch.elseBlock());
    scf::YieldOp::create(builder, kernel.location, carried[0]);
    return {branch.getResult(0)};
  };
  return kernel.forLoop(number(0), number(dimension.kernel), 1, sum, visit)[0];
}

void Emitter::emit(ArrayRef<Index> output) {
  image = output[0];
  channel = output[1];
  group = kernel.div(channel, number(outputs));
  position.assign(output.begin() + 2, output.end());
  Type type = kernel.builder.getF32Type();
  Value sum = addTaps(0, number(0), kernel.floatConstant(0, type));
  finishElement(kernel, buffers, op.getActivationAttr(), sum, image, channel,
                dimensions, position);
}

} // namespace

void toeplitz::emitDirectOnGpu(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter emitter(op, kernel);
  divide(op).forEach(kernel, [&](ArrayRef<Index> place) {
    SmallVector<Index> output(place);
    if (dividesChannelsLast(op))
      std::rotate(output.begin() + 1, output.end() - 1, output.end());
    emitter.emit(output);
  });
}
