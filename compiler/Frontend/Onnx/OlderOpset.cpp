// From opset 6 to 7: see OlderOpset.h.

#include "compiler/Frontend/Onnx/OlderOpset.h"

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace toeplitz {

static bool isBroadcast(llvm::StringRef name) {
  static constexpr llvm::StringLiteral names[] = {
      "Add", "And", "Div", "Equal", "Greater", "Less",
      "Mul", "Or",  "Pow", "Sub",   "Xor"};
  return llvm::is_contained(names, name);
}

static bool isOfTraining(llvm::StringRef name) {
  return name == "BatchNormalization" || name == "Dropout";
}

/// Gives input 1 dimensions of size 1 at its end, so that its first one stands
/// below dimension `axis` of input 0.
static LogicalResult align(OnnxNode &node, int64_t axis,
                           OnnxNodeVersion &result) {
  llvm::SmallVector<int64_t> shape(node.getShape(1));
  int64_t missing = node.getRank() - axis - node.getRank(1);
  if (missing < 0)
    return node.error() << "attribute 'axis' is " << axis
                        << ", which leaves no room for input 1 of rank "
                        << node.getRank(1) << " below input 0 of rank "
                        << node.getRank();
  shape.append(missing, 1);
  result.inputs[1].value = node.reshape(node.getValue(1), shape);
  return success();
}

static void dropAttributes(onnx::NodeProto &proto,
                           llvm::ArrayRef<llvm::StringRef> names) {
  auto *attributes = proto.mutable_attribute();
  for (int index = attributes->size() - 1; index >= 0; --index)
    if (llvm::is_contained(names,
                           llvm::StringRef(attributes->Get(index).name())))
      attributes->DeleteSubrange(index, 1);
}

llvm::FailureOr<OnnxNodeVersion> upgradeFromOpset6(OnnxNode &node) {
  OnnxNodeVersion result{node.getProto(),
                         llvm::SmallVector<OnnxValue>(node.getInputs())};
  llvm::StringRef name = node.getOperator();
  bool hasTwoInputs = node.hasInput(0) && node.hasInput(1);
  if (isBroadcast(name)) {
    bool broadcast = false;
    int64_t axis = 0;
    if (node.getAttributes()
            .boolean("broadcast", broadcast)
            .integer("axis", axis)
            .finish()
            .failed())
      return failure();
    if (broadcast && node.hasAttribute("axis") && hasTwoInputs) {
      auto normalized =
          node.normalizeAxis(axis, node.getRank(), "attribute 'axis'");
      if (failed(normalized) || failed(align(node, *normalized, result)))
        return failure();
    }
    dropAttributes(result.proto, {"broadcast", "axis"});
  } else if (name == "Gemm") {
    dropAttributes(result.proto, {"broadcast"});
  } else if (name == "PRelu") {
    // One slope for all, or one for each channel.
    if (hasTwoInputs && node.getRank(1) == 1 && node.getRank() > 2 &&
        node.getShape(1)[0] != 1 && failed(align(node, 1, result)))
      return failure();
  } else if (isOfTraining(name)) {
    bool isTest = llvm::any_of(
        node.getProto().attribute(), [](const onnx::AttributeProto &attribute) {
          return attribute.name() == "is_test" && attribute.i() != 0;
        });
    if (!isTest)
      return node.error() << "attribute 'is_test' is 0, expected 1: networks "
                             "are compiled to run, not to train";
    dropAttributes(result.proto, {"is_test"});
  }
  return result;
}

} // namespace toeplitz
