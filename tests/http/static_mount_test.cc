// Prefixes and folders as an operator writes them.
#include "server/http/static_mount.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::http {
namespace {

using testing::HasSubstr;
using testing_support::TemporaryFolder;

constexpr std::array<std::string_view, 2> kTaken = {"/v2", "/hello"};

TEST(StaticMountTest, APrefixAndAFolderAreRead) {
  const auto mount = ParseStaticMount("/static/v1.2_x-y~=/srv/a=b");
  ASSERT_TRUE(mount);
  EXPECT_EQ(mount->prefix, "/static/v1.2_x-y~");
  EXPECT_EQ(mount->folder, "/srv/a=b");
}

TEST(StaticMountTest, WhatIsNoPrefixOrNoFolderIsRefusedByName) {
  for (const char* text : {"", "/static", "/static=", "=/srv", "static=/srv", "/=/srv", "/a/=/srv",
                           "/a//b=/srv", "/a/../b=/srv", "/.=/srv", "/a b=/srv", "/a%20=/srv"}) {
    const auto mount = ParseStaticMount(text);
    ASSERT_FALSE(mount) << text;
    EXPECT_THAT(mount.error().message, HasSubstr("'" + std::string(text) + "'"));
    EXPECT_THAT(mount.error().message, HasSubstr("PREFIX=DIR"));
  }
}

TEST(StaticMountTest, WithinAPrefixIsItselfAndWhatIsBeneath) {
  EXPECT_TRUE(IsWithin("/a", "/a"));
  EXPECT_TRUE(IsWithin("/a", "/a/b"));
  EXPECT_FALSE(IsWithin("/a", "/ab"));
  EXPECT_FALSE(IsWithin("/a/b", "/a"));
}

TEST(CheckStaticMountsTest, FoldersHaveToBeThere) {
  const TemporaryFolder folder;
  folder.Write("file", "x");
  EXPECT_TRUE(CheckStaticMounts({{"/a", folder.path()}, {"/b", folder.path()}}, kTaken));
  for (const auto& wrong : {folder.path() / "file", folder.path() / "nothing"}) {
    const Status checked = CheckStaticMounts({{"/a", folder.path()}, {"/b", wrong}}, kTaken);
    ASSERT_FALSE(checked);
    EXPECT_THAT(checked.error().message, HasSubstr("/b=" + wrong.string()));
  }
}

TEST(CheckStaticMountsTest, PrefixesKeepApartFromEachOtherAndFromTheServersOwn) {
  const TemporaryFolder folder;
  const auto check = [&](const std::string& a, const std::string& b) {
    return CheckStaticMounts({{a, folder.path()}, {b, folder.path()}}, kTaken).has_value();
  };
  EXPECT_TRUE(check("/a", "/ab"));
  EXPECT_FALSE(check("/a", "/a"));
  EXPECT_FALSE(check("/a", "/a/b"));
  EXPECT_FALSE(check("/a/b", "/a"));
  EXPECT_FALSE(check("/a", "/v2"));
  EXPECT_FALSE(check("/v2/files", "/a"));
  EXPECT_TRUE(check("/v22", "/hello2"));
}

}  // namespace
}  // namespace baton::http
