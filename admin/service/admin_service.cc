// The gRPC service baton.admin.v1.AdminService over a control port.
#include "admin/service/admin_service.h"

#include <string>
#include <utility>
#include <vector>

#include "baton/admin/v1/admin_service.grpc.pb.h"
#include <grpcpp/grpcpp.h>

#include "admin/service/paging.h"
#include "admin/service/status_mapping.h"
#include "admin/service/translate.h"
#include "admin/service/translate_endpoint.h"
#include "server/base/log.h"

namespace baton::admin {
namespace {

using Context = grpc::CallbackServerContext;
using Reactor = grpc::ServerUnaryReactor;

Reactor* Done(Context* context) {
  Reactor* reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

Reactor* Refuse(Context* context, const Error& error) {
  Reactor* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(error));
  return reactor;
}

template <typename State>
void Audit(const Context& context, const std::string& what,
           const control::Changed<State>& changed) {
  const ChangeTexts texts = TextsOf(changed);
  Log(LogLevel::kInfo, "admin_change",
      {{"who", context.peer()},
       {"what", what},
       {"before", texts.before},
       {"after", texts.after},
       {"generation", changed.after.generation}});
}

class AdminService final : public v1::AdminService::CallbackService {
 public:
  explicit AdminService(control::ControlPort& control) : control_(control) {}

  Reactor* GetStatus(Context* context, const v1::GetStatusRequest* /*request*/,
                     v1::ServerStatus* response) override {
    Fill(control_.GetServer(), *response);
    return Done(context);
  }

  Reactor* GetPool(Context* context, const v1::GetPoolRequest* request,
                   v1::Pool* response) override {
    if (Status status = CheckPoolName(request->name()); !status) {
      return Refuse(context, status.error());
    }
    Fill(control_.GetPool(), *response);
    return Done(context);
  }

  Reactor* UpdatePool(Context* context, const v1::UpdatePoolRequest* request,
                      v1::Pool* response) override {
    const Result<control::PoolUpdate> update = ToUpdate(*request);
    if (!update) return Refuse(context, update.error());
    const auto changed = control_.UpdatePool(*update);
    if (!changed) return Refuse(context, changed.error());
    if (!update->validate_only) Audit(*context, "pool", *changed);
    Fill(changed->after, *response);
    return Done(context);
  }

  Reactor* ListEndpoints(Context* context, const v1::ListEndpointsRequest* request,
                         v1::ListEndpointsResponse* response) override {
    Result<EndpointPage> page =
        TakePage(control_.ListEndpoints(), request->page_size(), request->page_token());
    if (!page) return Refuse(context, page.error());
    for (const control::EndpointState& endpoint : page->endpoints) {
      Fill(endpoint, *response->add_endpoints());
    }
    response->set_next_page_token(std::move(page->next_token));
    return Done(context);
  }

  Reactor* GetEndpoint(Context* context, const v1::GetEndpointRequest* request,
                       v1::Endpoint* response) override {
    const Result<std::string> name = ToEndpointName(request->name(), "name");
    if (!name) return Refuse(context, name.error());
    const Result<control::EndpointState> endpoint = control_.GetEndpoint(*name);
    if (!endpoint) return Refuse(context, endpoint.error());
    Fill(*endpoint, *response);
    return Done(context);
  }

  Reactor* UpdateEndpoint(Context* context, const v1::UpdateEndpointRequest* request,
                          v1::Endpoint* response) override {
    const Result<control::EndpointUpdate> update = ToUpdate(*request);
    if (!update) return Refuse(context, update.error());
    const auto changed = control_.UpdateEndpoint(*update);
    if (!changed) return Refuse(context, changed.error());
    if (!update->validate_only) Audit(*context, request->endpoint().name(), *changed);
    Fill(changed->after, *response);
    return Done(context);
  }

  Reactor* ResetEstimator(Context* context, const v1::ResetEstimatorRequest* request,
                          v1::Endpoint* response) override {
    const Result<std::string> name = ToEndpointName(request->name(), "name");
    if (!name) return Refuse(context, name.error());
    const Result<control::EndpointState> endpoint = control_.ResetEstimator(*name);
    if (!endpoint) return Refuse(context, endpoint.error());
    Log(LogLevel::kInfo, "estimator_reset", {{"who", context->peer()}, {"endpoint", *name}});
    Fill(*endpoint, *response);
    return Done(context);
  }

  Reactor* ListMisses(Context* context, const v1::ListMissesRequest* request,
                      v1::ListMissesResponse* response) override {
    const Result<control::MissQuery> query = ToQuery(*request);
    if (!query) return Refuse(context, query.error());
    const Result<std::vector<control::MissState>> misses = control_.ListMisses(*query);
    if (!misses) return Refuse(context, misses.error());
    for (const control::MissState& miss : *misses) Fill(miss, *response->add_misses());
    return Done(context);
  }

 private:
  control::ControlPort& control_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeAdminService(control::ControlPort& control) {
  return std::make_unique<AdminService>(control);
}

}  // namespace baton::admin
