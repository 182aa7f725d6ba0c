// Children are added when a version is first met, and removed with its model.
#include "server/app/model_metrics.h"

namespace baton::app {
namespace {

metrics::Labels LabelsOf(const std::string& endpoint, const std::string& version) {
  return {{"endpoint", endpoint}, {"version", version}};
}

metrics::Labels WithResult(metrics::Labels labels, const char* result) {
  labels.emplace_back("result", result);
  return labels;
}

}  // namespace

std::atomic<std::uint64_t>& ModelMetrics::TakenBackOf(const std::string& endpoint) {
  auto& count = taken_back_[endpoint];
  if (count) return *count;
  count = std::make_shared<std::atomic<std::uint64_t>>(0);
  registry_.AddCounterFunction("baton_canary_rollbacks_total",
                               "Canaries that lost their share of the requests for being worse.",
                               {{"endpoint", endpoint}},
                               [count] { return static_cast<double>(count->load()); });
  return *count;
}

ModelMetrics::Figures& ModelMetrics::Of(const std::string& endpoint, const std::string& version) {
  std::shared_ptr<Figures>& figures = figures_[{endpoint, version}];
  if (figures) return *figures;
  figures = std::make_shared<Figures>();
  TakenBackOf(endpoint);
  const metrics::Labels labels = LabelsOf(endpoint, version);
  registry_.AddGauge("baton_model_ready",
                     "1 while the version answers requests, also while a newer load of it fails.",
                     labels, [figures] { return figures->ready.load(); });
  registry_.AddGauge("baton_model_load_duration_seconds",
                     "How long the last load of the version took that succeeded, warm-up included.",
                     labels, [figures] { return figures->load_seconds.load(); });
  registry_.AddCounterFunction("baton_model_loads_total",
                               "Loads of the version, by how they ended.", WithResult(labels, "ok"),
                               [figures] { return static_cast<double>(figures->loaded.load()); });
  registry_.AddCounterFunction("baton_model_loads_total",
                               "Loads of the version, by how they ended.",
                               WithResult(labels, "failed"),
                               [figures] { return static_cast<double>(figures->failed.load()); });
  return *figures;
}

void ModelMetrics::ShowBackend(const std::string& endpoint, const std::string& version,
                               Figures& figures, const std::string& backend) {
  if (figures.backend == backend) return;
  metrics::Labels labels = LabelsOf(endpoint, version);
  if (!figures.backend.empty()) {
    labels.emplace_back("backend", figures.backend);
    registry_.RemoveChild("baton_model_info", labels);
    labels.pop_back();
  }
  figures.backend = backend;
  if (backend.empty()) return;
  labels.emplace_back("backend", backend);
  registry_.AddGauge("baton_model_info", "Always 1; says what runs the version.", labels,
                     [] { return 1.0; });
}

void ModelMetrics::NoteLoaded(const std::string& endpoint, const std::string& version,
                              const std::string& backend, Duration took) {
  Figures& figures = Of(endpoint, version);
  figures.ready = 1;
  figures.load_seconds = ToSeconds(took);
  ++figures.loaded;
  ShowBackend(endpoint, version, figures, backend);
}

void ModelMetrics::NoteFailed(const std::string& endpoint, const std::string& version,
                              bool answers) {
  Figures& figures = Of(endpoint, version);
  figures.ready = answers ? 1 : 0;
  ++figures.failed;
}

void ModelMetrics::NoteGone(const std::string& endpoint, const std::string& version) {
  Of(endpoint, version).ready = 0;
}

void ModelMetrics::ForgetVersion(const std::string& endpoint, const std::string& version) {
  const auto entry = figures_.find({endpoint, version});
  if (entry == figures_.end()) return;
  const metrics::Labels labels = LabelsOf(endpoint, version);
  ShowBackend(endpoint, version, *entry->second, {});
  registry_.RemoveChild("baton_model_ready", labels);
  registry_.RemoveChild("baton_model_load_duration_seconds", labels);
  registry_.RemoveChild("baton_model_loads_total", WithResult(labels, "ok"));
  registry_.RemoveChild("baton_model_loads_total", WithResult(labels, "failed"));
  figures_.erase(entry);
}

void ModelMetrics::NoteCanaryTakenBack(const std::string& endpoint) { ++TakenBackOf(endpoint); }

}  // namespace baton::app
