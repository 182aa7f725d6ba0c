// What gRPC knows of a caller: its peer, what it sent along, and the certificate that was checked.
#include "admin/service/grpc_door.h"

#include <functional>
#include <memory>
#include <optional>
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

// Looks at who calls before each message.
class GuardedFeed final : public rpc::PlainFeed {
 public:
  GuardedFeed(std::string path, std::unique_ptr<rpc::PlainFeed> feed, AdminDoor& door)
      : path_(std::move(path)), feed_(std::move(feed)), door_(door) {}

  tl::expected<std::optional<std::string>, grpc::Status> Next(
      const grpc::ServerContext& call) override {
    const auto caller = door_.Admit(VisitorOf(call), path_);
    if (!caller) return tl::unexpected<grpc::Status>(ToStatus(caller.error()));
    return feed_->Next(call);
  }

 private:
  const std::string path_;
  const std::unique_ptr<rpc::PlainFeed> feed_;
  AdminDoor& door_;
};

using OpenFeed = std::function<rpc::OpenedFeed(const rpc::PlainAsk& ask)>;

OpenFeed GuardedOpen(const std::string& path, OpenFeed open, AdminDoor& door) {
  return [&door, path, open = std::move(open)](const rpc::PlainAsk& ask) -> rpc::OpenedFeed {
    const auto caller = door.Admit(VisitorOf(ask.call), path);
    if (!caller) return tl::unexpected<grpc::Status>(ToStatus(caller.error()));
    rpc::OpenedFeed opened = open(ask);
    if (!opened) return opened;
    return std::make_unique<GuardedFeed>(path, *std::move(opened), door);
  };
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
    if (method.open) {
      method.open = GuardedOpen(path, std::move(method.open), door);
      continue;
    }
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
