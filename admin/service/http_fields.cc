// Reflection over fields; JSON through protobuf's own reader.
#include "admin/service/http_fields.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <set>
#include <type_traits>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/field_mask_util.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include "server/base/json_writer.h"

namespace baton::admin {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

constexpr std::size_t kMostShown = 100;  // bytes of a value, in an error

std::string Shown(std::string_view value) {
  const bool is_long = value.size() > kMostShown;
  return "'" + std::string(value.substr(0, kMostShown)) + (is_long ? "'..." : "'");
}

tl::unexpected<Error> Bad(const std::string& field, std::string_view expected,
                          std::string_view got) {
  return Fail(ErrorCode::kInvalidArgument,
              field + ": expected " + std::string(expected) + ", got " + Shown(got), field);
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing where a '%' has no two hexadecimal digits, or what comes out is not UTF-8.
Result<std::string> Decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? HexValue(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Fail(
          ErrorCode::kInvalidArgument,
          "the query: expected two hexadecimal digits behind '%', got " + Shown(text.substr(i, 3)));
    }
    decoded += static_cast<char>(high * 16 + low);
    i += 2;
  }
  if (!IsUtf8(decoded)) {
    return Fail(ErrorCode::kInvalidArgument,
                "the query: expected UTF-8, got " + Shown(text) + ", which is none");
  }
  return decoded;
}

