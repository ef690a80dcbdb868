#include "compiler/Schedule/ConvertElementwise.h"

void toeplitz::populateElementwisePatterns(mlir::RewritePatternSet &, int64_t) {
}
