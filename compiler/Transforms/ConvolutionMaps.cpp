#include "compiler/Transforms/ConvolutionMaps.h"

using namespace mlir;

llvm::SmallVector<AffineMap>
toeplitz::getConvolutionMaps(MLIRContext *context,
                             llvm::ArrayRef<int64_t> strides,
                             llvm::ArrayRef<int64_t> dilations) {
  auto rank = static_cast<int64_t>(strides.size());
  auto dimension = [&](int64_t d) { return getAffineDimExpr(d, context); };
  AffineExpr image = dimension(0), group = dimension(1), feature = dimension(2),
             channel = dimension(3 + rank);
  llvm::SmallVector<AffineExpr> input = {image, group, channel};
  llvm::SmallVector<AffineExpr> filter = {group, feature, channel};
  llvm::SmallVector<AffineExpr> result = {image, group, feature};
  for (int64_t d = 0; d < rank; ++d) {
    AffineExpr position = dimension(3 + d), tap = dimension(4 + rank + d);
    input.push_back(position * strides[d] + tap * dilations[d]);
    filter.push_back(tap);
    result.push_back(position);
  }
  int64_t loops = 4 + 2 * rank;
  return {AffineMap::get(loops, 0, input, context),
          AffineMap::get(loops, 0, filter, context),
          AffineMap::get(loops, 0, result, context)};
}
