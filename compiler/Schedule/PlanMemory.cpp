// Places every buffer of a network in one arena.
//
// The network is a straight line of operations, some of which (loops, branches)
// hold others: a buffer's life is an interval. What is used in a loop is alive
// during all of it, unless the loop's body itself allocates it. Placing
// intervals of different sizes in as little memory as possible is NP-hard
// (dynamic storage allocation). Each in turn at the lowest offset that is free
// for its whole life is the usual heuristic. Which order is best depends on the
// network, so several are tried: largest first (Pisarchyk and Lee, Efficient
// Memory Management for Deep Neural Net Inference, arXiv:2001.03288, greedy by
// size), largest product of size and life, longest life, and as they come. The
// largest sum of sizes that are alive at once is a lower bound; it is recorded
// beside what was reached.

#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"

namespace toeplitz {
#define GEN_PASS_DEF_PLANMEMORY
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

/// A cache line, and the widest vector: buffers start at multiples of it.
static constexpr int64_t arenaAlignment = 64;

namespace {

/// Where operations stand in the program: an operation's interval holds those
/// of the operations in its regions.
struct Interval {
  int64_t first = 0, last = 0;
};

struct Buffer {
  memref::AllocOp alloc;
  int64_t size = 0;
  /// From the first to the last operation that touches the buffer.
  int64_t firstUse = 0, lastUse = 0;
  int64_t offset = 0;

  bool overlapsInTime(const Buffer &other) const {
    return firstUse <= other.lastUse && other.firstUse <= lastUse;
  }
};

struct PlanMemory : toeplitz::impl::PlanMemoryBase<PlanMemory> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      getOperation().emitError("expected a function @main of one block");
      return signalPassFailure();
    }
    SmallVector<Buffer> buffers;
    if (failed(collect(main, buffers)))
      return signalPassFailure();
    int64_t bound = findBound(buffers);
    int64_t size = place(buffers, bound);
    replace(main, buffers, size);
    placeParts(main);
    auto record = [&](StringRef name, int64_t bytes) {
      getOperation()->setAttr(
          name, IntegerAttr::get(IntegerType::get(&getContext(), 64), bytes));
    };
    record("toeplitz.workspace_size", size);
    record("toeplitz.workspace_bound", bound);
  }

