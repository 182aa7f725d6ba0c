// What it takes to reach a server, read out of files.
#include "admin/ctl/target.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::ctl {
namespace {

using testing::HasSubstr;

class TargetTest : public testing::Test {
 protected:
  std::string File(const std::string& name, const std::string& text) const {
    folder_.Write(name, text);
    return (folder_.path() / name).string();
  }
  static std::string Refused(const Target& target) {
    const auto reach = ReadTarget(target);
    if (reach) return "was taken";
    EXPECT_EQ(reach.error().code, ErrorCode::kInvalidArgument);
    return reach.error().message;
  }

  const testing_support::TemporaryFolder folder_;
};

TEST_F(TargetTest, WithoutKeysItIsPlain) {
  const auto reach = ReadTarget({"10.0.0.7:8081", "", "", "", ""});
  ASSERT_TRUE(reach);
  EXPECT_FALSE(reach->speaks_tls);
  EXPECT_EQ(reach->token, "");
}

TEST_F(TargetTest, FilesAreRead) {
  const auto reach = ReadTarget({"h:1", File("ca", "roots"), File("crt", "mine"),
                                 File("key", "secret"), File("token", "  baton_abc\n\n")});
  ASSERT_TRUE(reach) << reach.error().message;
  EXPECT_TRUE(reach->speaks_tls);
  EXPECT_EQ(reach->roots, "roots");
  EXPECT_EQ(reach->certificate, "mine");
  EXPECT_EQ(reach->key, "secret");
  EXPECT_EQ(reach->token, "baton_abc");
}

TEST_F(TargetTest, TheMachinesRootsAreAWord) {
  const auto reach = ReadTarget({"h:1", "system", "", "", ""});
  ASSERT_TRUE(reach);
  EXPECT_TRUE(reach->speaks_tls);
  EXPECT_EQ(reach->roots, "");
}

TEST_F(TargetTest, WhatDoesNotGoTogetherIsRefused) {
  EXPECT_THAT(Refused({"h:1", "", "a.crt", "", ""}), HasSubstr("go together"));
  EXPECT_THAT(Refused({"h:1", "", "", "a.key", ""}), HasSubstr("go together"));
  EXPECT_THAT(Refused({"unix:/s", "ca", "", "", ""}), HasSubstr("a Unix socket has no TLS"));
  EXPECT_THAT(Refused({"h:1", folder_.path() / "none", "", "", ""}), HasSubstr("none"));
}

TEST_F(TargetTest, ATokenLeavesTheMachineOverTlsOnly) {
  const std::string token = File("token", "baton_abc");
  for (const char* const near : {"unix:/s", "127.0.0.1:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(ReadTarget({near, "", "", "", token})) << near;
  }
  for (const char* const far : {"10.0.0.7:8081", "lab:8081", "localhost.example:1",
                                "127.example.org:8081", "8081", ":8081"}) {
    EXPECT_THAT(Refused({far, "", "", "", token}), HasSubstr("over TLS only")) << far;
    EXPECT_TRUE(ReadTarget({far, "system", "", "", token})) << far;
  }
}

TEST_F(TargetTest, WhatIsNoTokenIsRefusedWithoutRepeatingIt) {
  EXPECT_THAT(Refused({"127.0.0.1:1", "", "", "", File("empty", "\n")}), HasSubstr("got nothing"));
  const std::string said = Refused({"127.0.0.1:1", "", "", "", File("two", "baton_a\nbaton_b\n")});
  EXPECT_THAT(said, HasSubstr("expected a token, as one line"));
  EXPECT_THAT(said, testing::Not(HasSubstr("baton_a")));
}

}  // namespace
}  // namespace baton::ctl
