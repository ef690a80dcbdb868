// Between numbers and their quantized form, integers with a scale and a zero
// point: y = round(x / scale) + zero point. The networks that use them are
// computed as they are written.

#include "compiler/Frontend/Onnx/AttributeReader.h"
#include "compiler/Frontend/Onnx/ElementBuilder.h"
#include "compiler/Frontend/Onnx/OnnxOperators.h"
#include "compiler/Frontend/Shape.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace toeplitz {

static bool isQuantized(ElementType type) {
  return isInteger(type) && getBitWidth(type) <= 16;
}
static bool isQuantizedOrSum(ElementType type) {
  return isQuantized(type) || type == ElementType::Int32;
}
/// Types of numbers before quantization, and of scales.
static bool isReal(ElementType type) {
  return type == ElementType::Float32 || isHalfPrecision(type);
}
static bool isRealOrSum(ElementType type) {
  return isReal(type) || type == ElementType::Int32;
}

// --- scales and zero points -------------------------------------------------

namespace {

/// Which elements share a scale: all, those of a position along `axis`, or
/// those of a block of positions along it.
struct Granularity {
  int64_t axis = 1;
  int64_t blockSize = 0;
};

} // namespace

/// Repeats each position along an axis `blockSize` times; the last one as
/// often as the shape has place for.
static OnnxValue repeatBlocks(OnnxNode &node, OnnxValue value,
                              llvm::ArrayRef<int64_t> shape,
                              Granularity granularity) {
  return emitElementwise(
      node, llvm::ArrayRef<OnnxValue>(), shape, value.type,
      [&](OpBuilder &builder, Location location, ValueRange) -> Value {
        llvm::SmallVector<Value> position;
        for (size_t d = 0; d < shape.size(); ++d)
          position.push_back(linalg::IndexOp::create(builder, location, d));
        Value size = arith::ConstantIndexOp::create(builder, location,
                                                    granularity.blockSize);
        Value &index = position[granularity.axis];
        index = arith::DivUIOp::create(builder, location, index, size);
        return tensor::ExtractOp::create(builder, location, value.value,
                                         position);
      });
}

/// A scale or a zero point, in a shape that repeats to input 0's.
static llvm::FailureOr<OnnxValue> repeatToInput(OnnxNode &node, size_t index,
                                                Granularity granularity) {
  OnnxValue value = node.getInput(index);
  llvm::ArrayRef<int64_t> shape = node.getShape();
  if (value.getTensorType().getNumElements() == 1)
    return OnnxValue{node.reshape(value.value, {}), value.type};
  auto fail = [&](llvm::ArrayRef<int64_t> expected) {
    return LogicalResult(node.error()
                         << "input " << index << " has shape "
                         << formatShape(value.getShape()) << ", expected "
                         << formatShape(expected) << " for an input of shape "
                         << formatShape(shape) << ", axis " << granularity.axis
                         << " and block size " << granularity.blockSize);
  };
  auto axis = node.normalizeAxis(
      granularity.axis, static_cast<int64_t>(shape.size()), "attribute 'axis'");
  if (failed(axis))
    return failure();
  granularity.axis = *axis;
  int64_t size = shape[*axis];
  if (granularity.blockSize == 0) {
    if (value.getShape() != llvm::ArrayRef<int64_t>(size))
      return fail(size);
    llvm::SmallVector<int64_t> ranked(shape.size() - *axis, 1);
    ranked.front() = size;
    return OnnxValue{node.reshape(value.value, ranked), value.type};
  }
  llvm::SmallVector<int64_t> blocks(shape);
  blocks[*axis] = llvm::divideCeil(size, granularity.blockSize);
  if (value.getShape() != llvm::ArrayRef<int64_t>(blocks))
    return fail(blocks);
  return repeatBlocks(node, value, shape, granularity);
}

