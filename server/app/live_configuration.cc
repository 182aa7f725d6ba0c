// Everything is looked at before anything is taken.
#include "server/app/live_configuration.h"

#include <algorithm>
#include <array>
#include <utility>

#include "server/app/cores.h"
#include "server/config/check.h"
#include "server/config/settings.h"
#include "server/config/text.h"
#include "server/models/checksums.h"

namespace baton::app {
namespace {

std::string HashOf(const config::Configuration& configuration) {
  return models::Sha256Of(config::ToJson(configuration, false));
}

tl::unexpected<Error> FailOf(const Error& error) { return tl::unexpected<Error>(error); }

}  // namespace

std::string_view ToText(LiveConfiguration::Outcome outcome) {
  constexpr std::array<std::string_view, LiveConfiguration::kOutcomes> kTexts = {
      "applied", "unchanged", "refused"};
  return kTexts[static_cast<std::size_t>(outcome)];
}

LiveConfiguration::LiveConfiguration(Parts parts, LoadedConfiguration started)
    : parts_(std::move(parts)),
      sources_(std::move(started.sources)),
      in_force_(std::move(started.configuration)) {
  MutexLock lock(mutex_);
  with_operators_ = in_force_;
  state_.hash = HashOf(in_force_);
  state_.loaded_unix_ms = parts_.unix_ms();
  state_.file = config::FileOf(sources_);
  figures_.loaded_unix_ms = state_.loaded_unix_ms;
}

bool LiveConfiguration::Wanted::Changes() const { return Changes(""); }

bool LiveConfiguration::Wanted::Changes(std::string_view key) const {
  return std::any_of(differences.begin(), differences.end(), [key](const auto& difference) {
    return !difference.needs_restart && (key.empty() || config::IsAtOrBelow(difference.key, key));
  });
}

Result<config::Configuration> LiveConfiguration::Read() const {
  auto loaded = config::Load(sources_);
  if (!loaded) return FailOf(loaded.error());
  // What needs a restart is to be right as well: it would keep the server from coming up again.
  const auto whole = ToStartOptions(loaded->configuration);
  if (!whole) return FailOf(whole.error());
  return std::move(loaded->configuration);
}

Result<LiveConfiguration::Wanted> LiveConfiguration::Compare(
    const Result<config::Configuration>& read) const {
  if (!read) return FailOf(read.error());
  MutexLock lock(mutex_);
  Wanted wanted;
  wanted.configuration = config::WithoutRestarts(in_force_, *read);
  wanted.differences = config::Differences(in_force_, *read);
  if (const Status sound = config::CheckWhole(wanted.configuration); !sound) {
    return FailOf(sound.error());
  }
  wanted.operators = operators_;
  for (const config::Difference& difference : wanted.differences) {
    wanted.operators.erase(difference.key);  // the sources have the last word
  }
  if (const Status sound = Complete(wanted); !sound) return FailOf(sound.error());
  return wanted;
}

Status LiveConfiguration::TakePool(const Wanted& wanted) {
  const int workers = wanted.options.server.workers;
  const int before = parts_.pool.size();
  Status resized = parts_.pool.Resize(workers > 0 ? workers : static_cast<int>(UsableCores()));
  if (!resized) static_cast<void>(parts_.pool.Resize(before));
  return resized;
}

// What cannot fail.
void LiveConfiguration::TakeTheRest(const Wanted& wanted) {
  const ServerOptions& options = wanted.options.server;
  if (wanted.Changes("models.watch")) parts_.models.SetWatching(options.watches_models);
  if (wanted.Changes("limits")) {
    parts_.scheduler.SetLimits(options.limits.admission);
    parts_.pending.SetLimit(options.limits.pending_requests);
  }
  if (wanted.Changes("tracing") && parts_.tracer != nullptr) {
    parts_.tracer->Use(options.tracing.sampling);
  }
  if (wanted.Changes("limits") || wanted.Changes("half_close")) {
    for (const auto& conductor : parts_.conductors) conductor->Use(options.Sessions());
  }
}

Result<LiveConfiguration::Effect> LiveConfiguration::Take(const Wanted& wanted,
                                                          bool validate_only) {
  const ServerOptions& options = wanted.options.server;
  Effect effect;
  effect.pool = wanted.Changes("workers");
  const int workers_before = parts_.pool.size();
  if (effect.pool && !validate_only) {
    if (const Status resized = TakePool(wanted); !resized) return FailOf(resized.error());
  }
  auto endpoints = parts_.endpoints.Replace(options.BasePolicy(), options.endpoints, validate_only);
  if (!endpoints) {
    if (effect.pool) static_cast<void>(parts_.pool.Resize(workers_before));
    return FailOf(endpoints.error());
  }
  effect.endpoints = *std::move(endpoints);
  if (validate_only) return effect;
  TakeTheRest(wanted);
  MutexLock lock(mutex_);
  in_force_ = wanted.configuration;
  operators_ = wanted.operators;
  with_operators_ = wanted.with_operators;
  state_.hash = HashOf(in_force_);
  return effect;
}

void LiveConfiguration::Note(Outcome outcome, control::Generation generation) {
  MutexLock lock(mutex_);
  ++figures_.reloads[static_cast<std::size_t>(outcome)];
  figures_.was_last_successful = outcome != Outcome::kRefused;
  if (outcome == Outcome::kRefused) return;
  if (outcome == Outcome::kApplied) state_.generation = generation;
  state_.loaded_unix_ms = parts_.unix_ms();
  figures_.loaded_unix_ms = state_.loaded_unix_ms;
}

control::ConfigurationState LiveConfiguration::state() const {
  MutexLock lock(mutex_);
  return state_;
}

std::vector<control::ConfiguredValue> LiveConfiguration::Values() const {
  MutexLock lock(mutex_);
  std::vector<control::ConfiguredValue> values;
  for (config::Value& value : config::ValuesOf(in_force_)) {
    values.push_back({std::move(value.key), std::move(value.text), std::move(value.origin),
                      value.needs_restart});
  }
  return values;
}

LiveConfiguration::Figures LiveConfiguration::figures() const {
  MutexLock lock(mutex_);
  return figures_;
}

}  // namespace baton::app
