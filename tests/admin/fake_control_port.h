// A control port over plain values, which keeps the contract and remembers what was counted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/control/captures.h"
#include "server/control/control_port.h"
#include "server/control/operation_book.h"
#include "server/control/status_feed.h"

namespace baton::admin {

// Starts with a pool of 2 workers, generation 1, and the endpoints "digits" and "tumour" (models,
// 50 ms of 10 s) and "reverse" (a route). Of tumour 64 runs are known. There are two misses: of
// tumour, which expired while it ran, and before it one of digits, which was refused. Of the models
// tumour has version 1, which answers, and version 2, which failed to load; digits is unloaded. The
// configuration says 2 workers; a reload finds 3 of them, and another policy.
//
// Threads: any.
class FakeControlPort final : public control::ControlPort {
 public:
  FakeControlPort();

  control::ServerState GetServer() const override;
  control::StatusFeed& status_feed() override { return feed_; }
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
  // Of "digits", "tumour" and all.
  Result<std::unique_ptr<control::CaptureReader>> BeginCapture(const control::CaptureAsk& ask,
                                                               const control::Caller& caller,
                                                               std::function<void()> told) override;
  // Where a test plays clients, and what time it is: captures begin at 0.
  control::Captures& captures() { return captures_; }
  control::ConfigurationState GetConfiguration() const override;
  std::vector<control::ConfiguredValue> ListConfiguration() const override;
  Result<control::ConfigurationChange> ReloadConfiguration(
      const control::ConfigurationReload& reload) override;
  Result<control::Changed<control::DrainState>> SetDrained(bool drained) override;
  // Limits: "idle_time" of 75s, and "body_bytes", which needs a restart. Others have none. A value
  // "wrong" is, and "1s" is doubtful.
  control::SettingsState GetSettings(control::SettingsGroup group) const override;
  Result<control::Changed<control::SettingsState>> UpdateSettings(
      const control::SettingsUpdate& update) override;
  std::vector<control::ListenerFigures> ListListeners() const override;
  // Numbers 1 to 5 of conductor 0; conductor 1 does not answer.
  control::ConnectionList ListConnections(const control::ConnectionQuery& query) override;
  Result<control::ConnectionState> CloseConnection(const control::ConnectionClose& close) override;
  void CountRpc(const std::string& method, const std::string& code, Duration took) override;

  // Resume fails with it.
  void SetStopping();
  void SetReady(bool ready);
  // Reloads fail with it.
  void RefuseConfiguration(const std::string& reason);
  // "METHOD CODE" of each call that was counted, in order.
  std::vector<std::string> Counted() const;

  // Changes of models go on until EndChanges, from now on.
  void HoldChanges();
  void EndChanges();

 private:
  Status CheckGeneration(const std::optional<control::Generation>& expected) const
      BATON_REQUIRES(mutex_);

  control::StatusFeed feed_;
  control::Captures captures_;
  control::OperationBook operations_{[] { return std::int64_t{1'700'000'000'000}; }};

  mutable Mutex mutex_;
  bool holds_ BATON_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> held_ BATON_GUARDED_BY(mutex_);
  bool ready_ BATON_GUARDED_BY(mutex_) = true;
  bool drained_ BATON_GUARDED_BY(mutex_) = false;
  bool stopping_ BATON_GUARDED_BY(mutex_) = false;
  control::Generation generation_ BATON_GUARDED_BY(mutex_) = 1;
  control::PoolState pool_ BATON_GUARDED_BY(mutex_);
  std::vector<control::EndpointState> endpoints_ BATON_GUARDED_BY(mutex_);
  std::vector<control::ModelState> models_ BATON_GUARDED_BY(mutex_);
  control::ConfigurationState configuration_ BATON_GUARDED_BY(mutex_);
  std::string refusal_ BATON_GUARDED_BY(mutex_);
  std::vector<std::string> counted_ BATON_GUARDED_BY(mutex_);
  std::string idle_time_ BATON_GUARDED_BY(mutex_) = "75s";
  std::string log_level_ BATON_GUARDED_BY(mutex_) = "info";
};

}  // namespace baton::admin
