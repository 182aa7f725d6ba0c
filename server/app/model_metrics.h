// The metrics of models' versions, which come and go.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "server/base/clock.h"
#include "server/metrics/registry.h"

namespace baton::app {

// Threads: one at a time.
class ModelMetrics {
 public:
  explicit ModelMetrics(metrics::Registry& registry) : registry_(registry) {}

  void NoteLoaded(const std::string& endpoint, const std::string& version,
                  const std::string& backend, Duration took);
  // `answers`: an older one of the same version does.
  void NoteFailed(const std::string& endpoint, const std::string& version, bool answers);
  // It does not answer any more.
  void NoteGone(const std::string& endpoint, const std::string& version);
  // It is not known any more: it leaves the exposition.
  void ForgetVersion(const std::string& endpoint, const std::string& version);
  void NoteCanaryTakenBack(const std::string& endpoint);

 private:
  struct Figures {
    std::atomic<double> ready{0};
    std::atomic<double> load_seconds{0};
    std::atomic<std::uint64_t> loaded{0};
    std::atomic<std::uint64_t> failed{0};
    std::string backend;  // under which it is shown; empty: not yet
  };
  Figures& Of(const std::string& endpoint, const std::string& version);
  // Of the endpoint's canaries; counted from 0 on when its first version is met.
  std::atomic<std::uint64_t>& TakenBackOf(const std::string& endpoint);
  void ShowBackend(const std::string& endpoint, const std::string& version, Figures& figures,
                   const std::string& backend);

  metrics::Registry& registry_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<Figures>> figures_;
  std::map<std::string, std::shared_ptr<std::atomic<std::uint64_t>>> taken_back_;
};

}  // namespace baton::app
