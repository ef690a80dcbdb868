// One node: see OnnxNode.h.

#include "compiler/Frontend/Onnx/OnnxNode.h"

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseSet.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

OnnxNode::OnnxNode(const OnnxContext &context, const onnx::NodeProto &proto,
                   OpBuilder &builder, Location location,
                   llvm::ArrayRef<OnnxValue> inputs)
    : OperationBuilder(builder, location), context(context), proto(proto),
      inputs(inputs), results(proto.output_size()) {}

llvm::StringRef OnnxNode::getOperator() const { return proto.op_type(); }

InFlightDiagnostic OnnxNode::error() {
  InFlightDiagnostic diagnostic = emitError(location);
  diagnostic << getOperator() << ": ";
  return diagnostic;
}

InFlightDiagnostic OnnxNode::warning() {
  InFlightDiagnostic diagnostic = emitWarning(location);
  diagnostic << getOperator() << ": ";
  return diagnostic;
}

LogicalResult OnnxNode::checkRank(size_t index, int64_t minimum,
                                  int64_t maximum) {
  if (getRank(index) >= minimum && getRank(index) <= maximum)
    return success();
  InFlightDiagnostic diagnostic = error();
  diagnostic << "input " << index << " has shape "
             << formatShape(getShape(index)) << ", expected rank " << minimum;
  if (maximum != minimum)
    diagnostic << " to " << maximum;
  return diagnostic;
}

LogicalResult OnnxNode::checkType(size_t index,
                                  llvm::function_ref<bool(ElementType)> accepts,
                                  llvm::StringRef expected) {
  if (accepts(getType(index)))
    return success();
  return error() << "input " << index << " has type " << getName(getType(index))
                 << ", expected " << expected;
}

LogicalResult OnnxNode::checkFloat(size_t index) {
  return checkType(index, isFloatingPoint, "a floating-point type");
}

LogicalResult OnnxNode::checkOneElement(size_t index) {
  if (getInput(index).getTensorType().getNumElements() == 1)
    return success();
  return error() << "input " << index << " has shape "
                 << formatShape(getShape(index)) << ", expected one number";
}

LogicalResult OnnxNode::checkSameType(size_t first, size_t second) {
  if (getType(first) == getType(second))
    return success();
  return error() << "input " << second << " has type "
                 << getName(getType(second)) << ", expected "
                 << getName(getType(first)) << " as input " << first;
}

ElementsAttr getConstant(Value value) {
  Attribute attribute;
  if (!value || !matchPattern(value, m_Constant(&attribute)))
    return {};
  return dyn_cast<ElementsAttr>(attribute);
}

/// Calls `visit` with the bits of each element in turn, as an APInt or APFloat
/// that the element type makes of them.
template <typename Result, typename Convert>
static std::optional<llvm::SmallVector<Result>> readElements(Attribute constant,
                                                             Convert convert) {
  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(constant)) {
    llvm::SmallVector<Result> values;
    values.reserve(dense.getNumElements());
    if (isa<FloatType>(dense.getElementType()))
      for (const APFloat &number : dense.getValues<APFloat>())
        values.push_back(convert(number.bitcastToAPInt()));
    else
      for (const APInt &number : dense.getValues<APInt>())
        values.push_back(convert(number));
    return values;
  }
  auto resource = dyn_cast_or_null<DenseResourceElementsAttr>(constant);
  if (!resource || !resource.getRawHandle().getBlob())
    return std::nullopt;
  llvm::ArrayRef<char> bytes = resource.getRawHandle().getBlob()->getData();
  unsigned bits = resource.getElementType().getIntOrFloatBitWidth();
  int64_t count = resource.getType().getNumElements();
  if (static_cast<int64_t>(bytes.size()) != count * (bits / 8))
    return std::nullopt;
  llvm::SmallVector<Result> values;
  values.reserve(count);
  for (int64_t i = 0; i < count; ++i) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i * (bits / 8), bits / 8);
    values.push_back(convert(APInt(bits, word)));
  }
  return values;
}

std::optional<llvm::SmallVector<int64_t>> readIntegers(Attribute constant,
                                                       ElementType type) {
  if (isFloatingPoint(type))
    return std::nullopt;
  return readElements<int64_t>(constant, [&](const APInt &bits) {
    return isSigned(type) ? bits.getSExtValue()
                          : static_cast<int64_t>(bits.getZExtValue());
  });
}

std::optional<llvm::SmallVector<double>> readNumbers(Attribute constant,
                                                     ElementType type) {
  if (!isFloatingPoint(type)) {
    return readElements<double>(constant, [&](const APInt &bits) {
      return isSigned(type) ? static_cast<double>(bits.getSExtValue())
                            : static_cast<double>(bits.getZExtValue());
    });
  }
  if (!constant)
    return std::nullopt;
  auto floatType = cast<FloatType>(getMlirType(type, constant.getContext()));
  const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
  return readElements<double>(constant, [&](const APInt &bits) {
    APFloat number(semantics, bits);
    bool losesInfo = false;
    number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return number.convertToDouble();
  });
}

