#include "compiler/Lowering/KernelBuilder.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <functional>

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

namespace {

// Addresses never wrap around: saying so lets LLVM strength-reduce them.
constexpr auto noWrap = arith::IntegerOverflowFlags::nsw;

} // namespace

// --- indices ----------------------------------------------------------------

Index KernelBuilder::constant(int64_t value) {
  return builder.getIndexAttr(value);
}

Value KernelBuilder::value(Index index) {
  return getValueOrCreateConstantIndexOp(builder, location, index);
}

Index KernelBuilder::add(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(*x + *y);
  if (x == 0)
    return b;
  if (y == 0)
    return a;
  return Value(
      arith::AddIOp::create(builder, location, value(a), value(b), noWrap));
}

Index KernelBuilder::sub(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(*x - *y);
  if (y)
    return add(a, constant(-*y));
  return Value(
      arith::SubIOp::create(builder, location, value(a), value(b), noWrap));
}

Index KernelBuilder::mul(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(*x * *y);
  if (x == 0 || y == 0)
    return constant(0);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return Value(
      arith::MulIOp::create(builder, location, value(a), value(b), noWrap));
}

Index KernelBuilder::div(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(*x / *y);
  if (x == 0)
    return constant(0);
  if (y == 1)
    return a;
  return Value(arith::DivUIOp::create(builder, location, value(a), value(b)));
}

Index KernelBuilder::rem(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(*x % *y);
  if (x == 0 || y == 1)
    return constant(0);
  return Value(arith::RemUIOp::create(builder, location, value(a), value(b)));
}

Index KernelBuilder::floorDiv(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(llvm::divideFloorSigned(*x, *y));
  if (x == 0)
    return constant(0);
  if (y == 1)
    return a;
  if (y && llvm::isPowerOf2_64(*y))
    return Value(arith::ShRSIOp::create(builder, location, value(a),
                                        value(constant(llvm::Log2_64(*y)))));
  // Division rounds to zero: one less where that was upwards.
  Value divisor = value(b);
  Value quotient = arith::DivSIOp::create(builder, location, value(a), divisor);
  Value remainder =
      arith::RemSIOp::create(builder, location, value(a), divisor);
  Value roundedUp =
      arith::CmpIOp::create(builder, location, arith::CmpIPredicate::slt,
                            remainder, value(constant(0)));
  Value less = arith::SubIOp::create(builder, location, quotient,
                                     value(constant(1)), noWrap);
  return Value(
      arith::SelectOp::create(builder, location, roundedUp, less, quotient));
}

Index KernelBuilder::ceilDiv(Index a, Index b) {
  return floorDiv(add(a, sub(b, constant(1))), b);
}

Index KernelBuilder::min(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(std::min(*x, *y));
  return Value(arith::MinSIOp::create(builder, location, value(a), value(b)));
}

Index KernelBuilder::max(Index a, Index b) {
  std::optional<int64_t> x = getConstantIntValue(a);
  std::optional<int64_t> y = getConstantIntValue(b);
  if (x && y)
    return constant(std::max(*x, *y));
  return Value(arith::MaxSIOp::create(builder, location, value(a), value(b)));
}

Value KernelBuilder::isLess(Index a, Index b) {
  return arith::CmpIOp::create(builder, location, arith::CmpIPredicate::slt,
                               value(a), value(b));
}

SmallVector<Index> KernelBuilder::delinearize(Index linear,
                                              ArrayRef<int64_t> sizes) {
  SmallVector<Index> coordinates(sizes.size(), constant(0));
  // The first dimension with more than one element needs no remainder.
  auto first = llvm::find_if(sizes, [](int64_t size) { return size != 1; });
  for (int64_t i = int64_t(sizes.size()) - 1; i >= 0; --i) {
    if (sizes[i] == 1)
      continue;
    if (&sizes[i] == first) {
      coordinates[i] = linear;
      break;
    }
    Index size = constant(sizes[i]);
    coordinates[i] = rem(linear, size);
    linear = div(linear, size);
  }
  return coordinates;
}

// --- control ----------------------------------------------------------------

void KernelBuilder::forLoop(Index lower, Index upper, int64_t step,
                            llvm::function_ref<void(Index)> body) {
  forLoop(lower, upper, step, ValueRange(),
          [&](Index i, ValueRange) -> SmallVector<Value> {
            body(i);
            return {};
          });
}

SmallVector<Value> KernelBuilder::forLoop(
    Index lower, Index upper, int64_t step, ValueRange initial,
    llvm::function_ref<SmallVector<Value>(Index, ValueRange)> body) {
  std::optional<int64_t> from = getConstantIntValue(lower);
  std::optional<int64_t> to = getConstantIntValue(upper);
  if (from && to && *to <= *from)
    return llvm::to_vector(initial);
  if (from && to && *to - *from <= step)
    return body(lower, initial);

  auto loop = scf::ForOp::create(builder, location, value(lower), value(upper),
                                 value(constant(step)), initial);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> carried =
      body(Value(loop.getInductionVar()), loop.getRegionIterArgs());
  // A loop that carries nothing is created with its terminator.
  if (!initial.empty())
    scf::YieldOp::create(builder, location, carried);
  return llvm::to_vector(ValueRange(loop.getResults()));
}

