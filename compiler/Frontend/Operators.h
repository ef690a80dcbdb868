// The operators of the network description: one row each.

#ifndef TOEPLITZ_COMPILER_FRONTEND_OPERATORS_H
#define TOEPLITZ_COMPILER_FRONTEND_OPERATORS_H

#include "compiler/Frontend/Description.h"
#include "mlir/IR/Value.h"

namespace toeplitz {

class LayerBuilder;

/// What a parameter's value may be.
enum class ParameterType {
  Boolean,
  /// A whole number, of at least 1.
  Size,
  /// A whole number, which may count from the end when negative.
  Position,
  /// A list of positions.
  Positions,
  /// A list of sizes, of which one may be -1.
  Shape,
  /// A size for all dimensions, or a list of one for each.
  Sizes,
  /// Like sizes, but from 0.
  Counts,
  /// A count for all borders, or a list with a count or a pair [low, high] for
  /// each dimension.
  Padding,
  /// Padding, or the words "same" and "valid".
  PaddingOrWord,
  Number,
  /// A number of at least 0.
  NonNegative,
  /// A positive number for all dimensions, or a list of one for each.
  Factors,
  /// One of the rule's words.
  Word,
  /// Weights written in the layer: lists of numbers within each other.
  Weights,
  /// True, false, or weights.
  Bias,
};

enum class Presence { Optional, Required };

/// A parameter that an operator knows.
struct ParameterRule {
  llvm::StringRef name;
  ParameterType type;
  Presence presence = Presence::Optional;
  /// For type Word: the words it may be, with a bar between them.
  llvm::StringRef words = {};
};

constexpr unsigned anyNumber = ~0u;

/// An operator: what it reads, what it knows, and the function that builds it.
struct OperatorRule {
  llvm::StringRef name;
  unsigned minimumInputs;
  unsigned maximumInputs;
  llvm::ArrayRef<ParameterRule> parameters;
  llvm::FailureOr<mlir::Value> (*build)(LayerBuilder &layer);
};

/// The families of operators: one file each.
llvm::ArrayRef<OperatorRule> getConvolutionOperators();
llvm::ArrayRef<OperatorRule> getPoolingOperators();
llvm::ArrayRef<OperatorRule> getNormalizationOperators();
llvm::ArrayRef<OperatorRule> getActivationOperators();
llvm::ArrayRef<OperatorRule> getArithmeticOperators();
llvm::ArrayRef<OperatorRule> getShapeOperators();
llvm::ArrayRef<OperatorRule> getResamplingOperators();

/// The operator of that name; null if there is none.
const OperatorRule *findOperator(llvm::StringRef name);

/// Checks the layer against its operator's row: the operator exists, each
/// parameter is known and of its type, none is missing, the number of inputs is
/// right. Reports every error.
llvm::LogicalResult checkParameters(const SourceText &source,
                                    const LayerDescription &layer);

} // namespace toeplitz

#endif