/// Checks that input 2 has the shape of the scale.
static LogicalResult checkZeroPointShape(OnnxNode &node) {
  if (!node.hasInput(2) || node.getShape(2) == node.getShape(1) ||
      (node.getInput(1).getTensorType().getNumElements() == 1 &&
       node.getInput(2).getTensorType().getNumElements() == 1))
    return success();
  return node.error() << "input 2 has shape " << formatShape(node.getShape(2))
                      << ", expected " << formatShape(node.getShape(1))
                      << " as input 1";
}

/// Reads the attributes that say which elements share a scale.
static AttributeReader readGranularity(OnnxNode &node,
                                       Granularity &granularity) {
  AttributeReader attributes = node.getAttributes();
  if (node.getVersion() >= 13)
    attributes.integer("axis", granularity.axis);
  if (node.getVersion() >= 21)
    attributes.integer("block_size", granularity.blockSize, 0);
  return attributes;
}

/// The input, and the scale and (if there is one) the zero point of each of its
/// elements.
static llvm::FailureOr<llvm::SmallVector<OnnxValue>>
getOperands(OnnxNode &node, const Granularity &granularity) {
  llvm::SmallVector<OnnxValue> operands = {node.getInput()};
  for (size_t index : {1, 2}) {
    if (!node.hasInput(index))
      continue;
    auto parameter = repeatToInput(node, index, granularity);
    if (failed(parameter))
      return failure();
    operands.push_back(*parameter);
  }
  return operands;
}

// --- QuantizeLinear ---------------------------------------------------------

/// The nearest integer, halves to the even one, moved by the zero point and
/// limited to the range of the type. NaN is the range's begin. All in float32,
/// which holds the numbers in the range.
static Value emitQuantize(OpBuilder &builder, Location location, Value quotient,
                          Value zeroPoint, ElementType to) {
  Value rounded = math::RoundEvenOp::create(builder, location, quotient);
  Value moved =
      zeroPoint ? arith::AddFOp::create(builder, location, rounded, zeroPoint)
                : rounded;
  unsigned bits = getBitWidth(to);
  int64_t lower = isUnsigned(to) ? 0 : -(int64_t(1) << (bits - 1));
  int64_t upper = lower + (int64_t(1) << bits) - 1;
  auto number = [&](int64_t limit) {
    return emitNumber(builder, location, ElementType::Float32,
                      static_cast<double>(limit));
  };
  Value limited =
      arith::MaxNumFOp::create(builder, location, moved, number(lower));
  limited = arith::MinNumFOp::create(builder, location, limited, number(upper));
  Value integer =
      arith::FPToSIOp::create(builder, location, builder.getI32Type(), limited);
  return arith::TruncIOp::create(
      builder, location, getMlirType(to, builder.getContext()), integer);
}

/// The type of the result: the zero point's, or what an attribute asks for.
static llvm::FailureOr<ElementType>
findQuantizedType(OnnxNode &node, std::optional<ElementType> asked) {
  if (!node.hasInput(2))
    return asked.value_or(ElementType::UInt8);
  if (failed(node.checkType(2, isQuantized, "int8, uint8, int16 or uint16")))
    return failure();
  if (asked && *asked != node.getType(2))
    return LogicalResult(node.error()
                         << "attribute 'output_dtype' is " << getName(*asked)
                         << ", expected " << getName(node.getType(2))
                         << " as input 2");
  return node.getType(2);
}

/// Reads an attribute that names a type; 0 is none.
static LogicalResult readType(OnnxNode &node, llvm::StringRef name,
                              int64_t number, bool (*accepts)(ElementType),
                              llvm::StringRef expected,
                              std::optional<ElementType> &type) {
  if (number == 0)
    return success();
  type = findElementType(static_cast<int32_t>(number));
  if (type && accepts(*type))
    return success();
  return node.error() << "attribute '" << name << "' is type "
                      << describeElementType(static_cast<int32_t>(number))
                      << ", expected " << expected;
}

