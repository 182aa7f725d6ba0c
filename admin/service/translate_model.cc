// Models as messages.
#include "admin/service/translate_model.h"

#include <string_view>

#include "baton/admin/v1/model.pb.h"

#include "admin/messages/model_words.h"
#include "server/base/clock.h"

namespace baton::admin {

void Fill(const control::ModelState& state, v1::Model& model) {
  model.set_name(std::string(kModelPrefix) + state.name);
  for (const control::ModelVersionState& version : state.versions) {
    v1::ModelVersion& added = *model.add_versions();
    added.set_version(version.version);
    added.set_state(ToVersionState(version.state));
    added.set_reason(version.reason);
    added.set_answers(version.answers);
    added.set_platform(version.platform);
    added.set_load_ms(ToMillis(version.load_time));
  }
  model.set_default_version(state.default_version);
  model.set_canary_version(state.canary_version);
  model.set_canary_share(state.canary_share);
  model.set_reason(state.reason);
}

Result<std::string> ToModelName(const std::string& resource_name) {
  if (resource_name.starts_with(kModelPrefix) && resource_name.size() > kModelPrefix.size()) {
    return resource_name.substr(kModelPrefix.size());
  }
  return Fail(ErrorCode::kInvalidArgument,
              "name: expected a name such as \"models/tumour\", got \"" + resource_name + "\"",
              "name");
}

}  // namespace baton::admin
