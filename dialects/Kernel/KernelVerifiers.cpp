// The constraints of the kernel dialect's operations, by the numbers that their
// descriptions give them.

#include "dialects/Kernel/Verifiers.h"

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::kernel;

LogicalResult SlotOp::verify() {
  if (static_cast<int64_t>(getCount()) < 1)
    return constraint(*this, 1) << "there must be at least one slot";
  if ((*this)->getParentOp()->getName().getStringRef() != "scf.forall")
    return constraint(*this, 1) << "it must stand in an scf.forall";
  return success();
}

/// Scale and shift of the input: for each channel, or for each image's.
static LogicalResult verifyPrologue(ConvOp conv) {
  ArrayRef<int64_t> input = shapeOf(conv.getInput());
  int64_t images = input[0], blocks = input[1], lanes = input.back();
  for (Value operand : {conv.getInputScale(), conv.getInputShift()})
    if (operand && shapeOf(operand) != ArrayRef<int64_t>({blocks, lanes}) &&
        shapeOf(operand) != ArrayRef<int64_t>({images, blocks, lanes}))
      return constraint(conv, 12)
             << "the input's scale and shift must have shape " << blocks << "x"
             << lanes << " or " << images << "x" << blocks << "x" << lanes
             << ", found " << operand.getType();
  return success();
}

/// Of a pool behind a convolution: what it makes of which positions.
static LogicalResult verifyPool(ConvOp conv, PoolAttr pool) {
  ArrayRef<int64_t> sizes = conv.getOutputSizes();
  ArrayRef<int64_t> result = shapeOf(conv.getInit());
  size_t rank = sizes.size();
  for (ArrayRef<int64_t> array :
       {pool.getKernel(), pool.getStrides(), pool.getDilations(),
        pool.getPaddingLow(), pool.getPaddingHigh()})
    if (rank == 0 || array.size() != rank)
      return constraint(conv, 13) << "the pool's arrays must have " << rank
                                  << " elements, at least 1";
  for (ArrayRef<int64_t> array :
       {pool.getKernel(), pool.getStrides(), pool.getDilations()})
    if (llvm::any_of(array, [](int64_t value) { return value < 1; }))
      return constraint(conv, 13) << "the pool's kernel sizes, strides and "
                                     "dilations must be at least 1";
  for (size_t d = 0; d < rank; ++d) {
    int64_t last = (result[2 + d] - 1) * pool.getStrides()[d];
    int64_t reach = (pool.getKernel()[d] - 1) * pool.getDilations()[d];
    if (last - pool.getPaddingLow()[d] >= sizes[d] ||
        reach < pool.getPaddingLow()[d])
      return constraint(conv, 13)
             << "a window of the pool lies outside of the " << sizes[d]
             << " positions of dimension " << d;
    int64_t next = last + pool.getStrides()[d] - pool.getPaddingLow()[d];
    if (next + reach < sizes[d] + pool.getPaddingHigh()[d])
      return constraint(conv, 13) << "the pool has room for more windows in "
                                     "dimension "
                                  << d;
  }
  if (conv.getResidual() ||
      llvm::any_of(conv.getOutputStrides(), [](int64_t s) { return s != 1; }) ||
      llvm::any_of(conv.getOutputOffsets(), [](int64_t o) { return o != 0; }))
    return constraint(conv, 14)
           << "a convolution with a pool must have no residual, output strides "
              "of 1 and output offsets of 0";
  return success();
}

