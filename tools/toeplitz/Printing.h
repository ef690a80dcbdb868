// How modules look as text.

#ifndef TOEPLITZ_TOOLS_TOEPLITZ_PRINTING_H
#define TOEPLITZ_TOOLS_TOEPLITZ_PRINTING_H

#include "mlir/IR/OperationSupport.h"

namespace toeplitz {

/// For reading: without the values of weights and without locations.
mlir::OpPrintingFlags briefPrinting();

/// For the compiler: with all that it needs to go on from the text.
mlir::OpPrintingFlags completePrinting();

} // namespace toeplitz

#endif
