// What a server gives up of what its process could do: before its first thread, and once it
// listens.
#pragma once

#include <string>

#include "server/base/result.h"
#include "server/lifecycle/path_rules.h"
#include "server/metrics/registry.h"

namespace baton::lifecycle {

enum class Wish {
  kAuto,      // where the kernel has it
  kOff,       //
  kRequired,  // no start without
};

struct ProtectionOptions {
  bool core_dumps = false;  // leave them on, and let others of the user trace the process
  Wish seccomp = Wish::kAuto;
  Wish landlock = Wish::kAuto;
  bool outgoing_connections = false;  // SyscallFilterOptions
  PathNeeds paths;                    // beside SystemNeeds; complete, as no other may be read later
};

// One of them as it came out.
struct Protection {
  bool is_on = false;
  std::string reason;  // why it is not, or what is to be known of it
};

// Threads: made by one, read by any afterwards.
struct Protections {
  Protection unprivileged;
  Protection no_new_privileges;
  Protection no_core_dumps;
  Protection seccomp;
  Protection landlock;
};

// A file mode for what is made from now on that others get no part of, no_new_privs, no core dumps,
// and landlock. Requires: the process has one thread, for landlock.
// Errors: kFailedPrecondition when landlock is required and cannot be had; kInternal.
Result<Protections> ProtectFromStart(const ProtectionOptions& options);

// DropPrivileges, and seccomp for every thread that there is. Call when everything listens.
// Errors: as DropPrivileges; kFailedPrecondition when seccomp is required and cannot be had.
Status ProtectOnceListening(const std::string& user, const ProtectionOptions& options,
                            Protections& protections);

// kFailedPrecondition when something is required that cannot be had; changes nothing.
Status CheckProtection(const ProtectionOptions& options);

// A line with what is in force, and a warning for each that was meant to be and is not.
void LogProtections(const Protections& protections);

// A line for each call that was denied since the last time. Threads: one at a time.
void LogDeniedCalls();

// Requires: `protections` stays as it is and outlives the registry's last scrape.
void AddProtectionMetrics(metrics::Registry& registry, const Protections& protections);

}  // namespace baton::lifecycle
