// What an operator's call does to the running server: the one implementation of
// control::ControlPort.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/app/conductor.h"
#include "server/app/cores.h"
#include "server/app/grpc_listeners.h"
#include "server/app/live_configuration.h"
#include "server/app/model_keeper.h"
#include "server/app/readiness.h"
#include "server/app/serving_state.h"
#include "server/base/mutex.h"
#include "server/control/captures.h"
#include "server/control/control_port.h"
#include "server/control/operation_book.h"
#include "server/control/status_feed.h"
#include "server/metrics/registry.h"
#include "server/serve/endpoints.h"
#include "server/serve/miss_ring.h"
#include "server/serve/pending_responses.h"
#include "server/serve/scheduler.h"
#include "server/serve/worker_pool.h"

namespace baton::app {

// Threads: any. Updates take turns; nothing here waits for the data plane.
class ControlRoom final : public control::ControlPort {
 public:
  // Everything outlives the control room. `conductors` and both kinds of listeners are filled
  // before the first call.
  struct Parts {
    const Clock& clock;
    metrics::Registry& registry;
    const serve::Endpoints& endpoints;
    ServingState& serving;
    ModelKeeper& models;
    serve::PendingResponses& pending;
    serve::Scheduler& scheduler;
    serve::Scheduler& reserve;
    serve::WorkerPool& pool;
    const serve::MissRing& misses;
    LiveConfiguration& configuration;
    control::StatusFeed& feed;
    control::Captures& captures;
    const std::vector<std::unique_ptr<Conductor>>& conductors;
    const GrpcListeners& grpc_listeners;
    const std::vector<control::ListenerState>& listeners;
    Readiness& readiness;
    // Fills in what is known of the listener that has the name.
    std::function<void(control::ListenerFigures&)> tell_listener;
    const std::atomic<bool>& is_ready;
    const std::atomic<bool>& is_draining;
  };

  explicit ControlRoom(const Parts& parts);
  ~ControlRoom() override;

  control::ServerState GetServer() const override;
  control::StatusFeed& status_feed() override { return parts_.feed; }
  control::PoolState GetPool() const override;
  Result<control::Changed<control::PoolState>> UpdatePool(
      const control::PoolUpdate& update) override;
  std::vector<control::EndpointState> ListEndpoints() const override;
  Result<control::EndpointState> GetEndpoint(const std::string& name) const override;
  Result<control::Changed<control::EndpointState>> UpdateEndpoint(
      const control::EndpointUpdate& update) override;
  Result<control::Changed<control::EndpointState>> ResetEstimator(const std::string& name) override;
  Result<std::vector<control::MissState>> ListMisses(
      const control::MissQuery& query) const override;
  std::vector<control::ModelState> ListModels() const override;
  void ChangeModels(const control::ModelChange& change, control::ModelsChanged done) override;
  control::OperationBook& Operations() override { return operations_; }
  Result<std::unique_ptr<control::CaptureReader>> BeginCapture(const control::CaptureAsk& ask,
                                                               const control::Caller& caller,
                                                               std::function<void()> told) override;
  control::ConfigurationState GetConfiguration() const override;
  std::vector<control::ConfiguredValue> ListConfiguration() const override;
  Result<control::ConfigurationChange> ReloadConfiguration(
      const control::ConfigurationReload& reload) override;
  // control_room_drain.cc
  Result<control::Changed<control::DrainState>> SetDrained(bool drained) override;
  // control_room_settings.cc
  control::SettingsState GetSettings(control::SettingsGroup group) const override;
  Result<control::Changed<control::SettingsState>> UpdateSettings(
      const control::SettingsUpdate& update) override;
  // control_room_connections.cc
  std::vector<control::ListenerFigures> ListListeners() const override;
  control::ConnectionList ListConnections(const control::ConnectionQuery& query) override;
  Result<control::ConnectionState> CloseConnection(const control::ConnectionClose& close) override;
  void CountRpc(const std::string& method, const std::string& code, Duration took) override;

  // Ends what has lasted long enough, and tells those who wait: to be called every now and then.
  void LookAround(SteadyTime now);

  control::Generation generation() const { return generation_; }

 private:
  static Status CheckGeneration(const std::optional<control::Generation>& expected,
                                control::Generation current);
  control::SettingsState SettingsNow(control::SettingsGroup group) const BATON_REQUIRES(mutex_);
  // What a change that was taken has done to the groups. Requires: generation_ is the change's.
  void NoteSettings(const LiveConfiguration::Wanted& wanted) BATON_REQUIRES(mutex_);
  control::DrainState DrainNow() const BATON_REQUIRES(mutex_);
  control::PoolState PoolNow() const BATON_REQUIRES(mutex_);
  control::EndpointState StateOf(const serve::Endpoint& endpoint) const BATON_REQUIRES(mutex_);
  control::Generation GenerationOf(const serve::Endpoint& endpoint) const BATON_REQUIRES(mutex_);
  // The generation in force has made the policies of those.
  void NoteEndpoints(const LiveConfiguration::Effect& effect) BATON_REQUIRES(mutex_);
  // What is doubtful about those, with the policies that they get, a sentence each.
  std::vector<std::string> DoubtsOf(const LiveConfiguration::Effect& effect) const
      BATON_REQUIRES(mutex_);
  // `doubts`: what is doubtful about the endpoints that have changed.
  Status TakeConfiguration(const LiveConfiguration::Wanted& wanted, bool validate_only,
                           std::vector<std::string>& doubts) BATON_EXCLUDES(mutex_);
  const serve::Endpoint* Find(const std::string& name) const;
  std::uint64_t Sum(const serve::Endpoint& endpoint, bool misses_only) const;
  struct RpcBooks {
    metrics::Counter calls;
    metrics::Histogram duration;
  };
  // The children of a method and code, made when they are asked for first.
  RpcBooks BooksOf(const std::string& method, const std::string& code) BATON_REQUIRES(mutex_);

  // Set once.
  const Parts parts_;
  const SteadyTime started_;

  // Any thread.
  control::OperationBook operations_;

  // Questions that each conductor has not answered yet; shared with the answers, which may come
  // when this has gone.
  using Unanswered = std::array<std::atomic<int>, kMostConductors>;
  const std::shared_ptr<Unanswered> unanswered_ = std::make_shared<Unanswered>();

  // Reloads take turns, reading their sources as well: held before the next one.
  Mutex reloading_;
  // Changes of the configuration take turns: held from what they are compared with until they are
  // in force, before mutex_.
  Mutex changing_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  // Which generation made an endpoint's policy, by index. What the keeper has changed since is
  // found out by its revision, when somebody looks.
  struct Made {
    std::uint64_t revision = 0;
    control::Generation generation = 1;
  };
  mutable std::map<std::size_t, Made> made_ BATON_GUARDED_BY(mutex_);
  control::Generation pool_generation_ BATON_GUARDED_BY(mutex_) = 1;
  std::array<control::Generation, control::kSettingsGroups> settings_generations_
      BATON_GUARDED_BY(mutex_) = {1, 1, 1};
  // By method and code.
  std::map<std::pair<std::string, std::string>, RpcBooks> rpcs_ BATON_GUARDED_BY(mutex_);
  metrics::Shard* const shard_;

  // Any thread (atomic).
  mutable std::atomic<control::Generation> generation_{1};
};

}  // namespace baton::app
