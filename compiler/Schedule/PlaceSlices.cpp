// Computes the slices of which a tensor is put together where they lie in it.
//
// A concatenation is a chain of tensor.insert_slice into an empty tensor, and
// so are the phases of a folded layer:
//
//   y = insert(x_n, ... insert(x_1, empty)), each x_i into a region R_i of y.
//
// It gets a buffer, in which each x_i is computed at R_i; whoever reads x_i
// reads it there. Three things follow from what networks do with that:
//
// - Of two concatenations along one dimension, that of x_j ... x_k lies in that
//   of x_1 ... x_n if these follow each other there: it becomes a view of the
//   larger one, though it is read before that is complete. A concatenation of
//   concatenations counts as one of all their parts. So the layers of a dense
//   block, each of which reads all before it (Huang et al., Densely Connected
//   Convolutional Networks, arXiv:1608.06993, equation 2), share one buffer.
// - What is put together in a region lies there with all its parts.
// - What lies in two regions is computed in the first and copied to the others.
//
// This is decided before bufferization, because between tensors no view can
// come before what it is a view of. It is safe because every region is written
// once, at once when its slice is computed, and nothing is written in place of
// it later: its readers see a tensor that isn't writable.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Schedule/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

#include <deque>

namespace toeplitz {
#define GEN_PASS_DEF_PLACESLICES
#include "compiler/Schedule/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Elements offset + i * stride, i < size, along each dimension of a buffer.
struct Region {
  SmallVector<int64_t> offsets, sizes, strides;

  static Region whole(ArrayRef<int64_t> shape) {
    return {SmallVector<int64_t>(shape.size(), 0), SmallVector<int64_t>(shape),
            SmallVector<int64_t>(shape.size(), 1)};
  }

  /// The region `inner` of this one.
  Region compose(const Region &inner) const {
    Region result = inner;
    for (size_t d = 0; d < offsets.size(); ++d) {
      result.offsets[d] = offsets[d] + strides[d] * inner.offsets[d];
      result.strides[d] = strides[d] * inner.strides[d];
    }
    return result;
  }

  int64_t getLast(size_t d) const {
    return offsets[d] + (sizes[d] - 1) * strides[d];
  }

  /// Whether no element is in both, as far as one dimension shows.
  bool isDisjoint(const Region &other) const {
    for (size_t d = 0; d < offsets.size(); ++d)
      if (getLast(d) < other.offsets[d] || other.getLast(d) < offsets[d] ||
          (strides[d] == other.strides[d] &&
           (offsets[d] - other.offsets[d]) % strides[d] != 0))
        return true;
    return false;
  }
};

/// A value in a region of an assembly, or a concatenation of several.
struct Part {
  Value value;
  Region region;
};

/// A tensor that is put together of slices.
struct Assembly {
  /// In program order, the last of which is the whole.
  SmallVector<tensor::InsertSliceOp> slices;
  /// The dimension along which whole slices follow each other, if they do.
  std::optional<int64_t> dimension;
  /// What lies where in it: one part for each slice, or for each part of a
  /// slice that is a concatenation along the same dimension. Those of a
  /// concatenation in the order of their offsets.
  SmallVector<Part> parts;
  /// The larger concatenation of which this one is a view, and where it begins
  /// among its parts.
  Assembly *host = nullptr;
  size_t firstPart = 0;
  /// Its own buffer, if it isn't a view of another, and the last of the views
  /// of that.
  Value buffer, lastView;

  tensor::InsertSliceOp getLast() const {
    return tensor::InsertSliceOp(slices.back());
  }
  Value getResult() const { return getLast().getResult(); }
  RankedTensorType getType() const {
    return cast<RankedTensorType>(getResult().getType());
  }
  Block *getBlock() const { return getLast()->getBlock(); }
};

/// Where a value is computed: a part of an assembly.
struct Home {
  Assembly *assembly;
  size_t part;
};

bool isView(Operation *op) {
  return isa_and_nonnull<tensor::ExtractSliceOp, tensor::CollapseShapeOp,
                         tensor::ExpandShapeOp, tensor::CastOp>(op);
}

/// Whether the value, or a view of it, is handed on by a terminator: whoever
/// receives it decides where it lies.
bool escapes(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return user->hasTrait<OpTrait::IsTerminator>() ||
           (isView(user) && escapes(user->getResult(0)));
  });
}

