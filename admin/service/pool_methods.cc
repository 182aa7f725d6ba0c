// The methods about the worker pool.
#include <string>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"

namespace baton::admin {
namespace {

Status GetPool(const Call& call, const v1::GetPoolRequest& request, v1::Pool& response) {
  if (Status status = CheckPoolName(request.name()); !status) return status;
  Fill(call.control.GetPool(), response);
  return {};
}

Status UpdatePool(const Call& call, const v1::UpdatePoolRequest& request, v1::Pool& response) {
  const Result<control::PoolUpdate> update = ToUpdate(request);
  if (!update) return tl::unexpected(update.error());
  const auto changed = call.control.UpdatePool(*update);
  if (!changed) return tl::unexpected(changed.error());
  if (!update->validate_only) {
    Audit(call, "pool", TextsOf(*changed), changed->after.generation);
  }
  Fill(changed->after, response);
  if (changed->before.size != changed->after.size) {
    v1::Change& change = *response.add_changes();
    change.set_field("size");
    change.set_before(std::to_string(changed->before.size));
    change.set_after(std::to_string(changed->after.size));
  }
  return {};
}

}  // namespace

void AddPoolMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["GetPool"] = AnsweredBy(&GetPool, control);
  methods["UpdatePool"] = AnsweredBy(&UpdatePool, control);
}

}  // namespace baton::admin
