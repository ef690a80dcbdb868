// How the operations of the cnn dialect report a violated constraint: by its
// number in the operation's description.

#ifndef TOEPLITZ_DIALECTS_CNN_CONSTRAINTS_H
#define TOEPLITZ_DIALECTS_CNN_CONSTRAINTS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OpDefinition.h"

#include <optional>

namespace toeplitz::cnn {

/// Starts the error of a constraint that doesn't hold. Without a location the
/// error is dropped, as the callers of shape inference may ask.
class ConstraintReporter {
public:
  ConstraintReporter(std::optional<mlir::Location> location,
                     llvm::StringRef operation)
      : location(location), operation(operation) {}

  /// To be called with the constraint's number in the description, and given
  /// what was found and what was expected.
  mlir::InFlightDiagnostic operator()(int constraint) const {
    return start() << "constraint " << constraint << ": ";
  }

  /// Starts an error that has no number: a size beyond what is addressable.
  mlir::InFlightDiagnostic start() const {
    if (!location)
      return mlir::InFlightDiagnostic();
    return mlir::emitError(*location) << "'" << operation << "' op ";
  }

private:
  std::optional<mlir::Location> location;
  llvm::StringRef operation;
};

/// Verifies the constraints through the operation's overload of
/// checkConstraints, which is found at instantiation.
template <typename ConcreteOp>
class ConstraintsHold
    : public mlir::OpTrait::TraitBase<ConcreteOp, ConstraintsHold> {
public:
  static llvm::LogicalResult verifyTrait(mlir::Operation *operation) {
    auto concrete = llvm::cast<ConcreteOp>(operation);
    return checkConstraints(
        typename ConcreteOp::Adaptor(concrete),
        ConstraintReporter(operation->getLoc(),
                           operation->getName().getStringRef()));
  }
};

} // namespace toeplitz::cnn

#endif
