// The largest elements: see TopElements.h. A tournament: a line of n elements
// is cut into groups of about sqrt(n), and the best element of each group is
// known. A round takes the best of those, and looks for the next best of its
// group, which are sqrt(n) steps each, whatever the number of elements that are
// wanted.

#include "compiler/Frontend/Onnx/TopElements.h"

#include "compiler/Frontend/Onnx/Reduction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>

using namespace mlir;

namespace toeplitz {

/// Up to this many elements in a line, a group is all of them: its rounds are
/// short enough.
constexpr int64_t smallLine = 64;

static Value emitAnd(OpBuilder &builder, Location location, Value a, Value b) {
  return arith::AndIOp::create(builder, location, a, b);
}

static Value emitSelect(OpBuilder &builder, Location location, Value condition,
                        Value a, Value b) {
  return arith::SelectOp::create(builder, location, condition, a, b);
}

static Value toIndex(OpBuilder &builder, Location location, Value number) {
  return arith::IndexCastOp::create(builder, location, builder.getIndexType(),
                                    number);
}

/// A loop's position as an int64.
static Value getPosition(OpBuilder &builder, Location location,
                         int64_t dimension) {
  Value index = linalg::IndexOp::create(builder, location, dimension);
  return arith::IndexCastOp::create(builder, location, builder.getI64Type(),
                                    index);
}

static ElementType getKeyType(ElementType type) {
  if (!isFloatingPoint(type))
    return type;
  return getBitWidth(type) == 16   ? ElementType::Int16
         : getBitWidth(type) == 32 ? ElementType::Int32
                                   : ElementType::Int64;
}

/// An integer that is ordered as the element is, or the other way round.
static Value emitKey(OpBuilder &builder, Location location, Value element,
                     ElementType type, bool isReversed) {
  Type integer = getMlirType(getKeyType(type), builder.getContext());
  unsigned bits = integer.getIntOrFloatBitWidth();
  auto constant = [&](const APInt &value) -> Value {
    return arith::ConstantOp::create(builder, location,
                                     IntegerAttr::get(integer, value));
  };
  Value ones = constant(APInt::getAllOnes(bits));
  Value key = element;
  if (isFloatingPoint(type)) {
    key = arith::BitcastOp::create(builder, location, integer, key);
    // Of negative numbers, those with the larger magnitude are smaller.
    Value sign = arith::ShRSIOp::create(builder, location, key,
                                        constant(APInt(bits, bits - 1)));
    Value flip = emitAnd(builder, location, sign,
                         constant(APInt::getSignedMaxValue(bits)));
    key = arith::XOrIOp::create(builder, location, key, flip);
    // That makes -1 of negative zero.
    Value isZero = arith::CmpIOp::create(builder, location,
                                         arith::CmpIPredicate::eq, key, ones);
    key = emitSelect(builder, location, isZero, constant(APInt::getZero(bits)),
                     key);
  }
  return isReversed ? Value(arith::XOrIOp::create(builder, location, key, ones))
                    : key;
}

namespace {

/// An element: its key and its position in the line.
struct Contestant {
  Value key, position;
};

class Tournament {
public:
  Tournament(OnnxNode &node, OnnxValue lines, bool isLargest);

  OnnxValue emitPositions(int64_t count);

private:
  /// Whether an element is to come before another one.
  Value emitIsBefore(OpBuilder &builder, Location location, Contestant a,
                     Contestant b) const;
  /// The better one of two.
  Contestant emitBetter(OpBuilder &builder, Location location, Contestant a,
                        Contestant b) const;
  /// Tensors of elements that every other one is before.
  llvm::SmallVector<Value> emitLast(llvm::ArrayRef<int64_t> shape);
  /// linalg.generic whose results are contestants. The last of the loops is a
  /// reduction unless the results have its dimension.
  ValueRange emitLoops(
      int64_t rank, llvm::ArrayRef<Value> inputs,
      llvm::ArrayRef<AffineMap> inputMaps, llvm::ArrayRef<Value> starts,
      llvm::function_ref<Contestant(OpBuilder &, Location, ValueRange)> body);
  AffineMap getMap(int64_t rank, llvm::ArrayRef<unsigned> dimensions) const;

  Value emitKeys(bool isLargest);
  ValueRange emitGroupBests();
  ValueRange emitBest(ValueRange groups);
  /// The best element of the group of `best` that comes after it.
  ValueRange emitNext(ValueRange best);
  ValueRange emitUpdate(ValueRange groups, Value bestPositions,
                        ValueRange next);

