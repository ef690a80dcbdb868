#include "compiler/Target/Network.h"

#include "runtime/element_type.h"
#include "runtime/gpu.h"
#include "runtime/toeplitz.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace toeplitz;

uint64_t Network::totalWeightsBytes() const {
  uint64_t total = 0;
  for (const NetworkWeights &entry : weights)
    total += entry.bytes;
  return total;
}

std::vector<std::string> Network::getWeightsSymbols() const {
  std::vector<std::string> symbols;
  for (const NetworkWeights &entry : weights)
    symbols.push_back(entry.objectSymbol);
  return symbols;
}

/// Words that can't name a parameter in C99 or C++, and the parameters of
/// NAME_run that aren't tensors.
static const llvm::StringSet<> &getReservedWords() {
  static const llvm::StringSet<> words = {"int8_t",      "int16_t",
                                          "int32_t",     "int64_t",
                                          "uint8_t",     "uint16_t",
                                          "uint32_t",    "uint64_t",
                                          "alignas",     "alignof",
                                          "and",         "asm",
                                          "auto",        "bitand",
                                          "bitor",       "bool",
                                          "break",       "case",
                                          "catch",       "char",
                                          "class",       "compl",
                                          "concept",     "const",
                                          "constexpr",   "continue",
                                          "decltype",    "default",
                                          "delete",      "do",
                                          "double",      "else",
                                          "enum",        "explicit",
                                          "export",      "extern",
                                          "false",       "float",
                                          "for",         "friend",
                                          "goto",        "if",
                                          "inline",      "int",
                                          "long",        "mutable",
                                          "namespace",   "new",
                                          "noexcept",    "not",
                                          "nullptr",     "operator",
                                          "or",          "private",
                                          "protected",   "public",
                                          "register",    "requires",
                                          "restrict",    "return",
                                          "short",       "signed",
                                          "sizeof",      "static",
                                          "struct",      "switch",
                                          "template",    "this",
                                          "throw",       "true",
                                          "try",         "typedef",
                                          "typeid",      "typename",
                                          "typeof",      "union",
                                          "unsigned",    "using",
                                          "virtual",     "void",
                                          "volatile",    "wchar_t",
                                          "while",       "xor",
                                          "and_eq",      "or_eq",
                                          "not_eq",      "xor_eq",
                                          "char8_t",     "char16_t",
                                          "char32_t",    "co_await",
                                          "co_return",   "co_yield",
                                          "const_cast",  "consteval",
                                          "constinit",   "dynamic_cast",
                                          "protected",   "workspace",
                                          "batch",       "threads",
                                          "linux",       "unix",
                                          "asm",         "reinterpret_cast",
                                          "static_cast", "static_assert",
                                          "thread_local"};
  return words;
}

static bool isIdentifier(StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char letter) {
           return llvm::isAlnum(letter) || letter == '_';
         });
}

/// Turns the name of a tensor into a C identifier that isn't in `taken`, and
/// adds it there.
static std::string makeIdentifier(StringRef name, StringRef fallback,
                                  llvm::StringSet<> &taken) {
  std::string base;
  for (char letter : name)
    base += llvm::isAlnum(letter) ? letter : '_';
  // Leading underscores are the C library's.
  base = StringRef(base).ltrim('_').str();
  if (base.empty() || llvm::isDigit(base.front()))
    base = base.empty() ? fallback.str() : fallback.str() + "_" + base;
  std::string identifier = base;
  // Compared without case, because the macros of the header are in upper case.
  for (unsigned suffix = 2; getReservedWords().contains(identifier) ||
                            taken.contains(StringRef(identifier).lower());
       ++suffix)
    identifier = base + "_" + std::to_string(suffix);
  taken.insert(StringRef(identifier).lower());
  return identifier;
}

