// A conductor on its own thread with workers behind it, over a real listening socket.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "server/api/version_handlers.h"
#include "server/app/conductor.h"
#include "server/app/served_directory.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"
#include "server/net/socket.h"
#include "server/serve/warm_up.h"
#include "server/serve/worker_pool.h"
#include "tests/app/sum_model.h"
#include "tests/support/sockets.h"

namespace baton::app {

// Serves until it is destroyed.
class ConductorHarness {
 public:
  ConductorHarness() {
    for (const api::Gateway::WarmUp& one : gateway_.warm_ups()) Warm(*one.endpoint, *one.handler);
    PublishSum();
    EXPECT_TRUE(pool_.Resize(1));
    Conductor::Options made;
    made.listening_fd = listening_.get();
    made.loop_metrics.shard = registry_.TakeShard();
    conductors_.push_back(std::make_unique<Conductor>(MakeShared(), std::move(made)));
    serving_.Tell([this](const Published& published) { conductors_.front()->Use(published); });
    thread_ = std::jthread([this] { conductors_.front()->Run(); });
  }
  ~ConductorHarness() {
    conductors_.front()->BeginDrain(Duration::zero(), Duration::zero());
    thread_.join();
  }

  std::uint16_t port() const { return net::LocalPort(listening_.get()); }
  control::Captures& captures() { return captures_; }

 private:
  static serve::EndpointPolicy Patient() {
    serve::EndpointPolicy patient;
    patient.default_budget = 3s;
    return patient;
  }
  void PublishSum() {
    api::CatalogueModel sum;
    sum.name = "sum";
    sum.endpoint = *endpoints_.Add("sum", serve::Endpoint::Kind::kModel);
    sum.versions.push_back(api::MakeServedVersion(std::make_shared<SumModel>(), {}, {}));
    sum.chosen = "1";
    std::map<std::string, api::CatalogueModel, std::less<>> models;
    models.emplace("sum", sum);
    serving_.SetCatalogue(api::Catalogue(std::move(models)));
    for (const auto* handler : {sum.versions[0]->infer.get(), sum.versions[0]->predict.get()}) {
      Warm(*sum.endpoint, *handler);
    }
  }
  void Warm(const serve::Endpoint& endpoint, const serve::Handler& handler) {
    const serve::WarmUpTimes times = serve::WarmUp(handler, 1, clock_);
    scheduler_.Warm(endpoint.index, times.single, times.full, true);
  }
  Shared MakeShared() {
    return {clock_,      gateway_,  directory_,       desk_,   nullptr,   files_,
            registry_,   listener_, session_options_, nullptr, is_ready_, places_,
            conductors_, 1024,      nullptr};
  }

  const SystemClock clock_;
  metrics::Registry registry_;
  UniqueFd listening_ = testing_support::ListenAnywhere();
  serve::Endpoints endpoints_{registry_};
  const ServedDirectory directory_{serving_, is_ready_, clock_, nullptr};
  const api::Gateway gateway_{endpoints_, directory_, std::make_shared<http::GzipCounts>(), {}};
  serve::PendingResponses pending_{1024};
  serve::Scheduler scheduler_{clock_, {}, endpoints_.size()};
  serve::Scheduler reserve_{clock_, {}, endpoints_.size()};
  ServingState serving_{endpoints_, scheduler_, reserve_, Patient()};
  serve::MissRing misses_;
  control::Captures captures_;
  const DeskParts desk_{pending_, scheduler_, reserve_, misses_, nullptr, nullptr, &captures_};
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
