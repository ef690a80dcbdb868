// linalg operations, tensor.generate and tensor.pad as instructions.

#include "compiler/Reference/Iteration.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace toeplitz::reference;

/// Enough to make the work of an instruction small against its lanes', and few
/// enough for a body's lanes to stay in the cache.
static constexpr size_t laneCount = 256;

namespace {

struct RunLinalg : Instruction {
  LogicalResult run(Frame &frame) const override;

  /// An operand is a tensor or a scalar that all points read.
  struct Operand {
    Slot outer;
    ElementType type;
    bool isInitial;     ///< of a result
    bool isOverwritten; ///< its elements are never read
  };

  LogicalResult findSizes(ArrayRef<Tensor *> tensors,
                          SmallVector<int64_t> &sizes) const;

  Iteration iteration;
  SmallVector<Operand> operands;
  SmallVector<Slot> results;
  int64_t rank;
};

/// A tensor whose elements are computed from their index.
struct Generator {
  FailureOr<TensorPointer> run(Frame &frame, ArrayRef<int64_t> shape) const {
    auto result = std::make_shared<Tensor>(type, shape);
    if (failed(iteration.run(frame, shape, result.get())))
      return failure();
    return result;
  }

  ElementType type;
  Iteration iteration;
};

struct RunGenerate : Instruction {
  LogicalResult run(Frame &frame) const override;

  tensor::GenerateOp op;
  Generator generator;
  SmallVector<Slot> sizes; ///< those that aren't static
  Slot result;
};

struct RunPad : Instruction {
  LogicalResult run(Frame &frame) const override;

  tensor::PadOp op;
  Generator border;
  Slot source;
  SmallVector<Slot> low, high; ///< those that aren't static
  Slot result;
};

} // namespace

/// Sizes that are numbers or, where they are dynamic, in slots.
static SmallVector<int64_t> readSizes(ArrayRef<int64_t> sizes,
                                      ArrayRef<Slot> slots, Frame &frame) {
  SmallVector<int64_t> result(sizes);
  for (int64_t &size : result)
    if (ShapedType::isDynamic(size)) {
      size = *frame.integers(slots.front());
      slots = slots.drop_front();
    }
  return result;
}

/// A dimension is as large as those of the operands that it goes through.
LogicalResult RunLinalg::findSizes(ArrayRef<Tensor *> tensors,
                                   SmallVector<int64_t> &sizes) const {
  sizes.assign(rank, -1);
  for (auto [access, tensor] : llvm::zip(iteration.accesses, tensors))
    for (auto [d, expression] : llvm::enumerate(access.map.getResults()))
      if (auto dimension = dyn_cast<AffineDimExpr>(expression)) {
        int64_t &size = sizes[dimension.getPosition()];
        if (size != -1 && size != tensor->shape[d])
          return iteration.op->emitError()
                 << "dimension " << dimension.getPosition() << " has sizes "
                 << size << " and " << tensor->shape[d];
        size = tensor->shape[d];
      }
  if (llvm::is_contained(sizes, -1))
    return iteration.op->emitError("has a dimension whose size no operand has");
  return success();
}

LogicalResult RunLinalg::run(Frame &frame) const {
  // The inputs first: a result may be one of them, and then it isn't the only
  // owner of its elements.
  SmallVector<TensorPointer> pointers(operands.size());
  for (auto [operand, pointer] : llvm::zip(operands, pointers)) {
    if (operand.isInitial)
      continue;
    if (operand.outer.kind == Slot::Kind::Tensor) {
      pointer = frame.tensor(operand.outer);
      continue;
    }
    pointer = std::make_shared<Tensor>(operand.type, ArrayRef<int64_t>());
    if (operand.outer.kind == Slot::Kind::Float)
      pointer->values[0] = *frame.floats(operand.outer);
    else
      pointer->integers[0] = *frame.integers(operand.outer);
  }
  for (auto [operand, pointer] : llvm::zip(operands, pointers))
    if (operand.isInitial)
      pointer = frame.tensor(operand.outer);
  for (Slot last : dying)
    if (llvm::none_of(iteration.captures, [&](Capture capture) {
          return capture.outer.kind == Slot::Kind::Tensor &&
                 capture.outer.index == last.index;
        }))
      frame.tensor(last).reset();
  for (auto [operand, pointer] : llvm::zip(operands, pointers)) {
    if (!operand.isInitial)
      continue;
    if (pointer.use_count() > 1 && operand.isOverwritten)
      pointer = std::make_shared<Tensor>(pointer->type, pointer->shape);
    else
      pointer = makeUnique(std::move(pointer));
  }

  SmallVector<Tensor *> tensors;
  for (const TensorPointer &pointer : pointers)
    tensors.push_back(pointer.get());
  SmallVector<int64_t> sizes;
  if (failed(findSizes(tensors, sizes)) ||
      failed(iteration.run(frame, sizes, tensors)))
    return failure();

  ArrayRef<Slot> remaining = results;
  for (auto [operand, pointer] : llvm::zip(operands, pointers))
    if (operand.isInitial && !remaining.empty()) {
      frame.tensor(remaining.front()) = std::move(pointer);
      remaining = remaining.drop_front();
    }
  return success();
}

