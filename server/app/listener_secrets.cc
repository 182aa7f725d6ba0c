// Each listener's files by what the operator says of it.
#include "server/app/listener_secrets.h"

#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "server/access/presented.h"
#include "server/app/mistakes.h"

namespace baton::app {

Status ListenerSecrets::Open(const ServerOptions& options, metrics::Registry& registry) {
  const auto now = std::chrono::system_clock::now();
  const auto open = [&]<typename T>(const char* listener, const net::TlsFiles& files,
                                    std::unique_ptr<T>& opened) -> Status {
    if (!files.IsOn()) return {};
    auto tls = T::Open(listener, files, registry, now);
    if (!tls) return tl::unexpected<Error>(tls.error());
    opened = *std::move(tls);
    return {};
  };
  const auto open_tokens = [&](const std::string& path) -> Status {
    if (path.empty()) return {};
    auto tokens = access::SecretFile::Open(path, access::SecretKind::kTokens);
    if (!tokens) return Fail(tokens.error().code, "admin.token_file: " + tokens.error().message);
    admin_tokens_ = *std::move(tokens);
    AddSecretFileMetrics(registry, "admin_tokens", *admin_tokens_);
    return {};
  };
  const auto open_keys = [&](const std::string& path) -> Status {
    if (path.empty()) return {};
    auto keys = access::ApiKeys::Open(path);
    if (!keys) {
      return Fail(keys.error().code, "api_keys.file: " + keys.error().message, "api_keys.file");
    }
    api_keys_ = *std::move(keys);
    api_key_metrics_.emplace(registry, *api_keys_);
    AddSecretFileMetrics(registry, "api_keys", api_keys_->file());
    return {};
  };
  Mistakes mistakes;
  mistakes.Add(open("http", options.http_tls, http_));
  mistakes.Add(open("grpc", options.grpc_tls, grpc_));
  mistakes.Add(open("pages", options.pages_tls, pages_));
  mistakes.Add(open("admin", options.admin_tls, admin_));
  mistakes.Add(open_tokens(options.admin_door.token_file));
  mistakes.Add(open_keys(options.api_keys));
  return mistakes.ToStatus();
}

std::vector<net::TlsCertificate*> ListenerSecrets::Certificates() const {
  std::vector<net::TlsCertificate*> all;
  for (net::TlsListener* const listener : {http_.get(), pages_.get()}) {
    if (listener != nullptr) all.push_back(&listener->certificate());
  }
  for (net::TlsCertificate* const certificate : {grpc_.get(), admin_.get()}) {
    if (certificate != nullptr) all.push_back(certificate);
  }
  return all;
}

bool ListenerSecrets::Renew() {
  const auto now = std::chrono::system_clock::now();
  for (net::TlsCertificate* const certificate : Certificates()) certificate->ReloadIfDue(now);
  if (admin_tokens_) static_cast<void>(admin_tokens_->ReadIfChanged());
  if (!api_keys_ || !api_keys_->ReadIfChanged()) return false;
  api_key_metrics_->FollowFile();
  return true;
}

void ListenerSecrets::WarnOfUnreadable() const {
  for (const net::TlsCertificate* const certificate : Certificates()) {
    certificate->WarnOfUnreadable();
  }
  if (admin_tokens_) admin_tokens_->WarnIfUnreadable();
  if (api_keys_) api_keys_->file().WarnIfUnreadable();
}

admin::AdminDoor::Options ListenerSecrets::AdminDoor(const AdminOptions& options) const {
  admin::AdminDoor::Options door;
  door.viewers = options.viewers;
  if (!admin_tokens_) return door;
  door.find_holder = [&tokens = *admin_tokens_](std::string_view authorization) {
    const auto holder =
        tokens.Find(access::BearerToken(authorization), std::chrono::system_clock::now());
    return holder ? std::optional(admin::AdminDoor::Holder{holder->name,
                                                           holder->role == access::Role::kOperator})
                  : std::nullopt;
  };
  return door;
}

}  // namespace baton::app
