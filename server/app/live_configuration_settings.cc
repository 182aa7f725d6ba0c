// The settings of the configuration that operators change, beside what its sources say.
#include <algorithm>
#include <string_view>
#include <utility>

#include "server/app/live_configuration.h"
#include "server/base/nearest_word.h"
#include "server/config/check.h"
#include "server/config/settings.h"

namespace baton::app {
namespace {

using control::SettingsGroup;

struct Member {
  std::string key;
  const config::KnownSetting* setting = nullptr;
};

// Of admission: what decides who is let in. Its caps are limits as well.
constexpr std::pair<std::string_view, std::string_view> kAdmission[] = {
    {"default_budget", "budgets.default"},
    {"max_budget", "budgets.max"},
    {"half_close", "half_close"},
    {"policy", "policy"},
    {"queued_requests", "limits.queued_requests"},
    {"queued_bytes", "limits.queued_bytes"},
    {"pending_requests", "limits.pending_requests"},
};

std::string KeyOf(const std::string& path, SettingsGroup group) {
  if (group == SettingsGroup::kAdmission) {
    for (const auto& [key, setting] : kAdmission) {
      if (setting == path) return std::string(key);
    }
    return {};
  }
  const std::string_view section = group == SettingsGroup::kLimits ? "limits." : "log.";
  return path.starts_with(section) ? path.substr(section.size()) : std::string();
}

std::vector<Member> MembersOf(SettingsGroup group) {
  std::vector<Member> members;
  for (const config::KnownSetting& setting : config::AllSettings()) {
    std::string key = setting.is_named ? std::string() : KeyOf(setting.path, group);
    if (!key.empty()) members.push_back({std::move(key), &setting});
  }
  return members;
}

// The message that holds the setting, made where it is not there yet.
config::Message& HolderOf(config::Configuration& configuration, std::string_view path) {
  config::Message* holder = &configuration.values;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const auto* field = holder->GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
    holder = holder->GetReflection()->MutableMessage(holder, field);
    path.remove_prefix(dot + 1);
  }
  return *holder;
}

std::string ExpectedOf(const config::KnownSetting& setting) {
  const auto& rules = config::RulesOf(*setting.field);
  const std::string allowed = config::Allowed(rules);
  const std::string expected = config::Expected(rules);
  return allowed.empty() || allowed == expected ? expected : expected + ": " + allowed;
}

std::vector<control::SettingState> Describe(const config::Configuration& configuration,
                                            const LiveConfiguration::Texts& operators,
                                            SettingsGroup group) {
  std::map<std::string, config::Value> values;
  for (config::Value& value : config::ValuesOf(configuration)) {
    values[value.key] = std::move(value);
  }
  std::vector<control::SettingState> states;
  for (const Member& member : MembersOf(group)) {
    const auto& rules = config::RulesOf(*member.setting->field);
    control::SettingState state;
    state.key = member.key;
    state.setting = member.setting->path;
    if (const auto known = values.find(state.setting); known != values.end()) {
      state.value = known->second.text;
      state.origin = operators.contains(state.setting) ? "operator" : known->second.origin;
    }
    state.expected = ExpectedOf(*member.setting);
    state.needs_restart = rules.needs_restart();
    state.help = rules.help();
    states.push_back(std::move(state));
  }
  return states;
}

Result<const Member*> FindMember(const std::vector<Member>& members, const std::string& key) {
  std::string listed;
  std::vector<std::string_view> keys;
  for (const Member& member : members) {
    if (member.key == key) return &member;
    keys.push_back(member.key);
    if (!config::RulesOf(*member.setting->field).needs_restart()) {
      listed += (listed.empty() ? "" : ", ") + member.key;
    }
  }
  const std::string_view meant = NearestWord(key, keys);
  return Fail(ErrorCode::kInvalidArgument,
              "there is no setting '" + key + "', expected one of " + listed +
                  (meant.empty() ? "" : " (did you mean " + std::string(meant) + "?)"),
              key);
}

}  // namespace

Status LiveConfiguration::Complete(Wanted& wanted) {
  wanted.with_operators = wanted.configuration;
  const auto& all = config::AllSettings();
  for (const auto& said : wanted.operators) {
    const std::string& path = said.first;
    const auto setting =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.path == path; });
    config::SetValue(HolderOf(wanted.with_operators, path), *setting->field, said.second);
    wanted.with_operators.origins[path] = "operator";
  }
  if (Status sound = config::CheckWhole(wanted.with_operators); !sound) return sound;
  auto options = ToStartOptions(wanted.with_operators);
  if (!options) return tl::unexpected<Error>(options.error());
  wanted.options = *std::move(options);
  return {};
}

Result<LiveConfiguration::Wanted> LiveConfiguration::WithChanges(
    const control::SettingsUpdate& update) const {
  const std::vector<Member> members = MembersOf(update.group);
  MutexLock lock(mutex_);
  Wanted wanted;
  wanted.configuration = in_force_;
  wanted.operators = operators_;
  for (const auto& [key, text] : update.values) {
    const auto member = FindMember(members, key);
    if (!member) return tl::unexpected<Error>(member.error());
    const config::KnownSetting& setting = *(*member)->setting;
    const auto& rules = config::RulesOf(*setting.field);
    if (rules.needs_restart()) {
      return Fail(ErrorCode::kFailedPrecondition,
                  key + ": needs a restart; change " + setting.path + " in the configuration", key);
    }
    if (const Status right = config::CheckText(rules, text); !right) {
      return Fail(ErrorCode::kInvalidArgument, key + ": " + right.error().message, key);
    }
    wanted.operators[setting.path] = text;
  }
  if (const Status sound = Complete(wanted); !sound) return tl::unexpected<Error>(sound.error());
  wanted.differences = config::Differences(with_operators_, wanted.with_operators);
  return wanted;
}

std::vector<control::SettingState> LiveConfiguration::Settings(SettingsGroup group) const {
  MutexLock lock(mutex_);
  return Describe(with_operators_, operators_, group);
}

std::vector<control::SettingState> LiveConfiguration::SettingsOf(const Wanted& wanted,
                                                                 SettingsGroup group) {
  return Describe(wanted.with_operators, wanted.operators, group);
}

bool LiveConfiguration::Touches(const Wanted& wanted, SettingsGroup group) {
  return std::any_of(wanted.differences.begin(), wanted.differences.end(), [&](const auto& one) {
    return !one.needs_restart && !KeyOf(one.key, group).empty();
  });
}

}  // namespace baton::app
