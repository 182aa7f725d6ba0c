// Which tokens, which names, and whose methods.
#include "server/app/make_admin_mirror.h"

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "admin/service/admin_server.h"
#include "server/access/secret_file.h"
#include "server/app/make_pages_options.h"

namespace baton::app {

std::unique_ptr<AdminMirror> MakeAdminMirror(const ServerOptions& options,
                                             const access::SecretFile* tokens,
                                             admin::AdminServer* admin, const Clock& clock,
                                             metrics::Registry& registry) {
  MirrorDoor::Options door;
  door.site = SiteOf(options);
  door.may_look_unnamed =
      !options.admin.off && options.admin.IsLoopback() && options.admin_tls.client_ca.empty();
  door.viewers = options.admin_door.viewers;
  if (tokens != nullptr) {
    door.find_token = [tokens](std::string_view token) {
      return tokens->Find(token, std::chrono::system_clock::now());
    };
  }
  AdminMirror::CallMethod call;
  AdminMirror::OpenMethod open;
  if (admin != nullptr) {
    call = [admin](std::string method, control::Caller caller, std::string message,
                   admin::AdminReply reply) {
      admin->Call(std::move(method), std::move(caller), std::move(message), std::move(reply));
    };
    open = [admin](const std::string& method, const control::Caller& caller,
                   std::string_view message, std::function<void()> tell) {
      return admin->Open(method, caller, message, std::move(tell));
    };
  }
  return std::make_unique<AdminMirror>(std::move(door), std::move(call), std::move(open), clock,
                                       registry);
}

}  // namespace baton::app
