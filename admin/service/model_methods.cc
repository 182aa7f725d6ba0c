// The methods about models: those that change any answer when the change is done.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/admin_method.h"
#include "admin/service/admin_methods.h"
#include "admin/service/paging.h"
#include "admin/service/translate_model.h"
#include "server/base/log.h"

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
  return control::ModelChange{kind, *std::move(name)};
}
Result<control::ModelChange> ChangeOf(const v1::LoadModelRequest& request) {
  return ChangeOfOne(control::ModelChange::Kind::kLoad, request.name());
}
Result<control::ModelChange> ChangeOf(const v1::UnloadModelRequest& request) {
  return ChangeOfOne(control::ModelChange::Kind::kUnload, request.name());
}
Result<control::ModelChange> ChangeOf(const v1::ReloadModelsRequest& /*request*/) {
  return control::ModelChange{control::ModelChange::Kind::kReload, {}};
}

void FillChanged(const std::vector<control::ModelState>& models, v1::Model& response) {
  if (!models.empty()) Fill(models.front(), response);
}
void FillChanged(const std::vector<control::ModelState>& models,
                 v1::ReloadModelsResponse& response) {
  for (const control::ModelState& model : models) Fill(model, *response.add_models());
}

// Answers when the change is done.
template <typename Request, typename Response>
AdminMethod Changes(control::ControlPort& control, const PostToCalls& post) {
  return [&control, post](const control::Caller& caller, std::string_view message,
                          const AdminReply& reply) {
    const Result<Request> request = Parse<Request>(message);
    if (!request) return reply(tl::unexpected(request.error()));
    const Result<control::ModelChange> change = ChangeOf(*request);
    if (!change) return reply(tl::unexpected(change.error()));
    Log(LogLevel::kInfo, "admin_change",
        {{"who", caller.ToText()}, {"what", WordOf(change->kind)}, {"model", change->name}});
    control.ChangeModels(*change, [post, reply](const auto& changed) {
      Result<std::string> answer;
      if (changed) {
        Response response;
        FillChanged(*changed, response);
        answer = response.SerializeAsString();
      } else {
        answer = tl::unexpected(changed.error());
      }
      post([reply, answer] { reply(answer); });
    });
  };
}

}  // namespace

void AddModelMethods(AdminMethods& methods, control::ControlPort& control,
                     const PostToCalls& post) {
  methods["ListModels"] = AnsweredBy(&ListModels, control);
  methods["GetModel"] = AnsweredBy(&GetModel, control);
  methods["LoadModel"] = Changes<v1::LoadModelRequest, v1::Model>(control, post);
  methods["UnloadModel"] = Changes<v1::UnloadModelRequest, v1::Model>(control, post);
  methods["ReloadModels"] =
      Changes<v1::ReloadModelsRequest, v1::ReloadModelsResponse>(control, post);
}

}  // namespace baton::admin
