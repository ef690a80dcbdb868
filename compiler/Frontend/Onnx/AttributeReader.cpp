// Reading attributes: see AttributeReader.h.

#include "compiler/Frontend/Onnx/AttributeReader.h"

#include "compiler/Frontend/Suggestion.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>

#include <onnx/onnx_pb.h>

using namespace mlir;

namespace toeplitz {

InFlightDiagnostic AttributeReader::fail(llvm::StringRef name) {
  hasFailed = true;
  InFlightDiagnostic diagnostic = node.error();
  diagnostic << "attribute '" << name << "' ";
  return diagnostic;
}

static llvm::StringRef describeType(int type) {
  switch (type) {
  case onnx::AttributeProto::INT:
    return "an integer";
  case onnx::AttributeProto::INTS:
    return "a list of integers";
  case onnx::AttributeProto::FLOAT:
    return "a number";
  case onnx::AttributeProto::FLOATS:
    return "a list of numbers";
  case onnx::AttributeProto::STRING:
    return "a string";
  case onnx::AttributeProto::STRINGS:
    return "a list of strings";
  case onnx::AttributeProto::TENSOR:
    return "a tensor";
  case onnx::AttributeProto::GRAPH:
    return "a graph";
  default:
    return "something else";
  }
}

/// Files of the first version of the format don't say the type.
static int findType(const onnx::AttributeProto &attribute) {
  if (attribute.type() != onnx::AttributeProto::UNDEFINED)
    return attribute.type();
  if (attribute.has_i())
    return onnx::AttributeProto::INT;
  if (attribute.has_f())
    return onnx::AttributeProto::FLOAT;
  if (attribute.has_s())
    return onnx::AttributeProto::STRING;
  if (attribute.has_t())
    return onnx::AttributeProto::TENSOR;
  if (attribute.has_g())
    return onnx::AttributeProto::GRAPH;
  if (attribute.ints_size())
    return onnx::AttributeProto::INTS;
  if (attribute.floats_size())
    return onnx::AttributeProto::FLOATS;
  if (attribute.strings_size())
    return onnx::AttributeProto::STRINGS;
  return onnx::AttributeProto::UNDEFINED;
}

const onnx::AttributeProto *AttributeReader::find(llvm::StringRef name,
                                                  int type) {
  known.push_back(name);
  lastFound = false;
  for (const onnx::AttributeProto &attribute : node.getProto().attribute()) {
    if (attribute.name() != name)
      continue;
    lastFound = true;
    if (hasFailed)
      return nullptr;
    int found = findType(attribute);
    // An empty list of the first version says no type at all.
    if (found == type || found == onnx::AttributeProto::UNDEFINED)
      return &attribute;
    fail(name) << "is " << describeType(found) << ", expected "
               << describeType(type);
    return nullptr;
  }
  return nullptr;
}

AttributeReader &AttributeReader::integer(llvm::StringRef name, int64_t &value,
                                          int64_t minimum, int64_t maximum) {
  if (const auto *attribute = find(name, onnx::AttributeProto::INT)) {
    value = attribute->i();
    if (value < minimum || value > maximum) {
      InFlightDiagnostic diagnostic = fail(name);
      diagnostic << "is " << value << ", expected ";
      if (maximum == std::numeric_limits<int64_t>::max())
        diagnostic << "at least " << minimum;
      else
        diagnostic << minimum << " to " << maximum;
    }
  }
  return *this;
}

AttributeReader &AttributeReader::boolean(llvm::StringRef name, bool &value) {
  int64_t number = value;
  integer(name, number, 0, 1);
  value = number == 1;
  return *this;
}

AttributeReader &AttributeReader::number(llvm::StringRef name, double &value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::FLOAT)) {
    value = attribute->f();
    if (std::isnan(value))
      fail(name) << "is not a number";
  }
  return *this;
}

AttributeReader &
AttributeReader::integers(llvm::StringRef name,
                          llvm::SmallVectorImpl<int64_t> &value,
                          int64_t minimum) {
  if (const auto *attribute = find(name, onnx::AttributeProto::INTS)) {
    value.assign(attribute->ints().begin(), attribute->ints().end());
    for (int64_t number : value)
      if (number < minimum && !hasFailed)
        fail(name) << "has " << number << ", expected at least " << minimum;
  }
  return *this;
}

AttributeReader &
AttributeReader::numbers(llvm::StringRef name,
                         llvm::SmallVectorImpl<double> &value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::FLOATS))
    value.assign(attribute->floats().begin(), attribute->floats().end());
  return *this;
}

AttributeReader &AttributeReader::string(llvm::StringRef name,
                                         std::string &value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::STRING))
    value = attribute->s();
  return *this;
}

AttributeReader &
AttributeReader::word(llvm::StringRef name, std::string &value,
                      llvm::ArrayRef<llvm::StringRef> choices) {
  if (const auto *attribute = find(name, onnx::AttributeProto::STRING)) {
    value = attribute->s();
    if (!llvm::is_contained(choices, value))
      fail(name) << "is '" << value << "', expected "
                 << llvm::join(llvm::map_range(choices,
                                               [](llvm::StringRef word) {
                                                 return "'" + word.str() + "'";
                                               }),
                               ", ");
  }
  return *this;
}

AttributeReader &
AttributeReader::words(llvm::StringRef name,
                       llvm::SmallVectorImpl<std::string> &value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::STRINGS))
    value.assign(attribute->strings().begin(), attribute->strings().end());
  return *this;
}

AttributeReader &AttributeReader::tensor(llvm::StringRef name,
                                         OnnxConstant &value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::TENSOR)) {
    auto constant =
        node.getModel().readTensor(attribute->t(), name, node.getLocation());
    if (failed(constant))
      hasFailed = true;
    else
      value = *constant;
  }
  return *this;
}

AttributeReader &AttributeReader::elementType(llvm::StringRef name,
                                              ElementType &value) {
  int64_t number = static_cast<int64_t>(value);
  integer(name, number, 0, std::numeric_limits<int32_t>::max());
  if (hasFailed)
    return *this;
  if (std::optional<ElementType> type =
          findElementType(static_cast<int32_t>(number)))
    value = *type;
  else
    fail(name) << "is type "
               << describeElementType(static_cast<int32_t>(number))
               << ", which is not supported";
  return *this;
}

AttributeReader &AttributeReader::graph(llvm::StringRef name,
                                        const onnx::GraphProto *&value) {
  if (const auto *attribute = find(name, onnx::AttributeProto::GRAPH))
    value = &attribute->g();
  return *this;
}

AttributeReader &AttributeReader::required() {
  if (!lastFound && !hasFailed)
    fail(known.back()) << "is missing";
  return *this;
}

AttributeReader &AttributeReader::ignore(llvm::StringRef name) {
  known.push_back(name);
  return *this;
}

LogicalResult AttributeReader::finish() {
  if (hasFailed)
    return failure();
  for (const onnx::AttributeProto &attribute : node.getProto().attribute())
    if (!llvm::is_contained(known, attribute.name())) {
      fail(attribute.name()) << "is not one that the operator has"
                             << suggest(attribute.name(), known);
      return failure();
    }
  return success();
}

} // namespace toeplitz
