// The methods about endpoints and their misses.
#include <string>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/paging.h"
#include "admin/service/translate_endpoint.h"
#include "server/base/duration_text.h"
#include "server/base/log.h"

namespace baton::admin {
namespace {

Status ListEndpoints(const Call& call, const v1::ListEndpointsRequest& request,
                     v1::ListEndpointsResponse& response) {
  Result<Page<control::EndpointState>> page =
      TakePage(call.control.ListEndpoints(), request.page_size(), request.page_token());
  if (!page) return tl::unexpected(page.error());
  for (const control::EndpointState& endpoint : page->items) {
    Fill(endpoint, *response.add_endpoints());
  }
  response.set_next_page_token(std::move(page->next_token));
  return {};
}

Status GetEndpoint(const Call& call, const v1::GetEndpointRequest& request,
                   v1::Endpoint& response) {
  const Result<std::string> name = ToEndpointName(request.name(), "name");
  if (!name) return tl::unexpected(name.error());
  const Result<control::EndpointState> endpoint = call.control.GetEndpoint(*name);
  if (!endpoint) return tl::unexpected(endpoint.error());
  Fill(*endpoint, response);
  return {};
}

Status UpdateEndpoint(const Call& call, const v1::UpdateEndpointRequest& request,
                      v1::Endpoint& response) {
  const Result<control::EndpointUpdate> update = ToUpdate(request);
  if (!update) return tl::unexpected(update.error());
  const auto changed = call.control.UpdateEndpoint(*update);
  if (!changed) return tl::unexpected(changed.error());
  if (!update->validate_only) {
    Audit(call, request.endpoint().name(), TextsOf(*changed), changed->after.generation);
  }
  Fill(changed->after, response);
  FillChanges(*changed, response);
  if (update->validate_only) return {};
  for (const std::string& warning : response.warnings()) {
    Log(LogLevel::kWarning, "doubtful_setting",
        {{"endpoint", changed->after.name}, {"warning", warning}});
  }
  return {};
}

std::string TextOf(const control::EstimateState& estimate) {
  if (estimate.samples == 0) return "samples=0";
  return "samples=" + std::to_string(estimate.samples) + " mean=" + FormatDuration(estimate.mean) +
         " q50=" + FormatDuration(estimate.q50) + " q95=" + FormatDuration(estimate.q95) +
         " q99=" + FormatDuration(estimate.q99);
}

Status ResetEstimator(const Call& call, const v1::ResetEstimatorRequest& request,
                      v1::Endpoint& response) {
  const Result<std::string> name = ToEndpointName(request.name(), "name");
  if (!name) return tl::unexpected(name.error());
  const auto changed = call.control.ResetEstimator(*name);
  if (!changed) return tl::unexpected(changed.error());
  LogAlways("estimator_reset", {{"who", call.caller.ToText()},
                                {"endpoint", *name},
                                {"before", TextOf(changed->before.estimate)},
                                {"after", TextOf(changed->after.estimate)}});
  Fill(changed->after, response);
  return {};
}

Status ListMisses(const Call& call, const v1::ListMissesRequest& request,
                  v1::ListMissesResponse& response) {
  const Result<control::MissQuery> query = ToQuery(request);
  if (!query) return tl::unexpected(query.error());
  const Result<std::vector<control::MissState>> misses = call.control.ListMisses(*query);
  if (!misses) return tl::unexpected(misses.error());
  for (const control::MissState& miss : *misses) Fill(miss, *response.add_misses());
  return {};
}

}  // namespace

void AddEndpointMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["ListEndpoints"] = AnsweredBy(&ListEndpoints, control);
  methods["GetEndpoint"] = AnsweredBy(&GetEndpoint, control);
  methods["UpdateEndpoint"] = AnsweredBy(&UpdateEndpoint, control);
  methods["ResetEstimator"] = AnsweredBy(&ResetEstimator, control);
  methods["ListMisses"] = AnsweredBy(&ListMisses, control);
}

}  // namespace baton::admin
