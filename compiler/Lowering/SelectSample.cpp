// The kernels of a batch, each of whose blocks works on the buffers of one
// sample.
//
// A sample's buffers are found here, where buffers are pointers: indices are of
// 32 bits, but all samples together may have any number of bytes.

#include "compiler/Lowering/Passes.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace toeplitz {
#define GEN_PASS_DEF_SELECTSAMPLE
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

struct SelectSample : toeplitz::impl::SelectSampleBase<SelectSample> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<LLVM::LLVMFuncOp>())
      if (failed(convert(function)))
        return signalPassFailure();
  }

private:
  static LogicalResult convert(LLVM::LLVMFuncOp function) {
    auto places =
        function->getAttrOfType<DenseI64ArrayAttr>("toeplitz.sample_strides");
    if (!places)
      return success();
    function->removeAttr("toeplitz.sample_strides");
    Block &body = function.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&body);
    Location location = function.getLoc();
    Type int64 = builder.getI64Type();
    Value sample = LLVM::ZExtOp::create(
        builder, location, int64,
        NVVM::BlockIdYOp::create(builder, location, builder.getI32Type()));
    llvm::DenseMap<int64_t, Value> offsets;
    for (auto [index, place] : llvm::enumerate(places.asArrayRef())) {
      if (place < 0)
        continue;
      if (index >= body.getNumArguments() ||
          !isa<LLVM::LLVMPointerType>(body.getArgument(index).getType()) ||
          place >= static_cast<int64_t>(body.getNumArguments()) ||
          body.getArgument(place).getType() != int64)
        return function.emitOpError("'toeplitz.sample_strides': argument ")
               << index << " must be a pointer, and argument " << place
               << " its stride, of type 'i64'";
      Value &offset = offsets[place];
      if (!offset)
        offset = LLVM::MulOp::create(builder, location, sample,
                                     body.getArgument(place));
      Value buffer = body.getArgument(index);
      auto moved =
          LLVM::GEPOp::create(builder, location, buffer.getType(),
                              builder.getI8Type(), buffer, ValueRange{offset});
      buffer.replaceAllUsesExcept(moved.getResult(), moved);
    }
    return success();
  }
};

} // namespace