LogicalResult ConvOp::verify() {
  ArrayRef<int64_t> input = shapeOf(getInput()), output = shapeOf(getInit());
  int64_t rank = static_cast<int64_t>(getKernel().size());
  if (rank > 3 || input.size() != static_cast<size_t>(rank) + 3 ||
      output.size() != input.size() ||
      (getResidual() && shapeOf(getResidual()).size() != input.size()))
    return constraint(*this, 1)
           << "input, result and residual must have rank D + 3 = " << rank + 3;
  for (ArrayRef<int64_t> array :
       {getStrides(), getDilations(), getPaddingLow(), getOutputSizes(),
        getOutputStrides(), getOutputOffsets()})
    if (static_cast<int64_t>(array.size()) != rank)
      return constraint(*this, 1) << "every array must have " << rank
                                  << " elements, found " << array.size();
  auto inChannels = static_cast<int64_t>(getInChannels());
  auto outChannels = static_cast<int64_t>(getOutChannels());
  if (input[1] * input.back() < inChannels)
    return constraint(*this, 2) << "the input holds " << input[1] * input.back()
                                << " of " << inChannels << " channels";
  if (output[1] * output.back() < outChannels)
    return constraint(*this, 2)
           << "the result holds " << output[1] * output.back() << " of "
           << outChannels << " channels";
  if (getResidual() && shapeOf(getResidual()) != output)
    return constraint(*this, 3) << "the residual must have the result's shape";
  if (getTile().size() != 2 || getTile()[0] < 1 || getTile()[1] < 1)
    return constraint(*this, 4) << "tile must be two numbers, at least 1";
  for (int64_t d = 0; d < rank; ++d)
    if (getKernel()[d] < 0 || getStrides()[d] < 1 || getDilations()[d] < 1 ||
        getOutputSizes()[d] < 1 || getOutputStrides()[d] < 1 ||
        getOutputOffsets()[d] < 0)
      return constraint(*this, 6)
             << "kernel sizes and output offsets must not be negative, and "
                "strides, dilations, output sizes and output strides be at "
                "least 1";
  if (getPool() && failed(verifyPool(*this, *getPool())))
    return failure();
  if (getUnpooled()) {
    SmallVector<int64_t> expected(output);
    llvm::copy(getOutputSizes(), expected.begin() + 2);
    if (!getPool() || shapeOf(getUnpooled()) != ArrayRef<int64_t>(expected))
      return constraint(*this, 15)
             << "'unpooled' must have the positions of a result that is pooled";
  }
  for (int64_t d = 0; d < rank && !getPool(); ++d) {
    int64_t last = (getOutputSizes()[d] - 1) * getOutputStrides()[d] +
                   getOutputOffsets()[d];
    if (last >= output[2 + d])
      return constraint(*this, 5) << "position " << last << " of dimension "
                                  << d << " lies outside of " << output[2 + d];
  }
  auto groups = static_cast<int64_t>(getGroups());
  if (groups < 1 || inChannels % groups != 0 || outChannels % groups != 0)
    return constraint(*this, 7)
           << groups << " groups don't divide " << inChannels << " and "
           << outChannels << " channels";
  int64_t blocks = output[1], lanes = output.back();
  if (getBias() && shapeOf(getBias()) != ArrayRef<int64_t>({blocks, lanes}))
    return constraint(*this, 8)
           << "the bias must have shape " << blocks << "x" << lanes;
  std::optional<ArrayRef<bool>> circular = getCircular();
  if (circular && static_cast<int64_t>(circular->size()) != rank)
    return constraint(*this, 11) << "circular must have " << rank
                                 << " elements, found " << circular->size();
  auto getLeastTransform = [&](size_t d) {
    return circular && (*circular)[d] ? 1
                                      : std::max<int64_t>(getKernel()[d], 1);
  };
  if (std::optional<ArrayRef<int64_t>> transform = getTransform())
    if (static_cast<int64_t>(transform->size()) != rank ||
        llvm::any_of(llvm::enumerate(*transform), [&](auto size) {
          return size.value() < getLeastTransform(size.index());
        }))
      return constraint(*this, 9) << "transform must be " << rank
                                  << " numbers, at least the kernel's sizes";
  if (getTransformsFilter() && !getTransform())
    return constraint(*this, 9) << "transforms_filter needs transform";
  if (getStructure() && shapeOf(getStructure()).size() != 1)
    return constraint(*this, 10) << "the structure must have one dimension";
  if (getScratch() && shapeOf(getScratch()).size() != 2)
    return constraint(*this, 10) << "the scratch memory must have two "
                                    "dimensions, rows and floats";
  if (getPrepared() && shapeOf(getPrepared()).size() != 1)
    return constraint(*this, 10) << "the prepared memory must have one "
                                    "dimension";
  return verifyPrologue(*this);
}

/// The constraint that pooling and resizing share: only positions differ.
static LogicalResult verifyBlockedPositions(Operation *op, Value input,
                                            Value init) {
  ArrayRef<int64_t> in = shapeOf(input), out = shapeOf(init);
  if (in.size() != out.size() || in.size() < 4 || in.size() > 6 ||
      in[0] != out[0] || in[1] != out[1] || in.back() != out.back())
    return constraint(op, 1) << "input and result must be blocked tensors that "
                                "differ in their positions alone";
  return success();
}

