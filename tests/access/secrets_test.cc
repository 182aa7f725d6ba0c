#include "server/access/secrets.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/mutated_yaml.h"

namespace baton::access {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

const std::string kFile = "keys.yaml";
const WallTime kNow = *ParseInstant("2026-06-01T12:00:00Z");

std::string Sum(std::string_view token) { return ToText(DigestOf(token)); }

std::string ReasonFor(const std::string& text, SecretKind kind) {
  const auto secrets = Secrets::Parse(text, kFile, kind);
  return secrets ? "" : secrets.error().message;
}

const std::string kTokens = "- name: ann\n  role: operator\n  sha256: " + Sum("anns") +
                            "\n- {name: bob, role: viewer, sha256: " + Sum("bobs") + "}\n";
const std::string kKeys =
    "- name: shop\n  rate: 100/s\n  burst: 200\n  sha256: " + Sum("shops") +
    "\n- name: lab\n  expires: 2026-12-31T00:00:00Z\n  sha256: " + Sum("labs") + "\n";

TEST(SecretsTest, TokenIsItsHoldersWithTheRole) {
  const auto secrets = Secrets::Parse(kTokens, kFile, SecretKind::kTokens);
  ASSERT_TRUE(secrets) << secrets.error().message;
  EXPECT_EQ(secrets->size(), 2U);
  const auto ann = secrets->Find("anns", kNow);
  ASSERT_NE(ann.holder, nullptr);
  EXPECT_EQ(ann.holder->name, "ann");
  EXPECT_EQ(ann.holder->role, Role::kOperator);
  EXPECT_EQ(secrets->Find("bobs", kNow).holder->role, Role::kViewer);
}

TEST(SecretsTest, WhatIsNobodysTokenIsFoundNowhere) {
  const auto secrets = Secrets::Parse(kTokens, kFile, SecretKind::kTokens);
  for (const std::string& token : {std::string(), std::string("ann"), Sum("anns"),
                                   std::string("anns "), std::string(kLongestToken + 1, 'a')}) {
    EXPECT_EQ(secrets->Find(token, kNow).holder, nullptr) << token;
  }
}

TEST(SecretsTest, EveryOneOfManyIsFound) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += ToYaml({.name = "n" + std::to_string(i),
                    .role = Role::kViewer,
                    .digest = DigestOf(std::to_string(i)),
                    .rate = {},
                    .expires = {}});
  }
  const auto secrets = Secrets::Parse(text, kFile, SecretKind::kTokens);
  ASSERT_TRUE(secrets) << secrets.error().message;
  for (int i = 0; i < 1000; ++i) {
    const auto found = secrets->Find(std::to_string(i), kNow);
    ASSERT_NE(found.holder, nullptr);
    EXPECT_EQ(found.holder->name, "n" + std::to_string(i));
  }
  EXPECT_EQ(secrets->Find("1000", kNow).holder, nullptr);
}

TEST(SecretsTest, SeveralTokensOfOneNameAreOneHolder) {
  const auto secrets = Secrets::Parse("- {name: shop, rate: 5/s, sha256: " + Sum("old") +
                                          "}\n- {name: shop, sha256: " + Sum("new") + "}\n",
                                      kFile, SecretKind::kApiKeys);
  ASSERT_TRUE(secrets) << secrets.error().message;
  EXPECT_EQ(secrets->holders().size(), 1U);
  EXPECT_EQ(secrets->Find("old", kNow).index, secrets->Find("new", kNow).index);
  EXPECT_EQ(secrets->Find("new", kNow).holder->rate, ParseRate("5/s").value());
}

TEST(SecretsTest, RateHasItsOwnNumberAsBurstWhereNoneIsGiven) {
  const auto secrets = Secrets::Parse(kKeys, kFile, SecretKind::kApiKeys);
  ASSERT_TRUE(secrets) << secrets.error().message;
  EXPECT_EQ(secrets->Find("shops", kNow).holder->rate, (Rate{100, 1s, 200}));
  EXPECT_EQ(secrets->Find("labs", kNow).holder->rate, std::nullopt);
}

