// Networks whose batch is chosen for each run.

#ifndef TOEPLITZ_COMPILER_FRONTEND_DYNAMICBATCH_H
#define TOEPLITZ_COMPILER_FRONTEND_DYNAMICBATCH_H

#include "compiler/Frontend/ImportOptions.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace toeplitz {

/// importNetwork for one sample, with the attribute
///
///     toeplitz.dynamic_batch = {inputs = array<i64: 0>,
///                               outputs = array<i64: 0>}
///
/// on the module: the inputs and outputs whose first dimension, 1 in the
/// module, is the batch. The network is imported for other sizes as well, to
/// check that it computes samples one by one; if it doesn't, that is an error.
mlir::OwningOpRef<mlir::ModuleOp>
importDynamicBatch(llvm::StringRef path, mlir::MLIRContext &context,
                   const ImportOptions &options);

/// Puts `batch` in the place of the leading dimensions of those shapes that
/// begin like the first one: what the batch is in a file that states it.
void replaceStatedBatch(llvm::ArrayRef<llvm::SmallVectorImpl<int64_t> *> shapes,
                        int64_t batch);

} // namespace toeplitz

#endif
