// Parsing of budgets: strict in form, saturating in size.
#include "server/api/budget_headers.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

#include "server/api/bad_input.h"

namespace baton::api {
namespace {

// Far more digits than any budget needs; more is a mistake or an attack.
constexpr std::size_t kLongestNumber = 32;

bool IsDigits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// `count` units of `unit`, cut at kLongestAsk.
Duration Times(std::uint64_t count, Duration unit) {
  const auto most = static_cast<std::uint64_t>(kLongestAsk / unit);
  return count >= most ? kLongestAsk : unit * static_cast<Duration::rep>(count);
}

std::optional<std::uint64_t> ParseDigits(std::string_view text) {
  if (!IsDigits(text) || text.size() > kLongestNumber) return std::nullopt;
  std::uint64_t number = 0;
  const auto failure = std::from_chars(text.data(), text.data() + text.size(), number).ec;
  return failure == std::errc() ? number : std::numeric_limits<std::uint64_t>::max();
}

void Shrink(std::optional<Duration>& smallest, Duration candidate) {
  smallest = smallest ? std::min(*smallest, candidate) : candidate;
}

}  // namespace

Result<Duration> ParseBudgetMs(std::string_view value) {
  const std::size_t point = value.find('.');
  const bool is_decimal = value.size() <= kLongestNumber && IsDigits(value.substr(0, point)) &&
                          (point == std::string_view::npos || IsDigits(value.substr(point + 1)));
  if (!is_decimal) {
    return tl::unexpected(
        BadInput("Baton-Budget-Ms",
                 "a decimal number of milliseconds such as 50 or 12.5, at most 32 characters",
                 Quoted(value)));
  }
  double millis = 0;
  std::from_chars(value.data(), value.data() + value.size(), millis);
  if (millis >= ToMillis(kLongestAsk)) return kLongestAsk;
  return Duration(std::llround(millis * 1e6));
}

std::optional<Duration> ParseGrpcTimeout(std::string_view value) {
  constexpr std::size_t kMostDigits = 8;
  if (value.size() < 2 || value.size() > kMostDigits + 1) return std::nullopt;
  const auto count = ParseDigits(value.substr(0, value.size() - 1));
  if (!count) return std::nullopt;
  switch (value.back()) {
    case 'H': return Times(*count, 1h);
    case 'M': return Times(*count, 1min);
    case 'S': return Times(*count, 1s);
    case 'm': return Times(*count, 1ms);
    case 'u': return Times(*count, 1us);
    case 'n': return Times(*count, 1ns);
    default: return std::nullopt;
  }
}

std::optional<Duration> ParseEnvoyTimeout(std::string_view value) {
  const auto count = ParseDigits(value);
  if (!count) return std::nullopt;
  return Times(*count, 1ms);
}

std::optional<Duration> TimeoutFromMicros(std::uint64_t micros) {
  if (micros == 0) return std::nullopt;
  return Times(micros, 1us);
}

Result<BudgetAsk> ReadBudgetHeaders(const http::Request& request) {
  BudgetAsk ask;
  // A proxy may add a second one of a name: each counts.
  for (std::size_t n = 0; const auto value = request.Header("Baton-Budget-Ms", n); ++n) {
    auto budget = ParseBudgetMs(*value);
    if (!budget) return tl::unexpected(std::move(budget.error()));
    Shrink(ask.smallest, *budget);
  }
  for (std::size_t n = 0; const auto value = request.Header("grpc-timeout", n); ++n) {
    const auto budget = ParseGrpcTimeout(*value);
    if (budget) Shrink(ask.smallest, *budget);
    if (!budget) ++ask.malformed_grpc_timeout;
  }
  for (std::size_t n = 0; const auto value = request.Header("x-envoy-expected-rq-timeout-ms", n);
       ++n) {
    const auto budget = ParseEnvoyTimeout(*value);
    if (budget) Shrink(ask.smallest, *budget);
    if (!budget) ++ask.malformed_envoy_timeout;
  }
  return ask;
}

Duration Grant(const std::optional<Duration>& asked, Duration default_budget, Duration max_budget) {
  return std::min(asked.value_or(default_budget), max_budget);
}

}  // namespace baton::api
