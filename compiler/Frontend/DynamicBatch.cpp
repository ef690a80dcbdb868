// Networks whose batch is chosen for each run: see DynamicBatch.h.

#include "compiler/Frontend/DynamicBatch.h"

#include "compiler/Analysis/BatchIndependence.h"
#include "compiler/Frontend/Frontend.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace toeplitz {

/// The sizes of the batch that are tried. Primes, which few other dimensions
/// have; small, because shapes have limits.
static constexpr int64_t firstProbe = 11, secondProbe = 13;

void replaceStatedBatch(llvm::ArrayRef<llvm::SmallVectorImpl<int64_t> *> shapes,
                        int64_t batch) {
  if (shapes.empty() || shapes.front()->empty())
    return;
  int64_t stated = shapes.front()->front();
  for (llvm::SmallVectorImpl<int64_t> *shape : shapes)
    if (!shape->empty() && shape->front() == stated)
      shape->front() = batch;
}

static OwningOpRef<ModuleOp> importFor(int64_t batch, llvm::StringRef path,
                                       MLIRContext &context,
                                       ImportOptions options) {
  options.batch = batch;
  return importNetwork(path, context, options);
}

static func::FuncOp getMain(ModuleOp module) {
  return module.lookupSymbol<func::FuncOp>("main");
}

/// The places of the types whose first size differs by that of the batch.
static llvm::SmallVector<int64_t> findBatched(TypeRange types,
                                              TypeRange others) {
  llvm::SmallVector<int64_t> places;
  for (auto [place, type, other] : llvm::enumerate(types, others))
    if (type != other)
      places.push_back(place);
  return places;
}

/// The same place, in another context.
static Location translate(Location location, MLIRContext &context) {
  Location place = UnknownLoc::get(&context);
  if (auto range = location->findInstanceOf<FileLineColRange>())
    place = FileLineColLoc::get(&context, range.getFilename().getValue(),
                                range.getStartLine(), range.getStartColumn());
  if (auto layer = location->findInstanceOf<NameLoc>())
    place = NameLoc::get(StringAttr::get(&context, layer.getName().getValue()),
                         place);
  return place;
}

namespace {

/// What the network turns out to be when it is tried with two sizes of the
/// batch.
struct Probe {
  /// The inputs with a batch.
  llvm::SmallVector<int64_t> inputs;
  /// The shapes for the first size.
  llvm::SmallVector<llvm::SmallVector<int64_t>> inputShapes, outputShapes;
};

} // namespace

static llvm::SmallVector<llvm::SmallVector<int64_t>>
getShapes(TypeRange types) {
  llvm::SmallVector<llvm::SmallVector<int64_t>> shapes;
  for (Type type : types)
    shapes.emplace_back(cast<RankedTensorType>(type).getShape());
  return shapes;
}

/// Imports the network for two sizes of the batch and checks that they compute
/// the same for each sample. In a context of its own, which takes the weights
/// with it when it goes; what is wrong is reported in `context`, and what is
/// warned about would be the same for each size.
static llvm::FailureOr<Probe> probe(llvm::StringRef path, MLIRContext &context,
                                    const ImportOptions &options) {
  MLIRContext probeContext(MLIRContext::Threading::DISABLED);
  probeContext.printOpOnDiagnostic(false);
  int64_t tried = firstProbe;
  ScopedDiagnosticHandler handler(&probeContext, [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() != DiagnosticSeverity::Error)
      return success();
    Location location = translate(diagnostic.getLocation(), context);
    InFlightDiagnostic error = emitError(location) << diagnostic.str();
    if (tried)
      error.attachNote(location) << "tried with a batch of " << tried
                                 << ", as any size must do for --batch=dynamic";
    return success();
  });
  auto first = importFor(firstProbe, path, probeContext, options);
  if (!first)
    return failure();
  tried = secondProbe;
  auto second = importFor(secondProbe, path, probeContext, options);
  if (!second)
    return failure();
  tried = 0;
  func::FuncOp main = getMain(*first), other = getMain(*second);
  // The importer leaves what it computed shapes with, such as the batch.
  IRRewriter rewriter(&probeContext);
  for (func::FuncOp function : {main, other})
    (void)runRegionDCE(rewriter, function->getRegions());
  Probe result;
  result.inputs =
      findBatched(main.getArgumentTypes(), other.getArgumentTypes());
  if (result.inputs.empty())
    return emitError((*first)->getLoc())
           << "--batch=dynamic: no input has a leading dimension that could be "
              "the batch";
  llvm::SmallPtrSet<Operation *, 8> commonLoops;
  if (failed(checkBatchIndependence(main, result.inputs, commonLoops)) ||
      failed(checkSameNumbers(main, other, commonLoops)))
    return failure();
  result.inputShapes = getShapes(main.getArgumentTypes());
  result.outputShapes = getShapes(main.getResultTypes());
  return result;
}

/// Whether the types are of one sample of tensors with those shapes.
static bool areOneSample(TypeRange types,
                         llvm::ArrayRef<llvm::SmallVector<int64_t>> shapes) {
  return llvm::equal(
      getShapes(types), shapes,
      [](llvm::ArrayRef<int64_t> one, llvm::ArrayRef<int64_t> many) {
        return one.size() == many.size() &&
               (one == many ||
                (one[0] == 1 && one.drop_front() == many.drop_front()));
      });
}

OwningOpRef<ModuleOp> importDynamicBatch(llvm::StringRef path,
                                         MLIRContext &context,
                                         const ImportOptions &options) {
  auto found = probe(path, context, options);
  if (failed(found))
    return nullptr;
  OwningOpRef<ModuleOp> module = importFor(1, path, context, options);
  if (!module)
    return nullptr;
  func::FuncOp main = getMain(*module);
  if (!areOneSample(main.getArgumentTypes(), found->inputShapes) ||
      !areOneSample(main.getResultTypes(), found->outputShapes)) {
    emitError(module->getLoc())
        << "--batch=dynamic: with one sample the shapes aren't those of "
           "several but for the batch";
    return nullptr;
  }
  llvm::SmallVector<int64_t> outputs;
  for (int64_t place = 0; place < int64_t(main.getNumResults()); ++place)
    outputs.push_back(place);
  Builder builder(&context);
  (*module)->setAttr(
      "toeplitz.dynamic_batch",
      builder.getDictionaryAttr(
          {builder.getNamedAttr("inputs",
                                builder.getDenseI64ArrayAttr(found->inputs)),
           builder.getNamedAttr("outputs",
                                builder.getDenseI64ArrayAttr(outputs))}));
  return module;
}

} // namespace toeplitz