/// An argument of the network that the value depends on, or null.
static BlockArgument findRoot(Value value) {
  llvm::SmallVector<Value> open = {value};
  llvm::DenseSet<Value> seen;
  while (!open.empty()) {
    Value next = open.pop_back_val();
    if (!seen.insert(next).second)
      continue;
    if (auto argument = dyn_cast<BlockArgument>(next)) {
      if (isa<FunctionOpInterface>(argument.getOwner()->getParentOp()))
        return argument;
      continue;
    }
    // Bodies read values from outside as well.
    next.getDefiningOp()->walk(
        [&](Operation *op) { llvm::append_range(open, op->getOperands()); });
  }
  return {};
}

LogicalResult OnnxNode::reportUnknown(size_t index, llvm::StringRef reason) {
  BlockArgument root = findRoot(getValue(index));
  InFlightDiagnostic diagnostic = error();
  std::string since = reason.empty() ? "" : (", since " + reason).str();
  if (!root)
    return diagnostic << "input " << index
                      << " must be known when compiling, but it is computed "
                         "when the network runs"
                      << since;
  auto function = cast<FunctionOpInterface>(root.getOwner()->getParentOp());
  auto name = function.getArgAttrOfType<StringAttr>(root.getArgNumber(),
                                                    "toeplitz.name");
  return diagnostic << "input '" << name.getValue()
                    << "' must be known when compiling: input " << index
                    << " depends on it (--constant " << name.getValue()
                    << "=FILE.npy)" << since;
}

bool OnnxNode::isConstant(size_t index) const {
  return bool(getConstant(getValue(index)));
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
OnnxNode::getIntegers(size_t index) {
  if (failed(checkType(
          index, [](ElementType type) { return !isFloatingPoint(type); },
          "an integer type")) ||
      failed(checkRank(index, 0, 1)))
    return failure();
  // What is empty is known.
  if (getInput(index).getTensorType().getNumElements() == 0)
    return llvm::SmallVector<int64_t>();
  if (auto values = readIntegers(getConstant(getValue(index)), getType(index)))
    return *values;
  return reportUnknown(index);
}

template <typename Number>
llvm::FailureOr<Number>
OnnxNode::getOnly(size_t index,
                  const llvm::FailureOr<llvm::SmallVector<Number>> &values) {
  if (failed(values))
    return failure();
  if (failed(checkOneElement(index)))
    return failure();
  return values->front();
}

llvm::FailureOr<int64_t> OnnxNode::getInteger(size_t index) {
  return getOnly(index, getIntegers(index));
}

llvm::FailureOr<llvm::SmallVector<double>> OnnxNode::getNumbers(size_t index) {
  if (getInput(index).getTensorType().getNumElements() == 0)
    return llvm::SmallVector<double>();
  if (auto values = readNumbers(getConstant(getValue(index)), getType(index)))
    return *values;
  return reportUnknown(index);
}

llvm::FailureOr<double> OnnxNode::getNumber(size_t index) {
  return getOnly(index, getNumbers(index));
}

AttributeReader OnnxNode::getAttributes() { return AttributeReader(*this); }

bool OnnxNode::hasAttribute(llvm::StringRef name) const {
  return llvm::any_of(proto.attribute(),
                      [&](const onnx::AttributeProto &attribute) {
                        return attribute.name() == name;
                      });
}

llvm::FailureOr<int64_t> OnnxNode::normalizeAxis(int64_t axis, int64_t rank,
                                                 llvm::StringRef what) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  return LogicalResult(error() << what << " is " << axis << ", expected "
                               << -rank << " to " << rank - 1
                               << " for a tensor of rank " << rank);
}

llvm::FailureOr<llvm::SmallVector<int64_t>>
OnnxNode::normalizeAxes(llvm::ArrayRef<int64_t> axes, int64_t rank,
                        llvm::StringRef what) {
  llvm::SmallVector<int64_t> normalized;
  for (int64_t axis : axes) {
    auto dimension = normalizeAxis(axis, rank, what);
    if (failed(dimension))
      return failure();
    if (llvm::is_contained(normalized, *dimension))
      return LogicalResult(error() << what << " names dimension " << *dimension
                                   << " twice");
    normalized.push_back(*dimension);
  }
  return normalized;
}

size_t OnnxNode::getResultCount() const { return proto.output_size(); }

bool OnnxNode::isResultUsed(size_t index) const {
  return index < getResultCount() && !proto.output(index).empty();
}

void OnnxNode::setResult(size_t index, OnnxValue value) {
  if (index < results.size())
    results[index] = value;
}

} // namespace toeplitz