LogicalResult RunGenerate::run(Frame &frame) const {
  tensor::GenerateOp generate = op;
  auto tensor = generator.run(
      frame, readSizes(generate.getType().getShape(), sizes, frame));
  if (failed(tensor))
    return failure();
  frame.tensor(result) = std::move(*tensor);
  return success();
}

LogicalResult RunPad::run(Frame &frame) const {
  tensor::PadOp pad = op;
  TensorPointer inner = frame.tensor(source);
  SmallVector<int64_t> before = readSizes(pad.getStaticLow(), low, frame);
  SmallVector<int64_t> after = readSizes(pad.getStaticHigh(), high, frame);
  SmallVector<int64_t> shape(inner->shape);
  for (size_t d = 0; d < shape.size(); ++d) {
    shape[d] += before[d] + after[d];
    if (before[d] < 0 || after[d] < 0)
      return pad.emitError("pads by less than nothing");
  }
  auto padded = border.run(frame, shape);
  if (failed(padded))
    return failure();
  StridedView from{0, rowMajorStrides(inner->shape)};
  StridedView to{0, rowMajorStrides(shape)};
  for (size_t d = 0; d < shape.size(); ++d)
    to.offset += before[d] * to.strides[d];
  copyBox(inner->shape, *inner, from, **padded, to);
  frame.tensor(result) = std::move(*padded);
  return success();
}

/// Whether every point along these dimensions has a place of its own.
static bool separates(AffineMap map, ArrayRef<int64_t> dimensions) {
  return map.isProjectedPermutation() &&
         llvm::all_of(dimensions, [&](int64_t dimension) {
           return llvm::any_of(map.getResults(), [&](AffineExpr expression) {
             auto position = dyn_cast<AffineDimExpr>(expression);
             return position && position.getPosition() == dimension;
           });
         });
}

/// Compiles the body, whose arguments `body` has defined.
static FailureOr<SmallVector<Slot>> compileBody(Compiler &body, Block &block,
                                                Iteration &iteration) {
  FailureOr<Program> program = body.compileBlock(block);
  if (failed(program))
    return failure();
  Operation *terminator = block.getTerminator();
  auto yielded = body.lookup(terminator->getOperands(), terminator);
  if (failed(yielded))
    return failure();
  iteration.body = std::move(*program);
  iteration.captures = SmallVector<Capture>(body.getCaptures());
  iteration.width = canRunInLanes(block) ? laneCount : 1;
  for (auto [dimension, slot] : body.indexSlots)
    iteration.positions.push_back({dimension, slot});
  iteration.layout = body.getLayout();
  return yielded;
}

