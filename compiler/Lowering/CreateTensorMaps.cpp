// Gives kernels the maps of the tensors of which they copy boxes.
//
// A map (CUtensorMap of the driver) has the address of a tensor in it, which
// differs from launch to launch: the runtime makes it at each launch, of what
// is said here about the kernel, and hands it over by value.

#include "compiler/Lowering/KernelCalls.h"
#include "compiler/Lowering/Passes.h"
#include "dialects/Device/DeviceDialect.h"
#include "runtime/gpu.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

namespace toeplitz {
#define GEN_PASS_DEF_CREATETENSORMAPS
#include "compiler/Lowering/Passes.h.inc"
} // namespace toeplitz

using namespace mlir;
using namespace toeplitz;

namespace {

/// Which boxes of which argument of a kernel.
struct TensorMap {
  unsigned argument;
  MemRefType type;
  DenseI64ArrayAttr box;
  /// The argument that says how many bytes lie between samples; -1 where they
  /// share the tensor.
  int64_t sampleStride;

  bool operator==(const TensorMap &other) const {
    return argument == other.argument && type == other.type && box == other.box;
  }
};

struct CreateTensorMaps
    : toeplitz::impl::CreateTensorMapsBase<CreateTensorMaps> {
  void runOnOperation() override {
    auto list = getOperation()->getAttrOfType<ArrayAttr>("toeplitz.kernels");
    if (!list)
      return;
    llvm::StringMap<gpu::GPUFuncOp> functions;
    getOperation().walk(
        [&](gpu::GPUFuncOp op) { functions[op.getName()] = op; });
    Builder builder(&getContext());
    SmallVector<Attribute> kernels;
    for (auto kernel : list.getAsRange<DictionaryAttr>()) {
      NamedAttrList fields(kernel);
      auto name = kernel.getAs<StringAttr>("name");
      if (gpu::GPUFuncOp function = functions.lookup(name.getValue())) {
        FailureOr<SmallVector<Attribute>> maps = convert(function);
        if (failed(maps))
          return signalPassFailure();
        if (!maps->empty())
          fields.set("tensor_maps", builder.getArrayAttr(*maps));
      }
      kernels.push_back(fields.getDictionary(&getContext()));
    }
    getOperation()->setAttr("toeplitz.kernels", builder.getArrayAttr(kernels));
  }

private:
  /// The maps of a kernel, which become its last arguments.
  FailureOr<SmallVector<Attribute>> convert(gpu::GPUFuncOp function) {
    SmallVector<device::TensorCopyOp> copies;
    function.walk([&](device::TensorCopyOp op) {
      if (isa<MemRefType>(op.getSource().getType()))
        copies.push_back(op);
    });
    SmallVector<TensorMap> maps;
    SmallVector<Value> arguments;
    for (device::TensorCopyOp copy : copies) {
      std::optional<TensorMap> map = findMap(function, copy);
      if (!map)
        return copy.emitOpError("takes boxes of a tensor that is no argument "
                                "of the kernel");
      size_t place = llvm::find(maps, *map) - maps.begin();
      if (place == maps.size()) {
        maps.push_back(*map);
        arguments.push_back(addArgument(function));
      }
      useMap(copy, *map, arguments[place]);
    }
    if (maps.size() > TOEPLITZ_GPU_MOST_TENSOR_MAPS)
      return function.emitOpError("copies boxes of ")
             << maps.size() << " tensors, expected at most "
             << int(TOEPLITZ_GPU_MOST_TENSOR_MAPS);
    SmallVector<Attribute> described;
    for (const TensorMap &map : maps)
      described.push_back(describe(map));
    return described;
  }

  /// The tensor begins where its argument does, but for its type's offset.
  static std::optional<TensorMap> findMap(gpu::GPUFuncOp function,
                                          device::TensorCopyOp copy) {
    Value buffer = copy.getSource();
    while (auto view = buffer.getDefiningOp<memref::ReinterpretCastOp>())
      buffer = view.getSource();
    auto argument = dyn_cast<BlockArgument>(buffer);
    if (!argument || argument.getOwner() != &function.getBody().front() ||
        argument.getArgNumber() >= function.getNumArguments())
      return std::nullopt;
    auto strides =
        function->getAttrOfType<DenseI64ArrayAttr>("toeplitz.sample_strides");
    return TensorMap{
        argument.getArgNumber(), cast<MemRefType>(copy.getSource().getType()),
        copy.getBoxAttr(), strides ? strides[argument.getArgNumber()] : -1};
  }

  /// A map is a parameter of 128 bytes by value.
  Value addArgument(gpu::GPUFuncOp function) {
    Builder builder(&getContext());
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), mapBytes);
    NamedAttrList attributes;
    attributes.set(LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes));
    attributes.set(LLVM::LLVMDialect::getAlignAttrName(),
                   builder.getI64IntegerAttr(mapAlignment));
    unsigned place = function.getNumArguments();
    (void)function.insertArgument(
        place, LLVM::LLVMPointerType::get(&getContext()),
        attributes.getDictionary(&getContext()), function.getLoc());
    return function.getArgument(place);
  }

  /// Samples are one more dimension, the last one of the hardware's.
  static void useMap(device::TensorCopyOp copy, const TensorMap &map,
                     Value argument) {
    copy.getSourceMutable().assign(argument);
    if (map.sampleStride < 0)
      return;
    OpBuilder builder(copy);
    SmallVector<Value> coordinates = {
        gpu::BlockIdOp::create(builder, copy.getLoc(), gpu::Dimension::y)};
    llvm::append_range(coordinates, copy.getCoordinates());
    SmallVector<int64_t> box = {1};
    llvm::append_range(box, copy.getBox());
    copy.getCoordinatesMutable().assign(coordinates);
    copy.setBox(box);
  }

  /// In bytes, the fastest dimension first.
  Attribute describe(const TensorMap &map) {
    Builder builder(&getContext());
    auto [strides, offset] = map.type.getStridesAndOffset();
    int64_t bytes = map.type.getElementTypeBitWidth() / 8;
    SmallVector<int64_t> sizes(llvm::reverse(map.type.getShape()));
    SmallVector<int64_t> distances, box(llvm::reverse(map.box.asArrayRef()));
    for (int64_t stride : llvm::drop_begin(llvm::reverse(strides)))
      distances.push_back(stride * bytes);
    NamedAttrList fields;
    fields.set("argument", builder.getI64IntegerAttr(map.argument));
    fields.set("offset", builder.getI64IntegerAttr(offset * bytes));
    fields.set("element", builder.getI64IntegerAttr(bytes));
    fields.set("sizes", builder.getDenseI64ArrayAttr(sizes));
    fields.set("strides", builder.getDenseI64ArrayAttr(distances));
    fields.set("box", builder.getDenseI64ArrayAttr(box));
    fields.set("sample", builder.getI64IntegerAttr(map.sampleStride));
    return fields.getDictionary(&getContext());
  }

  static constexpr unsigned mapBytes = 128, mapAlignment = 64;
};

} // namespace
