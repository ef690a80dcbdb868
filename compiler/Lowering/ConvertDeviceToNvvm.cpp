// The kernels of a GPU in the LLVM and NVVM dialects.
//
// Upstream's convert-gpu-to-nvvm makes calls of CUDA's device library of
// functions that LLVM has itself (roots, absolute values, roundings); that
// library is a part of the CUDA toolkit, which compiling must not need.

#include "compiler/Analysis/DeviceFunctions.h"
#include "compiler/Lowering/BulkCopiesToNvvm.h"
#include "compiler/Lowering/Passes.h"
#include "dialects/Device/DeviceDialect.h"

#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/DialectConversion.h"

namespace toeplitz {
#define GEN_PASS_DEF_CONVERTDEVICETONVVM
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Two floats rounded to bfloat16.
Value roundPairToBfloat16(OpBuilder &builder, Location location, Value first,
                          Value second) {
  return NVVM::ConvertF32x2ToBF16x2Op::create(
      builder, location, VectorType::get({2}, builder.getBF16Type()), second,
      first, /*random_bits=*/Value(), NVVM::FPRoundingMode::RN);
}

Value extractElement(OpBuilder &builder, Location location, Value vector,
                     int64_t place) {
  return LLVM::ExtractElementOp::create(
      builder, location, vector,
      LLVM::ConstantOp::create(builder, location,
                               builder.getI32IntegerAttr(place)));
}

/// Floats rounded to bfloat16 by the instruction for two of them. (LLVM makes
/// a dozen instructions of one for the PTX of sm_80.)
struct RoundToBfloat16 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::TruncFOp op,
                                PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isBF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not from f32 to bf16");
    Location location = op.getLoc();
    auto vector = dyn_cast<VectorType>(op.getType());
    if (!vector) {
      Value zero =
          LLVM::ConstantOp::create(rewriter, location, rewriter.getF32Type(),
                                   rewriter.getF32FloatAttr(0));
      rewriter.replaceOp(op,
                         extractElement(rewriter, location,
                                        roundPairToBfloat16(rewriter, location,
                                                            op.getIn(), zero),
                                        0));
      return success();
    }
    int64_t count = vector.getNumElements();
    if (vector.getRank() != 1 || count % 2 != 0)
      return rewriter.notifyMatchFailure(op, "not of pairs");
    Type word = rewriter.getI32Type();
    Value words = LLVM::PoisonOp::create(rewriter, location,
                                         VectorType::get({count / 2}, word));
    for (int64_t i = 0; i < count; i += 2) {
      Value pair = roundPairToBfloat16(
          rewriter, location, extractElement(rewriter, location, op.getIn(), i),
          extractElement(rewriter, location, op.getIn(), i + 1));
      words = LLVM::InsertElementOp::create(
          rewriter, location, words,
          LLVM::BitcastOp::create(rewriter, location, word, pair),
          LLVM::ConstantOp::create(rewriter, location,
                                   rewriter.getI32IntegerAttr(i / 2)));
    }
    rewriter.replaceOpWithNewOp<LLVM::BitcastOp>(op, vector, words);
    return success();
  }
};

