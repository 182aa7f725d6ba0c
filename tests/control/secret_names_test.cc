// What is taken for a secret, and what is not.
#include "server/control/secret_names.h"

#include <gtest/gtest.h>

namespace baton::control {
namespace {

TEST(SecretNamesTest, WhatLetsSomebodyInIsKnownByItsName) {
  for (const char* const name :
       {"Authorization", "PROXY-AUTHORIZATION", "Cookie", "Set-Cookie", "X-API-Key", "api_key",
        "apikey", "X-Auth-Token", "X-Amz-Security-Token", "client-secret", "password",
        "x-session-id", "X-Goog-Signature", "credentials", "Ocp-Apim-Subscription-Key", "key",
        "sig", "X-Auth"}) {
    EXPECT_TRUE(IsSecretName(name)) << name;
  }
}

TEST(SecretNamesTest, EveryKeyIsOneButThatOfIdempotency) {
  for (const char* const name : {"X-Functions-Key", "private_key", "encryption.key", "x-api-key-id",
                                 "X-Passphrase", "otp", "X-OTP"}) {
    EXPECT_TRUE(IsSecretName(name)) << name;
  }
}

TEST(SecretNamesTest, WhatARequestNeedsIsNone) {
  for (const char* const name :
       {"Content-Type", "Accept-Encoding", "Baton-Budget-Ms", "Host", "User-Agent", "traceparent",
        "Inference-Header-Content-Length", "X-Request-Id", "keep-alive", "Idempotency-Key",
        "X-Idempotency-Key", "keys", "option", ""}) {
    EXPECT_FALSE(IsSecretName(name)) << name;
  }
}

TEST(SecretNamesTest, SecretsAreTakenOutOfAQuery) {
  EXPECT_EQ(WithoutSecrets("/v1/models/a:predict"), "/v1/models/a:predict");
  EXPECT_EQ(WithoutSecrets("/a?x=1&api_key=abc&y=2"), "/a?x=1&api_key=(redacted)&y=2");
  EXPECT_EQ(WithoutSecrets("/a?%74oken=abc;b=1"), "/a?%74oken=(redacted);b=1");
  EXPECT_EQ(WithoutSecrets("/a?token"), "/a?token");
  EXPECT_EQ(WithoutSecrets("/a?token=a=b?c"), "/a?token=(redacted)");
  EXPECT_EQ(WithoutSecrets("/a?"), "/a?");
}

TEST(SecretNamesTest, WhatIsNotVisibleAsciiIsPercentEncoded) {
  EXPECT_EQ(WithoutSecrets("/a?x=\xff\n \"'"), "/a?x=%FF%0A%20\"'");
}

}  // namespace
}  // namespace baton::control
