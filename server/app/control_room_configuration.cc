// The configuration, read again.
#include <algorithm>
#include <utility>

#include "server/app/budget_doubts.h"
#include "server/app/control_room.h"
#include "server/base/log.h"

namespace baton::app {
namespace {

using Outcome = LiveConfiguration::Outcome;

constexpr std::size_t kLongestLogged = 256;
constexpr std::size_t kLongestReason = std::size_t{16} << 10;
constexpr std::size_t kLongestAnswer = std::size_t{4} << 10;  // an error travels in a header

std::string Shortened(std::string text, std::size_t longest) {
  if (text.size() <= longest) return text;
  const std::string size = std::to_string(text.size());
  text.resize(longest);
  return text + "... (" + size + " bytes)";
}

// What does not fit is left out by whole lines.
std::string FirstLines(const std::string& text, std::size_t longest) {
  if (text.size() <= longest) return text;
  const std::size_t end = std::max<std::size_t>(text.rfind('\n', longest), 1);
  const auto left = std::count(text.begin() + static_cast<std::ptrdiff_t>(end), text.end(), '\n');
  return text.substr(0, std::min(end, longest)) + "\n... and " + std::to_string(left) + " more";
}

void LogDifference(const config::Difference& difference) {
  const std::string before = Shortened(difference.before, kLongestLogged);
  const std::string after = Shortened(difference.after, kLongestLogged);
  const std::initializer_list<LogField> fields = {
      {"key", difference.key}, {"before", before}, {"after", after}, {"origin", difference.origin}};
  if (difference.needs_restart) {
    Log(LogLevel::kWarning, "config_needs_restart", fields);
  } else {
    LogAlways("config_changed", fields);
  }
}

void LogTaken(const LiveConfiguration::Wanted& wanted, const std::string& who,
              const control::ConfigurationState& state) {
  for (const config::Difference& difference : wanted.differences) LogDifference(difference);
  const auto waiting = std::count_if(wanted.differences.begin(), wanted.differences.end(),
                                     [](const auto& one) { return one.needs_restart; });
  LogAlways(wanted.Changes() ? "config_applied" : "config_unchanged",
            {{"who", who},
             {"file", state.file},
             {"generation", state.generation},
             {"hash", state.hash},
             {"needs_restart", static_cast<std::int64_t>(waiting)}});
}

std::vector<control::ConfigurationDifference> ToControl(
    const std::vector<config::Difference>& differences) {
  std::vector<control::ConfigurationDifference> told;
  told.reserve(differences.size());
  for (const config::Difference& one : differences) {
    told.push_back({one.key, one.before, one.after, one.origin, one.needs_restart});
  }
  return told;
}

}  // namespace

control::ConfigurationState ControlRoom::GetConfiguration() const {
  return parts_.configuration.state();
}

std::vector<control::ConfiguredValue> ControlRoom::ListConfiguration() const {
  return parts_.configuration.Values();
}

Result<control::ConfigurationChange> ControlRoom::ReloadConfiguration(
    const control::ConfigurationReload& reload) {
  MutexLock turn(reloading_);
  const auto sources = parts_.configuration.Read();
  MutexLock change(changing_);
  const auto wanted = parts_.configuration.Compare(sources);
  std::vector<std::string> doubts;
  const Status taken = wanted ? TakeConfiguration(*wanted, reload.validate_only, doubts)
                              : tl::unexpected<Error>(wanted.error());
  if (!taken) {
    const std::string& reason = taken.error().message;
    if (!reload.validate_only) {
      parts_.configuration.Note(Outcome::kRefused, 0);
      Log(LogLevel::kError, "config_refused",
          {{"who", reload.who}, {"reason", FirstLines(reason, kLongestReason)}});
    }
    return Fail(ErrorCode::kInvalidArgument, FirstLines(reason, kLongestAnswer));
  }
  control::ConfigurationChange told{parts_.configuration.state(), ToControl(wanted->differences)};
  if (reload.validate_only) return told;
  LogTaken(*wanted, reload.who, told.state);
  LogDoubts(doubts);
  if (wanted->Changes("log")) TakeLogSettings(wanted->options);  // those lines are out
  return told;
}

Status ControlRoom::TakeConfiguration(const LiveConfiguration::Wanted& wanted, bool validate_only,
                                      std::vector<std::string>& doubts) {
  MutexLock lock(mutex_);
  const auto effect = parts_.configuration.Take(wanted, validate_only);
  if (!effect) return tl::unexpected<Error>(effect.error());
  if (validate_only) return {};
  const bool changes = wanted.Changes();
  if (changes) ++generation_;
  NoteSettings(wanted);
  if (effect->pool) pool_generation_ = generation_;
  NoteEndpoints(*effect);
  doubts = DoubtsOf(*effect);
  parts_.configuration.Note(changes ? Outcome::kApplied : Outcome::kUnchanged, generation_);
  return {};
}

}  // namespace baton::app
