// What is not named is out of reach, for good; in a process of its own.
#include "server/lifecycle/landlock.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

#include "server/base/fd.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"

namespace baton::lifecycle {
namespace {

using testing_support::InAChild;
using testing_support::TemporaryFolder;
namespace fs = std::filesystem;

int OpenError(const fs::path& path, int flags = O_RDONLY) {
  const UniqueFd fd(open(path.c_str(), flags | O_CLOEXEC, 0600));
  return fd.valid() ? 0 : errno;
}

int BindError(const fs::path& path) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof(address.sun_path) - 1);
  const auto* const any = reinterpret_cast<const sockaddr*>(&address);
  return bind(fd.get(), any, sizeof(address)) == 0 ? 0 : errno;
}

class LandlockTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto version = LandlockVersion();
    if (!version) GTEST_SKIP() << version.error().message;
    if (!testing_support::ChildrenHaveOneThread())
      GTEST_SKIP() << "a sanitizer has a thread of its own";
    mine_.Write("models/a", "a");
    mine_.Write("secret/b", "b");
  }

  fs::path In(const std::string& name) const { return mine_.path() / name; }
  bool Restrict(const PathNeeds& needs) const {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && RestrictPaths(needs).has_value();
  }
  bool RestrictToModels() const {
    return Restrict({.read = {In("models")}, .write = {}, .sockets = {}});
  }

  const TemporaryFolder mine_;
};

TEST_F(LandlockTest, WhatIsNamedIsReadAndTheRestIsNot) {
  EXPECT_EQ(InAChild([this] {
              if (!RestrictToModels()) return 1;
              if (OpenError(In("models/a")) != 0 || OpenError(In("models"), O_DIRECTORY) != 0)
                return 2;
              if (OpenError(In("secret/b")) != EACCES) return 3;
              if (OpenError("/etc/passwd") != EACCES) return 4;
              return OpenError(In("models/../secret/b")) == EACCES ? 0 : 5;
            }),
            0);
}

TEST_F(LandlockTest, ALinkLeadsNoFurther) {
  fs::create_symlink(In("secret/b"), In("models/link"));
  EXPECT_EQ(InAChild([this] {
              if (!RestrictToModels()) return 1;
              return OpenError(In("models/link")) == EACCES ? 0 : 2;
            }),
            0);
}

TEST_F(LandlockTest, WhatIsReadMayNotBeChanged) {
  EXPECT_EQ(InAChild([this] {
              if (!RestrictToModels()) return 1;
              if (OpenError(In("models/a"), O_WRONLY) != EACCES) return 2;
              if (OpenError(In("models/new"), O_WRONLY | O_CREAT) != EACCES) return 3;
              if (BindError(In("models/socket")) != EACCES) return 4;
              return unlink(In("models/a").c_str()) == -1 && errno == EACCES ? 0 : 5;
            }),
            0);
}

TEST_F(LandlockTest, WhatIsWritableMayBeChanged) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict({.read = {}, .write = {In("models")}, .sockets = {}})) return 1;
              if (OpenError(In("models/new"), O_WRONLY | O_CREAT) != 0) return 2;
              if (OpenError(In("models/a"), O_WRONLY | O_TRUNC) != 0) return 3;
              return unlink(In("models/new").c_str()) == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(LandlockTest, AFolderForSocketsTakesSocketsOnly) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict({.read = {}, .write = {}, .sockets = {In("models")}})) return 1;
              if (BindError(In("models/socket")) != 0) return 2;
              if (BindError(In("secret/socket")) != EACCES) return 3;
              if (OpenError(In("models/file"), O_WRONLY | O_CREAT) != EACCES) return 4;
              return unlink(In("models/socket").c_str()) == 0 ? 0 : 5;
            }),
            0);
}

TEST_F(LandlockTest, NoProgramIsRunEvenFromAFolderThatIsRead) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict({.read = {"/"}, .write = {}, .sockets = {}})) return 1;
              char name[] = "true";
              char* const arguments[] = {name, nullptr};
              execv("/bin/true", arguments);
              return errno == EACCES ? 0 : 2;
            }),
            0);
}

TEST_F(LandlockTest, ARuleMayBeForAFileOrForWhatIsNotThere) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict({.read = {In("secret/b"), In("gone")}, .write = {}, .sockets = {}}))
                return 1;
              if (OpenError(In("secret/b")) != 0) return 2;
              return OpenError(In("models/a")) == EACCES ? 0 : 3;
            }),
            0);
}

TEST_F(LandlockTest, APipeNeedsNoRule) {
  EXPECT_EQ(InAChild([this] {
              int ends[2];
              if (pipe2(ends, O_CLOEXEC) != 0) return 1;
              const fs::path pipe = "/proc/self/fd/" + std::to_string(ends[1]);
              if (!Restrict({.read = {"/proc"}, .write = {pipe}, .sockets = {}})) return 2;
              return OpenError(pipe, O_WRONLY) == 0 ? 0 : 3;
            }),
            0);
}

TEST_F(LandlockTest, AFileThatReplacesAnotherInItsFolderIsRead) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict({.read = {In("models")}, .write = {In("models")}, .sockets = {}}))
                return 1;
              if (OpenError(In("models/new"), O_WRONLY | O_CREAT) != 0) return 2;
              if (rename(In("models/new").c_str(), In("models/a").c_str()) != 0) return 3;
              return OpenError(In("models/a")) == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(LandlockTest, ThreadsThatAreStartedLaterAreRestricted) {
  EXPECT_EQ(InAChild([this] {
              if (!RestrictToModels()) return 1;
              int error = 0;
              std::thread([&] { error = OpenError(In("secret/b")); }).join();
              return error == EACCES ? 0 : 2;
            }),
            0);
}

TEST_F(LandlockTest, WithAnotherThreadItIsRefusedAndNothingIsRestricted) {
  EXPECT_EQ(InAChild([this] {
              int ends[2];
              if (pipe(ends) != 0) return 1;
              std::thread other([&] {
                char byte = 0;
                static_cast<void>(read(ends[0], &byte, 1));
              });
              prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
              const Status restricted =
                  RestrictPaths({.read = {In("models")}, .write = {}, .sockets = {}});
              const bool is_refused =
                  !restricted && restricted.error().code == ErrorCode::kFailedPrecondition;
              const bool is_open = OpenError(In("secret/b")) == 0;
              close(ends[1]);
              other.join();
              return is_refused && is_open ? 0 : 2;
            }),
            0);
}

TEST_F(LandlockTest, OurOwnFiguresAreReadByWhatTheSystemNeeds) {
  EXPECT_EQ(InAChild([this] {
              if (!Restrict(SystemNeeds())) return 1;
              for (const char* const path :
                   {"/proc/self/stat", "/proc/stat", "/proc/self/status", "/dev/urandom"}) {
                if (OpenError(path) != 0) return 2;
              }
              if (OpenError("/proc/self/fd", O_DIRECTORY) != 0) return 3;
              if (OpenError("/dev/null", O_RDWR) != 0) return 4;
              return OpenError(In("models/a")) == EACCES ? 0 : 5;
            }),
            0);
}

}  // namespace
}  // namespace baton::lifecycle