TEST(SecretsTest, TokenIsWorthNothingFromItsExpiryOn) {
  const auto secrets = Secrets::Parse(kKeys, kFile, SecretKind::kApiKeys);
  const WallTime expiry = *ParseInstant("2026-12-31T00:00:00Z");
  EXPECT_FALSE(secrets->Find("labs", expiry - 1ns).is_expired);
  EXPECT_TRUE(secrets->Find("labs", expiry).is_expired);
  EXPECT_EQ(secrets->Find("labs", expiry).holder->name, "lab");
  EXPECT_FALSE(secrets->Find("shops", expiry).is_expired);
}

TEST(SecretsTest, WhatIsWrongIsSaidWithItsPlace) {
  const std::string sum = Sum("x");
  const auto token = [](const std::string& text) { return ReasonFor(text, SecretKind::kTokens); };
  const auto key = [](const std::string& text) { return ReasonFor(text, SecretKind::kApiKeys); };
  EXPECT_THAT(token("- {name: a, sha256: " + sum + "}\n"), HasSubstr(":1:3: [0]: role is missing"));
  EXPECT_THAT(token("- {role: viewer}\n"),
              AllOf(HasSubstr("name is missing"), HasSubstr("sha256 is missing")));
  EXPECT_THAT(token("- {name: a, role: admin, sha256: " + sum + "}\n"),
              HasSubstr("expected one of viewer, operator, got 'admin'"));
  EXPECT_THAT(token("- {name: a, role: viewer, rate: 1/s, sha256: " + sum + "}\n"),
              HasSubstr("[0].rate: unknown key"));
  EXPECT_THAT(key("- {name: a, role: viewer, sha256: " + sum + "}\n"),
              HasSubstr("[0].role: unknown key"));
  EXPECT_THAT(key("- {name: a b, sha256: " + sum + "}\n"), HasSubstr("got 'a b'"));
  EXPECT_THAT(key("- {name: a, rate: fast, sha256: " + sum + "}\n"), HasSubstr("got 'fast'"));
  EXPECT_THAT(key("- {name: a, burst: 5, sha256: " + sum + "}\n"),
              HasSubstr("a burst without a rate"));
  EXPECT_THAT(key("- {name: a, rate: 1/s, burst: 0, sha256: " + sum + "}\n"),
              HasSubstr("expected a whole number from 1"));
  EXPECT_THAT(key("- {name: a, expires: tomorrow, sha256: " + sum + "}\n"),
              HasSubstr("got 'tomorrow'"));
  EXPECT_THAT(key("- {name: a, expires: 2026-02-30T00:00:00Z, sha256: " + sum + "}\n"),
              HasSubstr("got '2026-02-30T00:00:00Z'"));
  EXPECT_THAT(key("name: a\n"), HasSubstr("expected a list of entries, got a map"));
  EXPECT_THAT(key("- [a]\n"), HasSubstr("expected a map, got a list"));
}

TEST(SecretsTest, InstantsThatNoClockKnowsAreRefused) {
  for (const std::string text : {"0027-01-31T00:00:00Z", "1969-12-31T23:59:59Z",
                                 "2200-01-01T00:00:00Z", "9999-01-01T00:00:00Z"}) {
    EXPECT_FALSE(ParseInstant(text)) << text;
  }
  EXPECT_TRUE(ParseInstant("1970-01-01T00:00:00Z"));
  EXPECT_TRUE(ParseInstant("2199-12-31T23:59:59Z"));
}

TEST(SecretsTest, EntriesThatContradictEachOtherAreRefused) {
  const std::string a = "- {name: a, rate: 1/s, sha256: " + Sum("1") + "}\n";
  EXPECT_THAT(ReasonFor(a + a, SecretKind::kApiKeys),
              HasSubstr(":2:3: [1]: has the sha256 of the entry in line 1"));
  EXPECT_THAT(
      ReasonFor(a + "- {name: a, rate: 2/s, sha256: " + Sum("2") + "}\n", SecretKind::kApiKeys),
      HasSubstr("another rate"));
  EXPECT_THAT(ReasonFor("- {name: a, role: viewer, sha256: " + Sum("1") +
                            "}\n- {name: a, role: operator, sha256: " + Sum("2") + "}\n",
                        SecretKind::kTokens),
              HasSubstr("another role"));
}