void KernelBuilder::forEach(ArrayRef<int64_t> sizes,
                            llvm::function_ref<void(ArrayRef<Index>)> body) {
  SmallVector<Index> indices;
  std::function<void()> nest = [&] {
    if (indices.size() == sizes.size())
      return body(indices);
    forLoop(constant(0), constant(sizes[indices.size()]), 1, [&](Index i) {
      indices.push_back(i);
      nest();
      indices.pop_back();
    });
  };
  nest();
}

void KernelBuilder::ifThen(Value condition, llvm::function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, location, condition,
                                  /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

// --- data -------------------------------------------------------------------

VectorType KernelBuilder::vectorType(int64_t lanes) {
  return VectorType::get({lanes}, builder.getF32Type());
}

static SmallVector<Value> materialize(KernelBuilder &kernel,
                                      ArrayRef<Index> indices) {
  return getValueOrCreateConstantIndexOp(kernel.builder, kernel.location,
                                         indices);
}

Value KernelBuilder::loadVector(Value memref, ArrayRef<Index> indices,
                                int64_t lanes, uint64_t alignment) {
  auto type = VectorType::get(
      {lanes}, cast<MemRefType>(memref.getType()).getElementType());
  auto load = vector::LoadOp::create(builder, location, type, memref,
                                     materialize(*this, indices));
  if (alignment)
    load.setAlignment(alignment);
  return load;
}

void KernelBuilder::storeVector(Value vector, Value memref,
                                ArrayRef<Index> indices, uint64_t alignment) {
  auto store = vector::StoreOp::create(builder, location, vector, memref,
                                       materialize(*this, indices));
  if (alignment)
    store.setAlignment(alignment);
}

/// Elements of `memref` in a cache line.
static int64_t getLineElements(Value memref) {
  constexpr int64_t lineBits = 64 * 8;
  return lineBits / cast<MemRefType>(memref.getType()).getElementTypeBitWidth();
}

void KernelBuilder::prefetch(Value memref, ArrayRef<Index> first,
                             int64_t count) {
  SmallVector<Index> place(first);
  for (int64_t start = 0; start < count; start += getLineElements(memref)) {
    place.back() = add(first.back(), constant(start));
    memref::PrefetchOp::create(builder, location, memref,
                               materialize(*this, place),
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
  }
}

void KernelBuilder::prefetchPart(Value memref, ArrayRef<Index> first,
                                 int64_t count, int64_t part, int64_t parts) {
  int64_t line = getLineElements(memref);
  int64_t lines = llvm::divideCeil(count, line);
  int64_t start = part * lines / parts, end = (part + 1) * lines / parts;
  SmallVector<Index> place(first);
  place.back() = add(place.back(), constant(start * line));
  prefetch(memref, place, (end - start) * line);
}

void KernelBuilder::prefetchForStore(Value memref, ArrayRef<Index> place) {
  memref::PrefetchOp::create(builder, location, memref,
                             materialize(*this, place), /*isWrite=*/true,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

SmallVector<Value> KernelBuilder::takeApart(Value vector) {
  SmallVector<Value> elements;
  int64_t count = cast<VectorType>(vector.getType()).getNumElements();
  for (int64_t i = 0; i < count; ++i)
    elements.push_back(vector::ExtractOp::create(builder, location, vector, i));
  return elements;
}

Value KernelBuilder::loadScalar(Value memref, ArrayRef<Index> indices) {
  return memref::LoadOp::create(builder, location, memref,
                                materialize(*this, indices));
}

void KernelBuilder::storeScalar(Value scalar, Value memref,
                                ArrayRef<Index> indices) {
  memref::StoreOp::create(builder, location, scalar, memref,
                          materialize(*this, indices));
}

/// A scalar or a vector of another type of elements.
static Type withElement(Type type, Type element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return vector.clone(element);
  return element;
}

Value KernelBuilder::extend(Value value) {
  Type type = withElement(value.getType(), builder.getF32Type());
  if (value.getType() == type)
    return value;
  return arith::ExtFOp::create(builder, location, type, value);
}

Value KernelBuilder::round(Value value, Type element) {
  Type type = withElement(value.getType(), element);
  if (value.getType() == type)
    return value;
  return arith::TruncFOp::create(builder, location, type, value);
}

Value KernelBuilder::loadFloat(Value memref, ArrayRef<Index> indices) {
  return extend(loadScalar(memref, indices));
}

void KernelBuilder::storeFloat(Value scalar, Value memref,
                               ArrayRef<Index> indices) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  storeScalar(round(scalar, element), memref, indices);
}

Value KernelBuilder::broadcast(Value scalar, int64_t lanes) {
  return vector::BroadcastOp::create(builder, location, vectorType(lanes),
                                     scalar);
}

Value KernelBuilder::splat(float number, int64_t lanes) {
  return floatConstant(number, vectorType(lanes));
}

Value KernelBuilder::floatConstant(float number, Type like) {
  return createScalarOrSplatConstant(builder, location, like, APFloat(number));
}

Value KernelBuilder::multiplyAdd(Value a, Value b, Value c) {
  if (!target.getFma())
    return arith::AddFOp::create(
        builder, location, arith::MulFOp::create(builder, location, a, b), c);
  if (isa<VectorType>(a.getType()))
    return vector::FMAOp::create(builder, location, a, b, c);
  return math::FmaOp::create(builder, location, a, b, c);
}

Value KernelBuilder::activate(Value x, kernel::ActivationAttr activation) {
  if (!activation)
    return x;
  return emitActivation(builder, location, activation.getKind(),
                        activation.getAlphaValue(), activation.getBetaValue(),
                        x);
}

} // namespace toeplitz
