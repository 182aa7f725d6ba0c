// The one unit that includes simdjson; its values pass through the header as opaque words.
#include "server/api/json.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstring>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "server/api/bad_input.h"
#include "server/api/json_syntax.h"
#include "server/api/json_wide_integers.h"
#include "server/base/check.h"
#include "server/serve/handler.h"

namespace baton::api {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;
using ArrayIterator = simdjson::dom::array::iterator;
using ObjectIterator = simdjson::dom::object::iterator;
using Words = std::array<std::uint64_t, 2>;

static_assert(simdjson::SIMDJSON_PADDING <= serve::kBodyPadding);

element ElementOf(const Words& words) { return std::bit_cast<element>(words); }
template <typename T>
Words WordsOf(const T& view) {
  return std::bit_cast<Words>(view);
}

// Whether the float nearest to `number` is a normal one, and `number` does not lie exactly between
// two. No for some others.
bool HasPlainFloat(double number) {
  constexpr std::uint64_t kDroppedBits = (1ULL << 29U) - 1;
  constexpr std::uint64_t kHalf = 1ULL << 28U;
  constexpr std::uint64_t kSmallest = 1023 - 126;  // exponent of a normal float
  constexpr std::uint64_t kExponents = 253;        // all but the largest, which may round up
  const auto bits = std::bit_cast<std::uint64_t>(number);
  const std::uint64_t exponent = bits >> 52U & 0x7FFU;
  return exponent - kSmallest < kExponents && (bits & kDroppedBits) != kHalf;
}

// The float nearest to the number that `number` was read from. Going through double rounds twice,
// which shows only where the double lies exactly between two floats; the shortest text of the
// double is then what was written, for everything of up to 15 digits, and is rounded once.
float ToFloat(double number) {
  if (HasPlainFloat(number) || number == 0) return static_cast<float>(number);
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  auto nearest =
      static_cast<float>(number);  // stays when the text is out of the range of normal floats
  std::from_chars(text.data(), end, nearest);
  return nearest;
}

bool ReadNumber(const element& value, double& out) {
  switch (value.type()) {
    case element_type::DOUBLE: out = double(value); return true;
    case element_type::INT64: out = static_cast<double>(std::int64_t(value)); return true;
    case element_type::UINT64: out = static_cast<double>(std::uint64_t(value)); return true;
    default: return false;
  }
}

// Of any number in range.
bool ReadFloat(element value, float& out) {
  constexpr double kFirstInfinite = 0x1.ffffffp+127;  // half a step past the largest float
  double number = 0;
  if (value.type() == element_type::INT64) {
    out = static_cast<float>(std::int64_t(value));
    return true;
  }
  if (!ReadNumber(value, number) || !(std::abs(number) < kFirstInfinite)) return false;
  out = ToFloat(number);
  return true;
}

template <typename T>
bool ReadValue(const element& value, T& out) {
  if constexpr (std::same_as<T, bool>) {
    return value.get(out) == simdjson::SUCCESS;
  } else if constexpr (std::same_as<T, std::string>) {
    std::string_view text;
    if (value.get(text) != simdjson::SUCCESS) return false;
    out = text;
    return true;
  } else if constexpr (std::same_as<T, double>) {
    return ReadNumber(value, out);
  } else if constexpr (std::same_as<T, float>) {
    if (value.type() != element_type::DOUBLE) return ReadFloat(value, out);
    const double number = value.get_double().value_unsafe();
    if (!HasPlainFloat(number)) return ReadFloat(value, out);
    out = static_cast<float>(number);
    return true;
  } else {
    if (value.type() == element_type::INT64) {
      const auto number = std::int64_t(value);
      if (!std::in_range<T>(number)) return false;
      out = static_cast<T>(number);
      return true;
    }
    if (value.type() != element_type::UINT64 || !std::in_range<T>(std::uint64_t(value)))
      return false;
    out = static_cast<T>(std::uint64_t(value));
    return true;
  }
}

// Finds a key that comes twice in one object. Stops going down once it has seen as many objects as
// the text has opening braces, so that long arrays of numbers cost nothing.
class DuplicateSearch {
 public:
  explicit DuplicateSearch(std::string_view text) {
    const char* at = text.data();
    const char* const end = at + text.size();
    while ((at = static_cast<const char*>(
                std::memchr(at, '{', static_cast<std::size_t>(end - at)))) != nullptr) {
      ++objects_left_;
      ++at;
    }
  }

