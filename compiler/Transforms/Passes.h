// The passes from cnn to cnn: they simplify, fold and fuse. See Passes.td.

#ifndef TOEPLITZ_COMPILER_TRANSFORMS_PASSES_H
#define TOEPLITZ_COMPILER_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace toeplitz {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "compiler/Transforms/Passes.h.inc"

} // namespace toeplitz

#endif
