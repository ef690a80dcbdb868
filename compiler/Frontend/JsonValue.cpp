// JSON values: see JsonValue.h.

#include "compiler/Frontend/JsonValue.h"

#include <charconv>
#include <cmath>

namespace toeplitz {

std::optional<int64_t> JsonValue::asInteger() const {
  if (const int64_t *integer = std::get_if<int64_t>(&value))
    return *integer;
  if (const double *real = std::get_if<double>(&value)) {
    // Beyond 2^53 a double no longer says which whole number was meant.
    if (std::trunc(*real) == *real && std::fabs(*real) <= 9007199254740992.0)
      return static_cast<int64_t>(*real);
  }
  return std::nullopt;
}

std::optional<double> JsonValue::asNumber() const {
  if (const int64_t *integer = std::get_if<int64_t>(&value))
    return static_cast<double>(*integer);
  if (const double *real = std::get_if<double>(&value))
    return *real;
  return std::nullopt;
}

std::string JsonValue::describe() const {
  struct Describer {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool boolean) const {
      return boolean ? "true" : "false";
    }
    std::string operator()(int64_t integer) const {
      return "the number " + std::to_string(integer);
    }
    std::string operator()(double real) const {
      return "the number " + formatNumber(real);
    }
    std::string operator()(const std::string &text) const {
      // A message is no place for a whole file that somebody put in quotes.
      constexpr size_t longest = 60;
      if (text.size() > longest)
        return "the text '" + text.substr(0, longest) + "...'";
      return "the text '" + text + "'";
    }
    std::string operator()(const Array &array) const {
      return array.empty() ? "an empty list" : "a list";
    }
    std::string operator()(const Object &) const { return "an object"; }
  };
  return std::visit(Describer(), value);
}

const JsonValue *findMember(const JsonValue::Object &object,
                            llvm::StringRef key) {
  for (const JsonMember &member : object)
    if (member.key == key)
      return &member.value;
  return nullptr;
}

JsonValue *findMember(JsonValue::Object &object, llvm::StringRef key) {
  const JsonValue::Object &constant = object;
  return const_cast<JsonValue *>(findMember(constant, key));
}

std::string formatNumber(double number) {
  // "-0" would read back as the integer 0.
  if (number == 0 && std::signbit(number))
    return "-0.0";
  char text[64];
  std::to_chars_result result =
      std::to_chars(text, text + sizeof(text), number);
  return std::string(text, result.ptr);
}

} // namespace toeplitz
