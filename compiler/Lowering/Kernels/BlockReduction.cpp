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
  group = place[0];
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

SmallVector<Value> BlockReduction::reduceElements(ArrayRef<Value> identities,
                                                  Step step, MergeAll merge) {
  int64_t threads = division.threads, length = division.rows.length;
  size_t values = identities.size();
  int64_t count =
      std::min(values == 1 ? sumsOfThread : sumsOfThread / 2, length / threads);
  SmallVector<Value> sums;
  for (int64_t k = 0; k < count; ++k)
    llvm::append_range(sums, identities);
  int64_t whole = length / (count * threads) * (count * threads);
  sums = kernel.forLoop(
      part, orNothing(whole), count * threads, sums,
      [&](Index first, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t k = 0; k < count; ++k)
          llvm::append_range(
              next, step(carried.slice(k * values, values),
                         kernel.add(first, kernel.constant(k * threads))));
        return next;
      });
  if (whole != length) {
    SmallVector<Value> rest = kernel.forLoop(
        kernel.add(part, kernel.constant(whole)), orNothing(length), threads,
        ArrayRef(sums).take_front(values),
        [&](Index i, ValueRange carried) { return step(carried, i); });
    llvm::copy(rest, sums.begin());
  }
  for (; count > 1; --count) {
    auto last = ArrayRef(sums).slice((count - 1) * values, values);
    size_t partner = (count - 1) / 2 * values;
    llvm::copy(merge(ArrayRef(sums).slice(partner, values), last),
               sums.begin() + partner);
  }
  sums.truncate(values);
  return sums;
}

/// Both partners of an exchange join the same two results, so that all end with
/// the same one.
SmallVector<Value> BlockReduction::joinLanes(SmallVector<Value> values,
                                             MergeAll merge) {
  int64_t width = std::min(division.getRowThreads(), BlockBuilder::warp);
  for (int64_t distance = width / 2; distance >= division.side; distance /= 2) {
    SmallVector<Value> others;
    for (Value value : values)
      others.push_back(block.exchange(value, distance));
    values = merge(values, others);
  }
  return values;
}

SmallVector<Value> BlockReduction::joinWarps(ArrayRef<Value> values,
                                             MergeAll merge) {
  int64_t warps = division.getRowThreads() / BlockBuilder::warp;
  Index side = kernel.constant(division.side);
  Index warp = kernel.div(block.thread(), kernel.constant(BlockBuilder::warp));
  Index lane = kernel.rem(block.thread(), kernel.constant(BlockBuilder::warp));
  SmallVector<Value> parts;
  for (Value value : values)
    parts.push_back(block.createShared(
        {division.groups * warps * division.side}, value.getType()));
  auto write = [&] {
    for (auto [value, memory] : llvm::zip_equal(values, parts))
      kernel.storeScalar(value, memory,
                         {kernel.add(kernel.mul(warp, side), column)});
  };
  if (division.side < BlockBuilder::warp)
    kernel.ifThen(kernel.isLess(lane, side), write);
  else
    write();
  block.barrier();
  // The parts of the row's own warps lie behind those of the groups before.
  Index first = column;
  if (division.groups > 1)
    first = kernel.add(
        kernel.mul(group, kernel.constant(warps * division.side)), column);
  auto read = [&](int64_t i) {
    return llvm::map_to_vector(parts, [&](Value memory) {
      return kernel.loadScalar(
          memory, {kernel.add(kernel.constant(i * division.side), first)});
    });
  };
  SmallVector<Value> joined = read(0);
  for (int64_t i = 1; i < warps; ++i)
    joined = merge(joined, read(i));
  return joined;
}

SmallVector<Value> BlockReduction::reduceTogether(ArrayRef<Value> identities,
                                                  Step step, MergeAll merge) {
  SmallVector<Value> values =
      joinLanes(reduceElements(identities, step, merge), merge);
  if (division.getRowThreads() > BlockBuilder::warp)
    return joinWarps(values, merge);
  return values;
}

SmallVector<Value> BlockReduction::reduce(ArrayRef<Value> identities, Step step,
                                          Merge merge) {
  return reduceTogether(identities, step,
                        [&](ValueRange left, ValueRange right) {
                          SmallVector<Value> merged;
                          for (auto [a, b] : llvm::zip_equal(left, right))
                            merged.push_back(merge(a, b));
                          return merged;
                        });
}

Value BlockReduction::reduce(const Reduction &reduction) {
  return reduce(
      reduction.identity,
      [&](ValueRange accumulators, Index i) -> SmallVector<Value> {
        return {reduction.step(accumulators[0], i, 0)};
      },
      reduction.merge)[0];
}

} // namespace toeplitz
