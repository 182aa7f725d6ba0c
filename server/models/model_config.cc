// Reads config.yaml, and the files that it names.
#include "server/models/model_config.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "server/models/config_sections.h"
#include "server/models/configured_settings.h"
#include "server/yaml/config_reader.h"
#include "server/yaml/text_file.h"
#include "server/yaml/yaml_tree.h"

namespace baton::models {
namespace {

namespace fs = std::filesystem;
using yaml::ConfigField;
using yaml::ConfigReader;
using yaml::kMaxFileBytes;
using yaml::ReadTextFile;
using yaml::ReadWord;
using yaml::YamlNode;
using Reader = ConfigReader&;
using Value = const yaml::ConfigValue&;

constexpr std::array<std::string_view, 4> kBackends = {"onnxruntime", "xgboost", "plugin",
                                                       "builtin"};
constexpr std::array<std::string_view, 2> kTruths = {"true", "false"};
constexpr std::array<std::string_view, 2> kSequenceOutputs = {"refuse", "flatten"};
// What a pipeline takes from its steps.
constexpr std::array<std::string_view, 5> kNotOfPipelines = {"backend", "parameters", "versions",
                                                             "canary", "sequence_outputs"};

// What is being read, and the folder of the files that it names; none: they are not looked at.
struct Draft {
  ModelConfig config;
  fs::path folder;
};

Result<std::string> ReadBackend(const std::string& text) { return ReadWord(text, kBackends); }
Result<bool> ReadSequenceOutputs(const std::string& text) {
  const Result<std::string> word = ReadWord(text, kSequenceOutputs);
  if (!word) return tl::unexpected<Error>(word.error());
  return *word == "flatten";
}

Result<bool> ReadTruth(const std::string& text) {
  const Result<std::string> word = ReadWord(text, kTruths);
  if (!word) return tl::unexpected<Error>(word.error());
  return *word == "true";
}

Result<std::string> ReadFileName(const std::string& text) {
  if (text.find('/') == std::string::npos && text != "." && text != "..") return text;
  return Fail(ErrorCode::kInvalidArgument,
              "expected the name of a file beside config.yaml, got '" + text + "'");
}

void ReadGroup(Reader reader, Value value, Draft& draft) {
  reader.EachEntry(value, "a map", [&](Value entry) {
    if (ReadSetting(reader, entry, draft.config.settings)) return;
    reader.RefuseUnknown(entry, SettingNames(value.key));
  });
}

void ReadWarmUp(Reader reader, Value value, Draft& draft) {
  reader.EachItem(value, "a list of file names", [&](Value item) {
    std::string name;
    reader.Read(item, "the name of a file", ReadFileName, name);
    if (name.empty()) return;
    std::error_code error;
    if (!draft.folder.empty() && !fs::is_regular_file(draft.folder / name, error)) {
      return reader.Refuse(item, "'" + name + "' is no file beside config.yaml");
    }
    draft.config.warm_up.push_back(std::move(name));
  });
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    std::string line = text.substr(start, end - start);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    start = end + 1;
  }
  return lines;
}

void ReadLabelFile(Reader reader, Value value, const fs::path& folder,
                   std::vector<std::string>& labels) {
  std::string name;
  reader.Read(value, "a list of labels or the name of a file", ReadFileName, name);
  if (name.empty() || folder.empty()) return;
  const Result<std::string> text = ReadTextFile(folder / name);
  if (!text) return reader.Refuse(value, text.error().message);
  labels = LinesOf(*text);
  if (labels.empty()) reader.Refuse(value, "'" + name + "' holds no label");
}

void ReadLabels(Reader reader, Value value, Draft& draft) {
  reader.EachEntry(value, "a map from outputs to labels", [&](Value entry) {
    std::vector<std::string>& labels = draft.config.labels[entry.node.key];
    if (entry.node.kind != YamlNode::Kind::kList) {
      return ReadLabelFile(reader, entry, draft.folder, labels);
    }
    reader.EachItem(entry, "a list of labels", [&](Value item) {
      if (auto label = reader.Text(item, "a label")) labels.push_back(*std::move(label));
    });
  });
}

constexpr std::array kFields = {
    ConfigField<Draft>{"backend",
                       [](Reader reader, Value value, Draft& draft) {
                         reader.Read(value, "a backend", ReadBackend, draft.config.backend);
                       }},
    ConfigField<Draft>{"parameters",
                       [](Reader reader, Value value, Draft& draft) {
                         ReadTexts(reader, value, draft.config.parameters);
                       }},
    ConfigField<Draft>{"batch", ReadGroup},
    ConfigField<Draft>{"fallback", ReadGroup},
    ConfigField<Draft>{"warm_up", ReadWarmUp},
    ConfigField<Draft>{"labels", ReadLabels},
    ConfigField<Draft>{"versions",
                       [](Reader reader, Value value, Draft& draft) {
                         ReadVersions(reader, value, draft.config.versions);
                       }},
    ConfigField<Draft>{"canary",
                       [](Reader reader, Value value, Draft& draft) {
                         ReadCanary(reader, value, draft.config.canary.emplace());
                       }},
    ConfigField<Draft>{"cache",
                       [](Reader reader, Value value, Draft& draft) {
                         ReadCache(reader, value, draft.config.cache.emplace());
                       }},
    ConfigField<Draft>{"sequence_outputs",
                       [](Reader reader, Value value, Draft& draft) {
                         reader.Read(value, "refuse or flatten", ReadSequenceOutputs,
                                     draft.config.flattens_sequences);
                       }},
    ConfigField<Draft>{"required",
                       [](Reader reader, Value value, Draft& draft) {
                         reader.Read(value, "true or false", ReadTruth, draft.config.is_required);
                       }},
    ConfigField<Draft>{"pipeline",
                       [](Reader reader, Value value, Draft& draft) {
                         ReadPipeline(reader, value, draft.config.pipeline.emplace());
                       }},
};

void ReadEntry(Reader reader, Value entry, Draft& draft) {
  const auto field = std::find_if(kFields.begin(), kFields.end(),
                                  [&](const auto& known) { return known.name == entry.node.key; });
  if (field != kFields.end()) return field->read(reader, entry, draft);
  const bool is_one_word = entry.node.key.find('.') == std::string::npos;
  if (is_one_word && ReadSetting(reader, entry, draft.config.settings)) return;
  std::vector<std::string_view> known = SettingNames("");
  for (const ConfigField<Draft>& one : kFields) known.push_back(one.name);
  reader.RefuseUnknown(entry, known);
}

// What is right by itself and not together.
void CheckWhole(Reader reader, const YamlNode& root, const ModelConfig& config) {
  const std::size_t served = config.versions.latest + config.versions.specific.size();
  for (const YamlNode& entry : root.items) {
    const auto& alien = kNotOfPipelines;
    if (config.pipeline && std::find(alien.begin(), alien.end(), entry.key) != alien.end()) {
      reader.Refuse(entry.key_place, entry.key, "is nothing that a pipeline has, its models do");
    }
    if (entry.key == "canary" && served == 1) {
      reader.Refuse(entry.key_place, entry.key,
                    "needs two versions, and versions lets only one be served");
    }
  }
}

Result<ModelConfig> Parse(const std::string& text, std::string_view file_name, fs::path folder) {
  if (text.size() > kMaxFileBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                std::string(file_name) + ": is too large, expected at most 1MiB");
  }
  const Result<YamlNode> root = yaml::ParseYaml(text, file_name);
  if (!root) return tl::unexpected<Error>(root.error());
  Draft draft{{}, std::move(folder)};
  if (root->kind == YamlNode::Kind::kNothing) return std::move(draft.config);
  ConfigReader reader{std::string(file_name)};
  reader.EachEntry({*root, ""}, "a map of settings",
                   [&](Value entry) { ReadEntry(reader, entry, draft); });
  CheckWhole(reader, *root, draft.config);
  if (const Status status = reader.status(); !status) {
    return tl::unexpected<Error>(status.error());
  }
  return std::move(draft.config);
}

}  // namespace

Result<ModelConfig> ParseModelConfig(const std::string& text, std::string_view file_name) {
  return Parse(text, file_name, {});
}

Result<ModelConfig> ReadModelConfig(const fs::path& file) {
  const Result<std::string> text = ReadTextFile(file);
  if (!text) return tl::unexpected<Error>(text.error());
  return Parse(*text, file.string(), file.parent_path());
}

}  // namespace baton::models
