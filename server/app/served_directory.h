// What is served, in the words of the data plane.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/api/catalogue.h"
#include "server/api/model_directory.h"
#include "server/app/serving_state.h"
#include "server/base/clock.h"

namespace baton::app {

// Threads: any.
class ServedDirectory final : public api::ModelDirectory {
 public:
  using Changes = std::function<void(const api::RepositoryChange&, api::RepositoryChanged)>;

  // Everything outlives it. Clients change no models without `changes`.
  ServedDirectory(const ServingState& serving, const std::atomic<bool>& is_ready,
                  const Clock& clock, Changes changes)
      : serving_(serving), is_ready_(is_ready), clock_(clock), changes_(std::move(changes)) {}

  bool IsReady() const override { return is_ready_; }
  Result<api::ModelDescription> Describe(std::string_view name,
                                         std::string_view version) const override;
  std::vector<api::ModelIndexEntry> Index() const override;
  Result<std::vector<api::VersionStatistics>> Statistics(std::string_view name,
                                                         std::string_view version) const override;
  bool AllowsChanges() const override { return changes_ != nullptr; }
  void Change(const api::RepositoryChange& change, api::RepositoryChanged done) const override {
    changes_(change, std::move(done));
  }

 private:
  api::VersionStatistics StatisticsOf(const std::string& model,
                                      const api::ServedVersion& version) const;

  const ServingState& serving_;
  const std::atomic<bool>& is_ready_;
  const Clock& clock_;
  const Changes changes_;
};

}  // namespace baton::app
