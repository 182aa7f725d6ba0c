// System calls that no inference server needs, denied by the kernel's seccomp(2).
//
// What is named is denied and the rest is allowed, since plug-ins and the libraries of models
// decide what else is called (decision 0024). A denied call fails with EPERM, and is counted.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "server/base/result.h"

namespace baton::lifecycle {

// What a denied call would have been for.
enum class CallKind {
  kProcess,   // run another program
  kTrace,     // look into processes, or watch the machine
  kNetwork,   // listen anew, or connect
  kIdentity,  // become somebody else
  kKernel,    // change the machine, its mounts, its clock, or what the kernel runs
};
inline constexpr std::array kAllCallKinds = {CallKind::kProcess, CallKind::kTrace,
                                             CallKind::kNetwork, CallKind::kIdentity,
                                             CallKind::kKernel};
std::string_view ToText(CallKind kind);

struct FilteredCall {
  const char* name;
  CallKind kind;
};
// The ones that are denied whatever their arguments, by the names of section 2 of the manual.
std::span<const FilteredCall> DeniedCalls();

struct SyscallFilterOptions {
  // socket(2) for IPv4, IPv6 and Unix sockets, and connect(2). Without it the process opens no
  // sockets but those that it accepts; listening anew is denied either way.
  bool outgoing_connections = false;
  // prctl(2) may make the process dumpable again.
  bool core_dumps = false;
};

// Whether the kernel can filter at all. Errors: kUnsupported says why not.
Status CheckSyscallFilter();

// Holds for every thread from now on, and for good. Sets no_new_privs. Takes SIGSYS, whose handler
// counts and makes the call fail; a thread that blocks that signal ends the process with a call
// that is denied. New processes are denied without being counted: who starts one blocks all
// signals. Errors: kUnsupported and kInternal; then nothing has changed.
Status FilterSyscalls(const SyscallFilterOptions& options);

// How many calls were denied since the start, of one kind. Threads: any.
std::uint64_t DeniedCallsOf(CallKind kind);

struct DeniedCount {
  std::string_view name;
  CallKind kind;
  std::uint64_t times;
};
// What was denied since the last call of this function. Threads: one at a time.
std::vector<DeniedCount> TakeDenied();

}  // namespace baton::lifecycle
