// A conductor on its own thread with workers behind it, over a real listening socket.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/app/conductor.h"
#include "server/base/clock.h"
#include "server/net/socket.h"
#include "server/serve/warm_up.h"
#include "server/serve/worker_pool.h"
#include "tests/support/sockets.h"

namespace baton::app {

// Answers with the sum of its inputs' only tensor, of four floats.
class SumModel final : public models::Model {
 public:
  SumModel() {
    info_.name = "sum";
    info_.version = "1";
    info_.platform = "test";
    info_.inputs = {{"x", models::DataType::kFp32, {1, 4}}};
    info_.outputs = {{"y", models::DataType::kFp32, {1}}};
  }
  const models::ModelInfo& info() const override { return info_; }
  Result<std::vector<models::Tensor>> Predict(std::span<const models::Tensor> inputs,
                                              std::span<const std::string> /*wanted*/,
                                              const std::stop_token& /*stop*/) const override {
    float sum = 0;
    for (const float value : inputs[0].As<float>()) sum += value;
    std::vector<models::Tensor> outputs(1);
    outputs[0].name = "y";
    outputs[0].shape = {1};
    outputs[0].raw.resize(sizeof(float));
    outputs[0].As<float>()[0] = sum;
    return outputs;
  }

 private:
  models::ModelInfo info_;
};

// Serves until it is destroyed.
class ConductorHarness {
 public:
  ConductorHarness() {
    scheduler_.SetPolicies(policies_);
    for (const api::Gateway::WarmUp& one : gateway_.warm_ups()) {
      const serve::WarmUpTimes times = serve::WarmUp(*one.handler, 1, clock_);
      scheduler_.Warm(one.endpoint->index, times.single, times.full, true);
    }
    EXPECT_TRUE(pool_.Resize(1));
    Conductor::Options made;
    made.listening_fd = listening_.get();
    made.loop_metrics.shard = registry_.TakeShard();
    made.policies = policies_;
    conductors_.push_back(std::make_unique<Conductor>(MakeShared(), std::move(made)));
    thread_ = std::jthread([this] { conductors_.front()->Run(); });
  }
  ~ConductorHarness() {
    conductors_.front()->BeginDrain(Duration::zero(), Duration::zero());
    thread_.join();
  }

  std::uint16_t port() const { return net::LocalPort(listening_.get()); }

 private:
  static models::ModelSet Models() {
    models::ModelSet set;
    set["sum"] = {"sum", {{std::make_shared<SumModel>(), Duration::zero()}}};
    return set;
  }
  std::vector<serve::EndpointPolicy> Policies() const {
    serve::EndpointPolicy patient;
    patient.default_budget = 3s;
    return std::vector(gateway_.endpoints().size(), patient);
  }
  Shared MakeShared() {
    return {clock_,  gateway_,  pending_, scheduler_,  reserve_,  fallbacks_,
            nullptr, files_,    misses_,  registry_,   listener_, session_options_,
            nullptr, is_ready_, places_,  conductors_, 1024};
  }

  const SystemClock clock_;
  metrics::Registry registry_;
  UniqueFd listening_ = testing_support::ListenAnywhere();
  const api::Gateway gateway_{Models(), registry_, {}};
  const std::vector<serve::EndpointPolicy> policies_ = Policies();
  serve::PendingResponses pending_{1024};
  serve::Scheduler scheduler_{clock_, {}, policies_.size()};
  serve::Scheduler reserve_{clock_, {}, policies_.size()};
  Fallbacks fallbacks_{policies_.size()};
  serve::MissRing misses_;
  const http::ListenerMetrics listener_ =
      http::ListenerMetrics::Make(registry_, "http", http::MakeParseErrorCounters(registry_));
  const http::StaticMetrics files_{registry_};
  const http::Session::Options session_options_;
  std::atomic<bool> is_ready_{true};
  net::ConnectionPlaces places_{64, 1};
  std::vector<std::unique_ptr<Conductor>> conductors_;
  // Before the conductor: a worker may still deliver to it.
  serve::WorkerPool pool_{scheduler_, pending_, clock_, registry_, {}};
  std::jthread thread_;
};

}  // namespace baton::app