PoolAttr PoolOp::getWindow() {
  return PoolAttr::get(getContext(), getKind(), getKernel(), getStrides(),
                       getDilations(), getPaddingLow(), getPaddingHigh(),
                       getCountIncludePad(), getP());
}

LogicalResult PoolOp::verify() {
  if (failed(verifyBlockedPositions(*this, getInput(), getInit())))
    return failure();
  size_t rank = shapeOf(getInput()).size() - 3;
  for (ArrayRef<int64_t> array : {getKernel(), getStrides(), getDilations(),
                                  getPaddingLow(), getPaddingHigh()})
    if (array.size() != rank)
      return constraint(*this, 1)
             << "every array must have " << rank << " elements";
  for (ArrayRef<int64_t> array : {getKernel(), getStrides(), getDilations()})
    if (llvm::any_of(array, [](int64_t value) { return value < 1; }))
      return constraint(*this, 2)
             << "kernel sizes, strides and dilations must be at least 1";
  return success();
}

LogicalResult ResizeOp::verify() {
  return verifyBlockedPositions(*this, getInput(), getInit());
}

LogicalResult ReorderOp::verify() {
  ArrayRef<int64_t> plain = shapeOf(getInput()), blocked = shapeOf(getInit());
  if (!isPack())
    std::swap(plain, blocked);
  if (plain.size() + 1 != blocked.size() || plain.size() < 2)
    return constraint(*this, 1) << "the ranks must differ by one and the plain "
                                   "one be at least 2";
  int64_t lanes = blocked.back();
  int64_t channels = getChannels();
  if (plain[0] != blocked[0] || plain[1] != channels ||
      blocked[1] != (channels + lanes - 1) / lanes ||
      plain.drop_front(2) != blocked.drop_front(2).drop_back())
    return constraint(*this, 2) << "the shapes do not agree";
  return success();
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput()), out = shapeOf(getInit());
  if (in.size() != out.size() || getLow().size() != in.size() ||
      getHigh().size() != in.size())
    return constraint(*this, 1) << "low and high need an element for each "
                                   "dimension";
  for (size_t d = 0; d < in.size(); ++d)
    if (in[d] + getLow()[d] + getHigh()[d] != out[d])
      return constraint(*this, 1)
             << "dimension " << d << " is " << out[d] << ", expected "
             << in[d] + getLow()[d] + getHigh()[d];
  return success();
}

LogicalResult NormalizeOp::verify() {
  auto input = cast<ShapedType>(getInput().getType());
  if (shapeOf(getInput()) != shapeOf(getInit()) || getRows() < 1 ||
      getPositions() < 1 || input.getNumElements() % getRows() != 0 ||
      input.getNumElements() / getRows() % getPositions() != 0)
    return constraint(*this, 1)
           << "input and result must have one shape of rows of whole channels";
  int64_t parameters =
      getRowPeriod() * (input.getNumElements() / getRows()) / getPositions();
  for (Value value : {getScale(), getBias()})
    if (cast<ShapedType>(value.getType()).getNumElements() != parameters)
      return constraint(*this, 2)
             << "scale and bias must have " << parameters << " elements";
  return success();
}

LogicalResult NormalizeChannelsOp::verify() {
  ArrayRef<int64_t> shape = shapeOf(getInput());
  int64_t channels = getChannels();
  if (shape != shapeOf(getInit()) || shape.size() < 3)
    return constraint(*this, 1)
           << "input and result must have one shape of rank at least 3";
  if (channels < 1 ||
      shape[1] != llvm::divideCeilSigned(channels, shape.back()))
    return constraint(*this, 2)
           << channels << " channels must fill " << shape[1]
           << " blocks of vectors of " << shape.back();
  for (Value value : {getScale(), getBias()})
    if (shapeOf(value) != ArrayRef<int64_t>{shape[1], shape.back()})
      return constraint(*this, 3) << "scale and bias must have shape "
                                  << shape[1] << " x " << shape.back();
  return success();
}

/// Whether `sections` of equal length, the last one perhaps shorter, divide the
/// positions so that each has one.
static bool haveSections(int64_t positions, int64_t sections) {
  return positions >= 1 && sections >= 1 &&
         (sections - 1) * llvm::divideCeilSigned(positions, sections) <
             positions;
}

