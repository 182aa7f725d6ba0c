// Each refusal says what would have been let in, and is counted; the log has one line a second.
#include "server/app/mirror_door.h"

#include <utility>

#include "admin/service/admin_door.h"
#include "server/access/presented.h"
#include "server/base/log.h"

namespace baton::app {
namespace {

constexpr Duration kBetweenLines = 1s;
constexpr std::array<std::string_view, 5> kReasonTexts = {"other_site", "not_secured", "no_token",
                                                          "wrong_token", "viewer"};

Refusal Unauthenticated(std::string message, std::string_view challenge) {
  Refusal refusal{401, "UNAUTHENTICATED", std::move(message)};
  http::AppendHeader(refusal.headers, "WWW-Authenticate", challenge);
  return refusal;
}

Refusal Denied(std::string message) { return {403, "PERMISSION_DENIED", std::move(message)}; }

}  // namespace

MirrorDoor::MirrorDoor(Options options, const Clock& clock, metrics::Registry& registry)
    : options_(std::move(options)),
      clock_(clock),
      registry_(registry),
      shard_(registry.TakeShard()) {
  for (std::size_t i = 0; i < kReasons; ++i) {
    refused_.at(i) = registry.AddCounter("baton_mirror_refusals_total",
                                         "Calls of the admin API over HTTP that were not let in.",
                                         {{"reason", std::string(kReasonTexts.at(i))}});
  }
}

MirrorDoor::~MirrorDoor() { registry_.GiveBack(shard_); }

Refusal MirrorDoor::Refuse(Reason reason, Refusal refusal, const std::string& from,
                           std::string_view who) {
  const auto index = static_cast<std::size_t>(reason);
  shard_->Add(refused_.at(index));
  const SteadyTime now = clock_.Now();
  if (now < next_line_) {
    ++without_line_;
    return refusal;
  }
  next_line_ = now + kBetweenLines;
  Log(LogLevel::kWarning, "mirror_refused",
      {{"reason", kReasonTexts.at(index)},
       {"who", who},
       {"from", from},
       {"others_since", std::exchange(without_line_, 0)}});
  return refusal;
}

std::optional<Refusal> MirrorDoor::RefuseSite(const http::Request& request,
                                              const std::string& from) {
  if (auto other = pages::RefuseOtherSites(request, options_.site)) {
    return Refuse(Reason::kOtherSite, Denied(*std::move(other)), from, "");
  }
  if (options_.site.is_loopback || options_.site.is_secured) return std::nullopt;
  return Refuse(Reason::kNotSecured,
                Denied("the admin API is answered beyond loopback over TLS only: expected "
                       "--pages-tls-certificate and --pages-tls-key, or --pages on a loopback "
                       "address"),
                from, "");
}

tl::expected<std::string, Refusal> MirrorDoor::Admit(const http::Request& request,
                                                     const std::string& from, bool changes) {
  if (options_.find_token) return AdmitByToken(request, from, changes);
  if (request.client_names != nullptr && !request.client_names->empty()) {
    return AdmitByCertificate(*request.client_names, from, changes);
  }
  if (!changes && options_.site.is_loopback && options_.may_look_unnamed) return std::string();
  return tl::unexpected<Refusal>(
      Refuse(Reason::kNoToken,
             Denied("this needs a token, and the server knows none: start it with "
                    "--admin-token-file FILE (admin.token_file), or have clients show a "
                    "certificate: --pages-tls-client-ca FILE (tls.pages.client_ca)"),
             from, ""));
}

tl::expected<std::string, Refusal> MirrorDoor::AdmitByCertificate(
    const std::vector<std::string>& names, const std::string& from, bool changes) {
  const std::string& name = names.front();
  if (!changes || !admin::IsViewer(options_.viewers, names)) return name;
  return tl::unexpected<Refusal>(Refuse(
      Reason::kViewer, Denied(name + " is a viewer, this needs the role operator"), from, name));
}

tl::expected<std::string, Refusal> MirrorDoor::AdmitByToken(const http::Request& request,
                                                            const std::string& from, bool changes) {
  const auto refuse = [&](Reason reason, Refusal refusal, std::string_view who = "") {
    return tl::unexpected<Refusal>(Refuse(reason, std::move(refusal), from, who));
  };
  const auto authorization = request.Header("Authorization");
  if (!authorization) {
    return refuse(Reason::kNoToken,
                  Unauthenticated("this needs a token: expected the header 'Authorization: Bearer "
                                  "TOKEN', got none",
                                  "Bearer realm=\"baton\""));
  }
  const std::string_view token = access::BearerToken(*authorization);
  const bool is_twice = request.Header("Authorization", 1).has_value();
  const auto holder = token.empty() || is_twice ? std::nullopt : options_.find_token(token);
  if (!holder) {
    return refuse(Reason::kWrongToken,
                  Unauthenticated("the token is nobody's, or has expired: expected 'Authorization: "
                                  "Bearer TOKEN' with one of those in the server's token file",
                                  "Bearer realm=\"baton\", error=\"invalid_token\""));
  }
  const access::Role needed = changes ? access::Role::kOperator : access::Role::kViewer;
  if (holder->role >= needed) return holder->name;
  Refusal viewer = Denied(holder->name + " is a " + std::string(ToText(holder->role)) +
                          ", this needs the role " + std::string(ToText(needed)));
  http::AppendHeader(viewer.headers, "WWW-Authenticate",
                     "Bearer realm=\"baton\", error=\"insufficient_scope\"");
  return refuse(Reason::kViewer, std::move(viewer), holder->name);
}

bool MirrorDoor::MayLook(const http::Request& request) const {
  if (pages::RefuseOtherNames(request, options_.site)) return false;
  if (!options_.site.is_loopback && !options_.site.is_secured) return false;
  if (!options_.find_token) {
    const bool has_name = request.client_names != nullptr && !request.client_names->empty();
    return has_name || (options_.site.is_loopback && options_.may_look_unnamed);
  }
  const std::string_view token = access::BearerToken(request.Header("Authorization").value_or(""));
  return !token.empty() && !request.Header("Authorization", 1) &&
         options_.find_token(token).has_value();
}

}  // namespace baton::app
