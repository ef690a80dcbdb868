#include "tools/toeplitz/EntryFunction.h"
#include "compiler/Analysis/BoundaryType.h"
#include "tools/toeplitz/Messages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace toeplitz;

namespace {

constexpr llvm::StringLiteral kNameAttribute = "toeplitz.name";

/// The nearest C identifier to the name of a file.
std::string identifierFrom(StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &c : name)
    if (!llvm::isAlnum(c))
      c = '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(name.begin(), '_');
  return name;
}

/// The sizes of all tensors are known, and the types of their elements are
/// those that programs have. `getType` is getArgumentType or getResultType.
LogicalResult checkTensors(func::FuncOp function, TypeRange types,
                           StringRef kind,
                           llvm::function_ref<int32_t(unsigned)> getType) {
  for (auto [number, type] : llvm::enumerate(types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape())
      return function.emitOpError()
             << kind << " " << number << " is " << type
             << ", expected a tensor with a static shape";
    if (tensor.getElementType().isInteger(1))
      return function.emitOpError()
             << kind << " " << number << " is " << type
             << ", expected bools as i8 with the attribute "
             << boundaryTypeAttribute << " = \"bool\"";
    if (getType(number) == 0)
      return function.emitOpError()
             << kind << " " << number << " is " << type
             << ", expected elements of f32, f64, f16, bf16, i8, i16, i32 or "
                "i64, and an attribute "
             << boundaryTypeAttribute << " that fits them if there is one";
  }
  return success();
}

constexpr llvm::StringLiteral kBatchAttribute = "toeplitz.dynamic_batch";

/// The places of a dynamic batch are those of tensors for one sample.
LogicalResult checkBatch(func::FuncOp function) {
  Attribute attribute = function->getParentOp()->getAttr(kBatchAttribute);
  if (!attribute)
    return success();
  auto batch = dyn_cast<DictionaryAttr>(attribute);
  auto check = [&](StringRef role, TypeRange types) {
    auto places =
        batch ? batch.getAs<DenseI64ArrayAttr>(role) : DenseI64ArrayAttr();
    return places && llvm::all_of(places.asArrayRef(), [&](int64_t place) {
             if (place < 0 || place >= int64_t(types.size()))
               return false;
             auto type = cast<RankedTensorType>(types[place]);
             return type.getRank() > 0 && type.getDimSize(0) == 1;
           });
  };
  if (check("inputs", function.getArgumentTypes()) &&
      check("outputs", function.getResultTypes()))
    return success();
  return function.emitOpError()
         << "doesn't fit the module's attribute " << kBatchAttribute
         << ", which has the places of inputs and outputs whose shape begins "
            "with 1: {inputs = array<i64: ...>, outputs = array<i64: ...>}";
}

/// Names are how a user tells the inputs, or the outputs, apart.
LogicalResult checkNames(func::FuncOp function,
                         ArrayRef<TensorSignature> tensors, StringRef kind) {
  llvm::StringSet<> names;
  for (const TensorSignature &tensor : tensors)
    if (tensor.name.empty() || !names.insert(tensor.name).second)
      return function.emitOpError()
             << "has " << (tensor.name.empty() ? "an " : "more than one ")
             << kind << " with the name '" << tensor.name << "'";
  return success();
}

TensorSignature signatureOf(Type type, Attribute name, int32_t elementType) {
  return {cast<StringAttr>(name).str(),
          llvm::to_vector(cast<RankedTensorType>(type).getShape()),
          elementType};
}

} // namespace

LogicalResult toeplitz::completeEntryFunction(ModuleOp module, Stage stage,
                                              StringRef path) {
  auto entry = module.lookupSymbol<FunctionOpInterface>("main");
  if (!entry || entry.isExternal())
    return reportError("'" + path +
                       "' has no function @main, which would be the network");
  if (stage != Stage::Cnn)
    return success();

  if (!module.getSymName())
    module.setSymName(identifierFrom(path));
  auto function = cast<func::FuncOp>(*entry);
  if (failed(checkTensors(
          function, function.getArgumentTypes(), "input",
          [&](unsigned i) { return getArgumentType(function, i); })) ||
      failed(checkTensors(
          function, function.getResultTypes(), "output",
          [&](unsigned i) { return getResultType(function, i); })) ||
      failed(checkBatch(function)))
    return failure();

  Builder builder(module.getContext());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (!function.getArgAttrOfType<StringAttr>(i, kNameAttribute))
      function.setArgAttr(i, kNameAttribute,
                          builder.getStringAttr("input" + Twine(i)));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (!function.getResultAttrOfType<StringAttr>(i, kNameAttribute))
      function.setResultAttr(i, kNameAttribute,
                             builder.getStringAttr("output" + Twine(i)));
  Signature signature = readSignature(module);
  if (failed(checkNames(function, signature.inputs, "input")) ||
      failed(checkNames(function, signature.outputs, "output")))
    return failure();
  if (signature.outputs.empty())
    return function.emitOpError() << "returns nothing, so it computes nothing";
  return success();
}

/// Marks the batch in the shapes of the tensors that `role` ("inputs") has one
/// in.
static void markBatch(ModuleOp module, StringRef role,
                      std::vector<TensorSignature> &tensors) {
  auto batch = module->getAttrOfType<DictionaryAttr>(kBatchAttribute);
  if (!batch)
    return;
  for (int64_t place : batch.getAs<DenseI64ArrayAttr>(role).asArrayRef())
    tensors[place].shape.front() = -1;
}

Signature toeplitz::readSignature(ModuleOp module) {
  Signature signature;
  signature.name = module.getSymName().value_or("network").str();
  auto function = module.lookupSymbol<func::FuncOp>("main");
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    signature.inputs.push_back(
        signatureOf(type, function.getArgAttr(i, kNameAttribute),
                    getArgumentType(function, i)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    signature.outputs.push_back(
        signatureOf(type, function.getResultAttr(i, kNameAttribute),
                    getResultType(function, i)));
  markBatch(module, "inputs", signature.inputs);
  markBatch(module, "outputs", signature.outputs);
  return signature;
}
