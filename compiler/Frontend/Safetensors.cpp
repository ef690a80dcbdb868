// The safetensors format: the length of the header (8 bytes, little-endian),
// the header (JSON: for each tensor its dtype, shape and data_offsets [begin,
// end) relative to the end of the header), the data.

#include "compiler/Frontend/Safetensors.h"

#include "compiler/Frontend/Description.h"
#include "compiler/Frontend/JsonReader.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>
#include <new>

using llvm::formatv;

namespace toeplitz {

/// The format's own limit, which keeps a lying length from being believed.
constexpr uint64_t maximumHeaderSize = 100'000'000;

static_assert(llvm::endianness::native == llvm::endianness::little,
              "the data of weight files is read in place");

template <typename... Arguments>
static llvm::Error makeError(const char *format, Arguments &&...arguments) {
  return llvm::createStringError(
      formatv(format, std::forward<Arguments>(arguments)...).str());
}

/// The bits of an element; 0 for a type that the format doesn't have.
static unsigned getElementBits(llvm::StringRef elementType) {
  return llvm::StringSwitch<unsigned>(elementType)
      .Case("F4", 4)
      .Cases({"F6_E2M3", "F6_E3M2"}, 6)
      .Cases({"BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0",
              "F8_E4M3FNUZ", "F8_E5M2FNUZ"},
             8)
      .Cases({"U16", "I16", "F16", "BF16"}, 16)
      .Cases({"U32", "I32", "F32"}, 32)
      .Cases({"U64", "I64", "F64", "C64"}, 64)
      .Default(0);
}

static bool multiplyOverflows(uint64_t left, uint64_t right,
                              uint64_t &product) {
  return __builtin_mul_overflow(left, right, &product);
}

/// One member of the header. `data` is all that follows the header.
static llvm::Error readTensor(const JsonMember &member,
                              llvm::ArrayRef<char> data, StoredTensor &tensor) {
  const std::string &name = tensor.name = member.key;
  const JsonValue::Object *object = member.value.asObject();
  if (!object)
    return makeError("tensor '{0}' is {1}, expected an object", name,
                     member.value.describe());
  const JsonValue *elementType = findMember(*object, "dtype");
  const JsonValue *shape = findMember(*object, "shape");
  const JsonValue *offsets = findMember(*object, "data_offsets");
  if (!elementType || !elementType->asString() || !shape || !shape->asArray() ||
      !offsets || !offsets->asArray() || object->size() != 3)
    return makeError("tensor '{0}' needs exactly 'dtype' (a text), 'shape' and "
                     "'data_offsets' (lists)",
                     name);
  tensor.elementType = *elementType->asString();
  unsigned bits = getElementBits(tensor.elementType);
  if (bits == 0)
    return makeError("tensor '{0}' has the unknown dtype '{1}'", name,
                     tensor.elementType);
  uint64_t count = 1;
  for (const JsonValue &size : *shape->asArray()) {
    std::optional<int64_t> number = size.asInteger();
    if (!number || *number < 0)
      return makeError("the shape of tensor '{0}' has {1}, expected a whole "
                       "number of at least 0",
                       name, size.describe());
    if (multiplyOverflows(count, *number, count))
      return makeError("the shape of tensor '{0}' overflows", name);
    tensor.shape.push_back(*number);
  }
  uint64_t totalBits;
  if (multiplyOverflows(count, bits, totalBits))
    return makeError("the shape of tensor '{0}' overflows", name);
  if (totalBits % 8 != 0)
    return makeError("tensor '{0}' doesn't end at a byte", name);

  const JsonValue::Array &range = *offsets->asArray();
  std::optional<int64_t> begin, end;
  if (range.size() == 2) {
    begin = range[0].asInteger();
    end = range[1].asInteger();
  }
  if (!begin || !end || *begin < 0 || *end < *begin)
    return makeError("the data_offsets of tensor '{0}' must be two whole "
                     "numbers, the second at least the first",
                     name);
  if (static_cast<uint64_t>(*end) > data.size())
    return makeError("tensor '{0}' ends at byte {1} of the data, but the file "
                     "has {2} bytes of data: it is truncated or its header is "
                     "wrong",
                     name, *end, data.size());
  uint64_t size = *end - *begin;
  if (size != totalBits / 8)
    return makeError("tensor '{0}' has {1} bytes of data, but its dtype {2} "
                     "and shape need {3}",
                     name, size, tensor.elementType, totalBits / 8);
  tensor.bytes = llvm::ArrayRef<char>(data.data() + *begin, size);
  return llvm::Error::success();
}

/// The tensors have to cover the data from its first byte to its last, each
/// byte once.
static llvm::Error checkCoverage(llvm::ArrayRef<StoredTensor> tensors,
                                 llvm::ArrayRef<char> data) {
  std::vector<const StoredTensor *> sorted;
  for (const StoredTensor &tensor : tensors)
    sorted.push_back(&tensor);
  // The name decides between empty tensors at one place, so that messages are
  // always the same.
  llvm::sort(sorted, [](const StoredTensor *left, const StoredTensor *right) {
    return std::make_tuple(left->bytes.begin(), left->bytes.end(), left->name) <
           std::make_tuple(right->bytes.begin(), right->bytes.end(),
                           right->name);
  });
  const char *end = data.begin();
  llvm::StringRef previous = "the header";
  for (const StoredTensor *tensor : sorted) {
    const char *begin = tensor->bytes.begin();
    if (begin < end)
      return makeError("the data of tensors '{0}' and '{1}' overlap", previous,
                       tensor->name);
    if (begin > end)
      return makeError("{0} bytes before the data of tensor '{1}' belong to "
                       "no tensor",
                       begin - end, tensor->name);
    end = tensor->bytes.end();
    previous = tensor->name;
  }
  if (end != data.end())
    return makeError("the last {0} bytes of the data belong to no tensor",
                     data.end() - end);
  return llvm::Error::success();
}

llvm::Error SafetensorsFile::readHeader() {
  constexpr uint64_t lengthSize = 8;
  uint64_t fileSize = buffer->getBufferSize();
  if (fileSize < lengthSize)
    return makeError("it has {0} bytes, too few for a safetensors file",
                     fileSize);
  const char *start = buffer->getBufferStart();
  uint64_t headerSize = llvm::support::endian::read64le(start);
  if (headerSize > maximumHeaderSize)
    return makeError("its header claims {0} bytes, more than the format allows "
                     "({1}): this isn't a safetensors file",
                     headerSize, maximumHeaderSize);
  if (headerSize > fileSize - lengthSize)
    return makeError("its header claims {0} bytes, but the file has {1} bytes "
                     "in all: it is truncated or no safetensors file",
                     headerSize, fileSize);
  llvm::StringRef text(start + lengthSize, headerSize);
  JsonValue root;
  if (std::optional<JsonError> error = readJson(text, root))
    return makeError("the header at byte {0}: {1}", lengthSize + error->offset,
                     error->message);
  const JsonValue::Object *object = root.asObject();
  if (!object)
    return makeError("the header is {0}, expected an object", root.describe());

  llvm::ArrayRef<char> data(start + lengthSize + headerSize,
                            fileSize - lengthSize - headerSize);
  for (const JsonMember &member : *object) {
    // Free text about the file's origin.
    if (member.key == "__metadata__")
      continue;
    StoredTensor tensor;
    if (llvm::Error error = readTensor(member, data, tensor))
      return error;
    indices[tensor.name] = tensors.size();
    tensors.push_back(std::move(tensor));
  }
  return checkCoverage(tensors, data);
}

llvm::Expected<SafetensorsFile> SafetensorsFile::open(llvm::StringRef path) {
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                  /*RequiresNullTerminator=*/false);
  if (!buffer)
    return makeError("it can't be read: {0}", buffer.getError().message());
  SafetensorsFile file;
  file.buffer = std::move(*buffer);
  if (llvm::Error error = file.readHeader())
    return error;
  return file;
}

