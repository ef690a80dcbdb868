#include "dialects/CNN/CNNDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/CNN/CNNDialect.cpp.inc"
#include "dialects/CNN/CNNEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/CNN/CNNAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/CNN/CNNOps.cpp.inc"

void toeplitz::cnn::CNNDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/CNN/CNNAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/CNN/CNNOps.cpp.inc"
      >();
}
