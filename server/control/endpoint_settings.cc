// The settings of an endpoint as KEY=VALUE texts: one table for reading and showing them.
#include "server/control/endpoint_settings.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "server/base/duration_text.h"
#include "server/base/percent_text.h"
#include "server/base/size_text.h"
#include "server/control/key_values.h"

namespace baton::control {
namespace {

constexpr std::size_t kLongestLogged = 256;
constexpr std::size_t kHelpColumn = 30;

template <typename T>
Status Take(Result<T> value, std::optional<T>& target) {
  if (!value) return tl::unexpected<Error>(value.error());
  target = *std::move(value);
  return {};
}

Result<std::string> ReadWord(const std::string& text, std::span<const std::string_view> words) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  return Fail(ErrorCode::kInvalidArgument,
              "expected one of " + Listed(words) + ", got '" + text + "'");
}

Result<std::string> ReadText(const std::string& text) {
  if (!text.empty()) return text;
  return Fail(ErrorCode::kInvalidArgument, "expected a value, got nothing");
}

struct Key {
  std::string_view name;
  std::string_view form;  // of its value
  std::string_view help;
  std::string_view fallback_kind;  // the one that uses it; empty: every endpoint has it
  Status (*take)(const std::string& text, EndpointChange& change);
  std::string (*show)(const EndpointState& state);
};
using Text = const std::string&;
using Change = EndpointChange&;
using State = const EndpointState&;

constexpr std::array kKeys = {
    Key{"default_budget", "DURATION", "budget of requests that ask for none, 1ms to max_budget", "",
        [](Text text, Change c) { return Take(ParseDuration(text), c.update.default_budget); },
        [](State s) { return FormatDuration(s.default_budget); }},
    Key{"max_budget", "DURATION", "the most that a request is granted, 1ms to 1h", "",
        [](Text text, Change c) { return Take(ParseDuration(text), c.update.max_budget); },
        [](State s) { return FormatDuration(s.max_budget); }},
    Key{"slo_target", "PERCENT",
        "share of requests to be predictions inside their budget, 95% to 99.999%", "",
        [](Text text, Change c) { return Take(ParsePercent(text), c.update.slo_target); },
        [](State s) { return FormatPercent(s.slo_target); }},
    Key{"criticality", "WORD", "who gives way first: critical, default or sheddable", "",
        [](Text text, Change c) {
          return Take(ReadWord(text, kCriticalities), c.update.criticality);
        },
        [](State s) { return s.criticality; }},
    Key{"max_workers", "N", "workers it may hold at once, 1 to 1024; 0: the server's choice", "",
        [](Text text, Change c) { return Take(ReadWholeNumber(text), c.update.max_workers); },
        [](State s) { return std::to_string(s.max_workers); }},
    Key{"min_workers", "N", "served first while it holds fewer, 0 to 1024", "",
        [](Text text, Change c) { return Take(ReadWholeNumber(text), c.update.min_workers); },
        [](State s) { return std::to_string(s.min_workers); }},
    Key{"batch_max_size", "N", "requests in one run, 1 to 1024; 1: each runs alone", "",
        [](Text text, Change c) { return Take(ReadWholeNumber(text), c.update.batch_max_size); },
        [](State s) { return std::to_string(s.batch.max_size); }},
    Key{"batch_max_delay", "DURATION", "how long the first of a batch may wait for more, 0ms to 1s",
        "", [](Text text, Change c) { return Take(ParseDuration(text), c.update.batch_max_delay); },
        [](State s) { return FormatDuration(s.batch.max_delay); }},
    Key{"fallback", "WORD", "instead of a miss: none, constant, last_good or model", "",
        [](Text text, Change c) { return Take(ReadWord(text, kFallbackKinds), c.fallback.kind); },
        [](State s) { return s.fallback.kind; }},
    Key{"fallback_constant", "JSON", "of constant: the object to answer, at most 64KiB", "constant",
        [](Text text, Change c) { return Take(ReadText(text), c.fallback.constant); },
        [](State s) { return s.fallback.constant; }},
    Key{"fallback_key_header", "NAME", "of last_good: the request header whose value is the key",
        "last_good",
        [](Text text, Change c) { return Take(ReadText(text), c.fallback.key_header); },
        [](State s) { return s.fallback.key_header; }},
    Key{"fallback_max_age", "DURATION", "of last_good: older ones are no answer, 1ms to 24h",
        "last_good",
        [](Text text, Change c) { return Take(ParseDuration(text), c.fallback.max_age); },
        [](State s) { return FormatDuration(s.fallback.max_age); }},
    Key{"fallback_max_bytes", "SIZE", "of last_good: kept in all, 1KiB to 1GiB", "last_good",
        [](Text text, Change c) { return Take(ParseSize(text), c.fallback.max_bytes); },
        [](State s) { return FormatSize(s.fallback.max_bytes); }},
    Key{"fallback_model", "NAME", "of model: the endpoint of a cheaper model", "model",
        [](Text text, Change c) { return Take(ReadText(text), c.fallback.model); },
        [](State s) { return s.fallback.model; }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, kKeys.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = kKeys[i].name;
  return names;
}();

bool IsGiven(const EndpointChange& change, std::string_view key) {
  return std::find(change.keys.begin(), change.keys.end(), key) != change.keys.end();
}

Status CheckParts(const EndpointChange& change, const FallbackSettings& wanted) {
  for (const Key& key : kKeys) {
    if (key.fallback_kind.empty() || key.fallback_kind == wanted.kind) continue;
    if (!IsGiven(change, key.name)) continue;
    return Fail(ErrorCode::kInvalidArgument,
                std::string(key.name) + ": only with fallback=" + std::string(key.fallback_kind) +
                    ", and the fallback is " + wanted.kind,
                std::string(key.name));
  }
  const bool lacks_constant = wanted.kind == "constant" && wanted.constant.empty();
  const bool lacks_model = wanted.kind == "model" && wanted.model.empty();
  if (!lacks_constant && !lacks_model) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "fallback: " + wanted.kind + " needs fallback_" + wanted.kind + "=" +
                  (lacks_constant ? "JSON" : "NAME") + " too, and there is none yet",
              "fallback");
}

std::string Shortened(std::string value) {
  if (value.size() <= kLongestLogged) return value;
  const std::string size = std::to_string(value.size());
  value.resize(kLongestLogged);
  return value + "... (" + size + " bytes)";
}

}  // namespace

