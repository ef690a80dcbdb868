// Iterations of subgraphs: see Iteration.h.

#include "compiler/Frontend/Onnx/Iteration.h"

#include "compiler/Frontend/Onnx/TensorMovement.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

bool passesThrough(const onnx::GraphProto &graph, int input, int output) {
  llvm::StringRef name = graph.output(output).name();
  // Nodes needn't be in order, but a name has one node.
  for (int steps = 0; steps <= graph.node_size(); ++steps) {
    if (name == graph.input(input).name())
      return true;
    auto node =
        llvm::find_if(graph.node(), [&](const onnx::NodeProto &candidate) {
          return candidate.op_type() == "Identity" &&
                 candidate.input_size() == 1 && candidate.output_size() == 1 &&
                 candidate.output(0) == name;
        });
    if (node == graph.node().end())
      return false;
    name = node->input(0);
  }
  return false;
}

LogicalResult checkBodyCounts(OnnxNode &node, const onnx::GraphProto &body,
                              size_t inputs, size_t outputs) {
  auto check = [&](int found, size_t expected,
                   llvm::StringRef what) -> LogicalResult {
    if (found == static_cast<int64_t>(expected))
      return success();
    return node.error() << "the body has " << found << " " << what
                        << ", expected " << expected;
  };
  return success(succeeded(check(body.input_size(), inputs, "inputs")) &&
                 succeeded(check(body.output_size(), outputs, "results")));
}

LogicalResult checkInputsAreThere(OnnxNode &node, size_t first) {
  for (size_t index = first; index < node.getInputCount(); ++index)
    if (!node.hasInput(index))
      return node.error() << "input " << index << " is missing";
  return success();
}

static Value makeIndex(OnnxNode &node, int64_t number) {
  return arith::ConstantIndexOp::create(node.getBuilder(), node.getLocation(),
                                        number);
}

Value makeInteger(OnnxNode &node, int64_t number) {
  OpBuilder &builder = node.getBuilder();
  return arith::ConstantIntOp::create(builder, node.getLocation(),
                                      builder.getI64Type(), number);
}

static llvm::SmallVector<Value> getValues(llvm::ArrayRef<OnnxValue> values) {
  return llvm::map_to_vector(values,
                             [](OnnxValue value) { return value.value; });
}

/// Values with the element types of others.
static llvm::SmallVector<OnnxValue>
withTypesOf(llvm::ArrayRef<OnnxValue> others, ValueRange values) {
  llvm::SmallVector<OnnxValue> result;
  for (auto [other, value] : llvm::zip_equal(others, values))
    result.push_back({value, other.type});
  return result;
}

static llvm::SmallVector<int64_t> getStackedShape(int64_t count,
                                                  OnnxValue part) {
  llvm::SmallVector<int64_t> shape = {count};
  llvm::append_range(shape, part.getShape());
  return shape;
}

std::optional<bool> getKnownCondition(OnnxValue condition) {
  auto numbers = readNumbers(getConstant(condition.value), condition.type);
  if (!numbers || numbers->size() != 1)
    return std::nullopt;
  return numbers->front() != 0;
}

namespace {

/// The slice of a tensor that is one part of its first dimension.
struct PartOfTensor {
  PartOfTensor(OpBuilder &builder, llvm::ArrayRef<int64_t> shape, Value at)
      : offsets(shape.size(), builder.getIndexAttr(0)),
        strides(shape.size(), builder.getIndexAttr(1)) {
    offsets.front() = getAsOpFoldResult(at);
    for (int64_t size : shape)
      sizes.push_back(builder.getIndexAttr(size));
    sizes.front() = builder.getIndexAttr(1);
  }

  llvm::SmallVector<OpFoldResult> offsets, sizes, strides;
};

} // namespace