/// The slices of which `last` is put together in an empty tensor; none if
/// anything else reads a state of it in between, or if they aren't known.
SmallVector<tensor::InsertSliceOp> findSlices(tensor::InsertSliceOp last) {
  SmallVector<tensor::InsertSliceOp> slices = {last};
  while (auto previous =
             slices.back().getDest().getDefiningOp<tensor::InsertSliceOp>()) {
    if (!previous->hasOneUse() || previous->getBlock() != last->getBlock())
      return {};
    slices.push_back(previous);
  }
  if (!slices.back().getDest().getDefiningOp<tensor::EmptyOp>())
    return {};
  std::reverse(slices.begin(), slices.end());
  for (tensor::InsertSliceOp slice : slices)
    if (!slice.getType().hasStaticShape() || !slice.getOffsets().empty() ||
        !slice.getSizes().empty() || !slice.getStrides().empty() ||
        slice.getSourceType().getNumElements() == 0)
      return {};
  return slices;
}

/// The dimension along which the parts, in order of their offsets, follow each
/// other and cover the whole.
std::optional<int64_t> findConcatDimension(ArrayRef<Part> parts,
                                           ArrayRef<int64_t> shape) {
  Region whole = Region::whole(shape);
  for (size_t dimension = 0; dimension < shape.size(); ++dimension) {
    int64_t end = 0;
    bool follow = llvm::all_of(parts, [&](const Part &part) {
      Region expected = whole;
      expected.offsets[dimension] = end;
      expected.sizes[dimension] = part.region.sizes[dimension];
      end += part.region.sizes[dimension];
      return part.region.offsets == expected.offsets &&
             part.region.sizes == expected.sizes &&
             part.region.strides == expected.strides &&
             cast<RankedTensorType>(part.value.getType()).getShape() ==
                 ArrayRef<int64_t>(expected.sizes);
    });
    if (follow && end == shape[dimension])
      return dimension;
  }
  return std::nullopt;
}

class Placement {
public:
  explicit Placement(func::FuncOp main) : main(main) {}

  void run() {
    collect();
    for (Assembly &assembly : assemblies)
      flatten(assembly);
    findHosts();
    findHomes();
    allocate();
    for (Assembly &assembly : assemblies)
      copyOthers(assembly);
    for (Assembly &assembly : assemblies)
      place(assembly);
    replaceResults();
  }

private:
  void collect();
  void flatten(Assembly &assembly);
  void findHosts();
  bool canHost(const Assembly &host, size_t first, const Assembly &guest) const;
  bool isPlaceable(const Part &part, Assembly &assembly) const;
  void findHomes();
  void allocate();
  Value getBuffer(Assembly &assembly, Region region, RankedTensorType type);
  Operation *findFirstReader(Assembly &assembly, size_t part) const;
  void copy(OpBuilder &builder, Location location, Value value, Value target);
  void copyOthers(Assembly &assembly);
  void place(Assembly &assembly);
  void replaceResults();

  Assembly *find(Value value) const { return byResult.lookup(value); }

  bool isHome(Value value, const Assembly &assembly, size_t part) const {
    auto home = homes.find(value);
    return home != homes.end() && home->second.assembly == &assembly &&
           home->second.part == part;
  }

  func::FuncOp main;
  /// In program order of their last slices. (A deque: they stay where they
  /// are.)
  std::deque<Assembly> assemblies;
  DenseMap<Value, Assembly *> byResult;
  DenseMap<Value, Home> homes;
};

void Placement::collect() {
  main.walk([&](tensor::InsertSliceOp last) {
    if (last->hasOneUse())
      if (auto next = dyn_cast<tensor::InsertSliceOp>(*last->user_begin()))
        if (next.getDest() == last.getResult())
          return;
    Assembly assembly;
    assembly.slices = findSlices(last);
    if (assembly.slices.size() < 2)
      return;
    for (tensor::InsertSliceOp slice : assembly.slices) {
      Region region = {SmallVector<int64_t>(slice.getStaticOffsets()),
                       SmallVector<int64_t>(slice.getStaticSizes()),
                       SmallVector<int64_t>(slice.getStaticStrides())};
      for (const Part &part : assembly.parts)
        if (!part.region.isDisjoint(region))
          return;
      assembly.parts.push_back({slice.getSource(), std::move(region)});
    }
    SmallVector<Part> ordered = assembly.parts;
    llvm::sort(ordered, [](const Part &a, const Part &b) {
      return a.region.offsets < b.region.offsets;
    });
    assembly.dimension =
        findConcatDimension(ordered, assembly.getType().getShape());
    if (assembly.dimension)
      assembly.parts = std::move(ordered);
    assemblies.push_back(std::move(assembly));
    byResult[last.getResult()] = &assemblies.back();
  });
}

