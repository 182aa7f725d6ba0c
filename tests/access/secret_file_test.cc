#include "server/access/secret_file.h"

#include <atomic>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::access {
namespace {

using ::testing::HasSubstr;

const WallTime kNow = *ParseInstant("2026-06-01T12:00:00Z");

std::string EntryOf(const std::string& name, const std::string& token) {
  return "- {name: " + name + ", role: viewer, sha256: " + ToText(DigestOf(token)) + "}\n";
}

class SecretFileTest : public ::testing::Test {
 protected:
  // Another file under the name, so that no change goes unnoticed in a tick of the disk's clock.
  void Replace(const std::string& text, mode_t mode = 0600) {
    folder_.Write("next", text);
    ASSERT_EQ(chmod((folder_.path() / "next").c_str(), mode), 0);
    std::filesystem::rename(folder_.path() / "next", path_);
  }
  std::unique_ptr<SecretFile> Opened(const std::string& text) {
    Replace(text);
    auto file = SecretFile::Open(path_, SecretKind::kTokens);
    EXPECT_TRUE(file) << file.error().message;
    return std::move(*file);
  }
  std::string WhyNotOpened() const {
    const auto file = SecretFile::Open(path_, SecretKind::kTokens);
    return file ? "" : file.error().message;
  }
  static bool Knows(const SecretFile& file, const std::string& token) {
    return file.Find(token, kNow).has_value();
  }

  testing_support::TemporaryFolder folder_;
  const std::string path_ = folder_.path() / "tokens.yaml";
};

TEST_F(SecretFileTest, KnowsWhoATokenBelongsTo) {
  const auto file = Opened(EntryOf("ann", "anns"));
  const auto ann = file->Find("anns", kNow);
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->name, "ann");
  EXPECT_EQ(ann->role, Role::kViewer);
  EXPECT_FALSE(Knows(*file, "bobs"));
}

TEST_F(SecretFileTest, ExpiredTokenIsNobodys) {
  const auto file = Opened("- {name: a, role: viewer, expires: 2026-06-01T12:00:00Z, sha256: " +
                           ToText(DigestOf("x")) + "}\n");
  EXPECT_TRUE(file->Find("x", kNow - std::chrono::seconds(1)));
  EXPECT_FALSE(file->Find("x", kNow));
}

TEST_F(SecretFileTest, FileThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0660U, 0650U, 0604U, 0620U, 0602U, 0644U, 0777U}) {
    Replace(EntryOf("ann", "anns"), mode);
    EXPECT_THAT(WhyNotOpened(), HasSubstr("expected that nobody but its owner")) << mode;
  }
  Replace(EntryOf("bob", "bobs"), 0640);  // a group's, as services of systemd get it
  EXPECT_EQ(WhyNotOpened(), "");
  Replace(EntryOf("ann", "anns"), 0400);
  EXPECT_EQ(WhyNotOpened(), "");
}

TEST_F(SecretFileTest, WhatIsNoFileIsRefused) {
  EXPECT_THAT(WhyNotOpened(), HasSubstr("is not there"));
  std::filesystem::create_directory(path_);
  EXPECT_THAT(WhyNotOpened(), HasSubstr("is no file"));
  std::filesystem::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THAT(WhyNotOpened(), HasSubstr("is no file"));
}

TEST_F(SecretFileTest, HundredMegabytesAreRefusedAndNotRead) {
  Replace(EntryOf("ann", "anns"));
  std::filesystem::resize_file(path_, 100'000'000);
  EXPECT_THAT(WhyNotOpened(), HasSubstr("has 100000000 bytes, expected at most 1MiB"));
}

TEST_F(SecretFileTest, TokensAreRotatedWithoutAGap) {
  const auto file = Opened(EntryOf("ann", "old"));
  Replace(EntryOf("ann", "old") + EntryOf("ann", "new"));
  ASSERT_TRUE(file->ReadAgain());
  EXPECT_TRUE(Knows(*file, "old"));
  EXPECT_TRUE(Knows(*file, "new"));
  Replace(EntryOf("ann", "new"));
  ASSERT_TRUE(file->ReadAgain());
  EXPECT_FALSE(Knows(*file, "old"));
  EXPECT_TRUE(Knows(*file, "new"));
  EXPECT_EQ(file->reads(), 2U);
}

