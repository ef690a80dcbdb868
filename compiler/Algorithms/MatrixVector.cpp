// matrix-vector: outputs that read all of an image, on a GPU.
//
//   y[n, f] = sum over k of w[f, k] x[n, k],   k = (c, tap),
//
// for dense layers and for windows that are the whole input, of a few images.
// Each weight is needed once or a few times, so reading them is all that
// counts: threads share the rows of a few outputs, and read them in quadruples
// that lie side by side. Source: Nath, Tomov and Dongarra, Accelerating GPU
// Kernels for Dense Linear Algebra (VECPAR 2010).

#include "compiler/Algorithms/ConvolutionBuffers.h"
#include "compiler/Algorithms/RoundingError.h"
#include "compiler/Algorithms/Table.h"
#include "compiler/Lowering/Kernels/BlockReduction.h"
#include "compiler/Lowering/Kernels/BufferView.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>

using namespace mlir;
using namespace toeplitz;
using Index = KernelBuilder::Index;

/// Numbers that a thread loads at once, if they begin at a multiple of their
/// size.
static constexpr int64_t quad = 4;
static constexpr uint64_t quadBytes = quad * sizeof(float);
static_assert(quadBytes == bufferAlignment);
/// Images whose sums a thread keeps; of more, tiles need fewer loads.
static constexpr int64_t mostImages = 8;
/// Shorter sums leave nothing to share among the threads of a warp.
static constexpr int64_t fewestProducts = 32;
/// Sums of a thread: outputs times images. An element of the input serves all
/// outputs.
static constexpr int64_t usualSums = 4;
/// Teams of threads that fill a GPU of some 130 multiprocessors.
static constexpr int64_t wantedTeams = 264;

static std::optional<std::string> declines(const Convolution &convolution,
                                           kernel::TargetAttr target) {
  if (!target.isGpu())
    return "the target isn't a GPU";
  for (size_t d = 0; d < convolution.kernel.size(); ++d)
    if (convolution.kernel[d] != convolution.inputSizes[d] ||
        convolution.outputSizes[d] != 1 || convolution.paddingLow[d] != 0 ||
        (convolution.dilations[d] != 1 && convolution.kernel[d] != 1))
      return "an output isn't a sum over the whole input in spatial "
             "dimension " +
             std::to_string(d);
  if (convolution.batch > mostImages)
    return "there are " + std::to_string(convolution.batch) +
           " images, expected at most " + std::to_string(mostImages);
  int64_t products =
      convolution.inChannels / convolution.groups * convolution.getTaps();
  if (products < fewestProducts)
    return "a sum has " + std::to_string(products) +
           " products, expected at least " + std::to_string(fewestProducts);
  return std::nullopt;
}

namespace {

/// What the kernel works on.
struct Product {
  int64_t images, groups;
  /// The products of a sum, and the outputs of a group.
  int64_t depth, outputs;
  /// Outputs that threads compute together.
  int64_t together;

  int64_t countTeamsOfGroup() const {
    return llvm::divideCeilSigned(outputs, together);
  }
  /// From one row of the packed filter to the next, all of which begin at
  /// multiples of a quadruple.
  int64_t getRowSize() const { return llvm::alignTo(depth, quad); }
  RowDivision divide(kernel::TargetAttr target) const {
    return *divideRows(target, {groups * countTeamsOfGroup(), depth / quad});
  }
};

} // namespace

static int64_t chooseTogether(const Convolution &convolution) {
  int64_t together = std::max<int64_t>(1, usualSums / convolution.batch);
  while (together > 1 && convolution.outChannels / together < wantedTeams)
    together /= 2;
  return together;
}

static Product getProduct(const Convolution &convolution, int64_t together) {
  return {convolution.batch, convolution.groups,
          convolution.inChannels / convolution.groups * convolution.getTaps(),
          convolution.outChannels / convolution.groups, together};
}

static Product getProduct(kernel::ConvOp op) {
  auto input = cast<ShapedType>(op.getInput().getType());
  Product product;
  product.images = input.getDimSize(0);
  product.groups = op.getGroups();
  product.depth = input.getNumElements() / (product.images * product.groups);
  product.outputs = op.getOutChannels() / op.getGroups();
  product.together = op.getTile()[1];
  return product;
}