/// A concatenation of concatenations is one of their parts. (What is put
/// together earlier is flat already.)
void Placement::flatten(Assembly &assembly) {
  if (!assembly.dimension)
    return;
  SmallVector<Part> parts;
  for (Part &part : assembly.parts) {
    Assembly *inner = find(part.value);
    if (!inner || inner->dimension != assembly.dimension ||
        inner->getBlock() != assembly.getBlock()) {
      parts.push_back(part);
      continue;
    }
    for (const Part &innerPart : inner->parts)
      parts.push_back({innerPart.value, part.region.compose(innerPart.region)});
  }
  assembly.parts = std::move(parts);
}

bool Placement::canHost(const Assembly &host, size_t first,
                        const Assembly &guest) const {
  if (host.getBlock() != guest.getBlock() ||
      host.dimension != guest.dimension ||
      first + guest.parts.size() > host.parts.size())
    return false;
  for (size_t i = 0; i < guest.parts.size(); ++i)
    if (host.parts[first + i].value != guest.parts[i].value)
      return false;
  return true;
}

/// The largest come first; each other one is a view of the first in which it
/// lies.
void Placement::findHosts() {
  SmallVector<size_t> order;
  for (auto [index, assembly] : llvm::enumerate(assemblies))
    if (assembly.dimension)
      order.push_back(index);
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::make_tuple(assemblies[b].parts.size(), a) <
           std::make_tuple(assemblies[a].parts.size(), b);
  });
  DenseMap<Value, SmallVector<Home>> places;
  for (size_t index : order) {
    Assembly *guest = &assemblies[index];
    if (!escapes(guest->getResult()))
      for (auto [host, first] : places.lookup(guest->parts.front().value))
        if (!guest->host && canHost(*host, first, *guest)) {
          guest->host = host;
          guest->firstPart = first;
        }
    if (!guest->host)
      for (auto [i, part] : llvm::enumerate(guest->parts))
        places[part.value].push_back({guest, i});
  }
}

/// Whether the part can be computed where it lies. Its computation must begin
/// with an empty tensor that nobody else sees on the way.
bool Placement::isPlaceable(const Part &part, Assembly &assembly) const {
  Value value = part.value;
  if (value.getParentBlock() != assembly.getBlock() || escapes(value))
    return false;
  if (Assembly *inner = find(value))
    // (Of what loses dimensions in it, the parts aren't regions of this.)
    return !inner->host &&
           inner->getType().getRank() == int64_t(part.region.sizes.size());
  while (true) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    auto op = dyn_cast<DestinationStyleOpInterface>(result.getOwner());
    if (!op || op->getBlock() != assembly.getBlock() || op->getNumRegions() > 1)
      return false;
    value = op.getTiedOpOperand(result)->get();
    if (value.getDefiningOp<tensor::EmptyOp>())
      return true;
    if (!value.hasOneUse())
      return false;
  }
}

void Placement::findHomes() {
  for (Assembly &assembly : assemblies) {
    if (assembly.host)
      continue;
    for (auto [i, part] : llvm::enumerate(assembly.parts))
      if (!homes.contains(part.value) && isPlaceable(part, assembly))
        homes[part.value] = {&assembly, i};
  }
}

/// Buffers begin with their block: whatever is computed in them comes later.
/// (It is what touches them that counts for their lives.)
void Placement::allocate() {
  for (Assembly &assembly : llvm::reverse(assemblies)) {
    if (assembly.host || homes.contains(assembly.getResult()))
      continue;
    OpBuilder builder = OpBuilder::atBlockBegin(assembly.getBlock());
    RankedTensorType type = assembly.getType();
    assembly.buffer = assembly.lastView = memref::AllocOp::create(
        builder, assembly.getLast().getLoc(),
        MemRefType::get(type.getShape(), type.getElementType()));
  }
}

/// A region of an assembly as a view of the buffer that holds it, in the shape
/// of `type`.
Value Placement::getBuffer(Assembly &assembly, Region region,
                           RankedTensorType type) {
  Assembly *holder = &assembly;
  while (!holder->buffer) {
    Home home = holder->host ? Home{holder->host, holder->firstPart}
                             : homes.lookup(holder->getResult());
    Region inner = home.assembly->parts[home.part].region;
    region = inner.compose(region);
    holder = home.assembly;
  }
  auto wholeType = cast<MemRefType>(holder->buffer.getType());
  Region whole = Region::whole(wholeType.getShape());
  if (region.offsets == whole.offsets && region.sizes == whole.sizes)
    return holder->buffer;
  OpBuilder builder(holder->buffer.getContext());
  builder.setInsertionPointAfterValue(holder->lastView);
  auto attributes = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(builder.getContext(), values);
  };
  SmallVector<OpFoldResult> offsets = attributes(region.offsets),
                            sizes = attributes(region.sizes),
                            strides = attributes(region.strides);
  MemRefType viewType = memref::SubViewOp::inferRankReducedResultType(
      type.getShape(), wholeType, offsets, sizes, strides);
  holder->lastView =
      memref::SubViewOp::create(builder, assembly.getLast().getLoc(), viewType,
                                holder->buffer, offsets, sizes, strides);
  return holder->lastView;
}

