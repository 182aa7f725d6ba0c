// What is taken for a certificate, and what is refused, with what words.
#include "server/net/tls/tls_context.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/support/temporary_folder.h"

namespace baton::net {
namespace {

using testing::HasSubstr;
using testing_support::Identity;
using testing_support::TemporaryFolder;
using namespace std::chrono_literals;

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    folder_.Write("tls.crt", identity_.certificate());
    folder_.Write("tls.key", identity_.key());
  }

  std::string Path(const std::string& name) const { return (folder_.path() / name).string(); }
  Result<TlsContext> Load(std::chrono::seconds later = 0s) const {
    return TlsContext::Load(files_, std::chrono::system_clock::now() + later);
  }
  std::string Refusal(std::chrono::seconds later = 0s) const {
    const auto loaded = Load(later);
    if (loaded) return "was taken";
    EXPECT_EQ(loaded.error().code, ErrorCode::kInvalidArgument);
    return loaded.error().message;
  }

  const Identity identity_;
  const TemporaryFolder folder_;
  TlsFiles files_{Path("tls.crt"), Path("tls.key"), ""};
};

TEST_F(TlsContextTest, ACertificateAndItsKeyAreTaken) {
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  const auto left = loaded->expires_at() - std::chrono::system_clock::now();
  EXPECT_GT(left, 23h);
  EXPECT_LE(left, 24h);
}

TEST_F(TlsContextTest, WhatWasCheckedIsWrittenWhateverTheFilesHoldByNow) {
  const Identity issuer;
  folder_.Write("tls.crt", identity_.certificate() + issuer.certificate());
  folder_.Write("ca.crt", issuer.certificate());
  files_.client_ca = Path("ca.crt");
  const auto loaded = Load();
  ASSERT_TRUE(loaded) << loaded.error().message;
  folder_.Write("tls.key", "half");
  const auto texts = loaded->ToTexts();
  ASSERT_TRUE(texts);
  EXPECT_EQ(texts->certificate, identity_.certificate() + issuer.certificate());
  EXPECT_EQ(texts->key, identity_.key());
  EXPECT_EQ(texts->client_ca, issuer.certificate());
}

TEST_F(TlsContextTest, OneFileMayHoldBoth) {
  folder_.Write("both.pem", identity_.key() + identity_.certificate());
  files_ = {Path("both.pem"), Path("both.pem"), ""};
  EXPECT_TRUE(Load());
}

TEST_F(TlsContextTest, AFileThatIsNotThereIsNamed) {
  files_.certificate = Path("none.crt");
  EXPECT_EQ(Refusal(),
            "the certificate " + Path("none.crt") + " cannot be read: No such file or directory");
  files_ = {Path("tls.crt"), Path("none.key"), ""};
  EXPECT_THAT(Refusal(), HasSubstr("the key " + Path("none.key") + " cannot be read"));
  files_ = {Path("tls.crt"), Path("tls.key"), Path("none.ca")};
  EXPECT_THAT(Refusal(), HasSubstr("the client CA " + Path("none.ca") + " cannot be read"));
}

TEST_F(TlsContextTest, WhatIsNoFileIsRefused) {
  files_.key = folder_.path().string();
  EXPECT_THAT(Refusal(), HasSubstr("is no file"));
  files_.key = "/dev/zero";
  EXPECT_THAT(Refusal(), HasSubstr("is no file"));
}

TEST_F(TlsContextTest, AHugeFileIsNotRead) {
  folder_.Write("tls.crt", std::string(1024 * 1024 + 1, 'x'));
  EXPECT_THAT(Refusal(), HasSubstr("is larger than 1 MiB"));
}

TEST_F(TlsContextTest, WhatIsNoPemIsRefused) {
  folder_.Write("tls.crt", "a text\n");
  EXPECT_THAT(Refusal(), HasSubstr("holds no certificate in PEM"));
  folder_.Write("tls.crt", "");
  EXPECT_THAT(Refusal(), HasSubstr("holds no certificate in PEM"));
  folder_.Write("tls.crt", identity_.certificate());
  folder_.Write("tls.key", identity_.certificate());
  EXPECT_THAT(Refusal(), HasSubstr("holds no private key in PEM"));
  folder_.Write("tls.key", identity_.key());
  folder_.Write("ca.crt", identity_.key());
  files_.client_ca = Path("ca.crt");
  EXPECT_THAT(Refusal(), HasSubstr("the client CA " + Path("ca.crt")));
}

TEST_F(TlsContextTest, AHalfWrittenFileIsRefusedWhereverItEnds) {
  const std::string whole = identity_.certificate() + Identity().certificate();
  const std::size_t first = identity_.certificate().size();
  constexpr std::size_t kStep = 61;
  for (std::size_t size = 0; size + 1 < whole.size(); size += kStep) {
    if (size + 1 == first || size == first) continue;  // the certificate without its chain
    folder_.Write("tls.crt", whole.substr(0, size));
    const auto loaded = Load();
    const bool is_in_gap = size > first && size < first + 28;  // "-----BEGIN CERTIFICATE-----\n"
    EXPECT_TRUE(!loaded || is_in_gap) << "cut after " << size << " of " << first;
  }
}

TEST_F(TlsContextTest, AKeyOfAnotherCertificateIsRefused) {
  folder_.Write("tls.key", Identity().key());
  EXPECT_EQ(Refusal(), "the key " + Path("tls.key") + " does not belong to the certificate " +
                           Path("tls.crt"));
}

TEST_F(TlsContextTest, AnEncryptedKeyIsRefusedWithoutAskingForItsPassword) {
  folder_.Write("tls.key", identity_.encrypted_key());
  EXPECT_THAT(Refusal(), HasSubstr("is encrypted, expected one that needs no password"));
}

TEST_F(TlsContextTest, ACertificateCountsBetweenItsTimes) {
  EXPECT_THAT(Refusal(25h), HasSubstr("has expired at 2"));
  EXPECT_THAT(Refusal(-2h), HasSubstr("is valid from 2"));
  EXPECT_TRUE(Load(23h));
  EXPECT_TRUE(Load(-59min));
}

TEST_F(TlsContextTest, AKeyThatEverybodyMayReadIsNoticed) {
  std::filesystem::permissions(Path("tls.key"), std::filesystem::perms{0640});
  EXPECT_FALSE(Load()->key_is_open());
  std::filesystem::permissions(Path("tls.key"), std::filesystem::perms{0644});
  EXPECT_TRUE(Load()->key_is_open());
}

}  // namespace
}  // namespace baton::net
