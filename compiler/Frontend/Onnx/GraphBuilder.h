// The nodes of a graph, of a subgraph or of a function become operations.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_GRAPHBUILDER_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_GRAPHBUILDER_H

#include "compiler/Frontend/Onnx/ElementType.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"
#include <map>
#include <string>

namespace onnx {
class FunctionProto;
class GraphProto;
class NodeProto;
class TensorProto;
} // namespace onnx

namespace google::protobuf {
template <typename Element> class RepeatedPtrField;
} // namespace google::protobuf

namespace toeplitz {

class OnnxModel;

/// The operator sets that nodes are taken from: versions by domain.
using OnnxOpsets = std::map<std::string, int64_t>;

/// The functions of a model by domain and name.
using OnnxFunctions =
    std::map<std::pair<std::string, std::string>, const onnx::FunctionProto *>;

/// Values by their names in a graph, with those of the graphs around it.
struct OnnxScope {
  OnnxScope *outer = nullptr;
  llvm::StringMap<OnnxValue> values;
  /// Initializers that nobody has read yet: most weights of a model are wanted
  /// once, and some never.
  llvm::StringMap<const onnx::TensorProto *> initializers;
};

class GraphBuilder {
public:
  GraphBuilder(OnnxModel &model, mlir::OpBuilder &builder,
               const OnnxFunctions &functions)
      : model(model), builder(builder), functions(functions) {}

  /// Checks that every node of the list, and of the functions that it calls,
  /// has an operator that is known. Reports those that haven't in one error.
  llvm::LogicalResult checkOperators(
      const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
      const OnnxOpsets &opsets);

  /// Builds the nodes, in an order in which every value is there before it is
  /// read. Their results are added to `scope`.
  llvm::LogicalResult
  build(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
        OnnxScope &scope, const OnnxOpsets &opsets,
        llvm::StringRef prefix = "");

  /// The initializers of a graph, to be made constants when they are read.
  /// Reports doubles, and tensors that are stored in a way that isn't known.
  llvm::LogicalResult addInitializers(const onnx::GraphProto &graph,
                                      OnnxScope &scope);

  /// The value of that name in the scope or around it; null if there is none.
  /// Fails if it is an initializer that can't be read.
  llvm::FailureOr<OnnxValue> lookUp(OnnxScope &scope, llvm::StringRef name);

private:
  llvm::LogicalResult buildNode(const onnx::NodeProto &node, OnnxScope &scope,
                                const OnnxOpsets &opsets,
                                llvm::StringRef layer);
  llvm::LogicalResult buildFunction(const onnx::NodeProto &node,
                                    const onnx::FunctionProto &function,
                                    llvm::ArrayRef<OnnxValue> inputs,
                                    OnnxScope &scope, llvm::StringRef layer);
  llvm::LogicalResult buildSubgraph(const onnx::GraphProto &graph,
                                    llvm::ArrayRef<OnnxValue> inputs,
                                    OnnxScope &outer, const OnnxOpsets &opsets,
                                    llvm::StringRef layer,
                                    llvm::SmallVectorImpl<OnnxValue> &results);
  llvm::FailureOr<llvm::SmallVector<OnnxValue>>
  readInputs(const onnx::NodeProto &node, OnnxScope &scope,
             mlir::Location location);
  /// Puts constants in the place of results that depend on nothing else. The
  /// operations are those after `last` (null: from the block's beginning).
  void fold(mlir::Block *block, mlir::Operation *last, llvm::StringRef layer,
            llvm::MutableArrayRef<OnnxValue> results);

  OnnxModel &model;
  mlir::OpBuilder &builder;
  const OnnxFunctions &functions;
  unsigned depth = 0;
  unsigned nodeCount = 0;
};

} // namespace toeplitz

#endif
