// The weights of a network: see Weights.h.

#include "compiler/Frontend/Weights.h"

#include "compiler/Frontend/JsonReader.h"
#include "compiler/Frontend/Suggestion.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include <cfloat>
#include <cmath>

using namespace mlir;

namespace toeplitz {

static RankedTensorType getTensorType(MLIRContext &context,
                                      llvm::ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, Float32Type::get(&context));
}

LogicalResult WeightStore::open() {
  if (network.weights.kind != WeightsDescription::Kind::File)
    return success();
  llvm::SmallString<256> path;
  // The file stands beside the description.
  if (!llvm::sys::path::is_absolute(network.weights.file))
    path = llvm::sys::path::parent_path(source.getPath());
  llvm::sys::path::append(path, network.weights.file);
  llvm::Expected<SafetensorsFile> opened = SafetensorsFile::open(path);
  if (!opened) {
    emitError(source.getLocation(network.weights.offset))
        << "the weight file '" << path
        << "': " << llvm::toString(opened.takeError());
    return failure();
  }
  file = std::move(*opened);
  return success();
}

llvm::FailureOr<ElementsAttr> WeightStore::get(const LayerDescription &layer,
                                               const WeightRequest &request) {
  if (!countElements(request.shape)) {
    error(layer) << "its '" << request.key << "' of shape "
                 << formatShape(request.shape) << " would have more than "
                 << maximumElementCount << " elements";
    return failure();
  }
  const JsonValue *value = findMember(layer.parameters, request.key);
  if (value && value->asArray())
    return readInline(layer, request, *value);
  switch (network.weights.kind) {
  case WeightsDescription::Kind::Random:
    return makeRandom(layer, request);
  case WeightsDescription::Kind::File:
    return readStored(layer, request);
  case WeightsDescription::Kind::None:
    break;
  }
  error(layer) << "its '" << request.key << "' of shape "
               << formatShape(request.shape)
               << " is missing: neither does the layer have the key '"
               << request.key << "' nor the network the key 'weights'";
  return failure();
}

/// A blob as an attribute. Its name shows in the IR; MLIR makes it unique.
static ElementsAttr makeResource(MLIRContext &context,
                                 llvm::ArrayRef<int64_t> shape,
                                 llvm::StringRef name, AsmResourceBlob blob) {
  return DenseResourceElementsAttr::get(getTensorType(context, shape), name,
                                        std::move(blob));
}

static std::string getFullKey(const LayerDescription &layer,
                              const WeightRequest &request) {
  return layer.name + "." + request.key.str();
}

llvm::FailureOr<ElementsAttr>
WeightStore::makeRandom(const LayerDescription &layer,
                        const WeightRequest &request) {
  std::string key = getFullKey(layer, request);
  int64_t count = *countElements(request.shape);
  llvm::Expected<AsmResourceBlob> blob = allocateFloats(count);
  if (!blob) {
    error(layer) << "weight '" << key
                 << "': " << llvm::toString(blob.takeError());
    return failure();
  }
  fillRandomWeights({reinterpret_cast<float *>(blob->getMutableData().data()),
                     static_cast<size_t>(count)},
                    key, network.weights.seed, request.role, request.fanIn,
                    network.weights.sparsity);
  return makeResource(source.getContext(), request.shape, key,
                      std::move(*blob));
}

llvm::FailureOr<ElementsAttr>
WeightStore::readStored(const LayerDescription &layer,
                        const WeightRequest &request) {
  std::string key = getFullKey(layer, request);
  const StoredTensor *tensor = file->find(key);
  if (!tensor) {
    std::vector<llvm::StringRef> names;
    for (const StoredTensor &other : file->getTensors())
      names.push_back(other.name);
    error(layer) << "the weight file has no '" << key << "' (shape "
                 << formatShape(request.shape) << ")"
                 << (request.advice.empty() ? suggest(key, names)
                                            : request.advice.str());
    return failure();
  }
  used.insert(key);
  if (llvm::ArrayRef<int64_t>(tensor->shape) !=
      llvm::ArrayRef<int64_t>(request.shape)) {
    error(layer) << "weight '" << key << "' has shape "
                 << formatShape(tensor->shape)
                 << " in the weight file, the layer needs "
                 << formatShape(request.shape);
    return failure();
  }
  llvm::Expected<AsmResourceBlob> blob = file->readAsFloat(*tensor);
  if (!blob) {
    error(layer) << "weight '" << key
                 << "': " << llvm::toString(blob.takeError());
    return failure();
  }
  return makeResource(source.getContext(), request.shape, key,
                      std::move(*blob));
}