  // Recurses as deep as the document, which the parser has bounded.
  std::optional<std::string_view> Find(const element& value) {
    if (objects_left_ == 0) return std::nullopt;
    if (value.type() == element_type::OBJECT) {
      const simdjson::dom::object object = value;
      --objects_left_;
      if (const auto key = FindHere(object)) return key;
      for (const auto field : object) {
        if (objects_left_ == 0) break;
        if (const auto key = Find(field.value)) return key;
      }
    } else if (value.type() == element_type::ARRAY) {
      for (const element item : simdjson::dom::array(value)) {
        if (objects_left_ == 0) break;
        if (const auto key = Find(item)) return key;
      }
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kFew = 16;

  static std::optional<std::string_view> FindHere(const simdjson::dom::object& object) {
    std::array<std::string_view, kFew> few;
    if (object.size() > kFew) return FindAmongMany(object);
    std::size_t count = 0;
    for (const auto field : object) {
      const auto seen = few.begin() + static_cast<std::ptrdiff_t>(count);
      if (std::find(few.begin(), seen, field.key) != seen) return field.key;
      few[count++] = field.key;
    }
    return std::nullopt;
  }

  static std::optional<std::string_view> FindAmongMany(const simdjson::dom::object& object) {
    std::vector<std::string_view> keys;
    keys.reserve(object.size());
    for (const auto field : object) keys.push_back(field.key);
    std::sort(keys.begin(), keys.end());
    const auto twice = std::adjacent_find(keys.begin(), keys.end());
    if (twice == keys.end()) return std::nullopt;
    return *twice;
  }

  std::size_t objects_left_ = 0;
};

// This thread's parser. One that has grown for a large body is dropped at the next small one: a
// parser holds about ten times the largest body it has seen.
simdjson::dom::parser& ParserFor(std::size_t body_bytes, std::size_t max_depth) {
  constexpr std::size_t kKeptBytes = 1024 * 1024;
  thread_local std::unique_ptr<simdjson::dom::parser> parser;
  // One level more than ours: the parser counts the one around the document.
  const std::size_t levels = max_depth + 1;
  if (parser == nullptr || parser->max_depth() != levels ||
      (parser->capacity() > kKeptBytes && body_bytes <= kKeptBytes)) {
    parser = std::make_unique<simdjson::dom::parser>();
    // A failure to allocate shows again, and is answered, at the parse.
    static_cast<void>(!parser->allocate(simdjson::dom::MINIMAL_DOCUMENT_CAPACITY, levels));
  }
  return *parser;
}

tl::unexpected<Error> ParseFailure(simdjson::error_code code, std::string_view text,
                                   std::size_t max_depth) {
  std::string why;
  switch (code) {
    case simdjson::EMPTY:
      return Fail(ErrorCode::kInvalidArgument, "the body is empty: expected a JSON document");
    case simdjson::CAPACITY:
      return Fail(ErrorCode::kTooLarge, "the body is too large for JSON: at most 4 GiB");
    case simdjson::MEMALLOC:
      return Fail(ErrorCode::kResourceExhausted, "out of memory while parsing the body");
    case simdjson::DEPTH_ERROR:
      why = "nested deeper than " + std::to_string(max_depth) + " levels";
      break;
    case simdjson::UTF8_ERROR: why = "text that is not UTF-8"; break;
    case simdjson::NUMBER_ERROR: why = "a malformed number, or one that no double holds"; break;
    case simdjson::STRING_ERROR: why = "a malformed string or escape"; break;
    case simdjson::UNESCAPED_CHARS: why = "a control character in a string"; break;
    case simdjson::UNCLOSED_STRING: why = "a string without its closing quote"; break;
    default: why = "malformed"; break;
  }
  if (const auto at = FindSyntaxError(text, max_depth)) {
    why += *at == text.size() ? " at its end" : "";
    why += " (byte " + std::to_string(*at) + ")";
  }
  return Fail(ErrorCode::kInvalidArgument, "the body is no valid JSON: " + why);
}

}  // namespace

JsonKind JsonValue::kind() const {
  switch (ElementOf(handle_).type()) {
    case element_type::ARRAY: return JsonKind::kArray;
    case element_type::OBJECT: return JsonKind::kObject;
    case element_type::INT64: return JsonKind::kInt64;
    case element_type::UINT64: return JsonKind::kUint64;
    case element_type::DOUBLE: return JsonKind::kDouble;
    case element_type::STRING: return JsonKind::kString;
    case element_type::BOOL: return JsonKind::kBool;
    case element_type::NULL_VALUE: break;
  }
  return JsonKind::kNull;
}

bool JsonValue::Bool() const { return ElementOf(handle_).get_bool().value_unsafe(); }
std::int64_t JsonValue::Int64() const { return ElementOf(handle_).get_int64().value_unsafe(); }
std::uint64_t JsonValue::Uint64() const { return ElementOf(handle_).get_uint64().value_unsafe(); }
double JsonValue::Double() const { return ElementOf(handle_).get_double().value_unsafe(); }
std::string_view JsonValue::Text() const { return ElementOf(handle_).get_string().value_unsafe(); }

std::size_t JsonValue::Size() const {
  constexpr std::size_t kSaturated = 0xFFFFFF;  // the parser counts no further
  const element value = ElementOf(handle_);
  if (value.is_object()) return simdjson::dom::object(value).size();
  const simdjson::dom::array array = value;
  if (array.size() < kSaturated) return array.size();
  return static_cast<std::size_t>(std::distance(array.begin(), array.end()));
}

JsonValue JsonValue::At(std::size_t index) const {
  return JsonValue(WordsOf(ElementOf(handle_).at(index).value_unsafe()));
}

template <typename T>
bool JsonValue::Read(T& out) const {
  return ReadValue(ElementOf(handle_), out);
}

template <typename T>
std::size_t JsonValue::ReadElements(std::span<T> out) const {
  const simdjson::dom::array array = ElementOf(handle_);
  auto at = array.begin();
  for (std::size_t i = 0; i < out.size(); ++i, ++at) {
    if (!ReadValue(*at, out[i])) return i;
  }
  return out.size();
}

#define BATON_READS(T)                        \
  template bool JsonValue::Read<T>(T&) const; \
  template std::size_t JsonValue::ReadElements<T>(std::span<T>) const
BATON_READS(bool);
BATON_READS(std::uint8_t);
BATON_READS(std::uint16_t);
BATON_READS(std::uint32_t);
BATON_READS(std::uint64_t);
BATON_READS(std::int8_t);
BATON_READS(std::int16_t);
BATON_READS(std::int32_t);
BATON_READS(std::int64_t);
BATON_READS(float);
BATON_READS(double);
BATON_READS(std::string);
#undef BATON_READS

JsonElements::JsonElements(JsonValue array) {
  const simdjson::dom::array elements = ElementOf(array.handle_);
  at_ = WordsOf(elements.begin());
  end_ = WordsOf(elements.end());
}

std::optional<JsonValue> JsonElements::Next() {
  if (at_ == end_) return std::nullopt;
  auto at = std::bit_cast<ArrayIterator>(at_);
  const JsonValue value(WordsOf(*at));
  at_ = WordsOf(++at);
  return value;
}

JsonMembers::JsonMembers(JsonValue object) {
  const simdjson::dom::object members = ElementOf(object.handle_);
  at_ = WordsOf(members.begin());
  end_ = WordsOf(members.end());
}

std::optional<JsonMember> JsonMembers::Next() {
  if (at_ == end_) return std::nullopt;
  auto at = std::bit_cast<ObjectIterator>(at_);
  const JsonMember member{at.key(), JsonValue(WordsOf(at.value()))};
  at_ = WordsOf(++at);
  return member;
}

Result<JsonValue> ParseJson(const std::string& body, std::size_t max_depth, std::size_t bytes) {
  BATON_DCHECK(max_depth > 0 && max_depth <= kMaxJsonDepth);
  const std::string_view text = std::string_view(body).substr(0, bytes);
  simdjson::dom::parser& parser = ParserFor(text.size(), max_depth);
  const bool copy = body.capacity() - text.size() < simdjson::SIMDJSON_PADDING;
  element root;
  auto code = parser.parse(text.data(), text.size(), copy).get(root);
  if (code == simdjson::NUMBER_ERROR) {
    if (const auto widened = WidenIntegers(text)) code = parser.parse(*widened).get(root);
  }
  if (code) return ParseFailure(code, text, max_depth);
  if (const auto key = DuplicateSearch(text).Find(root)) {
    return Fail(ErrorCode::kInvalidArgument,
                "the key " + Quoted(*key) + " comes twice in one object of the body",
                std::string(key->substr(0, std::min<std::size_t>(key->size(), 64))));
  }
  return JsonValue(WordsOf(root));
}

Result<JsonValue> ParseJsonObject(const std::string& body, std::size_t max_depth,
                                  std::size_t bytes) {
  auto document = ParseJson(body, max_depth, bytes);
  if (document && !document->IsObject()) {
    return Fail(ErrorCode::kInvalidArgument,
                "the body: expected a JSON object, got " + Describe(*document));
  }
  return document;
}

std::string PaddedCopy(std::string_view text) {
  std::string copy;
  copy.reserve(text.size() + serve::kBodyPadding);
  copy = text;
  return copy;
}

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

}  // namespace baton::api
