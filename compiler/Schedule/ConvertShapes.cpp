#include "compiler/Schedule/ConvertShapes.h"

void toeplitz::populateShapePatterns(mlir::RewritePatternSet &, int64_t) {}
