// What a server needs becomes rules that no version of landlock refuses.
#include "server/lifecycle/path_rules.h"

#include <algorithm>
#include <linux/landlock.h>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::lifecycle {
namespace {

constexpr int kYoungest = 7;

std::uint64_t RightsAt(const PathNeeds& needs, const std::string& path, int version = kYoungest) {
  const auto rules = RulesFor(needs, version);
  const auto rule = std::find_if(rules.begin(), rules.end(),
                                 [&path](const PathRule& each) { return each.path == path; });
  return rule == rules.end() ? 0 : rule->rights;
}

TEST(PathRulesTest, TheRightsAreThoseOfTheKernel) {
  EXPECT_EQ(kMayExecute, std::uint64_t{LANDLOCK_ACCESS_FS_EXECUTE});
  EXPECT_EQ(kMayWriteFile, std::uint64_t{LANDLOCK_ACCESS_FS_WRITE_FILE});
  EXPECT_EQ(kMayReadFile, std::uint64_t{LANDLOCK_ACCESS_FS_READ_FILE});
  EXPECT_EQ(kMayReadFolder, std::uint64_t{LANDLOCK_ACCESS_FS_READ_DIR});
  EXPECT_EQ(kMayRemoveFolder, std::uint64_t{LANDLOCK_ACCESS_FS_REMOVE_DIR});
  EXPECT_EQ(kMayRemoveFile, std::uint64_t{LANDLOCK_ACCESS_FS_REMOVE_FILE});
  EXPECT_EQ(kMayMakeFolder, std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_DIR});
  EXPECT_EQ(kMayMakeFile, std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_REG});
  EXPECT_EQ(kMayMakeSocket, std::uint64_t{LANDLOCK_ACCESS_FS_MAKE_SOCK});
  EXPECT_EQ(kMayRefer, std::uint64_t{LANDLOCK_ACCESS_FS_REFER});
}

TEST(PathRulesTest, WhatIsReadMayNotBeWrittenOrExecuted) {
  EXPECT_EQ(RightsAt({.read = {"/srv"}, .write = {}, .sockets = {}}, "/srv"),
            kMayReadFile | kMayReadFolder);
}

TEST(PathRulesTest, WhatIsWrittenMayBeReadAndNotExecuted) {
  const std::uint64_t rights = RightsAt({.read = {}, .write = {"/srv"}, .sockets = {}}, "/srv");
  EXPECT_EQ(rights & kMayExecute, 0u);
  for (const std::uint64_t right : {kMayReadFile, kMayReadFolder, kMayWriteFile, kMayTruncate,
                                    kMayMakeFile, kMayRemoveFile, kMayMakeFolder}) {
    EXPECT_EQ(rights & right, right);
  }
}

TEST(PathRulesTest, AFolderForSocketsTakesNoFiles) {
  const std::uint64_t rights = RightsAt({.read = {}, .write = {}, .sockets = {"/run/x"}}, "/run/x");
  EXPECT_EQ(rights & kMayMakeSocket, kMayMakeSocket);
  EXPECT_EQ(rights & kMayMakeFolder, kMayMakeFolder);  // such as /run/baton for its socket
  EXPECT_EQ(rights & (kMayMakeFile | kMayWriteFile | kMayReadFile | kMayExecute), 0u);
}

TEST(PathRulesTest, APathThatIsNeededTwiceHasOneRuleWithBoth) {
  const PathNeeds needs{.read = {"/srv/", "/srv/x/../"}, .write = {}, .sockets = {"/srv/"}};
  EXPECT_EQ(RulesFor(needs, kYoungest).size(), 1u);
  const std::uint64_t rights = RightsAt(needs, "/srv/");
  EXPECT_EQ(rights & (kMayReadFile | kMayMakeSocket), kMayReadFile | kMayMakeSocket);
}

TEST(PathRulesTest, AnEmptyPathIsNoRule) {
  EXPECT_TRUE(RulesFor({.read = {""}, .write = {""}, .sockets = {""}}, kYoungest).empty());
}

TEST(PathRulesTest, OlderVersionsAreAskedForNothingThatTheyDoNotKnow) {
  const PathNeeds needs{.read = {"/r"}, .write = {"/w"}, .sockets = {"/s"}};
  for (int version = 1; version <= kYoungest; ++version) {
    EXPECT_EQ(RightsOf(version) & kMayRefer, version >= 2 ? kMayRefer : 0) << version;
    EXPECT_EQ(RightsOf(version) & kMayTruncate, version >= 3 ? kMayTruncate : 0) << version;
    EXPECT_EQ(RightsOf(version) & kMayControlDevice, version >= 5 ? kMayControlDevice : 0)
        << version;
    for (const PathRule& rule : RulesFor(needs, version)) {
      EXPECT_EQ(rule.rights & ~RightsOf(version), 0u) << version << " " << rule.path;
      EXPECT_NE(rule.rights, 0u) << version << " " << rule.path;
    }
    EXPECT_EQ(FileRightsOf(version) & kMayReadFolder, 0u) << version;
  }
}

TEST(SystemNeedsTest, NothingThereMayBeWrittenButANullDevice) {
  EXPECT_THAT(SystemNeeds().write, testing::ElementsAre("/dev/null"));
  EXPECT_TRUE(SystemNeeds().sockets.empty());
}

TEST(SystemNeedsTest, NoFolderOfSecretsIsAmongThem) {
  for (const std::filesystem::path& path : SystemNeeds().read) {
    for (const std::string secret :
         {"/", "/etc", "/etc/shadow", "/etc/ssl", "/root", "/home", "/var", "/tmp", "/run"}) {
      EXPECT_NE(path, secret);
    }
  }
}

}  // namespace
}  // namespace baton::lifecycle