static LogicalResult buildQuantizeLinear(OnnxNode &node) {
  constexpr int64_t largest = std::numeric_limits<int32_t>::max();
  Granularity granularity;
  int64_t outputNumber = 0, precisionNumber = 0;
  AttributeReader attributes = readGranularity(node, granularity);
  if (node.getVersion() >= 19)
    attributes.ignore("saturate");
  if (node.getVersion() >= 21)
    attributes.integer("output_dtype", outputNumber, 0, largest);
  if (node.getVersion() >= 23)
    attributes.integer("precision", precisionNumber, 0, largest);
  std::optional<ElementType> asked, precision;
  if (failed(attributes.finish()) ||
      failed(readType(node, "output_dtype", outputNumber, isQuantized,
                      "int8, uint8, int16 or uint16", asked)) ||
      failed(readType(node, "precision", precisionNumber, isReal,
                      "float32, float16 or bfloat16", precision)) ||
      failed(node.checkType(0, isRealOrSum,
                            "float32, float16, bfloat16 or int32")) ||
      failed(node.checkType(1, isRealOrSum,
                            "float32, float16, bfloat16 or int32")) ||
      failed(checkZeroPointShape(node)))
    return failure();
  auto type = findQuantizedType(node, asked);
  if (failed(type))
    return failure();
  auto operands = getOperands(node, granularity);
  if (failed(operands))
    return failure();
  // Numbers and scales of one half-precision type are divided in it.
  ElementType divided = precision.value_or(node.getType(0) == node.getType(1)
                                               ? node.getType(0)
                                               : ElementType::Float32);
  if (divided == ElementType::Int32)
    divided = ElementType::Float32;
  constexpr ElementType computed = ElementType::Float32;
  node.setResult(emitElementwise(
      node, *operands, node.getShape(), *type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        auto cast = [&](Value value, ElementType from, ElementType to) {
          return emitCast(builder, location, value, from, to);
        };
        auto prepare = [&](size_t index) {
          Value exact = cast(elements[index], node.getType(index), divided);
          return cast(exact, divided, computed);
        };
        Value quotient =
            arith::DivFOp::create(builder, location, prepare(0), prepare(1));
        quotient = cast(cast(quotient, computed, divided), divided, computed);
        Value zeroPoint =
            elements.size() > 2 ? cast(elements[2], *type, computed) : Value();
        return emitQuantize(builder, location, quotient, zeroPoint, *type);
      }));
  return success();
}

// --- DequantizeLinear -------------------------------------------------------

static LogicalResult buildDequantizeLinear(OnnxNode &node) {
  Granularity granularity;
  int64_t outputNumber = 0;
  AttributeReader attributes = readGranularity(node, granularity);
  if (node.getVersion() >= 23)
    attributes.integer("output_dtype", outputNumber, 0,
                       std::numeric_limits<int32_t>::max());
  std::optional<ElementType> asked;
  if (failed(attributes.finish()) ||
      failed(readType(node, "output_dtype", outputNumber, isReal,
                      "float32, float16 or bfloat16", asked)) ||
      failed(node.checkType(0, isQuantizedOrSum,
                            "int8, uint8, int16, uint16 or int32")) ||
      failed(node.checkType(1, isReal, "float32, float16 or bfloat16")) ||
      (node.hasInput(2) && failed(node.checkSameType(0, 2))) ||
      failed(checkZeroPointShape(node)))
    return failure();
  auto operands = getOperands(node, granularity);
  if (failed(operands))
    return failure();
  ElementType type = asked.value_or(node.getType(1));
  node.setResult(emitElementwise(
      node, *operands, node.getShape(), type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        auto widen = [&](Value value) {
          return emitCast(builder, location, value, node.getType(),
                          ElementType::Int32);
        };
        Value distance = widen(elements[0]);
        if (elements.size() > 2)
          distance = arith::SubIOp::create(builder, location, distance,
                                           widen(elements[2]));
        Value number = arith::SIToFPOp::create(builder, location,
                                               builder.getF32Type(), distance);
        Value factor = emitCast(builder, location, elements[1], node.getType(1),
                                ElementType::Float32);
        Value product =
            arith::MulFOp::create(builder, location, number, factor);
        return emitCast(builder, location, product, ElementType::Float32, type);
      }));
  return success();
}

