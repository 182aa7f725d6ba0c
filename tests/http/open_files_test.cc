// One descriptor a file, and a bound on how many, in all and for each client.
#include "server/http/open_files.h"

#include <fcntl.h>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

constexpr net::ClientAddress kClient{1};
constexpr net::ClientAddress kOther{2};

using File = std::shared_ptr<const UniqueFd>;

UniqueFd AnyFd() { return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(OpenFilesTest, TheSameFileIsHeldOnce) {
  OpenFiles files(8);
  const File first = files.Share(AnyFd(), 1, 10, kClient);
  UniqueFd again = AnyFd();
  const int again_fd = again.get();
  EXPECT_EQ(files.Share(std::move(again), 1, 10, kClient), first);
  EXPECT_EQ(fcntl(again_fd, F_GETFD), -1);
  EXPECT_NE(files.Share(AnyFd(), 2, 10, kClient), first);
}

TEST(OpenFilesTest, AFileIsClosedWhenTheLastLetsGo) {
  OpenFiles files(2);
  File one = files.Share(AnyFd(), 1, 10, kClient);
  File other = files.Share(AnyFd(), 1, 10, kOther);
  const int fd = one->get();
  one.reset();
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  other.reset();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
  EXPECT_TRUE(files.Share(AnyFd(), 1, 10, kClient));
}

TEST(OpenFilesTest, NoMoreAreHeldThanItMay) {
  OpenFiles files(2);
  File one = files.Share(AnyFd(), 1, 10, kClient);
  const File other = files.Share(AnyFd(), 1, 11, kOther);
  EXPECT_FALSE(files.Share(AnyFd(), 1, 12, net::ClientAddress{3}));
  EXPECT_EQ(files.Share(AnyFd(), 1, 11, kClient), other);
  one.reset();
  EXPECT_TRUE(files.Share(AnyFd(), 1, 12, net::ClientAddress{3}));
}

TEST(OpenFilesTest, AClientHoldsAQuarterOfThemAtMost) {
  OpenFiles files(8);
  std::vector<File> held;
  for (ino_t inode = 0; inode < 2; ++inode) held.push_back(files.Share(AnyFd(), 1, inode, kClient));
  EXPECT_FALSE(files.Share(AnyFd(), 1, 2, kClient));
  EXPECT_TRUE(files.Share(AnyFd(), 1, 2, kOther));
  held.pop_back();
  EXPECT_TRUE(files.Share(AnyFd(), 1, 3, kClient));
}

TEST(OpenFilesTest, WhatAnotherClientHasOpenedCostsAClientNothing) {
  OpenFiles files(4);
  const File opened = files.Share(AnyFd(), 1, 10, kOther);
  const File shared = files.Share(AnyFd(), 1, 10, kClient);
  EXPECT_TRUE(files.Share(AnyFd(), 1, 11, kClient));
}

TEST(OpenFilesTest, AFileThatWasClosedIsOpenedAgainAnyNumberOfTimes) {
  OpenFiles files(4);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(files.Share(AnyFd(), 1, 10, kClient));
}

}  // namespace
}  // namespace baton::http
