// One descriptor a file, and a bound on how many.
#include "server/http/open_files.h"

#include <fcntl.h>
#include <utility>

#include <gtest/gtest.h>

namespace baton::http {
namespace {

UniqueFd AnyFd() { return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

TEST(OpenFilesTest, TheSameFileIsHeldOnce) {
  OpenFiles files(2);
  const auto first = files.Share(AnyFd(), 1, 10);
  UniqueFd again = AnyFd();
  const int again_fd = again.get();
  EXPECT_EQ(files.Share(std::move(again), 1, 10), first);
  EXPECT_EQ(fcntl(again_fd, F_GETFD), -1);
  EXPECT_NE(files.Share(AnyFd(), 2, 10), first);
}

TEST(OpenFilesTest, AFileIsClosedWhenTheLastLetsGo) {
  OpenFiles files(2);
  auto one = files.Share(AnyFd(), 1, 10);
  auto other = files.Share(AnyFd(), 1, 10);
  const int fd = one->get();
  one.reset();
  EXPECT_NE(fcntl(fd, F_GETFD), -1);
  other.reset();
  EXPECT_EQ(fcntl(fd, F_GETFD), -1);
  EXPECT_TRUE(files.Share(AnyFd(), 1, 10));
}

TEST(OpenFilesTest, NoMoreAreHeldThanItMay) {
  OpenFiles files(2);
  auto one = files.Share(AnyFd(), 1, 10);
  const auto other = files.Share(AnyFd(), 1, 11);
  EXPECT_FALSE(files.Share(AnyFd(), 1, 12));
  EXPECT_EQ(files.Share(AnyFd(), 1, 11), other);
  one.reset();
  EXPECT_TRUE(files.Share(AnyFd(), 1, 12));
}

}  // namespace
}  // namespace baton::http
