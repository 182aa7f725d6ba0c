// Reading of JSON documents: whole, checked before anything of them is used, and without a copy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "server/base/result.h"

namespace baton::api {

// How many arrays and objects may lie inside each other, unless something else is said; and the
// most that can be said.
inline constexpr std::size_t kUsualJsonDepth = 64;
inline constexpr std::size_t kMaxJsonDepth = 256;

enum class JsonKind { kNull, kBool, kInt64, kUint64, kDouble, kString, kArray, kObject };

// One value of the document that this thread parsed last. Cheap to copy.
//
// Invariant: an integer is kInt64 when it fits, else kUint64, else kDouble; a number written with a
// fraction or an exponent is kDouble. Threads: the one that parsed it.
class JsonValue {
 public:
  JsonKind kind() const;
  bool IsObject() const { return kind() == JsonKind::kObject; }
  bool IsArray() const { return kind() == JsonKind::kArray; }
  bool IsString() const { return kind() == JsonKind::kString; }

  // Requires: kind() is the one that the method names. Text is valid UTF-8, escapes resolved.
  bool Bool() const;
  std::int64_t Int64() const;
  std::uint64_t Uint64() const;
  double Double() const;
  std::string_view Text() const;

  // The elements of an array, or the members of an object. Requires: it is one.
  std::size_t Size() const;
  // The element at `index`, in linear time. Requires: an array, index < Size().
  JsonValue At(std::size_t index) const;

  // The value as T when it has one exactly: integers in the range of their type, float and double
  // from any number in range (rounded once), bool from true and false, std::string from a string.
  template <typename T>
  bool Read(T& out) const;

  // Reads the elements of an array into `out` as Read does, up to the first that has no T; returns
  // how many were read. Requires: an array, Size() >= out.size().
  template <typename T>
  std::size_t ReadElements(std::span<T> out) const;

 private:
  friend Result<JsonValue> ParseJson(const std::string& body, std::size_t max_depth,
                                     std::size_t bytes);
  friend class JsonElements;
  friend class JsonMembers;
  using Handle = std::array<std::uint64_t, 2>;  // the parser's own, opaque here
  explicit JsonValue(Handle handle) : handle_(handle) {}

  Handle handle_;
};

// The elements of an array, one after the other: `while (auto element = elements.Next())`.
class JsonElements {
 public:
  explicit JsonElements(JsonValue array);  // Requires: array.IsArray()
  std::optional<JsonValue> Next();

 private:
  JsonValue::Handle at_;
  JsonValue::Handle end_;
};

struct JsonMember {
  std::string_view key;
  JsonValue value;
};

// The members of an object, one after the other. No key comes twice.
class JsonMembers {
 public:
  explicit JsonMembers(JsonValue object);  // Requires: object.IsObject()
  std::optional<JsonMember> Next();

 private:
  JsonValue::Handle at_;
  JsonValue::Handle end_;
};

// Parses the whole of `body` (RFC 8259) with this thread's parser; what it returned before becomes
// invalid, and this value does when `body` changes. Bodies with serve::kBodyPadding bytes of spare
// capacity are read in place, others are copied first. Errors: kInvalidArgument, with the place in
// bytes where there is one, for an empty body, malformed JSON, invalid UTF-8, trailing text, more
// than `max_depth` levels, numbers beyond double, and a key that comes twice in one
// object. Requires: max_depth is 1 to kMaxJsonDepth; a change of it costs a parser. With `bytes`
// only as many of `body` are the document.
Result<JsonValue> ParseJson(const std::string& body, std::size_t max_depth = kUsualJsonDepth,
                            std::size_t bytes = std::string::npos);

// The same, and the document is an object.
Result<JsonValue> ParseJsonObject(const std::string& body, std::size_t max_depth = kUsualJsonDepth,
                                  std::size_t bytes = std::string::npos);

// A copy of `text` with the spare capacity that lets ParseJson read it in place.
std::string PaddedCopy(std::string_view text);

bool IsUtf8(std::string_view text);

}  // namespace baton::api
