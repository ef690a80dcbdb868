#include "tools/toeplitz/EntryFunction.h"
#include "tools/toeplitz/Messages.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
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

LogicalResult checkTensors(func::FuncOp function, TypeRange types,
                           StringRef kind) {
  for (auto [number, type] : llvm::enumerate(types)) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (isa<MemRefType>(type))
      continue; // the later stages' business
    if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isF32())
      return function.emitOpError()
             << kind << " " << number << " is " << type
             << ", expected a tensor of f32 with a static shape";
  }
  return success();
}

TensorSignature signatureOf(Type type, Attribute name) {
  return {cast<StringAttr>(name).str(),
          llvm::to_vector(cast<RankedTensorType>(type).getShape())};
}

} // namespace

LogicalResult toeplitz::completeEntryFunction(ModuleOp module, StringRef path) {
  if (!module.getSymName())
    module.setSymName(identifierFrom(path));
  if (module.lookupSymbol<LLVM::LLVMFuncOp>("main"))
    return success();
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return reportError("'" + path +
                       "' has no function @main, which would be the network");
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
