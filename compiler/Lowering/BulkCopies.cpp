#include "compiler/Lowering/BulkCopies.h"

#include "compiler/Lowering/Warpgroup.h"
#include "dialects/Device/DeviceDialect.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace toeplitz;

BulkCopies::BulkCopies(KernelBuilder &kernel, BlockBuilder &block,
                       int64_t stages)
    : kernel(kernel), block(block),
      barriers(block.createShared({stages}, kernel.builder.getI64Type())) {
  byOneThread([&] {
    for (int64_t stage = 0; stage < stages; ++stage)
      device::InitMbarrierOp::create(kernel.builder, kernel.location, barriers,
                                     kernel.value(kernel.constant(stage)));
    // Copies use them by another way than the thread has written them.
    publishFactors(kernel);
  });
  block.barrier();
}

void BulkCopies::byOneThread(llvm::function_ref<void()> body) {
  kernel.ifThen(kernel.isLess(block.thread(), kernel.constant(1)), body);
}

void BulkCopies::expect(Index stage, int64_t bytes) {
  device::ExpectBytesOp::create(kernel.builder, kernel.location, barriers,
                                kernel.value(stage),
                                static_cast<uint64_t>(bytes));
}

void BulkCopies::copy(Value source, Index from, Value destination, Index to,
                      int64_t bytes, Index stage) {
  device::BulkCopyOp::create(kernel.builder, kernel.location, source,
                             kernel.value(from), destination, kernel.value(to),
                             barriers, kernel.value(stage),
                             static_cast<uint64_t>(bytes));
}

void BulkCopies::copyBox(Value tensor, ArrayRef<Index> coordinates,
                         Value destination, Index to, ArrayRef<int64_t> box,
                         Index stage) {
  SmallVector<Value> places;
  for (Index coordinate : coordinates)
    places.push_back(kernel.value(coordinate));
  device::TensorCopyOp::create(kernel.builder, kernel.location, tensor, places,
                               destination, kernel.value(to), barriers,
                               kernel.value(stage), box);
}

void BulkCopies::wait(Index stage, Index parity) {
  OpBuilder &builder = kernel.builder;
  Location location = kernel.location;
  Value place = kernel.value(stage), phase = kernel.value(parity);
  auto loop = scf::WhileOp::create(builder, location, TypeRange(),
                                   /*operands=*/ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  Value ended = device::TryWaitOp::create(
      builder, location, builder.getI1Type(), barriers, place, phase);
  Value yes = arith::ConstantIntOp::create(builder, location, 1, /*width=*/1);
  scf::ConditionOp::create(builder, location,
                           arith::XOrIOp::create(builder, location, ended, yes),
                           ValueRange());
  builder.createBlock(&loop.getAfter());
  scf::YieldOp::create(builder, location, ValueRange());
}
