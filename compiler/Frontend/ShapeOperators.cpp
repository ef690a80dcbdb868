// Operators that move elements and compute nothing.

#include "compiler/Frontend/LayerBuilder.h"
#include "compiler/Frontend/Operators.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;

namespace toeplitz {

static llvm::FailureOr<Value> buildConcat(LayerBuilder &layer) {
  llvm::ArrayRef<int64_t> first = layer.getShape();
  int64_t rank = first.size();
  auto dimension = layer.getDimension("dim", 1, rank);
  if (failed(dimension))
    return failure();
  llvm::SmallVector<int64_t> shape(first);
  for (Value input : layer.getInputs().drop_front()) {
    llvm::SmallVector<int64_t> other(LayerBuilder::getShape(input));
    bool fits = other.size() == first.size();
    if (fits) {
      shape[*dimension] += other[*dimension];
      other[*dimension] = first[*dimension];
      fits = llvm::ArrayRef<int64_t>(other) == first;
    }
    if (!fits) {
      layer.error() << "inputs " << formatShape(layer.getShape()) << " and "
                    << formatShape(LayerBuilder::getShape(input))
                    << " can't be concatenated: all dimensions but dimension "
                    << *dimension << " must be the same";
      return failure();
    }
  }
  if (failed(layer.checkResultShape(shape)))
    return failure();
  if (layer.getInputs().size() == 1)
    return layer.getInput();
  return Value(tensor::ConcatOp::create(layer.getBuilder(), layer.getLocation(),
                                        *dimension, layer.getInputs()));
}

static llvm::FailureOr<Value> buildFlatten(LayerBuilder &layer) {
  llvm::ArrayRef<int64_t> input = layer.getShape();
  int64_t rank = input.size();
  auto start =
      layer.getDimension("start_dim", std::min<int64_t>(1, rank - 1), rank);
  auto end = layer.getDimension("end_dim", -1, rank);
  if (failed(start) || failed(end))
    return failure();
  if (*start > *end) {
    layer.error("start_dim") << "'start_dim' is dimension " << *start
                             << ", after 'end_dim', dimension " << *end;
    return failure();
  }
  llvm::SmallVector<int64_t> shape(input.take_front(*start));
  int64_t merged = 1;
  for (int64_t size : input.slice(*start, *end - *start + 1))
    merged *= size;
  shape.push_back(merged);
  llvm::append_range(shape, input.drop_front(*end + 1));
  if (failed(layer.checkResultShape(shape)))
    return failure();
  return layer.reshape(layer.getInput(), shape);
}

static llvm::FailureOr<Value> buildReshape(LayerBuilder &layer) {
  llvm::SmallVector<int64_t> shape = layer.getIntegers("shape");
  int64_t total =
      cast<RankedTensorType>(layer.getInput().getType()).getNumElements();
  int64_t known = 1;
  std::optional<size_t> open;
  bool fits = shape.size() <= maximumRank;
  for (auto [index, size] : llvm::enumerate(shape)) {
    if (size == -1) {
      fits &= !open;
      open = index;
    } else if (size > total / known) {
      fits = false;
    } else {
      known *= size;
    }
    if (!fits)
      break;
  }
  if (!fits || total % known != 0 || (!open && known != total)) {
    layer.error("shape") << "'shape' must have the " << total
                         << " elements of the input "
                         << formatShape(layer.getShape()) << " in at most "
                         << maximumRank
                         << " dimensions; one of them may be -1 and then "
                            "follows from the others";
    return failure();
  }
  if (open)
    shape[*open] = total / known;
  return layer.reshape(layer.getInput(), shape);
}

static llvm::FailureOr<Value> buildPermute(LayerBuilder &layer) {
  llvm::SmallVector<int64_t> dimensions = layer.getIntegers("dims");
  int64_t rank = layer.getShape().size();
  llvm::SmallBitVector seen(rank);
  for (int64_t &dimension : dimensions) {
    if (dimension < 0)
      dimension += rank;
    if (dimension >= 0 && dimension < rank)
      seen.set(dimension);
  }
  if (static_cast<int64_t>(dimensions.size()) != rank || !seen.all()) {
    layer.error("dims") << "'dims' must name each of the " << rank
                        << " dimensions of the input "
                        << formatShape(layer.getShape()) << " once";
    return failure();
  }
  return layer.transpose(layer.getInput(), dimensions);
}

/// Start and stop as in Python: negative ones count from the end, those beyond
/// the tensor stop at its border.
static llvm::FailureOr<Value> buildSlice(LayerBuilder &layer) {
  llvm::ArrayRef<int64_t> input = layer.getShape();
  auto dimension = layer.getDimension("dim", 0, input.size());
  if (failed(dimension))
    return failure();
  int64_t size = input[*dimension];
  auto position = [&](llvm::StringRef parameter, int64_t defaultValue) {
    int64_t value = layer.getInteger(parameter, defaultValue);
    return std::clamp<int64_t>(value < 0 ? value + size : value, 0, size);
  };
  int64_t start = position("start", 0);
  int64_t stop = position("stop", size);
  int64_t step = layer.getInteger("step", 1);
  if (start >= stop) {
    layer.error() << "the output would be empty: from " << start << " to "
                  << stop << " of the " << size << " positions of dimension "
                  << *dimension;
    return failure();
  }
  OpBuilder &builder = layer.getBuilder();
  llvm::SmallVector<OpFoldResult> offsets(input.size(),
                                          builder.getIndexAttr(0));
  llvm::SmallVector<OpFoldResult> strides(input.size(),
                                          builder.getIndexAttr(1));
  llvm::SmallVector<OpFoldResult> sizes;
  for (int64_t dimensionSize : input)
    sizes.push_back(builder.getIndexAttr(dimensionSize));
  offsets[*dimension] = builder.getIndexAttr(start);
  strides[*dimension] = builder.getIndexAttr(step);
  sizes[*dimension] = builder.getIndexAttr((stop - start + step - 1) / step);
  return Value(tensor::ExtractSliceOp::create(
      builder, layer.getLocation(), layer.getInput(), offsets, sizes, strides));
}

/// Only training and names need these.
static llvm::FailureOr<Value> buildIdentity(LayerBuilder &layer) {
  return layer.getInput();
}

llvm::ArrayRef<OperatorRule> getShapeOperators() {
  using Type = ParameterType;
  static const ParameterRule concat[] = {{"dim", Type::Position}};
  static const ParameterRule flatten[] = {{"start_dim", Type::Position},
                                          {"end_dim", Type::Position}};
  static const ParameterRule reshape[] = {
      {"shape", Type::Shape, Presence::Required}};
  static const ParameterRule permute[] = {
      {"dims", Type::Positions, Presence::Required}};
  static const ParameterRule slice[] = {
      {"dim", Type::Position, Presence::Required},
      {"start", Type::Position},
      {"stop", Type::Position},
      {"step", Type::Size}};
  static const ParameterRule dropout[] = {{"p", Type::NonNegative}};
  static const OperatorRule operators[] = {
      {"concat", 1, anyNumber, concat, buildConcat},
      {"flatten", 1, 1, flatten, buildFlatten},
      {"reshape", 1, 1, reshape, buildReshape},
      {"permute", 1, 1, permute, buildPermute},
      {"slice", 1, 1, slice, buildSlice},
      {"dropout", 1, 1, dropout, buildIdentity},
      {"identity", 1, 1, {}, buildIdentity}};
  return operators;
}

} // namespace toeplitz