static std::vector<ConvolutionSchedule>
getSchedules(const Convolution &convolution, kernel::TargetAttr) {
  ConvolutionSchedule schedule;
  schedule.inputBlock = schedule.outputBlock = 1;
  schedule.groups = convolution.groups;
  schedule.tilePositions = convolution.batch;
  schedule.tileVectors = chooseTogether(convolution);
  return {schedule};
}

static ConvolutionCost estimateCost(const Convolution &convolution,
                                    const ConvolutionSchedule &schedule,
                                    kernel::TargetAttr) {
  Product product = getProduct(convolution, schedule.tileVectors);
  // Bytes that come from the device's memory and from its cache in a cycle: an
  // A100 has 1100 and 3600, an H100 1700 and 3200.
  constexpr double memoryRate = 1300, cacheRate = 3200;
  // The latency of a first load, of a last one, and of joining the threads.
  constexpr double start = 2000;
  ConvolutionCost cost;
  cost.multiplyAdds = convolution.getMultiplyAdds();
  cost.memoryBytes = sizeof(float) * static_cast<double>(product.groups) *
                     product.outputs * product.depth;
  cost.level2Bytes = cost.memoryBytes * product.images / product.together;
  cost.cycles =
      start + cost.memoryBytes / memoryRate + cost.level2Bytes / cacheRate;
  return cost;
}

static int64_t getPackedSize(const Convolution &convolution,
                             const ConvolutionSchedule &schedule,
                             kernel::TargetAttr) {
  return convolution.outChannels *
         getProduct(convolution, schedule.tileVectors).getRowSize();
}

/// The rows as they are, filled up to whole quadruples.
static void packFilter(const Convolution &convolution,
                       const ConvolutionSchedule &schedule, kernel::TargetAttr,
                       ArrayRef<float> filter, MutableArrayRef<float> packed) {
  Product product = getProduct(convolution, schedule.tileVectors);
  llvm::fill(packed, 0.0f);
  for (int64_t f = 0; f < convolution.outChannels; ++f)
    llvm::copy(filter.slice(f * product.depth, product.depth),
               packed.begin() + f * product.getRowSize());
}

namespace {

/// Writes what the threads of a block do.
class Emitter {
public:
  Emitter(kernel::ConvOp op, KernelBuilder &kernel)
      : op(op), kernel(kernel), product(getProduct(op)),
        buffers(getBuffers(op, kernel)),
        input(kernel, buffers.input,
              {product.images, product.groups, product.depth}),
        block(kernel, product.divide(kernel.target)) {}

  void emit();

private:
  Index number(int64_t value) { return kernel.constant(value); }
  bool hasAlignedInput();
  void locate();
  SmallVector<Value> loadQuad(int64_t image, Index first);
  SmallVector<Value> loadWeights(int64_t output, Index first);
  SmallVector<Value> addQuad(ValueRange sums, Index i);
  void finish(ArrayRef<Value> sums);

  kernel::ConvOp op;
  KernelBuilder &kernel;
  Product product;
  ConvolutionBuffers buffers;
  BufferView input;
  BlockReduction block;
  Index group;
  /// Of each output that the threads compute: its number in the whole result,
  /// the last one of the group in the place of those that don't exist.
  SmallVector<Index> channels;
  /// Whether it exists; null where all do.
  SmallVector<Value> exist;
};

} // namespace

/// Whether each quadruple of an image's group begins at a multiple of its size.
bool Emitter::hasAlignedInput() {
  auto type = cast<MemRefType>(buffers.input.getType());
  auto [strides, offset] = type.getStridesAndOffset();
  bool wholeRows =
      product.depth % quad == 0 || (product.images == 1 && product.groups == 1);
  // (The input is the first operand.)
  return kernel.buffersAligned[0] && input.hasVectors() &&
         !ShapedType::isDynamic(offset) && offset % quad == 0 && wholeRows &&
         (product.images == 1 || strides.front() % quad == 0);
}

