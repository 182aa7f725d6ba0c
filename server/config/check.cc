// Each check looks at two values and names where both came from.
#include "server/config/check.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/base/duration_text.h"
#include "server/base/size_text.h"

namespace baton::config {
namespace {

class Checker {
 public:
  explicit Checker(const Configuration& configuration) : configuration_(configuration) {}

  void Budgets();
  void Listeners();
  void Tls();
  void AdminDoor();
  void Bodies();
  void Endpoints();
  Status ToStatus() const {
    if (text_.empty()) return {};
    return Fail(ErrorCode::kInvalidArgument, text_);
  }

 private:
  void Refuse(const std::string& path, const std::string& reason) {
    if (!text_.empty()) text_ += '\n';
    text_ += std::string(configuration_.OriginOf(path)) + ": " + path + ": " + reason;
  }
  // " (baton.yaml:3:4)".
  std::string Place(const std::string& path) const {
    return " (" + std::string(configuration_.OriginOf(path)) + ")";
  }
  void TlsFilesOf(const std::string& path, const auto& files);
  void RoomForBody(const std::string& path, const std::string& room);

  const Configuration& configuration_;
  std::string text_;
};

Duration Time(const std::string& text) { return ParseDuration(text).value_or(Duration::zero()); }
std::uint64_t Bytes(const std::string& text) { return ParseSize(text).value_or(0); }

void Checker::Budgets() {
  const v1::Budgets& budgets = configuration_.values.budgets();
  if (Time(budgets.default_()) <= Time(budgets.max())) return;
  Refuse("budgets.default", "is " + budgets.default_() +
                                ", expected at most budgets.max, which is " + budgets.max() +
                                Place("budgets.max"));
}

bool IsWildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

bool Collide(const ListenAddress& a, const ListenAddress& b) {
  const bool is_v6 = a.host.find(':') != a.host.npos;
  const bool other_is_v6 = b.host.find(':') != b.host.npos;
  if (a.off || b.off || a.port == 0 || a.port != b.port || is_v6 != other_is_v6) return false;
  return a.host == b.host || IsWildcard(a.host) || IsWildcard(b.host);
}

void Checker::Listeners() {
  const v1::Listeners& listeners = configuration_.values.listeners();
  const std::array<std::pair<std::string, std::string>, 4> all = {
      {{"listeners.http", listeners.http()},
       {"listeners.grpc", listeners.grpc()},
       {"listeners.admin", listeners.admin()},
       {"listeners.pages", listeners.pages()}}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto address = ParseListenAddress(all[i].second);
    for (std::size_t before = 0; address && before < i; ++before) {
      const auto other = ParseListenAddress(all[before].second);
      if (!other || !Collide(*address, *other)) continue;
      Refuse(all[i].first, "is " + all[i].second + ", expected a port apart from that of " +
                               all[before].first + ", which is " + all[before].second +
                               Place(all[before].first));
    }
  }
}

void Checker::TlsFilesOf(const std::string& path, const auto& files) {
  if (files.has_certificate() && !files.has_key()) {
    Refuse(path + ".certificate", "is given, expected " + path + ".key, too");
  }
  for (const auto& [name, is_given] :
       {std::pair("key", files.has_key()), std::pair("client_ca", files.has_client_ca())}) {
    if (!is_given || files.has_certificate()) continue;
    Refuse(path + "." + name, "is given, expected " + path + ".certificate, too");
  }
}

void Checker::Tls() {
  const v1::Tls& tls = configuration_.values.tls();
  TlsFilesOf("tls.http", tls.http());
  TlsFilesOf("tls.grpc", tls.grpc());
  TlsFilesOf("tls.pages", tls.pages());
  TlsFilesOf("tls.admin", tls.admin());
}

// Whoever reaches the admin plane rules the server.
void Checker::AdminDoor() {
  const v1::ServerConfig& values = configuration_.values;
  const auto address = ParseListenAddress(values.listeners().admin());
  if (!address || address->off || address->IsLoopback()) return;
  const v1::AdminTls& tls = values.tls().admin();
  if (tls.has_certificate() && (tls.has_client_ca() || values.admin().has_token_file())) return;
  Refuse("listeners.admin",
         "is " + values.listeners().admin() +
             ", which other machines may reach: expected a loopback address such as "
             "127.0.0.1:8081, or tls.admin.certificate and tls.admin.key together with "
             "tls.admin.client_ca or admin.token_file");
}

void Checker::RoomForBody(const std::string& path, const std::string& room) {
  const std::string& body = configuration_.values.limits().body_bytes();
  if (Bytes(room) >= Bytes(body)) return;
  Refuse(path, "is " + room + ", expected at least limits.body_bytes, which is " + body +
                   Place("limits.body_bytes"));
}

void Checker::Bodies() {
  RoomForBody("limits.held_bytes", configuration_.values.limits().held_bytes());
  RoomForBody("limits.queued_bytes", configuration_.values.limits().queued_bytes());
}

void Checker::Endpoints() {
  const v1::ServerConfig& values = configuration_.values;
  const std::map<std::string, v1::EndpointSettings> by_name(values.endpoints().begin(),
                                                            values.endpoints().end());
  for (const auto& [name, settings] : by_name) {
    const std::string path = "endpoints." + name;
    if (values.has_workers() && settings.min_workers() > values.workers()) {
      Refuse(path + ".min_workers", "is " + std::to_string(settings.min_workers()) +
                                        ", expected at most workers, of which there are " +
                                        std::to_string(values.workers()) + Place("workers"));
    }
    if (settings.fallback().model() == name) {
      Refuse(path + ".fallback.model", "is '" + name + "' itself, expected another endpoint");
    }
  }
}

}  // namespace

Status CheckWhole(const Configuration& configuration) {
  Checker checker(configuration);
  checker.Budgets();
  checker.Listeners();
  checker.Tls();
  checker.AdminDoor();
  checker.Bodies();
  checker.Endpoints();
  return checker.ToStatus();
}

}  // namespace baton::config
