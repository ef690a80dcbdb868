// A convolution with a filter that the network computes can't have its weights
// packed when compiling. The importer writes it as the sum that it is,
//
//   y[n, g, f, o] += x[n, g, c, o * stride + k * dilation] * w[g, f, c, k]
//
// over c and k, of an x that is padded already. Here it becomes a matrix of
// the input's elements (im2col) and its products with the filters of a group:
//
//   columns[n, g, (c, k), o] = x[n, g, c, o * stride + k * dilation]
//   y[n, g, f, o] = sum over (c, k) of w[g, f, (c, k)] * columns[..]
//
// Source: Chellapilla et al. 2006, High Performance Convolutional Neural
// Networks for Document Processing.

#include "compiler/Schedule/ConvertComputedFilter.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Transforms/ConvolutionMaps.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// The largest matrix of columns, in elements: of larger images one is made for
/// some rows of the result after the other.
constexpr int64_t largestColumns = int64_t(1) << 22;
/// One that stays in the second-level cache is made where that takes no more
/// parts than this.
constexpr int64_t manyParts = 32;

/// The sizes of a convolution, of which the loops are n, g, f, o, c and k.
struct Sizes {
  int64_t batch, groups, filters, channels;
  SmallVector<int64_t> output, kernel, strides, dilations;

  int64_t getRank() const { return static_cast<int64_t>(output.size()); }
  int64_t countTaps() const { return channels * llvm::product_of(kernel); }
};

} // namespace

static RankedTensorType typeOf(Value value) {
  return cast<RankedTensorType>(value.getType());
}

/// The factor of a loop in an expression that is a sum of multiples of loops;
/// 0 if it isn't in it.
static int64_t getFactor(AffineExpr expression, unsigned loop) {
  if (auto dimension = dyn_cast<AffineDimExpr>(expression))
    return dimension.getPosition() == loop ? 1 : 0;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expression);
  if (!binary)
    return 0;
  if (expression.getKind() == AffineExprKind::Add)
    return getFactor(binary.getLHS(), loop) + getFactor(binary.getRHS(), loop);
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (expression.getKind() != AffineExprKind::Mul || !factor)
    return 0;
  return getFactor(binary.getLHS(), loop) * factor.getValue();
}

/// The sizes of what convolves, or nothing.
static std::optional<Sizes> matchConvolution(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      !llvm::all_of(op->getOperands(), [](Value operand) {
        auto type = dyn_cast<RankedTensorType>(operand.getType());
        return type && type.hasStaticShape() && type.getElementType().isF32();
      }))
    return std::nullopt;
  int64_t loops = op.getNumLoops(), rank = (loops - 4) / 2;
  if (rank < 1 || loops != 4 + 2 * rank ||
      typeOf(op.getInputs()[0]).getRank() != 3 + rank)
    return std::nullopt;
  ArrayRef<int64_t> image = typeOf(op.getInputs()[0]).getShape();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  Sizes sizes = {image[0], image[1], ranges[2], ranges[3 + rank],
                 {},       {},       {},        {}};
  AffineMap map = op.getIndexingMapsArray()[0];
  for (int64_t d = 0; d < rank; ++d) {
    sizes.output.push_back(ranges[3 + d]);
    sizes.kernel.push_back(ranges[4 + rank + d]);
    AffineExpr position = map.getResult(3 + d);
    sizes.strides.push_back(getFactor(position, 3 + d));
    sizes.dilations.push_back(getFactor(position, 4 + rank + d));
  }
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), 3 + rank, utils::IteratorType::parallel);
  if (op.getIndexingMapsArray() !=
          getConvolutionMaps(op.getContext(), sizes.strides, sizes.dilations) ||
      op.getIteratorTypesArray() != iterators || llvm::is_contained(ranges, 0))
    return std::nullopt;
  return sizes;
}

/// Joins some dimensions from one on.
static Value join(OpBuilder &builder, Location location, Value value,
                  ArrayRef<int64_t> counts) {
  SmallVector<ReassociationIndices> groups;
  int64_t next = 0;
  for (int64_t count : counts) {
    groups.emplace_back();
    for (int64_t i = 0; i < count; ++i)
      groups.back().push_back(next++);
  }
  return tensor::CollapseShapeOp::create(builder, location, value, groups);
}

/// columns[n, g, c, k, o], or the input itself where they have its elements.
static Value emitColumns(PatternRewriter &rewriter, Location location,
                         Value input, const Sizes &sizes) {
  int64_t rank = sizes.getRank();
  SmallVector<int64_t> shape = {sizes.batch, sizes.groups, sizes.channels};
  llvm::append_range(shape, sizes.kernel);
  llvm::append_range(shape, sizes.output);
  RankedTensorType type = typeOf(input).clone(shape);
  SmallVector<ReassociationIndices> withKernel = {{0}, {1}, {2}};
  if (type.getNumElements() == typeOf(input).getNumElements() &&
      llvm::product_of(sizes.kernel) == 1) {
    for (int64_t d = 0; d < rank; ++d)
      withKernel.back().push_back(3 + d);
    for (int64_t d = 0; d < rank; ++d)
      withKernel.push_back({3 + rank + d});
    // (The channel takes the kernel's dimensions of one element.)
    return tensor::ExpandShapeOp::create(rewriter, location, type, input,
                                         withKernel);
  }
  MLIRContext *context = rewriter.getContext();
  auto loop = [&](int64_t d) { return getAffineDimExpr(d, context); };
  SmallVector<AffineExpr> positions = {loop(0), loop(1), loop(2)};
  for (int64_t d = 0; d < rank; ++d)
    positions.push_back(loop(3 + rank + d) * sizes.strides[d] +
                        loop(3 + d) * sizes.dilations[d]);
  int64_t loops = 3 + 2 * rank;
  return linalg::GenericOp::create(
             rewriter, location, TypeRange(type), input,
             createEmpty(rewriter, location, type),
             {AffineMap::get(loops, 0, positions, context),
              rewriter.getMultiDimIdentityMap(loops)},
             SmallVector<utils::IteratorType>(loops,
                                              utils::IteratorType::parallel),
             [](OpBuilder &builder, Location location, ValueRange elements) {
               linalg::YieldOp::create(builder, location, elements[0]);
             })
      .getResult(0);
}

