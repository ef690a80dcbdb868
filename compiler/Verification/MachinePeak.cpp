#include "compiler/Verification/MachinePeak.h"

#include "compiler/Verification/CompiledModule.h"
#include "dialects/Kernel/KernelDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <unistd.h>

using namespace mlir;
using namespace toeplitz;

/// Turns of the loop of multiply-adds in one task: about a tenth of a
/// millisecond, short beside a time slice, so that even on a busy machine some
/// runs are undisturbed.
static constexpr int64_t turns = 20000;
/// More tasks than threads, so that a thread that is held up for a moment
/// leaves its work to the others.
static constexpr int64_t tasksPerThread = 4;
/// Repetitions of which the fastest counts.
static constexpr int64_t peakRuns = 1000, memoryPasses = 4, cacheRuns = 1000;
/// What one run of the triad on memory reads and writes: about a millisecond.
static constexpr int64_t memoryBytes = 12 << 20;

namespace {

/// A network of one kernel, written as loops: `tasks` calls of a function of
/// the task's number, the inputs and the outputs.
class LoopModule {
public:
  LoopModule(MLIRContext *context, const TargetDescription &target,
             ArrayRef<int64_t> inputs, int64_t output, int64_t tasks)
      : builder(context), location(builder.getUnknownLoc()),
        module(ModuleOp::create(location)),
        vector(VectorType::get(target.vectorLanes, builder.getF32Type())) {
    auto describe = [&](StringRef name, int64_t size) {
      return builder.getDictionaryAttr(
          {builder.getNamedAttr("name", builder.getStringAttr(name)),
           builder.getNamedAttr("shape",
                                builder.getDenseI64ArrayAttr({size}))});
    };
    auto arena = MemRefType::get({0}, builder.getI8Type());
    SmallVector<Type> types = {arena};
    SmallVector<Attribute> names;
    for (auto [index, size] : llvm::enumerate(inputs)) {
      types.push_back(MemRefType::get({size}, builder.getF32Type()));
      names.push_back(describe("x" + std::to_string(index), size));
    }
    types.push_back(MemRefType::get({output}, builder.getF32Type()));
    (*module)->setAttr("toeplitz.name", builder.getStringAttr("peak"));
    (*module)->setAttr("toeplitz.workspace_size", builder.getI64IntegerAttr(0));
    (*module)->setAttr("toeplitz.inputs", builder.getArrayAttr(names));
    (*module)->setAttr("toeplitz.outputs",
                       builder.getArrayAttr({describe("y", output)}));

    builder.setInsertionPointToStart(module->getBody());
    auto main = func::FuncOp::create(builder, location, "main",
                                     builder.getFunctionType(types, {}));
    types.front() = builder.getIndexType();
    auto function = func::FuncOp::create(builder, location, "kernel_peak",
                                         builder.getFunctionType(types, {}));
    function.setPrivate();
    builder.setInsertionPointToStart(main.addEntryBlock());
    scf::ForallOp::create(
        builder, location, ArrayRef<OpFoldResult>{builder.getIndexAttr(tasks)},
        /*outputs=*/ValueRange(), /*mapping=*/std::nullopt,
        [&](OpBuilder &body, Location, ValueRange task) {
          SmallVector<Value> operands = {task.front()};
          llvm::append_range(operands, main.getArguments().drop_front());
          func::CallOp::create(body, location, function, operands);
          scf::InParallelOp::create(body, location);
        });
    func::ReturnOp::create(builder, location);
    builder.setInsertionPointToStart(function.addEntryBlock());
    arguments = llvm::to_vector_of<Value>(function.getArguments());
    auto end = func::ReturnOp::create(builder, location);
    builder.setInsertionPoint(end);
  }

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, location, value);
  }
  Value load(Value buffer, Value index) {
    return vector::LoadOp::create(builder, location, vector, buffer, index);
  }
  void store(Value value, Value index) {
    vector::StoreOp::create(builder, location, value, arguments.back(), index);
  }
  /// a * b + c, rounded once where the target can.
  Value multiplyAdd(Value a, Value b, Value c, bool fused) {
    if (fused)
      return vector::FMAOp::create(builder, location, a, b, c);
    Value product = arith::MulFOp::create(builder, location, a, b);
    return arith::AddFOp::create(builder, location, product, c);
  }

  OpBuilder builder;
  Location location;
  OwningOpRef<ModuleOp> module;
  VectorType vector;
  /// Of the kernel: the task's number, the inputs, the output.
  SmallVector<Value> arguments;
};

