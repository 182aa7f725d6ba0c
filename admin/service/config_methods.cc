// The methods about the configuration.
#include <string>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/translate_config.h"
#include "server/control/endpoint_warnings.h"

namespace baton::admin {
namespace {

Status GetConfig(const Call& call, const v1::GetConfigRequest& request, v1::Config& response) {
  if (Status status = CheckConfigName(request.name()); !status) return status;
  Fill(call.control.GetConfiguration(), response);
  for (const control::ConfiguredValue& value : call.control.ListConfiguration()) {
    Fill(value, *response.add_values());
  }
  return {};
}

Status ReloadConfig(const Call& call, const v1::ReloadConfigRequest& request,
                    v1::ReloadConfigResponse& response) {
  const auto change = call.control.ReloadConfiguration(
      {.validate_only = request.validate_only(), .who = call.caller.ToText()});
  if (!change) return tl::unexpected(change.error());
  Fill(change->state, *response.mutable_config());
  for (const control::ConfigurationDifference& difference : change->differences) {
    Fill(difference, *response.add_differences());
  }
  if (request.validate_only()) return {};
  for (const control::EndpointState& endpoint : call.control.ListEndpoints()) {
    for (const std::string& warning : control::WarningsOf(endpoint)) {
      response.add_warnings(endpoint.name + ": " + warning);
    }
  }
  return {};
}

}  // namespace

void AddConfigMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["GetConfig"] = AnsweredBy(&GetConfig, control);
  methods["ReloadConfig"] = AnsweredBy(&ReloadConfig, control);
}

}  // namespace baton::admin
