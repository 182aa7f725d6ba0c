// Roles come from whoever knows the caller, rights from the schema.
#include "admin/service/admin_door.h"

#include <algorithm>
#include <array>
#include <utility>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include "server/base/log.h"

namespace baton::admin {
namespace {

constexpr std::string_view kPackage = "/baton.admin.";
constexpr Duration kBetweenLines = 1s;

// "/baton.admin.v1.AdminService/GetPool" is "baton.admin.v1.AdminService.GetPool" in the schema.
bool ChangesNothing(std::string_view method) {
  if (!method.starts_with(kPackage)) return true;
  std::string name(method.substr(1));
  std::replace(name.begin(), name.end(), '/', '.');
  const auto* const known =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  return known != nullptr &&
         known->options().idempotency_level() == google::protobuf::MethodOptions::NO_SIDE_EFFECTS;
}

tl::unexpected<Denied> Deny(Denied::Reason reason, std::string message) {
  return tl::unexpected<Denied>(Denied{reason, std::move(message)});
}

}  // namespace

std::string_view ToText(Denied::Reason reason) {
  static constexpr std::array<std::string_view, kDeniedReasons> kTexts = {"no_token", "wrong_token",
                                                                          "viewer"};
  return kTexts.at(static_cast<std::size_t>(reason));
}

bool IsViewer(const std::vector<std::string>& viewers, const std::vector<std::string>& names) {
  return std::any_of(names.begin(), names.end(), [&viewers](const std::string& name) {
    return std::find(viewers.begin(), viewers.end(), name) != viewers.end();
  });
}

void AdminDoor::AddMetrics(metrics::Registry& registry) const {
  for (std::size_t i = 0; i < kDeniedReasons; ++i) {
    registry.AddCounterFunction(
        "baton_admin_denied_total",
        "Calls of the admin plane that its door did not let in. viewer: a change, by somebody who "
        "may only look.",
        {{"reason", std::string(ToText(static_cast<Denied::Reason>(i)))}},
        [&count = denied_[i]] { return static_cast<double>(count.load()); });
  }
}

tl::expected<AdminDoor::Holder, Denied> AdminDoor::Recognise(const Visitor& visitor) const {
  if (visitor.is_on_socket) return Holder{"unix", true};
  if (options_.find_holder) {
    if (visitor.authorization.empty()) {
      return Deny(Denied::Reason::kNoToken,
                  "a token is needed, and none was sent: expected the header 'authorization: "
                  "Bearer TOKEN' (batonctl --token-file FILE)");
    }
    if (const auto holder = options_.find_holder(visitor.authorization)) return *holder;
    return Deny(Denied::Reason::kWrongToken,
                "the token is nobody's, or has expired: expected 'authorization: Bearer TOKEN' "
                "with one of those in the server's token file");
  }
  if (visitor.certificate.empty()) return Holder{"", true};
  return Holder{visitor.certificate.front(), !IsViewer(options_.viewers, visitor.certificate)};
}

tl::expected<control::Caller, Denied> AdminDoor::Admit(const Visitor& visitor,
                                                       std::string_view method) {
  const auto holder = Recognise(visitor);
  if (!holder) {
    Report(visitor, "", method, holder.error());
    return tl::unexpected<Denied>(holder.error());
  }
  if (holder->may_change || ChangesNothing(method)) {
    return control::Caller{holder->name, visitor.from};
  }
  Denied denied{Denied::Reason::kViewer, holder->name + " is a viewer, who may change nothing: " +
                                             std::string(method) + " is for operators"};
  Report(visitor, holder->name, method, denied);
  return tl::unexpected<Denied>(std::move(denied));
}

control::Caller AdminDoor::CallerOf(const Visitor& visitor) const {
  const auto holder = Recognise(visitor);
  return {holder ? holder->name : "", visitor.from};
}

void AdminDoor::Report(const Visitor& visitor, std::string_view name, std::string_view method,
                       const Denied& denied) {
  ++denied_.at(static_cast<std::size_t>(denied.reason));
  std::uint64_t others = 0;
  {
    MutexLock lock(mutex_);
    const SteadyTime now = clock_.Now();
    if (now < next_line_) {
      ++without_line_;
      return;
    }
    next_line_ = now + kBetweenLines;
    others = std::exchange(without_line_, 0);
  }
  Log(LogLevel::kWarning, "admin_denied",
      {{"reason", ToText(denied.reason)},
       {"who", name},
       {"from", visitor.from},
       {"method", method},
       {"others_since", others}});
}

}  // namespace baton::admin
