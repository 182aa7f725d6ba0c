// Statuses, headers and sentences.
#include "server/api/key_refusal.h"

#include <algorithm>
#include <chrono>

#include "server/api/answer_response.h"
#include "server/api/error_body.h"
#include "server/base/check.h"

namespace baton::api {
namespace {

using access::KeyDecision;
using access::KeyOutcome;

constexpr std::string_view kPolicy = "\"key\"";

std::string SecondsText(Duration duration) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(duration).count());
}

// More than the rate's own number may be left of a larger burst, but that would contradict q.
std::string LeftText(const KeyDecision& decision) {
  return std::to_string(std::min(decision.rate_left.left, decision.rate->requests));
}

}  // namespace

std::string KeyRefusalText(const KeyDecision& decision) {
  switch (decision.outcome) {
    case KeyOutcome::kMissing:
      return "an API key is expected, as 'Authorization: Bearer KEY' or 'X-API-Key: KEY'";
    case KeyOutcome::kUnknown: return "the API key is not known";
    case KeyOutcome::kExpired: return "the API key has expired";
    case KeyOutcome::kOverRate:
      return "the API key may be used " + ToText(*decision.rate) + ", expected again in " +
             RetryAfterText(decision.rate_left.wait) + " s";
    case KeyOutcome::kAllowed: break;
  }
  BATON_CHECK(false);
  return {};
}

void AppendRateLimit(std::string& headers, const KeyDecision& decision) {
  if (!decision.rate) return;
  std::string value(kPolicy);
  value.append(";r=").append(LeftText(decision)).append(";t=");
  value += decision.rate_left.is_allowed ? SecondsText(decision.rate_left.until_full)
                                         : RetryAfterText(decision.rate_left.wait);
  http::AppendHeader(headers, "RateLimit", value);
}

http::Response KeyRefusal(const KeyDecision& decision) {
  http::Response response;
  const bool is_over_rate = decision.outcome == KeyOutcome::kOverRate;
  response.status = is_over_rate ? 429 : 401;
  response.body = ErrorBody(KeyRefusalText(decision));
  std::string& headers = response.headers;
  http::AppendHeader(headers, "Baton-Answer", ToText(serve::Answer::kInvalid));
  if (is_over_rate) {
    http::AppendHeader(headers, "Retry-After", RetryAfterText(decision.rate_left.wait));
    AppendRateLimit(headers, decision);
    std::string policy(kPolicy);
    policy.append(";q=").append(std::to_string(decision.rate->requests)).append(";w=");
    policy += SecondsText(decision.rate->window);
    http::AppendHeader(headers, "RateLimit-Policy", policy);
  } else if (decision.outcome == KeyOutcome::kMissing) {
    http::AppendHeader(headers, "WWW-Authenticate", R"(Bearer realm="baton")");
  } else {
    http::AppendHeader(headers, "WWW-Authenticate",
                       R"(Bearer realm="baton", error="invalid_token", error_description=")" +
                           KeyRefusalText(decision) + "\"");
  }
  return response;
}

}  // namespace baton::api
