// Products of two tensors of matrices as kernel.matmul. In a linalg.generic
// that adds up left * right along one dimension k, a dimension of the result is
// one of
//
//   n: the last one, which `right` has and `left` hasn't (else they change
//      places)
//   m: the last one that `left` has and `right` hasn't
//   b: all others, which lie before them; an input that hasn't one repeats
//
// Operands whose dimensions lie in another order than b, m, k and b, k, n are
// transposed, as is a result that isn't b, m, n.

#include "compiler/Schedule/ConvertMatmul.h"

#include "compiler/Schedule/Layout.h"
#include "dialects/Kernel/KernelDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace toeplitz;

namespace {

/// The dimensions of the operation's loops.
struct MatmulDimensions {
  SmallVector<unsigned> batch;
  unsigned row = 0, column = 0, common = 0;
  /// Whether the second input is `left`.
  bool swapped = false;
};

/// Where an operand's dimensions lie and where they should.
struct Arrangement {
  /// The order in which to transpose: dimensions that no loop goes along come
  /// first.
  SmallVector<int64_t> order;
  /// How many of them there are.
  int64_t fixed = 0;
  /// For each loop of the wanted order, whether the operand has it.
  SmallVector<bool> present;

  bool isOrdered() const {
    return isIdentityPermutation(ArrayRef<int64_t>(order));
  }
};

} // namespace

static bool isMatrices(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape() && type.getElementType().isF32();
}

/// Whether a tensor is full of zeros.
static bool isZero(Value tensor) {
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_PosZeroFloat());
  if (auto splat = tensor.getDefiningOp<tensor::SplatOp>())
    return matchPattern(splat.getInput(), m_PosZeroFloat());
  return matchPattern(tensor, m_PosZeroFloat());
}

/// Whether a body yields result + first * second.
static bool addsProduct(Block &body) {
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!sum || std::distance(body.begin(), body.end()) != 3)
    return false;
  BlockArgument first = body.getArgument(0), second = body.getArgument(1);
  BlockArgument soFar = body.getArgument(2);
  Value term = sum.getLhs() == soFar ? sum.getRhs() : sum.getLhs();
  auto product = term.getDefiningOp<arith::MulFOp>();
  if (!product || (sum.getLhs() != soFar && sum.getRhs() != soFar))
    return false;
  Value a = product.getLhs(), b = product.getRhs();
  return (a == first && b == second) || (a == second && b == first);
}

/// Whether each of an operand's dimensions is a loop's, or has one element that
/// all read.
static bool isSimple(AffineMap map) {
  SmallVector<bool> seen(map.getNumDims(), false);
  for (AffineExpr expression : map.getResults()) {
    if (auto number = dyn_cast<AffineConstantExpr>(expression)) {
      if (number.getValue() != 0)
        return false;
      continue;
    }
    auto dimension = dyn_cast<AffineDimExpr>(expression);
    if (!dimension || seen[dimension.getPosition()])
      return false;
    seen[dimension.getPosition()] = true;
  }
  return true;
}

static std::optional<MatmulDimensions> findDimensions(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!llvm::all_of(maps, isSimple) || op.getNumReductionLoops() != 1 ||
      maps[2].getNumResults() + 1 != op.getNumLoops() ||
      !maps[2].isProjectedPermutation())
    return std::nullopt;
  MatmulDimensions dimensions;
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  dimensions.common = reductions[0];
  auto isIn = [&](unsigned loop, size_t operand) {
    return maps[operand].isFunctionOfDim(loop);
  };
  if (!isIn(dimensions.common, 0) || !isIn(dimensions.common, 1) ||
      maps[2].getNumResults() < 2)
    return std::nullopt;
  SmallVector<unsigned> loops;
  for (unsigned i = 0; i < maps[2].getNumResults(); ++i)
    loops.push_back(maps[2].getDimPosition(i));
  dimensions.column = loops.pop_back_val();
  dimensions.swapped = isIn(dimensions.column, 0);
  size_t left = dimensions.swapped ? 1 : 0, right = 1 - left;
  if (isIn(dimensions.column, left) || !isIn(dimensions.column, right))
    return std::nullopt;
  auto rows = llvm::find_if(llvm::reverse(loops), [&](unsigned loop) {
    return isIn(loop, left) && !isIn(loop, right);
  });
  if (rows == loops.rend())
    return std::nullopt;
  dimensions.row = *rows;
  for (unsigned loop : loops)
    if (loop != dimensions.row)
      dimensions.batch.push_back(loop);
  return dimensions;
}

/// `loops` is the wanted order.
static Arrangement arrange(AffineMap map, ArrayRef<unsigned> loops) {
  Arrangement arrangement;
  for (auto [i, expression] : llvm::enumerate(map.getResults()))
    if (isa<AffineConstantExpr>(expression))
      arrangement.order.push_back(static_cast<int64_t>(i));
  arrangement.fixed = static_cast<int64_t>(arrangement.order.size());
  for (unsigned loop : loops) {
    std::optional<unsigned> place =
        map.getResultPosition(getAffineDimExpr(loop, map.getContext()));
    arrangement.present.push_back(place.has_value());
    if (place)
      arrangement.order.push_back(*place);
  }
  return arrangement;
}

