// A descriptor is closed once, by its one owner.
#include "server/base/fd.h"

#include <cerrno>
#include <fcntl.h>
#include <type_traits>
#include <utility>

#include <gtest/gtest.h>

namespace baton {
namespace {

UniqueFd OpenNull() { return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }
bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static_assert(!std::is_copy_constructible_v<UniqueFd>);
static_assert(!std::is_copy_assignable_v<UniqueFd>);

TEST(UniqueFdTest, ItHoldsNothingAtFirst) {
  EXPECT_FALSE(UniqueFd().valid());
  EXPECT_EQ(UniqueFd().get(), -1);
}

TEST(UniqueFdTest, TheDescriptorIsClosedWithIt) {
  int number = -1;
  {
    const UniqueFd fd = OpenNull();
    number = fd.get();
    ASSERT_TRUE(IsOpen(number));
  }
  EXPECT_FALSE(IsOpen(number));
}

TEST(UniqueFdTest, AMoveLeavesTheSourceEmpty) {
  UniqueFd first = OpenNull();
  const int number = first.get();
  const UniqueFd second(std::move(first));
  EXPECT_EQ(second.get(), number);
  EXPECT_FALSE(first.valid());  // NOLINT(bugprone-use-after-move): what a move leaves is promised
  EXPECT_TRUE(IsOpen(number));
}

TEST(UniqueFdTest, AnAssignmentClosesWhatWasHeld) {
  UniqueFd first = OpenNull();
  UniqueFd second = OpenNull();
  const int closed = first.get();
  const int kept = second.get();
  first = std::move(second);
  EXPECT_FALSE(IsOpen(closed));
  EXPECT_EQ(first.get(), kept);
  EXPECT_TRUE(IsOpen(kept));
}

TEST(UniqueFdTest, AnAssignmentToItselfKeepsIt) {
  UniqueFd fd = OpenNull();
  UniqueFd& same = fd;
  fd = std::move(same);
  EXPECT_TRUE(IsOpen(fd.get()));
}

TEST(UniqueFdTest, AReleasedDescriptorStaysOpen) {
  int number = -1;
  {
    UniqueFd fd = OpenNull();
    number = fd.Release();
    EXPECT_FALSE(fd.valid());
  }
  EXPECT_TRUE(IsOpen(number));
  close(number);
}

TEST(UniqueFdTest, ResetClosesTheOldAndTakesTheNew) {
  UniqueFd fd = OpenNull();
  const int old = fd.get();
  const int fresh = OpenNull().Release();
  fd.Reset(fresh);
  EXPECT_FALSE(IsOpen(old));
  EXPECT_EQ(fd.get(), fresh);
  fd.Reset();
  EXPECT_FALSE(IsOpen(fresh));
}

}  // namespace
}  // namespace baton
