// Reading of a description: its structure. What a layer's parameters may be is
// in Operators.h.

#include "compiler/Frontend/Description.h"

#include "compiler/Frontend/JsonReader.h"
#include "compiler/Frontend/Operators.h"
#include "compiler/Frontend/Suggestion.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace toeplitz {

namespace {

/// Goes through the members of the description. Errors don't stop it, so that a
/// user sees them all at once.
class DescriptionReader {
public:
  DescriptionReader(const SourceText &source, NetworkDescription &network)
      : source(source), network(network) {}

  /// Takes the layers' parameters out of `root`, as weights written there may
  /// be large.
  LogicalResult read(JsonValue &root);

private:
  InFlightDiagnostic error(size_t offset) {
    failed = true;
    return emitError(source.getLocation(offset));
  }
  InFlightDiagnostic error(const LayerDescription &layer, size_t offset) {
    failed = true;
    return emitError(source.getLocation(offset, layer.name));
  }

  /// Reports members of `object` that aren't among `keys`.
  void checkKeys(const JsonValue::Object &object, llvm::StringRef owner,
                 llvm::ArrayRef<llvm::StringRef> keys);
  void readName(const JsonValue::Object &object);
  void readWeights(const JsonValue &value);
  void readInputs(const JsonValue *value, const JsonValue &root);
  void readInput(const JsonValue &value);
  void readLayers(JsonValue *value, const JsonValue &root);
  void readLayer(JsonValue &value);
  std::optional<std::vector<Reference>>
  readReferences(const JsonValue &value, llvm::StringRef owner,
                 const LayerDescription *layer);
  /// Notes that `name` is taken, or reports that it was before.
  void declare(llvm::StringRef name, size_t offset,
               const LayerDescription *layer);
  void checkReferences();
  void checkReference(const Reference &reference,
                      const LayerDescription *layer);

  const SourceText &source;
  NetworkDescription &network;
  llvm::StringMap<size_t> declared;
  bool failed = false;
};

} // namespace

void DescriptionReader::checkKeys(const JsonValue::Object &object,
                                  llvm::StringRef owner,
                                  llvm::ArrayRef<llvm::StringRef> keys) {
  for (const JsonMember &member : object)
    if (!llvm::is_contained(keys, llvm::StringRef(member.key)))
      error(member.keyOffset)
          << "unknown key '" << member.key << "' in " << owner
          << suggest(member.key, keys)
          << " (known keys: " << llvm::join(keys.begin(), keys.end(), ", ")
          << ")";
}

static bool isIdentifier(llvm::StringRef name) {
  return !name.empty() && !llvm::isDigit(name.front()) &&
         llvm::all_of(name, [](char letter) {
           return llvm::isAlnum(letter) || letter == '_';
         });
}

/// The file's name made into an identifier.
static std::string nameFromPath(llvm::StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &letter : name)
    if (!llvm::isAlnum(letter))
      letter = '_';
  if (!isIdentifier(name))
    name = "network_" + name;
  return name;
}

void DescriptionReader::readName(const JsonValue::Object &object) {
  const JsonValue *value = findMember(object, "name");
  if (!value) {
    network.name = nameFromPath(source.getPath());
    return;
  }
  const std::string *name = value->asString();
  if (!name || !isIdentifier(*name)) {
    error(value->offset)
        << "the network's name must be a C identifier (letters, digits and "
           "underscores, no digit first), because the generated functions are "
           "named after it; found "
        << value->describe();
    return;
  }
  network.name = *name;
}

void DescriptionReader::readWeights(const JsonValue &value) {
  network.weights.offset = value.offset;
  if (const std::string *file = value.asString()) {
    network.weights.kind = WeightsDescription::Kind::File;
    network.weights.file = *file;
    if (file->empty())
      error(value.offset) << "the name of the weight file is empty";
    return;
  }
  const JsonValue::Object *object = value.asObject();
  if (!object) {
    error(value.offset) << "'weights' must be the name of a safetensors file "
                           "or {\"random\": SEED}, found "
                        << value.describe();
    return;
  }
  checkKeys(*object, "'weights'", {"random", "sparsity"});
  const JsonValue *seed = findMember(*object, "random");
  std::optional<int64_t> number = seed ? seed->asInteger() : std::nullopt;
  if (!number || *number < 0) {
    error(seed ? seed->offset : value.offset)
        << "'weights' must say {\"random\": SEED} with a whole number of at "
           "least 0, found "
        << (seed ? seed->describe() : std::string("no seed"));
    return;
  }
  network.weights.kind = WeightsDescription::Kind::Random;
  network.weights.seed = *number;
  if (const JsonValue *sparsity = findMember(*object, "sparsity")) {
    std::optional<double> share = sparsity->asNumber();
    if (!share || !(*share >= 0 && *share <= 1)) {
      error(sparsity->offset)
          << "the 'sparsity' of random weights must be a number from 0 to 1, "
             "found "
          << sparsity->describe();
      return;
    }
    network.weights.sparsity = *share;
  }
}

