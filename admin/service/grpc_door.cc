// What gRPC knows of a caller: its peer, what it sent along, and the certificate that was checked.
#include "admin/service/grpc_door.h"

#include <string>
#include <string_view>
#include <utility>

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>

namespace baton::admin {
namespace {

void AddNames(const grpc::AuthContext& known, const char* property, Visitor& visitor) {
  for (const grpc::string_ref& name : known.FindPropertyValues(property)) {
    if (!name.empty()) visitor.certificate.emplace_back(name.begin(), name.end());
  }
}

grpc::Status ToStatus(const Denied& denied) {
  return {
      denied.is_unknown() ? grpc::StatusCode::UNAUTHENTICATED : grpc::StatusCode::PERMISSION_DENIED,
      denied.message};
}

}  // namespace

Visitor VisitorOf(const grpc::ServerContext& call) {
  Visitor visitor;
  visitor.from = call.peer();
  visitor.is_on_socket = visitor.from.starts_with("unix:");
  const auto sent = call.client_metadata().find("authorization");
  if (sent != call.client_metadata().end()) {
    visitor.authorization = std::string_view(sent->second.data(), sent->second.size());
  }
  if (const auto known = call.auth_context(); known && known->IsPeerAuthenticated()) {
    AddNames(*known, GRPC_X509_CN_PROPERTY_NAME, visitor);
    AddNames(*known, GRPC_X509_SAN_PROPERTY_NAME, visitor);
  }
  return visitor;
}

rpc::PlainMethods Guarded(rpc::PlainMethods methods, AdminDoor& door) {
  for (auto& [path, method] : methods) {
    method.answer = [&door, path = path, answer = std::move(method.answer)](
                        const rpc::PlainAsk& ask, const rpc::PlainReply& reply) {
      const auto caller = door.Admit(VisitorOf(ask.call), path);
      if (caller) return answer(ask, reply);
      reply(ToStatus(caller.error()), {});
    };
  }
  return methods;
}

}  // namespace baton::admin
