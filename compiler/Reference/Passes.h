// The evaluator as a pass: see Passes.td.

#ifndef TOEPLITZ_COMPILER_REFERENCE_PASSES_H
#define TOEPLITZ_COMPILER_REFERENCE_PASSES_H

#include "mlir/Pass/Pass.h"

namespace toeplitz {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Reference/Passes.h.inc"

} // namespace toeplitz

#endif
