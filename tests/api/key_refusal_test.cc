#include "server/api/key_refusal.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::api {
namespace {

using access::KeyDecision;
using access::KeyOutcome;
using access::Rate;
using ::testing::HasSubstr;

KeyDecision Of(KeyOutcome outcome) {
  KeyDecision decision;
  decision.outcome = outcome;
  return decision;
}

KeyDecision OverRate(const Rate& rate, Duration wait) {
  KeyDecision decision = Of(KeyOutcome::kOverRate);
  decision.rate = rate;
  decision.rate_left.is_allowed = false;
  decision.rate_left.wait = wait;
  return decision;
}

TEST(KeyRefusalTest, WhoHasNoKeyIsChallenged) {
  const http::Response response = KeyRefusal(Of(KeyOutcome::kMissing));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers,
            "Baton-Answer: invalid\r\nWWW-Authenticate: Bearer realm=\"baton\"\r\n");
  EXPECT_THAT(response.body, HasSubstr("Authorization: Bearer KEY"));
}

TEST(KeyRefusalTest, WhoseKeyIsNotGoodIsToldWhy) {
  EXPECT_THAT(KeyRefusal(Of(KeyOutcome::kExpired)).headers,
              HasSubstr("WWW-Authenticate: Bearer realm=\"baton\", error=\"invalid_token\", "
                        "error_description=\"the API key has expired\"\r\n"));
  const http::Response unknown = KeyRefusal(Of(KeyOutcome::kUnknown));
  EXPECT_EQ(unknown.status, 401);
  EXPECT_EQ(unknown.body, R"({"error":"the API key is not known"})");
}

TEST(KeyRefusalTest, WhoComesTooOftenIsToldWhenToComeAgain) {
  const http::Response response = KeyRefusal(OverRate({6000, 1min, 10}, 1001ms));
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.headers,
            "Baton-Answer: invalid\r\nRetry-After: 2\r\nRateLimit: \"key\";r=0;t=2\r\n"
            "RateLimit-Policy: \"key\";q=6000;w=60\r\n");
  EXPECT_EQ(response.body,
            R"({"error":"the API key may be used 6000/min, expected again in 2 s"})");
  EXPECT_THAT(KeyRefusal(OverRate({100, 1s, 1}, 1ns)).headers, HasSubstr("Retry-After: 1\r\n"));
}

TEST(KeyRefusalTest, RateOfWhoIsLetInIsWhatIsLeftOfIt) {
  KeyDecision decision;
  std::string headers;
  AppendRateLimit(headers, decision);
  EXPECT_EQ(headers, "");
  decision.rate = Rate{100, 1s, 1000};
  decision.rate_left.left = 42;
  decision.rate_left.until_full = 9580ms;
  AppendRateLimit(headers, decision);
  EXPECT_EQ(headers, "RateLimit: \"key\";r=42;t=10\r\n");
  headers.clear();
  decision.rate_left.left = 990;  // more than the policy's q
  AppendRateLimit(headers, decision);
  EXPECT_THAT(headers, HasSubstr(";r=100;"));
}

}  // namespace
}  // namespace baton::api
