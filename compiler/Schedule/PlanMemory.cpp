// Places every buffer of a network in one arena.
//
// The network is a straight line of operations, so a buffer's life is an
// interval. Placing intervals of different sizes in as little memory as
// possible is NP-hard (dynamic storage allocation); largest first at the lowest
// free offset is the usual heuristic and close to the bound for networks.
// Source: Pisarchyk and Lee, Efficient Memory Management for Deep Neural Net
// Inference (arXiv:2001.03288), greedy by size.

#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
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

struct Buffer {
  memref::AllocOp alloc;
  int64_t size = 0;
  /// The positions in the block of the first and the last operation that
  /// touches the buffer.
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
    int64_t size = place(buffers);
    replace(main, buffers, size);
    placeParts(main);
    getOperation()->setAttr(
        "toeplitz.workspace_size",
        IntegerAttr::get(IntegerType::get(&getContext(), 64), size));
  }

private:
  LogicalResult collect(func::FuncOp main, SmallVectorImpl<Buffer> &buffers) {
    Block &block = main.getBody().front();
    DenseMap<Operation *, int64_t> positions;
    for (auto [position, op] : llvm::enumerate(block))
      positions[&op] = static_cast<int64_t>(position);
    for (auto alloc : block.getOps<memref::AllocOp>()) {
      MemRefType type = alloc.getType();
      if (!type.hasStaticShape() || !type.getLayout().isIdentity())
        return alloc.emitOpError("has no static, contiguous shape");
      Buffer buffer;
      buffer.alloc = alloc;
      int64_t bytes = llvm::divideCeil(
          type.getNumElements() * type.getElementTypeBitWidth(), 8);
      buffer.size = llvm::alignTo(bytes, arenaAlignment);
      buffer.firstUse = std::numeric_limits<int64_t>::max();
      buffer.lastUse = -1;
      // Uses through views count: follow them.
      SmallVector<Value> aliases = {alloc.getResult()};
      while (!aliases.empty())
        for (Operation *user : aliases.pop_back_val().getUsers()) {
          Operation *inBlock = block.findAncestorOpInBlock(*user);
          if (isa<memref::DeallocOp>(user))
            continue;
          if (isa<ViewLikeOpInterface>(user)) {
            llvm::append_range(aliases, user->getResults());
            continue;
          }
          buffer.firstUse = std::min(buffer.firstUse, positions[inBlock]);
          buffer.lastUse = std::max(buffer.lastUse, positions[inBlock]);
        }
      buffers.push_back(buffer);
    }
    return success();
  }

  /// Sets the offsets; returns the size of the arena.
  static int64_t place(SmallVectorImpl<Buffer> &buffers) {
    SmallVector<Buffer *> bySize;
    for (Buffer &buffer : buffers)
      bySize.push_back(&buffer);
    // Equal sizes in program order, so that the plan is always the same.
    llvm::sort(bySize, [](const Buffer *a, const Buffer *b) {
      return a->size != b->size ? a->size > b->size : a < b;
    });
    SmallVector<Buffer *> placed;
    int64_t end = 0;
    for (Buffer *buffer : bySize) {
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

  /// A part of a buffer that is contiguous (a part of a concatenation, when
  /// there is one image) becomes a view of the arena of its own: its type then
  /// says neither where it lies nor what it is a part of, and kernels that
  /// differ in nothing else are one function.
  void placeParts(func::FuncOp main) {
    SmallVector<memref::SubViewOp> parts;
    main.walk([&](memref::SubViewOp part) { parts.push_back(part); });
    for (memref::SubViewOp part : parts) {
      auto whole = part.getSource().getDefiningOp<memref::ViewOp>();
      auto base = whole ? getConstantIntValue(whole.getByteShift())
                        : std::optional<int64_t>();
      if (!base || !isContiguous(part.getType()) ||
          llvm::any_of(part->getUsers(), llvm::IsaPred<ViewLikeOpInterface>))
        continue;
      auto [strides, offset] = part.getType().getStridesAndOffset();
      int64_t bytes = part.getType().getElementTypeBitWidth() / 8;
      OpBuilder builder(part);
      Location location = part.getLoc();
      Value shift = arith::ConstantIndexOp::create(builder, location,
                                                   *base + offset * bytes);
      auto type = MemRefType::get(part.getType().getShape(),
                                  part.getType().getElementType());
      Value view =
          memref::ViewOp::create(builder, location, type, whole.getSource(),
                                 shift, /*sizes=*/ValueRange());
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
