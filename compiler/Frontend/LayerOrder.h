// The order in which layers can be computed.

#ifndef TOEPLITZ_COMPILER_FRONTEND_LAYERORDER_H
#define TOEPLITZ_COMPILER_FRONTEND_LAYERORDER_H

#include "compiler/Frontend/Description.h"

namespace toeplitz {

/// What the layer at `index` reads: names of layers or inputs of the network.
/// Without 'inputs' that is the layer before it, or the network's only input.
std::vector<llvm::StringRef> getInputNames(const NetworkDescription &network,
                                           size_t index);

/// The indices of the layers such that each comes after those it reads,
/// otherwise as written. Reports a cycle, with the names in it.
llvm::FailureOr<std::vector<size_t>>
orderLayers(const SourceText &source, const NetworkDescription &network);

} // namespace toeplitz

#endif
