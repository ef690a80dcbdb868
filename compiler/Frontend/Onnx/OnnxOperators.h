// The operators of ONNX that are compiled: one row each.

#ifndef TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXOPERATORS_H
#define TOEPLITZ_COMPILER_FRONTEND_ONNX_ONNXOPERATORS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/LogicalResult.h"
#include <limits>

namespace toeplitz {

class OnnxNode;

/// The versions of the default operator set that models may be written in.
/// Of those before 7 the table has the operators that hadn't changed by then.
constexpr int64_t oldestOpset = 1;
/// The opset whose nodes are put into the words of the next one first
/// (OlderOpset.h).
constexpr int64_t upgradedOpset = 6;
constexpr int64_t newestOpset = 28;

/// Inputs or outputs without a limit.
constexpr unsigned anyCount = std::numeric_limits<unsigned>::max();

/// An operator, in a range of versions of its operator set. Functions look at
/// OnnxNode::getVersion for what changed within the range.
struct OnnxOperator {
  llvm::StringRef name;
  int64_t firstVersion;
  /// The last version with the operator; newestOpset if it's still there.
  int64_t lastVersion;
  /// The first `minimumInputs` inputs must be there.
  unsigned minimumInputs;
  unsigned maximumInputs;
  unsigned maximumOutputs;
  /// Builds the node's operations and sets its results.
  llvm::LogicalResult (*build)(OnnxNode &node);
};

/// The families of operators: one file each.
llvm::ArrayRef<OnnxOperator> getOnnxActivationOperators();
llvm::ArrayRef<OnnxOperator> getOnnxArithmeticOperators();
llvm::ArrayRef<OnnxOperator> getOnnxCastOperators();
llvm::ArrayRef<OnnxOperator> getOnnxComparisonOperators();
llvm::ArrayRef<OnnxOperator> getOnnxControlOperators();
llvm::ArrayRef<OnnxOperator> getOnnxConvolutionOperators();
llvm::ArrayRef<OnnxOperator> getOnnxDeformableConvolutionOperators();
llvm::ArrayRef<OnnxOperator> getOnnxEinsumOperators();
llvm::ArrayRef<OnnxOperator> getOnnxIndexingOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLayerNormalizationOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLinearAlgebraOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLocalResponseNormalizationOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLogicOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLoopOperators();
llvm::ArrayRef<OnnxOperator> getOnnxLossOperators();
llvm::ArrayRef<OnnxOperator> getOnnxMathOperators();
llvm::ArrayRef<OnnxOperator> getOnnxMovementOperators();
llvm::ArrayRef<OnnxOperator> getOnnxNormalizationOperators();
llvm::ArrayRef<OnnxOperator> getOnnxPaddingOperators();
llvm::ArrayRef<OnnxOperator> getOnnxPoolingOperators();
llvm::ArrayRef<OnnxOperator> getOnnxQuantizationOperators();
llvm::ArrayRef<OnnxOperator> getOnnxQuantizedConvolutionOperators();
llvm::ArrayRef<OnnxOperator> getOnnxQuantizedProductOperators();
llvm::ArrayRef<OnnxOperator> getOnnxRecurrentOperators();
llvm::ArrayRef<OnnxOperator> getOnnxReductionOperators();
llvm::ArrayRef<OnnxOperator> getOnnxResizeOperators();
llvm::ArrayRef<OnnxOperator> getOnnxRoiOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSamplingOperators();
llvm::ArrayRef<OnnxOperator> getOnnxScanOperators();
llvm::ArrayRef<OnnxOperator> getOnnxScatterOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSelectionOperators();
llvm::ArrayRef<OnnxOperator> getOnnxShapeOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSoftmaxOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSortingOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSpectrumOperators();
llvm::ArrayRef<OnnxOperator> getOnnxSubgraphScanOperators();
llvm::ArrayRef<OnnxOperator> getOnnxUnpoolingOperators();

/// All rows of all families.
llvm::ArrayRef<llvm::ArrayRef<OnnxOperator>> getOnnxOperatorFamilies();

/// The operator of that name in that version of the default operator set; null
/// if there is none.
const OnnxOperator *findOnnxOperator(llvm::StringRef name, int64_t version);
/// The same in any version.
const OnnxOperator *findOnnxOperator(llvm::StringRef name);

} // namespace toeplitz

#endif
