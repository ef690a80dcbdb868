// JSON values that know where they stand in their text.

#ifndef TOEPLITZ_COMPILER_FRONTEND_JSONVALUE_H
#define TOEPLITZ_COMPILER_FRONTEND_JSONVALUE_H

#include "llvm/ADT/StringRef.h"
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace toeplitz {

struct JsonMember;

/// One value of a JSON text. Objects keep the order of their members.
struct JsonValue {
  using Array = std::vector<JsonValue>;
  using Object = std::vector<JsonMember>;
  /// Null is std::monostate. Whole numbers that fit are int64_t, all others
  /// double.
  std::variant<std::monostate, bool, int64_t, double, std::string, Array,
               Object>
      value;
  /// The byte of the text at which the value starts.
  size_t offset = 0;

  const bool *asBoolean() const { return std::get_if<bool>(&value); }
  const std::string *asString() const {
    return std::get_if<std::string>(&value);
  }
  const Array *asArray() const { return std::get_if<Array>(&value); }
  const Object *asObject() const { return std::get_if<Object>(&value); }
  /// A whole number, also when it is written like 2.0 (as JSON Schema has it).
  std::optional<int64_t> asInteger() const;
  /// Any number.
  std::optional<double> asNumber() const;

  /// What it is, for messages: "the text 'abc'", "the number 3", "a list",
  /// "null".
  std::string describe() const;
};

/// A key of an object, and its value.
struct JsonMember {
  std::string key;
  size_t keyOffset = 0;
  JsonValue value;
};

/// The value of `key` in `object`; null if there is none.
const JsonValue *findMember(const JsonValue::Object &object,
                            llvm::StringRef key);
JsonValue *findMember(JsonValue::Object &object, llvm::StringRef key);

/// The shortest text that reads back as the same number.
std::string formatNumber(double number);

} // namespace toeplitz

#endif