template <typename T>
bool ReadNumber(const std::string& text, T& number) {
  const char* const end = text.data() + text.size();
  const auto [read_to, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && read_to == end;
}

std::string NamesOf(const Descriptor& message) {
  std::string names;
  for (int i = 0; i < message.field_count(); ++i) {
    names += (names.empty() ? "" : ", ") + message.field(i)->name();
  }
  return names.empty() ? "none" : names;
}

// Sets or adds one field, whichever it is.
class Setter {
 public:
  Setter(Message& message, const FieldDescriptor& field) : message_(message), field_(field) {}

  template <typename T, typename Set, typename Add>
  void Put(const T& value, Set set, Add add) const {
    const auto& reflection = *message_.GetReflection();
    if (field_.is_repeated()) {
      (reflection.*add)(&message_, &field_, value);
    } else {
      (reflection.*set)(&message_, &field_, value);
    }
  }

 private:
  Message& message_;
  const FieldDescriptor& field_;
};

using google::protobuf::Reflection;

template <typename T, typename Set, typename Add>
Status PutNumber(const Setter& setter, const std::string& path, const std::string& value, Set set,
                 Add add) {
  T number{};
  if (!ReadNumber(value, number)) {
    return Bad(path, std::is_floating_point_v<T> ? "a number" : "a whole number that fits", value);
  }
  setter.Put(number, set, add);
  return {};
}

Status PutBool(const Setter& setter, const std::string& path, const std::string& value) {
  if (value != "true" && value != "false") return Bad(path, "true or false", value);
  setter.Put(value == "true", &Reflection::SetBool, &Reflection::AddBool);
  return {};
}

Status PutEnum(const Setter& setter, const FieldDescriptor& field, const std::string& path,
               const std::string& value) {
  const auto& words = *field.enum_type();
  const EnumValueDescriptor* word = words.FindValueByName(value);
  int number = 0;
  if (word == nullptr && ReadNumber(value, number)) word = words.FindValueByNumber(number);
  if (word == nullptr) {
    std::string names;
    for (int i = 0; i < words.value_count(); ++i) {
      names += (i == 0 ? "one of " : ", ") + words.value(i)->name();
    }
    return Bad(path, names, value);
  }
  setter.Put(word, &Reflection::SetEnum, &Reflection::AddEnum);
  return {};
}

// Masks as paths; others with a text of their own (durations, instants) as JSON has them.
Status PutMessage(Message& message, const FieldDescriptor& field, const std::string& path,
                  const std::string& value) {
  if (field.is_repeated()) return Bad(path, "to be in the body", value);
  Message* const inner = message.GetReflection()->MutableMessage(&message, &field);
  if (auto* const mask = dynamic_cast<FieldMask*>(inner); mask != nullptr) {
    google::protobuf::util::FieldMaskUtil::FromString(value, mask);
    return {};
  }
  std::string json;
  AppendJsonString(json, value);
  if (google::protobuf::util::JsonStringToMessage(json, inner).ok()) return {};
  return Bad(path, "a value of " + field.message_type()->full_name(), value);
}

Status Put(Message& message, const FieldDescriptor& field, const std::string& path,
           const std::string& value) {
  const Setter setter(message, field);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return PutNumber<std::int32_t>(setter, path, value, &Reflection::SetInt32,
                                     &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return PutNumber<std::int64_t>(setter, path, value, &Reflection::SetInt64,
                                     &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return PutNumber<std::uint32_t>(setter, path, value, &Reflection::SetUInt32,
                                      &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return PutNumber<std::uint64_t>(setter, path, value, &Reflection::SetUInt64,
                                      &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return PutNumber<double>(setter, path, value, &Reflection::SetDouble, &Reflection::AddDouble);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return PutNumber<float>(setter, path, value, &Reflection::SetFloat, &Reflection::AddFloat);
    case FieldDescriptor::CPPTYPE_BOOL: return PutBool(setter, path, value);
    case FieldDescriptor::CPPTYPE_ENUM: return PutEnum(setter, field, path, value);
    case FieldDescriptor::CPPTYPE_MESSAGE: return PutMessage(message, field, path, value);
    case FieldDescriptor::CPPTYPE_STRING: break;
  }
  if (field.type() == FieldDescriptor::TYPE_BYTES || !IsUtf8(value)) {
    return Bad(path, "text in UTF-8", value);
  }
  setter.Put(value, &Reflection::SetString, &Reflection::AddString);
  return {};
}

// Names and values, decoded, in their order.
Result<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    if (one.empty()) continue;
    const std::size_t equals = std::min(one.find('='), one.size());
    Result<std::string> name = Decode(one.substr(0, equals));
    if (!name) return tl::unexpected(name.error());
    Result<std::string> value = Decode(one.substr(std::min(equals + 1, one.size())));
    if (!value) return tl::unexpected(value.error());
    parameters.emplace_back(*std::move(name), *std::move(value));
  }
  return parameters;
}

// Whether `path` is the field `one`, or below it; "*" is every field.
bool Covers(const std::string& one, const std::string& path) {
  return one == "*" || path == one || path.starts_with(one + ".");
}

// A field, and the message that has it.
struct Place {
  Message* message = nullptr;
  const FieldDescriptor* field = nullptr;
};

Result<Place> Find(Message& message, const std::string& path) {
  Message* at = &message;
  std::string_view rest = path;
  for (;;) {
    const std::string name(rest.substr(0, rest.find('.')));
    const FieldDescriptor* const field = at->GetDescriptor()->FindFieldByName(name);
    const bool is_last = name.size() == rest.size();
    if (field == nullptr ||
        (!is_last && (field->message_type() == nullptr || field->is_repeated()))) {
      return Fail(ErrorCode::kInvalidArgument,
                  Shown(path) + " is no field, expected one of: " + NamesOf(*at->GetDescriptor()),
                  path.size() > kMostShown ? "" : path);
    }
    if (is_last) return Place{at, field};
    at = at->GetReflection()->MutableMessage(at, field);
    rest.remove_prefix(name.size() + 1);
  }
}

// What a message says twice of a field that there is once: the last one would win, unseen.
std::string TwiceIn(const UnknownFieldSet& fields, const Descriptor& message) {
  std::set<int> seen;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& one = fields.field(i);
    const FieldDescriptor* const field = message.FindFieldByNumber(one.number());
    if (field == nullptr) continue;
    if (!field->is_repeated() && !seen.insert(one.number()).second) return field->name();
    if (field->message_type() == nullptr || one.type() != UnknownField::TYPE_LENGTH_DELIMITED) {
      continue;
    }
    UnknownFieldSet inner;
    if (!inner.ParseFromString(one.length_delimited())) continue;
    const std::string twice = TwiceIn(inner, *field->message_type());
    if (!twice.empty()) return field->name() + "." + twice;
  }
  return "";
}

// "size" out of "(size): invalid value", "siz" out of "siz: Cannot find field.", "batch.siz" out of
// "(batch) siz: Cannot find field.": the reader says it in its message only.
std::string FieldIn(std::string_view message) {
  std::string field;
  if (message.starts_with('(') && message.find(')') != message.npos) {
    field = message.substr(1, message.find(')') - 1);
    message.remove_prefix(message.find(')') + 1);
  }
  constexpr std::string_view kUnknown = ": Cannot find field.";
  if (!message.ends_with(kUnknown)) return field;
  message.remove_suffix(kUnknown.size());
  while (message.starts_with(' ')) message.remove_prefix(1);
  return field.empty() ? std::string(message) : field + "." + std::string(message);
}

tl::unexpected<Error> BadJson(const Descriptor& expected, std::string_view reason) {
  std::string field = FieldIn(reason);
  if (!IsUtf8(field) || field.size() > kMostShown) field.clear();
  // Of what is no JSON the reader shows the place, on lines of their own.
  std::string line(reason.substr(0, reason.find('\n')));
  while (line.starts_with(": ")) line.erase(0, 2);
  return Fail(ErrorCode::kInvalidArgument,
              "the body: expected a JSON object of " + expected.name() + ": " + line,
              std::move(field));
}

google::protobuf::util::TypeResolver& Types() {
  static const std::unique_ptr<google::protobuf::util::TypeResolver> types(
      google::protobuf::util::NewTypeResolverForDescriptorPool("type.googleapis.com",
                                                               DescriptorPool::generated_pool()));
  return *types;
}

}  // namespace