static LogicalResult readTensors(ModuleOp module, StringRef attributeName,
                                 StringRef fallback, llvm::StringSet<> &taken,
                                 std::vector<NetworkTensor> &tensors) {
  auto list = module->getAttrOfType<ArrayAttr>(attributeName);
  if (!list)
    return module.emitError() << "the lowered module has no array attribute '"
                              << attributeName << "'";
  for (Attribute element : list) {
    auto dictionary = dyn_cast<DictionaryAttr>(element);
    auto name =
        dictionary ? dictionary.getAs<StringAttr>("name") : StringAttr();
    auto shape = dictionary ? dictionary.getAs<DenseI64ArrayAttr>("shape")
                            : DenseI64ArrayAttr();
    // Floats are the rule and needn't be mentioned.
    auto typeName =
        dictionary ? dictionary.getAs<StringAttr>("type") : StringAttr();
    int32_t type = typeName ? toeplitz_element_type_of_name(typeName.data(),
                                                            typeName.size())
                            : TOEPLITZ_FLOAT32;
    if (!name || !shape || type == 0 ||
        llvm::any_of(shape.asArrayRef(), [](int64_t size) { return size < 0; }))
      return module.emitError()
             << "attribute '" << attributeName
             << "': each element is {name = \"...\", shape = array<i64: ...>, "
                "type = \"...\"} without negative sizes, found "
             << element;
    tensors.push_back({name.str(), makeIdentifier(name, fallback, taken),
                       llvm::to_vector(shape.asArrayRef()), type});
  }
  return success();
}

/// The attributes of tensors have the shapes of one sample; `batched` says
/// which of them have a batch in their first dimension, which must then be 1.
static LogicalResult markBatch(ModuleOp module, ArrayRef<int64_t> batched,
                               std::vector<NetworkTensor> &tensors) {
  for (int64_t index : batched) {
    if (index < 0 || index >= int64_t(tensors.size()) ||
        tensors[index].shape.empty() || tensors[index].shape.front() != 1)
      return module.emitError("attribute 'toeplitz.dynamic_batch' holds the "
                              "places of inputs and outputs whose shape "
                              "begins with 1, found ")
             << index;
    tensors[index].shape.front() = -1;
  }
  return success();
}

/// toeplitz.dynamic_batch = {inputs = array<i64: 0>, outputs = array<i64: 0>}.
static LogicalResult readBatch(ModuleOp module, Network &network) {
  Attribute attribute = module->getAttr("toeplitz.dynamic_batch");
  if (!attribute)
    return success();
  auto batch = dyn_cast<DictionaryAttr>(attribute);
  auto inputs =
      batch ? batch.getAs<DenseI64ArrayAttr>("inputs") : DenseI64ArrayAttr();
  auto outputs =
      batch ? batch.getAs<DenseI64ArrayAttr>("outputs") : DenseI64ArrayAttr();
  if (!inputs || !outputs)
    return module.emitError("attribute 'toeplitz.dynamic_batch' is {inputs = "
                            "array<i64: ...>, outputs = array<i64: ...>}");
  network.hasDynamicBatch = true;
  // Each sample's share of the workspace is aligned.
  network.workspaceBytes =
      llvm::alignTo(network.workspaceBytes, TOEPLITZ_ALIGNMENT);
  return success(
      succeeded(markBatch(module, inputs.asArrayRef(), network.inputs)) &&
      succeeded(markBatch(module, outputs.asArrayRef(), network.outputs)));
}

/// The global's values, checked against its type.
static LogicalResult readWeights(LLVM::GlobalOp global, Network &network) {
  Attribute attribute = global->getDiscardableAttr("toeplitz.blob");
  if (!attribute)
    return success();
  auto values = dyn_cast<ElementsAttr>(attribute);
  if (!values || !isa<DenseResourceElementsAttr, DenseElementsAttr>(attribute))
    return global.emitError("attribute 'toeplitz.blob' holds no tensor of "
                            "values");
  if (global.getValueOrNull() || !global.getInitializerRegion().empty() ||
      global.getLinkage() != LLVM::Linkage::External || !global.getConstant())
    return global.emitError("a global with 'toeplitz.blob' is an external "
                            "constant without initializer");
  Type elementType = values.getElementType();
  unsigned bits =
      elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 0;
  if (bits == 0 || bits % 8 != 0)
    return global.emitError("weights of type ")
           << elementType << " have no size in bytes";
  uint64_t bytes = uint64_t(values.getNumElements()) * (bits / 8);
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return global.emitError("the resource '")
             << resource.getRawHandle().getKey() << "' has no data";
    if (blob->getData().size() != bytes)
      return global.emitError("the resource '")
             << resource.getRawHandle().getKey() << "' has "
             << blob->getData().size() << " bytes, its type needs " << bytes;
  }
  // Prefixed with the network's name: these symbols are seen by a linker that
  // may be given several networks.
  network.weights.push_back({global.getSymName().str(),
                             "toeplitz_" + network.symbolName + "_weights_" +
                                 global.getSymName().str(),
                             values, bytes});
  return success();
}

