// What the function of an operator needs to build its layer: inputs,
// parameters, weights, and a way to report errors.

#ifndef TOEPLITZ_COMPILER_FRONTEND_LAYERBUILDER_H
#define TOEPLITZ_COMPILER_FRONTEND_LAYERBUILDER_H

#include "compiler/Frontend/Description.h"
#include "compiler/Frontend/Weights.h"
#include "dialects/CNN/CNNDialect.h"
#include "mlir/IR/Builders.h"

namespace toeplitz {

/// The padding before and after each spatial dimension.
struct Padding {
  llvm::SmallVector<int64_t> low, high;
};

/// Whether a limit on the spatial rank includes dense layers and the like.
struct SpatialRanks {
  int64_t minimum = 1;
  int64_t maximum = 3;
};

/// One layer under construction. The parameters were checked before
/// (checkParameters), so getters don't report a wrong type; those that return a
/// FailureOr report what only shows now that the input's shape is known.
class LayerBuilder {
public:
  using Shape = llvm::SmallVector<int64_t>;

  LayerBuilder(const SourceText &source, const LayerDescription &layer,
               mlir::OpBuilder &builder, WeightStore &weights,
               llvm::ArrayRef<mlir::Value> inputs);

  mlir::OpBuilder &getBuilder() { return builder; }
  /// The layer's location, which carries its name.
  mlir::Location getLocation() const { return location; }
  llvm::StringRef getOperator() const { return layer.operatorName; }
  llvm::ArrayRef<mlir::Value> getInputs() const { return inputs; }
  mlir::Value getInput() const { return inputs.front(); }
  static llvm::ArrayRef<int64_t> getShape(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType()).getShape();
  }
  /// The shape of the first input.
  llvm::ArrayRef<int64_t> getShape() const { return getShape(getInput()); }

  /// Starts an error at the layer, or at one of its parameters if that is
  /// written.
  mlir::InFlightDiagnostic error(llvm::StringRef parameter = "");

  bool has(llvm::StringRef parameter) const;
  bool getBoolean(llvm::StringRef parameter, bool defaultValue) const;
  int64_t getInteger(llvm::StringRef parameter, int64_t defaultValue) const;
  double getNumber(llvm::StringRef parameter, double defaultValue) const;
  /// The default also if the parameter is something else than a word.
  llvm::StringRef getWord(llvm::StringRef parameter,
                          llvm::StringRef defaultValue) const;
  /// How to pad, in PyTorch's words: "zeros" or "constant" (the default),
  /// "circular", "reflect", "replicate".
  cnn::PaddingMode getPaddingMode(llvm::StringRef parameter) const;
  /// The numbers of a list; a number alone counts as a list of one.
  llvm::SmallVector<int64_t> getIntegers(llvm::StringRef parameter) const;
  /// One number for each of `rank` dimensions; a number alone is that of all of
  /// them.
  llvm::FailureOr<llvm::SmallVector<int64_t>>
  getSizes(llvm::StringRef parameter, size_t rank,
           llvm::ArrayRef<int64_t> defaultValue);
  llvm::FailureOr<llvm::SmallVector<double>>
  getFactors(llvm::StringRef parameter, size_t rank);
  /// Padding that is written in numbers (or not at all: none).
  llvm::FailureOr<Padding> getPadding(llvm::StringRef parameter, size_t rank);
  /// Checks that the input has the positions that padding of this mode copies.
  llvm::LogicalResult checkPadding(llvm::StringRef parameter,
                                   const Padding &padding,
                                   cnn::PaddingMode mode);
  /// A dimension of a tensor of rank `rank`; negative ones count from the end.
  llvm::FailureOr<int64_t> getDimension(llvm::StringRef parameter,
                                        int64_t defaultValue, int64_t rank);

  /// The number of spatial dimensions of the first input, N x C x spatial; an
  /// error if the operator doesn't have that many.
  llvm::FailureOr<int64_t> getSpatialRank(SpatialRanks ranks = {});
  /// The number of channels of the first input, which has to have rank 2 or
  /// more.
  llvm::FailureOr<int64_t> getChannels();
  /// Checks a parameter like `in_channels`, which says again what the input's
  /// shape says.
  llvm::LogicalResult checkStated(llvm::StringRef parameter, int64_t actual);

  /// Checks that the sizes of a result, and its element count, stay within the
  /// limits.
  llvm::LogicalResult checkResultShape(llvm::ArrayRef<int64_t> shape);

  /// A weight as an attribute, or as a constant.
  llvm::FailureOr<mlir::ElementsAttr>
  getWeightAttribute(const WeightRequest &request);
  llvm::FailureOr<mlir::Value> getWeight(const WeightRequest &request);
  /// Whether a layer that may say "bias": false has a bias.
  bool hasBias() const;
  /// The bias of a layer that may say "bias": false; then a null value.
  llvm::FailureOr<mlir::Value> getBias(int64_t channels);
  mlir::Value makeConstant(mlir::ElementsAttr attribute);
  /// A constant whose elements are all `number`.
  mlir::Value makeConstant(llvm::ArrayRef<int64_t> shape, double number);

  /// A tensor of another shape with the same elements in the same order.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// Dimension d of the result is dimension `permutation[d]` of the value.
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);

  /// Creates an operation of the cnn dialect. Its type is inferred from the
  /// arguments, which are those of the operation's builder; constraints that
  /// don't hold are reported.
  template <typename Operation, typename... Arguments>
  llvm::FailureOr<mlir::Value> create(Arguments &&...arguments);

private:
  const JsonValue *find(llvm::StringRef parameter) const {
    return findMember(layer.parameters, parameter);
  }

  const SourceText &source;
  const LayerDescription &layer;
  mlir::OpBuilder &builder;
  WeightStore &weights;
  llvm::SmallVector<mlir::Value> inputs;
  mlir::Location location;
};

template <typename Operation, typename... Arguments>
llvm::FailureOr<mlir::Value> LayerBuilder::create(Arguments &&...arguments) {
  mlir::OperationState state(location, Operation::getOperationName());
  // The builders that infer the type end the program when that fails, so the
  // type comes first and a stand-in takes its place.
  Operation::build(builder, state, getInput().getType(),
                   std::forward<Arguments>(arguments)...);
  mlir::MLIRContext *context = builder.getContext();
  llvm::SmallVector<mlir::Type> types;
  if (mlir::failed(Operation::inferReturnTypes(
          context, location, state.operands,
          state.attributes.getDictionary(context), state.getRawProperties(),
          state.regions, types)))
    return mlir::failure();
  if (mlir::failed(checkResultShape(
          mlir::cast<mlir::RankedTensorType>(types.front()).getShape())))
    return mlir::failure();
  state.types.assign(types.begin(), types.end());
  return builder.create(state)->getResult(0);
}

} // namespace toeplitz

#endif
