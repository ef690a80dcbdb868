// Writes a description in the standard form.

#ifndef TOEPLITZ_COMPILER_FRONTEND_DESCRIPTIONWRITER_H
#define TOEPLITZ_COMPILER_FRONTEND_DESCRIPTIONWRITER_H

#include "compiler/Frontend/Description.h"
#include "llvm/Support/raw_ostream.h"

namespace toeplitz {

/// Writes the network such that reading the text and writing it again gives the
/// same text: keys in the order of the documentation, a line for each input and
/// layer, numbers in their shortest form.
void writeDescription(const NetworkDescription &network,
                      llvm::raw_ostream &output);

} // namespace toeplitz

#endif
