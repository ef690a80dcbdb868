// Ordering nodes: see NodeOrder.h.

#include "compiler/Frontend/Onnx/NodeOrder.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <queue>

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

using Nodes = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

llvm::StringRef getNodeName(const onnx::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return output;
  return node.op_type();
}

/// The names that a node reads: its inputs, and what its subgraphs read from
/// outside. Protocol buffers limit how deep graphs nest.
static void collectReads(const onnx::NodeProto &node,
                         llvm::SmallVectorImpl<llvm::StringRef> &reads) {
  for (const std::string &input : node.input())
    if (!input.empty())
      reads.push_back(input);
  auto addGraph = [&](const onnx::GraphProto &graph) {
    llvm::StringSet<> own;
    for (const onnx::ValueInfoProto &input : graph.input())
      own.insert(input.name());
    for (const onnx::TensorProto &tensor : graph.initializer())
      own.insert(tensor.name());
    llvm::SmallVector<llvm::StringRef> inner;
    for (const onnx::NodeProto &nested : graph.node()) {
      for (const std::string &output : nested.output())
        own.insert(output);
      collectReads(nested, inner);
    }
    for (const onnx::ValueInfoProto &output : graph.output())
      inner.push_back(output.name());
    for (llvm::StringRef name : inner)
      if (!own.contains(name))
        reads.push_back(name);
  };
  for (const onnx::AttributeProto &attribute : node.attribute()) {
    if (attribute.has_g())
      addGraph(attribute.g());
    for (const onnx::GraphProto &graph : attribute.graphs())
      addGraph(graph);
  }
}

llvm::FailureOr<llvm::SmallVector<int>>
orderNodes(const Nodes &nodes,
           llvm::function_ref<bool(llvm::StringRef)> isKnown,
           llvm::function_ref<Location(llvm::StringRef)> getLocation) {
  llvm::StringMap<int> producers;
  for (int index = 0; index < nodes.size(); ++index)
    for (const std::string &output : nodes[index].output()) {
      if (output.empty())
        continue;
      if (isKnown(output) || !producers.try_emplace(output, index).second)
        return LogicalResult(emitError(getLocation(getNodeName(nodes[index])))
                             << nodes[index].op_type() << ": its result '"
                             << output << "' has the name of another value");
    }

  std::vector<int> open(nodes.size());
  std::vector<llvm::SmallVector<int, 2>> readers(nodes.size());
  for (int index = 0; index < nodes.size(); ++index) {
    llvm::SmallVector<llvm::StringRef> reads;
    collectReads(nodes[index], reads);
    for (llvm::StringRef name : reads) {
      auto producer = producers.find(name);
      if (producer != producers.end()) {
        readers[producer->second].push_back(index);
        ++open[index];
      } else if (!isKnown(name)) {
        return LogicalResult(emitError(getLocation(getNodeName(nodes[index])))
                             << nodes[index].op_type() << ": its input '"
                             << name
                             << "' is no input, initializer or result of the "
                                "model");
      }
    }
  }

  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int index = 0; index < nodes.size(); ++index)
    if (open[index] == 0)
      ready.push(index);
  llvm::SmallVector<int> order;
  while (!ready.empty()) {
    int index = ready.top();
    ready.pop();
    order.push_back(index);
    for (int reader : readers[index])
      if (--open[reader] == 0)
        ready.push(reader);
  }
  if (static_cast<int>(order.size()) == nodes.size())
    return order;
  int first = 0;
  while (open[first] == 0)
    ++first;
  return LogicalResult(emitError(getLocation(getNodeName(nodes[first])))
                       << nodes[first].op_type()
                       << ": it depends on its own result: the graph has a "
                          "cycle");
}

} // namespace toeplitz
