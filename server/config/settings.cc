// Rules are options of the fields; texts are read by their form.
#include "server/config/settings.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

#include "baton/config/v1/server_config.pb.h"

#include "server/base/duration_text.h"
#include "server/base/percent_text.h"
#include "server/base/size_text.h"
#include "server/base/whole_number.h"
#include "server/yaml/config_reader.h"

namespace baton::config {
namespace {

using Rules = const v1::Setting&;
using Text = const std::string&;
using google::protobuf::Descriptor;

constexpr std::size_t kLongestShown = 64;
constexpr std::uint64_t kLongestText = 4096;

Status Checked(const auto& read) {
  if (read) return {};
  return tl::unexpected<Error>(read.error());
}

bool IsWord(Rules rules, Text text) {
  return std::find(rules.words().begin(), rules.words().end(), text) != rules.words().end();
}

std::uint64_t NumberOf(Text text, std::uint64_t otherwise) {
  return ParseWholeNumber<std::uint64_t>(text).value_or(otherwise);
}

Status CheckCount(Rules rules, Text text) {
  return Checked(
      yaml::ReadWhole(text, NumberOf(rules.least(), 0),
                      NumberOf(rules.most(), std::numeric_limits<std::uint32_t>::max())));
}

Status CheckDuration(Rules rules, Text text) {
  return Checked(yaml::ReadDuration(text, ParseDuration(rules.least()).value_or(0ms),
                                    ParseDuration(rules.most()).value_or(24h)));
}

Status CheckSize(Rules rules, Text text) {
  return Checked(yaml::ReadSize(text, ParseSize(rules.least()).value_or(0),
                                ParseSize(rules.most()).value_or(std::uint64_t{1} << 40U)));
}

Status CheckPercent(Rules rules, Text text) {
  return Checked(yaml::ReadPercent(text, ParsePercent(rules.least()).value_or(0),
                                   ParsePercent(rules.most()).value_or(1)));
}

Status CheckWord(Rules rules, Text text) {
  const std::vector<std::string_view> words(rules.words().begin(), rules.words().end());
  return Checked(yaml::ReadWord(text, words));
}

Status CheckAddress(Text text) {
  if (text == "off") {
    return Fail(ErrorCode::kInvalidArgument, "is off, expected ADDR:PORT");
  }
  return Checked(ParseListenAddress(text));
}

Status CheckLength(Rules rules, Text text) {
  const std::uint64_t most = NumberOf(rules.most(), kLongestText);
  if (text.empty()) return Fail(ErrorCode::kInvalidArgument, "expected a text, got nothing");
  if (text.find('\0') != text.npos) {
    return Fail(ErrorCode::kInvalidArgument, "expected a text, got one with a zero byte");
  }
  if (text.size() <= most) return {};
  return Fail(ErrorCode::kInvalidArgument, "expected at most " + std::to_string(most) +
                                               " bytes, got " + std::to_string(text.size()));
}

std::string WordsAs(Rules rules) {
  std::string text;
  for (int i = 0; i < rules.words_size(); ++i) {
    if (i > 0) text += i + 1 < rules.words_size() ? ", " : " or ";
    text += rules.words(i);
  }
  return text;
}

void AddSettings(const Descriptor& message, const std::string& path, bool is_named,
                 std::vector<KnownSetting>& all) {
  for (const FieldDescriptor* const field : FieldsOf(message)) {
    const std::string here = Joined(path, field->name());
    switch (KindOf(*field)) {
      case Kind::kValue: all.push_back({here, field, is_named}); break;
      case Kind::kTextsByName: all.push_back({here + ".NAME", field, true}); break;
      case Kind::kSection: AddSettings(SectionOf(*field), here, is_named, all); break;
      case Kind::kSectionsByName: AddSettings(SectionOf(*field), here + ".NAME", true, all); break;
    }
  }
}

}  // namespace

const v1::Setting& RulesOf(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::setting);
}

std::vector<const FieldDescriptor*> FieldsOf(const Descriptor& message) {
  std::vector<const FieldDescriptor*> fields;
  fields.reserve(static_cast<std::size_t>(message.field_count()));
  for (int i = 0; i < message.field_count(); ++i) fields.push_back(message.field(i));
  return fields;
}

