// One node of an ONNX graph while its operations are built: its inputs, its
// attributes, its results, and a way to report errors.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXNODE_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXNODE_H

#include "compiler/Frontend/Onnx/ElementType.h"
#include "compiler/Frontend/OperationBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace onnx {
class NodeProto;
class GraphProto;
} // namespace onnx

namespace toeplitz {

class AttributeReader;
class OnnxModel;

/// What a node knows about the graph around it.
struct OnnxContext {
  OnnxModel &model;
  /// The version of the operator set that the node's operator is taken from.
  int64_t version;
  /// Builds the nodes of a subgraph here, with these values for its inputs and
  /// those of this graph in sight; the results are those of its outputs. Errors
  /// have been reported.
  llvm::function_ref<llvm::LogicalResult(const onnx::GraphProto &,
                                         llvm::ArrayRef<OnnxValue>,
                                         llvm::SmallVectorImpl<OnnxValue> &)>
      importSubgraph;
};

/// Getters of inputs report what is wrong and fail; they never end the program.
class OnnxNode : public OperationBuilder {
public:
  OnnxNode(const OnnxContext &context, const onnx::NodeProto &proto,
           mlir::OpBuilder &builder, mlir::Location location,
           llvm::ArrayRef<OnnxValue> inputs);

  llvm::StringRef getOperator() const;
  int64_t getVersion() const { return context.version; }
  OnnxModel &getModel() const { return context.model; }
  const OnnxContext &getContext() const { return context; }
  const onnx::NodeProto &getProto() const { return proto; }

  /// Starts an error at the node: "…: layer 'conv1': Conv: ".
  mlir::InFlightDiagnostic error() override;
  mlir::InFlightDiagnostic warning();

  // --- inputs ---------------------------------------------------------------
  size_t getInputCount() const { return inputs.size(); }
  /// Whether an optional input is there.
  bool hasInput(size_t index) const {
    return index < inputs.size() && bool(inputs[index]);
  }
  /// An input that is there: the operator's row says how many must be.
  OnnxValue getInput(size_t index = 0) const { return inputs[index]; }
  mlir::Value getValue(size_t index = 0) const { return inputs[index].value; }
  ElementType getType(size_t index = 0) const { return inputs[index].type; }
  llvm::ArrayRef<OnnxValue> getInputs() const { return inputs; }
  using OperationBuilder::getShape;
  llvm::ArrayRef<int64_t> getShape(size_t index = 0) const {
    return inputs[index].getShape();
  }
  int64_t getRank(size_t index = 0) const { return inputs[index].getRank(); }

  /// Checks the rank of an input.
  llvm::LogicalResult checkRank(size_t index, int64_t minimum, int64_t maximum);
  /// Checks the element type of an input. `expected` is how the message calls
  /// the types that `accepts` takes: "a floating-point type".
  llvm::LogicalResult checkType(size_t index,
                                llvm::function_ref<bool(ElementType)> accepts,
                                llvm::StringRef expected);
  llvm::LogicalResult checkFloat(size_t index);
  /// Checks that an input is one number, of any rank.
  llvm::LogicalResult checkOneElement(size_t index);
  /// Checks that inputs `first` and `second` have the same element type.
  llvm::LogicalResult checkSameType(size_t first, size_t second);

  /// The integers of an input whose values have to be known when compiling: a
  /// shape, axes, … (rank 0 or 1).
  llvm::FailureOr<llvm::SmallVector<int64_t>> getIntegers(size_t index);
  /// The same for an input of one integer.
  llvm::FailureOr<int64_t> getInteger(size_t index);
  /// The same for numbers of any type and rank, in row-major order.
  llvm::FailureOr<llvm::SmallVector<double>> getNumbers(size_t index);
  llvm::FailureOr<double> getNumber(size_t index);
  /// Whether the values of an input are known.
  bool isConstant(size_t index) const;
  /// Reports that an input isn't known, with the input of the network to name
  /// if it comes from one, and why it must be where that isn't plain. Fails.
  llvm::LogicalResult reportUnknown(size_t index, llvm::StringRef reason = "");

  // --- attributes -----------------------------------------------------------
  /// Reads attributes: see AttributeReader.h.
  AttributeReader getAttributes();
  bool hasAttribute(llvm::StringRef name) const;

  /// A dimension that may count from the end, for a tensor of rank `rank`.
  /// `what` is how messages call it: "attribute 'axis'".
  llvm::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank,
                                         llvm::StringRef what);
  /// The same for several; each dimension at most once.
  llvm::FailureOr<llvm::SmallVector<int64_t>>
  normalizeAxes(llvm::ArrayRef<int64_t> axes, int64_t rank,
                llvm::StringRef what);

  // --- results --------------------------------------------------------------
  size_t getResultCount() const;
  /// Whether somebody wants a result: optional ones may have no name.
  bool isResultUsed(size_t index) const;
  void setResult(size_t index, OnnxValue value);
  void setResult(OnnxValue value) { setResult(0, value); }
  void setResult(mlir::Value value, ElementType type) {
    setResult(0, {value, type});
  }
  llvm::ArrayRef<OnnxValue> getResults() const { return results; }

private:
  /// The one value of an input, or a report that it has another number of them.
  template <typename Number>
  llvm::FailureOr<Number>
  getOnly(size_t index,
          const llvm::FailureOr<llvm::SmallVector<Number>> &values);
  const OnnxContext &context;
  const onnx::NodeProto &proto;
  llvm::SmallVector<OnnxValue> inputs;
  llvm::SmallVector<OnnxValue> results;
};

/// The elements of a constant as integers (sign- or zero-extended by its type),
/// or as numbers; nothing if its data is missing.
std::optional<llvm::SmallVector<int64_t>> readIntegers(mlir::Attribute constant,
                                                       ElementType type);
std::optional<llvm::SmallVector<double>> readNumbers(mlir::Attribute constant,
                                                     ElementType type);
/// The attribute of a value that is a constant, or null.
mlir::ElementsAttr getConstant(mlir::Value value);

} // namespace toeplitz

#endif
