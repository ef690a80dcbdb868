// The algorithms by name. To add one: its file, a line here and a row in
// Table.cpp.

#ifndef TOEPLITZ_COMPILER_ALGORITHMS_TABLE_H
#define TOEPLITZ_COMPILER_ALGORITHMS_TABLE_H

#include "compiler/Algorithms/Algorithm.h"

namespace toeplitz {

extern const Algorithm splitBfloat16Algorithm;
extern const Algorithm exactSplitBfloat16Algorithm;
extern const Algorithm winogradAlgorithm;
extern const Algorithm strassenAlgorithm;
extern const Algorithm pointwiseAlgorithm;
extern const Algorithm depthwiseAlgorithm;
extern const Algorithm groupedAlgorithm;
extern const Algorithm innerProductAlgorithm;
extern const Algorithm rowwiseAlgorithm;
extern const Algorithm filterToeplitzAlgorithm;
extern const Algorithm directAlgorithm;
extern const Algorithm im2colAlgorithm;
extern const Algorithm implicitGemmAlgorithm;
extern const Algorithm warpgroupGemmAlgorithm;
extern const Algorithm tensorCoreGemmAlgorithm;
extern const Algorithm matrixVectorAlgorithm;
extern const Algorithm fftAlgorithm;

} // namespace toeplitz

#endif
