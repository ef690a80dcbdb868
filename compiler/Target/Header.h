// NAME.h, what a program includes to call a network.

#ifndef TOEPLITZ_COMPILER_TARGET_HEADER_H
#define TOEPLITZ_COMPILER_TARGET_HEADER_H

#include "compiler/Target/Network.h"

#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// Writes the C99 and C++ header of the functions that Interface.cpp builds.
void writeHeader(const Network &network, llvm::raw_ostream &stream);

} // namespace toeplitz

#endif
