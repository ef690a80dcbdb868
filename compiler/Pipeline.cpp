// The whole way, top to bottom: a line a pass.

#include "compiler/Pipeline.h"
#include "compiler/Algorithms/Algorithm.h"
#include "compiler/Lowering/Passes.h"
#include "compiler/Schedule/Passes.h"
#include "compiler/Schedule/Selection.h"
#include "compiler/Transforms/Passes.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <limits>

using namespace mlir;
using namespace toeplitz;

/// Layers for which the user has chosen something, which stay as they are.
static SmallVector<std::string>
getChosenLayers(const PipelineOptions &options) {
  SmallVector<std::string> layers;
  for (const auto *choices : {&options.layerAlgorithms, &options.layerFolds})
    for (const auto &[layer, choice] : *choices)
      layers.push_back(layer);
  return layers;
}

void toeplitz::buildCnnPipeline(OpPassManager &manager,
                                const PipelineOptions &options) {
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  manager.addPass(createRecognizeLayerNorm());
  manager.addPass(createMoveChannelsFirst());
  manager.addPass(createRecognizeActivations());
  manager.addPass(createRecognizeGroupNorm());
  manager.addPass(createSinkReshapes());
  manager.addPass(createFoldBatchNorm());
  manager.addPass(createSplitSeparable());
  manager.addPass(createExpandPadding());
  if (options.fold != "none") {
    manager.addPass(createFoldPadding());
    // (Whoever chooses an algorithm has the layer as it is in mind.)
    if (options.algorithm.empty())
      manager.addPass(createCropKernels({getChosenLayers(options)}));
    manager.addPass(createComposePointwise({getChosenLayers(options)}));
    manager.addPass(createFoldAveragePool());
  }
  manager.addPass(createCanonicalizerPass());
}

double PipelineOptions::getTypicalErrorLimit() const {
  // Whoever lets factors be rounded has said what may be lost.
  bool rounds = precision != "f32";
  return typicalError.value_or(rounds ? std::numeric_limits<double>::infinity()
                                      : usualTypicalError);
}

static SetTargetOptions
getTargetOptions(const PipelineOptions &pipelineOptions) {
  const TargetDescription &target = pipelineOptions.target;
  SetTargetOptions options;
  options.lanes = target.vectorLanes;
  options.registers = target.vectorRegisters;
  options.fma = target.hasFusedMultiplyAdd;
  options.l1 = target.level1CacheBytes;
  options.l2 = target.level2CacheBytes;
  options.amx = target.hasTileProducts;
  options.byElement = target.hasProductsByElement;
  options.hidesMemory = target.hidesMemory;
  options.gpu = target.gpuCapability;
  options.precision = pipelineOptions.precision;
  options.warpgroups = target.hasWarpgroupProducts;
  return options;
}

static SelectAlgorithmsOptions
getAlgorithmOptions(const PipelineOptions &options) {
  SelectAlgorithmsOptions passOptions;
  passOptions.algorithm = options.algorithm;
  for (const auto &[layer, name] : options.layerAlgorithms)
    passOptions.layers.push_back(layer + "=" + name);
  passOptions.maxError = options.maxError.value_or(0);
  passOptions.precise = options.precise;
  passOptions.inputRange = options.inputRange.value_or(0);
  passOptions.typicalError = options.getTypicalErrorLimit();
  // The usual limit is nobody's wish.
  passOptions.warn = options.typicalError.has_value();
  passOptions.bounds = options.inputRange.has_value();
  passOptions.tuned = options.tunedPath;
  passOptions.cpu = options.target.cpu;
  return passOptions;
}

static ChooseFoldsOptions getFoldOptions(const PipelineOptions &options) {
  ChooseFoldsOptions passOptions;
  passOptions.fold = options.fold;
  // Whoever chooses an algorithm has the layer as it is in mind.
  passOptions.automatic = options.algorithm.empty();
  for (const auto &[layer, names] : options.layerFolds)
    passOptions.layers.push_back(layer + "=" + names);
  for (const auto &[layer, algorithm] : options.layerAlgorithms)
    if (options.fold.empty() && !options.layerFolds.count(layer))
      passOptions.layers.push_back(layer + "=none");
  return passOptions;
}

