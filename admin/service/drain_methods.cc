// The methods that take the server out of service, and put it back.
#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"

namespace baton::admin {
namespace {

std::string TextOf(const control::DrainState& state) {
  return std::string("drained=") + (state.drained ? "true" : "false");
}

Status SetDrained(const Call& call, bool drained, v1::DrainState& response) {
  const auto changed = call.control.SetDrained(drained);
  if (!changed) return tl::unexpected(changed.error());
  const control::DrainState& now = changed->after;
  Audit(call, "service", {TextOf(changed->before), TextOf(now)}, now.generation);
  response.set_drained(now.drained);
  response.set_in_flight(now.in_flight);
  response.set_connections(now.connections);
  response.set_generation(now.generation);
  return {};
}

Status Drain(const Call& call, const v1::DrainRequest& /*request*/, v1::DrainState& response) {
  return SetDrained(call, true, response);
}

Status Resume(const Call& call, const v1::ResumeRequest& /*request*/, v1::DrainState& response) {
  return SetDrained(call, false, response);
}

}  // namespace

void AddDrainMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["Drain"] = AnsweredBy(&Drain, control);
  methods["Resume"] = AnsweredBy(&Resume, control);
}

}  // namespace baton::admin
