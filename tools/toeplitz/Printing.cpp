#include "tools/toeplitz/Printing.h"

mlir::OpPrintingFlags toeplitz::briefPrinting() {
  mlir::OpPrintingFlags flags;
  // Small constants say something to a reader, a filter of more than 16 values
  // doesn't. No weight is small enough for its blob to be shown.
  flags.elideLargeElementsAttrs(16);
  flags.elideLargeResourceString(0);
  return flags;
}

mlir::OpPrintingFlags toeplitz::completePrinting() {
  // Locations hold the names of the layers, by which --algorithm and messages
  // know them.
  return mlir::OpPrintingFlags().enableDebugInfo(/*enable=*/true,
                                                 /*prettyForm=*/false);
}
