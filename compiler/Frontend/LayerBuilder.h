// What the function of an operator needs to build its layer: inputs,
// parameters, weights, and a way to report errors.

#ifndef TOEPLITZ_COMPILER_FRONTEND_LAYERBUILDER_H
#define TOEPLITZ_COMPILER_FRONTEND_LAYERBUILDER_H

#include "compiler/Frontend/Description.h"
#include "compiler/Frontend/OperationBuilder.h"
#include "compiler/Frontend/Weights.h"
#include "dialects/CNN/CNNDialect.h"

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
class LayerBuilder : public OperationBuilder {
public:
  LayerBuilder(const SourceText &source, const LayerDescription &layer,
               mlir::OpBuilder &builder, WeightStore &weights,
               llvm::ArrayRef<mlir::Value> inputs);

  llvm::StringRef getOperator() const { return layer.operatorName; }
  llvm::ArrayRef<mlir::Value> getInputs() const { return inputs; }
  mlir::Value getInput() const { return inputs.front(); }
  using OperationBuilder::getShape;
  /// The shape of the first input.
  llvm::ArrayRef<int64_t> getShape() const { return getShape(getInput()); }

  /// Starts an error at the layer, or at one of its parameters if that is
  /// written.
  mlir::InFlightDiagnostic error(llvm::StringRef parameter);
  mlir::InFlightDiagnostic error() override { return error(""); }

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

  /// A weight as an attribute, or as a constant.
  llvm::FailureOr<mlir::ElementsAttr>
  getWeightAttribute(const WeightRequest &request);
  llvm::FailureOr<mlir::Value> getWeight(const WeightRequest &request);
  /// Whether a layer that may say "bias": false has a bias.
  bool hasBias() const;
  /// The bias of a layer that may say "bias": false; then a null value.
  llvm::FailureOr<mlir::Value> getBias(int64_t channels);

private:
  const JsonValue *find(llvm::StringRef parameter) const {
    return findMember(layer.parameters, parameter);
  }

  const SourceText &source;
  const LayerDescription &layer;
  WeightStore &weights;
  llvm::SmallVector<mlir::Value> inputs;
};

} // namespace toeplitz

#endif
