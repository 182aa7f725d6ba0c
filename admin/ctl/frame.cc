// A picture of a server at work, for a terminal.
#include "admin/ctl/frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <map>
#include <vector>

#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/table.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

constexpr int kBarWidth = 20;
constexpr int kLinesAbove = 7;  // of the table's rows, with its heads

std::string Measured(Duration duration) {
  return FormatDuration(std::chrono::round<std::chrono::microseconds>(duration));
}

std::string StateText(const v1::ServerStatus& status) {
  if (status.draining()) return "draining";
  if (status.drained()) return "out of service";
  return status.ready() ? "ready" : "not ready";
}

std::string ShareText(double part, double whole) {
  if (whole <= 0) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %%", 100 * part / whole);
  return text.data();
}

// "[######....]".
std::string Bar(int part, int whole) {
  const int filled = whole <= 0 ? 0 : std::clamp(kBarWidth * part / whole, 0, kBarWidth);
  return "[" + std::string(static_cast<std::size_t>(filled), '#') +
         std::string(static_cast<std::size_t>(kBarWidth - filled), '.') + "]";
}

std::string CausesOf(const Snapshot& before, const Snapshot& after) {
  const bool are_counted = !after.causes.empty();
  const std::string causes = are_counted ? CausesText(before, after) : CausesText(after);
  if (causes.empty()) return "no misses";
  if (are_counted) return causes;
  return causes + " (of the last " + std::to_string(after.misses.size()) + " misses)";
}

std::vector<Row> Summary(const Snapshot& before, const Snapshot& after, const std::string& server) {
  const v1::ServerStatus& status = after.status;
  const Rates rates = RatesOf(before, after);
  const auto uptime = std::chrono::seconds(static_cast<std::int64_t>(status.uptime_seconds()));
  return {{"server", server + "  " + StateText(status) + "  up " + FormatDuration(uptime) +
                         "  generation " + std::to_string(status.generation())},
          {"goodput", RateText(rates.goodput) + "/s of " + RateText(rates.offered) +
                          "/s offered, misses " + RateText(rates.misses) + "/s (" +
                          ShareText(rates.misses, rates.goodput + rates.misses) + "), late " +
                          std::to_string(status.late_answers_total())},
          {"queue", std::to_string(status.queue_depth()) + " waiting, " +
                        std::to_string(status.pending_responses()) + " unanswered, " +
                        std::to_string(status.connections()) + " connections"},
          {"pool", Bar(status.pool().busy(), status.pool().size()) + " " +
                       std::to_string(status.pool().busy()) + " of " +
                       std::to_string(status.pool().size()) + " busy, " +
                       std::to_string(status.pool().retiring()) + " retiring, " +
                       std::to_string(status.pool().zombies()) + " zombies"},
          {"causes", CausesOf(before, after)}};
}

std::vector<Row> EndpointRows(const Snapshot& before, const Snapshot& after, int most) {
  const std::map<std::string, Rates> rates = EndpointRates(before, after);
  std::vector<v1::Endpoint> endpoints = after.endpoints;
  std::stable_sort(endpoints.begin(), endpoints.end(),
                   [&rates](const v1::Endpoint& one, const v1::Endpoint& other) {
                     return rates.at(one.name()).offered > rates.at(other.name()).offered;
                   });
  std::vector<Row> rows = {
      {"ENDPOINT", "GOODPUT/S", "OFFERED/S", "MISSES/S", "IN_FLIGHT", "WAIT", "MEDIAN", "BUDGET"}};
  for (const v1::Endpoint& one : endpoints) {
    if (static_cast<int>(rows.size()) > most) break;
    const control::EndpointState state = ToState(one);
    const Rates& now = rates.at(one.name());
    rows.push_back({state.name, RateText(now.goodput), RateText(now.offered), RateText(now.misses),
                    std::to_string(state.in_flight), Measured(state.estimate.predicted_wait),
                    Measured(state.estimate.q50), FormatDuration(state.default_budget)});
  }
  return rows;
}

}  // namespace

std::string RateText(double rate) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), rate >= 10'000 ? "%.0f" : "%.1f", rate);
  return text.data();
}

std::string Frame(const Snapshot& before, const Snapshot& after, const std::string& server,
                  FrameSize size, const Look& look) {
  Look narrow = look;
  narrow.width = size.columns;
  std::string text;
  int lines = 0;
  const auto add = [&](const std::string& line) {
    if (lines++ < size.lines) text += CutTo(line, size.columns) + "\n";
  };
  for (const Row& row : Summary(before, after, server)) {
    add(row[0] + std::string(9 - row[0].size(), ' ') + row[1]);
  }
  add("");
  const int most = std::max(0, size.lines - kLinesAbove);
  const std::string table = Columns(EndpointRows(before, after, most), narrow);
  for (std::size_t at = 0; at < table.size();) {
    const std::size_t end = table.find('\n', at);
    add(table.substr(at, end - at));
    at = end + 1;
  }
  return text;
}

}  // namespace baton::ctl