LogicalResult MomentsOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput()), out = shapeOf(getInit());
  if (in.size() < 3 || out.size() != 5)
    return constraint(*this, 1) << "the input must have rank 3 at least, the "
                                   "result rank 5";
  int64_t positions = 1;
  for (int64_t size : in.drop_front(2).drop_back())
    positions *= size;
  if (out[0] != in[0] || out[1] != in[1] || out[3] != 3 ||
      out[4] != in.back() || !haveSections(positions, out[2]))
    return constraint(*this, 2)
           << "the result must be " << in[0] << " x " << in[1] << " x S x 3 x "
           << in.back() << ", with a position of " << positions
           << " in each of S sections";
  return success();
}

LogicalResult NormalizationFactorsOp::verify() {
  ArrayRef<int64_t> in = shapeOf(getInput()), out = shapeOf(getInit());
  if (in.size() != 5 || in[3] != 3 || !haveSections(getPositions(), in[2]) ||
      out != ArrayRef<int64_t>{3, in[0], in[1], in[4]})
    return constraint(*this, 1)
           << "the moments must be N x blocks x S x 3 x V with a position in "
              "each section, the result 3 x N x blocks x V";
  int64_t channels = getChannels();
  if (channels < 1 || in[1] != llvm::divideCeilSigned(channels, in[4]))
    return constraint(*this, 2) << channels << " channels must fill " << in[1]
                                << " blocks of vectors of " << in[4];
  if (getGroups() < 1 || channels % getGroups() != 0)
    return constraint(*this, 3)
           << getGroups() << " groups don't divide " << channels << " channels";
  for (Value value : {getScale(), getBias()})
    if (shapeOf(value) != ArrayRef<int64_t>{channels})
      return constraint(*this, 4)
             << "scale and bias must have " << channels << " elements";
  return success();
}

LogicalResult LrnOp::verify() {
  if (shapeOf(getInput()) != shapeOf(getInit()) ||
      shapeOf(getInput()).size() < 2)
    return constraint(*this, 1)
           << "input and result must have one shape of rank at least 2";
  return success();
}

/// Whether a tensor of `shape` repeats to one of `whole`.
static bool isRepeatedIn(ArrayRef<int64_t> shape, ArrayRef<int64_t> whole) {
  return shape.size() == whole.size() &&
         llvm::all_of(llvm::zip(shape, whole), [](auto sizes) {
           auto [size, all] = sizes;
           return size == 1 || size == all;
         });
}

LogicalResult SoftmaxOp::verify() {
  if (shapeOf(getInput()) != shapeOf(getInit()) ||
      getAxis() >= shapeOf(getInput()).size())
    return constraint(*this, 1)
           << "input and result must have one shape that has dimension "
           << static_cast<int64_t>(getAxis());
  ArrayRef<int64_t> shape = shapeOf(getInput());
  bool isPlain = !getAddend() && getScale().convertToFloat() == 1.0f;
  if (!isPlain && getAxis() + 1 != shape.size())
    return constraint(*this, 2)
           << "a scale or an addend needs the last dimension as axis, found "
           << static_cast<int64_t>(getAxis());
  if (getAddend() && !isRepeatedIn(shapeOf(getAddend()), shape))
    return constraint(*this, 2)
           << "the addend must have dimensions of 1 or of the input, found "
           << getAddend().getType();
  return success();
}

LogicalResult MatmulOp::verify() {
  ArrayRef<int64_t> left = shapeOf(getLeft()), right = shapeOf(getRight());
  ArrayRef<int64_t> result = shapeOf(getInit());
  if (left.size() < 2 || left.size() != result.size() ||
      right.size() != result.size())
    return constraint(*this, 1) << "both inputs and the result must have the "
                                   "same rank of at least 2";
  int64_t rows = result.end()[-2], columns = result.end()[-1];
  if (left.end()[-2] != rows || right.end()[-1] != columns ||
      left.end()[-1] != right.end()[-2])
    return constraint(*this, 2)
           << "matrices of " << left.end()[-2] << " x " << left.end()[-1]
           << " and " << right.end()[-2] << " x " << right.end()[-1]
           << " can't be multiplied to one of " << rows << " x " << columns;
  for (auto [size, leftSize, rightSize] : llvm::zip_equal(
           result.drop_back(2), left.drop_back(2), right.drop_back(2)))
    for (int64_t input : {leftSize, rightSize})
      if (input != size && input != 1)
        return constraint(*this, 3) << "a batch dimension of size " << input
                                    << " doesn't repeat to " << size;
  return success();
}
