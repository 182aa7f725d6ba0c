// What is asked for is in force or said to be missing; in a process of its own.
#include "server/lifecycle/protection.h"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/base/address_sanitizer.h"
#include "server/base/fd.h"
#include "server/lifecycle/core_dumps.h"
#include "server/lifecycle/landlock.h"
#include "server/lifecycle/syscall_filter.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace baton::lifecycle {
namespace {

using testing::HasSubstr;
using testing_support::InAChild;

bool HasAll() { return !kHasAddressSanitizer && LandlockVersion() && CheckSyscallFilter(); }

// What holds for threads to come cannot be had where a sanitizer has started one.
bool HasAllFromTheStart() { return HasAll() && testing_support::ChildrenHaveOneThread(); }

rlim_t CoreLimit() {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  return limit.rlim_cur;
}

TEST(CoreDumpsTest, ForbiddenTheyAreLimitedToNothingAndNobodyMayTrace) {
  EXPECT_EQ(InAChild([] {
              if (!ForbidCoreDumps()) return 1;
              return CoreLimit() == 0 && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 2;
            }),
            0);
}

TEST(CoreDumpsTest, AllowedTheyAreThereUpToTheHardLimit) {
  EXPECT_EQ(InAChild([] {
              rlimit limit{};
              getrlimit(RLIMIT_CORE, &limit);
              limit.rlim_cur = 0;
              setrlimit(RLIMIT_CORE, &limit);
              prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
              if (!AllowCoreDumps()) return 1;
              return CoreLimit() == limit.rlim_max && prctl(PR_GET_DUMPABLE) == 1 ? 0 : 2;
            }),
            0);
}

TEST(ProtectionTest, FromTheStartThereAreNoPrivilegesDumpsOrFilesForOthers) {
  EXPECT_EQ(InAChild([] {
              const auto protections = ProtectFromStart({});
              if (!protections) return 1;
              if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 2;
              if (prctl(PR_GET_DUMPABLE) != 0 || umask(0) != 077) return 3;
              const bool is_told =
                  protections->no_new_privileges.is_on && protections->no_core_dumps.is_on;
              return is_told && !protections->seccomp.is_on ? 0 : 4;
            }),
            0);
}

TEST(ProtectionTest, WhatTheKernelHasIsInForceAndSoIsSaid) {
  if (!HasAllFromTheStart()) GTEST_SKIP() << "needs landlock and seccomp, and no sanitizer";
  const testing_support::TemporaryFolder mine;
  mine.Write("a", "a");
  EXPECT_EQ(InAChild([&mine] {
              auto protections = ProtectFromStart({});
              if (!protections) return 1;
              const bool is_open = UniqueFd(open((mine.path() / "a").c_str(), O_RDONLY)).valid();
              if (is_open != !protections->landlock.is_on || is_open) return 2;
              if (!ProtectOnceListening("root", {}, *protections)) return 3;
              if (!protections->seccomp.is_on || prctl(PR_GET_SECCOMP) != 2) return 4;
              return protections->unprivileged.is_on == (geteuid() != 0) ? 0 : 5;
            }),
            0);
}

TEST(ProtectionTest, WhatIsTurnedOffIsOffAndIsNoReasonToFail) {
  EXPECT_EQ(InAChild([] {
              ProtectionOptions options;
              options.seccomp = Wish::kOff;
              options.landlock = Wish::kOff;
              options.core_dumps = true;
              auto protections = ProtectFromStart(options);
              if (!protections || !ProtectOnceListening("root", options, *protections)) return 1;
              if (!UniqueFd(open("/etc/hostname", O_RDONLY)).valid() && errno == EACCES) return 2;
              if (prctl(PR_GET_SECCOMP) != 0 || prctl(PR_GET_DUMPABLE) != 1) return 3;
              return protections->landlock.reason == "turned off" ? 0 : 4;
            }),
            0);
}

TEST(ProtectionTest, WhatIsRequiredAndNotToBeHadEndsTheStart) {
  if (!kHasAddressSanitizer && !HasAll()) GTEST_SKIP() << "tells nothing apart on this kernel";
  EXPECT_EQ(InAChild([] {
              // A thread more, or a sanitizer, and landlock cannot be had.
              int ends[2];
              if (pipe(ends) != 0) return 1;
              ProtectionOptions options;
              options.landlock = Wish::kRequired;
              Status status;
              {
                std::jthread other([&ends] {
                  char byte = 0;
                  static_cast<void>(read(ends[0], &byte, 1));
                });
                const auto protections = ProtectFromStart(options);
                if (!protections) status = tl::unexpected<Error>(protections.error());
                close(ends[1]);
              }
              if (status || status.error().code != ErrorCode::kFailedPrecondition) return 2;
              return status.error().message.find("process.landlock is required") == 0 ? 0 : 3;
            }),
            0);
}

TEST(ProtectionTest, ACheckSaysBeforehandWhetherWhatIsRequiredIsThere) {
  ProtectionOptions options;
  EXPECT_TRUE(CheckProtection(options));
  options.landlock = options.seccomp = Wish::kRequired;
  const Status checked = CheckProtection(options);
  EXPECT_EQ(checked.has_value(), HasAll());
  if (checked) return;
  EXPECT_THAT(checked.error().message, HasSubstr("is required and cannot be had"));
}

TEST(ProtectionTest, TheMetricsSayWhatIsInForce) {
  metrics::Registry registry;
  Protections protections;
  protections.landlock.is_on = true;
  AddProtectionMetrics(registry, protections);
  const std::string text = registry.Expose();
  EXPECT_THAT(text, HasSubstr("baton_process_protection{kind=\"landlock\"} 1"));
  EXPECT_THAT(text, HasSubstr("baton_process_protection{kind=\"seccomp\"} 0"));
  EXPECT_THAT(text, HasSubstr("baton_denied_calls_total{kind=\"process\"} 0"));
}

}  // namespace
}  // namespace baton::lifecycle
