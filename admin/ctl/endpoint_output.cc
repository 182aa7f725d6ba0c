// What batonctl shows of one endpoint, of a change of it, and of misses.
#include "admin/ctl/endpoint_output.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <optional>
#include <utility>

#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/output.h"
#include "admin/ctl/table.h"
#include "server/base/duration_text.h"
#include "server/control/endpoint_settings.h"
#include "server/control/endpoint_warnings.h"

namespace baton::ctl {
namespace {

// Finer than that is noise to a reader.
std::string Measured(Duration duration) {
  return FormatDuration(std::chrono::round<std::chrono::microseconds>(duration));
}

std::string Measured(const std::optional<Duration>& duration) {
  return duration ? Measured(*duration) : "-";
}

std::string EstimateText(const control::EstimateState& estimate) {
  if (estimate.samples == 0 && estimate.mean == Duration::zero()) return "nothing known yet";
  return "mean " + Measured(estimate.mean) + ", median " + Measured(estimate.q50) + ", 95 % " +
         Measured(estimate.q95) + ", 99 % " + Measured(estimate.q99) + ", of " +
         std::to_string(estimate.samples) + " runs";
}

std::string SettingText(const control::Setting& setting) {
  const bool is_choice = setting.key == "max_workers" && setting.value == "0";
  return is_choice ? "0 (the server's choice)" : setting.value;
}

// "2026-01-31T12:00:00.123Z".
std::string TimeText(std::int64_t unix_ms) {
  const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 40> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(unix_ms % 1000));
  return text.data();
}

// The time from one moment until another, or until the answer where that never came or came later;
// none when the first never came.
std::optional<Duration> Spent(const std::optional<Duration>& from,
                              const std::optional<Duration>& until,
                              const std::optional<Duration>& answered) {
  std::optional<Duration> end = until ? until : answered;
  if (!from || !end) return std::nullopt;
  if (answered) end = std::min(*end, *answered);
  return std::max(Duration::zero(), *end - *from);
}

Row MissRow(const control::MissState& miss, bool is_wide) {
  Row row = {TimeText(miss.arrived_unix_ms),
             miss.endpoint,
             miss.answer,
             miss.cause,
             FormatDuration(miss.budget),
             Measured(miss.predicted_wait),
             Measured(miss.answered),
             Measured(Spent(miss.admitted, miss.started, miss.answered)),
             Measured(Spent(miss.started, miss.finished, miss.answered))};
  if (is_wide) {
    row.insert(row.end(), {Measured(miss.most_wait), Measured(miss.predicted_service),
                           Measured(miss.admitted), Measured(miss.started), Measured(miss.finished),
                           Measured(miss.sent), miss.criticality, std::to_string(miss.request_id)});
  }
  return row;
}

std::string BatchText(const control::BatchSettings& batch) {
  if (batch.max_size <= 1) return "1";
  return std::to_string(batch.max_size) + " in " + FormatDuration(batch.max_delay);
}

std::string WorkersText(const control::EndpointState& endpoint) {
  const std::string most =
      endpoint.max_workers == 0 ? "auto" : std::to_string(endpoint.max_workers);
  return std::to_string(endpoint.min_workers) + " to " + most;
}

Row EndpointRow(const control::EndpointState& endpoint, bool is_wide) {
  Row row = {endpoint.name,
             endpoint.kind,
             VersionsText(endpoint),
             FormatDuration(endpoint.default_budget),
             FormatDuration(endpoint.max_budget),
             std::to_string(endpoint.requests_total),
             std::to_string(endpoint.misses_total),
             std::to_string(endpoint.in_flight)};
  if (is_wide) {
    row.insert(row.end(),
               {endpoint.criticality, WorkersText(endpoint), BatchText(endpoint.batch),
                endpoint.fallback.kind, Measured(endpoint.estimate.q50),
                Measured(endpoint.estimate.q99), Measured(endpoint.estimate.predicted_wait),
                endpoint.estimate.cold ? "no" : "yes", std::to_string(endpoint.generation)});
  }
  return row;
}

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::string ToTable(const control::EndpointState& endpoint, const Look& look) {
  std::vector<Row> rows = {
      {"name", endpoint.name}, {"kind", endpoint.kind}, {"versions", VersionsText(endpoint)}};
  for (const control::Setting& setting : control::SettingsOf(endpoint)) {
    if (setting.value.empty()) continue;
    rows.push_back({std::string(setting.key), SettingText(setting)});
  }
  rows.push_back({"run time", EstimateText(endpoint.estimate)});
  rows.push_back({"predicted wait", Measured(endpoint.estimate.predicted_wait)});
  rows.push_back({"may queue", endpoint.estimate.cold ? "not before more is known" : "yes"});
  for (const std::string& warning : control::WarningsOf(endpoint)) {
    rows.push_back({"warning", warning});
  }
  rows.push_back({"requests", std::to_string(endpoint.requests_total)});
  rows.push_back({"misses", std::to_string(endpoint.misses_total)});
  rows.push_back({"in flight", std::to_string(endpoint.in_flight)});
  rows.push_back({"generation", std::to_string(endpoint.generation)});
  return Fields(rows, look);
}

std::string ToTable(const std::vector<control::EndpointState>& endpoints, const Look& look) {
  const bool is_wide = look.format == Look::Format::kWide;
  Row heads = {"NAME",       "KIND",     "VERSIONS", "BUDGET",
               "MAX_BUDGET", "REQUESTS", "MISSES",   "IN_FLIGHT"};
  if (is_wide) {
    heads.insert(heads.end(), {"CRITICALITY", "WORKERS", "BATCH", "FALLBACK", "MEDIAN", "99%",
                               "PREDICTED_WAIT", "MAY_QUEUE", "GENERATION"});
  }
  std::vector<Row> rows = {std::move(heads)};
  for (const control::EndpointState& one : endpoints) rows.push_back(EndpointRow(one, is_wide));
  return Columns(rows, look);
}

std::string ChangeToTable(const control::EndpointState& before, const control::EndpointState& after,
                          const std::vector<std::string>& keys, bool validate_only) {
  const std::vector<control::Setting> old_ones = control::SettingsOf(before);
  const std::vector<control::Setting> new_ones = control::SettingsOf(after);
  std::string text;
  for (std::size_t i = 0; i < old_ones.size(); ++i) {
    const std::string key(old_ones[i].key);
    const bool was_asked = std::find(keys.begin(), keys.end(), key) != keys.end();
    const bool went_along = key.starts_with("fallback") && old_ones[i].value != new_ones[i].value;
    if (!was_asked && !went_along) continue;
    text += ChangeLine(after.name + " " + key, OrDash(old_ones[i].value), OrDash(new_ones[i].value),
                       validate_only);
  }
  return text;
}

std::string ToTable(const std::vector<control::MissState>& misses, const Look& look) {
  const bool is_wide = look.format == Look::Format::kWide;
  Row heads = {"TIME",           "ENDPOINT", "ANSWER", "CAUSE", "BUDGET",
               "PREDICTED_WAIT", "ANSWERED", "QUEUE",  "RUN"};
  if (is_wide) {
    heads.insert(heads.end(), {"MOST_WAIT", "PREDICTED_RUN", "ADMITTED", "STARTED", "FINISHED",
                               "SENT", "CRITICALITY", "REQUEST"});
  }
  std::vector<Row> rows = {std::move(heads)};
  for (const control::MissState& miss : misses) rows.push_back(MissRow(miss, is_wide));
  return Columns(rows, look);
}

}  // namespace baton::ctl