  OnnxNode &node;
  OpBuilder &builder;
  Location location;
  OnnxValue lines;
  ElementType keyType;
  int64_t lineCount, size, groupCount, groupSize;
  /// [lines, groups, elements of a group].
  Value keys;
};

} // namespace

Tournament::Tournament(OnnxNode &node, OnnxValue lines, bool isLargest)
    : node(node), builder(node.getBuilder()), location(node.getLocation()),
      lines(lines), keyType(getKeyType(lines.type)) {
  lineCount = lines.getShape()[0];
  size = lines.getShape()[1];
  groupSize = size <= smallLine
                  ? size
                  : static_cast<int64_t>(std::sqrt(static_cast<double>(size)));
  groupCount = (size + groupSize - 1) / groupSize;
  keys = emitKeys(isLargest);
}

Value Tournament::emitIsBefore(OpBuilder &inner, Location at, Contestant a,
                               Contestant b) const {
  Value isLarger =
      emitCompare(inner, at, Comparison::Greater, a.key, b.key, keyType);
  Value isEqual =
      emitCompare(inner, at, Comparison::Equal, a.key, b.key, keyType);
  Value isEarlier = emitCompare(inner, at, Comparison::Less, a.position,
                                b.position, ElementType::Int64);
  return arith::OrIOp::create(inner, at, isLarger,
                              emitAnd(inner, at, isEqual, isEarlier));
}

Contestant Tournament::emitBetter(OpBuilder &inner, Location at, Contestant a,
                                  Contestant b) const {
  Value isBefore = emitIsBefore(inner, at, a, b);
  return {emitSelect(inner, at, isBefore, a.key, b.key),
          emitSelect(inner, at, isBefore, a.position, b.position)};
}

llvm::SmallVector<Value> Tournament::emitLast(llvm::ArrayRef<int64_t> shape) {
  Value position = emitNumber(builder, location, ElementType::Int64,
                              static_cast<double>(groupCount * groupSize));
  return {emitFilled(node, shape, emitSmallest(builder, location, keyType)),
          emitFilled(node, shape, position)};
}

AffineMap Tournament::getMap(int64_t rank,
                             llvm::ArrayRef<unsigned> dimensions) const {
  return AffineMap::getMultiDimMapWithTargets(rank, dimensions,
                                              builder.getContext());
}

ValueRange Tournament::emitLoops(
    int64_t rank, llvm::ArrayRef<Value> inputs,
    llvm::ArrayRef<AffineMap> inputMaps, llvm::ArrayRef<Value> starts,
    llvm::function_ref<Contestant(OpBuilder &, Location, ValueRange)> body) {
  int64_t kept = cast<RankedTensorType>(starts[0].getType()).getRank();
  llvm::SmallVector<unsigned> dimensions;
  for (int64_t d = 0; d < kept; ++d)
    dimensions.push_back(d);
  llvm::SmallVector<AffineMap> maps(inputMaps);
  maps.append(2, getMap(rank, dimensions));
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), kept, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, location, TypeRange(ValueRange(starts)), inputs, starts, maps,
      iterators, [&](OpBuilder &inner, Location at, ValueRange elements) {
        Contestant result = body(inner, at, elements);
        linalg::YieldOp::create(inner, at,
                                ValueRange{result.key, result.position});
      });
  return generic.getResults();
}

Value Tournament::emitKeys(bool isLargest) {
  llvm::SmallVector<int64_t> shape = {lineCount, groupCount, groupSize};
  return emitElementwise(
             node, llvm::ArrayRef<OnnxValue>(), shape, keyType,
             [&](OpBuilder &inner, Location at, ValueRange) {
               Value line = linalg::IndexOp::create(inner, at, 0);
               Value group = linalg::IndexOp::create(inner, at, 1);
               Value element = linalg::IndexOp::create(inner, at, 2);
               auto index = [&](int64_t value) -> Value {
                 return arith::ConstantIndexOp::create(inner, at, value);
               };
               Value position = arith::AddIOp::create(
                   inner, at,
                   arith::MulIOp::create(inner, at, group, index(groupSize)),
                   element);
               // The last group may have more places than there are elements.
               Value isInside = arith::CmpIOp::create(
                   inner, at, arith::CmpIPredicate::slt, position, index(size));
               Value source =
                   emitSelect(inner, at, isInside, position, index(size - 1));
               Value number = tensor::ExtractOp::create(
                   inner, at, lines.value, ValueRange{line, source});
               Value key = emitKey(inner, at, number, lines.type,
                                   /*isReversed=*/!isLargest);
               return emitSelect(inner, at, isInside, key,
                                 emitSmallest(inner, at, keyType));
             })
      .value;
}

