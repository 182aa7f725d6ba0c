// Three walks over the schema.
#include "server/config/documents.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string_view>

#include "baton/config/v1/server_config.pb.h"

#include "server/base/json_writer.h"
#include "server/config/layers.h"
#include "server/config/settings.h"
#include "server/config/text.h"

namespace baton::config {
namespace {

using google::protobuf::Descriptor;

constexpr std::string_view kDuration = R"(^[0-9]+(\.[0-9]*)?(us|ms|s|m|h)$)";
constexpr std::string_view kSize = "^[0-9]+(B|KiB|MiB|GiB)?$";
constexpr std::string_view kPercent = R"(^0*([0-9]{1,2}(\.[0-9]+)?|100(\.0+)?)%$)";
constexpr std::string_view kAddress =
    R"(^([0-9.]*:|\*:|localhost:|\[[0-9A-Fa-f:.]+\]:)?[0-9]{1,5}$)";

void WriteWords(const v1::Setting& rules, JsonWriter& json) {
  json.Key("enum").BeginArray();
  for (const std::string& word : rules.words()) json.String(word);
  json.EndArray();
}

void WritePattern(std::string_view pattern, JsonWriter& json) {
  json.Key("type").String("string").Key("pattern").String(pattern);
}

// The members that say what a value has to be.
void WriteForm(const v1::Setting& rules, JsonWriter& json) {
  switch (rules.form()) {
    case v1::FORM_WORD: return WriteWords(rules, json);
    case v1::FORM_TRUTH: json.Key("type").String("boolean"); return;
    case v1::FORM_PERCENT: return WritePattern(kPercent, json);
    case v1::FORM_DURATION: return WritePattern(kDuration, json);
    case v1::FORM_ADDRESS:
      json.Key("type").BeginArray().String("string").String("integer").EndArray();
      json.Key("pattern").String(kAddress);
      return;
    case v1::FORM_SIZE:
      json.Key("type").BeginArray().String("string").String("integer").EndArray();
      json.Key("pattern").String(kSize).Key("minimum").Raw("0");
      return;
    case v1::FORM_COUNT:
      json.Key("type").String("integer");
      json.Key("minimum").Raw(rules.least()).Key("maximum").Raw(rules.most());
      return;
    default: json.Key("type").String("string").Key("minLength").Raw("1");
  }
}

bool IsNumber(const v1::Setting& rules) {
  return rules.form() == v1::FORM_COUNT &&
         rules.default_value().find_first_not_of("0123456789") == std::string::npos;
}

void WriteDefault(const v1::Setting& rules, JsonWriter& json) {
  if (rules.default_value().empty()) return;
  json.Key("default");
  const bool is_raw = IsNumber(rules) || rules.form() == v1::FORM_TRUTH;
  is_raw ? json.Raw(rules.default_value()) : json.String(rules.default_value());
}

void WriteValueSchema(const v1::Setting& rules, JsonWriter& json) {
  const bool has_besides = rules.form() != v1::FORM_WORD && rules.words_size() > 0;
  const std::string allowed = Allowed(rules);
  json.BeginObject()
      .Key("description")
      .String(rules.help() + (allowed.empty() ? "" : " (" + allowed + ")"));
  WriteDefault(rules, json);
  if (!has_besides) {
    WriteForm(rules, json);
  } else {
    json.Key("anyOf").BeginArray().BeginObject();
    WriteForm(rules, json);
    json.EndObject().BeginObject();
    WriteWords(rules, json);
    json.EndObject().EndArray();
  }
  json.EndObject();
}

void WriteSectionSchema(const Descriptor& section, JsonWriter& json);

void WriteFieldSchema(const FieldDescriptor& field, JsonWriter& json) {
  const v1::Setting& rules = RulesOf(field);
  if (KindOf(field) == Kind::kValue) return WriteValueSchema(rules, json);
  json.BeginObject().Key("description").String(rules.help()).Key("type").String("object");
  if (KindOf(field) == Kind::kSection) {
    WriteSectionSchema(SectionOf(field), json);
  } else if (KindOf(field) == Kind::kTextsByName) {
    json.Key("additionalProperties");
    WriteValueSchema(rules, json);
  } else {
    json.Key("additionalProperties").BeginObject().Key("type").String("object");
    WriteSectionSchema(SectionOf(field), json);
    json.EndObject();
  }
  json.EndObject();
}

void WriteSectionSchema(const Descriptor& section, JsonWriter& json) {
  json.Key("additionalProperties").Bool(false).Key("properties").BeginObject();
  for (const FieldDescriptor* const field : FieldsOf(section)) {
    json.Key(field->name());
    WriteFieldSchema(*field, json);
  }
  json.EndObject();
}

// "threads that run models: 1 to 1024".
std::string Remark(const FieldDescriptor& field) {
  const v1::Setting& rules = RulesOf(field);
  std::string text = rules.help();
  const std::string allowed = Allowed(rules);
  if (KindOf(field) == Kind::kValue && rules.form() != v1::FORM_WORD &&
      rules.form() != v1::FORM_TRUTH && rules.form() != v1::FORM_ADDRESS && !allowed.empty()) {
    text += "; " + allowed;
  }
  if (!rules.without().empty() && KindOf(field) == Kind::kValue) {
    text += " (default: " + rules.without() + ")";
  }
  return text;
}

std::string Shown(const FieldDescriptor& field, const std::string& value) {
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ? Quoted(value) : value;
}

// `sign`: what the lines of settings begin with.
void AddExample(const Descriptor& section, const std::string& indent, const std::string& sign,
                std::string& text);

void AddNamedExample(const FieldDescriptor& field, const std::string& indent, std::string& text) {
  const v1::Setting& rules = RulesOf(field);
  text += indent + "#" + field.name() + ":\n";
  if (KindOf(field) == Kind::kTextsByName) {
    text += indent + "#  " + Quoted(rules.example()) + ": " + Quoted(rules.without()) + "\n";
    return;
  }
  text += indent + "#  " + rules.example() + ":\n";
  AddExample(SectionOf(field), indent + "    ", "#", text);
}

// A section without is nothing that a file may say.
bool HasDefaults(const FieldDescriptor& field) {
  if (KindOf(field) != Kind::kSection) return !RulesOf(field).default_value().empty();
  const auto fields = FieldsOf(SectionOf(field));
  return std::any_of(fields.begin(), fields.end(),
                     [](const FieldDescriptor* one) { return HasDefaults(*one); });
}

void AddFieldExample(const FieldDescriptor& field, const std::string& indent,
                     const std::string& outer_sign, std::string& text) {
  const v1::Setting& rules = RulesOf(field);
  const bool is_section = KindOf(field) == Kind::kSection;
  const std::string sign = is_section && !HasDefaults(field) ? "#" : outer_sign;
  text += outer_sign + indent + "# " + Remark(field) + "\n";
  const bool has_default = !rules.default_value().empty();
  switch (KindOf(field)) {
    case Kind::kValue:
      text += (sign.empty() && has_default ? "" : "#") + indent + field.name() + ": " +
              Shown(field, has_default ? rules.default_value() : rules.example()) + "\n";
      return;
    case Kind::kSection:
      text += sign + indent + field.name() + ":\n";
      return AddExample(SectionOf(field), indent + "  ", sign, text);
    default: return AddNamedExample(field, indent, text);
  }
}

void AddExample(const Descriptor& section, const std::string& indent, const std::string& sign,
                std::string& text) {
  for (const FieldDescriptor* const field : FieldsOf(section)) {
    if (indent.empty()) text += "\n";
    AddFieldExample(*field, indent, sign, text);
  }
}

std::string Code(const std::string& text) { return text.empty() ? "" : "`" + text + "`"; }

std::string DefaultCell(const v1::Setting& rules) {
  if (!rules.default_value().empty()) return Code(rules.default_value());
  return rules.without().empty() ? "–" : rules.without();
}

void AddRow(const KnownSetting& setting, std::string& text) {
  const v1::Setting& rules = RulesOf(*setting.field);
  const bool is_folder = KindOf(*setting.field) == Kind::kTextsByName;
  const std::string allowed = is_folder ? "a folder that is there" : Allowed(rules);
  text += "| " + Code(setting.path) + " | " + (is_folder ? "–" : DefaultCell(rules)) + " | " +
          (allowed.empty() ? "–" : allowed) + " | " + Code(rules.flag()) + " | " +
          (setting.is_named ? "–" : Code(VariableOf(setting.path))) + " | " +
          (rules.needs_restart() ? "waits for a restart" : "taken") + " | " + rules.help() + " |\n";
}

// The part of a path before its first dot; empty where there is none.
std::string_view SectionName(std::string_view path) {
  const std::size_t dot = path.find('.');
  return dot == path.npos ? std::string_view() : path.substr(0, dot);
}

std::string Sentence(std::string text) {
  text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
  return text + ".";
}

constexpr std::string_view kTableHead =
    "| key | default | range | flag | environment | on reload | effect |\n"
    "|---|---|---|---|---|---|---|\n";

void AddTable(std::string_view section, std::string& text) {
  text += kTableHead;
  for (const KnownSetting& setting : AllSettings()) {
    if (SectionName(setting.path) == section) AddRow(setting, text);
  }
}

}  // namespace

std::string JsonSchema() {
  std::string text;
  JsonWriter json(text);
  json.BeginObject();
  json.Key("$schema").String("https://json-schema.org/draft/2020-12/schema");
  json.Key("title").String("The configuration of baton-server").Key("type").String("object");
  WriteSectionSchema(*v1::ServerConfig::descriptor(), json);
  json.EndObject();
  return text + "\n";
}

std::string Example() {
  std::string text =
      "# Every key of a configuration file of baton-server, with its default. A key that stands\n"
      "# behind a '#' has none, and an example. Written by: baton-server config example\n";
  AddExample(*v1::ServerConfig::descriptor(), "", "", text);
  return text;
}

std::string Reference() {
  std::string text =
      "# Keys of the configuration file\n\n"
      "Written by `baton-server config reference`; a test compares the two. What the file is for, "
      "and what wins over what, is told in [Configuration](../configuration.md#the-configuration-"
      "file). `NAME` stands for what the operator names: an endpoint, or the prefix of paths.\n\n"
      "## At the top\n\n";
  AddTable("", text);
  for (const FieldDescriptor* const field : FieldsOf(*v1::ServerConfig::descriptor())) {
    if (KindOf(*field) == Kind::kValue) continue;
    text += "\n## `" + field->name() + "`\n\n" + Sentence(RulesOf(*field).help()) + "\n\n";
    AddTable(field->name(), text);
  }
  return text;
}

}  // namespace baton::config
