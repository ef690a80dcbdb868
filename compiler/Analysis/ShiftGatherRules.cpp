// The rule for operations that read a tensor at positions that they compute
// from the number of their own position: y[…, o, …] = v[…, table(o), …], as
// gathers and resizes by tables are written. The positions are computed here
// too, one by one.

#include "compiler/Analysis/ShiftRules.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SetVector.h"
#include <cstring>

using namespace mlir;
using namespace toeplitz;

/// An element of a constant of whole numbers with one dimension.
static Attribute readTable(tensor::ExtractOp op, Attribute index) {
  auto constant = op.getTensor().getDefiningOp<arith::ConstantOp>();
  auto place = dyn_cast_if_present<IntegerAttr>(index);
  auto type = dyn_cast<IntegerType>(op.getType());
  if (!constant || !place || !type || op.getTensor().getType().getRank() != 1)
    return nullptr;
  int64_t position = place.getInt();
  if (position < 0 || position >= op.getTensor().getType().getDimSize(0))
    return nullptr;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(constant.getValue()))
    return IntegerAttr::get(type, dense.getValues<APInt>()[position]);
  auto resource = dyn_cast<DenseResourceElementsAttr>(constant.getValue());
  const AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  size_t size = type.getWidth() / 8;
  if (!blob || size == 0 || size > sizeof(int64_t) || type.getWidth() % 8 ||
      blob->getData().size() < (position + 1) * size)
    return nullptr;
  uint64_t bits = 0; // little-endian, as all that is compiled for
  std::memcpy(&bits, blob->getData().data() + position * size, size);
  return IntegerAttr::get(type, APInt(type.getWidth(), bits));
}

/// The value at one position of the loop; nothing when it depends on more than
/// that.
static Attribute evaluate(Value value, unsigned loop, int64_t position) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() > 0 || op->getNumResults() != 1)
    return nullptr;
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return index.getDim() == loop
               ? IntegerAttr::get(IndexType::get(op->getContext()), position)
               : nullptr;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return constant.getValue();
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return extract.getIndices().size() == 1
               ? readTable(extract,
                           evaluate(extract.getIndices()[0], loop, position))
               : nullptr;
  if (!isa<arith::ArithDialect>(op->getDialect()))
    return nullptr;
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(evaluate(operand, loop, position));
    if (!operands.back())
      return nullptr;
  }
  // Folding computes what has constant operands. It may give one of these back.
  SmallVector<OpFoldResult> results;
  Operation *copy = op->clone();
  bool isFolded = succeeded(copy->fold(operands, results)) && !results.empty();
  Attribute result =
      isFolded ? dyn_cast_if_present<Attribute>(results[0]) : nullptr;
  if (isFolded && !result)
    for (auto [operand, constant] : llvm::zip(op->getOperands(), operands))
      if (operand == cast<Value>(results[0]))
        result = constant;
  copy->destroy();
  return result;
}

/// The only loop whose number `value` is computed from.
static std::optional<unsigned> findLoop(Value value, Block *body) {
  llvm::SetVector<Operation *> slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.filter = [&](Operation *op) { return op->getBlock() == body; };
  if (failed(getBackwardSlice(value, &slice, options)))
    return std::nullopt;
  std::optional<unsigned> loop;
  for (Operation *op : slice)
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      if (loop && *loop != index.getDim())
        return std::nullopt;
      loop = index.getDim();
    }
  return loop;
}

ShiftState ShiftRules::visitGather(linalg::LinalgOp op) {
  auto fail = [](const Twine &reason) {
    return ShiftAlgebra::makeBroken(reason.str());
  };
  Block *body = op.getBlock();
  tensor::ExtractOp read;
  int64_t reads = 0;
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      if (inner != op && get(operand).kind == ShiftState::Equivariant) {
        ++reads;
        read = dyn_cast<tensor::ExtractOp>(inner);
      }
  });
  for (Value operand : op->getOperands())
    reads += get(operand).kind == ShiftState::Equivariant;
  if (reads != 1 || !read || read->getBlock() != body ||
      op.getNumDpsInits() != 1)
    return fail("it reads positions that it computes");

  const ShiftState &state = get(read.getTensor());
  Value index = read.getIndices()[state.dimension];
  std::optional<unsigned> loop = findLoop(index, body);
  if (!loop ||
      op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
    return fail("it reads positions that it computes from several numbers");
  // The number of the position serves that one purpose.
  for (Operation &inner : *body)
    if (auto number = dyn_cast<linalg::IndexOp>(inner))
      if (number.getDim() == *loop) {
        llvm::SetVector<Operation *> uses;
        ForwardSliceOptions options;
        options.filter = [&](Operation *use) { return use != read; };
        getForwardSlice(number.getResult(), &uses, options);
        bool isElsewhere = llvm::any_of(uses, [](Operation *use) {
          return use->hasTrait<OpTrait::IsTerminator>();
        });
        for (auto [d, other] : llvm::enumerate(read.getIndices()))
          isElsewhere |=
              int64_t(d) != state.dimension && findLoop(other, body) == loop;
        if (isElsewhere)
          return fail("it computes with the number of a position");
      }

  OpOperand *init = op.getDpsInitOperand(0);
  AffineMap map = op.getMatchingIndexingMap(init);
  std::optional<int64_t> place;
  for (auto [d, expression] : llvm::enumerate(map.getResults()))
    if (expression == getAffineDimExpr(*loop, op.getContext()))
      place = d;
  if (!place)
    return fail("it reads positions that it computes");
  int64_t size =
      cast<RankedTensorType>(init->get().getType()).getDimSize(*place);
  SmallVector<int64_t> table;
  for (int64_t o = 0; o < size; ++o) {
    auto position = dyn_cast_if_present<IntegerAttr>(evaluate(index, *loop, o));
    if (!position)
      return fail("it reads positions that are known only when it runs");
    table.push_back(position.getInt());
  }
  // The smallest step after which it goes on alike; one that is larger than
  // half of the table would compare its ends alone.
  for (int64_t step = 1; 2 * step <= size; ++step) {
    int64_t distance = table[step] - table[0];
    bool repeats = distance > 0;
    for (int64_t o = 0; repeats && o + step < size; ++o)
      repeats = table[o + step] - table[o] == distance;
    if (!repeats)
      continue;
    ShiftState result =
        algebra.gather(state, size, distance, step, [&](int64_t o) {
          return SmallVector<int64_t>{table[o]};
        });
    result.dimension = *place;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap other = op.getMatchingIndexingMap(&operand);
      for (auto [d, expression] : llvm::enumerate(other.getResults()))
        if (&operand != init && expression.isFunctionOfDim(*loop))
          result = joinValue(result, operand.get(), d);
    }
    return result;
  }
  return fail("it reads positions in an order of its own");
}