ValueRange Tournament::emitGroupBests() {
  return emitLoops(
      3, keys, getMap(3, {0, 1, 2}), emitLast({lineCount, groupCount}),
      [&](OpBuilder &inner, Location at, ValueRange elements) {
        Value groupStart =
            arith::MulIOp::create(inner, at, getPosition(inner, at, 1),
                                  emitNumber(inner, at, ElementType::Int64,
                                             static_cast<double>(groupSize)));
        Value position = arith::AddIOp::create(inner, at, groupStart,
                                               getPosition(inner, at, 2));
        return emitBetter(inner, at, {elements[0], position},
                          {elements[1], elements[2]});
      });
}

ValueRange Tournament::emitBest(ValueRange groups) {
  AffineMap map = getMap(2, {0, 1});
  return emitLoops(2, {groups[0], groups[1]}, {map, map}, emitLast({lineCount}),
                   [&](OpBuilder &inner, Location at, ValueRange elements) {
                     return emitBetter(inner, at, {elements[0], elements[1]},
                                       {elements[2], elements[3]});
                   });
}

ValueRange Tournament::emitNext(ValueRange best) {
  AffineMap line = getMap(2, {0});
  // The places of a group are counted by a tensor that has nothing but their
  // number.
  Value places = makeEmpty(node, {groupSize}, ElementType::Int8);
  return emitLoops(
      2, {best[0], best[1], places}, {line, line, getMap(2, {1})},
      emitLast({lineCount}),
      [&](OpBuilder &inner, Location at, ValueRange elements) {
        Value width = emitNumber(inner, at, ElementType::Int64,
                                 static_cast<double>(groupSize));
        Value group = arith::DivUIOp::create(inner, at, elements[1], width);
        Value place = linalg::IndexOp::create(inner, at, 1);
        Value key = tensor::ExtractOp::create(
            inner, at, keys,
            ValueRange{linalg::IndexOp::create(inner, at, 0),
                       toIndex(inner, at, group), place});
        Value position = arith::AddIOp::create(
            inner, at, arith::MulIOp::create(inner, at, group, width),
            getPosition(inner, at, 1));
        Contestant sofar{elements[3], elements[4]};
        Value isOpen = emitIsBefore(inner, at, {elements[0], elements[1]},
                                    {key, position});
        Contestant better = emitBetter(inner, at, {key, position}, sofar);
        return Contestant{
            emitSelect(inner, at, isOpen, better.key, sofar.key),
            emitSelect(inner, at, isOpen, better.position, sofar.position)};
      });
}

ValueRange Tournament::emitUpdate(ValueRange groups, Value bestPositions,
                                  ValueRange next) {
  AffineMap whole = getMap(2, {0, 1}), line = getMap(2, {0});
  llvm::SmallVector<int64_t> shape = {lineCount, groupCount};
  return emitLoops(
      2, {groups[0], groups[1], bestPositions, next[0], next[1]},
      {whole, whole, line, line, line},
      {makeEmpty(node, shape, keyType),
       makeEmpty(node, shape, ElementType::Int64)},
      [&](OpBuilder &inner, Location at, ValueRange elements) {
        Value group =
            arith::DivUIOp::create(inner, at, elements[2],
                                   emitNumber(inner, at, ElementType::Int64,
                                              static_cast<double>(groupSize)));
        Value isChanged =
            emitCompare(inner, at, Comparison::Equal, group,
                        getPosition(inner, at, 1), ElementType::Int64);
        return Contestant{
            emitSelect(inner, at, isChanged, elements[3], elements[0]),
            emitSelect(inner, at, isChanged, elements[4], elements[1])};
      });
}

OnnxValue Tournament::emitPositions(int64_t count) {
  ValueRange groups = emitGroupBests();
  Value starts[] = {makeEmpty(node, {lineCount, count}, ElementType::Int64),
                    groups[0], groups[1]};
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, location, value);
  };
  auto loop = scf::ForOp::create(builder, location, index(0), index(count),
                                 index(1), ValueRange(starts));
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  ValueRange state = loop.getRegionIterArgs();
  ValueRange best = emitBest(state.drop_front());
  OpFoldResult zero = builder.getIndexAttr(0), one = builder.getIndexAttr(1);
  Value positions = tensor::InsertSliceOp::create(
      builder, location, best[1], state[0],
      llvm::ArrayRef<OpFoldResult>{zero, loop.getInductionVar()},
      llvm::ArrayRef<OpFoldResult>{builder.getIndexAttr(lineCount), one},
      llvm::ArrayRef<OpFoldResult>{one, one});
  ValueRange updated = emitUpdate(state.drop_front(), best[1], emitNext(best));
  scf::YieldOp::create(builder, location,
                       ValueRange{positions, updated[0], updated[1]});
  return {loop.getResult(0), ElementType::Int64};
}

OnnxValue emitTopPositions(OnnxNode &node, OnnxValue lines, int64_t count,
                           bool isLargest) {
  return Tournament(node, lines, isLargest).emitPositions(count);
}

} // namespace toeplitz
