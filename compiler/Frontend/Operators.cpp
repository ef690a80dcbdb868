// The table of operators, and the check of a layer against its row.

#include "compiler/Frontend/Operators.h"

#include "compiler/Frontend/Suggestion.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <cfloat>
#include <cmath>

using namespace mlir;

namespace toeplitz {

template <typename Function> static void forEachOperator(Function function) {
  for (auto family :
       {getConvolutionOperators, getPoolingOperators, getNormalizationOperators,
        getActivationOperators, getArithmeticOperators, getShapeOperators,
        getResamplingOperators})
    for (const OperatorRule &rule : family())
      function(rule);
}

const OperatorRule *findOperator(llvm::StringRef name) {
  const OperatorRule *found = nullptr;
  forEachOperator([&](const OperatorRule &rule) {
    if (rule.name == name)
      found = &rule;
  });
  return found;
}

static bool isIntegerIn(const JsonValue &value, int64_t low, int64_t high) {
  std::optional<int64_t> integer = value.asInteger();
  return integer && *integer >= low && *integer <= high;
}

static bool isCount(const JsonValue &value) {
  return isIntegerIn(value, 0, maximumSize);
}

static bool isSize(const JsonValue &value) {
  return isIntegerIn(value, 1, maximumSize);
}

static bool isPosition(const JsonValue &value) {
  return isIntegerIn(value, -maximumSize, maximumSize);
}

static bool isFactor(const JsonValue &value) {
  std::optional<double> number = value.asNumber();
  return number && *number > 0 && *number <= maximumSize;
}

static bool isNumber(const JsonValue &value) {
  std::optional<double> number = value.asNumber();
  return number && std::fabs(*number) <= FLT_MAX;
}

/// A list that isn't empty and whose elements all pass.
template <typename Predicate>
static bool isListOf(const JsonValue &value, Predicate predicate) {
  const JsonValue::Array *array = value.asArray();
  return array && !array->empty() && llvm::all_of(*array, predicate);
}

static bool isPair(const JsonValue &value) {
  return isListOf(value, isCount) && value.asArray()->size() == 2;
}

static bool isPadding(const JsonValue &value) {
  return isCount(value) || isListOf(value, [](const JsonValue &element) {
           return isCount(element) || (isListOf(element, isCount) &&
                                       element.asArray()->size() == 2);
         });
}

static bool isWord(const JsonValue &value, llvm::StringRef words) {
  llvm::SmallVector<llvm::StringRef> choices;
  words.split(choices, '|');
  return value.asString() &&
         llvm::is_contained(choices, llvm::StringRef(*value.asString()));
}

static bool hasType(const JsonValue &value, const ParameterRule &rule) {
  switch (rule.type) {
  case ParameterType::Boolean:
    return value.asBoolean();
  case ParameterType::Size:
    return isSize(value);
  case ParameterType::Position:
    return isPosition(value);
  case ParameterType::Positions:
    return isListOf(value, isPosition);
  case ParameterType::Shape:
    return isListOf(value, [](const JsonValue &element) {
      return isSize(element) || element.asInteger() == -1;
    });
  case ParameterType::Sizes:
    return isSize(value) || isListOf(value, isSize);
  case ParameterType::Counts:
    return isCount(value) || isListOf(value, isCount);
  case ParameterType::Padding:
    return isPadding(value);
  case ParameterType::PaddingOrWord:
    return isPadding(value) || isWord(value, "same|valid");
  case ParameterType::Number:
    return isNumber(value);
  case ParameterType::NonNegative:
    return isNumber(value) && *value.asNumber() >= 0;
  case ParameterType::Factors:
    return isFactor(value) || isListOf(value, isFactor);
  case ParameterType::Word:
    return isWord(value, rule.words);
  case ParameterType::Weights:
    return value.asArray();
  case ParameterType::Bias:
    return value.asArray() || value.asBoolean();
  }
  return false;
}

/// What the type asks for, to stand after "must be".
static std::string describeType(const ParameterRule &rule) {
  const std::string limit = std::to_string(maximumSize);
  const std::string size = "a whole number from 1 to " + limit;
  const std::string count = "a whole number from 0 to " + limit;
  const std::string padding =
      count + ", or a list with a number or a pair [low, high] for each "
              "spatial dimension";
  switch (rule.type) {
  case ParameterType::Boolean:
    return "true or false";
  case ParameterType::Size:
    return size;
  case ParameterType::Position:
    return "a whole number from -" + limit + " to " + limit;
  case ParameterType::Positions:
    return "a list of whole numbers";
  case ParameterType::Shape:
    return "a list of whole numbers from 1 to " + limit +
           ", of which one may be -1";
  case ParameterType::Sizes:
    return size + ", or a list of one for each dimension";
  case ParameterType::Counts:
    return count + ", or a list of one for each dimension";
  case ParameterType::Padding:
    return padding;
  case ParameterType::PaddingOrWord:
    return padding + ", or \"same\" or \"valid\"";
  case ParameterType::Number:
    return "a number in the range of a 32-bit float";
  case ParameterType::NonNegative:
    return "a number of at least 0 in the range of a 32-bit float";
  case ParameterType::Factors:
    return "a positive number up to " + limit +
           ", or a list of one for each spatial dimension";
  case ParameterType::Word: {
    llvm::SmallVector<llvm::StringRef> words;
    rule.words.split(words, '|');
    return "one of \"" + llvm::join(words, "\", \"") + "\"";
  }
  case ParameterType::Weights:
    return "lists of numbers within each other";
  case ParameterType::Bias:
    return "true, false or a list of numbers";
  }
  return "";
}

static std::string describeInputCount(const OperatorRule &rule) {
  std::string text = std::to_string(rule.minimumInputs);
  if (rule.maximumInputs == anyNumber)
    text += " or more";
  else if (rule.maximumInputs != rule.minimumInputs)
    text += " to " + std::to_string(rule.maximumInputs);
  return text + (text == "1" ? " input" : " inputs");
}

/// What to point at in a value of the wrong type: in a list, its first element
/// that is wrong by itself.
static const JsonValue &findCulprit(const JsonValue &value,
                                    const ParameterRule &rule) {
  auto firstWrong = [](const JsonValue &list,
                       auto isRight) -> const JsonValue & {
    if (const JsonValue::Array *array = list.asArray())
      for (const JsonValue &element : *array)
        if (!isRight(element))
          return element;
    return list;
  };
  switch (rule.type) {
  case ParameterType::Positions:
    return firstWrong(value, isPosition);
  case ParameterType::Sizes:
    return firstWrong(value, isSize);
  case ParameterType::Counts:
    return firstWrong(value, isCount);
  case ParameterType::Factors:
    return firstWrong(value, isFactor);
  case ParameterType::Padding:
  case ParameterType::PaddingOrWord:
    // A number or a pair, of which one may be wrong.
    return firstWrong(firstWrong(value,
                                 [](const JsonValue &element) {
                                   return isCount(element) || isPair(element);
                                 }),
                      isCount);
  default:
    return value;
  }
}

LogicalResult checkParameters(const SourceText &source,
                              const LayerDescription &layer) {
  auto error = [&](size_t offset) {
    return emitError(source.getLocation(offset, layer.name));
  };
  const OperatorRule *rule = findOperator(layer.operatorName);
  if (!rule) {
    std::vector<llvm::StringRef> names;
    forEachOperator(
        [&](const OperatorRule &other) { names.push_back(other.name); });
    std::string suggestion = suggest(layer.operatorName, names);
    InFlightDiagnostic diagnostic = error(layer.operatorOffset);
    diagnostic << "unknown operator '" << layer.operatorName << "'"
               << suggestion;
    if (suggestion.empty())
      diagnostic.attachNote() << "known operators: " << llvm::join(names, ", ");
    return failure();
  }

  LogicalResult result = success();
  std::vector<llvm::StringRef> names;
  for (const ParameterRule &parameter : rule->parameters)
    names.push_back(parameter.name);
  for (const JsonMember &member : layer.parameters) {
    const ParameterRule *parameter =
        llvm::find_if(rule->parameters, [&](const ParameterRule &known) {
          return known.name == member.key;
        });
    if (parameter == rule->parameters.end()) {
      std::vector<llvm::StringRef> known = {"name", "op", "inputs"};
      llvm::append_range(known, names);
      result = error(member.keyOffset)
               << "unknown key '" << member.key << "' of operator '"
               << rule->name << "'" << suggest(member.key, known)
               << " (known keys: " << llvm::join(known, ", ") << ")";
    } else if (!hasType(member.value, *parameter)) {
      const JsonValue &culprit = findCulprit(member.value, *parameter);
      result = error(culprit.offset)
               << "'" << member.key << "' must be " << describeType(*parameter)
               << "; found " << culprit.describe();
    }
  }
  for (const ParameterRule &parameter : rule->parameters)
    if (parameter.presence == Presence::Required &&
        !findMember(layer.parameters, parameter.name))
      result = error(layer.operatorOffset)
               << "operator '" << rule->name << "' needs the key '"
               << parameter.name << "': " << describeType(parameter);

  unsigned inputCount = layer.inputs ? layer.inputs->size() : 1;
  if (inputCount < rule->minimumInputs || inputCount > rule->maximumInputs)
    result = error(layer.operatorOffset)
             << "operator '" << rule->name << "' reads "
             << describeInputCount(*rule) << ", found " << inputCount;
  return result;
}

} // namespace toeplitz
