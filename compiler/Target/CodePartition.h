// Dividing the code of a network, so that the processors of the machine that
// compiles can share the work.

#ifndef TOEPLITZ_COMPILER_TARGET_CODEPARTITION_H
#define TOEPLITZ_COMPILER_TARGET_CODEPARTITION_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"
#include <string>
#include <vector>

namespace toeplitz {

/// A module of LLVM's in its binary form, which can be read into another
/// context.
using Bitcode = llvm::SmallVector<char, 0>;

/// Divides `module` into modules that can be optimised and translated
/// independently and linked together again. Functions that call each other stay
/// together, except that `root`, which calls all kernels, is divided from them:
/// nothing that LLVM could find out about a kernel from its callers is lost
/// otherwise. The parts depend on the module alone, never on the machine, so
/// that the result has the same bytes everywhere. Functions that another part
/// uses become hidden symbols in `module` too.
std::vector<Bitcode> partitionCode(llvm::Module &module,
                                   const std::string &root);

} // namespace toeplitz

#endif
