#include "compiler/Schedule/Layout.h"

#include "compiler/Transforms/Constants.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace toeplitz {

Value createEmpty(OpBuilder &builder, Location location,
                  RankedTensorType type) {
  return tensor::EmptyOp::create(builder, location, type.getShape(),
                                 type.getElementType());
}

bool isBlockable(RankedTensorType plain) { return plain.getRank() >= 2; }

RankedTensorType getBlockedType(RankedTensorType plain, int64_t lanes) {
  SmallVector<int64_t> shape(plain.getShape());
  shape[1] = llvm::divideCeilSigned(shape[1], lanes);
  shape.push_back(lanes);
  return RankedTensorType::get(shape, plain.getElementType());
}

/// The dimensions of N x C x I with those of N x C x I x 1.
static SmallVector<ReassociationIndices> groupLastTwo(int64_t rank) {
  SmallVector<ReassociationIndices> groups;
  for (int64_t d = 0; d < rank; ++d)
    groups.push_back({d});
  groups.back().push_back(rank);
  return groups;
}

Value viewAsBlocked(OpBuilder &builder, Location location, Value plain) {
  auto type = cast<RankedTensorType>(plain.getType());
  if (Value source = getBlockedSource(plain, 1))
    return source;
  return tensor::ExpandShapeOp::create(builder, location,
                                       getBlockedType(type, 1), plain,
                                       groupLastTwo(type.getRank()));
}

Value viewAsPlain(OpBuilder &builder, Location location, Value blocked,
                  RankedTensorType plain) {
  return tensor::CollapseShapeOp::create(builder, location, plain, blocked,
                                         groupLastTwo(plain.getRank()));
}

/// A reorder into a new tensor of this type, or the input of the reorder that
/// undoes it.
static Value reorder(OpBuilder &builder, Location location, Value input,
                     RankedTensorType type, int64_t channels) {
  if (auto inverse = input.getDefiningOp<kernel::ReorderOp>())
    if (inverse.getInput().getType() == type &&
        int64_t(inverse.getChannels()) == channels)
      return inverse.getInput();
  Value init = createEmpty(builder, location, type);
  return kernel::ReorderOp::create(builder, location, TypeRange(type), input,
                                   init, channels)
      ->getResult(0);
}

Value getBlockedSource(Value plain, int64_t lanes) {
  auto type = cast<RankedTensorType>(plain.getType());
  if (lanes == 1) {
    // The two layouts differ in nothing but the shape.
    auto view = plain.getDefiningOp<tensor::CollapseShapeOp>();
    bool blocked = view && isBlockable(type) &&
                   view.getSrc().getType() == getBlockedType(type, 1);
    return blocked ? view.getSrc() : Value();
  }
  auto producer = plain.getDefiningOp<kernel::ReorderOp>();
  if (!producer || producer.isPack() || !isBlockable(type) ||
      producer.getInput().getType() != getBlockedType(type, lanes))
    return nullptr;
  return producer.getInput();
}

/// The elements of a constant N x C x I in the order of its blocked form.
static WeightBuffer packConstant(ArrayRef<float> values, RankedTensorType plain,
                                 int64_t lanes) {
  RankedTensorType blocked = getBlockedType(plain, lanes);
  WeightBuffer buffer(blocked.getNumElements());
  int64_t batch = plain.getDimSize(0);
  int64_t channels = plain.getDimSize(1);
  int64_t positions = plain.getNumElements() / (batch * channels);
  int64_t blocks = blocked.getDimSize(1);
  size_t read = 0;
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t i = 0; i < positions; ++i)
        buffer[((n * blocks + c / lanes) * positions + i) * lanes + c % lanes] =
            values[read++];
  return buffer;
}

/// Whether a slice takes every s-th position of all channels.
static bool isStridedSlice(tensor::ExtractSliceOp slice) {
  auto isWhole = [&](int64_t d) {
    return slice.getStaticSize(d) == slice.getSourceType().getDimSize(d);
  };
  return slice.getResultType().getRank() == slice.getSourceType().getRank() &&
         isBlockable(slice.getResultType()) && isWhole(0) && isWhole(1) &&
         llvm::any_of(slice.getStaticStrides(),
                      [](int64_t stride) { return stride > 1; });
}