/// What the convolution adds up, of `columns` and filters: y[n, g, f, o], the
/// positions joined.
static Value emitProducts(PatternRewriter &rewriter, linalg::GenericOp op,
                          Value columns, Value filters, Value zero) {
  Location location = op.getLoc();
  ArrayRef<int64_t> from = typeOf(columns).getShape();
  RankedTensorType type = typeOf(columns).clone(
      {from[0], from[1], typeOf(filters).getDimSize(1), from[3]});
  Value init = linalg::FillOp::create(rewriter, location, zero,
                                      createEmpty(rewriter, location, type))
                   ->getResult(0);
  auto map = [&](ArrayRef<unsigned> loops) {
    return AffineMap::getMultiDimMapWithTargets(5, loops,
                                                rewriter.getContext());
  };
  SmallVector<utils::IteratorType> iterators(5, utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  auto products = linalg::GenericOp::create(
      rewriter, location, TypeRange(type), ValueRange{columns, filters}, init,
      {map({0, 1, 4, 3}), map({1, 2, 4}), map({0, 1, 2, 3})}, iterators);
  rewriter.cloneRegionBefore(op.getRegion(), products.getRegion(),
                             products.getRegion().begin());
  return products.getResult(0);
}

namespace {

struct ConvertComputedFilter : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    std::optional<Sizes> sizes = matchConvolution(op);
    if (!sizes)
      return rewriter.notifyMatchFailure(op, "isn't a convolution");
    // Columns are made once and read by each filter.
    constexpr int64_t fewestFilters = 4;
    if (sizes->filters < fewestFilters)
      return rewriter.notifyMatchFailure(op, "has too few filters in a group");
    auto fill = op.getOutputs()[0].getDefiningOp<linalg::FillOp>();
    if (!fill)
      return rewriter.notifyMatchFailure(op, "doesn't start with one number");

    Location location = op.getLoc();
    int64_t rank = sizes->getRank();
    Value filters =
        join(rewriter, location, op.getInputs()[1], {1, 1, 1 + rank});
    // Rows of the result, of the first spatial dimension, at a time.
    int64_t rows = sizes->output[0];
    int64_t columnsOfRow = sizes->batch * sizes->groups * sizes->countTaps() *
                           llvm::product_of(sizes->output) / rows;
    int64_t inCache = kernel::getTarget(op).getL2() / 4 / columnsOfRow;
    int64_t rowsAtATime =
        std::min(largestColumns / columnsOfRow,
                 std::max(inCache, llvm::divideCeilSigned(rows, manyParts)));
    rowsAtATime = std::clamp<int64_t>(rowsAtATime, 1, rows);
    SmallVector<Value> parts;
    for (int64_t row = 0; row < rows; row += rowsAtATime) {
      Sizes part = *sizes;
      part.output[0] = std::min(rowsAtATime, rows - row);
      Value columns = emitColumns(rewriter, location,
                                  takeRows(rewriter, op, part, row), part);
      Value products = emitProducts(
          rewriter, op,
          join(rewriter, location, columns, {1, 1, 1 + rank, rank}), filters,
          fill.getInputs()[0]);
      parts.push_back(products);
    }
    Value all = parts.size() == 1
                    ? parts[0]
                    : tensor::ConcatOp::create(rewriter, location, 3, parts)
                          .getResult();
    auto type = typeOf(op.getResult(0));
    SmallVector<ReassociationIndices> groups = {{0}, {1}, {2}, {}};
    for (int64_t d = 0; d < rank; ++d)
      groups.back().push_back(3 + d);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(op, type, all, groups);
    return success();
  }

private:
  /// The rows of the input that `part` reads from row `first` of the result on.
  static Value takeRows(PatternRewriter &rewriter, linalg::GenericOp op,
                        const Sizes &part, int64_t first) {
    Value input = op.getInputs()[0];
    SmallVector<int64_t> shape(typeOf(input).getShape());
    int64_t rows = (part.output[0] - 1) * part.strides[0] +
                   (part.kernel[0] - 1) * part.dilations[0] + 1;
    if (rows == shape[3])
      return input;
    SmallVector<int64_t> offsets(shape.size(), 0), ones(shape.size(), 1);
    offsets[3] = first * part.strides[0];
    shape[3] = rows;
    MLIRContext *context = rewriter.getContext();
    return tensor::ExtractSliceOp::create(
        rewriter, op.getLoc(), input, getAsIndexOpFoldResult(context, offsets),
        getAsIndexOpFoldResult(context, shape),
        getAsIndexOpFoldResult(context, ones));
  }
};

} // namespace

void toeplitz::populateComputedFilterPatterns(RewritePatternSet &patterns) {
  patterns.add<ConvertComputedFilter>(patterns.getContext());
}
