// What a request's headers ask for as its budget, and what it is granted.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/base/clock.h"
#include "server/base/result.h"
#include "server/http/message.h"

namespace baton::api {

// Asked-for budgets beyond this are cut to it before the endpoint's maximum is looked at.
inline constexpr Duration kLongestAsk = std::chrono::hours(24 * 365);

struct BudgetAsk {
  std::optional<Duration> smallest;  // of those given; zero means that no time is left at all
  int malformed_grpc_timeout = 0;    // how many were ignored because they could not be read
  int malformed_envoy_timeout = 0;
};

// Reads Baton-Budget-Ms, grpc-timeout and x-envoy-expected-rq-timeout-ms.
// Errors: kInvalidArgument naming Baton-Budget-Ms and its value, when it is no decimal number of
// milliseconds. The other two are somebody else's headers: they are ignored then, and counted.
Result<BudgetAsk> ReadBudgetHeaders(const http::Request& request);

// "12.5": digits, and perhaps a point and more digits. Errors: as above.
Result<Duration> ParseBudgetMs(std::string_view value);
// One to eight digits and a unit out of H, M, S, m, u, n.
std::optional<Duration> ParseGrpcTimeout(std::string_view value);
// A whole number of milliseconds.
std::optional<Duration> ParseEnvoyTimeout(std::string_view value);
// The protocol's `timeout` parameter in microseconds: zero means that none was given.
std::optional<Duration> TimeoutFromMicros(std::uint64_t micros);

// The smallest of what was asked for, at most `max_budget`; `default_budget` when nothing was.
Duration Grant(const std::optional<Duration>& asked, Duration default_budget, Duration max_budget);

}  // namespace baton::api
