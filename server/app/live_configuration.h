// The configuration that a server runs by, and what it takes of it when the sources are read again.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/app/conductor.h"
#include "server/app/configured_endpoints.h"
#include "server/app/model_keeper.h"
#include "server/app/start_options.h"
#include "server/base/mutex.h"
#include "server/base/result.h"
#include "server/config/configuration.h"
#include "server/config/differences.h"
#include "server/config/layers.h"
#include "server/control/control_port.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"
#include "server/serve/worker_pool.h"

namespace baton::app {

// What a configuration was loaded from, and what it says.
struct LoadedConfiguration {
  config::Sources sources;
  config::Configuration configuration;
};

// Threads: any; Compare, WithChanges and what is taken of them one at a time.
class LiveConfiguration {
 public:
  // Everything outlives it.
  struct Parts {
    ConfiguredEndpoints& endpoints;
    ModelKeeper& models;
    serve::WorkerPool& pool;
    serve::Scheduler& scheduler;
    serve::PendingResponses& pending;
    const std::vector<std::unique_ptr<Conductor>>& conductors;
    std::function<std::int64_t()> unix_ms;  // the wall clock
    trace::Tracer* tracer = nullptr;        // null: nobody is told of requests
  };
  LiveConfiguration(Parts parts, LoadedConfiguration started);

  using Texts = std::map<std::string, std::string, std::less<>>;  // of settings, by their keys

  // What the sources say now, beside what is in force.
  struct Wanted {
    config::Configuration configuration;  // what can be taken of it
    StartOptions options;                 // of that
    std::vector<config::Difference> differences;
    Texts operators;                       // what operators have said that holds beside it
    config::Configuration with_operators;  // all of it together

    // Whether anything is to be taken.
    bool Changes() const;
    bool Changes(std::string_view key) const;
  };
  // What the sources say now. Errors: kInvalidArgument with everything that is wrong, a line each.
  // Blocks on the disk; what is in force may change meanwhile.
  Result<config::Configuration> Read() const;
  // That, beside what is in force. Errors: the same, and those of `read`.
  Result<Wanted> Compare(const Result<config::Configuration>& read) const BATON_EXCLUDES(mutex_);

  // What operators change holds beside the configuration, until a reload says otherwise than the
  // one before (decision 0017). live_configuration_settings.cc
  // Errors: kInvalidArgument, kFailedPrecondition for what needs a restart; `field` is the key.
  Result<Wanted> WithChanges(const control::SettingsUpdate& update) const BATON_EXCLUDES(mutex_);
  // With the values in force, and with those of `wanted`.
  std::vector<control::SettingState> Settings(control::SettingsGroup group) const
      BATON_EXCLUDES(mutex_);
  static std::vector<control::SettingState> SettingsOf(const Wanted& wanted,
                                                       control::SettingsGroup group);
  // Whether taking `wanted` changes any of the group.
  static bool Touches(const Wanted& wanted, control::SettingsGroup group);

  // What taking it changes besides the configuration.
  struct Effect {
    bool pool = false;
    ConfiguredEndpoints::Policies endpoints;
  };
  // All of it but TakeLogSettings, or nothing: then the error says everything that is wrong.
  // `validate_only`: nothing in any case.
  Result<Effect> Take(const Wanted& wanted, bool validate_only) BATON_EXCLUDES(mutex_);

  // What became of a reload, for the books. `generation`: the server's, where it changed anything.
  enum class Outcome { kApplied, kUnchanged, kRefused };
  static constexpr std::size_t kOutcomes = 3;
  void Note(Outcome outcome, control::Generation generation) BATON_EXCLUDES(mutex_);

  control::ConfigurationState state() const BATON_EXCLUDES(mutex_);
  std::vector<control::ConfiguredValue> Values() const BATON_EXCLUDES(mutex_);
  struct Figures {
    std::array<std::uint64_t, kOutcomes> reloads{};
    bool was_last_successful = true;
    std::int64_t loaded_unix_ms = 0;
  };
  Figures figures() const BATON_EXCLUDES(mutex_);

 private:
  // Fills in what follows from the configuration and the operators' words. kInvalidArgument where
  // they do not go together.
  static Status Complete(Wanted& wanted);
  Status TakePool(const Wanted& wanted);
  void TakeTheRest(const Wanted& wanted);

  // Set once.
  const Parts parts_;
  const config::Sources sources_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  config::Configuration in_force_ BATON_GUARDED_BY(mutex_);
  Texts operators_ BATON_GUARDED_BY(mutex_);
  config::Configuration with_operators_ BATON_GUARDED_BY(mutex_);
  control::ConfigurationState state_ BATON_GUARDED_BY(mutex_);
  Figures figures_ BATON_GUARDED_BY(mutex_);
};

std::string_view ToText(LiveConfiguration::Outcome outcome);

}  // namespace baton::app
