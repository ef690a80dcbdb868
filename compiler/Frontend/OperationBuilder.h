// What every reader of networks needs to build the operations of one layer.

#ifndef TOEPLITZ_COMPILER_FRONTEND_OPERATIONBUILDER_H
#define TOEPLITZ_COMPILER_FRONTEND_OPERATIONBUILDER_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"

namespace toeplitz {

class OperationBuilder {
public:
  using Shape = llvm::SmallVector<int64_t>;

  OperationBuilder(mlir::OpBuilder &builder, mlir::Location location)
      : builder(builder), location(location) {}
  virtual ~OperationBuilder() = default;

  mlir::OpBuilder &getBuilder() { return builder; }
  /// The layer's location, which carries its name.
  mlir::Location getLocation() const { return location; }

  static mlir::RankedTensorType getTensorType(mlir::Value value) {
    return mlir::cast<mlir::RankedTensorType>(value.getType());
  }
  static llvm::ArrayRef<int64_t> getShape(mlir::Value value) {
    return getTensorType(value).getShape();
  }

  /// Starts an error at the layer.
  virtual mlir::InFlightDiagnostic error() { return emitError(location); }

  /// Checks that the sizes of a result, and its element count, stay within the
  /// limits.
  llvm::LogicalResult checkResultShape(llvm::ArrayRef<int64_t> shape);

  mlir::Value makeConstant(mlir::ElementsAttr attribute);
  /// A constant f32 tensor whose elements are all `number`.
  mlir::Value makeConstant(llvm::ArrayRef<int64_t> shape, double number);

  /// A tensor of another shape with the same elements in the same order.
  mlir::Value reshape(mlir::Value value, llvm::ArrayRef<int64_t> shape);
  /// Dimension d of the result is dimension `permutation[d]` of the value.
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> permutation);

  /// Creates an operation of the cnn dialect. Its type is inferred from the
  /// arguments, which are those of the operation's builder; constraints that
  /// don't hold are reported.
  template <typename Operation, typename... Arguments>
  llvm::FailureOr<mlir::Value> create(Arguments &&...arguments);

protected:
  mlir::OpBuilder &builder;
  mlir::Location location;
};

template <typename Operation, typename... Arguments>
llvm::FailureOr<mlir::Value>
OperationBuilder::create(Arguments &&...arguments) {
  mlir::OperationState state(location, Operation::getOperationName());
  // The builders that infer the type end the program when that fails, so the
  // type comes first and a stand-in takes its place.
  mlir::Type standIn = mlir::RankedTensorType::get({}, builder.getF32Type());
  Operation::build(builder, state, standIn,
                   std::forward<Arguments>(arguments)...);
  mlir::MLIRContext *context = builder.getContext();
  llvm::SmallVector<mlir::Type> types;
  if (mlir::failed(Operation::inferReturnTypes(
          context, location, state.operands,
          state.attributes.getDictionary(context), state.getRawProperties(),
          state.regions, types)))
    return mlir::failure();
  if (mlir::failed(checkResultShape(
          mlir::cast<mlir::RankedTensorType>(types.front()).getShape())))
    return mlir::failure();
  state.types.assign(types.begin(), types.end());
  return builder.create(state)->getResult(0);
}

} // namespace toeplitz

#endif
