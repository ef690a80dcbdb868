#include "tools/toeplitz/EntryFunction.h"
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

/// A network computes with tensors of f32, none of which is empty.
LogicalResult checkTensors(func::FuncOp function, TypeRange types,
                           StringRef kind) {
  for (auto [number, type] : llvm::enumerate(types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isF32())
      return function.emitOpError()
             << kind << " " << number << " is " << type
             << ", expected a tensor of f32 with a static shape";
    if (tensor.getNumElements() == 0)
      return function.emitOpError() << kind << " " << number << " is " << type
                                    << ", which has no elements";
  }
  return success();
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

TensorSignature signatureOf(Type type, Attribute name) {
  return {cast<StringAttr>(name).str(),
          llvm::to_vector(cast<RankedTensorType>(type).getShape())};
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
  if (failed(checkTensors(function, function.getArgumentTypes(), "input")) ||
      failed(checkTensors(function, function.getResultTypes(), "output")))
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

Signature toeplitz::readSignature(ModuleOp module) {
  Signature signature;
  signature.name = module.getSymName().value_or("network").str();
  auto function = module.lookupSymbol<func::FuncOp>("main");
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
    signature.inputs.push_back(
        signatureOf(type, function.getArgAttr(i, kNameAttribute)));
  for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
    signature.outputs.push_back(
        signatureOf(type, function.getResultAttr(i, kNameAttribute)));
  return signature;
}