void DescriptionReader::declare(llvm::StringRef name, size_t offset,
                                const LayerDescription *layer) {
  auto [entry, isNew] = declared.try_emplace(name, offset);
  if (isNew)
    return;
  InFlightDiagnostic diagnostic = layer ? error(*layer, offset) : error(offset);
  diagnostic << "the name '" << name
             << "' is taken; layers and inputs of the network need different "
                "names";
  diagnostic.attachNote(source.getLocation(entry->second))
      << "it was first used here";
}

void DescriptionReader::readInput(const JsonValue &value) {
  const JsonValue::Object *object = value.asObject();
  if (!object) {
    error(value.offset) << "an input must be an object with the keys 'name' "
                           "and 'shape', found "
                        << value.describe();
    return;
  }
  checkKeys(*object, "an input", {"name", "shape"});
  InputDescription input;
  input.offset = value.offset;
  const JsonValue *name = findMember(*object, "name");
  if (!name || !name->asString() || name->asString()->empty()) {
    error(name ? name->offset : value.offset)
        << "an input needs a 'name' that isn't empty"
        << (name ? ", found " + name->describe() : "");
    return;
  }
  input.name = *name->asString();
  declare(input.name, name->offset, nullptr);
  const JsonValue *shape = findMember(*object, "shape");
  const JsonValue::Array *sizes = shape ? shape->asArray() : nullptr;
  if (!sizes || sizes->empty() || sizes->size() > maximumRank) {
    error(shape ? shape->offset : value.offset)
        << "input '" << input.name << "' needs a 'shape': a list of 1 to "
        << maximumRank << " sizes like [1, 3, 224, 224]"
        << (shape && !sizes ? ", found " + shape->describe() : "");
    return;
  }
  for (const JsonValue &size : *sizes) {
    std::optional<int64_t> number = size.asInteger();
    if (!number || *number < 1 || *number > maximumSize) {
      error(size.offset) << "the sizes of input '" << input.name
                         << "' must be whole numbers from 1 to " << maximumSize
                         << ", found " << size.describe();
      return;
    }
    input.shape.push_back(*number);
  }
  if (!countElements(input.shape)) {
    error(shape->offset) << "input '" << input.name << "' of shape "
                         << formatShape(input.shape) << " has more than "
                         << maximumElementCount << " elements";
    return;
  }
  network.inputs.push_back(std::move(input));
}

void DescriptionReader::readInputs(const JsonValue *value,
                                   const JsonValue &root) {
  const JsonValue::Array *inputs = value ? value->asArray() : nullptr;
  if (!inputs || inputs->empty()) {
    error(value ? value->offset : root.offset)
        << "the network needs 'inputs': a list like [{\"name\": \"x\", "
           "\"shape\": [1, 3, 224, 224]}]"
        << (value ? ", found " + value->describe() : "");
    return;
  }
  for (const JsonValue &input : *inputs)
    readInput(input);
}

std::optional<std::vector<Reference>>
DescriptionReader::readReferences(const JsonValue &value, llvm::StringRef owner,
                                  const LayerDescription *layer) {
  auto fail = [&](const JsonValue &at) {
    InFlightDiagnostic diagnostic =
        layer ? error(*layer, at.offset) : error(at.offset);
    diagnostic << "'" << owner
               << "' must be a list of names of layers or inputs, found "
               << at.describe();
    return std::nullopt;
  };
  const JsonValue::Array *names = value.asArray();
  if (!names || names->empty())
    return fail(value);
  std::vector<Reference> references;
  for (const JsonValue &name : *names) {
    if (!name.asString())
      return fail(name);
    references.push_back({*name.asString(), name.offset});
  }
  return references;
}

