#include "server/access/api_keys.h"

#include <filesystem>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace baton::access {
namespace {

using enum KeyOutcome;

std::string EntryOf(const std::string& name, const std::string& key, const std::string& more = "") {
  return "- {name: " + name + ", " + more + "sha256: " + ToText(DigestOf(key)) + "}\n";
}

class ApiKeysTest : public ::testing::Test {
 protected:
  void Replace(const std::string& text) {
    folder_.Write("next", text);
    ASSERT_EQ(chmod((folder_.path() / "next").c_str(), 0600), 0);
    std::filesystem::rename(folder_.path() / "next", path_);
  }
  void Open(const std::string& text) {
    Replace(text);
    auto keys = ApiKeys::Open(path_);
    ASSERT_TRUE(keys) << keys.error().message;
    keys_ = *std::move(keys);
  }
  void Rotate(const std::string& text) {
    Replace(text);
    EXPECT_FALSE(keys_->ReadIfChanged());
    EXPECT_TRUE(keys_->ReadIfChanged());
  }
  KeyOutcome Ask(std::string_view key) { return keys_->Check(key, clock_.Now(), wall_).outcome; }
  std::uint64_t Counted(const std::string& name, KeyOutcome outcome) {
    return keys_->Accounts().at(name)->requests[static_cast<std::size_t>(outcome)];
  }

  ManualClock clock_;
  WallTime wall_ = *ParseInstant("2026-06-01T12:00:00Z");
  testing_support::TemporaryFolder folder_;
  const std::string path_ = folder_.path() / "keys.yaml";
  std::unique_ptr<ApiKeys> keys_;
};

TEST_F(ApiKeysTest, EachRequestHasOneOutcomeAndIsCounted) {
  Open(EntryOf("shop", "s", "rate: 2/s, ") +
       EntryOf("old", "o", "expires: 2026-06-01T11:00:00Z, "));
  EXPECT_EQ(Ask(""), kMissing);
  EXPECT_EQ(Ask("x"), kUnknown);
  EXPECT_EQ(Ask("o"), kExpired);
  EXPECT_EQ(Ask("s"), kAllowed);
  EXPECT_EQ(Ask("s"), kAllowed);
  EXPECT_EQ(Ask("s"), kOverRate);
  clock_.Advance(500ms);
  EXPECT_EQ(Ask("s"), kAllowed);
  EXPECT_EQ(Counted("shop", kAllowed), 3U);
  EXPECT_EQ(Counted("shop", kOverRate), 1U);
  EXPECT_EQ(Counted("old", kExpired), 1U);
  EXPECT_EQ(keys_->strangers().requests[static_cast<std::size_t>(kMissing)], 1U);
  EXPECT_EQ(keys_->strangers().requests[static_cast<std::size_t>(kUnknown)], 1U);
}

TEST_F(ApiKeysTest, KeyWithoutARateComesAsOftenAsItLikes) {
  Open(EntryOf("shop", "s"));
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(Ask("s"), kAllowed);
  EXPECT_FALSE(keys_->Check("s", clock_.Now(), wall_).rate);
}

TEST_F(ApiKeysTest, KeysOfOneNameShareItsRate) {
  Open(EntryOf("shop", "old", "rate: 2/s, ") + EntryOf("shop", "new"));
  EXPECT_EQ(Ask("old"), kAllowed);
  EXPECT_EQ(Ask("new"), kAllowed);
  EXPECT_EQ(Ask("old"), kOverRate);
  EXPECT_EQ(Ask("new"), kOverRate);
}

TEST_F(ApiKeysTest, RotationKeepsWhatIsLeftOfARate) {
  Open(EntryOf("shop", "old", "rate: 2/s, "));
  EXPECT_EQ(Ask("old"), kAllowed);
  Rotate(EntryOf("shop", "new", "rate: 2/s, "));
  EXPECT_EQ(Ask("old"), kUnknown);
  EXPECT_EQ(Ask("new"), kAllowed);
  EXPECT_EQ(Ask("new"), kOverRate);
  EXPECT_EQ(Counted("shop", kAllowed), 2U);
}

TEST_F(ApiKeysTest, AnotherRateBeginsAnew) {
  Open(EntryOf("shop", "s", "rate: 1/h, "));
  EXPECT_EQ(Ask("s"), kAllowed);
  EXPECT_EQ(Ask("s"), kOverRate);
  Rotate(EntryOf("shop", "s", "rate: 100/s, "));
  EXPECT_EQ(Ask("s"), kAllowed);
}

TEST_F(ApiKeysTest, AccountsAreThoseOfTheNamesInTheFile) {
  Open(EntryOf("one", "1") + EntryOf("two", "2"));
  Rotate(EntryOf("two", "2") + EntryOf("three", "3"));
  const auto accounts = keys_->Accounts();
  EXPECT_EQ(accounts.size(), 2U);
  EXPECT_TRUE(accounts.contains("two"));
  EXPECT_TRUE(accounts.contains("three"));
}

// A conductor may hold it for a while yet.
TEST_F(ApiKeysTest, RingOfBeforeStaysUsable) {
  Open(EntryOf("shop", "old"));
  const auto before = keys_->ring();
  Rotate(EntryOf("shop", "new"));
  EXPECT_TRUE(before->Check("old", clock_.Now(), wall_).is_allowed());
  EXPECT_FALSE(keys_->ring()->Check("old", clock_.Now(), wall_).is_allowed());
}

}  // namespace
}  // namespace baton::access
