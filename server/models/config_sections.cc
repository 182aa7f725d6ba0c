// A table of fields for each section.
#include "server/models/config_sections.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "server/models/model_names.h"

namespace baton::models {
namespace {

using yaml::ConfigField;
using yaml::ReadDuration;
using yaml::ReadFields;
using yaml::ReadPercent;
using yaml::ReadSize;
using yaml::ReadWhole;
using yaml::ReadWord;
using yaml::YamlNode;
using Reader = yaml::ConfigReader&;
using Value = const yaml::ConfigValue&;
using Text = const std::string&;

constexpr std::size_t kMaxSteps = 64;
constexpr std::uint64_t kMany = 1'000'000'000;
constexpr std::uint64_t kLargestCache = std::uint64_t{1} << 36;
constexpr std::array<std::string_view, 1> kTrue = {"true"};

Result<std::int64_t> ReadVersion(Text text) {
  if (const auto version = ParseVersion(text)) return *version;
  return Fail(ErrorCode::kInvalidArgument,
              "expected the number of a version such as 1, got '" + text + "'");
}

Result<std::string> ReadVersionOrLabel(Text text) {
  if (ParseVersion(text) || IsVersionLabel(text)) return text;
  return Fail(ErrorCode::kInvalidArgument,
              "expected the number of a version or a label, got '" + text + "'");
}

Result<std::string> ReadModelName(Text text) {
  if (IsModelName(text)) return text;
  return Fail(ErrorCode::kInvalidArgument, "expected the name of a model, got '" + text + "'");
}

Result<std::uint64_t> ReadCount(Text text) { return ReadWhole(text, 1, kMany); }
Result<std::uint64_t> ReadCacheSize(Text text) { return ReadSize(text, 1024, kLargestCache); }
Result<Duration> ReadCacheAge(Text text) { return ReadDuration(text, 1ms, 24h); }
Result<Duration> ReadWindow(Text text) { return ReadDuration(text, 1s, 1h); }
Result<double> ReadMargin(Text text) { return ReadPercent(text); }
Result<std::string> ReadTrue(Text text) { return ReadWord(text, kTrue); }

Result<double> ReadShare(Text text) {
  Result<double> share = ReadPercent(text);
  if (!share || *share > 0) return share;
  return Fail(ErrorCode::kInvalidArgument, "expected more than 0%, got '" + text + "'");
}

void ReadSpecific(Reader reader, Value value, VersionPolicy& policy) {
  std::set<std::int64_t> versions;
  reader.EachItem(value, "a list of versions", [&](Value item) {
    std::int64_t version = 0;
    reader.Read(item, "the number of a version", ReadVersion, version);
    if (version == 0 || versions.insert(version).second) return;
    reader.Refuse(item, std::to_string(version) + " is given twice, expected once");
  });
  policy.specific.assign(versions.begin(), versions.end());
}

void ReadVersionLabels(Reader reader, Value value, VersionPolicy& policy) {
  reader.EachEntry(value, "a map from labels to versions", [&](Value entry) {
    if (!IsVersionLabel(entry.node.key)) {
      return reader.Refuse(entry.node.key_place, entry.key,
                           "is no label, expected a name with a letter such as stable");
    }
    reader.Read(entry, "the number of a version", ReadVersion, policy.labels[entry.node.key]);
  });
}

// Distinct names of tensors.
void ReadNames(Reader reader, Value value, std::vector<std::string>& names) {
  reader.EachItem(value, "a list of names", [&](Value item) {
    auto name = reader.Text(item, "a name");
    if (!name) return;
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      return reader.Refuse(item, "'" + *name + "' is given twice, expected once");
    }
    names.push_back(*std::move(name));
  });
}

void ReadAll(Reader reader, Value value, VersionPolicy& /*policy*/) {
  std::string word;
  reader.Read(value, "true", ReadTrue, word);
}

constexpr std::array kVersionFields = {
    ConfigField<VersionPolicy>{"latest",
                               [](Reader reader, Value value, VersionPolicy& policy) {
                                 reader.Read(value, "a whole number", ReadCount, policy.latest);
                               }},
    ConfigField<VersionPolicy>{"specific", ReadSpecific},
    ConfigField<VersionPolicy>{"all", ReadAll},
    ConfigField<VersionPolicy>{"labels", ReadVersionLabels},
};

constexpr std::array kCanaryFields = {
    ConfigField<CanaryConfig>{"version",
                              [](Reader reader, Value value, CanaryConfig& canary) {
                                reader.Read(value, "a version or a label", ReadVersionOrLabel,
                                            canary.version);
                              }},
    ConfigField<CanaryConfig>{"share",
                              [](Reader reader, Value value, CanaryConfig& canary) {
                                reader.Read(value, "a percentage such as 10%", ReadShare,
                                            canary.share);
                              }},
    ConfigField<CanaryConfig>{"margin",
                              [](Reader reader, Value value, CanaryConfig& canary) {
                                reader.Read(value, "a percentage such as 2%", ReadMargin,
                                            canary.margin);
                              }},
    ConfigField<CanaryConfig>{"min_requests",
                              [](Reader reader, Value value, CanaryConfig& canary) {
                                reader.Read(value, "a whole number", ReadCount,
                                            canary.min_requests);
                              }},
    ConfigField<CanaryConfig>{"window",
                              [](Reader reader, Value value, CanaryConfig& canary) {
                                reader.Read(value, "a duration such as 60s", ReadWindow,
                                            canary.window);
                              }},
};

constexpr std::array kCacheFields = {
    ConfigField<CacheConfig>{"max_bytes",
                             [](Reader reader, Value value, CacheConfig& cache) {
                               reader.Read(value, "a size such as 64MiB", ReadCacheSize,
                                           cache.max_bytes);
                             }},
    ConfigField<CacheConfig>{"max_age",
                             [](Reader reader, Value value, CacheConfig& cache) {
                               reader.Read(value, "a duration such as 10s", ReadCacheAge,
                                           cache.max_age);
                             }},
};

constexpr std::array kStepFields = {
    ConfigField<PipelineStep>{"model",
                              [](Reader reader, Value value, PipelineStep& step) {
                                reader.Read(value, "the name of a model", ReadModelName,
                                            step.model);
                              }},
    ConfigField<PipelineStep>{"version",
                              [](Reader reader, Value value, PipelineStep& step) {
                                reader.Read(value, "a version or a label", ReadVersionOrLabel,
                                            step.version);
                              }},
    ConfigField<PipelineStep>{"inputs",
                              [](Reader reader, Value value, PipelineStep& step) {
                                ReadTexts(reader, value, step.inputs);
                              }},
    ConfigField<PipelineStep>{"outputs",
                              [](Reader reader, Value value, PipelineStep& step) {
                                ReadTexts(reader, value, step.outputs);
                              }},
};

void ReadSteps(Reader reader, Value value, PipelineConfig& pipeline) {
  reader.EachItem(value, "a list of steps", [&](Value item) {
    PipelineStep step;
    const auto given = ReadFields(reader, item, kStepFields, step);
    if (item.node.kind == YamlNode::Kind::kMap && !given.contains("model")) {
      reader.Refuse(item, "lacks model, expected the name of one");
    }
    pipeline.steps.push_back(std::move(step));
  });
  if (pipeline.steps.size() <= kMaxSteps) return;
  reader.Refuse(value, "expected at most 64 steps, got " + std::to_string(pipeline.steps.size()));
}

constexpr std::array kPipelineFields = {
    ConfigField<PipelineConfig>{"inputs",
                                [](Reader reader, Value value, PipelineConfig& pipeline) {
                                  ReadNames(reader, value, pipeline.inputs);
                                }},
    ConfigField<PipelineConfig>{"steps", ReadSteps},
    ConfigField<PipelineConfig>{"outputs",
                                [](Reader reader, Value value, PipelineConfig& pipeline) {
                                  ReadNames(reader, value, pipeline.outputs);
                                }},
};

}  // namespace

