// Reading it off the catalogue and the books of its versions.
#include "server/app/served_directory.h"

#include <chrono>
#include <utility>

#include "server/base/duration_text.h"
#include "server/base/percent_text.h"
#include "server/models/batch.h"

namespace baton::app {
namespace {

using Version = std::shared_ptr<const api::ServedVersion>;

api::CountedTime ToCounted(const serve::Tally& tally) { return {tally.count, tally.time}; }

}  // namespace

Result<api::ModelDescription> ServedDirectory::Describe(std::string_view name,
                                                        std::string_view version) const {
  const Published published = serving_.Now();
  const Result<Version> found = published.catalogue->Look(name, version);
  if (!found) return tl::unexpected(found.error());
  const api::CatalogueModel& model = *published.catalogue->Find(name);
  const models::ModelInfo& info = (*found)->model->info();
  const serve::EndpointPolicy& policy = (*published.policies)[model.endpoint->index];
  api::ModelDescription described;
  described.name = name;
  for (const Version& one : model.versions) described.versions.push_back(one->number());
  described.version = info.version;
  described.platform = info.platform;
  described.inputs = info.inputs;
  described.outputs = info.outputs;
  described.has_batch_dimension = models::HasBatchDimension(info);
  described.max_batch_size = static_cast<int>(policy.batch.max_size);
  described.batch_delay = policy.batch.max_delay;
  described.settings = {{"default_budget", FormatDuration(policy.default_budget)},
                        {"max_budget", FormatDuration(policy.max_budget)},
                        {"slo_target", FormatPercent(policy.slo_target)},
                        {"criticality", std::string(serve::ToText(policy.criticality))}};
  return described;
}

std::vector<api::ModelIndexEntry> ServedDirectory::Index() const {
  const Published published = serving_.Now();
  std::vector<api::ModelIndexEntry> entries;
  for (const auto& [name, model] : published.catalogue->models()) {
    for (const Version& version : model.versions) {
      entries.push_back({name, version->number(), "READY", {}});
    }
    for (const api::AbsentVersion& version : model.absent) {
      entries.push_back({name, version.number, version.state, version.reason});
    }
  }
  return entries;
}

api::VersionStatistics ServedDirectory::StatisticsOf(const std::string& model,
                                                     const api::ServedVersion& version) const {
  const serve::VersionTotals totals = version.books.Totals();
  api::VersionStatistics told;
  told.name = model;
  told.version = version.number();
  if (totals.last_inference != SteadyTime()) {
    const auto at = std::chrono::system_clock::now() - (clock_.Now() - totals.last_inference);
    told.last_inference_unix_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count());
  }
  told.inferences = totals.inferences;
  told.executions = totals.executions;
  told.success = ToCounted(totals.success);
  told.fail = ToCounted(totals.fail);
  told.queue = ToCounted(totals.queue);
  told.compute_input = ToCounted(totals.decode);
  told.compute_infer = ToCounted(totals.predict);
  told.compute_output = ToCounted(totals.encode);
  told.cache_hit = ToCounted(totals.cache_hit);
  told.cache_miss = ToCounted(totals.cache_miss);
  for (const auto& [size, batch] : totals.batches) {
    told.batches.push_back({size, {batch.executions, batch.times.predict}});
  }
  return told;
}

Result<std::vector<api::VersionStatistics>> ServedDirectory::Statistics(
    std::string_view name, std::string_view version) const {
  const Published published = serving_.Now();
  std::vector<api::VersionStatistics> all;
  if (!version.empty()) {
    const Result<Version> found = published.catalogue->Look(name, version);
    if (!found) return tl::unexpected(found.error());
    all.push_back(StatisticsOf(std::string(name), **found));
    return all;
  }
  const api::CatalogueModel* const wanted = published.catalogue->Find(name);
  if (!name.empty() && wanted == nullptr) {
    return tl::unexpected(published.catalogue->Look(name, version).error());
  }
  for (const auto& [model_name, model] : published.catalogue->models()) {
    if (wanted != nullptr && wanted != &model) continue;
    for (const Version& one : model.versions) all.push_back(StatisticsOf(model_name, *one));
  }
  return all;
}

}  // namespace baton::app
