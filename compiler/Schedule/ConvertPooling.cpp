#include "compiler/Schedule/ConvertPooling.h"

#include "compiler/Schedule/Layout.h"
#include "compiler/Schedule/LayoutPattern.h"
#include "dialects/CNN/CNNDialect.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace toeplitz;

namespace {

struct ConvertPool : LayoutPattern<cnn::PoolOp> {
  using LayoutPattern<cnn::PoolOp>::LayoutPattern;

  LogicalResult matchAndRewrite(cnn::PoolOp op,
                                PatternRewriter &rewriter) const override {
    if (isPlainMean(op)) {
      rewriter.replaceOp(op, emitMean(op, rewriter));
      return success();
    }
    Location location = op.getLoc();
    RankedTensorType type =
        getBlockedType(cast<RankedTensorType>(op.getResult().getType()), lanes);
    Value input = pack(rewriter, location, op.getInput(), lanes);
    Value init = createEmpty(rewriter, location, type);
    auto pool = kernel::PoolOp::create(
        rewriter, location, TypeRange(type), op.getKind(), input, init,
        op.getKernel(), op.getStrides(), op.getDilations(), op.getPaddingLow(),
        op.getPaddingHigh(), op.getCountIncludePad(), op.getP());
    rewriter.replaceOp(
        op, unpack(rewriter, location, pool->getResult(0),
                   cast<RankedTensorType>(op.getResult().getType())));
    return success();
  }

private:
  /// Whether it is the mean of all positions of a tensor that isn't blocked:
  /// rows that lie together, for which blocks would have to be made. (On a GPU
  /// no tensor is blocked.)
  bool isPlainMean(cnn::PoolOp op) const {
    auto isZero = [](int64_t size) { return size == 0; };
    return lanes > 1 && op.getKind() == cnn::PoolKind::Average &&
           op.getKernel() == op.getInput().getType().getShape().drop_front(2) &&
           llvm::all_of(op.getPaddingLow(), isZero) &&
           llvm::all_of(op.getPaddingHigh(), isZero) &&
           llvm::all_of(op.getDilations(), [](int64_t d) { return d == 1; }) &&
           op.getResult().getType().getNumElements() ==
               op.getInput().getType().getDimSize(0) *
                   op.getInput().getType().getDimSize(1) &&
           !getBlockedSource(op.getInput(), lanes);
  }

  /// The sum of each row, divided by its length.
  static Value emitMean(cnn::PoolOp op, PatternRewriter &rewriter) {
    Location location = op.getLoc();
    RankedTensorType from = op.getInput().getType();
    int64_t rank = from.getRank();
    auto sums = RankedTensorType::get(from.getShape().take_front(2),
                                      from.getElementType());
    int64_t count = from.getNumElements() / sums.getNumElements();
    auto number = [&](OpBuilder &builder, float value) -> Value {
      return arith::ConstantOp::create(builder, location,
                                       builder.getF32FloatAttr(value));
    };
    Value init = linalg::FillOp::create(rewriter, location, number(rewriter, 0),
                                        createEmpty(rewriter, location, sums))
                     ->getResult(0);
    AffineMap all = rewriter.getMultiDimIdentityMap(rank);
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::reduction);
    iterators[0] = iterators[1] = utils::IteratorType::parallel;
    Value sum =
        linalg::GenericOp::create(
            rewriter, location, TypeRange(sums), op.getInput(), init,
            {all, all.getMajorSubMap(2)}, iterators,
            [](OpBuilder &builder, Location location, ValueRange arguments) {
              Value next = arith::AddFOp::create(builder, location,
                                                 arguments[0], arguments[1]);
              linalg::YieldOp::create(builder, location, next);
            })
            ->getResult(0);
    AffineMap identity = rewriter.getMultiDimIdentityMap(2);
    Value mean =
        linalg::GenericOp::create(
            rewriter, location, TypeRange(sums), sum,
            createEmpty(rewriter, location, sums), {identity, identity},
            SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
            [&](OpBuilder &builder, Location location, ValueRange arguments) {
              Value quotient = arith::DivFOp::create(
                  builder, location, arguments[0],
                  number(builder, static_cast<float>(count)));
              linalg::YieldOp::create(builder, location, quotient);
            })
            ->getResult(0);
    SmallVector<ReassociationIndices> groups = {{0}, {1}};
    for (int64_t d = 2; d < rank; ++d)
      groups.back().push_back(d);
    return tensor::ExpandShapeOp::create(
        rewriter, location, op.getResult().getType(), mean, groups);
  }
};

} // namespace

void toeplitz::populatePoolingPatterns(RewritePatternSet &patterns,
                                       int64_t lanes) {
  patterns.add<ConvertPool>(patterns.getContext(), lanes);
  // A global pool becomes one whose window is the whole input.
  cnn::GlobalPoolOp::getCanonicalizationPatterns(patterns,
                                                 patterns.getContext());
}
