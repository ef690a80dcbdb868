// What the blocks of implicit-gemm and tensor-core-gemm do alike, and the
// kernel that adds up the partial sums of several splits.

#include "compiler/Algorithms/ImplicitGemmBlock.h"

#include "compiler/Lowering/Kernels/TaskDivision.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

ImplicitGemmBlock::ImplicitGemmBlock(KernelBuilder &kernel,
                                     const ImplicitGemm &gemm,
                                     const ConvolutionBuffers &buffers,
                                     int64_t threads)
    : block(kernel, threads), kernel(kernel), gemm(gemm), buffers(buffers) {
  int64_t columnTiles =
      llvm::divideCeilSigned(gemm.countPositions(), gemm.tile.positions);
  // Blocks that run together share the filter's tile.
  SmallVector<Index> place =
      kernel.delinearize(kernel.task, {gemm.countSplits(), gemm.groups,
                                       gemm.countChannelTiles(), columnTiles});
  split = place[0];
  group = place[1];
  channelTile = place[2];
  firstChannel = kernel.mul(place[2], number(gemm.tile.channels));
  firstColumn = kernel.mul(place[3], number(gemm.tile.positions));
}

Value ImplicitGemmBlock::both(Value a, Value b) {
  if (!a || !b)
    return a ? a : b;
  return arith::AndIOp::create(kernel.builder, kernel.location, a, b);
}

// --- elements of the data's matrix ------------------------------------------

/// The position of a column that exists.
static GemmPosition locateExisting(KernelBuilder &kernel,
                                   const ImplicitGemm &gemm, Index column) {
  GemmPosition position;
  position.column = column;
  SmallVector<int64_t> sizes = {gemm.batch};
  for (const Dimension &dimension : gemm.dimensions)
    sizes.push_back(dimension.output);
  SmallVector<Index> all = kernel.delinearize(column, sizes);
  position.image = all.front();
  position.output.assign(all.begin() + 1, all.end());
  return position;
}

Value ImplicitGemmBlock::columnExists(Index column) {
  if (!hasCutTiles())
    return {};
  return kernel.isLess(column, number(gemm.countPositions()));
}

GemmPosition ImplicitGemmBlock::locate(Index column) {
  Index last = number(gemm.countPositions() - 1);
  Index existing = hasCutTiles() ? kernel.min(column, last) : column;
  GemmPosition position = locateExisting(kernel, gemm, existing);
  position.exists = columnExists(column);
  return position;
}

void ImplicitGemmBlock::locateTap(const GemmPosition &position, Index tap,
                                  Row &row) {
  SmallVector<int64_t> kernelSizes;
  for (const Dimension &dimension : gemm.dimensions)
    kernelSizes.push_back(dimension.kernel);
  SmallVector<Index> taps = kernel.delinearize(tap, kernelSizes);
  for (auto [d, dimension] : llvm::enumerate(gemm.dimensions)) {
    Index at = kernel.sub(
        kernel.add(kernel.mul(position.output[d], number(dimension.stride)),
                   kernel.mul(taps[d], number(dimension.dilation))),
        number(dimension.paddingLow));
    row.place.push_back(at);
    if (dimension.alwaysReachesInput())
      continue;
    // As unsigned numbers, positions before the input are beyond it too.
    row.inside =
        both(row.inside,
             arith::CmpIOp::create(kernel.builder, kernel.location,
                                   arith::CmpIPredicate::ult, kernel.value(at),
                                   kernel.value(number(dimension.input))));
  }
}

ImplicitGemmBlock::Row ImplicitGemmBlock::findRow(const GemmPosition &position,
                                                  Index row) {
  int64_t depth = gemm.countTaps() * gemm.inChannels;
  Row found;
  found.inside = position.exists;
  if (depth % gemm.tile.depth != 0)
    found.inside = both(found.inside, kernel.isLess(row, number(depth)));
  found.channel = kernel.rem(row, number(gemm.inChannels));
  locateTap(position, kernel.div(row, number(gemm.inChannels)), found);
  return found;
}

