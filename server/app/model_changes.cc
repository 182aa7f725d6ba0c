// States as texts that are compared.
#include "server/app/model_changes.h"

#include <map>
#include <string_view>

#include "server/base/json_writer.h"
#include "server/base/log.h"

namespace baton::app {

std::string TextOf(const control::ModelState& model) {
  std::string text;
  const auto add = [&text](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += ' ';
    text.append(key).append("=").append(value);
  };
  for (const control::ModelVersionState& version : model.versions) {
    add(version.version, version.state);
  }
  add("default", model.default_version);
  if (!model.canary_version.empty()) {
    std::string canary = model.canary_version + "@";
    AppendJsonNumber(canary, model.canary_share);
    add("canary", canary);
  }
  for (const auto& [label, version] : model.labels) add(label, version);
  return text;
}

std::vector<ModelDifference> DifferencesOf(const std::vector<control::ModelState>& before,
                                           const std::vector<control::ModelState>& after) {
  std::map<std::string, ModelDifference> all;
  for (const control::ModelState& model : before) all[model.name].before = TextOf(model);
  for (const control::ModelState& model : after) all[model.name].after = TextOf(model);
  std::vector<ModelDifference> differences;
  for (auto& [name, difference] : all) {
    difference.model = name;
    if (difference.before != difference.after) differences.push_back(difference);
  }
  return differences;
}

void LogModelChanges(const std::vector<control::ModelState>& before,
                     const std::vector<control::ModelState>& after, const std::string& who) {
  for (const ModelDifference& one : DifferencesOf(before, after)) {
    LogAlways("model_changed",
              {{"who", who}, {"model", one.model}, {"before", one.before}, {"after", one.after}});
  }
}

}  // namespace baton::app