/// The folds that choose-folds has marked, in the order of getLayerFolds.
static void addMarkedFolds(OpPassManager &manager,
                           const PipelineOptions &options) {
  constexpr bool markedOnly = true;
  manager.addPass(createFoldTransposed({markedOnly}));
  manager.addPass(createFoldGroups({markedOnly, options.target.vectorLanes}));
  manager.addPass(createFoldDilation({markedOnly}));
  manager.addPass(createFoldStride({markedOnly}));
  manager.addPass(createCanonicalizerPass());
}

static bufferization::OneShotBufferizePassOptions getBufferizationOptions() {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  options.allowReturnAllocsFromLoops = false;
  return options;
}

/// Results are written where the caller wants them, without a copy.
static bufferization::BufferResultsToOutParamsPassOptions getResultOptions() {
  bufferization::BufferResultsToOutParamsPassOptions options;
  options.modifyPublicFunctions = true;
  options.hoistStaticAllocs = true;
  return options;
}

void toeplitz::buildTargetPipeline(OpPassManager &manager,
                                   const PipelineOptions &options) {
  manager.addPass(createSetTarget(getTargetOptions(options)));
  manager.addPass(createChooseFolds(getFoldOptions(options)));
  addMarkedFolds(manager, options);
}

void toeplitz::buildSchedulePipeline(OpPassManager &manager,
                                     const PipelineOptions &options) {
  // Choices.
  buildTargetPipeline(manager, options);
  buildChoicePipeline(manager, options);
}

void toeplitz::buildChoicePipeline(OpPassManager &manager,
                                   const PipelineOptions &options) {
  manager.addPass(createSelectAlgorithms(getAlgorithmOptions(options)));
  buildKernelPipeline(manager, options.releaseWeights);
}

void toeplitz::buildKernelPipeline(OpPassManager &manager,
                                   bool releaseWeights) {
  // Layouts, packed weights, prologues and epilogues.
  manager.addPass(createConvertCnnToKernel({releaseWeights}));
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createFuseInvertedResidual());
  manager.addPass(createFuseSeparable());
  manager.addPass(createFusePools());
  manager.addPass(createFuseElementwise());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  // Buffers.
  manager.addPass(createSinkElementReads());
  manager.addPass(createPrepareBuffers());
  manager.addPass(createPlaceSlices());
  manager.addPass(bufferization::createEmptyTensorEliminationPass());
  manager.addPass(
      bufferization::createOneShotBufferizePass(getBufferizationOptions()));
  manager.addPass(createSeparateResults());
  manager.addPass(
      bufferization::createBufferResultsToOutParamsPass(getResultOptions()));
  // In this order: copies from a view to an equal one go when the two are one.
  manager.addPass(createCSEPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createDropEmptyBuffers());
  manager.addPass(createNarrowActivations());
  manager.addPass(createAllocateScratch());
  manager.addPass(createPlanMemory());
}

void toeplitz::buildLoopsPipeline(OpPassManager &manager,
                                  const PipelineOptions &options) {
  if (options.timeKernels)
    manager.addPass(createTimeKernels());
  manager.addPass(createConvertKernelToLoops(getConvolutionLowerings()));
  if (options.target.isGpu()) {
    manager.addPass(createOutlineElementAccesses());
    manager.addPass(createLaunchOnGpu());
  }
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
}

/// The kernels of a GPU on their way to the LLVM dialect and NVVM.
static void addDevicePasses(OpPassManager &manager) {
  OpPassManager &device = manager.nest<gpu::GPUModuleOp>();
  device.addPass(memref::createExpandStridedMetadataPass());
  device.addPass(createLowerAffinePass());
  device.addPass(createSCFToControlFlowPass());
  device.addPass(createConvertDeviceToNvvm());
  device.addPass(createReconcileUnrealizedCastsPass());
  device.addPass(createSelectSample());
  device.addPass(createCanonicalizerPass());
  device.addPass(createCSEPass());
}

