#include "compiler/Lowering/Kernels/BlockReduction.h"

using namespace mlir;

namespace toeplitz {

using Index = KernelBuilder::Index;

BlockReduction::BlockReduction(KernelBuilder &kernel,
                               const RowDivision &division)
    : kernel(kernel), division(division),
      block(kernel, division.getBlockThreads()) {
  SmallVector<Index> place = kernel.delinearize(
      block.thread(), {division.groups, division.threads, division.side});
  part = place[1];
  column = place[2];
  rowNumber = kernel.add(
      kernel.mul(
          kernel.add(kernel.mul(kernel.task, kernel.constant(division.groups)),
                     place[0]),
          kernel.constant(division.side)),
      column);
  if (division.rows.count % division.getRowsOfBlock() != 0)
    exists = kernel.isLess(rowNumber, kernel.constant(division.rows.count));
}

Index BlockReduction::orNothing(int64_t end) {
  if (!exists)
    return kernel.constant(end);
  return Value(arith::SelectOp::create(kernel.builder, kernel.location, exists,
                                       kernel.value(kernel.constant(end)),
                                       kernel.value(kernel.constant(0))));
}

void BlockReduction::forElements(llvm::function_ref<void(Index)> body) {
  kernel.forLoop(part, orNothing(division.rows.length), division.threads,
                 [&](Index i) { body(i); });
}

void BlockReduction::once(llvm::function_ref<void()> body) {
  Value isFirst = kernel.isLess(part, kernel.constant(1));
  if (exists)
    isFirst =
        arith::AndIOp::create(kernel.builder, kernel.location, isFirst, exists);
  kernel.ifThen(isFirst, body);
}

Value BlockReduction::reduceElements(const Reduction &reduction) {
  int64_t threads = division.threads, length = division.rows.length;
  int64_t count = std::min(sumsOfThread, length / threads);
  SmallVector<Value> sums(count, reduction.identity);
  int64_t whole = length / (count * threads) * (count * threads);
  sums = kernel.forLoop(
      part, orNothing(whole), count * threads, sums,
      [&](Index first, ValueRange carried) {
        SmallVector<Value> next;
        for (auto [k, sum] : llvm::enumerate(carried))
          next.push_back(reduction.step(
              sum, kernel.add(first, kernel.constant(k * threads)), 0));
        return next;
      });
  if (whole != length)
    sums[0] = kernel.forLoop(
        kernel.add(part, kernel.constant(whole)), orNothing(length), threads,
        sums[0], [&](Index i, ValueRange carried) -> SmallVector<Value> {
          return {reduction.step(carried[0], i, 0)};
        })[0];
  while (sums.size() > 1) {
    Value last = sums.pop_back_val();
    Value &partner = sums[sums.size() / 2];
    partner = reduction.merge(partner, last);
  }
  return sums[0];
}

/// Both partners of an exchange join the same two numbers, so that all end with
/// the same one.
Value BlockReduction::joinLanes(Value value, const Reduction &reduction) {
  int64_t width = std::min(division.getRowThreads(), BlockBuilder::warp);
  for (int64_t distance = width / 2; distance >= division.side; distance /= 2)
    value = reduction.merge(value, block.exchange(value, distance));
  return value;
}

Value BlockReduction::joinWarps(Value value, const Reduction &reduction) {
  int64_t warps = division.getRowThreads() / BlockBuilder::warp;
  Value parts = block.createShared({warps * division.side}, value.getType());
  Index side = kernel.constant(division.side);
  Index warp = kernel.div(block.thread(), kernel.constant(BlockBuilder::warp));
  Index lane = kernel.rem(block.thread(), kernel.constant(BlockBuilder::warp));
  auto write = [&] {
    kernel.storeScalar(value, parts,
                       {kernel.add(kernel.mul(warp, side), column)});
  };
  if (division.side < BlockBuilder::warp)
    kernel.ifThen(kernel.isLess(lane, side), write);
  else
    write();
  block.barrier();
  auto read = [&](int64_t i) {
    return kernel.loadScalar(
        parts, {kernel.add(kernel.constant(i * division.side), column)});
  };
  Value joined = read(0);
  for (int64_t i = 1; i < warps; ++i)
    joined = reduction.merge(joined, read(i));
  return joined;
}

Value BlockReduction::reduce(const Reduction &reduction) {
  Value value = joinLanes(reduceElements(reduction), reduction);
  if (division.getRowThreads() > BlockBuilder::warp)
    value = joinWarps(value, reduction);
  return value;
}

} // namespace toeplitz