// --- DynamicQuantizeLinear --------------------------------------------------

/// The smallest and the largest number of 0 and the elements of an input.
static std::pair<OnnxValue, OnnxValue> emitRange(OnnxNode &node,
                                                 OnnxValue input) {
  OpBuilder &builder = node.getBuilder();
  int64_t rank = input.getRank();
  Value zero = makeSplat(node, {}, input.type, 0).value;
  AffineMap scalar = AffineMap::get(rank, 0, {}, builder.getContext());
  llvm::SmallVector<utils::IteratorType> iterators(
      rank, utils::IteratorType::reduction);
  auto range = linalg::GenericOp::create(
      builder, node.getLocation(), TypeRange{zero.getType(), zero.getType()},
      input.value, ValueRange{zero, zero},
      llvm::ArrayRef<AffineMap>{builder.getMultiDimIdentityMap(rank), scalar,
                                scalar},
      iterators, [&](OpBuilder &inner, Location location, ValueRange elements) {
        Value x = elements[0];
        linalg::YieldOp::create(
            inner, location,
            ValueRange{
                emitMinimum(inner, location, elements[1], x, input.type),
                emitMaximum(inner, location, elements[2], x, input.type)});
      });
  return {{range.getResult(0), input.type}, {range.getResult(1), input.type}};
}

static LogicalResult buildDynamicQuantizeLinear(OnnxNode &node) {
  if (failed(node.getAttributes().finish()) ||
      failed(node.checkType(
          0, [](ElementType type) { return type == ElementType::Float32; },
          "float32")))
    return failure();
  OnnxValue input = node.getInput();
  auto [least, most] = emitRange(node, input);
  OnnxValue scale = emitElementwise(
      node, {least, most}, {}, input.type,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        ElementBuilder code(builder, location, input.type,
                            elements[0].getType());
        Value range = code.subtract(elements[1], elements[0]);
        // A tensor of zeros needs a scale as well.
        Value isEmpty = code.compare(Comparison::Equal, range, code.number(0));
        return code.divide(code.select(isEmpty, code.number(1), range),
                           code.number(255));
      });
  OnnxValue zeroPoint = emitElementwise(
      node, {least, scale}, {}, ElementType::UInt8,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        ElementBuilder code(builder, location, input.type,
                            elements[0].getType());
        Value position = code.negate(code.divide(elements[0], elements[1]));
        return emitQuantize(builder, location, position, Value(),
                            ElementType::UInt8);
      });
  OnnxValue result = emitElementwise(
      node, {input, scale, zeroPoint}, input.getShape(), ElementType::UInt8,
      [&](OpBuilder &builder, Location location, ValueRange elements) {
        Value quotient =
            arith::DivFOp::create(builder, location, elements[0], elements[1]);
        return emitQuantize(builder, location, quotient,
                            emitCast(builder, location, elements[2],
                                     ElementType::UInt8, ElementType::Float32),
                            ElementType::UInt8);
      });
  node.setResult(0, result);
  node.setResult(1, scale);
  node.setResult(2, zeroPoint);
  return success();
}

llvm::ArrayRef<OnnxOperator> getOnnxQuantizationOperators() {
  static const OnnxOperator operators[] = {
      {"DequantizeLinear", 10, newestOpset, 2, 3, 1, buildDequantizeLinear},
      {"DynamicQuantizeLinear", 11, newestOpset, 1, 1, 3,
       buildDynamicQuantizeLinear},
      {"QuantizeLinear", 10, newestOpset, 2, 3, 1, buildQuantizeLinear}};
  return operators;
}

} // namespace toeplitz
