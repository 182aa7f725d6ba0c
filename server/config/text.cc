// The schema and the values side by side, written in its order; names in that of the alphabet.
#include "server/config/text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <map>
#include <string_view>
#include <utility>

#include "server/base/json_writer.h"
#include "server/config/settings.h"

namespace baton::config {
namespace {

constexpr std::string_view kPlainLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-:";
// Other readers of YAML take these for something else than texts.
constexpr std::array<std::string_view, 9> kOfOthers = {"true", "false", "yes", "no", "on",
                                                       "off",  "null",  "y",   "n"};

bool IsPlain(const std::string& text) {
  if (text.empty() || text.find_first_not_of(kPlainLetters) != text.npos) return false;
  if (std::string_view("-:.").find(text.front()) != std::string_view::npos) return false;
  if (text.back() == ':') return false;
  std::string small = text;
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char letter) { return static_cast<char>(std::tolower(letter)); });
  return std::find(kOfOthers.begin(), kOfOthers.end(), small) == kOfOthers.end();
}

// A value as it is written: numbers and truths without quotes in both languages.
bool IsText(const FieldDescriptor& field) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING;
}

std::map<std::string, const Message*> EntriesOf(const Message& message,
                                                const FieldDescriptor& field) {
  std::map<std::string, const Message*> entries;
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
    entries[ValueOf(entry, *field.message_type()->map_key())] = &entry;
  }
  return entries;
}

const Message& ValueMessage(const Message& entry) {
  const FieldDescriptor& value = *entry.GetDescriptor()->map_value();
  return entry.GetReflection()->GetMessage(entry, &value);
}

class YamlWriter {
 public:
  YamlWriter(const Configuration& configuration, bool with_origins)
      : configuration_(configuration), with_origins_(with_origins) {}

  void Section(const Message& message, const std::string& path, bool is_named) {
    for (const FieldDescriptor* const field : FieldsOf(*message.GetDescriptor())) {
      Field(message, *field, Joined(path, field->name()), is_named);
    }
  }
  std::string Take() { return std::move(text_); }

 private:
  void Line(const std::string& line) { text_ += std::string(depth_ * 2, ' ') + line + "\n"; }
  void Below(const std::string& key, const std::function<void()>& write) {
    Line(key + ":");
    ++depth_;
    write();
    --depth_;
  }
  void Value(const std::string& key, const std::string& value, const std::string& path) {
    std::string origin = with_origins_ ? "  # " + std::string(configuration_.OriginOf(path)) : "";
    std::replace_if(  // a file may be called anything
        origin.begin(), origin.end(), [](unsigned char letter) { return letter < ' '; }, '?');
    Line(key + ": " + value + origin);
  }
  void Field(const Message& message, const FieldDescriptor& field, const std::string& path,
             bool is_named);
  void ByName(const Message& message, const FieldDescriptor& field, const std::string& path);

  const Configuration& configuration_;
  const bool with_origins_;
  std::string text_;
  std::size_t depth_ = 0;
};

void YamlWriter::ByName(const Message& message, const FieldDescriptor& field,
                        const std::string& path) {
  const auto entries = EntriesOf(message, field);
  if (entries.empty()) return Line("# " + field.name() + ": none");
  Below(field.name(), [&] {
    for (const auto& [name, entry] : entries) {
      const std::string here = Joined(path, name);
      if (KindOf(field) == Kind::kTextsByName) {
        Value(Quoted(name), Quoted(ValueOf(*entry, *entry->GetDescriptor()->map_value())), here);
      } else if (!configuration_.OriginOf(here).empty()) {
        Below(Quoted(name),
              [this, &here, held = entry] { Section(ValueMessage(*held), here, true); });
      } else {
        Line(Quoted(name) + ": {}");
      }
    }
  });
}

