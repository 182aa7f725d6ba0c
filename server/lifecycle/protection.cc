// The order of things: what holds for threads to come goes first, what a start still needs goes
// last.
#include "server/lifecycle/protection.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include "server/base/address_sanitizer.h"
#include "server/base/log.h"
#include "server/lifecycle/core_dumps.h"
#include "server/lifecycle/landlock.h"
#include "server/lifecycle/privileges.h"
#include "server/lifecycle/syscall_filter.h"

namespace baton::lifecycle {
namespace {

constexpr mode_t kForNobodyElse = 077;
constexpr const char* kSanitized =
    "this build has the address sanitizer, which traces its process and runs programs";

tl::unexpected<Error> NotToBeHad(const char* what, const std::string& why) {
  return Fail(ErrorCode::kFailedPrecondition,
              std::string("process.") + what + " is required and cannot be had: " + why +
                  "; auto goes on without",
              std::string("process.") + what);
}

Status CheckLandlock() {
  if (kHasAddressSanitizer) return Fail(ErrorCode::kUnsupported, kSanitized);
  const auto version = LandlockVersion();
  return version ? Status() : tl::unexpected<Error>(version.error());
}

Status CheckSeccomp() {
  if (kHasAddressSanitizer) return Fail(ErrorCode::kUnsupported, kSanitized);
  return CheckSyscallFilter();
}

// `turn_on` where it is wished for and `check` has nothing against it.
template <typename TurnOn>
Result<Protection> Wished(const char* what, Wish wish, const Status& check, TurnOn turn_on) {
  if (wish == Wish::kOff) return Protection{false, "turned off"};
  const Status status = check ? turn_on() : check;
  if (status) return Protection{true, ""};
  if (wish == Wish::kRequired) return NotToBeHad(what, status.error().message);
  return Protection{false, status.error().message};
}

Status SetNoNewPrivileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) return {};
  return Fail(ErrorCode::kInternal,
              std::string("cannot set no_new_privs: ") + std::strerror(errno));
}

PathNeeds Together(PathNeeds needs, const PathNeeds& more) {
  const auto append = [](auto& to, const auto& from) {
    to.insert(to.end(), from.begin(), from.end());
  };
  append(needs.read, more.read);
  append(needs.write, more.write);
  append(needs.sockets, more.sockets);
  return needs;
}

struct Kind {
  const char* name;
  const Protection Protections::*protection;
};
constexpr std::array kKinds = {
    Kind{"unprivileged", &Protections::unprivileged},
    Kind{"no_new_privileges", &Protections::no_new_privileges},
    Kind{"no_core_dumps", &Protections::no_core_dumps},
    Kind{"seccomp", &Protections::seccomp},
    Kind{"landlock", &Protections::landlock},
};

std::string InWords(const Protection& protection) {
  return protection.is_on ? "on" : "off: " + protection.reason;
}

}  // namespace

Result<Protections> ProtectFromStart(const ProtectionOptions& options) {
  umask(kForNobodyElse);
  if (Status set = SetNoNewPrivileges(); !set) return tl::unexpected<Error>(set.error());
  if (!options.core_dumps) {
    if (Status forbidden = ForbidCoreDumps(); !forbidden) {
      return tl::unexpected<Error>(forbidden.error());
    }
  }
  Protections protections;
  protections.no_new_privileges.is_on = true;
  protections.no_core_dumps = {!options.core_dumps, "turned off"};
  auto landlock = Wished("landlock", options.landlock, CheckLandlock(), [&options] {
    return RestrictPaths(Together(SystemNeeds(), options.paths));
  });
  if (!landlock) return tl::unexpected<Error>(landlock.error());
  protections.landlock = *std::move(landlock);
  return protections;
}

Status ProtectOnceListening(const std::string& user, const ProtectionOptions& options,
                            Protections& protections) {
  if (Status dropped = DropPrivileges(user); !dropped) return dropped;
  protections.unprivileged = {geteuid() != 0, "it runs as root"};
  // Who becomes another user may be dumped again, by fs.suid_dumpable.
  const Status dumps = options.core_dumps ? AllowCoreDumps() : ForbidCoreDumps();
  if (!dumps) return dumps;
  auto seccomp = Wished("seccomp", options.seccomp, CheckSeccomp(), [&options] {
    return FilterSyscalls({options.outgoing_connections, options.core_dumps});
  });
  if (!seccomp) return tl::unexpected<Error>(seccomp.error());
  protections.seccomp = *std::move(seccomp);
  return {};
}

Status CheckProtection(const ProtectionOptions& options) {
  for (const auto& [name, wish, check] :
       {std::tuple("seccomp", options.seccomp, &CheckSeccomp),
        std::tuple("landlock", options.landlock, &CheckLandlock)}) {
    if (wish != Wish::kRequired) continue;
    if (const Status status = check(); !status) return NotToBeHad(name, status.error().message);
  }
  return {};
}

void LogProtections(const Protections& protections) {
  Log(LogLevel::kInfo, "hardened",
      {{"user", static_cast<std::uint64_t>(geteuid())},
       {"unprivileged", InWords(protections.unprivileged)},
       {"no_new_privileges", InWords(protections.no_new_privileges)},
       {"no_core_dumps", InWords(protections.no_core_dumps)},
       {"seccomp", InWords(protections.seccomp)},
       {"landlock", InWords(protections.landlock)}});
  for (const Kind& kind : kKinds) {
    const Protection& protection = protections.*kind.protection;
    if (protection.is_on || protection.reason == "turned off") continue;
    Log(LogLevel::kWarning, "protection_missing",
        {{"kind", kind.name}, {"reason", protection.reason}});
  }
}

void LogDeniedCalls() {
  for (const DeniedCount& denied : TakeDenied()) {
    Log(LogLevel::kWarning, "call_denied",
        {{"call", denied.name}, {"kind", ToText(denied.kind)}, {"times", denied.times}});
  }
}

void AddProtectionMetrics(metrics::Registry& registry, const Protections& protections) {
  for (const Kind& kind : kKinds) {
    const bool& is_on = (protections.*kind.protection).is_on;
    registry.AddGauge("baton_process_protection", "1 where the process is protected in this way.",
                      {{"kind", kind.name}}, [&is_on] { return is_on ? 1.0 : 0.0; });
  }
  for (const CallKind kind : kAllCallKinds) {
    registry.AddCounterFunction("baton_denied_calls_total",
                                "System calls that were denied, by what they are for: stays 0.",
                                {{"kind", std::string(ToText(kind))}},
                                [kind] { return static_cast<double>(DeniedCallsOf(kind)); });
  }
}

}  // namespace baton::lifecycle
