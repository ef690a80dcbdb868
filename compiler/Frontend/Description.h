// A network as its description says it: names and parameters, nothing computed
// yet.

#ifndef TOEPLITZ_COMPILER_FRONTEND_DESCRIPTION_H
#define TOEPLITZ_COMPILER_FRONTEND_DESCRIPTION_H

#include "compiler/Frontend/JsonValue.h"
#include "compiler/Frontend/Shape.h"
#include "compiler/Frontend/SourceText.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/LogicalResult.h"
#include <memory>

namespace toeplitz {

/// A name that refers to a layer or to an input of the network.
struct Reference {
  std::string name;
  size_t offset = 0;
};

struct InputDescription {
  std::string name;
  llvm::SmallVector<int64_t> shape;
  size_t offset = 0;
};

struct LayerDescription {
  std::string name;
  std::string operatorName;
  /// What the layer reads; absent: the layer before it.
  std::optional<std::vector<Reference>> inputs;
  /// All keys but "name", "op" and "inputs", as they were written.
  JsonValue::Object parameters;
  /// The place of the layer's object, and of its operator's name.
  size_t offset = 0;
  size_t operatorOffset = 0;
};

/// Where the weights come from that aren't written in the layers.
struct WeightsDescription {
  enum class Kind { None, File, Random } kind = Kind::None;
  std::string file;
  int64_t seed = 0;
  /// The share of each filter that is made zero.
  double sparsity = 0;
  size_t offset = 0;
};

struct NetworkDescription {
  std::string name;
  /// Members that say nothing about the computation and are kept as they are
  /// ("$schema", "description").
  JsonValue::Object remarks;
  WeightsDescription weights;
  std::vector<InputDescription> inputs;
  std::vector<LayerDescription> layers;
  /// Absent: the last layer.
  std::optional<std::vector<Reference>> outputs;
};

/// Reads the description's text. Reports every error that it finds; parameters
/// of layers are checked against the operators' tables.
llvm::LogicalResult readDescription(const SourceText &source,
                                    llvm::StringRef text,
                                    NetworkDescription &network);

} // namespace toeplitz

#endif