Kind KindOf(const FieldDescriptor& field) {
  if (field.type() != FieldDescriptor::TYPE_MESSAGE) return Kind::kValue;
  if (!field.is_map()) return Kind::kSection;
  const FieldDescriptor& value = *field.message_type()->map_value();
  const bool is_section = value.type() == FieldDescriptor::TYPE_MESSAGE;
  return is_section ? Kind::kSectionsByName : Kind::kTextsByName;
}

const Descriptor& SectionOf(const FieldDescriptor& field) {
  return *(field.is_map() ? field.message_type()->map_value() : &field)->message_type();
}

std::string Joined(std::string_view path, std::string_view name) {
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

bool IsAtOrBelow(std::string_view path, std::string_view section) {
  return path.starts_with(section) &&
         (path.size() == section.size() || path[section.size()] == '.');
}

const std::vector<KnownSetting>& AllSettings() {
  static const std::vector<KnownSetting> all = [] {
    std::vector<KnownSetting> settings;
    AddSettings(*v1::ServerConfig::descriptor(), "", false, settings);
    return settings;
  }();
  return all;
}

std::string Expected(Rules rules) {
  switch (rules.form()) {
    case v1::FORM_COUNT: return "a whole number";
    case v1::FORM_DURATION: return "a duration such as 50ms";
    case v1::FORM_SIZE: return "a size such as 8MiB";
    case v1::FORM_ADDRESS: return "a listen address such as 127.0.0.1:8080";
    case v1::FORM_TRUTH: return "true or false";
    case v1::FORM_PERCENT:
      return "a percentage such as " + (rules.example().empty() ? "1%" : rules.example());
    case v1::FORM_WORD: return WordsAs(rules);
    default: return "a text";
  }
}

std::string Allowed(Rules rules) {
  const std::string besides = rules.words_size() > 0 ? ", or " + WordsAs(rules) : "";
  switch (rules.form()) {
    case v1::FORM_WORD: return WordsAs(rules);
    case v1::FORM_TRUTH: return "true or false";
    case v1::FORM_ADDRESS: return "a listen address" + besides;
    case v1::FORM_PERCENT:
      return (rules.least().empty() ? "0%" : rules.least()) + " to " +
             (rules.most().empty() ? "100%" : rules.most());
    case v1::FORM_TEXT: return rules.most().empty() ? "" : "at most " + rules.most() + " bytes";
    default: return rules.least() + " to " + rules.most() + besides;
  }
}

Status CheckText(Rules rules, Text text) {
  if (rules.form() != v1::FORM_WORD && IsWord(rules, text)) return {};
  Status checked;
  switch (rules.form()) {
    case v1::FORM_COUNT: checked = CheckCount(rules, text); break;
    case v1::FORM_DURATION: checked = CheckDuration(rules, text); break;
    case v1::FORM_SIZE: checked = CheckSize(rules, text); break;
    case v1::FORM_ADDRESS: checked = CheckAddress(text); break;
    case v1::FORM_WORD: checked = CheckWord(rules, text); break;
    case v1::FORM_PERCENT: checked = CheckPercent(rules, text); break;
    case v1::FORM_TRUTH:
      if (text == "true" || text == "false") break;
      return Fail(ErrorCode::kInvalidArgument,
                  "expected true or false, got '" + text.substr(0, kLongestShown) + "'");
    default: return CheckLength(rules, text);
  }
  if (checked || rules.form() != v1::FORM_COUNT || rules.words_size() == 0) return checked;
  return Fail(ErrorCode::kInvalidArgument,
              "expected " + Allowed(rules) + ", got '" + text.substr(0, kLongestShown) + "'");
}

void SetValue(Message& message, const FieldDescriptor& field, Text text) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      reflection.SetUInt32(&message, &field, static_cast<std::uint32_t>(NumberOf(text, 0)));
      break;
    case FieldDescriptor::CPPTYPE_BOOL: reflection.SetBool(&message, &field, text == "true"); break;
    default: reflection.SetString(&message, &field, text);
  }
}

std::string ValueOf(const Message& message, const FieldDescriptor& field) {
  const auto& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return std::to_string(reflection.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.GetBool(message, &field) ? "true" : "false";
    default: return reflection.GetString(message, &field);
  }
}

}  // namespace baton::config