TEST_F(SecretFileTest, FileThatIsWrongLeavesWhatThereIs) {
  const auto file = Opened(EntryOf("ann", "anns"));
  const std::string bobs = EntryOf("bob", "bobs");
  std::uint64_t refused = 0;
  const auto is_refused = [&](const std::string& reason) {
    const Status status = file->ReadAgain();
    ASSERT_FALSE(status);
    EXPECT_THAT(status.error().message, HasSubstr(reason));
    EXPECT_EQ(file->refused_reads(), ++refused);
    EXPECT_TRUE(Knows(*file, "anns"));
    EXPECT_FALSE(Knows(*file, "bobs"));
  };
  Replace(bobs, 0644);
  is_refused("chmod 600");
  Replace(bobs + "- {name: carl}\n");
  is_refused("role is missing");
  Replace(bobs.substr(0, bobs.size() - 9));
  is_refused("half written");
  Replace("");
  is_refused("holds no entry");
  Replace(bobs + std::string(2 << 20, '\n'));
  is_refused("expected at most 1MiB");
  std::filesystem::remove(path_);
  is_refused("is not there");
  EXPECT_EQ(file->reads(), 0U);
}

TEST_F(SecretFileTest, ChangeIsReadOnceItIsAtRest) {
  const auto file = Opened(EntryOf("ann", "anns"));
  EXPECT_FALSE(file->ReadIfChanged());
  Replace(EntryOf("ann", "anns") + EntryOf("bob", "bobs"));
  EXPECT_FALSE(file->ReadIfChanged());  // its writer may not be done
  Replace(EntryOf("bob", "bobs"));
  EXPECT_FALSE(file->ReadIfChanged());  // it was not
  EXPECT_TRUE(Knows(*file, "anns"));
  EXPECT_TRUE(file->ReadIfChanged());
  EXPECT_FALSE(Knows(*file, "anns"));
  EXPECT_TRUE(Knows(*file, "bobs"));
  EXPECT_FALSE(file->ReadIfChanged());
  EXPECT_EQ(file->reads(), 1U);
}

TEST_F(SecretFileTest, RefusedFileIsTriedAgainOnlyWhenItChanges) {
  const auto file = Opened(EntryOf("ann", "anns"));
  Replace(EntryOf("bob", "bobs"), 0644);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(file->ReadIfChanged());
  EXPECT_EQ(file->refused_reads(), 1U);
  // The bytes are the same: who may read them is not.
  Replace(EntryOf("bob", "bobs"), 0600);
  EXPECT_FALSE(file->ReadIfChanged());
  EXPECT_TRUE(file->ReadIfChanged());
  EXPECT_TRUE(Knows(*file, "bobs"));
}

TEST_F(SecretFileTest, FileThatIsGoneIsReportedOnceAndTakenWhenItIsBack) {
  const auto file = Opened(EntryOf("ann", "anns"));
  std::filesystem::remove(path_);
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(file->ReadIfChanged());
  EXPECT_EQ(file->refused_reads(), 1U);
  EXPECT_TRUE(Knows(*file, "anns"));
  Replace(EntryOf("bob", "bobs"));
  EXPECT_FALSE(file->ReadIfChanged());
  EXPECT_TRUE(file->ReadIfChanged());
  EXPECT_TRUE(Knows(*file, "bobs"));
}

// Both sets know ann: at no instant is there none.
TEST_F(SecretFileTest, IsReadByOthersWhileItIsReplaced) {
  const std::string one = EntryOf("ann", "anns") + EntryOf("bob", "bobs");
  const std::string other = EntryOf("carl", "carls") + EntryOf("ann", "anns");
  const auto file = Opened(one);
  std::atomic<bool> is_over{false};
  std::atomic<int> misses{0};
  std::thread reader([&] {
    while (!is_over) misses += Knows(*file, "anns") ? 0 : 1;
  });
  for (int i = 0; i < 50; ++i) {
    Replace(i % 2 == 0 ? other : one);
    EXPECT_TRUE(file->ReadAgain());
  }
  is_over = true;
  reader.join();
  EXPECT_EQ(misses, 0);
}

}  // namespace
}  // namespace baton::access
