// Root becomes somebody else for good, or the start fails; in a process of its own.
#include "server/lifecycle/privileges.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/child_process.h"

namespace baton::lifecycle {
namespace {

using testing::HasSubstr;
using testing_support::InAChild;

class DropPrivilegesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root has privileges to drop";
    const passwd* const nobody = getpwnam("nobody");
    if (nobody == nullptr) GTEST_SKIP() << "there is no user `nobody` here";
    user_ = nobody->pw_uid;
    group_ = nobody->pw_gid;
  }

  uid_t user_ = 0;
  gid_t group_ = 0;
};

TEST_F(DropPrivilegesTest, RootBecomesTheUserInEveryRespect) {
  EXPECT_EQ(InAChild([this] {
              if (!DropPrivileges("nobody")) return 1;
              uid_t real_user = 0, user = 0, saved_user = 0;
              gid_t real_group = 0, group = 0, saved_group = 0;
              getresuid(&real_user, &user, &saved_user);
              getresgid(&real_group, &group, &saved_group);
              if (real_user != user_ || user != user_ || saved_user != user_) return 2;
              if (real_group != group_ || group != group_ || saved_group != group_) return 3;
              return getgroups(0, nullptr) == 0 ? 0 : 4;
            }),
            0);
}

TEST_F(DropPrivilegesTest, AUserThatIsNotThereIsToldBeforeAnythingChanges) {
  EXPECT_TRUE(CheckUser("nobody"));
  const Status checked = CheckUser("no_such_user_here");
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("no user 'no_such_user_here'"));
  EXPECT_EQ(geteuid(), 0u);
}

TEST_F(DropPrivilegesTest, ThereIsNoWayBack) {
  EXPECT_EQ(InAChild([] {
              if (!DropPrivileges("nobody")) return 1;
              return setuid(0) != 0 && setgid(0) != 0 ? 0 : 2;
            }),
            0);
}

TEST_F(DropPrivilegesTest, WhoIsNotRootStaysWhoTheyAre) {
  EXPECT_EQ(InAChild([this] {
              if (setuid(user_) != 0) return 1;
              if (!DropPrivileges("no_such_user_here")) return 2;
              return geteuid() == user_ ? 0 : 3;
            }),
            0);
}

TEST_F(DropPrivilegesTest, AnUnknownUserIsAnErrorThatNamesIt) {
  const Status dropped = DropPrivileges("no_such_user_here");
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code, ErrorCode::kInternal);
  EXPECT_THAT(dropped.error().message, HasSubstr("'no_such_user_here'"));
  EXPECT_EQ(geteuid(), 0u);
}

}  // namespace
}  // namespace baton::lifecycle
