// A control port over plain values, which keeps the contract and remembers what was counted.
#pragma once

#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/control/control_port.h"

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
  control::PoolState GetPool() const override;
  Result<control::Changed<control::PoolState>> UpdatePool(
      const control::PoolUpdate& update) override;
  std::vector<control::EndpointState> ListEndpoints() const override;
  Result<control::EndpointState> GetEndpoint(const std::string& name) const override;
  Result<control::Changed<control::EndpointState>> UpdateEndpoint(
      const control::EndpointUpdate& update) override;
  Result<control::EndpointState> ResetEstimator(const std::string& name) override;
  Result<std::vector<control::MissState>> ListMisses(
      const control::MissQuery& query) const override;
  std::vector<control::ModelState> ListModels() const override;
  void ChangeModels(const control::ModelChange& change, control::ModelsChanged done) override;
  control::ConfigurationState GetConfiguration() const override;
  std::vector<control::ConfiguredValue> ListConfiguration() const override;
  Result<control::ConfigurationChange> ReloadConfiguration(
      const control::ConfigurationReload& reload) override;
  void CountRpc(const std::string& method, const std::string& code, Duration took) override;

  void SetReady(bool ready);
  // Reloads fail with it.
  void RefuseConfiguration(const std::string& reason);
  // "METHOD CODE" of each call that was counted, in order.
  std::vector<std::string> Counted() const;

 private:
  Status CheckGeneration(const std::optional<control::Generation>& expected) const
      BATON_REQUIRES(mutex_);

  mutable Mutex mutex_;
  bool ready_ BATON_GUARDED_BY(mutex_) = true;
  control::Generation generation_ BATON_GUARDED_BY(mutex_) = 1;
  control::PoolState pool_ BATON_GUARDED_BY(mutex_);
  std::vector<control::EndpointState> endpoints_ BATON_GUARDED_BY(mutex_);
  std::vector<control::ModelState> models_ BATON_GUARDED_BY(mutex_);
  control::ConfigurationState configuration_ BATON_GUARDED_BY(mutex_);
  std::string refusal_ BATON_GUARDED_BY(mutex_);
  std::vector<std::string> counted_ BATON_GUARDED_BY(mutex_);
};

}  // namespace baton::admin