OnnxValue emitPart(OnnxNode &node, OnnxValue value, Value at) {
  llvm::ArrayRef<int64_t> shape = value.getShape();
  if (isEmptyShape(shape.drop_front()))
    return makeEmptyTensor(node, shape.drop_front(), value.type);
  OpBuilder &builder = node.getBuilder();
  PartOfTensor part(builder, shape, at);
  auto type = RankedTensorType::get(shape.drop_front(),
                                    value.getTensorType().getElementType());
  return {tensor::ExtractSliceOp::create(builder, node.getLocation(), type,
                                         value.value, part.offsets, part.sizes,
                                         part.strides),
          value.type};
}

static Value putPart(OnnxNode &node, Value part, Value whole, Value at) {
  OpBuilder &builder = node.getBuilder();
  PartOfTensor place(builder,
                     cast<RankedTensorType>(whole.getType()).getShape(), at);
  return tensor::InsertSliceOp::create(builder, node.getLocation(), part, whole,
                                       place.offsets, place.sizes,
                                       place.strides);
}

Value emitFromEnd(OnnxNode &node, Value number, int64_t count) {
  return arith::SubIOp::create(node.getBuilder(), node.getLocation(),
                               makeIndex(node, count - 1), number);
}

/// Checks that the values can come in again where the others did.
static LogicalResult checkCarried(OnnxNode &node,
                                  llvm::ArrayRef<OnnxValue> before,
                                  llvm::ArrayRef<OnnxValue> after,
                                  bool withShapes) {
  for (auto [index, first, next] : llvm::enumerate(before, after)) {
    if (first.type != next.type)
      return node.error() << "the body makes " << getName(next.type)
                          << " of carried value " << index << ", which is "
                          << getName(first.type);
    if (withShapes && first.getShape() != next.getShape())
      return node.error() << "the body makes shape "
                          << formatShape(next.getShape())
                          << " of carried value " << index
                          << ", which has shape "
                          << formatShape(first.getShape());
  }
  return success();
}

/// The body of a new loop, without the terminator that it may have.
static Block &openBody(scf::ForOp loop) {
  Block &block = *loop.getBody();
  if (!block.empty())
    block.back().erase();
  return block;
}

llvm::FailureOr<LoopDraft> draftLoop(OnnxNode &node,
                                     llvm::ArrayRef<OnnxValue> initial,
                                     IterationBody body) {
  OpBuilder &builder = node.getBuilder();
  LoopDraft draft;
  draft.initial.assign(initial.begin(), initial.end());
  Value zero = makeIndex(node, 0), one = makeIndex(node, 1);
  draft.loop = scf::ForOp::create(builder, node.getLocation(), zero, zero, one,
                                  getValues(initial));
  Block &block = openBody(draft.loop);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  if (failed(body(draft.loop.getInductionVar(),
                  withTypesOf(initial, draft.loop.getRegionIterArgs()),
                  draft.results)) ||
      failed(checkCarried(node, initial, draft.results.carried,
                          /*withShapes=*/true))) {
    builder.setInsertionPoint(draft.loop);
    draft.loop.erase();
    return failure();
  }
  return draft;
}

/// Moves the draft's operations to the end of a block, where these are the
/// values of an iteration.
static void moveBody(LoopDraft &draft, Block &block, Value number,
                     ValueRange carried) {
  Block &body = *draft.loop.getBody();
  draft.loop.getInductionVar().replaceAllUsesWith(number);
  for (auto [argument, value] :
       llvm::zip_equal(draft.loop.getRegionIterArgs(), carried)) {
    argument.replaceAllUsesWith(value);
    // What the body hands on may be what came in.
    for (auto *results : {&draft.results.carried, &draft.results.collected})
      for (OnnxValue &result : *results)
        if (result.value == argument)
          result.value = value;
    if (draft.results.condition.value == argument)
      draft.results.condition.value = value;
  }
  block.getOperations().splice(block.end(), body.getOperations());
  draft.loop.erase();
}

