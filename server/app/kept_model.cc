// States as words, and the catalogue's view of a model.
#include "server/app/kept_model.h"

#include <algorithm>
#include <functional>

namespace baton::app {
namespace {

// The protocol's word for what does not answer.
std::string_view ProtocolState(VersionState state) {
  return state == VersionState::kLoading ? "LOADING" : "UNAVAILABLE";
}

}  // namespace

std::string_view ToText(VersionState state) {
  switch (state) {
    case VersionState::kLoading: return "loading";
    case VersionState::kReady: return "ready";
    case VersionState::kFailed: return "failed";
    case VersionState::kUnloaded: return "unloaded";
  }
  return "";
}

bool KeptModel::AllAreReady(const std::vector<std::int64_t>& wanted) const {
  return std::all_of(wanted.begin(), wanted.end(), [this](std::int64_t number) {
    const auto version = versions.find(number);
    return version != versions.end() && version->second.state == VersionState::kReady;
  });
}

bool KeptModel::Answers(std::int64_t number) const {
  const auto version = versions.find(number);
  return version != versions.end() && version->second.served != nullptr;
}

bool KeptModel::WasTakenBack(std::int64_t number) const {
  const auto taken = taken_back.find(number);
  const auto version = versions.find(number);
  return taken != taken_back.end() && version != versions.end() &&
         version->second.loaded == taken->second;
}

models::Fingerprint FingerprintOf(const models::ScannedModel& model,
                                  const models::ScannedVersion& version) {
  const models::ModelConfig& config = model.config;
  std::string text = config.backend + (config.flattens_sequences ? "\nflatten" : "\n");
  for (const auto& [key, value] : config.parameters) {
    text.append("\n").append(key).append("\t").append(value);
  }
  for (const std::string& sample : config.warm_up) text += "\n" + sample;
  for (const auto& [output, labels] : config.labels) {
    text += "\n" + output;
    for (const std::string& label : labels) text += "\t" + label;
  }
  return version.fingerprint ^ std::hash<std::string>()(text);
}

Error ToError(const models::Problem& problem) { return {problem.code, problem.text, {}}; }

Error InConfig(const models::ScannedModel& model, const Error& error) {
  const std::string file = (model.folder / models::kConfigFile).string();
  return {error.code, file + ": " + error.message, error.field};
}

Error Placed(const models::ScannedModel& model, const Error& error) {
  const bool names_file = error.message.find(model.folder.string()) != std::string::npos;
  return names_file ? error : InConfig(model, error);
}

api::CatalogueModel ToCatalogue(const KeptModel& model) {
  api::CatalogueModel entry;
  entry.name = model.name;
  entry.endpoint = model.endpoint;
  entry.is_required = model.scanned.config.is_required;
  entry.arrivals = model.arrivals;
  entry.cache = model.cache;
  for (const auto& [number, version] : model.versions) {
    if (version.served) {
      entry.versions.push_back(version.served);
    } else {
      entry.absent.push_back(
          {std::to_string(number), std::string(ProtocolState(version.state)), version.reason});
    }
  }
  if (model.chosen != 0) entry.chosen = std::to_string(model.chosen);
  if (model.canary) {
    entry.canary = {std::to_string(model.canary->number), model.canary->config.share};
  }
  for (const auto& [label, number] : model.labels) entry.labels[label] = std::to_string(number);
  return entry;
}

control::ModelState ToState(const KeptModel& model) {
  control::ModelState state;
  state.name = model.name;
  state.reason = model.reason;
  if (model.chosen != 0) state.default_version = std::to_string(model.chosen);
  if (model.canary) {
    state.canary_version = std::to_string(model.canary->number);
    state.canary_share = model.canary->config.share;
  }
  for (const auto& [label, number] : model.labels) state.labels[label] = std::to_string(number);
  for (const auto& [number, version] : model.versions) {
    control::ModelVersionState one;
    one.version = std::to_string(number);
    one.state = ToText(version.state);
    one.reason = version.reason;
    one.answers = version.served != nullptr;
    if (version.served) one.platform = version.served->model->info().platform;
    one.load_time = version.load_time;
    state.versions.push_back(std::move(one));
  }
  return state;
}

}  // namespace baton::app