/// toeplitz.error_bound = {bound = 1.0e-05 : f64, input_range = 1.0 : f64,
/// layer = "conv1"}.
static LogicalResult readErrorBound(ModuleOp module, Network &network) {
  Attribute attribute = module->getAttr("toeplitz.error_bound");
  if (!attribute)
    return success();
  auto dictionary = dyn_cast<DictionaryAttr>(attribute);
  auto bound = dictionary ? dictionary.getAs<FloatAttr>("bound") : FloatAttr();
  auto range =
      dictionary ? dictionary.getAs<FloatAttr>("input_range") : FloatAttr();
  auto layer =
      dictionary ? dictionary.getAs<StringAttr>("layer") : StringAttr();
  if (!bound || !range || !layer)
    return module.emitError("attribute 'toeplitz.error_bound' is {bound = ... "
                            ": f64, input_range = ... : f64, layer = \"...\"}");
  network.errorBound = {layer.str(), bound.getValueAsDouble(),
                        range.getValueAsDouble()};
  return success();
}

/// Of a kernel, tensor_maps = [{argument = 0 : i64, box = array<i64: 64, 128>,
/// element = 2 : i64, offset = 0 : i64, sample = -1 : i64, sizes = array<i64:
/// 256, 3136>, strides = array<i64: 512>}], which may be missing.
static LogicalResult readTensorMaps(ModuleOp module, DictionaryAttr kernel,
                                    std::vector<GpuTensorMap> &maps) {
  auto list = kernel.getAs<ArrayAttr>("tensor_maps");
  if (!list)
    return success();
  for (Attribute element : list) {
    auto map = dyn_cast<DictionaryAttr>(element);
    auto number = [&](StringRef name) {
      return map ? map.getAs<IntegerAttr>(name) : IntegerAttr();
    };
    auto numbers = [&](StringRef name) {
      return map ? map.getAs<DenseI64ArrayAttr>(name) : DenseI64ArrayAttr();
    };
    auto sizes = numbers("sizes"), strides = numbers("strides"),
         box = numbers("box");
    auto argument = number("argument"), sample = number("sample"),
         offset = number("offset"), bytes = number("element");
    if (!sizes || !strides || !box || !argument || !sample || !offset ||
        !bytes || sizes.empty() || box.size() != sizes.size() ||
        strides.size() + 1 != sizes.size() ||
        sizes.size() + (sample.getInt() >= 0 ? 1 : 0) >
            TOEPLITZ_GPU_MOST_DIMENSIONS)
      return module.emitError(
                 "attribute 'toeplitz.kernels': each element of 'tensor_maps' "
                 "is {argument = ..., box = array<i64: ...>, element = ..., "
                 "offset = ..., sample = ..., sizes = array<i64: ...>, strides "
                 "= array<i64: ...>}, of at most 5 dimensions with the "
                 "samples', found ")
             << element;
    GpuTensorMap &read = maps.emplace_back();
    read.argument = static_cast<int32_t>(argument.getInt());
    read.sampleStride = static_cast<int32_t>(sample.getInt());
    read.offset = static_cast<uint64_t>(offset.getInt());
    read.elementBytes = static_cast<uint32_t>(bytes.getInt());
    read.sizes.assign(sizes.asArrayRef().begin(), sizes.asArrayRef().end());
    read.strides.push_back(read.elementBytes);
    read.strides.append(strides.asArrayRef().begin(),
                        strides.asArrayRef().end());
    read.box.assign(box.asArrayRef().begin(), box.asArrayRef().end());
  }
  return success();
}

