// What is denied fails with EPERM, is counted, and everything else goes on; in a process of its
// own.
#include "server/lifecycle/syscall_filter.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>
#include <sched.h>
#include <spawn.h>

#include "tests/support/child_process.h"

namespace baton::lifecycle {
namespace {

using testing_support::InAChild;

class SyscallFilterTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const Status can = CheckSyscallFilter(); !can) GTEST_SKIP() << can.error().message;
  }
};

bool Fails(long result) { return result == -1 && errno == EPERM; }

struct Forbidden {
  const char* name;
  CallKind kind;
  std::function<long()> call;
};

std::vector<Forbidden> AllForbidden() {
  char* const none[] = {nullptr};
  return {
      {"execve", CallKind::kProcess, [none] { return long{execve("/bin/true", none, none)}; }},
      {"execveat", CallKind::kProcess,
       [none] { return syscall(SYS_execveat, AT_FDCWD, "/bin/true", none, none, 0); }},
      {"ptrace", CallKind::kTrace, [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }},
      {"process_vm_readv", CallKind::kTrace,
       [] { return syscall(SYS_process_vm_readv, getpid(), nullptr, 0, nullptr, 0, 0); }},
      {"perf_event_open", CallKind::kTrace,
       [] { return syscall(SYS_perf_event_open, nullptr, 0, -1, -1, 0); }},
      {"prctl", CallKind::kTrace, [] { return long{prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)}; }},
      {"socket", CallKind::kNetwork, [] { return long{socket(AF_INET, SOCK_STREAM, 0)}; }},
      {"bind", CallKind::kNetwork, [] { return long{bind(-1, nullptr, 0)}; }},
      {"listen", CallKind::kNetwork, [] { return long{listen(-1, 1)}; }},
      {"connect", CallKind::kNetwork, [] { return long{connect(-1, nullptr, 0)}; }},
      {"setuid", CallKind::kIdentity, [] { return syscall(SYS_setuid, getuid()); }},
      {"setgroups", CallKind::kIdentity, [] { return syscall(SYS_setgroups, 0, nullptr); }},
      {"unshare", CallKind::kIdentity, [] { return long{unshare(0)}; }},
      {"keyctl", CallKind::kIdentity, [] { return syscall(SYS_keyctl, 0, 0, 0, 0, 0); }},
      {"mount", CallKind::kKernel,
       [] { return long{mount("none", "/nowhere", "tmpfs", 0, nullptr)}; }},
      {"bpf", CallKind::kKernel, [] { return syscall(SYS_bpf, -1, nullptr, 0); }},
      {"io_uring_setup", CallKind::kKernel, [] { return syscall(SYS_io_uring_setup, 0, nullptr); }},
      {"userfaultfd", CallKind::kKernel, [] { return syscall(SYS_userfaultfd, -1); }},
      {"init_module", CallKind::kKernel, [] { return syscall(SYS_init_module, nullptr, 0, ""); }},
      {"kexec_load", CallKind::kKernel, [] { return syscall(SYS_kexec_load, 0, 0, nullptr, -1); }},
      {"reboot", CallKind::kKernel, [] { return syscall(SYS_reboot, 0, 0, 0, nullptr); }},
  };
}

TEST_F(SyscallFilterTest, EachOfThemFailsAndIsCountedUnderItsNameAndKind) {
  for (const Forbidden& forbidden : AllForbidden()) {
    EXPECT_EQ(InAChild([&forbidden] {
                if (!FilterSyscalls({})) return 1;
                if (!Fails(forbidden.call())) return 2;
                if (!Fails(forbidden.call())) return 3;
                if (DeniedCallsOf(forbidden.kind) != 2) return 4;
                const auto taken = TakeDenied();
                if (taken.size() != 1 || taken[0].name != forbidden.name) return 5;
                if (taken[0].kind != forbidden.kind || taken[0].times != 2) return 6;
                return TakeDenied().empty() ? 0 : 7;
              }),
              0)
        << forbidden.name;
  }
}