void Emitter::locate() {
  Index teams = number(product.countTeamsOfGroup());
  group = kernel.div(block.row(), teams);
  Index first =
      kernel.mul(kernel.rem(block.row(), teams), number(product.together));
  for (int64_t i = 0; i < product.together; ++i) {
    Index inGroup = kernel.add(first, number(i));
    bool isCut = product.outputs % product.together != 0;
    exist.push_back(isCut ? kernel.isLess(inGroup, number(product.outputs))
                          : Value());
    if (isCut)
      inGroup = kernel.min(inGroup, number(product.outputs - 1));
    channels.push_back(
        kernel.add(kernel.mul(group, number(product.outputs)), inGroup));
  }
}

SmallVector<Value> Emitter::loadQuad(int64_t image, Index first) {
  SmallVector<Index> indices = {number(image), group, first};
  if (hasAlignedInput())
    return kernel.takeApart(input.load(indices, quad, quadBytes));
  SmallVector<Value> elements;
  for (int64_t i = 0; i < quad; ++i) {
    indices.back() = kernel.add(first, number(i));
    elements.push_back(input.load(indices));
  }
  return elements;
}

SmallVector<Value> Emitter::loadWeights(int64_t output, Index first) {
  Index row = kernel.mul(channels[output], number(product.getRowSize()));
  return kernel.takeApart(kernel.loadVector(
      buffers.filter, kernel.add(row, first), quad, quadBytes));
}

/// Adds the products of quadruple i to the sums, output by output.
SmallVector<Value> Emitter::addQuad(ValueRange before, Index i) {
  Index first = kernel.mul(i, number(quad));
  SmallVector<SmallVector<Value>> data, weights;
  for (int64_t output = 0; output < product.together; ++output)
    weights.push_back(loadWeights(output, first));
  for (int64_t image = 0; image < product.images; ++image)
    data.push_back(loadQuad(image, first));
  SmallVector<Value> sums(before);
  for (int64_t output = 0; output < product.together; ++output)
    for (int64_t image = 0; image < product.images; ++image)
      for (int64_t k = 0; k < quad; ++k) {
        Value &sum = sums[output * product.images + image];
        sum = kernel.multiplyAdd(weights[output][k], data[image][k], sum);
      }
  return sums;
}

/// Adds what is left of the rows behind their last quadruple, and writes the
/// outputs.
void Emitter::finish(ArrayRef<Value> sums) {
  SmallVector<Dimension> dimensions = getDimensions(op);
  SmallVector<Index> position(dimensions.size(), number(0));
  auto write = [&](int64_t output) {
    for (int64_t image = 0; image < product.images; ++image) {
      Value sum = sums[output * product.images + image];
      for (int64_t k = product.depth / quad * quad; k < product.depth; ++k) {
        Index weight = kernel.add(
            kernel.mul(channels[output], number(product.getRowSize())),
            number(k));
        sum = kernel.multiplyAdd(kernel.loadScalar(buffers.filter, weight),
                                 input.load({number(image), group, number(k)}),
                                 sum);
      }
      finishElement(kernel, buffers, op.getActivationAttr(), sum, number(image),
                    channels[output], dimensions, position);
    }
  };
  for (int64_t output = 0; output < product.together; ++output)
    if (exist[output])
      kernel.ifThen(exist[output], [&] { write(output); });
    else
      write(output);
}

void Emitter::emit() {
  locate();
  SmallVector<Value> zeros(
      product.together * product.images,
      kernel.floatConstant(0, kernel.builder.getF32Type()));
  SmallVector<Value> sums = block.reduce(
      zeros, [&](ValueRange before, Index i) { return addQuad(before, i); },
      [&](Value a, Value b) -> Value {
        return arith::AddFOp::create(kernel.builder, kernel.location, a, b);
      });
  block.once([&] { finish(sums); });
}

static int64_t countTasks(kernel::ConvOp op) {
  return getProduct(op).divide(kernel::getTarget(op)).countBlocks();
}

static LogicalResult emit(kernel::ConvOp op, KernelBuilder &kernel) {
  Emitter(op, kernel).emit();
  return success();
}

const Algorithm toeplitz::matrixVectorAlgorithm = [] {
  Algorithm algorithm = {"matrix-vector", declines,
                         getSchedules,    estimateCost,
                         boundSumError,   estimateTypicalSumError,
                         getPackedSize,   packFilter,
                         countTasks,      emit};
  algorithm.runsOnGpu = true;
  return algorithm;
}();
