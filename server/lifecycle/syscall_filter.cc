// The filter by libseccomp, which this unit alone includes, and the handler behind it.
#include "server/lifecycle/syscall_filter.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <linux/seccomp.h>
#include <memory>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <utility>

#include <sched.h>
#include <seccomp.h>
#include <ucontext.h>

namespace baton::lifecycle {
namespace {

constexpr std::array kDenied = {
    FilteredCall{"execve", CallKind::kProcess},
    FilteredCall{"execveat", CallKind::kProcess},

    FilteredCall{"ptrace", CallKind::kTrace},
    FilteredCall{"process_vm_readv", CallKind::kTrace},
    FilteredCall{"process_vm_writev", CallKind::kTrace},
    FilteredCall{"process_madvise", CallKind::kTrace},
    FilteredCall{"pidfd_getfd", CallKind::kTrace},
    FilteredCall{"kcmp", CallKind::kTrace},
    FilteredCall{"perf_event_open", CallKind::kTrace},
    FilteredCall{"lookup_dcookie", CallKind::kTrace},
    FilteredCall{"fanotify_init", CallKind::kTrace},
    FilteredCall{"syslog", CallKind::kTrace},

    FilteredCall{"bind", CallKind::kNetwork},
    FilteredCall{"listen", CallKind::kNetwork},

    FilteredCall{"setuid", CallKind::kIdentity},
    FilteredCall{"setgid", CallKind::kIdentity},
    FilteredCall{"setreuid", CallKind::kIdentity},
    FilteredCall{"setregid", CallKind::kIdentity},
    FilteredCall{"setresuid", CallKind::kIdentity},
    FilteredCall{"setresgid", CallKind::kIdentity},
    FilteredCall{"setgroups", CallKind::kIdentity},
    FilteredCall{"setfsuid", CallKind::kIdentity},
    FilteredCall{"setfsgid", CallKind::kIdentity},
    FilteredCall{"capset", CallKind::kIdentity},
    FilteredCall{"unshare", CallKind::kIdentity},
    FilteredCall{"setns", CallKind::kIdentity},
    FilteredCall{"add_key", CallKind::kIdentity},
    FilteredCall{"request_key", CallKind::kIdentity},
    FilteredCall{"keyctl", CallKind::kIdentity},

    FilteredCall{"mount", CallKind::kKernel},
    FilteredCall{"umount2", CallKind::kKernel},
    FilteredCall{"pivot_root", CallKind::kKernel},
    FilteredCall{"chroot", CallKind::kKernel},
    FilteredCall{"open_tree", CallKind::kKernel},
    FilteredCall{"move_mount", CallKind::kKernel},
    FilteredCall{"fsopen", CallKind::kKernel},
    FilteredCall{"fsconfig", CallKind::kKernel},
    FilteredCall{"fsmount", CallKind::kKernel},
    FilteredCall{"fspick", CallKind::kKernel},
    FilteredCall{"mount_setattr", CallKind::kKernel},
    FilteredCall{"open_by_handle_at", CallKind::kKernel},
    FilteredCall{"mknod", CallKind::kKernel},
    FilteredCall{"mknodat", CallKind::kKernel},
    FilteredCall{"swapon", CallKind::kKernel},
    FilteredCall{"swapoff", CallKind::kKernel},
    FilteredCall{"reboot", CallKind::kKernel},
    FilteredCall{"kexec_load", CallKind::kKernel},
    FilteredCall{"kexec_file_load", CallKind::kKernel},
    FilteredCall{"init_module", CallKind::kKernel},
    FilteredCall{"finit_module", CallKind::kKernel},
    FilteredCall{"delete_module", CallKind::kKernel},
    FilteredCall{"bpf", CallKind::kKernel},
    FilteredCall{"userfaultfd", CallKind::kKernel},
    FilteredCall{"io_uring_setup", CallKind::kKernel},
    FilteredCall{"io_uring_enter", CallKind::kKernel},
    FilteredCall{"io_uring_register", CallKind::kKernel},
    FilteredCall{"settimeofday", CallKind::kKernel},
    FilteredCall{"clock_settime", CallKind::kKernel},
    FilteredCall{"adjtimex", CallKind::kKernel},
    FilteredCall{"clock_adjtime", CallKind::kKernel},
    FilteredCall{"sethostname", CallKind::kKernel},
    FilteredCall{"setdomainname", CallKind::kKernel},
    FilteredCall{"acct", CallKind::kKernel},
    FilteredCall{"quotactl", CallKind::kKernel},
    FilteredCall{"nfsservctl", CallKind::kKernel},
    FilteredCall{"vhangup", CallKind::kKernel},
    FilteredCall{"iopl", CallKind::kKernel},
    FilteredCall{"ioperm", CallKind::kKernel},
    FilteredCall{"modify_ldt", CallKind::kKernel},
    FilteredCall{"personality", CallKind::kKernel},
};

// Denied for some arguments, or by some options, only.
constexpr std::array kSometimesDenied = {
    FilteredCall{"socket", CallKind::kNetwork},
    FilteredCall{"connect", CallKind::kNetwork},
    FilteredCall{"prctl", CallKind::kTrace},
};

// By their numbers. Written by the handler of a signal, so without locks.
constexpr std::size_t kNumbers = 1024;
std::array<std::atomic<std::uint64_t>, kNumbers> denied_calls;
std::atomic<std::uint64_t> all_denied_calls;
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool kCanAnswer = true;

void AnswerInterrupted(ucontext_t& context, int error) {
#if defined(__x86_64__)
  context.uc_mcontext.gregs[REG_RAX] = -error;
#else
  context.uc_mcontext.regs[0] = static_cast<std::uint64_t>(-error);
#endif
}
#else
// Nobody has written down where the result goes: denied calls fail as well, and are not counted.
constexpr bool kCanAnswer = false;

void AnswerInterrupted(ucontext_t& /*context*/, int /*error*/) {}
#endif

void OnDeniedCall(int /*signal*/, siginfo_t* info, void* context) {
  constexpr int kBySeccomp = 1;  // SYS_SECCOMP, which glibc's headers lack
  if (info->si_code != kBySeccomp) return;
  const auto number = static_cast<std::size_t>(info->si_syscall);
  if (number < kNumbers) denied_calls[number].fetch_add(1, std::memory_order_relaxed);
  all_denied_calls.fetch_add(1, std::memory_order_release);  // seen with the one above
  AnswerInterrupted(*static_cast<ucontext_t*>(context), EPERM);
}

struct FilterCloser {
  void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterCloser>;

// Collects the first failure, so that the list above reads as a list.
class FilterMaker {
 public:
  explicit FilterMaker(scmp_filter_ctx filter) : filter_(filter) {}

