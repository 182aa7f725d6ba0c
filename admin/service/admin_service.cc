// The methods of baton.admin.v1.AdminService over a control port.
#include "admin/service/admin_service.h"

#include <string>

#include "baton/admin/v1/admin_service.pb.h"
#include <google/protobuf/descriptor.h>
#include <grpcpp/grpcpp.h>

#include "admin/service/admin_methods.h"
#include "admin/service/grpc_door.h"
#include "admin/service/status_mapping.h"

namespace baton::admin {

AdminMethods MakeAdminMethods(control::ControlPort& control, const PostToCalls& post) {
  AdminMethods methods;
  AddServerMethods(methods, control);
  AddWatchMethods(methods, control);
  AddPoolMethods(methods, control);
  AddEndpointMethods(methods, control);
  AddDrainMethods(methods, control);
  AddSettingsMethods(methods, control);
  AddConnectionMethods(methods, control);
  AddModelMethods(methods, control);
  AddOperationMethods(methods, control, post);
  AddConfigMethods(methods, control);
  return methods;
}

namespace {

constexpr std::size_t kMostWatchers = 16;  // of each method

// A method that the schema lets answer with a stream answers again whenever there is news.
bool IsWatch(const std::string& method) {
  const auto* const known = v1::GetStatusRequest::descriptor()
                                ->file()
                                ->FindServiceByName("AdminService")
                                ->FindMethodByName(method);
  return known != nullptr && known->server_streaming();
}

}  // namespace

rpc::PlainMethods OverGrpc(const AdminMethods& methods, const AdminDoor& door) {
  using Shape = rpc::PlainMethod::Shape;
  const std::string service("/baton.admin.v1.AdminService/");
  rpc::PlainMethods plain;
  for (const auto& [name, method] : methods) {
    const bool is_watch = IsWatch(name);
    plain[service + name] = {
        is_watch ? Shape::kWatch : Shape::kUnary,
        [method = method, &door](const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
          method(door.CallerOf(VisitorOf(ask.call)), ask.message,
                 [reply](const Result<std::string>& answer) {
                   if (answer) return reply(grpc::Status(), *answer);
                   reply(ToGrpcStatus(answer.error()), {});
                 });
        },
        is_watch ? kMostWatchers : 0};
  }
  return plain;
}

}  // namespace baton::admin