void ReadTexts(Reader reader, Value value, std::map<std::string, std::string>& target) {
  reader.EachEntry(value, "a map of texts", [&](Value entry) {
    if (auto text = reader.Text(entry, "a text")) {
      target.emplace(entry.node.key, *std::move(text));
    }
  });
}

void ReadVersions(Reader reader, Value value, VersionPolicy& policy) {
  auto given = ReadFields(reader, value, kVersionFields, policy);
  given.erase("labels");
  if (given.size() <= 1) return;
  reader.Refuse(value, "expected at most one of latest, specific, all");
}

void ReadCanary(Reader reader, Value value, CanaryConfig& canary) {
  const auto given = ReadFields(reader, value, kCanaryFields, canary);
  if (value.node.kind != YamlNode::Kind::kMap || given.contains("share")) return;
  reader.Refuse(value, "lacks share, expected a percentage such as share: 10%");
}

void ReadCache(Reader reader, Value value, CacheConfig& cache) {
  ReadFields(reader, value, kCacheFields, cache);
}

void ReadPipeline(Reader reader, Value value, PipelineConfig& pipeline) {
  const auto given = ReadFields(reader, value, kPipelineFields, pipeline);
  if (value.node.kind != YamlNode::Kind::kMap || given.contains("steps")) return;
  reader.Refuse(value, "lacks steps, expected a list of them");
}

}  // namespace baton::models