struct ConvertDeviceToNvvm
    : toeplitz::impl::ConvertDeviceToNvvmBase<ConvertDeviceToNvvm> {
  void runOnOperation() override {
    gpu::GPUModuleOp kernels = getOperation();
    // Half as many registers for indices, and a fraction of the instructions
    // for divisions; launch-on-gpu says which kernels need more.
    constexpr unsigned usualBits = 32;
    llvm::MapVector<unsigned, SmallVector<Operation *>> functions;
    SmallVector<ValueArgument> byValue;
    for (auto function : kernels.getOps<gpu::GPUFuncOp>()) {
      findValueArguments(function, byValue);
      auto bits = dyn_cast_or_null<IntegerAttr>(
          function->removeAttr("toeplitz.index_bits"));
      functions[bits ? static_cast<unsigned>(bits.getInt()) : usualBits]
          .push_back(function);
    }
    for (auto &[bits, functionsOfWidth] : functions)
      if (failed(convert(functionsOfWidth, bits)))
        return signalPassFailure();
    if (failed(checkDeviceFunctions(kernels)))
      return signalPassFailure();
    declareDynamicMemory(kernels);
    keepTensorMaps(kernels, byValue);
  }

private:
  /// An argument that is handed over by value, with its type.
  struct ValueArgument {
    StringAttr function;
    unsigned place;
    Attribute type;
  };

  static void findValueArguments(gpu::GPUFuncOp function,
                                 SmallVectorImpl<ValueArgument> &arguments) {
    for (unsigned place = 0; place < function.getNumArguments(); ++place)
      if (Attribute type =
              function.getArgAttr(place, LLVM::LLVMDialect::getByValAttrName()))
        arguments.push_back({function.getNameAttr(), place, type});
  }

  LogicalResult convert(ArrayRef<Operation *> functions, unsigned indexBits) {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(indexBits);
    options.useBarePtrCallConv = true;
    LLVMTypeConverter converter(&getContext(), options);
    configureGpuToNVVMTypeConverter(converter);
    nvgpu::populateCommonGPUTypeAndAttributeConversions(converter);
    // Copies have an order in NVVM, and no tokens: a number goes away.
    converter.addConversion([](nvgpu::DeviceAsyncTokenType type) -> Type {
      return IntegerType::get(type.getContext(), 32);
    });

    RewritePatternSet patterns(&getContext());
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    ub::populateUBToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    populateNVGPUToNVVMConversionPatterns(converter, patterns);
    populateBulkCopiesToNvvmPatterns(converter, patterns);
    patterns.add<RoundToBfloat16>(&getContext(), /*benefit=*/10);
    // With them come the device library's functions: after LLVM's own.
    populateGpuToNVVMConversionPatterns(converter, patterns, /*benefit=*/0);

    LLVMConversionTarget target(getContext());
    target.addLegalDialect<NVVM::NVVMDialect>();
    target.addIllegalDialect<gpu::GPUDialect, nvgpu::NVGPUDialect,
                             device::DeviceDialect>();
    target.addLegalOp<gpu::GPUModuleOp>();
    return applyPartialConversion(functions, target, std::move(patterns));
  }

  /// Arguments by value are maps of tensors, which no thread changes: copies
  /// read them where launches put them (`const __grid_constant__` of CUDA C++).
  /// (Upstream's pattern for functions forgets that they are by value.)
  static void keepTensorMaps(gpu::GPUModuleOp kernels,
                             ArrayRef<ValueArgument> arguments) {
    for (const ValueArgument &argument : arguments) {
      auto function = kernels.lookupSymbol<LLVM::LLVMFuncOp>(argument.function);
      function.setArgAttr(argument.place, LLVM::LLVMDialect::getByValAttrName(),
                          argument.type);
      function.setArgAttr(argument.place,
                          NVVM::NVVMDialect::getGridConstantAttrName(),
                          UnitAttr::get(function.getContext()));
    }
  }

  /// The memory of a block that launches ask for isn't the module's own, and
  /// begins where factors of warpgroups may. (Upstream makes it internal, of
  /// which ptxas makes a byte, and aligns it to 16 bytes.)
  static void declareDynamicMemory(gpu::GPUModuleOp kernels) {
    constexpr uint64_t alignment = 1024;
    constexpr unsigned sharedSpace = 3;
    for (auto global : kernels.getOps<LLVM::GlobalOp>()) {
      auto type = dyn_cast<LLVM::LLVMArrayType>(global.getType());
      if (global.getAddrSpace() == sharedSpace && type &&
          type.getNumElements() == 0) {
        global.setLinkage(LLVM::Linkage::External);
        global.setAlignment(alignment);
      }
    }
  }
};

} // namespace
