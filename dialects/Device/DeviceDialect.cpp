// Registration of the device dialect, and the constraints of its operations, by
// the numbers that their descriptions give them.

#include "dialects/Device/DeviceDialect.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/STLExtras.h"

#include <numeric>

using namespace mlir;
using namespace toeplitz;
using namespace toeplitz::device;

#include "dialects/Device/DeviceDialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Device/DeviceOps.cpp.inc"

void DeviceDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Device/DeviceOps.cpp.inc"
      >();
}

static InFlightDiagnostic constraint(Operation *op, int number) {
  return op->emitOpError("constraint ") << number << ": ";
}

static bool isInBlock(Type type) {
  auto buffer = dyn_cast<MemRefType>(type);
  return buffer && gpu::GPUDialect::isWorkgroupMemoryAddressSpace(
                       buffer.getMemorySpace());
}

static LogicalResult verifyBarriers(Operation *op, Value barriers) {
  if (isInBlock(barriers.getType()))
    return success();
  return constraint(op, 1) << "the barriers must lie in the memory of a block, "
                              "found "
                           << barriers.getType();
}

/// Bytes of an element; 0 where it isn't a number of whole bytes.
static int64_t countElementBytes(MemRefType type) {
  Type element = type.getElementType();
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  return bits % 8 == 0 ? bits / 8 : 0;
}

static LogicalResult verifyPlaces(Operation *op, Value source,
                                  Value destination, Value barriers) {
  if (failed(verifyBarriers(op, barriers)))
    return failure();
  if (isInBlock(source.getType()) || !isInBlock(destination.getType()))
    return constraint(op, 1)
           << "it copies to the memory of a block, from elsewhere, found "
           << source.getType() << " and " << destination.getType();
  int64_t bytes = countElementBytes(cast<MemRefType>(destination.getType()));
  auto buffer = dyn_cast<MemRefType>(source.getType());
  if (bytes == 0 || (buffer && countElementBytes(buffer) != bytes))
    return constraint(op, 2)
           << "the elements of source and destination must be numbers of the "
              "same size, found "
           << source.getType() << " and " << destination.getType();
  return success();
}

LogicalResult InitMbarrierOp::verify() {
  return verifyBarriers(*this, getBarriers());
}

LogicalResult ExpectBytesOp::verify() {
  if (failed(verifyBarriers(*this, getBarriers())))
    return failure();
  auto bytes = static_cast<int64_t>(getBytes());
  if (bytes < 1 || bytes > mostBytes)
    return constraint(*this, 2)
           << "it must expect 1 to " << mostBytes << " bytes, found " << bytes;
  return success();
}

LogicalResult TryWaitOp::verify() {
  return verifyBarriers(*this, getBarriers());
}

LogicalResult BulkCopyOp::verify() {
  if (failed(verifyPlaces(*this, getSource(), getDestination(), getBarriers())))
    return failure();
  auto bytes = static_cast<int64_t>(getBytes());
  if (bytes < unitBytes || bytes > mostBytes || bytes % unitBytes != 0)
    return constraint(*this, 3)
           << "the number of bytes must be a multiple of " << unitBytes
           << ", at most " << mostBytes << ", found " << bytes;
  return success();
}

/// The first constraint of those on a tensor that doesn't hold, with its
/// number.
static std::optional<std::pair<int, std::string>> findReason(MemRefType type) {
  if (!type.hasStaticShape() || type.getRank() < 1 ||
      type.getRank() > mostDimensions ||
      llvm::any_of(type.getShape(), [](int64_t size) {
        return size < 1 || size > mostElements;
      }))
    return std::pair(3, std::string("the source must have 1 to 5 dimensions of "
                                    "1 to 2^32 elements"));
  SmallVector<int64_t> strides;
  int64_t offset;
  if (failed(type.getStridesAndOffset(strides, offset)) ||
      ShapedType::isDynamic(offset) || strides.back() != 1)
    return std::pair(4, std::string("the elements along the source's last "
                                    "dimension must lie together, where is "
                                    "known"));
  int64_t bytes = countElementBytes(type);
  if (offset * bytes % unitBytes != 0)
    return std::pair(4, std::string("the source must begin at a multiple of 16 "
                                    "bytes"));
  for (int64_t stride : ArrayRef(strides).drop_back())
    if (ShapedType::isDynamic(stride) || stride < 1 ||
        stride > mostStrideBytes / bytes || stride * bytes % unitBytes != 0)
      return std::pair(4, std::string("the source's strides must be multiples "
                                      "of 16 bytes and less than 2^40"));
  return std::nullopt;
}

std::string device::declinesTensor(MemRefType type) {
  if (countElementBytes(type) == 0)
    return "the source's elements must be numbers of whole bytes";
  auto reason = findReason(type);
  return reason ? reason->second : std::string();
}

int64_t TensorCopyOp::countBytes() {
  auto type = cast<MemRefType>(getDestination().getType());
  return std::accumulate(getBox().begin(), getBox().end(),
                         countElementBytes(type), std::multiplies<int64_t>());
}

LogicalResult TensorCopyOp::verify() {
  if (failed(verifyPlaces(*this, getSource(), getDestination(), getBarriers())))
    return failure();
  size_t dimensions = getBox().size();
  if (auto type = dyn_cast<MemRefType>(getSource().getType())) {
    if (auto reason = findReason(type))
      return constraint(*this, reason->first)
             << reason->second << ", found " << type;
    dimensions = static_cast<size_t>(type.getRank());
  }
  if (dimensions < 1 || dimensions > size_t(mostDimensions) ||
      getBox().size() != dimensions || getCoordinates().size() != dimensions)
    return constraint(*this, 3)
           << "coordinates and box must have an element for each of 1 to 5 "
              "dimensions, found "
           << getCoordinates().size() << " and " << getBox().size();
  int64_t elementBytes =
      countElementBytes(cast<MemRefType>(getDestination().getType()));
  if (llvm::any_of(
          getBox(),
          [](int64_t size) { return size < 1 || size > mostBoxElements; }) ||
      getBox().back() * elementBytes != boxRowBytes)
    return constraint(*this, 5)
           << "the box must have 1 to " << mostBoxElements
           << " elements along each dimension and " << boxRowBytes
           << " bytes along the last one, found [" << getBox() << "]";
  if (countBytes() > mostBytes)
    return constraint(*this, 6) << "the box must have at most " << mostBytes
                                << " bytes, found " << countBytes();
  return success();
}
