// The methods of baton.admin.v1.AdminService over a control port.
#include "admin/service/admin_service.h"

#include <string>

#include <grpcpp/grpcpp.h>

#include "admin/service/admin_methods.h"
#include "admin/service/status_mapping.h"

namespace baton::admin {

AdminMethods MakeAdminMethods(control::ControlPort& control, const PostToCalls& post) {
  AdminMethods methods;
  AddServerMethods(methods, control);
  AddPoolMethods(methods, control);
  AddEndpointMethods(methods, control);
  AddModelMethods(methods, control, post);
  AddConfigMethods(methods, control);
  return methods;
}

rpc::PlainMethods OverGrpc(const AdminMethods& methods) {
  const std::string service("/baton.admin.v1.AdminService/");
  rpc::PlainMethods plain;
  for (const auto& [name, method] : methods) {
    plain[service + name] = {rpc::PlainMethod::Shape::kUnary,
                             [method](const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
                               method({.name = {}, .from = ask.call.peer()}, ask.message,
                                      [reply](const Result<std::string>& answer) {
                                        if (answer) return reply(grpc::Status(), *answer);
                                        reply(ToGrpcStatus(answer.error()), {});
                                      });
                             }};
  }
  return plain;
}

}  // namespace baton::admin