TEST_F(SyscallFilterTest, NoNewProcessIsStarted) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({})) return 1;
              const pid_t child = fork();
              if (child == 0) _exit(0);
              if (!Fails(child)) return 2;
              char name[] = "true";
              char* const arguments[] = {name, nullptr};
              pid_t spawned = 0;
              return posix_spawn(&spawned, "/bin/true", nullptr, nullptr, arguments, environ) ==
                             EPERM
                         ? 0
                         : 3;
            }),
            0);
}

TEST_F(SyscallFilterTest, ThreadsThatRanBeforeAreFilteredToo) {
  EXPECT_EQ(InAChild([] {
              int ends[2];
              if (pipe(ends) != 0) return 1;
              bool is_denied = false;
              std::thread other([&] {
                char byte = 0;
                static_cast<void>(read(ends[0], &byte, 1));
                is_denied = Fails(unshare(0));
              });
              const bool is_on = FilterSyscalls({}).has_value();
              close(ends[1]);
              other.join();
              return is_on && is_denied ? 0 : 2;
            }),
            0);
}

TEST_F(SyscallFilterTest, WhatAServerDoesGoesOn) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({})) return 1;
              int ran = 0;
              std::thread([&ran] { ran = 1; }).join();
              if (ran != 1) return 2;
              void* const code =
                  mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              if (code == MAP_FAILED) return 3;
              int pair[2];
              if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) return 4;
              if (prctl(PR_SET_NAME, "named", 0, 0, 0) != 0) return 5;
              return access("/", R_OK) == 0 && TakeDenied().empty() ? 0 : 6;
            }),
            0);
}

TEST_F(SyscallFilterTest, WithOutgoingConnectionsSomeFamiliesConnectAndNoneListens) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({.outgoing_connections = true, .core_dumps = false})) return 1;
              for (const int family : {AF_UNIX, AF_INET, AF_INET6}) {
                if (Fails(socket(family, SOCK_STREAM, 0))) return 2;
              }
              if (Fails(connect(-1, nullptr, 0)) || errno != EBADF) return 3;
              for (const int family : {AF_UNSPEC, AF_PACKET, AF_VSOCK, AF_ALG, 9, 11, 15}) {
                if (!Fails(socket(family, SOCK_RAW, 0))) return 4;
              }
              return Fails(bind(-1, nullptr, 0)) && Fails(listen(-1, 1)) ? 0 : 5;
            }),
            0);
}

// getaddrinfo(3) asks for it where a name has several addresses.
TEST_F(SyscallFilterTest, NetlinkIsRefusedAndNotCounted) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({.outgoing_connections = true, .core_dumps = false})) return 1;
              if (socket(AF_NETLINK, SOCK_RAW, 0) != -1 || errno != EAFNOSUPPORT) return 2;
              if (!TakeDenied().empty()) return 3;
              return Fails(socket(AF_PACKET, SOCK_RAW, 0)) && TakeDenied().size() == 1 ? 0 : 4;
            }),
            0);
}

TEST_F(SyscallFilterTest, AFamilyInTheLowHalfOfItsArgumentOnlyIsNoWayAround) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({.outgoing_connections = true, .core_dumps = false})) return 1;
              const long family = (1L << 32) | AF_NETLINK;
              return Fails(syscall(SYS_socket, family, SOCK_RAW, 0)) ? 0 : 2;
            }),
            0);
}

TEST_F(SyscallFilterTest, WithCoreDumpsTheProcessMayBeDumpableAgain) {
  EXPECT_EQ(InAChild([] {
              if (!FilterSyscalls({.outgoing_connections = false, .core_dumps = true})) return 1;
              return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0 ? 0 : 2;
            }),
            0);
}

TEST(DeniedCallsTest, EachIsNamedOnce) {
  std::set<std::string> names;
  for (const FilteredCall& call : DeniedCalls())
    EXPECT_TRUE(names.insert(call.name).second) << call.name;
}

}  // namespace
}  // namespace baton::lifecycle