void DescriptionReader::readLayer(JsonValue &value) {
  auto *object = std::get_if<JsonValue::Object>(&value.value);
  if (!object) {
    error(value.offset)
        << "a layer must be an object with the keys 'name' and 'op', found "
        << value.describe();
    return;
  }
  LayerDescription layer;
  layer.offset = layer.operatorOffset = value.offset;
  const JsonValue *name = findMember(*object, "name");
  if (!name || !name->asString() || name->asString()->empty()) {
    error(name ? name->offset : value.offset)
        << "a layer needs a 'name' that isn't empty"
        << (name ? ", found " + name->describe() : "");
    return;
  }
  layer.name = *name->asString();
  declare(layer.name, name->offset, &layer);
  for (JsonMember &member : *object) {
    if (member.key == "inputs")
      layer.inputs = readReferences(member.value, "inputs", &layer);
    else if (member.key != "name" && member.key != "op")
      layer.parameters.push_back(std::move(member));
  }
  const JsonValue *operatorName = findMember(*object, "op");
  if (!operatorName || !operatorName->asString()) {
    error(layer, operatorName ? operatorName->offset : value.offset)
        << "'op' must be the name of an operator, found "
        << (operatorName ? operatorName->describe() : "none");
  } else {
    layer.operatorName = *operatorName->asString();
    layer.operatorOffset = operatorName->offset;
    if (mlir::failed(checkParameters(source, layer)))
      failed = true;
  }
  network.layers.push_back(std::move(layer));
}

void DescriptionReader::readLayers(JsonValue *value, const JsonValue &root) {
  auto *layers = value ? std::get_if<JsonValue::Array>(&value->value) : nullptr;
  if (!layers || layers->empty()) {
    error(value ? value->offset : root.offset)
        << "the network needs 'layers': a list of objects like {\"name\": "
           "\"act1\", \"op\": \"relu\"}"
        << (value ? ", found " + value->describe() : "");
    return;
  }
  network.layers.reserve(layers->size());
  for (JsonValue &layer : *layers)
    readLayer(layer);
}

void DescriptionReader::checkReference(const Reference &reference,
                                       const LayerDescription *layer) {
  if (declared.contains(reference.name))
    return;
  std::vector<llvm::StringRef> names;
  for (const InputDescription &input : network.inputs)
    names.push_back(input.name);
  for (const LayerDescription &other : network.layers)
    names.push_back(other.name);
  InFlightDiagnostic diagnostic =
      layer ? error(*layer, reference.offset) : error(reference.offset);
  diagnostic << "there is no layer or input '" << reference.name << "'"
             << suggest(reference.name, names);
}

void DescriptionReader::checkReferences() {
  for (const LayerDescription &layer : network.layers)
    if (layer.inputs)
      for (const Reference &reference : *layer.inputs)
        checkReference(reference, &layer);
  if (network.outputs) {
    llvm::StringSet<> seen;
    for (const Reference &reference : *network.outputs) {
      checkReference(reference, nullptr);
      if (!seen.insert(reference.name).second)
        error(reference.offset)
            << "the output '" << reference.name << "' is listed twice";
    }
  }
  const LayerDescription *first =
      network.layers.empty() ? nullptr : &network.layers.front();
  if (first && !first->inputs && network.inputs.size() > 1)
    error(*first, first->offset)
        << "the network has " << network.inputs.size()
        << " inputs, so the first layer must say which it reads: 'inputs'";
}

LogicalResult DescriptionReader::read(JsonValue &root) {
  auto *object = std::get_if<JsonValue::Object>(&root.value);
  if (!object) {
    error(root.offset) << "a network description is an object, found "
                       << root.describe();
    return failure();
  }
  checkKeys(*object, "the network",
            {"name", "weights", "inputs", "layers", "outputs", "description",
             "$schema"});
  readName(*object);
  for (llvm::StringRef key : {"$schema", "description"}) {
    const JsonValue *remark = findMember(*object, key);
    if (remark && !remark->asString())
      error(remark->offset)
          << "'" << key << "' must be a text, found " << remark->describe();
    else if (remark)
      network.remarks.push_back({key.str(), remark->offset, *remark});
  }
  if (const JsonValue *weights = findMember(*object, "weights"))
    readWeights(*weights);
  readInputs(findMember(*object, "inputs"), root);
  readLayers(findMember(*object, "layers"), root);
  if (const JsonValue *outputs = findMember(*object, "outputs"))
    network.outputs = readReferences(*outputs, "outputs", nullptr);
  // Names that failed to be declared would only repeat themselves as unknown
  // references.
  if (!failed)
    checkReferences();
  return failure(failed);
}

LogicalResult readDescription(const SourceText &source, llvm::StringRef text,
                              NetworkDescription &network) {
  JsonValue root;
  if (std::optional<JsonError> jsonError = readJson(text, root)) {
    emitError(source.getLocation(jsonError->offset)) << jsonError->message;
    return failure();
  }
  return DescriptionReader(source, network).read(root);
}

} // namespace toeplitz