static Value transpose(PatternRewriter &rewriter, Location location,
                       Value input, ArrayRef<int64_t> order) {
  auto type = cast<RankedTensorType>(input.getType());
  Value init = createEmpty(
      rewriter, location, type.clone(applyPermutation(type.getShape(), order)));
  return linalg::TransposeOp::create(rewriter, location, input, init, order)
      ->getResult(0);
}

/// An operand with a dimension for each of the wanted loops.
static Value apply(PatternRewriter &rewriter, Location location, Value operand,
                   const Arrangement &arrangement) {
  if (!arrangement.isOrdered())
    operand = transpose(rewriter, location, operand, arrangement.order);
  if (arrangement.fixed > 0) {
    auto rank = static_cast<int64_t>(arrangement.order.size());
    SmallVector<ReassociationIndices> groups(rank - arrangement.fixed);
    for (int64_t d = 0; d < rank; ++d)
      groups[std::max<int64_t>(0, d - arrangement.fixed)].push_back(d);
    operand =
        tensor::CollapseShapeOp::create(rewriter, location, operand, groups);
  }
  if (llvm::all_of(arrangement.present, [](bool present) { return present; }))
    return operand;
  auto type = cast<RankedTensorType>(operand.getType());
  ArrayRef<int64_t> sizes = type.getShape();
  // (The last dimension is one that the operand has.)
  SmallVector<ReassociationIndices> groups(1);
  SmallVector<int64_t> shape;
  for (auto [d, present] : llvm::enumerate(arrangement.present)) {
    groups.back().push_back(static_cast<int64_t>(d));
    shape.push_back(present ? sizes.consume_front() : 1);
    if (present && d + 1 < arrangement.present.size())
      groups.emplace_back();
  }
  return tensor::ExpandShapeOp::create(rewriter, location, type.clone(shape),
                                       operand, groups);
}

namespace {

struct ConvertMatmul : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
        !llvm::all_of(op->getOperands(), isMatrices))
      return rewriter.notifyMatchFailure(op, "isn't of two f32 tensors");
    if (!addsProduct(op.getRegion().front()) ||
        !isZero(op.getDpsInitOperand(0)->get()))
      return rewriter.notifyMatchFailure(op, "isn't a sum of products");
    std::optional<MatmulDimensions> dimensions = findDimensions(op);
    if (!dimensions)
      return rewriter.notifyMatchFailure(op, "isn't of matrices");

    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<Value> inputs = op.getDpsInputs();
    if (dimensions->swapped) {
      std::swap(maps[0], maps[1]);
      std::swap(inputs[0], inputs[1]);
    }
    auto getLoops = [&](unsigned row, unsigned column) {
      SmallVector<unsigned> loops(dimensions->batch);
      loops.append({row, column});
      return loops;
    };
    auto [row, column, common] =
        std::tuple(dimensions->row, dimensions->column, dimensions->common);
    Arrangement left = arrange(maps[0], getLoops(row, common));
    Arrangement right = arrange(maps[1], getLoops(common, column));
    Arrangement result = arrange(maps[2], getLoops(row, column));
    SmallVector<int64_t> sizes = op.getStaticLoopRanges();
    if (llvm::is_contained(sizes, 0))
      return rewriter.notifyMatchFailure(op, "multiplies nothing");
    // A product with a vector reads its matrix once, which no tile makes fewer
    // times; and moving a matrix costs as much as a few rows of products.
    constexpr int64_t fewest = 2, fewestOfTransposed = 4;
    auto isEnough = [&](const Arrangement &moved, int64_t uses) {
      return uses >= (moved.isOrdered() ? fewest : fewestOfTransposed);
    };
    if (!isEnough(left, sizes[column]) || !isEnough(right, sizes[row]))
      return rewriter.notifyMatchFailure(op, "has too few rows or columns");

    Location location = op.getLoc();
    auto plainType = cast<RankedTensorType>(op.getResult(0).getType());
    RankedTensorType type =
        plainType.clone(applyPermutation(plainType.getShape(), result.order));
    auto matmul =
        kernel::MatmulOp::create(rewriter, location, TypeRange(type),
                                 apply(rewriter, location, inputs[0], left),
                                 apply(rewriter, location, inputs[1], right),
                                 createEmpty(rewriter, location, type));
    Value product = matmul->getResult(0);
    if (!result.isOrdered())
      product = transpose(rewriter, location, product,
                          invertPermutationVector(result.order));
    rewriter.replaceOp(op, product);
    return success();
  }
};

} // namespace

void toeplitz::populateMatmulPatterns(RewritePatternSet &patterns) {
  patterns.add<ConvertMatmul>(patterns.getContext());
}
