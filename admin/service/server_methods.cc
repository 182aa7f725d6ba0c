// The methods about the server as a whole.
#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"

namespace baton::admin {
namespace {

Status GetStatus(const Call& call, const v1::GetStatusRequest& /*request*/,
                 v1::ServerStatus& response) {
  Fill(call.control.GetServer(), response);
  return {};
}

}  // namespace

void AddServerMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["GetStatus"] = AnsweredBy(&GetStatus, control);
}

}  // namespace baton::admin
