// The table: see OnnxOperators.h.

#include "compiler/Frontend/Onnx/OnnxOperators.h"

#include "llvm/ADT/StringMap.h"

namespace toeplitz {

llvm::ArrayRef<llvm::ArrayRef<OnnxOperator>> getOnnxOperatorFamilies() {
  static const llvm::ArrayRef<OnnxOperator> families[] = {
      getOnnxActivationOperators(),
      getOnnxArithmeticOperators(),
      getOnnxCastOperators(),
      getOnnxComparisonOperators(),
      getOnnxControlOperators(),
      getOnnxConvolutionOperators(),
      getOnnxDeformableConvolutionOperators(),
      getOnnxEinsumOperators(),
      getOnnxIndexingOperators(),
      getOnnxLayerNormalizationOperators(),
      getOnnxLinearAlgebraOperators(),
      getOnnxLocalResponseNormalizationOperators(),
      getOnnxLogicOperators(),
      getOnnxLoopOperators(),
      getOnnxLossOperators(),
      getOnnxMathOperators(),
      getOnnxMovementOperators(),
      getOnnxNormalizationOperators(),
      getOnnxPaddingOperators(),
      getOnnxPoolingOperators(),
      getOnnxQuantizationOperators(),
      getOnnxQuantizedConvolutionOperators(),
      getOnnxQuantizedProductOperators(),
      getOnnxRecurrentOperators(),
      getOnnxReductionOperators(),
      getOnnxResizeOperators(),
      getOnnxRoiOperators(),
      getOnnxSamplingOperators(),
      getOnnxScanOperators(),
      getOnnxScatterOperators(),
      getOnnxSelectionOperators(),
      getOnnxShapeOperators(),
      getOnnxSoftmaxOperators(),
      getOnnxSortingOperators(),
      getOnnxSpectrumOperators(),
      getOnnxSubgraphScanOperators(),
      getOnnxUnpoolingOperators()};
  return families;
}

static llvm::ArrayRef<const OnnxOperator *> findRows(llvm::StringRef name) {
  static const llvm::StringMap<llvm::SmallVector<const OnnxOperator *>> rows =
      [] {
        llvm::StringMap<llvm::SmallVector<const OnnxOperator *>> map;
        for (llvm::ArrayRef<OnnxOperator> family : getOnnxOperatorFamilies())
          for (const OnnxOperator &row : family)
            map[row.name].push_back(&row);
        return map;
      }();
  auto found = rows.find(name);
  if (found == rows.end())
    return {};
  return found->second;
}

const OnnxOperator *findOnnxOperator(llvm::StringRef name, int64_t version) {
  for (const OnnxOperator *row : findRows(name))
    if (version >= row->firstVersion && version <= row->lastVersion)
      return row;
  return nullptr;
}

const OnnxOperator *findOnnxOperator(llvm::StringRef name) {
  llvm::ArrayRef<const OnnxOperator *> rows = findRows(name);
  return rows.empty() ? nullptr : rows.front();
}

} // namespace toeplitz