llvm::FailureOr<LoopResults> emitCountedLoop(OnnxNode &node, LoopDraft &draft,
                                             int64_t count,
                                             llvm::ArrayRef<bool> isReversed) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  llvm::SmallVector<Value> starts = getValues(draft.initial);
  LoopResults results;
  // (What has no elements needn't be put anywhere.)
  llvm::SmallVector<size_t> stacked;
  for (auto [index, part] : llvm::enumerate(draft.results.collected)) {
    llvm::SmallVector<int64_t> shape = getStackedShape(count, part);
    if (failed(node.checkResultShape(shape)))
      return failure();
    if (isEmptyShape(shape)) {
      results.collected.push_back(makeEmptyTensor(node, shape, part.type));
      continue;
    }
    stacked.push_back(index);
    starts.push_back(makeEmpty(node, shape, part.type));
    results.collected.push_back({Value(), part.type});
  }
  auto loop =
      scf::ForOp::create(builder, location, makeIndex(node, 0),
                         makeIndex(node, count), makeIndex(node, 1), starts);
  Block &block = openBody(loop);
  size_t carriedCount = draft.initial.size();
  moveBody(draft, block, loop.getInductionVar(),
           ValueRange(loop.getRegionIterArgs()).take_front(carriedCount));
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(&block);
    llvm::SmallVector<Value> yielded = getValues(draft.results.carried);
    for (auto [place, index] : llvm::enumerate(stacked)) {
      Value at = loop.getInductionVar();
      if (isReversed[index])
        at = emitFromEnd(node, at, count);
      yielded.push_back(putPart(node, draft.results.collected[index].value,
                                loop.getRegionIterArg(carriedCount + place),
                                at));
    }
    scf::YieldOp::create(builder, location, yielded);
  }
  results.carried =
      withTypesOf(draft.initial, loop.getResults().take_front(carriedCount));
  for (auto [place, index] : llvm::enumerate(stacked))
    results.collected[index].value = loop.getResult(carriedCount + place);
  return results;
}

LoopResults emitCountedLoop(OnnxNode &node, LoopDraft &draft, Value count) {
  OpBuilder &builder = node.getBuilder();
  auto loop =
      scf::ForOp::create(builder, node.getLocation(), makeIndex(node, 0), count,
                         makeIndex(node, 1), getValues(draft.initial));
  Block &block = openBody(loop);
  moveBody(draft, block, loop.getInductionVar(), loop.getRegionIterArgs());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&block);
  scf::YieldOp::create(builder, node.getLocation(),
                       getValues(draft.results.carried));
  return {withTypesOf(draft.initial, loop.getResults()), {}};
}

LoopResults emitConditionalLoop(OnnxNode &node, LoopDraft &draft, Value first,
                                Value limit) {
  OpBuilder &builder = node.getBuilder();
  Location location = node.getLocation();
  // The number of the iteration and whether there is one come before what the
  // body carries.
  constexpr size_t own = 2;
  // (Counted as a number of the network, which --batch=dynamic compares:
  // indices may differ from batch to batch.)
  llvm::SmallVector<Value> starts = {makeInteger(node, 0), first};
  llvm::append_range(starts, getValues(draft.initial));
  Value one = makeInteger(node, 1);
  auto loop = scf::WhileOp::create(
      builder, location, TypeRange(ValueRange(starts)), starts,
      [&](OpBuilder &, Location, ValueRange arguments) {
        Value goesOn = arguments[1];
        if (limit)
          goesOn = arith::AndIOp::create(
              builder, location, goesOn,
              arith::CmpIOp::create(builder, location,
                                    arith::CmpIPredicate::slt, arguments[0],
                                    limit));
        scf::ConditionOp::create(builder, location, goesOn, arguments);
      },
      [&](OpBuilder &, Location, ValueRange arguments) {
        Value number = arith::IndexCastOp::create(
            builder, location, builder.getIndexType(), arguments[0]);
        moveBody(draft, *number.getParentBlock(), number,
                 arguments.drop_front(own));
        builder.setInsertionPointToEnd(number.getParentBlock());
        llvm::SmallVector<Value> yielded = {
            arith::AddIOp::create(builder, location, arguments[0], one),
            emitToCondition(node, draft.results.condition)};
        llvm::append_range(yielded, getValues(draft.results.carried));
        scf::YieldOp::create(builder, location, yielded);
      });
  return {withTypesOf(draft.initial, loop.getResults().drop_front(own)), {}};
}

