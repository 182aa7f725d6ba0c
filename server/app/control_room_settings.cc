// Settings of the configuration that an operator changes while the server runs.
#include <utility>

#include "server/app/control_room.h"
#include "server/base/log.h"

namespace baton::app {
namespace {

constexpr control::SettingsGroup kAllGroups[] = {control::SettingsGroup::kLimits,
                                                 control::SettingsGroup::kAdmission,
                                                 control::SettingsGroup::kLogging};

}  // namespace

control::SettingsState ControlRoom::SettingsNow(control::SettingsGroup group) const {
  return {parts_.configuration.Settings(group),
          settings_generations_[static_cast<std::size_t>(group)],
          {}};
}

control::SettingsState ControlRoom::GetSettings(control::SettingsGroup group) const {
  MutexLock lock(mutex_);
  return SettingsNow(group);
}

void ControlRoom::NoteSettings(const LiveConfiguration::Wanted& wanted) {
  for (const control::SettingsGroup group : kAllGroups) {
    if (parts_.configuration.Touches(wanted, group)) {
      settings_generations_[static_cast<std::size_t>(group)] = generation_;
    }
  }
}

Result<control::Changed<control::SettingsState>> ControlRoom::UpdateSettings(
    const control::SettingsUpdate& update) {
  MutexLock turn(changing_);
  MutexLock lock(mutex_);
  control::Changed<control::SettingsState> changed{SettingsNow(update.group), {}};
  const Status current = CheckGeneration(update.expected_generation, changed.before.generation);
  if (!current) return tl::unexpected<Error>(current.error());
  const auto wanted = parts_.configuration.WithChanges(update);
  if (!wanted) return tl::unexpected<Error>(wanted.error());
  const auto effect = parts_.configuration.Take(*wanted, update.validate_only);
  if (!effect) return tl::unexpected<Error>(effect.error());
  const std::vector<std::string> doubts = DoubtsOf(*effect);
  if (update.validate_only) {
    changed.after = {LiveConfiguration::SettingsOf(*wanted, update.group),
                     changed.before.generation, doubts};
    return changed;
  }
  if (wanted->Changes()) ++generation_;
  NoteSettings(*wanted);
  NoteEndpoints(*effect);
  if (wanted->Changes("log")) TakeLogSettings(wanted->options);
  changed.after = SettingsNow(update.group);
  changed.after.warnings = doubts;
  return changed;
}

}  // namespace baton::app