TEST(SecretsTest, EmptyFileIsAMistakeAndAnEmptyListLetsNobodyIn) {
  for (const std::string text : {"", "\n", "# nobody\n"}) {
    EXPECT_THAT(ReasonFor(text, SecretKind::kTokens), HasSubstr("holds no entry"));
  }
  const auto nobody = Secrets::Parse("[]\n", kFile, SecretKind::kTokens);
  ASSERT_TRUE(nobody) << nobody.error().message;
  EXPECT_EQ(nobody->size(), 0U);
  EXPECT_EQ(nobody->Find("anns", kNow).holder, nullptr);
}

// At the end of a line it is a shorter list, which nothing tells from one that is meant.
TEST(SecretsTest, FileThatIsCutInsideALineIsRefused) {
  for (std::size_t length = 1; length < kKeys.size(); ++length) {
    if (kKeys[length - 1] == '\n') continue;
    EXPECT_NE(ReasonFor(kKeys.substr(0, length), SecretKind::kApiKeys), "") << length;
  }
}

TEST(SecretsTest, TooManyNamesAreRefused) {
  std::string text;
  for (std::size_t i = 0; i <= kMostNames; ++i) {
    text += "- {name: n" + std::to_string(i) + ", sha256: " + Sum(std::to_string(i)) + "}\n";
  }
  EXPECT_THAT(ReasonFor(text, SecretKind::kApiKeys), HasSubstr("one name too many"));
}

TEST(SecretsTest, NoErrorRepeatsAToken) {
  const std::string token = *NewToken();
  for (const std::string& text :
       {token, token + "\n", "- " + token + "\n", "- {name: " + token + "}\n",
        "- {name: a, sha256: " + token + "}\n", "- {name: a, " + token + ": b}\n",
        "- name: a\n  sha256: \"" + token + "\n", "- {name: a, expires: " + token + "}\n",
        "- {name: a, rate: " + token + "}\n", token + ": a\n"}) {
    const std::string reason = ReasonFor(text, SecretKind::kApiKeys);
    EXPECT_NE(reason, "") << text;
    EXPECT_THAT(reason, Not(HasSubstr(token.substr(0, 20))));
  }
}

TEST(SecretsTest, WhatIsWrittenIsRead) {
  const SecretEntry entry{.name = "shop",
                          .role = Role::kNone,
                          .digest = DigestOf("x"),
                          .rate = Rate{100, 1min, 7},
                          .expires = ParseInstant("2027-01-31T00:00:00Z").value()};
  const auto secrets = Secrets::Parse(ToYaml(entry), kFile, SecretKind::kApiKeys);
  ASSERT_TRUE(secrets) << secrets.error().message;
  const auto found = secrets->Find("x", *entry.expires);
  EXPECT_EQ(found.holder->name, "shop");
  EXPECT_EQ(found.holder->rate, entry.rate);
  EXPECT_TRUE(found.is_expired);
  EXPECT_FALSE(secrets->Find("x", *entry.expires - 1s).is_expired);
}

// Room for damage that does no harm.
const std::string kRemark = "# Who may come in. Two entries of one name while a token is replaced" +
                            std::string(300, '.') + "\n";

TEST(SecretsTest, TenThousandMutationsAreReadOrRefused) {
  std::mt19937 random(20260601);
  std::size_t read = 0;
  for (int i = 0; i < 10'000; ++i) {
    const bool is_key = i % 2 == 0;
    const auto kind = is_key ? SecretKind::kApiKeys : SecretKind::kTokens;
    const std::string text = MutatedYaml(kRemark + (is_key ? kKeys : kTokens), random);
    const auto secrets = Secrets::Parse(text, kFile, kind);
    if (!secrets) {
      EXPECT_THAT(secrets.error().message, HasSubstr(kFile)) << text;
      continue;
    }
    ++read;
    EXPECT_LE(secrets->size(), 3U);
    for (const Identity& holder : secrets->holders()) {
      EXPECT_TRUE(CheckName(holder.name)) << text;
      EXPECT_EQ(holder.role == Role::kNone, is_key) << text;
    }
  }
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 9'000U);
}

}  // namespace
}  // namespace baton::access
