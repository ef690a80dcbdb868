// The part of convert-device-to-nvvm that is about the device dialect.

#ifndef TOEPLITZ_COMPILER_LOWERING_BULKCOPIESTONVVM_H
#define TOEPLITZ_COMPILER_LOWERING_BULKCOPIESTONVVM_H

namespace mlir {
class LLVMTypeConverter;
class RewritePatternSet;
} // namespace mlir

namespace toeplitz {

/// Bulk copies and their barriers as operations of NVVM. Tensors must be maps
/// by now.
void populateBulkCopiesToNvvmPatterns(mlir::LLVMTypeConverter &converter,
                                      mlir::RewritePatternSet &patterns);

} // namespace toeplitz

#endif
