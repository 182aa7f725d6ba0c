// The methods of baton.admin.v1.AdminService over a control port.
#include "admin/service/admin_service.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.pb.h"
#include <grpcpp/grpcpp.h>

#include "admin/service/paging.h"
#include "admin/service/status_mapping.h"
#include "admin/service/translate.h"
#include "admin/service/translate_config.h"
#include "admin/service/translate_endpoint.h"
#include "admin/service/translate_model.h"
#include "server/base/log.h"

namespace baton::admin {
namespace {

// A call, and what it is about.
struct Call {
  control::ControlPort& control;
  const grpc::ServerContext& context;

  std::string who() const { return context.peer(); }
};

template <typename State>
void Audit(const Call& call, const std::string& what, const control::Changed<State>& changed) {
  const ChangeTexts texts = TextsOf(changed);
  Log(LogLevel::kInfo, "admin_change",
      {{"who", call.who()},
       {"what", what},
       {"before", texts.before},
       {"after", texts.after},
       {"generation", changed.after.generation}});
}

std::string_view WordOf(control::ModelChange::Kind kind) {
  switch (kind) {
    case control::ModelChange::Kind::kLoad: return "load_model";
    case control::ModelChange::Kind::kUnload: return "unload_model";
    case control::ModelChange::Kind::kReload: return "reload_models";
  }
  return "";
}

Status GetStatus(const Call& call, const v1::GetStatusRequest& /*request*/,
                 v1::ServerStatus& response) {
  Fill(call.control.GetServer(), response);
  return {};
}

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
  if (!update->validate_only) Audit(call, "pool", *changed);
  Fill(changed->after, response);
  return {};
}

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
  if (!update->validate_only) Audit(call, request.endpoint().name(), *changed);
  Fill(changed->after, response);
  return {};
}

Status ResetEstimator(const Call& call, const v1::ResetEstimatorRequest& request,
                      v1::Endpoint& response) {
  const Result<std::string> name = ToEndpointName(request.name(), "name");
  if (!name) return tl::unexpected(name.error());
  const Result<control::EndpointState> endpoint = call.control.ResetEstimator(*name);
  if (!endpoint) return tl::unexpected(endpoint.error());
  Log(LogLevel::kInfo, "estimator_reset", {{"who", call.who()}, {"endpoint", *name}});
  Fill(*endpoint, response);
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
      {.validate_only = request.validate_only(), .who = call.who()});
  if (!change) return tl::unexpected(change.error());
  Fill(change->state, *response.mutable_config());
  for (const control::ConfigurationDifference& difference : change->differences) {
    Fill(difference, *response.add_differences());
  }
  return {};
}

template <typename Request, typename Response>
rpc::PlainMethod AnsweredBy(Status (*answer)(const Call&, const Request&, Response&),
                            control::ControlPort& control) {
  return {rpc::PlainMethod::Shape::kUnary,
          [answer, &control](const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
            Request request;
            if (const grpc::Status read = rpc::Parse(ask.message, request); !read.ok()) {
              reply(read, {});
              return;
            }
            Response response;
            const Status status = answer({control, ask.call}, request, response);
            reply(status ? grpc::Status() : ToGrpcStatus(status.error()),
                  response.SerializeAsString());
          }};
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
rpc::PlainMethod Changes(control::ControlPort& control, const PostToCalls& post) {
  return {
      rpc::PlainMethod::Shape::kUnary,
      [&control, post](const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
        Request request;
        if (const grpc::Status read = rpc::Parse(ask.message, request); !read.ok()) {
          reply(read, {});
          return;
        }
        const Result<control::ModelChange> change = ChangeOf(request);
        if (!change) {
          reply(ToGrpcStatus(change.error()), {});
          return;
        }
        Log(LogLevel::kInfo, "admin_change",
            {{"who", ask.call.peer()}, {"what", WordOf(change->kind)}, {"model", change->name}});
        control.ChangeModels(*change, [post, reply](const auto& changed) {
          Response response;
          if (changed) FillChanged(*changed, response);
          post([reply, text = response.SerializeAsString(),
                status = changed ? grpc::Status() : ToGrpcStatus(changed.error())] {
            reply(status, text);
          });
        });
      }};
}

}  // namespace

rpc::PlainMethods MakeAdminMethods(control::ControlPort& control, const PostToCalls& post) {
  const std::string service("/baton.admin.v1.AdminService/");
  rpc::PlainMethods methods;
  methods[service + "GetStatus"] = AnsweredBy(&GetStatus, control);
  methods[service + "GetPool"] = AnsweredBy(&GetPool, control);
  methods[service + "UpdatePool"] = AnsweredBy(&UpdatePool, control);
  methods[service + "ListEndpoints"] = AnsweredBy(&ListEndpoints, control);
  methods[service + "GetEndpoint"] = AnsweredBy(&GetEndpoint, control);
  methods[service + "UpdateEndpoint"] = AnsweredBy(&UpdateEndpoint, control);
  methods[service + "ResetEstimator"] = AnsweredBy(&ResetEstimator, control);
  methods[service + "ListMisses"] = AnsweredBy(&ListMisses, control);
  methods[service + "ListModels"] = AnsweredBy(&ListModels, control);
  methods[service + "GetModel"] = AnsweredBy(&GetModel, control);
  methods[service + "LoadModel"] = Changes<v1::LoadModelRequest, v1::Model>(control, post);
  methods[service + "UnloadModel"] = Changes<v1::UnloadModelRequest, v1::Model>(control, post);
  methods[service + "ReloadModels"] =
      Changes<v1::ReloadModelsRequest, v1::ReloadModelsResponse>(control, post);
  methods[service + "GetConfig"] = AnsweredBy(&GetConfig, control);
  methods[service + "ReloadConfig"] = AnsweredBy(&ReloadConfig, control);
  return methods;
}

}  // namespace baton::admin
