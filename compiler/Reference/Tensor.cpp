#include "compiler/Reference/Tensor.h"

#include <cassert>
#include <cstring>

using namespace toeplitz::reference;

Tensor::Tensor(llvm::ArrayRef<int64_t> shape, double value)
    : shape(shape), values(product(shape), value) {}

Tensor::Tensor(ElementType type, llvm::ArrayRef<int64_t> shape)
    : type(type), shape(shape) {
  if (isFloat(type))
    values.resize(product(shape));
  else
    integers.resize(product(shape));
}

/// Reads elements whose representation is Stored, at any alignment.
template <typename Stored, typename Target, typename Convert>
static void readElements(llvm::ArrayRef<char> bytes,
                         std::vector<Target> &elements, Convert convert) {
  assert(bytes.size() == elements.size() * sizeof(Stored));
  for (size_t i = 0; i < elements.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    elements[i] = convert(stored);
  }
}

template <typename Stored, typename Source, typename Convert>
static void writeElements(llvm::MutableArrayRef<char> bytes,
                          const std::vector<Source> &elements,
                          Convert convert) {
  assert(bytes.size() == elements.size() * sizeof(Stored));
  for (size_t i = 0; i < elements.size(); ++i) {
    Stored stored = convert(elements[i]);
    std::memcpy(bytes.data() + i * sizeof(Stored), &stored, sizeof(Stored));
  }
}

Tensor Tensor::fromBytes(ElementType type, llvm::ArrayRef<int64_t> shape,
                         llvm::ArrayRef<char> bytes) {
  Tensor result(type, shape);
  auto widen = [](auto stored) { return static_cast<int64_t>(stored); };
  switch (type) {
  case ElementType::Float16:
  case ElementType::BFloat16:
    readElements<uint16_t>(bytes, result.values, [type](uint16_t bits) {
      return decodeFloat(bits, type);
    });
    break;
  case ElementType::Float32:
    readElements<float>(bytes, result.values,
                        [](float value) { return static_cast<double>(value); });
    break;
  case ElementType::Float64:
    readElements<double>(bytes, result.values,
                         [](double value) { return value; });
    break;
  case ElementType::Int1:
    readElements<int8_t>(bytes, result.integers, [](int8_t stored) {
      return -static_cast<int64_t>(stored & 1);
    });
    break;
  case ElementType::Int8:
    readElements<int8_t>(bytes, result.integers, widen);
    break;
  case ElementType::Int16:
    readElements<int16_t>(bytes, result.integers, widen);
    break;
  case ElementType::Int32:
    readElements<int32_t>(bytes, result.integers, widen);
    break;
  case ElementType::Int64:
  case ElementType::Index:
    readElements<int64_t>(bytes, result.integers, widen);
    break;
  }
  return result;
}

void Tensor::toBytes(llvm::MutableArrayRef<char> bytes) const {
  switch (type) {
  case ElementType::Float16:
  case ElementType::BFloat16:
    writeElements<uint16_t>(bytes, values, [this](double value) {
      return static_cast<uint16_t>(encodeFloat(value, type));
    });
    break;
  case ElementType::Float32:
    writeElements<float>(
        bytes, values, [](double value) { return static_cast<float>(value); });
    break;
  case ElementType::Float64:
    writeElements<double>(bytes, values, [](double value) { return value; });
    break;
  case ElementType::Int1:
    writeElements<int8_t>(bytes, integers, [](int64_t value) {
      return static_cast<int8_t>(value & 1);
    });
    break;
  case ElementType::Int8:
    writeElements<int8_t>(bytes, integers, [](int64_t value) {
      return static_cast<int8_t>(value);
    });
    break;
  case ElementType::Int16:
    writeElements<int16_t>(bytes, integers, [](int64_t value) {
      return static_cast<int16_t>(value);
    });
    break;
  case ElementType::Int32:
    writeElements<int32_t>(bytes, integers, [](int64_t value) {
      return static_cast<int32_t>(value);
    });
    break;
  case ElementType::Int64:
  case ElementType::Index:
    writeElements<int64_t>(bytes, integers,
                           [](int64_t value) { return value; });
    break;
  }
}

const void *Tensor::data() const {
  return isFloat(type) ? static_cast<const void *>(values.data())
                       : static_cast<const void *>(integers.data());
}

void *Tensor::data() {
  return const_cast<void *>(static_cast<const Tensor *>(this)->data());
}

void Tensor::round() {
  for (double &value : values)
    value = roundToType(value, type);
}

int64_t toeplitz::reference::product(llvm::ArrayRef<int64_t> sizes) {
  int64_t result = 1;
  for (int64_t size : sizes)
    result *= size;
  return result;
}

llvm::SmallVector<int64_t>
toeplitz::reference::rowMajorStrides(llvm::ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

void toeplitz::reference::forEachIndex(
    llvm::ArrayRef<int64_t> shape,
    llvm::function_ref<void(llvm::ArrayRef<int64_t>, int64_t)> body) {
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  int64_t count = product(shape);
  for (int64_t place = 0; place < count; ++place) {
    body(index, place);
    // Counts up like an odometer.
    for (int64_t d = static_cast<int64_t>(shape.size()) - 1; d >= 0; --d) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
}

template <typename Element>
static void copyElements(llvm::ArrayRef<int64_t> sizes, const Element *from,
                         const StridedView &source, Element *to,
                         const StridedView &target) {
  // Row by row: what lies along the last dimension.
  int64_t rowSize = sizes.empty() ? 1 : sizes.back();
  int64_t step = sizes.empty() ? 0 : source.strides.back();
  int64_t targetStep = sizes.empty() ? 0 : target.strides.back();
  llvm::ArrayRef<int64_t> rows = sizes.empty() ? sizes : sizes.drop_back();
  if (rowSize == 0)
    return;
  forEachIndex(rows, [&](llvm::ArrayRef<int64_t> index, int64_t) {
    const Element *row = from + source.offset;
    Element *targetRow = to + target.offset;
    for (size_t d = 0; d < index.size(); ++d) {
      row += index[d] * source.strides[d];
      targetRow += index[d] * target.strides[d];
    }
    for (int64_t i = 0; i < rowSize; ++i)
      targetRow[i * targetStep] = row[i * step];
  });
}

void toeplitz::reference::copyBox(llvm::ArrayRef<int64_t> sizes,
                                  const Tensor &from, const StridedView &source,
                                  Tensor &to, const StridedView &target) {
  assert(from.type == to.type && "elements are copied, not converted");
  if (isFloat(from.type))
    copyElements(sizes, from.values.data(), source, to.values.data(), target);
  else
    copyElements(sizes, from.integers.data(), source, to.integers.data(),
                 target);
}