private:
  /// The size of an element in memory: a bool takes a whole byte.
  static int64_t getElementBytes(Type type) {
    if (type.isIndex())
      return IndexType::kInternalStorageBitWidth / 8;
    return llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
  }

  DenseMap<Operation *, Interval> positions;

  LogicalResult collect(func::FuncOp main, SmallVectorImpl<Buffer> &buffers) {
    positions.clear();
    int64_t next = 0;
    number(main, next);
    WalkResult result = main.walk([&](memref::AllocOp alloc) {
      MemRefType type = alloc.getType();
      if (!type.hasStaticShape() || !type.getLayout().isIdentity()) {
        alloc.emitOpError("has no static, contiguous shape");
        return WalkResult::interrupt();
      }
      Buffer buffer;
      buffer.alloc = alloc;
      buffer.size = llvm::alignTo(type.getNumElements() *
                                      getElementBytes(type.getElementType()),
                                  arenaAlignment);
      findLife(buffer);
      buffers.push_back(buffer);
      return WalkResult::advance();
    });
    return success(!result.wasInterrupted());
  }

  /// Numbers all operations in program order.
  void number(Operation *op, int64_t &next) {
    Interval interval;
    interval.first = next++;
    for (Region &region : op->getRegions())
      for (Operation &inner : region.getOps())
        number(&inner, next);
    interval.last = next++;
    positions[op] = interval;
  }

  /// The operations that touch the buffer, by whatever name: views and casts of
  /// it, and what loops and branches make of it.
  static SetVector<Operation *> findUsers(memref::AllocOp alloc) {
    SetVector<Operation *> users;
    SetVector<Value> names;
    names.insert(alloc.getResult());
    auto addBuffers = [&](ValueRange values) {
      for (Value value : values)
        if (isa<BaseMemRefType>(value.getType()))
          names.insert(value);
    };
    for (size_t i = 0; i < names.size(); ++i)
      for (Operation *user : names[i].getUsers()) {
        if (isa<memref::DeallocOp>(user))
          continue;
        // (A view that nobody reads doesn't keep the buffer alive.)
        if (!isa<ViewLikeOpInterface>(user))
          users.insert(user);
        // An operation that gives buffers back may give back this one. What it
        // hands to its regions comes in as their arguments; what a terminator
        // yields is a result of the operation around it, or comes in again.
        Operation *giver = user;
        if (user->hasTrait<OpTrait::IsTerminator>() &&
            !isa<func::FuncOp>(user->getParentOp()))
          giver = user->getParentOp();
        addBuffers(giver->getResults());
        for (Region &region : giver->getRegions())
          for (Block &block : region)
            addBuffers(block.getArguments());
      }
    return users;
  }

  void findLife(Buffer &buffer) {
    SetVector<Operation *> users = findUsers(buffer.alloc);
    // Uses count for the operations of one block that hold them: the block of
    // the allocation, or the one around it that the buffer has left it for.
    Block *block = buffer.alloc->getBlock();
    for (Operation *user : users)
      while (!block->findAncestorOpInBlock(*user))
        block = block->getParentOp()->getBlock();
    buffer.firstUse = std::numeric_limits<int64_t>::max();
    buffer.lastUse = -1;
    for (Operation *user : users) {
      Interval interval = positions[block->findAncestorOpInBlock(*user)];
      buffer.firstUse = std::min(buffer.firstUse, interval.first);
      buffer.lastUse = std::max(buffer.lastUse, interval.last);
    }
  }

  /// What is alive at once, at most: no plan takes less.
  static int64_t findBound(ArrayRef<Buffer> buffers) {
    int64_t bound = 0;
    // (It grows only where a life begins.)
    for (const Buffer &start : buffers) {
      int64_t live = 0;
      for (const Buffer &buffer : buffers)
        if (buffer.firstUse <= start.firstUse &&
            start.firstUse <= buffer.lastUse)
          live += buffer.size;
      bound = std::max(bound, live);
    }
    return bound;
  }

  /// Sets the offsets; returns the size of the arena.
  static int64_t place(SmallVectorImpl<Buffer> &buffers, int64_t bound) {
    auto getLife = [](const Buffer &b) { return b.lastUse - b.firstUse + 1; };
    const std::function<int64_t(const Buffer &)> priorities[] = {
        [](const Buffer &b) { return b.size; },
        [&](const Buffer &b) { return b.size * getLife(b); },
        [&](const Buffer &b) { return getLife(b); },
        [](const Buffer &b) { return -b.firstUse; },
        [](const Buffer &b) { return b.firstUse; },
        [](const Buffer &b) { return b.lastUse; },
        [](const Buffer &b) { return -b.lastUse; }};
    SmallVector<Buffer> best;
    int64_t bestSize = std::numeric_limits<int64_t>::max();
    for (const auto &priority : priorities) {
      int64_t size = placeBy(buffers, bound, priority);
      if (size < bestSize) {
        bestSize = size;
        best.assign(buffers.begin(), buffers.end());
      }
      if (bestSize == bound)
        break;
    }
    buffers = std::move(best);
    return bestSize;
  }

  /// The same for one order: those of the highest priority come first.
  static int64_t
  placeBy(MutableArrayRef<Buffer> buffers, int64_t bound,
          llvm::function_ref<int64_t(const Buffer &)> getPriority) {
    SmallVector<Buffer *> order;
    for (Buffer &buffer : buffers)
      order.push_back(&buffer);
    // Equal ones in program order, so that the plan is always the same.
    llvm::sort(order, [&](const Buffer *a, const Buffer *b) {
      int64_t first = getPriority(*a), second = getPriority(*b);
      return first != second ? first > second : a < b;
    });
    int64_t best = placeInOrder(order);
    SmallVector<int64_t> offsets;
    auto keep = [&] {
      offsets.clear();
      for (const Buffer &buffer : buffers)
        offsets.push_back(buffer.offset);
    };
    keep();
    // What lies at the end comes first instead, a few times.
    constexpr int repetitions = 16;
    auto getEnd = [](const Buffer *b) { return b->offset + b->size; };
    for (int i = 0; i < repetitions && best > bound; ++i) {
      auto *last = llvm::max_element(
          order, [&](Buffer *a, Buffer *b) { return getEnd(a) < getEnd(b); });
      std::rotate(order.begin(), last, last + 1);
      int64_t size = placeInOrder(order);
      if (size < best) {
        best = size;
        keep();
      }
    }
    for (auto [buffer, offset] : llvm::zip_equal(buffers, offsets))
      buffer.offset = offset;
    return best;
  }

  /// Each where there is room beside those before; returns where the last one
  /// ends.
  static int64_t placeInOrder(ArrayRef<Buffer *> order) {
    SmallVector<Buffer *> placed;
    int64_t end = 0;
    for (Buffer *buffer : order) {
      // What lies at the same time in memory, by offset: the first gap that is
      // large enough is taken.
      SmallVector<Buffer *> neighbours;
      for (Buffer *other : placed)
        if (buffer->overlapsInTime(*other))
          neighbours.push_back(other);
      llvm::sort(neighbours, [](const Buffer *a, const Buffer *b) {
        return a->offset < b->offset;
      });
      int64_t offset = 0;
      for (Buffer *other : neighbours) {
        if (offset + buffer->size <= other->offset)
          break;
        offset = std::max(offset, other->offset + other->size);
      }
      buffer->offset = offset;
      end = std::max(end, offset + buffer->size);
      placed.push_back(buffer);
    }
    return end;
  }

  void replace(func::FuncOp main, ArrayRef<Buffer> buffers, int64_t size) {
    OpBuilder builder(&getContext());
    auto arenaType = MemRefType::get({size}, builder.getI8Type());
    (void)main.insertArgument(0, arenaType, {}, main.getLoc());
    Value arena = main.getArgument(0);
    for (const Buffer &buffer : buffers) {
      memref::AllocOp alloc = buffer.alloc;
      for (Operation *user :
           llvm::make_early_inc_range(alloc.getResult().getUsers()))
        if (isa<memref::DeallocOp>(user))
          user->erase();
      builder.setInsertionPoint(alloc);
      Value offset = arith::ConstantIndexOp::create(builder, alloc.getLoc(),
                                                    buffer.offset);
      Value view = memref::ViewOp::create(builder, alloc.getLoc(),
                                          alloc.getType(), arena, offset,
                                          /*sizes=*/ValueRange());
      alloc.getResult().replaceAllUsesWith(view);
      alloc.erase();
    }
  }

  /// A part of a buffer becomes a view of the arena of its own: its type then
  /// says neither where it lies nor, if it is contiguous (a part of a
  /// concatenation, when there is one image), what it is a part of, and kernels
  /// that differ in nothing else are one function.
  void placeParts(func::FuncOp main) {
    SmallVector<memref::SubViewOp> parts;
    main.walk([&](memref::SubViewOp part) { parts.push_back(part); });
    for (memref::SubViewOp part : parts) {
      auto whole = part.getSource().getDefiningOp<memref::ViewOp>();
      auto base = whole ? getConstantIntValue(whole.getByteShift())
                        : std::optional<int64_t>();
      MemRefType type = part.getType();
      SmallVector<int64_t> strides;
      int64_t offset;
      if (!base || !type.hasStaticShape() ||
          failed(type.getStridesAndOffset(strides, offset)) ||
          ShapedType::isDynamic(offset) ||
          llvm::is_contained(strides, ShapedType::kDynamic) ||
          llvm::any_of(part->getUsers(), llvm::IsaPred<ViewLikeOpInterface>))
        continue;
      OpBuilder builder(part);
      Location location = part.getLoc();
      int64_t bytes = getElementBytes(type.getElementType());
      Value shift = arith::ConstantIndexOp::create(builder, location,
                                                   *base + offset * bytes);
      auto viewAs = [&](ArrayRef<int64_t> shape) -> Value {
        return memref::ViewOp::create(
            builder, location, MemRefType::get(shape, type.getElementType()),
            whole.getSource(), shift, /*sizes=*/ValueRange());
      };
      Value view;
      if (isContiguous(type)) {
        view = viewAs(type.getShape());
      } else {
        // The memory from its first to its last element, with its strides.
        int64_t extent = 1;
        for (auto [size, stride] : llvm::zip(type.getShape(), strides))
          extent += (size - 1) * stride;
        auto placed = MemRefType::get(
            type.getShape(), type.getElementType(),
            StridedLayoutAttr::get(&getContext(), /*offset=*/0, strides));
        view = memref::ReinterpretCastOp::create(builder, location, placed,
                                                 viewAs({extent}), /*offset=*/0,
                                                 type.getShape(), strides);
      }
      part.getResult().replaceAllUsesWith(view);
      part.erase();
    }
  }

  /// Whether the elements follow each other; how far apart they would be along
  /// a dimension of one element doesn't matter.
  static bool isContiguous(MemRefType type) {
    SmallVector<int64_t> strides;
    int64_t offset;
    if (!type.hasStaticShape() ||
        failed(type.getStridesAndOffset(strides, offset)) ||
        ShapedType::isDynamic(offset))
      return false;
    int64_t expected = 1;
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      if (type.getDimSize(d) != 1 && strides[d] != expected)
        return false;
      expected *= type.getDimSize(d);
    }
    return true;
  }
};

} // namespace