/// toeplitz.kernels = [{name = "...", threads = 256 : i64, waits = false}],
/// toeplitz.device_weights = {symbol = 0 : i64}, toeplitz.device_weights_size,
/// and toeplitz.reads_elements where the host does.
static LogicalResult readGpu(ModuleOp module, Network &network) {
  auto kernels = module->getAttrOfType<ArrayAttr>("toeplitz.kernels");
  if (!kernels)
    return success();
  auto places =
      module->getAttrOfType<DictionaryAttr>("toeplitz.device_weights");
  auto size =
      module->getAttrOfType<IntegerAttr>("toeplitz.device_weights_size");
  if (!places || !size)
    return module.emitError("a network of a GPU has the attributes "
                            "'toeplitz.device_weights' and "
                            "'toeplitz.device_weights_size'");
  GpuNetwork gpu;
  for (Attribute element : kernels) {
    auto kernel = dyn_cast<DictionaryAttr>(element);
    auto name = kernel ? kernel.getAs<StringAttr>("name") : StringAttr();
    auto threads =
        kernel ? kernel.getAs<IntegerAttr>("threads") : IntegerAttr();
    auto waits = kernel ? kernel.getAs<BoolAttr>("waits") : BoolAttr();
    if (!name || !threads || !waits)
      return module.emitError("attribute 'toeplitz.kernels': each element is "
                              "{name = \"...\", threads = ... : i64, waits = "
                              "...}, found ")
             << element;
    auto shared = kernel.getAs<IntegerAttr>("shared");
    gpu.kernels.push_back({name.str(),
                           static_cast<uint32_t>(threads.getInt()),
                           shared ? static_cast<uint32_t>(shared.getInt()) : 0,
                           waits.getValue(),
                           {}});
    if (failed(readTensorMaps(module, kernel, gpu.kernels.back().tensorMaps)))
      return failure();
  }
  for (NamedAttribute place : places)
    gpu.weightPlaces.push_back(
        {place.getName().str(),
         static_cast<uint64_t>(cast<IntegerAttr>(place.getValue()).getInt())});
  gpu.readsElements = module->hasAttr("toeplitz.reads_elements");
  gpu.weightsBytes = static_cast<uint64_t>(size.getInt());
  // The device's arena is the handle's; a run needs no memory of the caller's.
  gpu.arenaBytes = network.workspaceBytes;
  network.workspaceBytes = 0;
  network.gpu = std::move(gpu);
  network.hasRunDevice = true;
  return success();
}

std::optional<Network> toeplitz::readNetwork(ModuleOp module,
                                             StringRef variant) {
  Network network;
  auto name = module->getAttrOfType<StringAttr>("toeplitz.name");
  if (!name || !isIdentifier(name)) {
    module.emitError("the lowered module's attribute 'toeplitz.name' must be "
                     "a C identifier");
    return std::nullopt;
  }
  // NAME_run and its kin would be functions of the runtime.
  if (name.getValue() == "toeplitz" ||
      name.getValue().starts_with("toeplitz_")) {
    module.emitError("a network can't be named '")
        << name.getValue() << "': 'toeplitz' belongs to the runtime";
    return std::nullopt;
  }
  network.name = name.str();
  // No network has a point in its name.
  network.symbolName =
      variant.empty() ? network.name : (name.getValue() + "." + variant).str();

  auto workspace =
      module->getAttrOfType<IntegerAttr>("toeplitz.workspace_size");
  if (!workspace || workspace.getInt() < 0) {
    module.emitError("the lowered module's attribute "
                     "'toeplitz.workspace_size' is a number of bytes");
    return std::nullopt;
  }
  network.workspaceBytes = uint64_t(workspace.getInt());

  llvm::StringSet<> taken;
  // A parameter of NAME_run_device.
  if (module->hasAttr("toeplitz.kernels"))
    taken.insert("stream");
  if (failed(readTensors(module, "toeplitz.inputs", "input", taken,
                         network.inputs)) ||
      failed(readTensors(module, "toeplitz.outputs", "output", taken,
                         network.outputs)))
    return std::nullopt;

  if (network.outputs.empty()) {
    module.emitError("the lowered module's network has no output");
    return std::nullopt;
  }
  if (failed(readBatch(module, network)) ||
      failed(readErrorBound(module, network)) ||
      failed(readGpu(module, network)))
    return std::nullopt;

  auto main = module.lookupSymbol<LLVM::LLVMFuncOp>("main");
  // A GPU's kernels are handed their weights.
  size_t parameters = 2 + network.inputs.size() + network.outputs.size() +
                      (network.gpu ? 1 : 0);
  if (!main || main.isExternal() ||
      main.getFunctionType().getNumParams() != parameters ||
      !isa<LLVM::LLVMVoidType>(main.getFunctionType().getReturnType()) ||
      llvm::any_of(main.getFunctionType().getParams(), [](Type type) {
        return !isa<LLVM::LLVMPointerType>(type);
      })) {
    module.emitError("the lowered module needs a function 'main' of ")
        << parameters
        << (network.gpu ? " pointers (queue, arena, inputs, outputs, weights)"
                        : " pointers (pool, workspace, inputs, outputs)")
        << " that returns nothing";
    return std::nullopt;
  }
  for (LLVM::GlobalOp global : module.getOps<LLVM::GlobalOp>())
    if (failed(readWeights(global, network)))
      return std::nullopt;
  return network;
}