/// Whether the tensor of a slice is packed as a whole: if slices that take
/// every s-th position are most of it. To read every second position costs as
/// much as all of them.
static bool isPackedWhole(tensor::ExtractSliceOp slice, int64_t lanes) {
  if (!slice || !isStridedSlice(slice))
    return false;
  RankedTensorType type = slice.getSourceType();
  int64_t elements = 0;
  for (Operation *user : slice.getSource().getUsers()) {
    auto reordered = dyn_cast<kernel::ReorderOp>(user);
    if (reordered && reordered.isPack() &&
        reordered.getInit().getType() == getBlockedType(type, lanes))
      return true;
    auto other = dyn_cast<tensor::ExtractSliceOp>(user);
    if (other && isStridedSlice(other))
      elements += other.getResultType().getNumElements();
  }
  return 2 * elements > type.getNumElements();
}

Value sliceBlocked(OpBuilder &builder, tensor::ExtractSliceOp slice,
                   Value blocked, int64_t lanes) {
  RankedTensorType type = getBlockedType(slice.getResultType(), lanes);
  SmallVector<int64_t> offsets(slice.getStaticOffsets());
  SmallVector<int64_t> strides(slice.getStaticStrides());
  offsets[1] /= lanes;
  offsets.push_back(0);
  strides.push_back(1);
  MLIRContext *context = builder.getContext();
  return tensor::ExtractSliceOp::create(
      builder, slice.getLoc(), type, blocked,
      getAsIndexOpFoldResult(context, offsets),
      getAsIndexOpFoldResult(context, type.getShape()),
      getAsIndexOpFoldResult(context, strides));
}

/// The same positions of the packed tensor.
static Value slicePacked(OpBuilder &builder, tensor::ExtractSliceOp slice,
                         int64_t lanes) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(slice.getSource());
  Value packed = pack(builder, slice.getLoc(), slice.getSource(), lanes);
  builder.setInsertionPoint(slice);
  return sliceBlocked(builder, slice, packed, lanes);
}

Value pack(OpBuilder &builder, Location location, Value plain, int64_t lanes) {
  auto type = cast<RankedTensorType>(plain.getType());
  RankedTensorType blocked = getBlockedType(type, lanes);
  if (std::optional<ConstantValues> values = readConstant(plain))
    return createConstant(builder, location, blocked,
                          packConstant(values->get(), type, lanes),
                          getConstantName(plain, "constant") + ".blocked");
  if (lanes == 1)
    return viewAsBlocked(builder, location, plain);
  auto slice = plain.getDefiningOp<tensor::ExtractSliceOp>();
  if (isPackedWhole(slice, lanes))
    return slicePacked(builder, slice, lanes);
  return reorder(builder, location, plain, blocked, type.getDimSize(1));
}

Value unpack(OpBuilder &builder, Location location, Value blocked,
             RankedTensorType plain) {
  if (blocked.getType() == getBlockedType(plain, 1))
    return viewAsPlain(builder, location, blocked, plain);
  return reorder(builder, location, blocked, plain, plain.getDimSize(1));
}

Value packChannels(OpBuilder &builder, Location location, Value channels,
                   int64_t lanes) {
  auto type = cast<RankedTensorType>(channels.getType());
  int64_t count = type.getDimSize(0);
  int64_t blocks = llvm::divideCeilSigned(count, lanes);
  auto result = RankedTensorType::get({blocks, lanes}, type.getElementType());
  if (std::optional<ConstantValues> values = readConstant(channels)) {
    WeightBuffer buffer(blocks * lanes);
    llvm::copy(values->get(), buffer.values().begin());
    return createSharedConstant(builder, location, result, std::move(buffer),
                                getConstantName(channels, "channels") +
                                    ".blocked");
  }
  auto withBatch = RankedTensorType::get({1, count}, type.getElementType());
  Value expanded =
      tensor::ExpandShapeOp::create(builder, location, withBatch, channels,
                                    ArrayRef<ReassociationIndices>{{0, 1}});
  Value blocked = pack(builder, location, expanded, lanes);
  return tensor::CollapseShapeOp::create(
      builder, location, result, blocked,
      ArrayRef<ReassociationIndices>{{0, 1}, {2}});
}

} // namespace toeplitz
