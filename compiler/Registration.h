// What every tool of Toeplitz tells MLIR about.

#ifndef TOEPLITZ_COMPILER_REGISTRATION_H
#define TOEPLITZ_COMPILER_REGISTRATION_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace toeplitz {

/// Registers the dialects that the stages use, with the interfaces that their
/// passes need, and no others: a tool starts in the time that it takes to
/// register what it names.
void registerToeplitzDialects(mlir::DialectRegistry &registry);

/// Registers the passes of Toeplitz by name, for toeplitz-opt.
void registerToeplitzPasses();

} // namespace toeplitz

#endif