const StoredTensor *SafetensorsFile::find(llvm::StringRef name) const {
  auto entry = indices.find(name);
  return entry == indices.end() ? nullptr : &tensors[entry->second];
}

llvm::Expected<mlir::AsmResourceBlob> allocateFloats(size_t count) {
  constexpr std::align_val_t alignment{64};
  size_t size = count * sizeof(float);
  // Not llvm::allocate_buffer, which ends the program when there isn't enough.
  auto *memory =
      static_cast<char *>(::operator new(size, alignment, std::nothrow));
  if (!memory)
    return makeError("there isn't enough memory for its {0} bytes", size);
  return mlir::AsmResourceBlob(
      llvm::ArrayRef<char>(memory, size), static_cast<size_t>(alignment),
      [](void *data, size_t, size_t align) {
        ::operator delete(data, std::align_val_t(align));
      },
      /*dataIsMutable=*/true);
}

/// IEEE 754 binary16 to binary32, exactly.
static float fromHalf(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t mantissa = half & 0x3ff;
  if (exponent == 0) {
    // Zero or subnormal: mantissa * 2^-24.
    float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return sign ? -magnitude : magnitude;
  }
  uint32_t bits = sign | mantissa << 13;
  // Infinity and NaN keep the largest exponent; others change the bias from 15
  // to 127.
  bits |= (exponent == 0x1f ? 0xff : exponent + 127 - 15) << 23;
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

static float fromBrain(uint16_t brain) {
  uint32_t bits = static_cast<uint32_t>(brain) << 16;
  float value;
  memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Converts all elements, which may stand at any address.
template <typename Stored, typename Convert>
static void convertElements(llvm::ArrayRef<char> bytes,
                            llvm::MutableArrayRef<float> values,
                            Convert convert) {
  for (size_t index = 0; index < values.size(); ++index) {
    Stored stored;
    memcpy(&stored, bytes.data() + index * sizeof(Stored), sizeof(Stored));
    values[index] = convert(stored);
  }
}

llvm::Expected<mlir::AsmResourceBlob>
SafetensorsFile::readAsFloat(const StoredTensor &tensor) const {
  llvm::StringRef type = tensor.elementType;
  if (type != "F32" && type != "F16" && type != "BF16" && type != "F64")
    return makeError("it has dtype {0}; F32, F16, BF16 and F64 can be read",
                     type);
  bool isAligned =
      reinterpret_cast<uintptr_t>(tensor.bytes.data()) % alignof(float) == 0;
  if (type == "F32" && isAligned)
    return mlir::UnmanagedAsmResourceBlob::allocateWithAlign(
        tensor.bytes, alignof(float),
        [owner = buffer](void *, size_t, size_t) {});

  size_t count = tensor.bytes.size() / (getElementBits(type) / 8);
  llvm::Expected<mlir::AsmResourceBlob> blob = allocateFloats(count);
  if (!blob)
    return blob.takeError();
  llvm::MutableArrayRef<float> values(
      reinterpret_cast<float *>(blob->getMutableData().data()), count);
  if (type == "F32") {
    memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  } else if (type == "F16") {
    convertElements<uint16_t>(tensor.bytes, values, fromHalf);
  } else if (type == "BF16") {
    convertElements<uint16_t>(tensor.bytes, values, fromBrain);
  } else {
    bool overflows = false;
    convertElements<double>(tensor.bytes, values, [&](double stored) {
      float value = static_cast<float>(stored);
      overflows |= std::isinf(value) && !std::isinf(stored);
      return value;
    });
    if (overflows)
      return makeError("it has F64 values beyond the range of a 32-bit float");
  }
  return blob;
}

} // namespace toeplitz