/// The first that needs the part to be there: the assembly, or a view of it.
Operation *Placement::findFirstReader(Assembly &assembly, size_t part) const {
  Operation *first = assembly.getLast();
  for (const Assembly &guest : assemblies)
    if (guest.host == &assembly && guest.firstPart <= part &&
        part < guest.firstPart + guest.parts.size() &&
        guest.getLast()->isBeforeInBlock(first))
      first = guest.getLast();
  return first;
}

/// Copies a value to a buffer. It is written as a computation into the buffer,
/// lest bufferization have the value itself computed there: that may be changed
/// in place, or be read when the buffer is another's already.
void Placement::copy(OpBuilder &builder, Location location, Value value,
                     Value target) {
  auto type = cast<RankedTensorType>(value.getType());
  Value destination =
      bufferization::ToTensorOp::create(builder, location, type, target,
                                        /*restrict=*/true, /*writable=*/true);
  AffineMap identity = builder.getMultiDimIdentityMap(type.getRank());
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  auto copied = linalg::GenericOp::create(
      builder, location, TypeRange(type), value, destination,
      ArrayRef<AffineMap>{identity, identity}, iterators,
      [](OpBuilder &builder, Location location, ValueRange elements) {
        linalg::YieldOp::create(builder, location, elements.front());
      });
  bufferization::MaterializeInDestinationOp::create(
      builder, location, /*result=*/Type(), copied.getResult(0), target,
      /*restrict=*/true, /*writable=*/true);
}

/// Copies to an assembly what isn't computed there.
void Placement::copyOthers(Assembly &assembly) {
  if (assembly.host)
    return;
  for (auto [i, part] : llvm::enumerate(assembly.parts)) {
    if (isHome(part.value, assembly, i))
      continue;
    OpBuilder builder(findFirstReader(assembly, i));
    auto type = cast<RankedTensorType>(part.value.getType());
    copy(builder, assembly.getLast().getLoc(), part.value,
         getBuffer(assembly, part.region, type));
  }
}

/// Has each part that has its home in the assembly put there as soon as it is
/// computed, and read there.
void Placement::place(Assembly &assembly) {
  if (assembly.host)
    return;
  for (auto [i, part] : llvm::enumerate(assembly.parts)) {
    // (What is put together there is placed part by part.)
    Value value = part.value;
    if (!isHome(value, assembly, i) || find(value))
      continue;
    Location location = assembly.getLast().getLoc();
    auto type = cast<RankedTensorType>(value.getType());
    Value target = getBuffer(assembly, part.region, type);
    OpBuilder builder(value.getContext());
    builder.setInsertionPointAfterValue(value);
    Operation *write = bufferization::MaterializeInDestinationOp::create(
        builder, location, /*result=*/Type(), value, target, /*restrict=*/true,
        /*writable=*/true);
    Value placed = bufferization::ToTensorOp::create(builder, location, type,
                                                     target, /*restrict=*/true);
    value.replaceAllUsesExcept(placed, write);
  }
}

void Placement::replaceResults() {
  for (Assembly &assembly : llvm::reverse(assemblies)) {
    tensor::InsertSliceOp last = assembly.getLast();
    OpBuilder builder(last);
    Value buffer =
        getBuffer(assembly, Region::whole(assembly.getType().getShape()),
                  assembly.getType());
    last.getResult().replaceAllUsesWith(bufferization::ToTensorOp::create(
        builder, last.getLoc(), assembly.getType(), buffer,
        /*restrict=*/true));
    for (tensor::InsertSliceOp slice : llvm::reverse(assembly.slices))
      slice.erase();
  }
}

struct PlaceSlices : toeplitz::impl::PlaceSlicesBase<PlaceSlices> {
  void runOnOperation() override {
    func::FuncOp main = findMain(getOperation());
    if (!main)
      return signalPassFailure();
    Placement(main).run();
  }
};

} // namespace