/// Memory as networks get it from their callers.
class Array {
public:
  explicit Array(int64_t size, float value) {
    void *memory = nullptr;
    if (posix_memalign(&memory, 4096, size * sizeof(float)) != 0)
      return;
    values = static_cast<float *>(memory);
    std::fill(values, values + size, value);
  }
  ~Array() { std::free(values); }
  Array(const Array &) = delete;
  Array &operator=(const Array &) = delete;

  float *values = nullptr;
};

} // namespace

/// Seconds of the fastest of `runs` runs on inputs whose elements are 1/2. Each
/// tensor has `copies` copies, and runs take turns with them, so that with many
/// of them none is left in a cache from the run before.
static FailureOr<double> timeModule(LoopModule &loops,
                                    const TargetDescription &target,
                                    int threads, ArrayRef<int64_t> inputSizes,
                                    int64_t outputSize, int64_t runs,
                                    int64_t copies = 1) {
  ModuleOp module = *loops.module;
  auto network = compileLoops(module, target, threads);
  if (failed(network))
    return failure();
  SmallVector<int64_t> sizes(inputSizes);
  sizes.push_back(outputSize);
  std::vector<std::unique_ptr<Array>> arrays;
  for (int64_t size : sizes) {
    arrays.push_back(std::make_unique<Array>(size * copies, 0.5f));
    if (!arrays.back()->values) {
      module.emitError("no memory to measure the machine's bandwidth with");
      return failure();
    }
  }
  int64_t fastest = std::numeric_limits<int64_t>::max();
  for (int64_t run = 0; run < runs; ++run) {
    SmallVector<void *> addresses;
    for (auto [array, size] : llvm::zip(arrays, sizes))
      addresses.push_back(array->values + run % copies * size);
    void *output = addresses.pop_back_val();
    SmallVector<const void *> inputs(addresses.begin(), addresses.end());
    int64_t start = toeplitz_clock();
    if (llvm::Error error = (*network)->run(inputs, output)) {
      module.emitError(llvm::toString(std::move(error)));
      return failure();
    }
    fastest = std::min(fastest, toeplitz_clock() - start);
  }
  return double(std::max<int64_t>(fastest, 1)) * 1e-9;
}

/// Independent sums, three quarters of the registers: more than the latency of
/// a multiply-add times the multiply-adds in a cycle on any processor (4 x 2 to
/// 4 x 4), and none of them leaves the registers.
static FailureOr<double> measureArithmetic(const TargetDescription &target,
                                           int threads) {
  LayerContext context;
  int64_t lanes = target.vectorLanes;
  int64_t sums = target.vectorRegisters * 3 / 4;
  int64_t tasks = threads * tasksPerThread;
  int64_t inputSize = (sums + 2) * lanes, outputSize = tasks * lanes;
  LoopModule loops(&context.get(), target, inputSize, outputSize, tasks);
  Value x = loops.arguments[1];
  Value factor = loops.load(x, loops.constant(0));
  Value summand = loops.load(x, loops.constant(lanes));
  // (Starts that are one value would make the sums one value.)
  SmallVector<Value> starts;
  for (int64_t sum = 0; sum < sums; ++sum)
    starts.push_back(loops.load(x, loops.constant((sum + 2) * lanes)));
  OpBuilder &builder = loops.builder;
  auto loop = scf::ForOp::create(
      builder, loops.location, loops.constant(0), loops.constant(turns),
      loops.constant(1), starts,
      [&](OpBuilder &body, Location location, Value, ValueRange values) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(body.getInsertionBlock());
        SmallVector<Value> next;
        for (Value value : values)
          next.push_back(loops.multiplyAdd(value, factor, summand,
                                           target.hasFusedMultiplyAdd));
        scf::YieldOp::create(builder, location, next);
      });
  Value total = loop.getResult(0);
  for (Value value : loop.getResults().drop_front())
    total = arith::AddFOp::create(builder, loops.location, total, value);
  Value place = arith::MulIOp::create(
      builder, loops.location, loops.arguments[0], loops.constant(lanes));
  loops.store(total, place);
  auto seconds =
      timeModule(loops, target, threads, inputSize, outputSize, peakRuns);
  if (failed(seconds))
    return failure();
  return 2.0 * double(sums * lanes * turns * tasks) / *seconds * 1e-9;
}

