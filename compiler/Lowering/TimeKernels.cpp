// Takes the time of each kernel of a network.
//
// The times are one more output of the network, so that timed code has no state
// of its own either: it can run in several threads, and hosts read it like any
// other output.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/KernelWork.h"
#include "compiler/Lowering/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_TIMEKERNELS
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// The name of the layer that an operation belongs to.
static std::string getLayerName(Operation *op) {
  if (auto layer = op->getLoc()->findInstanceOf<NameLoc>())
    return layer.getName().str();
  return "";
}

namespace {

struct TimeKernels : toeplitz::impl::TimeKernelsBase<TimeKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = findMain(module);
    if (!main)
      return signalPassFailure();
    SmallVector<Operation *> kernels;
    main.walk([&](Operation *op) {
      if (isKernel(op))
        kernels.push_back(op);
    });
    describe(kernels);
    Value times = addOutput(main, static_cast<int64_t>(kernels.size()));
    func::FuncOp clock = declareClock();
    for (auto [row, op] : llvm::enumerate(kernels))
      time(op, main, clock, times, static_cast<int64_t>(row));
  }

private:
  /// Whether samples are computed one by one, each with a row of every output
  /// that is theirs.
  bool hasBatch() { return getOperation()->hasAttr("toeplitz.dynamic_batch"); }

  void describe(ArrayRef<Operation *> kernels) {
    Builder builder(&getContext());
    SmallVector<Attribute> layers;
    for (Operation *op : kernels) {
      KernelWork work = countKernelWork(op);
      auto number = [&](StringRef name, int64_t value) {
        return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
      };
      auto text = [&](StringRef name, StringRef value) {
        return builder.getNamedAttr(name, builder.getStringAttr(value));
      };
      layers.push_back(builder.getDictionaryAttr(
          {text("name", getLayerName(op)), text("operation", work.operation),
           text("algorithm", work.algorithm),
           text("description", work.description), number("flops", work.flops),
           number("read_bytes", work.readBytes),
           number("weight_bytes", work.weightBytes),
           number("written_bytes", work.writtenBytes)}));
    }
    getOperation()->setAttr(timedLayersAttribute, builder.getArrayAttr(layers));
  }

  /// Returns the buffer of the new output, the last one.
  Value addOutput(func::FuncOp main, int64_t count) {
    ModuleOp module = getOperation();
    Builder builder(&getContext());
    SmallVector<int64_t> shape = {count};
    if (hasBatch())
      shape.insert(shape.begin(), 1);
    SmallVector<Attribute> outputs;
    if (auto known = module->getAttrOfType<ArrayAttr>("toeplitz.outputs"))
      llvm::append_range(outputs, known);
    auto place = static_cast<int64_t>(outputs.size());
    outputs.push_back(builder.getDictionaryAttr(
        {builder.getNamedAttr("name", builder.getStringAttr("layer_times")),
         builder.getNamedAttr("shape", builder.getDenseI64ArrayAttr(shape)),
         builder.getNamedAttr("type", builder.getStringAttr("int64"))}));
    module->setAttr("toeplitz.outputs", builder.getArrayAttr(outputs));
    if (auto batch =
            module->getAttrOfType<DictionaryAttr>("toeplitz.dynamic_batch")) {
      NamedAttrList roles(batch);
      SmallVector<int64_t> places;
      if (auto known = batch.getAs<DenseI64ArrayAttr>("outputs"))
        llvm::append_range(places, known.asArrayRef());
      places.push_back(place);
      roles.set("outputs", builder.getDenseI64ArrayAttr(places));
      module->setAttr("toeplitz.dynamic_batch",
                      roles.getDictionary(&getContext()));
    }
    unsigned last = main.getNumArguments();
    (void)main.insertArgument(
        last, MemRefType::get(shape, builder.getI64Type()), {}, main.getLoc());
    return main.getArgument(last);
  }

  func::FuncOp declareClock() {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto clock =
        func::FuncOp::create(builder, getOperation().getLoc(), "toeplitz_clock",
                             builder.getFunctionType({}, builder.getI64Type()));
    clock.setPrivate();
    return clock;
  }

  void time(Operation *op, func::FuncOp main, func::FuncOp clock, Value times,
            int64_t row) {
    Location location = op->getLoc();
    OpBuilder builder(op);
    auto readClock = [&]() -> Value {
      return func::CallOp::create(builder, location, clock, ValueRange())
          .getResult(0);
    };
    SmallVector<Value> indices;
    auto buildIndices = [&](OpBuilder &builder) {
      indices.clear();
      if (hasBatch())
        indices.push_back(arith::ConstantIndexOp::create(builder, location, 0));
      indices.push_back(arith::ConstantIndexOp::create(builder, location, row));
    };
    Value before = readClock();
    builder.setInsertionPointAfter(op);
    Value after = readClock();
    Value time = arith::SubIOp::create(builder, location, after, before);
    buildIndices(builder);
    // What a loop repeats, or a branch leaves out, adds up from zero.
    if (op->getParentOp() != main) {
      Value sum = memref::LoadOp::create(builder, location, times, indices);
      time = arith::AddIOp::create(builder, location, sum, time);
    }
    memref::StoreOp::create(builder, location, time, times, indices);
    if (op->getParentOp() != main) {
      OpBuilder start = OpBuilder::atBlockBegin(&main.getBody().front());
      buildIndices(start);
      Value zero = arith::ConstantIntOp::create(start, location, 0, 64);
      memref::StoreOp::create(start, location, zero, times, indices);
    }
  }
};

} // namespace
