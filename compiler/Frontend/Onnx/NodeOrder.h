// The order in which the nodes of a graph are built.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_NODEORDER_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_NODEORDER_H

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace onnx {
class NodeProto;
} // namespace onnx

namespace google::protobuf {
template <typename Element> class RepeatedPtrField;
} // namespace google::protobuf

namespace toeplitz {

/// The name of a node for messages and locations: its own, else that of its
/// first result.
llvm::StringRef getNodeName(const onnx::NodeProto &node);

/// An order of the nodes in which each comes after those whose results it
/// reads, subgraphs counted; it is the order of the file wherever that will do
/// (the specification demands it, some exporters forget). `isKnown` says
/// whether a name has a value before the first node. Reports names that nobody
/// defines, names that are defined twice, and cycles.
llvm::FailureOr<llvm::SmallVector<int>>
orderNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
           llvm::function_ref<bool(llvm::StringRef)> isKnown,
           llvm::function_ref<mlir::Location(llvm::StringRef)> getLocation);

} // namespace toeplitz

#endif
