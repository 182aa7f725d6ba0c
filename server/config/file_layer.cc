// Maps, texts and the schema side by side.
#include "server/config/file_layer.h"

#include <utility>
#include <vector>

#include "server/config/settings.h"
#include "server/yaml/config_reader.h"
#include "server/yaml/text_file.h"
#include "server/yaml/yaml_tree.h"

namespace baton::config {
namespace {

using google::protobuf::Descriptor;
using yaml::ConfigValue;

constexpr std::size_t kLongestName = 256;

class FileLayer {
 public:
  explicit FileLayer(std::string_view file_name) : file_name_(file_name), reader_(file_name_) {}

  void ReadSection(const ConfigValue& value, Message& message);
  Result<Configuration> Take() {
    if (const Status status = reader_.status(); !status) {
      return tl::unexpected<Error>(status.error());
    }
    return std::move(configuration_);
  }
  v1::ServerConfig& values() { return configuration_.values; }

 private:
  void ReadField(const ConfigValue& value, const FieldDescriptor& field, Message& message);
  void ReadValue(const ConfigValue& value, const v1::Setting& rules, const FieldDescriptor& field,
                 Message& message);
  void ReadByName(const ConfigValue& value, const FieldDescriptor& field, Message& message);

  const std::string file_name_;
  yaml::ConfigReader reader_;
  Configuration configuration_;
};

void FileLayer::ReadValue(const ConfigValue& value, const v1::Setting& rules,
                          const FieldDescriptor& field, Message& message) {
  const auto text = reader_.Text(value, Expected(rules));
  if (!text) return;
  if (const Status checked = CheckText(rules, *text); !checked) {
    return reader_.Refuse(value, checked.error().message);
  }
  SetValue(message, field, *text);
  std::string place = yaml::ToText(file_name_, value.node.place);
  place.resize(place.size() - 2);  // ": "
  configuration_.origins[value.key] = std::move(place);
}

// The entries of a map are messages of a key and a value.
void FileLayer::ReadByName(const ConfigValue& value, const FieldDescriptor& field,
                           Message& message) {
  reader_.EachEntry(value, "a map of names", [&](const ConfigValue& entry) {
    if (entry.node.key.size() > kLongestName) {
      return reader_.Refuse(entry.node.key_place, entry.key,
                            "expected a name of at most 256 bytes");
    }
    Message& pair = *message.GetReflection()->AddMessage(&message, &field);
    const Descriptor& entries = *field.message_type();
    SetValue(pair, *entries.map_key(), entry.node.key);
    if (KindOf(field) == Kind::kTextsByName) {
      return ReadValue(entry, RulesOf(field), *entries.map_value(), pair);
    }
    ReadSection(entry, *pair.GetReflection()->MutableMessage(&pair, entries.map_value()));
  });
}

void FileLayer::ReadField(const ConfigValue& value, const FieldDescriptor& field,
                          Message& message) {
  switch (KindOf(field)) {
    case Kind::kValue: return ReadValue(value, RulesOf(field), field, message);
    case Kind::kSection:
      return ReadSection(value, *message.GetReflection()->MutableMessage(&message, &field));
    default: return ReadByName(value, field, message);
  }
}

void FileLayer::ReadSection(const ConfigValue& value, Message& message) {
  const Descriptor& schema = *message.GetDescriptor();
  reader_.EachEntry(value, "a map of settings", [&](const ConfigValue& entry) {
    const FieldDescriptor* const field = schema.FindFieldByName(entry.node.key);
    if (field != nullptr) return ReadField(entry, *field, message);
    std::vector<std::string_view> known;
    for (const FieldDescriptor* const one : FieldsOf(schema)) known.emplace_back(one->name());
    reader_.RefuseUnknown(entry, known);
  });
}

}  // namespace

Result<Configuration> ReadText(const std::string& text, std::string_view file_name) {
  if (text.size() > yaml::kMaxFileBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(file_name) + ": is too large, expected at most 1MiB");
  }
  const Result<yaml::YamlNode> root = yaml::ParseYaml(text, file_name);
  if (!root) return tl::unexpected<Error>(root.error());
  if (root->kind == yaml::YamlNode::Kind::kNothing) return Configuration();
  FileLayer layer(file_name);
  layer.ReadSection({*root, ""}, layer.values());
  return layer.Take();
}

Result<Configuration> ReadFile(const std::filesystem::path& file) {
  const Result<std::string> text = yaml::ReadTextFile(file);
  if (!text) return tl::unexpected<Error>(text.error());
  return ReadText(*text, file.string());
}

}  // namespace baton::config