LoopResults emitNoIterations(OnnxNode &node, const LoopDraft &draft) {
  LoopResults results;
  results.carried = draft.initial;
  for (OnnxValue part : draft.results.collected)
    results.collected.push_back(
        makeEmptyTensor(node, getStackedShape(0, part), part.type));
  return results;
}

static LogicalResult unrollInto(OnnxNode &node, std::optional<int64_t> limit,
                                IterationBody body, llvm::StringRef reason,
                                UnrolledLoop &loop) {
  for (bool goesOn = true; goesOn && (!limit || loop.count < *limit);
       ++loop.count) {
    if (loop.count == maximumUnrolled)
      return node.error() << "it has more than " << maximumUnrolled
                          << " iterations, each of which must be known when "
                             "compiling, since "
                          << reason;
    IterationResults next;
    if (failed(body(makeIndex(node, loop.count), loop.carried, next)) ||
        failed(checkCarried(node, loop.carried, next.carried,
                            /*withShapes=*/false)))
      return failure();
    loop.carried = next.carried;
    loop.parts.resize(next.collected.size());
    for (auto [index, part] : llvm::enumerate(next.collected)) {
      llvm::SmallVector<OnnxValue> &before = loop.parts[index];
      if (!before.empty() && (before.front().type != part.type ||
                              before.front().getShape() != part.getShape()))
        return node.error()
               << "collected value " << index << " has shape "
               << formatShape(part.getShape()) << " in iteration " << loop.count
               << " and " << formatShape(before.front().getShape())
               << " in the first one";
      before.push_back(part);
    }
    if (!next.condition)
      continue;
    std::optional<bool> known = getKnownCondition(next.condition);
    if (!known)
      return node.error() << "whether iteration " << loop.count + 1
                          << " follows is computed when the network runs, and "
                             "must be known when compiling, since "
                          << reason;
    goesOn = *known;
  }
  return success();
}

llvm::FailureOr<UnrolledLoop> unrollLoop(OnnxNode &node,
                                         llvm::ArrayRef<OnnxValue> initial,
                                         std::optional<int64_t> limit,
                                         IterationBody body,
                                         llvm::StringRef reason) {
  OpBuilder &builder = node.getBuilder();
  UnrolledLoop loop;
  loop.carried.assign(initial.begin(), initial.end());
  loop.place =
      scf::ExecuteRegionOp::create(builder, node.getLocation(), TypeRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(&loop.place.getRegion().emplaceBlock());
  if (succeeded(unrollInto(node, limit, body, reason, loop)))
    return loop;
  builder.setInsertionPoint(loop.place);
  loop.place.erase();
  return failure();
}

llvm::FailureOr<LoopResults> keepUnrolled(OnnxNode &node, UnrolledLoop &loop) {
  Block &block = loop.place.getRegion().front();
  loop.place->getBlock()->getOperations().splice(loop.place->getIterator(),
                                                 block.getOperations());
  loop.place.erase();
  LoopResults results;
  results.carried = loop.carried;
  for (llvm::ArrayRef<OnnxValue> parts : loop.parts) {
    if (failed(node.checkResultShape(
            getStackedShape(parts.size(), parts.front()))))
      return failure();
    llvm::SmallVector<OnnxValue> rows;
    for (OnnxValue part : parts)
      rows.push_back(emitReshape(node, part, getStackedShape(1, part)));
    results.collected.push_back(emitConcat(node, rows, 0));
  }
  return results;
}

} // namespace toeplitz
