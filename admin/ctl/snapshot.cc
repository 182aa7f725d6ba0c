// Differences of counters over the time between them.
#include "admin/ctl/snapshot.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "admin/ctl/frame.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr int kMisses = 200;

struct Counts {
  std::uint64_t answered = 0;
  std::uint64_t misses = 0;
  std::uint64_t inside = 0;
  std::optional<std::uint64_t> predictions;
};

Rates RatesBetween(const Counts& before, const Counts& after, Duration between) {
  const double seconds = std::chrono::duration<double>(between).count();
  const bool is_anew = after.answered < before.answered || after.misses < before.misses;
  if (seconds <= 0 || is_anew) return {};
  const auto answered = static_cast<double>(after.answered - before.answered);
  const auto misses = static_cast<double>(after.misses - before.misses);
  const double inside = static_cast<double>(after.inside) - static_cast<double>(before.inside);
  const bool is_known = before.predictions && after.predictions;
  const double good =
      is_known ? static_cast<double>(*after.predictions - *before.predictions) : answered - misses;
  return {std::max(0.0, answered + inside) / seconds, std::max(0.0, good) / seconds,
          misses / seconds};
}

std::optional<std::uint64_t> PredictionsOf(const Snapshot& snapshot, const std::string& name) {
  const auto known = snapshot.predictions.find(name);
  if (known == snapshot.predictions.end()) return std::nullopt;
  return known->second;
}

Counts CountsOf(const Snapshot& snapshot) {
  const v1::ServerStatus& status = snapshot.status;
  return {status.requests_total(), status.misses_total(), status.pending_responses(),
          PredictionsOf(snapshot, "")};
}

Counts CountsOf(const v1::Endpoint& endpoint, const Snapshot& snapshot) {
  return {endpoint.requests_total(), endpoint.misses_total(), endpoint.in_flight(),
          PredictionsOf(snapshot, endpoint.name())};
}

std::string Joined(std::vector<std::pair<std::string, double>> causes,
                   std::string (*text_of)(double)) {
  std::stable_sort(causes.begin(), causes.end(),
                   [](const auto& one, const auto& other) { return one.second > other.second; });
  std::string text;
  for (const auto& [cause, number] : causes) {
    text += (text.empty() ? "" : ", ") + cause + " " + text_of(number);
  }
  return text;
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
                  {misses->misses().begin(), misses->misses().end()},
                  {},
                  {}};
}

Snapshot ToSnapshot(const v1::StatusUpdate& update) {
  Snapshot snapshot;
  snapshot.at = SteadyTime(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(update.status().uptime_seconds())));
  snapshot.status = update.status();
  for (const v1::Counted& cause : update.causes()) snapshot.causes[cause.name()] = cause.total();
  for (const v1::Counted& answer : update.answers()) {
    if (answer.name() == "prediction") snapshot.predictions[""] = answer.total();
  }
  for (const v1::EndpointLoad& load : update.endpoints()) {
    v1::Endpoint& one = snapshot.endpoints.emplace_back();
    one.set_name(load.name());
    one.set_requests_total(load.requests_total());
    one.set_misses_total(load.misses_total());
    one.set_in_flight(load.in_flight());
    one.set_default_budget_ms(load.default_budget_ms());
    one.mutable_estimate()->set_predicted_wait_ms(load.predicted_wait_ms());
    one.mutable_estimate()->set_q50_ms(load.median_ms());
    snapshot.predictions[load.name()] = load.predictions_total();
  }
  return snapshot;
}

Rates RatesOf(const Snapshot& before, const Snapshot& after) {
  return RatesBetween(CountsOf(before), CountsOf(after), after.at - before.at);
}

std::map<std::string, Rates> EndpointRates(const Snapshot& before, const Snapshot& after) {
  std::map<std::string, Counts> counts;
  for (const v1::Endpoint& one : before.endpoints) counts[one.name()] = CountsOf(one, before);
  std::map<std::string, Rates> rates;
  for (const v1::Endpoint& one : after.endpoints) {
    const auto known = counts.find(one.name());
    const Counts now = CountsOf(one, after);
    rates[one.name()] =
        RatesBetween(known == counts.end() ? now : known->second, now, after.at - before.at);
  }
  return rates;
}

std::string CausesText(const Snapshot& snapshot) {
  std::map<std::string, int> counts;
  for (const v1::Miss& miss : snapshot.misses) ++counts[miss.cause()];
  return Joined({counts.begin(), counts.end()},
                [](double count) { return std::to_string(static_cast<int>(count)); });
}

std::string CausesText(const Snapshot& before, const Snapshot& after) {
  const double seconds = std::chrono::duration<double>(after.at - before.at).count();
  std::vector<std::pair<std::string, double>> rates;
  for (const auto& [cause, count] : after.causes) {
    const auto known = before.causes.find(cause);
    if (seconds <= 0 || known == before.causes.end() || count <= known->second) continue;
    rates.emplace_back(cause, static_cast<double>(count - known->second) / seconds);
  }
  return Joined(std::move(rates), [](double rate) { return RateText(rate) + "/s"; });
}

}  // namespace baton::ctl
