// https://opentelemetry.io/docs/specs/otlp/#otlphttp-response
#include "server/trace/post_retry.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

namespace baton::trace {
namespace {

constexpr Duration kFirstPause = 500ms;
constexpr Duration kLongestPause = 30s;
constexpr std::size_t kMostSaid = 200;  // of an answer, in a line of the log

bool IsWorthRetrying(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

// `{"partialSuccess":{"rejectedSpans":"3"}}`, where numbers may have no quotes. Of anything else:
// 0.
std::size_t RejectedOf(std::string_view body) {
  constexpr std::string_view kKey = "\"rejectedSpans\"";
  const std::size_t at = body.find(kKey);
  if (at == std::string_view::npos) return 0;
  body.remove_prefix(at + kKey.size());
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n:\""), body.size()));
  std::uint64_t rejected = 0;
  std::from_chars(body.data(), body.data() + body.size(), rejected);
  return rejected;
}

}  // namespace

Verdict Judge(const PostAnswer& answer, std::size_t spans) {
  Verdict verdict;
  if (answer.status == 0) {
    verdict.kind = Verdict::Kind::kRetry;
    verdict.why = answer.error;
    return verdict;
  }
  if (answer.status >= 200 && answer.status < 300) {
    verdict.rejected = std::min(RejectedOf(answer.body), spans);
    if (verdict.rejected == 0) return verdict;
    verdict.why = "it rejected some: " + answer.body.substr(0, kMostSaid);
    return verdict;
  }
  const bool retries = IsWorthRetrying(answer.status);
  verdict.kind = retries ? Verdict::Kind::kRetry : Verdict::Kind::kRejected;
  verdict.why =
      "it answered " + std::to_string(answer.status) + " " + answer.body.substr(0, kMostSaid);
  return verdict;
}

Duration PauseAfter(int failures, const std::optional<Duration>& retry_after, double random) {
  constexpr int kMostDoublings = 10;
  const int doublings = std::clamp(failures - 1, 0, kMostDoublings);
  const Duration longest = std::min(kFirstPause * (1 << doublings), kLongestPause);
  const Duration pause = longest / 2 + Scale(longest / 2, random);
  return std::max(pause, retry_after.value_or(Duration::zero()));
}

}  // namespace baton::trace