static Compiled compileLinalg(Compiler &compiler, linalg::LinalgOp op) {
  auto instruction = std::make_unique<RunLinalg>();
  Iteration &iteration = instruction->iteration;
  iteration.op = op;
  instruction->rank = op.getNumLoops();
  Compiler body(compiler.getPrecision(), &compiler);

  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    FailureOr<Slot> outer = compiler.lookup(value, op);
    if (failed(outer))
      return failure();
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool isInitial = op.isDpsInit(&operand);
    Iteration::Access access{map, std::nullopt, std::nullopt};
    BlockArgument argument;
    for (auto [candidate, blockArgument] : llvm::zip(
             op.getOpOperandsMatchingBBargs(), op.getBlock()->getArguments()))
      if (candidate == &operand)
        argument = blockArgument;
    if (argument && !argument.use_empty()) {
      FailureOr<Slot> read = body.define(argument, op);
      if (failed(read))
        return failure();
      access.read = *read;
    }
    iteration.accesses.push_back(access);
    instruction->operands.push_back(
        {*outer, *getElementType(value.getType()), isInitial,
         isInitial && !access.read && map.isPermutation()});
  }

  auto yielded = compileBody(body, *op.getBlock(), iteration);
  if (failed(yielded))
    return failure();
  ArrayRef<Slot> remaining = *yielded;
  for (auto [access, operand] :
       llvm::zip(iteration.accesses, instruction->operands))
    if (operand.isInitial) {
      access.written = remaining.front();
      remaining = remaining.drop_front();
    }

  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<int64_t> parallel, ordered;
  for (auto [dimension, iterator] : llvm::enumerate(iterators))
    (iterator == utils::IteratorType::parallel ? parallel : ordered)
        .push_back(static_cast<int64_t>(dimension));
  for (auto [access, operand] :
       llvm::zip(iteration.accesses, instruction->operands))
    if (operand.isInitial && !separates(access.map, parallel)) {
      parallel.clear();
      ordered = llvm::to_vector(llvm::seq<int64_t>(iterators.size()));
      break;
    }
  iteration.laneDimensions = std::move(parallel);
  iteration.orderedDimensions = std::move(ordered);

  auto results = compiler.define(op->getResults(), op);
  if (failed(results))
    return failure();
  instruction->results = std::move(*results);
  return std::unique_ptr<Instruction>(std::move(instruction));
}

/// The body of an operation whose arguments are the index of the element that
/// it yields.
static LogicalResult compileGenerator(Compiler &compiler, Operation *op,
                                      RankedTensorType type,
                                      Generator &generator) {
  std::optional<ElementType> element = getElementType(type);
  if (!element)
    return op->emitError() << "the reference evaluator has no values of type "
                           << type;
  generator.type = *element;
  Block &block = op->getRegion(0).front();
  Compiler body(compiler.getPrecision(), &compiler);
  for (BlockArgument argument : block.getArguments())
    body.alias(argument, body.getIndexSlot(argument.getArgNumber()));
  Iteration &iteration = generator.iteration;
  iteration.op = op;
  auto yielded = compileBody(body, block, iteration);
  if (failed(yielded))
    return failure();
  iteration.accesses.push_back(
      {AffineMap::getMultiDimIdentityMap(type.getRank(), op->getContext()),
       std::nullopt, yielded->front()});
  iteration.laneDimensions =
      llvm::to_vector(llvm::seq<int64_t>(type.getRank()));
  return success();
}

static Compiled compileGenerate(Compiler &compiler, tensor::GenerateOp op) {
  auto instruction = std::make_unique<RunGenerate>();
  instruction->op = op;
  auto sizes = compiler.lookup(op.getDynamicExtents(), op);
  if (failed(sizes) || failed(compileGenerator(compiler, op, op.getType(),
                                               instruction->generator)))
    return failure();
  instruction->sizes = std::move(*sizes);
  auto result = compiler.define(op.getResult(), op);
  if (failed(result))
    return failure();
  instruction->result = *result;
  return std::unique_ptr<Instruction>(std::move(instruction));
}

static Compiled compilePad(Compiler &compiler, tensor::PadOp op) {
  auto instruction = std::make_unique<RunPad>();
  instruction->op = op;
  auto source = compiler.lookup(op.getSource(), op);
  auto low = compiler.lookup(op.getLow(), op);
  auto high = compiler.lookup(op.getHigh(), op);
  if (failed(source) || failed(low) || failed(high) ||
      failed(compileGenerator(compiler, op, op.getResultType(),
                              instruction->border)))
    return failure();
  instruction->source = *source;
  instruction->low = std::move(*low);
  instruction->high = std::move(*high);
  auto result = compiler.define(op.getResult(), op);
  if (failed(result))
    return failure();
  instruction->result = *result;
  return std::unique_ptr<Instruction>(std::move(instruction));
}

Compiled toeplitz::reference::compileIteration(Compiler &compiler,
                                               Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return compileLinalg(compiler, structured);
  if (auto generate = dyn_cast<tensor::GenerateOp>(op))
    return compileGenerate(compiler, generate);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return compilePad(compiler, pad);
  return std::unique_ptr<Instruction>();
}
