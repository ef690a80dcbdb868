// The order in which layers can be computed: Kahn 1962,
// doi:10.1145/368996.369025, the earliest written of the ready layers first.

#include "compiler/Frontend/LayerOrder.h"

#include "llvm/ADT/StringMap.h"
#include <functional>
#include <queue>

using namespace mlir;

namespace toeplitz {

std::vector<llvm::StringRef> getInputNames(const NetworkDescription &network,
                                           size_t index) {
  const LayerDescription &layer = network.layers[index];
  if (!layer.inputs)
    return {index == 0 ? llvm::StringRef(network.inputs.front().name)
                       : llvm::StringRef(network.layers[index - 1].name)};
  std::vector<llvm::StringRef> names;
  for (const Reference &reference : *layer.inputs)
    names.push_back(reference.name);
  return names;
}

namespace {

/// The layers as a graph. A layer that reads another twice has two edges from
/// it.
struct LayerGraph {
  explicit LayerGraph(const NetworkDescription &network)
      : readers(network.layers.size()), producers(network.layers.size()) {
    llvm::StringMap<size_t> indices;
    for (size_t index = 0; index < network.layers.size(); ++index)
      indices[network.layers[index].name] = index;
    for (size_t index = 0; index < network.layers.size(); ++index)
      for (llvm::StringRef name : getInputNames(network, index)) {
        auto producer = indices.find(name);
        if (producer == indices.end())
          continue; // an input of the network
        readers[producer->second].push_back(index);
        producers[index].push_back(producer->second);
      }
  }

  std::vector<std::vector<size_t>> readers, producers;
};

} // namespace

/// Reports a cycle among the layers that still wait for others. Each of them
/// waits for at least one that waits as well, so walking from producer to
/// producer comes around.
static void reportCycle(const SourceText &source,
                        const NetworkDescription &network,
                        const LayerGraph &graph,
                        const std::vector<size_t> &waitingFor) {
  size_t layer = 0;
  while (waitingFor[layer] == 0)
    ++layer;
  std::vector<size_t> path;
  std::vector<bool> visited(network.layers.size());
  while (!visited[layer]) {
    visited[layer] = true;
    path.push_back(layer);
    layer = *llvm::find_if(graph.producers[layer], [&](size_t producer) {
      return waitingFor[producer] != 0;
    });
  }
  // The walk may have started outside of the cycle, and went against the
  // direction in which data flows.
  path.erase(path.begin(), llvm::find(path, layer));
  std::reverse(path.begin(), path.end());
  std::rotate(path.begin(), std::min_element(path.begin(), path.end()),
              path.end());
  const LayerDescription &first = network.layers[path.front()];
  InFlightDiagnostic diagnostic =
      emitError(source.getLocation(first.offset, first.name));
  diagnostic << "it needs its own result: ";
  // A cycle through hundreds of layers is told by its start.
  constexpr size_t most = 20;
  for (size_t index : llvm::ArrayRef<size_t>(path).take_front(most))
    diagnostic << network.layers[index].name << " -> ";
  if (path.size() > most)
    diagnostic << "... -> ";
  diagnostic << first.name;
}

llvm::FailureOr<std::vector<size_t>>
orderLayers(const SourceText &source, const NetworkDescription &network) {
  LayerGraph graph(network);
  std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;
  std::vector<size_t> waitingFor(network.layers.size());
  for (size_t index = 0; index < network.layers.size(); ++index) {
    waitingFor[index] = graph.producers[index].size();
    if (waitingFor[index] == 0)
      ready.push(index);
  }
  std::vector<size_t> order;
  while (!ready.empty()) {
    size_t index = ready.top();
    ready.pop();
    order.push_back(index);
    for (size_t reader : graph.readers[index])
      if (--waitingFor[reader] == 0)
        ready.push(reader);
  }
  if (order.size() == network.layers.size())
    return order;
  reportCycle(source, network, graph, waitingFor);
  return failure();
}

} // namespace toeplitz
