// JSON through the event (SAX) interface of nlohmann/json: its document type
// knows neither positions nor duplicate keys.

#include "compiler/Frontend/JsonReader.h"

#include "llvm/ADT/StringSet.h"
#include <iterator>
#include <nlohmann/json.hpp>

namespace toeplitz {

namespace {

/// Walks the text and tells, through a counter of its owner, how far the lexer
/// has read.
class CountingIterator {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char *;
  using reference = const char &;

  CountingIterator(const char *position, size_t *consumed)
      : position(position), consumed(consumed) {}

  reference operator*() const { return *position; }
  CountingIterator &operator++() {
    ++position;
    ++*consumed;
    return *this;
  }
  bool operator==(const CountingIterator &other) const {
    return position == other.position;
  }
  bool operator!=(const CountingIterator &other) const {
    return position != other.position;
  }

private:
  const char *position;
  size_t *consumed;
};

/// Builds the values from the events.
class ValueBuilder {
public:
  using Json = nlohmann::json;
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  ValueBuilder(llvm::StringRef text, JsonValue &root) : text(text), root(root) {
    // The lexer skips a byte order mark.
    if (text.starts_with("\xEF\xBB\xBF"))
      previousEnd = 3;
  }

  bool null() { return add(std::monostate()); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(number_integer_t value) { return add(value); }
  bool number_unsigned(number_unsigned_t value) {
    if (value > static_cast<uint64_t>(INT64_MAX))
      return add(static_cast<double>(value));
    return add(static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t &) {
    return add(value);
  }
  bool string(string_t &value) { return add(std::move(value)); }
  // Only binary formats have this event.
  bool binary(binary_t &) { return fail(consumed, "binary data"); }

  bool start_object(std::size_t) { return open(JsonValue::Object()); }
  bool start_array(std::size_t) { return open(JsonValue::Array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(string_t &name) {
    size_t offset = takeTokenStart();
    Level &level = levels.back();
    if (!level.keys.insert(name).second)
      return fail(offset, "the key '" + name + "' appears twice");
    std::get<JsonValue::Object>(level.value->value)
        .push_back({std::move(name), offset, JsonValue()});
    return true;
  }

  bool parse_error(std::size_t, const std::string &,
                   const nlohmann::detail::exception &exception) {
    // Its text is "[json.exception.…] parse error at line 1, column 2: what is
    // wrong"; line and column are ours to print.
    llvm::StringRef message = exception.what();
    message = message.split("] ").second;
    if (message.starts_with("parse error at "))
      message = message.split(": ").second;
    if (message.starts_with("syntax error "))
      message = message.drop_front(strlen("syntax error "));
    constexpr size_t longest = 200;
    std::string shortened = message.take_front(longest).str();
    if (message.size() > longest)
      shortened += "...";
    // What overflows is a number that has been read in full; other errors are
    // at the byte read last.
    constexpr int numberOverflow = 406;
    size_t offset = consumed > 0 ? consumed - 1 : 0;
    if (exception.id == numberOverflow)
      offset = takeTokenStart();
    return fail(offset, "this isn't valid JSON: " + shortened);
  }

  size_t *getCounter() { return &consumed; }
  std::optional<JsonError> takeError() { return std::move(error); }

private:
  struct Level {
    JsonValue *value;
    llvm::StringSet<> keys;
  };

  /// The lexer reads one byte past the end of a number, so the way to a token's
  /// start is from the end of the token before it.
  size_t takeTokenStart() {
    size_t start = text.find_first_not_of(" \t\r\n,:", previousEnd);
    previousEnd = consumed;
    return start == llvm::StringRef::npos ? text.size() : start;
  }

  /// Where the next value goes.
  JsonValue *place() {
    if (levels.empty())
      return &root;
    JsonValue &parent = *levels.back().value;
    if (auto *array = std::get_if<JsonValue::Array>(&parent.value))
      return &array->emplace_back();
    return &std::get<JsonValue::Object>(parent.value).back().value;
  }

  template <typename Value> bool add(Value &&value) {
    JsonValue *target = place();
    target->offset = takeTokenStart();
    target->value = std::forward<Value>(value);
    return true;
  }

  template <typename Container> bool open(Container &&container) {
    if (levels.size() == maximumJsonDepth)
      return fail(takeTokenStart(), "more than " +
                                        std::to_string(maximumJsonDepth) +
                                        " levels of nesting");
    JsonValue *target = place();
    target->offset = takeTokenStart();
    target->value = std::forward<Container>(container);
    // The pointer stays good: while a level is open nothing is added to its
    // parents.
    levels.push_back({target, {}});
    return true;
  }

  bool close() {
    levels.pop_back();
    previousEnd = consumed;
    return true;
  }

  bool fail(size_t offset, std::string message) {
    if (!error)
      error = JsonError{offset, std::move(message)};
    return false;
  }

  llvm::StringRef text;
  JsonValue &root;
  std::vector<Level> levels;
  size_t consumed = 0;
  size_t previousEnd = 0;
  std::optional<JsonError> error;
};

} // namespace

std::optional<JsonError> readJson(llvm::StringRef text, JsonValue &result) {
  ValueBuilder builder(text, result);
  CountingIterator first(text.begin(), builder.getCounter());
  CountingIterator last(text.end(), builder.getCounter());
  if (nlohmann::json::sax_parse(first, last, &builder))
    return std::nullopt;
  std::optional<JsonError> error = builder.takeError();
  return error ? error : JsonError{0, "this isn't valid JSON"};
}

} // namespace toeplitz