Status FillFromQuery(std::string_view query, const std::vector<std::string>& taken,
                     Message& message) {
  std::set<std::string> seen;
  const auto parameters = ParseQuery(query);
  if (!parameters) return tl::unexpected(parameters.error());
  for (const auto& parameter : *parameters) {
    const std::string& path = parameter.first;
    const std::string& value = parameter.second;
    const auto covers = [&path](const std::string& one) { return Covers(one, path); };
    if (std::any_of(taken.begin(), taken.end(), covers)) {
      return Fail(ErrorCode::kInvalidArgument,
                  Shown(path) + " is in the query, expected it in the path or the body alone");
    }
    const Result<Place> place = Find(message, path);
    if (!place) return tl::unexpected(place.error());
    if (!seen.insert(path).second && !place->field->is_repeated()) {
      return Bad(path, "one value", value);
    }
    if (Status put = Put(*place->message, *place->field, path, value); !put) return put;
  }
  return {};
}

Status SetText(Message& message, const std::string& path, const std::string& value,
               std::string_view where) {
  const Result<Place> place = Find(message, path);
  if (!place) return tl::unexpected(place.error());
  const auto& reflection = *place->message->GetReflection();
  const std::string there = reflection.GetString(*place->message, place->field);
  if (!there.empty() && there != value) {
    return Fail(ErrorCode::kInvalidArgument,
                path + ": the body says " + Shown(there) + " and " + std::string(where) + " " +
                    Shown(value) + ", expected the same",
                path);
  }
  return Put(*place->message, *place->field, path, value);
}

Status FillFromJson(std::string_view json, Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  if (!IsUtf8(json)) return BadJson(type, "it is not in UTF-8");
  std::string bytes;
  const auto read = google::protobuf::util::JsonToBinaryString(
      &Types(), "type.googleapis.com/" + type.full_name(), std::string(json), &bytes);
  if (!read.ok()) return BadJson(type, std::string(read.message()));
  UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes) || !message.ParseFromString(bytes)) {
    return BadJson(type, "it says what a message cannot hold");
  }
  if (const std::string twice = TwiceIn(fields, type); !twice.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "the body: '" + twice + "' is there twice", twice);
  }
  return {};
}

}  // namespace baton::admin
