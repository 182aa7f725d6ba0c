// Tables of models' versions.
#include "admin/ctl/model_output.h"

#include <cmath>
#include <vector>

#include "admin/ctl/table.h"
#include "admin/messages/model_words.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

std::string PercentText(double share) {
  return std::to_string(static_cast<int>(std::lround(share * 100))) + "%";
}

// What requests without a version it gets.
std::string TrafficText(const v1::Model& model, const std::string& version) {
  const bool has_canary = !model.canary_version().empty();
  if (version == model.canary_version()) return PercentText(model.canary_share());
  if (version != model.default_version()) return "-";
  return has_canary ? PercentText(1 - model.canary_share()) : "100%";
}

std::string LoadText(const v1::ModelVersion& version) {
  if (version.load_ms() <= 0) return "-";
  return FormatDuration(std::chrono::duration_cast<Duration>(
      std::chrono::microseconds(std::llround(version.load_ms() * 1000))));
}

void AddRows(const v1::Model& model, std::vector<Row>& rows) {
  const std::string name = model.name().substr(admin::kModelPrefix.size());
  for (const v1::ModelVersion& version : model.versions()) {
    rows.push_back({name, version.version(), admin::ToWord(version.state()),
                    version.answers() ? "yes" : "no", TrafficText(model, version.version()),
                    version.platform().empty() ? "-" : version.platform(), LoadText(version),
                    version.reason().empty() ? "-" : version.reason()});
  }
  if (model.versions().empty()) {
    rows.push_back(
        {name, "-", "-", "no", "-", "-", "-", model.reason().empty() ? "-" : model.reason()});
  }
}

template <typename Models>
std::string TableOf(const Models& models, const Look& look) {
  std::vector<Row> rows = {
      {"NAME", "VERSION", "STATE", "ANSWERS", "TRAFFIC", "PLATFORM", "LOADED_IN", "REASON"}};
  for (const v1::Model& model : models) AddRows(model, rows);
  return Columns(rows, look);
}

}  // namespace

std::string ToTable(const v1::Model& model, const Look& look) {
  return TableOf(std::vector<v1::Model>{model}, look);
}

std::string ToTable(const v1::ListModelsResponse& models, const Look& look) {
  return TableOf(models.models(), look);
}

std::string ToTable(const v1::ReloadModelsResponse& models, const Look& look) {
  return TableOf(models.models(), look);
}

}  // namespace baton::ctl
