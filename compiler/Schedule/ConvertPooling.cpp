#include "compiler/Schedule/ConvertPooling.h"

void toeplitz::populatePoolingPatterns(mlir::RewritePatternSet &, int64_t) {}