std::span<const std::string_view> EndpointKeys() { return kNames; }

std::string EndpointKeysHelp() {
  std::string text;
  for (const Key& key : kKeys) {
    std::string line = "  " + std::string(key.name) + "=" + std::string(key.form);
    line.resize(std::max(line.size() + 1, kHelpColumn), ' ');
    text += line + std::string(key.help) + "\n";
  }
  return text;
}

Status AddSetting(const std::string& setting, EndpointChange& change) {
  const Result<KeyValue> read = ReadKeyValue(setting, "endpoint", kNames);
  if (!read) return tl::unexpected<Error>(read.error());
  const std::string& name = read->key;
  if (IsGiven(change, name)) {
    return Fail(ErrorCode::kInvalidArgument, name + ": given twice, expected once", name);
  }
  const auto key = std::find_if(kKeys.begin(), kKeys.end(),
                                [&name](const Key& known) { return known.name == name; });
  const Status taken = key->take(read->value, change);
  if (!taken) {
    return Fail(ErrorCode::kInvalidArgument, name + ": " + taken.error().message, name);
  }
  change.keys.push_back(name);
  return {};
}

Result<std::optional<FallbackSettings>> WantedFallback(const EndpointChange& change,
                                                       const FallbackSettings& in_force) {
  const bool changes =
      std::any_of(change.keys.begin(), change.keys.end(),
                  [](const std::string& key) { return key.starts_with("fallback"); });
  if (!changes) return std::optional<FallbackSettings>();
  FallbackSettings wanted;
  wanted.kind = change.fallback.kind.value_or(in_force.kind);
  wanted.constant = change.fallback.constant.value_or(in_force.constant);
  wanted.key_header = change.fallback.key_header.value_or(in_force.key_header);
  wanted.max_age = change.fallback.max_age.value_or(in_force.max_age);
  wanted.max_bytes = change.fallback.max_bytes.value_or(in_force.max_bytes);
  wanted.model = change.fallback.model.value_or(in_force.model);
  const Status checked = CheckParts(change, wanted);
  if (!checked) return tl::unexpected<Error>(checked.error());
  return std::optional<FallbackSettings>(std::move(wanted));
}

Result<EndpointUpdate> WantedUpdate(const EndpointChange& change,
                                    const FallbackSettings& in_force) {
  auto fallback = WantedFallback(change, in_force);
  if (!fallback) return tl::unexpected<Error>(fallback.error());
  EndpointUpdate update = change.update;
  update.fallback = *std::move(fallback);
  return update;
}

std::vector<Setting> SettingsOf(const EndpointState& state) {
  std::vector<Setting> settings;
  for (const Key& key : kKeys) {
    const bool is_used = key.fallback_kind.empty() || key.fallback_kind == state.fallback.kind;
    settings.push_back({key.name, is_used ? key.show(state) : std::string()});
  }
  return settings;
}

std::vector<SettingChange> ChangedSettings(const EndpointState& before,
                                           const EndpointState& after) {
  const std::vector<Setting> old_ones = SettingsOf(before);
  const std::vector<Setting> new_ones = SettingsOf(after);
  std::vector<SettingChange> changed;
  for (std::size_t i = 0; i < old_ones.size(); ++i) {
    if (old_ones[i].value == new_ones[i].value) continue;
    changed.push_back(
        {old_ones[i].key, Shortened(old_ones[i].value), Shortened(new_ones[i].value)});
  }
  return changed;
}

}  // namespace baton::control
