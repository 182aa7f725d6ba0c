#include "server/access/add_entry.h"

#include <atomic>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/access/secret_file.h"
#include "tests/support/temporary_folder.h"

namespace baton::access {
namespace {

using ::testing::HasSubstr;

class AddEntryTest : public ::testing::Test {
 protected:
  static SecretEntry EntryOf(const std::string& name, const std::string& token) {
    SecretEntry entry;
    entry.name = name;
    entry.role = Role::kViewer;
    entry.digest = DigestOf(token);
    return entry;
  }
  Status Add(const std::string& name, const std::string& token) const {
    return AddEntry(path_, SecretKind::kTokens, EntryOf(name, token));
  }
  bool Knows(const std::string& token) const {
    const auto file = SecretFile::Open(path_, SecretKind::kTokens);
    return file && (*file)->Find(token, WallTime()).has_value();
  }

  testing_support::TemporaryFolder folder_;
  const std::string path_ = folder_.path() / "tokens.yaml";
};

TEST_F(AddEntryTest, FileIsMadeForItsOwnerAlone) {
  ASSERT_TRUE(Add("ann", "anns"));
  struct stat status {};
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_TRUE(Knows("anns"));
}

TEST_F(AddEntryTest, EntriesComeBehindTheOthers) {
  folder_.Write("tokens.yaml", "# ours\n" + ToYaml(EntryOf("ann", "anns")) + "# and others");
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  ASSERT_TRUE(Add("bob", "bobs"));
  EXPECT_TRUE(Knows("anns"));
  EXPECT_TRUE(Knows("bobs"));
  std::size_t files = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    ++files;
  }
  EXPECT_EQ(files, 1U);
}

TEST_F(AddEntryTest, LinkStaysALink) {
  folder_.Write("real.yaml", ToYaml(EntryOf("ann", "anns")));
  ASSERT_EQ(chmod((folder_.path() / "real.yaml").c_str(), 0600), 0);
  std::filesystem::create_symlink("real.yaml", path_);
  ASSERT_TRUE(Add("bob", "bobs"));
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_TRUE(Knows("bobs"));
}

TEST_F(AddEntryTest, ManyAtOnceLoseNoEntry) {
  constexpr int kAdders = 8;
  constexpr int kEach = 4;
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> adders;
    adders.reserve(kAdders);
    for (int adder = 0; adder < kAdders; ++adder) {
      adders.emplace_back([this, adder, &failed] {
        for (int i = 0; i < kEach; ++i) {
          const std::string name = std::to_string(adder) + "-" + std::to_string(i);
          if (!Add(name, "of " + name)) ++failed;
        }
      });
    }
  }
  EXPECT_EQ(failed, 0);
  for (int entry = 0; entry < kAdders * kEach; ++entry) {
    const std::string name = std::to_string(entry / kEach) + "-" + std::to_string(entry % kEach);
    EXPECT_TRUE(Knows("of " + name)) << name;
  }
}

TEST_F(AddEntryTest, WhatDoesNotFitLeavesTheFile) {
  ASSERT_TRUE(Add("ann", "anns"));
  const Status same = Add("bob", "anns");
  ASSERT_FALSE(same);
  EXPECT_THAT(same.error().message, HasSubstr("has the sha256 of the entry in line 1"));
  EXPECT_FALSE(AddEntry(path_, SecretKind::kApiKeys, EntryOf("ann", "more")));
  ASSERT_EQ(chmod(path_.c_str(), 0644), 0);
  EXPECT_THAT(Add("bob", "bobs").error().message, HasSubstr("chmod 600"));
  ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  EXPECT_TRUE(Knows("anns"));
  EXPECT_FALSE(Knows("bobs"));
}

}  // namespace
}  // namespace baton::access
