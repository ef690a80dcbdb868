// Tensors of an ONNX model become constants. Source: onnx.proto, TensorProto,
// and the document ExternalData.

#include "compiler/Frontend/Onnx/OnnxModel.h"

#include "compiler/Frontend/Shape.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

/// Up to this many bytes a constant is part of the IR, and can be read in it.
static constexpr size_t largestInlineBytes = 1024;

ElementsAttr makeElements(RankedTensorType type, llvm::StringRef name,
                          llvm::ArrayRef<char> bytes) {
  if (bytes.size() <= largestInlineBytes)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  return DenseResourceElementsAttr::get(
      type, name, HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, 64));
}

/// Shapes are checked before anything is allocated for them.
static LogicalResult readShape(const onnx::TensorProto &tensor,
                               llvm::StringRef name, Location location,
                               llvm::SmallVectorImpl<int64_t> &shape) {
  for (int64_t size : tensor.dims()) {
    if (size < 0 || size > maximumSize)
      return emitError(location)
             << "tensor '" << name << "' has a dimension of " << size
             << ", expected 0 to " << maximumSize;
    shape.push_back(size);
  }
  if (shape.size() > maximumTensorRank)
    return emitError(location)
           << "tensor '" << name << "' has rank " << shape.size()
           << ", expected at most " << maximumTensorRank;
  if (!countElements(shape))
    return emitError(location)
           << "tensor '" << name << "' of shape " << formatShape(shape)
           << " has more than " << maximumElementCount << " elements";
  return success();
}

namespace {

/// Numbers that protocol buffers hold one by one, in memory as the tensor has
/// them.
template <typename Stored, typename Field>
std::vector<char> collect(const Field &field) {
  std::vector<char> bytes(field.size() * sizeof(Stored));
  char *place = bytes.data();
  for (auto number : field) {
    auto stored = static_cast<Stored>(number);
    std::memcpy(place, &stored, sizeof(Stored));
    place += sizeof(Stored);
  }
  return bytes;
}

/// The bytes of a tensor that has neither raw nor external data.
std::vector<char> collectNumbers(const onnx::TensorProto &tensor,
                                 ElementType type) {
  switch (type) {
  case ElementType::Float32:
    return collect<float>(tensor.float_data());
  case ElementType::Float64:
    return collect<double>(tensor.double_data());
  case ElementType::Int64:
    return collect<int64_t>(tensor.int64_data());
  case ElementType::UInt64:
    return collect<uint64_t>(tensor.uint64_data());
  case ElementType::UInt32:
    return collect<uint32_t>(tensor.uint64_data());
  case ElementType::Int32:
    return collect<int32_t>(tensor.int32_data());
  default:
    // Narrower types, halves by their bits.
    return getBitWidth(type) == 8 ? collect<uint8_t>(tensor.int32_data())
                                  : collect<uint16_t>(tensor.int32_data());
  }
}

} // namespace

