// Differences of counters over the time between them.
#include "admin/ctl/snapshot.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr int kMisses = 200;

struct Counts {
  std::uint64_t answered = 0;
  std::uint64_t misses = 0;
  std::uint64_t inside = 0;
};

Rates RatesBetween(const Counts& before, const Counts& after, Duration between) {
  const double seconds = std::chrono::duration<double>(between).count();
  const bool is_anew = after.answered < before.answered || after.misses < before.misses;
  if (seconds <= 0 || is_anew) return {};
  const auto answered = static_cast<double>(after.answered - before.answered);
  const auto misses = static_cast<double>(after.misses - before.misses);
  const double inside = static_cast<double>(after.inside) - static_cast<double>(before.inside);
  return {std::max(0.0, answered + inside) / seconds, std::max(0.0, answered - misses) / seconds,
          misses / seconds};
}

Counts CountsOf(const v1::ServerStatus& status) {
  return {status.requests_total(), status.misses_total(), status.pending_responses()};
}

Counts CountsOf(const v1::Endpoint& endpoint) {
  return {endpoint.requests_total(), endpoint.misses_total(), endpoint.in_flight()};
}

}  // namespace

Result<Snapshot> TakeSnapshot(AdminClient& client) {
  Result<v1::ServerStatus> status = client.GetStatus();
  if (!status) return tl::unexpected<Error>(status.error());
  const SteadyTime now = SystemClock().Now();
  Result<v1::ListEndpointsResponse> endpoints = client.ListEndpoints();
  if (!endpoints) return tl::unexpected<Error>(endpoints.error());
  Result<v1::ListMissesResponse> misses = client.ListMisses("", kMisses);
  if (!misses) return tl::unexpected<Error>(misses.error());
  return Snapshot{now,
                  *std::move(status),
                  {endpoints->endpoints().begin(), endpoints->endpoints().end()},
                  {misses->misses().begin(), misses->misses().end()}};
}

Rates RatesOf(const Snapshot& before, const Snapshot& after) {
  return RatesBetween(CountsOf(before.status), CountsOf(after.status), after.at - before.at);
}

std::map<std::string, Rates> EndpointRates(const Snapshot& before, const Snapshot& after) {
  std::map<std::string, Counts> counts;
  for (const v1::Endpoint& one : before.endpoints) counts[one.name()] = CountsOf(one);
  std::map<std::string, Rates> rates;
  for (const v1::Endpoint& one : after.endpoints) {
    const auto known = counts.find(one.name());
    const Counts now = CountsOf(one);
    rates[one.name()] =
        RatesBetween(known == counts.end() ? now : known->second, now, after.at - before.at);
  }
  return rates;
}

std::string CausesText(const Snapshot& snapshot) {
  std::map<std::string, int> counts;
  for (const v1::Miss& miss : snapshot.misses) ++counts[miss.cause()];
  std::vector<std::pair<std::string, int>> causes(counts.begin(), counts.end());
  std::stable_sort(causes.begin(), causes.end(),
                   [](const auto& one, const auto& other) { return one.second > other.second; });
  std::string text;
  for (const auto& [cause, count] : causes) {
    text += (text.empty() ? "" : ", ") + cause + " " + std::to_string(count);
  }
  return text;
}

}  // namespace baton::ctl
