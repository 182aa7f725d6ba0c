// One table: path in the file, key as KEY=VALUE, kind and range.
#include "server/models/configured_settings.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace baton::models {
namespace {

using yaml::ReadDuration;
using yaml::ReadPercent;
using yaml::ReadSize;
using yaml::ReadWhole;
using yaml::ReadWord;

constexpr std::uint64_t kKiB = 1024;
constexpr std::string_view kDuration = "a duration such as 50ms";
constexpr std::string_view kNumber = "a whole number";
constexpr std::string_view kWord = "a word";
constexpr std::array<std::string_view, 3> kCriticalities = {"critical", "default", "sheddable"};
constexpr std::array<std::string_view, 4> kFallbackKinds = {"none", "constant", "last_good",
                                                            "model"};

template <typename T>
Status Checked(const Result<T>& read) {
  if (read) return {};
  return tl::unexpected<Error>(read.error());
}

Status TextOfAtMost(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return {};
  return Fail(ErrorCode::kInvalidArgument, "expected at most " + std::to_string(bytes) +
                                               " bytes, got " + std::to_string(text.size()));
}

struct SettingForm {
  std::string_view path;
  std::string_view key;
  std::string_view expected;
  Status (*check)(const std::string& text);
};
using Text = const std::string&;

constexpr std::array kForms = {
    SettingForm{"default_budget", "default_budget", kDuration,
                [](Text text) { return Checked(ReadDuration(text, 1ms, 1h)); }},
    SettingForm{"max_budget", "max_budget", kDuration,
                [](Text text) { return Checked(ReadDuration(text, 1ms, 1h)); }},
    SettingForm{"slo_target", "slo_target", "a percentage such as 99.9%",
                [](Text text) { return Checked(ReadPercent(text, 0.95, 0.99999)); }},
    SettingForm{"criticality", "criticality", kWord,
                [](Text text) { return Checked(ReadWord(text, kCriticalities)); }},
    SettingForm{"max_workers", "max_workers", kNumber,
                [](Text text) { return Checked(ReadWhole(text, 0, 1024)); }},
    SettingForm{"min_workers", "min_workers", kNumber,
                [](Text text) { return Checked(ReadWhole(text, 0, 1024)); }},
    SettingForm{"batch.max_size", "batch_max_size", kNumber,
                [](Text text) { return Checked(ReadWhole(text, 1, 1024)); }},
    SettingForm{"batch.max_delay", "batch_max_delay", kDuration,
                [](Text text) { return Checked(ReadDuration(text, 0ms, 1s)); }},
    SettingForm{"fallback.kind", "fallback", kWord,
                [](Text text) { return Checked(ReadWord(text, kFallbackKinds)); }},
    SettingForm{"fallback.constant", "fallback_constant", "a JSON object as a text",
                [](Text text) { return TextOfAtMost(text, 64 * kKiB); }},
    SettingForm{"fallback.key_header", "fallback_key_header", "the name of a header",
                [](Text text) { return TextOfAtMost(text, kKiB); }},
    SettingForm{"fallback.max_age", "fallback_max_age", kDuration,
                [](Text text) { return Checked(ReadDuration(text, 1ms, 24h)); }},
    SettingForm{"fallback.max_bytes", "fallback_max_bytes", "a size such as 8MiB",
                [](Text text) { return Checked(ReadSize(text, kKiB, kKiB * kKiB * kKiB)); }},
    SettingForm{"fallback.model", "fallback_model", "the name of a model",
                [](Text text) { return TextOfAtMost(text, kKiB); }},
};

constexpr auto kPaths = [] {
  std::array<std::string_view, kForms.size()> paths;
  for (std::size_t i = 0; i < paths.size(); ++i) paths[i] = kForms[i].path;
  return paths;
}();

}  // namespace

std::span<const std::string_view> SettingPaths() { return kPaths; }

std::vector<std::string_view> SettingNames(std::string_view group) {
  std::vector<std::string_view> names;
  for (const std::string_view path : kPaths) {
    const std::size_t dot = path.find('.');
    const bool has_group = dot != std::string_view::npos;
    if ((has_group ? path.substr(0, dot) : std::string_view()) != group) continue;
    names.push_back(has_group ? path.substr(dot + 1) : path);
  }
  return names;
}

bool ReadSetting(yaml::ConfigReader& reader, const yaml::ConfigValue& value,
                 std::vector<ConfiguredSetting>& settings) {
  const auto form = std::find_if(kForms.begin(), kForms.end(), [&value](const SettingForm& known) {
    return known.path == value.key;
  });
  if (form == kForms.end()) return false;
  const std::optional<std::string> text = reader.Text(value, form->expected);
  if (!text) return true;
  if (const Status checked = form->check(*text); !checked) {
    reader.Refuse(value, checked.error().message);
    return true;
  }
  const yaml::FilePlace place = value.node.place;
  settings.push_back({std::string(form->key), *text, place.line, place.column});
  return true;
}

}  // namespace baton::models