SmallVector<Index> ImplicitGemmBlock::getIndices(const GemmPosition &position,
                                                 const Row &row,
                                                 Index further) {
  // No branch: the first element stands in for what doesn't exist.
  auto clamp = [&](Index index) -> Index {
    if (!row.inside)
      return index;
    return Value(arith::SelectOp::create(kernel.builder, kernel.location,
                                         row.inside, kernel.value(index),
                                         kernel.value(number(0))));
  };
  SmallVector<Index> indices = {
      position.image,
      clamp(kernel.add(kernel.mul(group, number(gemm.inChannels)),
                       kernel.add(row.channel, further)))};
  if (!gemm.withoutPositions)
    for (Index at : row.place)
      indices.push_back(clamp(at));
  indices.push_back(number(0));
  return indices;
}

Value ImplicitGemmBlock::load(const GemmPosition &position, const Row &row,
                              Index further) {
  Value loaded =
      kernel.loadFloat(buffers.input, getIndices(position, row, further));
  if (!row.inside)
    return loaded;
  return arith::SelectOp::create(
      kernel.builder, kernel.location, row.inside, loaded,
      kernel.floatConstant(0, kernel.builder.getF32Type()));
}

SmallVector<Value> ImplicitGemmBlock::loadColumn(const GemmPosition &position,
                                                 Index step,
                                                 ArrayRef<Index> runs,
                                                 int64_t length) {
  SmallVector<Value> values;
  Index first = kernel.mul(step, number(gemm.tile.depth));
  if (gemm.inChannels % gemm.tile.depth == 0) {
    // All rows of the step belong to one tap.
    Row row = findRow(position, first);
    for (Index run : runs)
      for (int64_t i = 0; i < length; ++i)
        values.push_back(load(position, row, kernel.add(run, number(i))));
    return values;
  }
  // As many as surely belong to one tap.
  int64_t together = gemm.inChannels % length == 0 ? length : 1;
  for (Index run : runs)
    for (int64_t i = 0; i < length; i += together) {
      Row row =
          findRow(position, kernel.add(first, kernel.add(run, number(i))));
      for (int64_t j = 0; j < together; ++j)
        values.push_back(load(position, row, number(j)));
    }
  return values;
}

bool toeplitz::hasCopyableRuns(const ImplicitGemm &gemm, MemRefType input,
                               kernel::TargetAttr target) {
  constexpr int64_t run = 8;
  Type element = input.getElementType();
  kernel::Precision precision = target.getPrecision();
  bool isRounded = (element.isBF16() && precision == kernel::Precision::BF16) ||
                   (element.isF16() && precision == kernel::Precision::F16);
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!isRounded || gemm.inChannels % run != 0 ||
      failed(input.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) || offset % run != 0 || strides[1] != 1)
    return false;
  for (auto [d, stride] : llvm::enumerate(strides))
    if (d != 1 && input.getDimSize(d) != 1 && stride % run != 0)
      return false;
  return true;
}

void ImplicitGemmBlock::startCopy(const GemmPosition &position, Index step,
                                  Index run, Value flat, Value destination,
                                  Index to) {
  Index first = kernel.mul(step, number(gemm.tile.depth));
  bool isOneTap = gemm.inChannels % gemm.tile.depth == 0;
  Row row = findRow(position, isOneTap ? first : kernel.add(first, run));
  auto [strides, offset] =
      cast<MemRefType>(buffers.input.getType()).getStridesAndOffset();
  Index place = number(0);
  for (auto [index, stride] : llvm::zip_equal(
           getIndices(position, row, isOneTap ? run : number(0)), strides))
    place = kernel.add(place, kernel.mul(index, number(stride)));
  block.startCopy(flat, place, destination, to, row.inside);
}

// --- steps ------------------------------------------------------------------

Index ImplicitGemmBlock::getFilterTile(Index step, int64_t size) {
  Index tile = kernel.add(kernel.mul(group, number(gemm.countChannelTiles())),
                          channelTile);
  Index row = kernel.add(kernel.mul(tile, number(gemm.countSteps())), step);
  return kernel.mul(row, number(size));
}

std::pair<Index, Index> ImplicitGemmBlock::getSteps() {
  Index firstStep = kernel.mul(split, number(gemm.countStepsOfSplit()));
  Index steps = number(gemm.countStepsOfSplit());
  if (gemm.countSteps() % gemm.countStepsOfSplit() != 0)
    steps = kernel.min(steps, kernel.sub(number(gemm.countSteps()), firstStep));
  return {firstStep, steps};
}

SmallVector<Value> ImplicitGemmBlock::addUp(int64_t countSums,
                                            const StagedStep &step) {
  auto [firstStep, steps] = getSteps();
  return addUpInStages(kernel, block, countSums, firstStep, steps, step);
}