void toeplitz::buildLLVMPipeline(OpPassManager &manager,
                                 const PipelineOptions &options) {
  // Threads and weights leave the functions.
  if (options.target.isGpu()) {
    manager.addPass(createLaunchSamples());
    manager.addPass(createGatherWeights());
    manager.addPass(createConvertLaunchesToRuntime());
    manager.addPass(createCreateTensorMaps());
  } else {
    manager.addPass(createConvertParallelToRuntime());
  }
  manager.addPass(createExternalizeWeights());
  // (A GPU has functions of half precision only as approximations in f32.)
  if (options.target.isGpu())
    manager.addPass(math::createMathExtendToSupportedTypes());
  manager.addPass(createApproximateMath());
  if (options.target.isGpu())
    addDevicePasses(manager);
  if (options.target.isEmulated())
    manager.addPass(createEmulateGpu({/*check=*/options.target.isChecked()}));
  else if (options.target.isGpu())
    manager.nest<gpu::GPUModuleOp>().addPass(createConvertNVVMToLLVMPass());
  // Upstream's way to the LLVM dialect.
  manager.addPass(memref::createExpandStridedMetadataPass());
  manager.addPass(createLowerAffinePass());
  manager.addPass(createSCFToControlFlowPass());
  manager.addPass(createConvertTilesToLLVM());
  // (Functions of libm take vectors apart: before vectors are LLVM's.)
  manager.addPass(createConvertMathToLLVMPass());
  manager.addPass(createConvertMathToLibmPass());
  manager.addPass(createConvertVectorToLLVMPass());
  manager.addPass(createFinalizeMemRefToLLVMConversionPass());
  ConvertFuncToLLVMPassOptions functionOptions;
  functionOptions.useBarePtrCallConv = true;
  manager.addPass(createConvertFuncToLLVMPass(functionOptions));
  manager.addPass(createArithToLLVMConversionPass());
  manager.addPass(createConvertControlFlowToLLVMPass());
  manager.addPass(createConvertIndexToLLVMPass());
  manager.addPass(createUBToLLVMConversionPass());
  manager.addPass(createReconcileUnrealizedCastsPass());
  manager.addPass(createCanonicalizerPass());
  manager.addPass(createCSEPass());
  if (options.target.isGpu())
    manager.addPass(createLinkLaunches());
  manager.addPass(createLinkParallelKernels());
}

void toeplitz::buildPipeline(OpPassManager &manager, Stage from, Stage to,
                             const PipelineOptions &options) {
  // A network as written is the first stage; simplifying it is the first step
  // of the way to the next one.
  if (from < Stage::Schedule && to >= Stage::Schedule) {
    buildCnnPipeline(manager, options);
    buildSchedulePipeline(manager, options);
  }
  if (from < Stage::Loops && to >= Stage::Loops)
    buildLoopsPipeline(manager, options);
  if (from < Stage::LLVM && to >= Stage::LLVM)
    buildLLVMPipeline(manager, options);
}

/// Whether an operation has to do with buffers, as no operation of a network as
/// written has: loops and linalg on tensors are a way of writing one.
static bool usesBuffers(Operation *operation) {
  auto isBuffer = llvm::IsaPred<BaseMemRefType>;
  if (auto function = dyn_cast<FunctionOpInterface>(operation))
    return llvm::any_of(function.getArgumentTypes(), isBuffer);
  return llvm::any_of(operation->getOperandTypes(), isBuffer) ||
         llvm::any_of(operation->getResultTypes(), isBuffer);
}

Stage toeplitz::findStage(ModuleOp module) {
  Stage stage = Stage::Cnn;
  module.walk([&](Operation *operation) {
    if (isa<LLVM::LLVMFuncOp>(operation)) {
      stage = Stage::LLVM;
      return WalkResult::interrupt();
    }
    // What waits for its loops decides, whatever stands around it.
    StringRef dialect = operation->getName().getDialectNamespace();
    bool buffers = usesBuffers(operation);
    if (dialect == "kernel" ||
        (buffers && (dialect == "linalg" || isa<memref::CopyOp>(operation))))
      stage = Stage::Schedule;
    else if (stage == Stage::Cnn && (buffers || dialect == "vector"))
      stage = Stage::Loops;
    return WalkResult::advance();
  });
  return stage;
}

StringRef toeplitz::stageName(Stage stage) {
  switch (stage) {
  case Stage::Cnn:
    return "cnn";
  case Stage::Schedule:
    return "schedule";
  case Stage::Loops:
    return "loops";
  case Stage::LLVM:
    return "llvm";
  }
  llvm_unreachable("every stage has a name");
}
