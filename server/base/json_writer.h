// Writing of JSON (RFC 8259) into a string that the caller owns.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace baton {

// Appends `text` as a JSON string with its quotes. `text` is UTF-8; bytes that are not are replaced
// by U+FFFD, so that what comes out is always valid.
void AppendJsonString(std::string& out, std::string_view text);

// Whether all of it is well-formed UTF-8.
bool IsUtf8(std::string_view text);

// Appends the shortest text that reads back as the same bits; `null` for NaN and infinities, which
// JSON cannot say. Callers for whom that matters check std::isfinite first.
void AppendJsonNumber(std::string& out, double number);
void AppendJsonNumber(std::string& out, float number);
void AppendJsonNumber(std::string& out, std::int64_t number);
void AppendJsonNumber(std::string& out, std::uint64_t number);

// Puts the commas and colons where they belong; whether objects and keys pair up is the caller's
// care. Example: `JsonWriter(out).BeginObject().Key("live").Bool(true).EndObject()`.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }

  JsonWriter& Key(std::string_view key);
  JsonWriter& String(std::string_view text);
  JsonWriter& Bool(bool value) { return Raw(value ? "true" : "false"); }
  JsonWriter& Null() { return Raw("null"); }
  // Text that is JSON already.
  JsonWriter& Raw(std::string_view json);

  template <typename T>
  requires std::integral<T> || std::floating_point<T> JsonWriter& Number(T number) {
    Separate();
    if constexpr (std::same_as<T, float>) {
      AppendJsonNumber(out_, number);
    } else if constexpr (std::floating_point<T>) {
      AppendJsonNumber(out_, static_cast<double>(number));
    } else if constexpr (std::signed_integral<T>) {
      AppendJsonNumber(out_, static_cast<std::int64_t>(number));
    } else {
      AppendJsonNumber(out_, static_cast<std::uint64_t>(number));
    }
    return *this;
  }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace baton