  void Set(scmp_filter_attr attribute, std::uint32_t value) {
    Keep(seccomp_attr_set(filter_, attribute, value), "an attribute");
  }
  // `arguments`: what they have to be for `action`; none: any.
  void Add(const char* name, std::uint32_t action, std::vector<scmp_arg_cmp> arguments = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number < 0) return;  // not on this architecture, or younger than the library
    Keep(seccomp_rule_add_array(filter_, action, number, static_cast<unsigned>(arguments.size()),
                                arguments.empty() ? nullptr : arguments.data()),
         name);
  }
  Status Load() {
    if (failure_.empty()) Keep(seccomp_load(filter_), "the filter");
    if (failure_.empty()) return {};
    return Fail(ErrorCode::kInternal, "seccomp refuses " + failure_);
  }

 private:
  void Keep(int result, const char* what) {
    if (result < 0 && failure_.empty()) {
      failure_ = std::string(what) + ": " + std::strerror(-result);
    }
  }

  scmp_filter_ctx filter_;
  std::string failure_;
};

scmp_arg_cmp Argument(unsigned index, scmp_compare how, std::uint64_t value,
                      std::uint64_t second = 0) {
  return {index, how, value, second};
}

void DenyNewProcesses(FilterMaker& maker) {
  // By their errors: whoever forks blocks all signals before, and could not be told by one.
  maker.Add("fork", SCMP_ACT_ERRNO(EPERM));
  maker.Add("vfork", SCMP_ACT_ERRNO(EPERM));
  maker.Add("clone", SCMP_ACT_ERRNO(EPERM), {Argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)});
  // Its flags are in memory, where no filter can look: as if there were none, so that the C library
  // starts threads by clone.
  maker.Add("clone3", SCMP_ACT_ERRNO(ENOSYS));
}

// Everything but IPv4, IPv6 and Unix sockets.
void DenyOtherFamilies(FilterMaker& maker, std::uint32_t denied) {
  static_assert(AF_UNIX == 1 && AF_INET == 2 && AF_INET6 == 10 && AF_NETLINK == 16);
  for (std::uint64_t family = 0; family < AF_NETLINK; ++family) {
    if (family == AF_UNIX || family == AF_INET || family == AF_INET6) continue;
    maker.Add("socket", denied, {Argument(0, SCMP_CMP_EQ, family)});
  }
  // The C library asks for it where a name has several addresses, and does without: no attack.
  maker.Add("socket", SCMP_ACT_ERRNO(EAFNOSUPPORT), {Argument(0, SCMP_CMP_EQ, AF_NETLINK)});
  maker.Add("socket", denied, {Argument(0, SCMP_CMP_GT, AF_NETLINK)});
}

void AddRules(FilterMaker& maker, const SyscallFilterOptions& options) {
  const std::uint32_t denied = kCanAnswer ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(EPERM);
  for (const FilteredCall& call : kDenied) maker.Add(call.name, denied);
  DenyNewProcesses(maker);
  if (options.outgoing_connections) {
    DenyOtherFamilies(maker, denied);
  } else {
    maker.Add("socket", denied);
    maker.Add("connect", denied);
  }
  if (!options.core_dumps) {
    constexpr std::uint64_t kLowHalf = 0xffffffff;  // the kernel looks at no more
    maker.Add("prctl", denied, {Argument(0, SCMP_CMP_MASKED_EQ, kLowHalf, PR_SET_DUMPABLE)});
  }
}

std::uint64_t TimesOf(const FilteredCall& call) {
  const int number = seccomp_syscall_resolve_name(call.name);
  if (number < 0 || static_cast<std::size_t>(number) >= kNumbers) return 0;
  return denied_calls[static_cast<std::size_t>(number)].load(std::memory_order_relaxed);
}

template <typename Visit>
void ForAllCounted(Visit visit) {
  for (const FilteredCall& call : kDenied) visit(call);
  for (const FilteredCall& call : kSometimesDenied) visit(call);
}

}  // namespace