/// `bytes` of all three arrays together, and as many such arrays as runs take
/// turns with.
static FailureOr<double> measureTriad(const TargetDescription &target,
                                      int threads, int64_t bytes,
                                      int64_t copies, int64_t runs) {
  LayerContext context;
  int64_t lanes = target.vectorLanes;
  int64_t tasks = threads * tasksPerThread;
  int64_t share = llvm::alignTo(
      std::max<int64_t>(bytes / (3 * 4) / tasks, lanes), 16 * lanes);
  int64_t size = share * tasks;
  LoopModule loops(&context.get(), target, {size, size}, size, tasks);
  OpBuilder &builder = loops.builder;
  Location location = loops.location;
  Value half = arith::ConstantOp::create(
      builder, location, DenseElementsAttr::get(loops.vector, 0.5f));
  Value begin = arith::MulIOp::create(builder, location, loops.arguments[0],
                                      loops.constant(share));
  Value end =
      arith::AddIOp::create(builder, location, begin, loops.constant(share));
  scf::ForOp::create(
      builder, location, begin, end, loops.constant(lanes), ValueRange(),
      [&](OpBuilder &body, Location, Value index, ValueRange) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPointToEnd(body.getInsertionBlock());
        Value b = loops.load(loops.arguments[1], index);
        Value c = loops.load(loops.arguments[2], index);
        loops.store(loops.multiplyAdd(c, half, b, target.hasFusedMultiplyAdd),
                    index);
        scf::YieldOp::create(builder, location);
      });
  auto seconds =
      timeModule(loops, target, threads, {size, size}, size, runs, copies);
  if (failed(seconds))
    return failure();
  return double(3 * 4 * size) / *seconds * 1e-9;
}

/// The size of a cache in bytes, as far as the system tells.
static int64_t getCacheSize(int name, int64_t otherwise) {
  long size = sysconf(name);
  return size > 0 ? size : otherwise;
}

FailureOr<MachinePeak>
toeplitz::measureMachinePeak(const TargetDescription &target, int threads) {
#ifdef _SC_LEVEL3_CACHE_SIZE
  int64_t level2 = getCacheSize(_SC_LEVEL2_CACHE_SIZE, 1 << 19);
  int64_t level3 = getCacheSize(_SC_LEVEL3_CACHE_SIZE, 1 << 26);
#else
  int64_t level2 = 1 << 19, level3 = 1 << 26;
#endif
  // All copies together are three times the last cache, if that is reasonable:
  // a virtual machine may be told of one that it shares with dozens of others.
  constexpr int64_t most = int64_t(3) << 27, least = int64_t(3) << 26;
  int64_t copies = std::clamp(3 * level3, least, most) / memoryBytes;
  auto arithmetic = measureArithmetic(target, threads);
  if (failed(arithmetic))
    return failure();
  auto memory =
      measureTriad(target, threads, memoryBytes, copies, memoryPasses * copies);
  if (failed(memory))
    return failure();
  auto cache = measureTriad(target, threads, threads * level2 / 2, /*copies=*/1,
                            cacheRuns);
  if (failed(cache))
    return failure();
  return MachinePeak{*arithmetic, *memory, *cache};
}
