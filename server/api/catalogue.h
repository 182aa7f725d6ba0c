// Which models and versions answer now, as one snapshot that never changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/plan.h"
#include "server/base/result.h"
#include "server/models/model.h"
#include "server/serve/endpoint.h"
#include "server/serve/handler.h"
#include "server/serve/response_cache.h"
#include "server/serve/version_books.h"

namespace baton::api {

// A version of a model that answers requests: the model with a handler for each format. Whoever
// holds the pointer keeps it loaded.
struct ServedVersion {
  ServedVersion();

  const std::uint64_t identity;  // never reused, unlike its number
  std::shared_ptr<const models::Model> model;
  std::unique_ptr<serve::Handler> infer;
  std::unique_ptr<serve::Handler> predict;
  std::unique_ptr<serve::Handler> grpc;  // null without gRPC
  mutable serve::VersionBooks books;

  const std::string& number() const { return model->info().version; }
  const serve::Handler* HandlerOf(BodyFormat format) const;
};

// One that does not answer: it loads, has failed, or was unloaded.
struct AbsentVersion {
  std::string number;
  std::string state;   // the protocol's: "LOADING", "UNAVAILABLE"
  std::string reason;  // empty, or why
};

// One model of a catalogue.
struct CatalogueModel {
  struct Canary {
    std::string number;
    double share = 0;  // of the requests without a version; 0 to 1
  };
  std::string name;
  const serve::Endpoint* endpoint = nullptr;
  bool is_required = false;  // the server is not ready while none of its versions answers
  std::vector<std::shared_ptr<const ServedVersion>> versions;  // ascending by number
  std::string chosen;  // the one that answers requests without a version; empty: none does
  std::optional<Canary> canary;
  std::map<std::string, std::string, std::less<>> labels;  // names for versions
  std::vector<AbsentVersion> absent;
  std::shared_ptr<serve::ResponseCache> cache;  // of all versions; null for none

  // By number or label; null when it does not answer.
  const std::shared_ptr<const ServedVersion>* Find(std::string_view version) const;
  // For a request without a version. Null when none answers.
  const std::shared_ptr<const ServedVersion>* Choose() const;
  bool IsAbsent(std::string_view version) const;  // it is known, and does not answer

  // How many requests without a version have come, to spread the canary's share.
  std::shared_ptr<std::atomic<std::uint64_t>> arrivals =
      std::make_shared<std::atomic<std::uint64_t>>(0);
};

// Whether a request without a version takes its turn in the share of a canary: once, however often
// it is looked at.
enum class CanaryTurn { kTakes, kLeaves };

// Threads: any. Published by replacing it whole.
class Catalogue {
 public:
  Catalogue() = default;
  explicit Catalogue(std::map<std::string, CatalogueModel, std::less<>> models)
      : models_(std::move(models)) {}

  const std::map<std::string, CatalogueModel, std::less<>>& models() const { return models_; }
  const CatalogueModel* Find(std::string_view name) const;
  // A required one of which no version answers; null when there is none.
  const CatalogueModel* MissingModel() const;

  // The version that runs a request. `version` is a number or a label; empty for the model's
  // choice. Errors: kNotFound for an unknown model or version, kUnavailable for one that is known
  // and does not answer.
  Result<std::shared_ptr<const ServedVersion>> Pick(std::string_view name,
                                                    std::string_view version) const;
  // As Pick, for who only looks: it takes no turn of a canary's.
  Result<std::shared_ptr<const ServedVersion>> Look(std::string_view name,
                                                    std::string_view version) const;
  // The whole plan of it in one format. Errors: as Pick.
  Result<Plan> PlanFor(std::string_view name, std::string_view version, BodyFormat format,
                       CanaryTurn turn = CanaryTurn::kTakes) const;

 private:
  std::map<std::string, CatalogueModel, std::less<>> models_;
};

}  // namespace baton::api
