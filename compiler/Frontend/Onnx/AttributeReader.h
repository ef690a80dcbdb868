// Binds the attributes of an ONNX node to variables:
//
//   int64_t group = 1;
//   llvm::SmallVector<int64_t> pads;
//   if (node.getAttributes()
//           .integer("group", group, 1)
//           .integers("pads", pads)
//           .finish()
//           .failed())
//     return failure();
//
// A variable keeps its value, the default, when the attribute is absent.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ATTRIBUTEREADER_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ATTRIBUTEREADER_H

#include "compiler/Frontend/Onnx/OnnxModel.h"
#include "compiler/Frontend/Onnx/OnnxNode.h"
#include <string>

namespace onnx {
class AttributeProto;
} // namespace onnx

namespace toeplitz {

/// The first mistake is reported, with the node and the attribute; what follows
/// it is left alone.
class AttributeReader {
public:
  explicit AttributeReader(OnnxNode &node) : node(node) {}

  AttributeReader &
  integer(llvm::StringRef name, int64_t &value,
          int64_t minimum = std::numeric_limits<int64_t>::min(),
          int64_t maximum = std::numeric_limits<int64_t>::max());
  /// An integer that is 0 or 1.
  AttributeReader &boolean(llvm::StringRef name, bool &value);
  /// A finite number.
  AttributeReader &number(llvm::StringRef name, double &value);
  AttributeReader &
  integers(llvm::StringRef name, llvm::SmallVectorImpl<int64_t> &value,
           int64_t minimum = std::numeric_limits<int64_t>::min());
  AttributeReader &numbers(llvm::StringRef name,
                           llvm::SmallVectorImpl<double> &value);
  /// Any text.
  AttributeReader &string(llvm::StringRef name, std::string &value);
  /// One of the choices.
  AttributeReader &word(llvm::StringRef name, std::string &value,
                        llvm::ArrayRef<llvm::StringRef> choices);
  AttributeReader &words(llvm::StringRef name,
                         llvm::SmallVectorImpl<std::string> &value);
  AttributeReader &tensor(llvm::StringRef name, OnnxConstant &value);
  /// The number of an element type, as in Cast's "to".
  AttributeReader &elementType(llvm::StringRef name, ElementType &value);
  AttributeReader &graph(llvm::StringRef name, const onnx::GraphProto *&value);
  /// The attribute read last has to be there.
  AttributeReader &required();
  /// An attribute that says nothing about the result.
  AttributeReader &ignore(llvm::StringRef name);

  /// Fails if something was wrong, or if the node has an attribute that nobody
  /// read: what it asks for would be left out in silence.
  llvm::LogicalResult finish();

private:
  /// The attribute if it is there and of this type (AttributeProto's number);
  /// otherwise null, and possibly a reported mistake.
  const onnx::AttributeProto *find(llvm::StringRef name, int type);
  mlir::InFlightDiagnostic fail(llvm::StringRef name);

  OnnxNode &node;
  llvm::SmallVector<llvm::StringRef> known;
  bool lastFound = false;
  bool hasFailed = false;
};

} // namespace toeplitz

#endif