namespace {

/// Takes the numbers out of lists within each other, which have to make a full
/// block.
class NestedNumbers {
public:
  /// Nothing on success; otherwise the value that is wrong, and why.
  std::optional<JsonError> read(const JsonValue &value) {
    const JsonValue *first = &value;
    while (const JsonValue::Array *array = first->asArray()) {
      shape.push_back(array->size());
      if (array->empty())
        return JsonError{first->offset,
                         "expected numbers, found an empty list"};
      first = &array->front();
    }
    return readLevel(value, 0);
  }

  llvm::SmallVector<int64_t> shape;
  std::vector<float> values;

private:
  std::optional<JsonError> readLevel(const JsonValue &value, size_t level) {
    const JsonValue::Array *array = value.asArray();
    if (level == shape.size()) {
      std::optional<double> number = value.asNumber();
      if (!number)
        return JsonError{value.offset,
                         "expected a number, found " + value.describe()};
      if (std::fabs(*number) > FLT_MAX)
        return JsonError{value.offset,
                         value.describe() +
                             " is beyond the range of a 32-bit float"};
      values.push_back(static_cast<float>(*number));
      return std::nullopt;
    }
    if (!array || static_cast<int64_t>(array->size()) != shape[level])
      return JsonError{value.offset,
                       "expected a list of " + std::to_string(shape[level]) +
                           " as before it, found " +
                           (array ? "one of " + std::to_string(array->size())
                                  : value.describe())};
    for (const JsonValue &element : *array)
      if (std::optional<JsonError> error = readLevel(element, level + 1))
        return error;
    return std::nullopt;
  }
};

} // namespace

llvm::FailureOr<ElementsAttr>
WeightStore::readInline(const LayerDescription &layer,
                        const WeightRequest &request, const JsonValue &value) {
  NestedNumbers numbers;
  auto report = [&](size_t offset) {
    return emitError(source.getLocation(offset, layer.name))
           << "'" << request.key << "': ";
  };
  if (std::optional<JsonError> jsonError = numbers.read(value)) {
    report(jsonError->offset) << jsonError->message;
    return failure();
  }
  if (numbers.shape != request.shape) {
    report(value.offset) << "the numbers have shape "
                         << formatShape(numbers.shape) << ", the layer needs "
                         << formatShape(request.shape);
    return failure();
  }
  MLIRContext &context = source.getContext();
  // A few numbers are good to see in the IR; many are a blob like all others.
  constexpr size_t readable = 1024;
  if (numbers.values.size() <= readable)
    return ElementsAttr(
        DenseElementsAttr::get(getTensorType(context, request.shape),
                               llvm::ArrayRef<float>(numbers.values)));
  llvm::ArrayRef<char> bytes(
      reinterpret_cast<const char *>(numbers.values.data()),
      numbers.values.size() * sizeof(float));
  return makeResource(
      context, request.shape, getFullKey(layer, request),
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/64));
}

void WeightStore::warnAboutUnused() const {
  if (!file)
    return;
  // A file of another network has hundreds; the first few tell it all.
  constexpr size_t most = 10;
  size_t count = 0;
  for (const StoredTensor &tensor : file->getTensors()) {
    // PyTorch's batch normalisation saves it; it only matters in training.
    if (used.contains(tensor.name) ||
        llvm::StringRef(tensor.name).ends_with(".num_batches_tracked"))
      continue;
    if (++count <= most)
      emitWarning(source.getLocation(network.weights.offset))
          << "no layer uses the weight '" << tensor.name << "' of shape "
          << formatShape(tensor.shape);
  }
  if (count > most)
    emitWarning(source.getLocation(network.weights.offset))
        << count - most << " more weights aren't used";
}

} // namespace toeplitz
