// The configuration as the admin schema tells of it.
#include "admin/service/translate_config.h"

#include <string_view>

#include "baton/admin/v1/config.pb.h"

namespace baton::admin {
namespace {

constexpr std::string_view kConfigName = "config";

}  // namespace

void Fill(const control::ConfigurationState& state, v1::Config& config) {
  config.set_name(std::string(kConfigName));
  config.set_generation(state.generation);
  config.set_hash(state.hash);
  config.set_loaded_unix_ms(state.loaded_unix_ms);
  config.set_file(state.file);
}

void Fill(const control::ConfiguredValue& value, v1::ConfigValue& told) {
  told.set_key(value.key);
  told.set_value(value.value);
  told.set_origin(value.origin);
  told.set_needs_restart(value.needs_restart);
}

void Fill(const control::ConfigurationDifference& difference, v1::ConfigDifference& told) {
  told.set_key(difference.key);
  told.set_before(difference.before);
  told.set_after(difference.after);
  told.set_origin(difference.origin);
  told.set_needs_restart(difference.needs_restart);
}

Status CheckConfigName(const std::string& name) {
  if (name.empty() || name == kConfigName) return {};
  return Fail(ErrorCode::kNotFound,
              "name: there is one configuration, \"config\"; got \"" + name + "\"", "name");
}

}  // namespace baton::admin