std::string_view ToText(CallKind kind) {
  switch (kind) {
    case CallKind::kProcess: return "process";
    case CallKind::kTrace: return "trace";
    case CallKind::kNetwork: return "network";
    case CallKind::kIdentity: return "identity";
    case CallKind::kKernel: break;
  }
  return "kernel";
}

std::span<const FilteredCall> DeniedCalls() { return kDenied; }

Status CheckSyscallFilter() {
  // By a filter at no address: a kernel that can filter looks for it, others know no such call.
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, nullptr, 0, 0) == -1 && errno == EFAULT) return {};
  return Fail(ErrorCode::kUnsupported,
              std::string("this kernel has no seccomp filters: ") + std::strerror(errno));
}

Status FilterSyscalls(const SyscallFilterOptions& options) {
  if (Status can = CheckSyscallFilter(); !can) return can;
  const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
  if (!filter) return Fail(ErrorCode::kInternal, "seccomp makes no filter");
  struct sigaction action {};
  action.sa_sigaction = &OnDeniedCall;
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  if (sigaction(SIGSYS, &action, nullptr) != 0) {
    return Fail(ErrorCode::kInternal, std::string("SIGSYS: ") + std::strerror(errno));
  }
  FilterMaker maker(filter.get());
  maker.Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  maker.Set(SCMP_FLTATR_CTL_TSYNC, 1);
  // Else older kernels make speculation slower in every thread, for interpreters' sake.
  static_cast<void>(seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_SSB, 1));
  AddRules(maker, options);
  return maker.Load();
}

std::uint64_t DeniedCallsOf(CallKind kind) {
  std::uint64_t times = 0;
  ForAllCounted([&](const FilteredCall& call) {
    if (call.kind == kind) times += TimesOf(call);
  });
  return times;
}

std::vector<DeniedCount> TakeDenied() {
  static std::array<std::uint64_t, kDenied.size() + kSometimesDenied.size()> taken{};
  static std::uint64_t all_taken = 0;
  std::vector<DeniedCount> counts;
  const std::uint64_t all = all_denied_calls.load(std::memory_order_acquire);
  if (std::exchange(all_taken, all) == all) return counts;
  std::size_t at = 0;
  ForAllCounted([&](const FilteredCall& call) {
    const std::uint64_t times = TimesOf(call);
    const std::uint64_t before = std::exchange(taken[at++], times);
    if (times != before) counts.push_back({call.name, call.kind, times - before});
  });
  return counts;
}

}  // namespace baton::lifecycle