void YamlWriter::Field(const Message& message, const FieldDescriptor& field,
                       const std::string& path, bool is_named) {
  const auto& reflection = *message.GetReflection();
  switch (KindOf(field)) {
    case Kind::kSection:
      if (configuration_.OriginOf(path).empty()) return;
      return Below(field.name(),
                   [&] { Section(reflection.GetMessage(message, &field), path, is_named); });
    case Kind::kSectionsByName:
    case Kind::kTextsByName: return ByName(message, field, path);
    case Kind::kValue: break;
  }
  if (reflection.HasField(message, &field)) {
    const std::string value = ValueOf(message, field);
    return Value(field.name(), IsText(field) ? Quoted(value) : value, path);
  }
  if (!is_named) Line("# " + field.name() + ": " + RulesOf(field).without());
}

void WriteValue(const Message& message, const FieldDescriptor& field, JsonWriter& json) {
  const std::string value = ValueOf(message, field);
  IsText(field) ? json.String(value) : json.Raw(value);
}

void WriteSection(const Message& message, JsonWriter& json);

void WriteField(const Message& message, const FieldDescriptor& field, JsonWriter& json) {
  const auto& reflection = *message.GetReflection();
  json.Key(field.name());
  if (KindOf(field) == Kind::kValue) return WriteValue(message, field, json);
  if (KindOf(field) == Kind::kSection) {
    return WriteSection(reflection.GetMessage(message, &field), json);
  }
  json.BeginObject();
  for (const auto& [name, entry] : EntriesOf(message, field)) {
    json.Key(name);
    if (KindOf(field) == Kind::kTextsByName) {
      WriteValue(*entry, *entry->GetDescriptor()->map_value(), json);
    } else {
      WriteSection(ValueMessage(*entry), json);
    }
  }
  json.EndObject();
}

bool IsThere(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

void WriteSection(const Message& message, JsonWriter& json) {
  json.BeginObject();
  for (const FieldDescriptor* const field : FieldsOf(*message.GetDescriptor())) {
    if (IsThere(message, *field)) WriteField(message, *field, json);
  }
  json.EndObject();
}

void WriteOrigin(const Message& message, const FieldDescriptor& field, const std::string& path,
                 const Configuration& configuration, JsonWriter& json) {
  json.BeginObject().Key("key").String(path).Key("value");
  WriteValue(message, field, json);
  json.Key("origin").String(configuration.OriginOf(path)).EndObject();
}

void WriteOrigins(const Message& message, const std::string& path,
                  const Configuration& configuration, JsonWriter& json) {
  for (const FieldDescriptor* const field : FieldsOf(*message.GetDescriptor())) {
    const std::string here = Joined(path, field->name());
    if (!IsThere(message, *field)) continue;
    if (KindOf(*field) == Kind::kValue) {
      WriteOrigin(message, *field, here, configuration, json);
    } else if (KindOf(*field) == Kind::kSection) {
      WriteOrigins(message.GetReflection()->GetMessage(message, field), here, configuration, json);
    } else {
      for (const auto& [name, entry] : EntriesOf(message, *field)) {
        const std::string named = Joined(here, name);
        const FieldDescriptor& value = *entry->GetDescriptor()->map_value();
        if (KindOf(*field) == Kind::kTextsByName) {
          WriteOrigin(*entry, value, named, configuration, json);
        } else {
          WriteOrigins(ValueMessage(*entry), named, configuration, json);
        }
      }
    }
  }
}

}  // namespace

std::string Quoted(const std::string& text) {
  if (IsPlain(text)) return text;
  std::string quoted;
  AppendJsonString(quoted, text);
  return quoted;
}

std::string ToYaml(const Configuration& configuration, bool with_origins) {
  YamlWriter writer(configuration, with_origins);
  writer.Section(configuration.values, "", false);
  return writer.Take();
}

std::string ToJson(const Configuration& configuration, bool with_origins) {
  std::string text;
  JsonWriter json(text);
  if (with_origins) {
    json.BeginArray();
    WriteOrigins(configuration.values, "", configuration, json);
    json.EndArray();
  } else {
    WriteSection(configuration.values, json);
  }
  return text + "\n";
}

}  // namespace baton::config