SmallVector<Value> ImplicitGemmBlock::addUp(int64_t stages, int64_t countSums,
                                            const PipelinedStep &step) {
  auto [firstStep, steps] = getSteps();
  return addUpInPipeline(kernel, block, stages, countSums, firstStep, steps,
                         step);
}

// --- results ----------------------------------------------------------------

/// Where a part of a sum lies; the channel is counted over all groups.
static Index getPartialSumPlace(KernelBuilder &kernel, const ImplicitGemm &gemm,
                                Index split, Index channel, Index column) {
  int64_t channels = gemm.groups * gemm.outChannels;
  int64_t columns = gemm.countPositions();
  auto linearize = [&](Index outer, int64_t size, Index inner) {
    return kernel.add(kernel.mul(outer, kernel.constant(size)), inner);
  };
  return gemm.channelsLast
             ? linearize(linearize(split, columns, column), channels, channel)
             : linearize(linearize(split, channels, channel), columns, column);
}

Index ImplicitGemmBlock::getPartialSumPlace(Index channel, Index column) {
  return ::getPartialSumPlace(
      kernel, gemm, split,
      kernel.add(kernel.mul(group, number(gemm.outChannels)), channel), column);
}

void ImplicitGemmBlock::ifExists(Index channel, Value columnExists,
                                 llvm::function_ref<void()> body) {
  bool cutChannels = gemm.outChannels % gemm.tile.channels != 0;
  Value exists = both(
      cutChannels ? kernel.isLess(channel, number(gemm.outChannels)) : Value(),
      columnExists);
  if (exists)
    kernel.ifThen(exists, body);
  else
    body();
}

void ImplicitGemmBlock::ifExists(Index channel, Index column,
                                 llvm::function_ref<void()> body) {
  ifExists(channel, columnExists(column), body);
}

void ImplicitGemmBlock::store(Value sum, Index channel,
                              const GemmPosition &position) {
  ifExists(channel, position.exists, [&] {
    if (gemm.countSplits() == 1)
      finishElement(
          kernel, buffers, gemm.activation, sum, position.image,
          kernel.add(kernel.mul(group, number(gemm.outChannels)), channel),
          gemm.dimensions, position.output);
    else
      kernel.storeScalar(sum, buffers.prepared,
                         getPartialSumPlace(channel, position.column));
  });
}

static TaskDivision divideFinishing(const ImplicitGemm &gemm,
                                    kernel::TargetAttr target) {
  SmallVector<int64_t> sizes = {gemm.groups * gemm.outChannels,
                                gemm.countPositions()};
  if (gemm.channelsLast)
    std::swap(sizes[0], sizes[1]);
  return TaskDivision(target, sizes, /*workPerPoint=*/1);
}

int64_t toeplitz::countGemmTasks(const ImplicitGemm &gemm,
                                 kernel::TargetAttr target) {
  return gemm.countSplits() == 1 ? gemm.countBlocks()
                                 : divideFinishing(gemm, target).getCount();
}

/// The kernel that adds up the parts of each sum.
static void emitFinishing(KernelBuilder &kernel, const ImplicitGemm &gemm,
                          const ConvolutionBuffers &buffers) {
  divideFinishing(gemm, kernel.target)
      .forEach(kernel, [&](ArrayRef<Index> place) {
        Index channel = place[gemm.channelsLast ? 1 : 0];
        Index column = place[gemm.channelsLast ? 0 : 1];
        Value sum;
        for (int64_t split = 0; split < gemm.countSplits(); ++split) {
          Value part = kernel.loadScalar(
              buffers.prepared,
              getPartialSumPlace(kernel, gemm, kernel.constant(split), channel,
                                 column));
          sum = sum ? Value(arith::AddFOp::create(kernel.builder,
                                                  kernel.location, sum, part))
                    : part;
        }
        GemmPosition position = locateExisting(kernel, gemm, column);
        finishElement(kernel, buffers, gemm.activation, sum, position.image,
                      channel, gemm.dimensions, position.output);
      });
}

void toeplitz::emitGemm(KernelBuilder &kernel, const ImplicitGemm &gemm,
                        const ConvolutionBuffers &buffers,
                        llvm::function_ref<void()> emitBlock) {
  if (gemm.countSplits() == 1 || kernel.isPreparing())
    emitBlock();
  else
    emitFinishing(kernel, gemm, buffers);
}
