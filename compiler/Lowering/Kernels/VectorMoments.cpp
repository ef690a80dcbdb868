#include "compiler/Lowering/Kernels/VectorMoments.h"

#include "compiler/Lowering/Kernels/Reduction.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

VectorMoments::VectorMoments(KernelBuilder &kernel, const VectorRows &rows,
                             float epsilon, Load load)
    : kernel(kernel), rows(rows) {
  int64_t count = rows.count;
  SmallVector<Value> sums =
      overVectors(count, [&](Index vector, bool isLast, ValueRange sums) {
        SmallVector<Value> next;
        for (auto [row, sum] : llvm::enumerate(sums))
          next.push_back(kernel.create<arith::AddFOp>(
              sum, fillWithZeros(load(row, vector, isLast), isLast)));
        return next;
      });
  for (Value sum : sums)
    means.push_back(inLanes(kernel, findMean(sum), rows.lanes));
  // The sums of d of all rows, then those of d^2.
  sums = overVectors(2 * count, [&](Index vector, bool isLast,
                                    ValueRange sums) {
    SmallVector<Value> next(sums);
    for (int64_t row = 0; row < count; ++row) {
      Value difference = fillWithZeros(
          kernel.create<arith::SubFOp>(load(row, vector, isLast), means[row]),
          isLast);
      next[row] = kernel.create<arith::AddFOp>(sums[row], difference);
      next[count + row] =
          kernel.multiplyAdd(difference, difference, sums[count + row]);
    }
    return next;
  });
  Type single = kernel.builder.getF32Type();
  for (int64_t row = 0; row < count; ++row) {
    Value rest = findMean(sums[row]), squares = findMean(sums[count + row]);
    // (Roundings may leave less than nothing of equal numbers.)
    Value variance =
        largerOf(kernel, kernel.floatConstant(0, single),
                 kernel.create<arith::SubFOp>(
                     squares, kernel.create<arith::MulFOp>(rest, rest)));
    Value deviation = math::SqrtOp::create(
        kernel.builder, kernel.location,
        kernel.create<arith::AddFOp>(variance,
                                     kernel.floatConstant(epsilon, single)));
    Value inverse = kernel.create<arith::DivFOp>(
        kernel.floatConstant(1, single), deviation);
    Value opposite =
        arith::NegFOp::create(kernel.builder, kernel.location, rest);
    inverses.push_back(inLanes(kernel, inverse, rows.lanes));
    rests.push_back(inLanes(
        kernel, kernel.create<arith::MulFOp>(opposite, inverse), rows.lanes));
  }
}

Value VectorMoments::normalize(int64_t row, Value x) const {
  return kernel.multiplyAdd(kernel.create<arith::SubFOp>(x, means[row]),
                            inverses[row], rests[row]);
}

Value VectorMoments::fillWithZeros(Value vector, bool isLast) {
  if (!isLast || rows.lastLanes.empty())
    return vector;
  auto type = VectorType::get({rows.lanes}, kernel.builder.getI1Type());
  Value mask = arith::ConstantOp::create(
      kernel.builder, kernel.location,
      DenseElementsAttr::get(type, ArrayRef(rows.lastLanes)));
  return arith::SelectOp::create(kernel.builder, kernel.location, mask, vector,
                                 kernel.splat(0, rows.lanes));
}

/// `count` vectors that start as zeros, after all vectors of a row.
SmallVector<Value> VectorMoments::overVectors(size_t count, Body body) {
  SmallVector<Value> zeros(count, kernel.splat(0, rows.lanes));
  auto add = [&](ValueRange a, ValueRange b) {
    return llvm::map_to_vector(llvm::zip_equal(a, b), [&](auto pair) {
      return kernel.create<arith::AddFOp>(std::get<0>(pair), std::get<1>(pair));
    });
  };
  auto addRange = [&](Index lower, Index upper) {
    return kernel.forLoop(lower, upper, 1, zeros,
                          [&](Index vector, ValueRange sums) {
                            return body(vector, false, sums);
                          });
  };
  int64_t last = rows.countVectors() - 1;
  int64_t whole = last / longestSum * longestSum;
  Index zero = kernel.constant(0), end = kernel.constant(last);
  if (last <= longestSum)
    return body(end, true, addRange(zero, end));
  SmallVector<Value> totals =
      kernel.forLoop(zero, kernel.constant(whole), longestSum, zeros,
                     [&](Index first, ValueRange totals) {
                       Index next =
                           kernel.add(first, kernel.constant(longestSum));
                       return add(totals, addRange(first, next));
                     });
  return add(totals, body(end, true, addRange(kernel.constant(whole), end)));
}

/// The mean over a row's elements, of a vector of their sums: its halves are
/// added until one lane is left.
Value VectorMoments::findMean(Value sum) {
  for (int64_t half = rows.lanes / 2; half > 0; half /= 2) {
    auto from = [&](int64_t first) -> Value {
      return vector::ShuffleOp::create(
          kernel.builder, kernel.location, sum, sum,
          llvm::to_vector(llvm::seq(first, first + half)));
    };
    sum = kernel.create<arith::AddFOp>(from(0), from(half));
  }
  Value total = vector::ExtractOp::create(kernel.builder, kernel.location, sum,
                                          ArrayRef<int64_t>{0});
  return kernel.create<arith::MulFOp>(
      total, kernel.floatConstant(1.0f / static_cast<float>(rows.length),
                                  total.getType()));
}

} // namespace toeplitz
