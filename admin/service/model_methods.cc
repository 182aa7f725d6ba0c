// The methods about models: those that change any begin an operation.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include "google/longrunning/operations.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/paging.h"
#include "admin/service/translate_model.h"
#include "admin/service/translate_operation.h"
#include "server/base/log.h"
#include "server/control/operation_book.h"

namespace baton::admin {
namespace {

std::string_view WordOf(control::ModelChange::Kind kind) {
  switch (kind) {
    case control::ModelChange::Kind::kLoad: return "load_model";
    case control::ModelChange::Kind::kUnload: return "unload_model";
    case control::ModelChange::Kind::kReload: return "reload_models";
  }
  return "";
}

Status ListModels(const Call& call, const v1::ListModelsRequest& request,
                  v1::ListModelsResponse& response) {
  Result<Page<control::ModelState>> page =
      TakePage(call.control.ListModels(), request.page_size(), request.page_token());
  if (!page) return tl::unexpected(page.error());
  for (const control::ModelState& model : page->items) Fill(model, *response.add_models());
  response.set_next_page_token(std::move(page->next_token));
  return {};
}

Status GetModel(const Call& call, const v1::GetModelRequest& request, v1::Model& response) {
  const Result<std::string> name = ToModelName(request.name());
  if (!name) return tl::unexpected(name.error());
  for (const control::ModelState& model : call.control.ListModels()) {
    if (model.name != *name) continue;
    Fill(model, response);
    return {};
  }
  return Fail(ErrorCode::kNotFound, "there is no model '" + *name + "'", "name");
}

Result<control::ModelChange> ChangeOfOne(control::ModelChange::Kind kind,
                                         const std::string& resource_name) {
  Result<std::string> name = ToModelName(resource_name);
  if (!name) return tl::unexpected(name.error());
  return control::ModelChange{kind, *std::move(name), {}};
}
Result<control::ModelChange> ChangeOf(const v1::LoadModelRequest& request) {
  return ChangeOfOne(control::ModelChange::Kind::kLoad, request.name());
}
Result<control::ModelChange> ChangeOf(const v1::UnloadModelRequest& request) {
  return ChangeOfOne(control::ModelChange::Kind::kUnload, request.name());
}
Result<control::ModelChange> ChangeOf(const v1::ReloadModelsRequest& /*request*/) {
  return control::ModelChange{control::ModelChange::Kind::kReload, {}, {}};
}

// Answers with the operation that goes on.
template <typename Request>
Status Begins(const Call& call, const Request& request, google::longrunning::Operation& response) {
  Result<control::ModelChange> change = ChangeOf(request);
  if (!change) return tl::unexpected(change.error());
  change->who = call.caller.ToText();
  control::OperationBook& book = call.control.Operations();
  const Result<control::OperationState> begun = book.Begin(*change, call.caller);
  if (!begun) return tl::unexpected(begun.error());
  LogAlways("admin_change", {{"who", call.caller.ToText()},
                             {"what", WordOf(change->kind)},
                             {"model", change->name},
                             {"operation", begun->name}});
  call.control.ChangeModels(
      *change, [&book, name = begun->name, who = call.caller.ToText()](auto changed) {
        LogAlways(
            "operation_done",
            {{"operation", name}, {"who", who}, {"error", changed ? "" : changed.error().message}});
        book.End(name, std::move(changed));
      });
  const Result<control::OperationState> now = book.Find(begun->name);
  Fill(now ? *now : *begun, response);
  return {};
}

}  // namespace

void AddModelMethods(AdminMethods& methods, control::ControlPort& control) {
  methods["ListModels"] = AnsweredBy(&ListModels, control);
  methods["GetModel"] = AnsweredBy(&GetModel, control);
  methods["LoadModel"] = AnsweredBy(&Begins<v1::LoadModelRequest>, control);
  methods["UnloadModel"] = AnsweredBy(&Begins<v1::UnloadModelRequest>, control);
  methods["ReloadModels"] = AnsweredBy(&Begins<v1::ReloadModelsRequest>, control);
}

}  // namespace baton::admin