llvm::FailureOr<llvm::ArrayRef<char>>
OnnxModel::findExternalData(const onnx::TensorProto &tensor,
                            llvm::StringRef name, Location location,
                            std::shared_ptr<llvm::MemoryBuffer> &file) {
  llvm::StringRef place;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const onnx::StringStringEntryProto &entry : tensor.external_data()) {
    llvm::StringRef value = entry.value();
    uint64_t number = 0;
    if (entry.key() == "location") {
      place = value;
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (value.getAsInteger(10, number)) {
        emitError(location)
            << "tensor '" << name << "': the " << entry.key()
            << " of its external data is '" << value << "', expected a number";
        return failure();
      }
      if (entry.key() == "offset")
        offset = number;
      else
        length = number;
    }
  }
  // The folder of the model and what is below it, nothing else: a model from
  // elsewhere must not read this machine's files.
  bool isInside = !place.empty() && !llvm::sys::path::is_absolute(place) &&
                  place.find('\0') == llvm::StringRef::npos;
  for (auto part = llvm::sys::path::begin(place);
       part != llvm::sys::path::end(place); ++part)
    isInside &= *part != "..";
  if (!isInside) {
    emitError(location) << "tensor '" << name << "': its data is in '" << place
                        << "', expected a file in the model's folder";
    return failure();
  }

  std::shared_ptr<llvm::MemoryBuffer> &known = files[place];
  llvm::SmallString<256> absolute(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(absolute, place);
  if (!known) {
    // Links could lead outside as well.
    llvm::SmallString<256> folder, actual;
    llvm::StringRef parent = llvm::sys::path::parent_path(path);
    std::error_code problem =
        llvm::sys::fs::real_path(parent.empty() ? "." : parent, folder);
    if (!problem)
      problem = llvm::sys::fs::real_path(absolute, actual);
    if (!problem && !llvm::StringRef(actual).starts_with(
                        (folder + llvm::sys::path::get_separator()).str())) {
      emitError(location) << "tensor '" << name << "': its data '" << place
                          << "' is a link to '" << actual
                          << "', expected a file in the model's folder";
      return failure();
    }
    if (!problem) {
      auto buffer = llvm::MemoryBuffer::getFile(
          actual, /*IsText=*/false, /*RequiresNullTerminator=*/false);
      problem = buffer.getError();
      if (buffer)
        known = std::move(*buffer);
    }
    if (problem) {
      emitError(location) << "tensor '" << name << "': its data '" << place
                          << "' can't be read: " << problem.message();
      return failure();
    }
  }
  file = known;
  llvm::StringRef contents = file->getBuffer();
  if (offset > contents.size() ||
      length.value_or(0) > contents.size() - offset) {
    emitError(location) << "tensor '" << name << "': its data is at " << offset
                        << " + " << length.value_or(0) << " of '" << place
                        << "', which has " << contents.size() << " bytes";
    return failure();
  }
  contents = contents.substr(offset, length.value_or(llvm::StringRef::npos));
  return llvm::ArrayRef<char>(contents.data(), contents.size());
}

llvm::FailureOr<OnnxConstant>
OnnxModel::readTensor(const onnx::TensorProto &tensor, llvm::StringRef name,
                      Location location) {
  std::optional<ElementType> type = findElementType(tensor.data_type());
  if (!type) {
    emitError(location) << "tensor '" << name << "': type "
                        << describeElementType(tensor.data_type())
                        << " is not supported";
    return failure();
  }
  if (tensor.has_segment()) {
    emitError(location) << "tensor '" << name
                        << "' is cut into segments, which is not supported";
    return failure();
  }
  llvm::SmallVector<int64_t> shape;
  if (failed(readShape(tensor, name, location, shape)))
    return failure();

  llvm::ArrayRef<char> bytes;
  std::vector<char> collected;
  std::shared_ptr<const void> owner;
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL) {
    std::shared_ptr<llvm::MemoryBuffer> file;
    auto data = findExternalData(tensor, name, location, file);
    if (failed(data))
      return failure();
    bytes = *data;
    owner = file;
  } else if (tensor.has_raw_data()) {
    bytes = llvm::ArrayRef<char>(tensor.raw_data().data(),
                                 tensor.raw_data().size());
    owner = proto;
  } else {
    collected = collectNumbers(tensor, *type);
    bytes = collected;
  }

  auto tensorType = RankedTensorType::get(shape, getMlirType(*type, &context));
  uint64_t expected = *countElements(shape) * (getBitWidth(*type) / 8);
  // External data may be followed by padding when no length is given.
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL &&
      bytes.size() > expected)
    bytes = bytes.take_front(expected);
  if (bytes.size() != expected) {
    emitError(location) << "tensor '" << name << "' has " << bytes.size()
                        << " bytes of data, expected " << expected
                        << " for shape " << formatShape(shape) << " of "
                        << getName(*type);
    return failure();
  }

  OnnxConstant constant;
  constant.type = *type;
  std::vector<char> normalized;
  if (*type == ElementType::Bool) {
    // Any nonzero byte is true.
    for (char byte : bytes)
      normalized.push_back(byte != 0);
    bytes = normalized;
    owner = nullptr;
  }
  size_t alignment = getBitWidth(*type) / 8;
  bool isAligned = reinterpret_cast<uintptr_t>(bytes.data()) % alignment == 0;
  if (bytes.size() <= largestInlineBytes || !owner || !isAligned) {
    constant.attribute = makeElements(tensorType, name, bytes);
    return constant;
  }
  AsmResourceBlob blob = UnmanagedAsmResourceBlob::allocateWithAlign(
      bytes, alignment, [owner](void *, size_t, size_t) {});
  constant.attribute =
      DenseResourceElementsAttr::get(tensorType, name, std::move(blob));
  return constant;
}

} // namespace toeplitz
