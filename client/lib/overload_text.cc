// Rendering of the demonstration's figures.
#include "client/lib/overload_text.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "server/base/duration_text.h"
#include "server/base/json_writer.h"

namespace baton::client {
namespace {

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string Millis(std::optional<Duration> time) {
  return time ? fmt::format("{:.3g} ms", ToMillis(*time)) : "-";
}

// From whole numbers on no decimals: a step of seconds does not know more.
std::string Rate(double rate) { return fmt::format("{:.{}f}", rate, rate < 10 ? 1 : 0); }

std::string MissesText(const std::map<std::string, double>& misses) {
  std::vector<std::pair<double, std::string>> most_first;
  most_first.reserve(misses.size());
  for (const auto& [cause, rate] : misses) most_first.emplace_back(-rate, cause);
  std::sort(most_first.begin(), most_first.end());
  std::string text;
  for (const auto& [rate, cause] : most_first) {
    text += (text.empty() ? "" : ", ") + Printable(cause) + " " + Rate(-rate);
  }
  return text.empty() ? "-" : text;
}

constexpr std::string_view kRow =
    "{:>6}  {:>9}  {:>9}  {:>7}  {:>9}  {:>5}  {:>10}  {:>10}  {:>10}  ";

void AppendStep(std::string& out, const OverloadStep& step, double peak, bool has_repeats) {
  const double share = peak > 0 ? 100 * step.goodput.median / peak : 0;
  auto to = std::back_inserter(out);
  fmt::format_to(to, fmt::runtime(kRow), FactorText(step.factor), Rate(step.offered.median),
                 Rate(step.goodput.median), fmt::format("{:.1f} %", share),
                 fmt::format("{:.2f} %", 100 * step.in_budget_ratio),
                 fmt::format("{:.4g}", step.late), Millis(step.refuse_p50), Millis(step.refuse_p99),
                 Millis(step.prediction_p99));
  if (has_repeats) {
    const std::string spread = Rate(step.goodput.low) + " to " + Rate(step.goodput.high);
    fmt::format_to(to, "{:>16}  ", spread);
  }
  fmt::format_to(to, "{}\n", MissesText(step.misses));
}

void AppendWarning(std::string& out, const OverloadCurve& curve, std::size_t connections) {
  std::string where;
  Duration lag = Duration::zero();
  double waited = 0;
  for (const OverloadStep& step : curve.steps) {
    if (!step.was_limited) continue;
    where += (where.empty() ? "" : ", ") + FactorText(step.factor);
    lag = std::max(lag, step.lag_p99);
    waited = std::max(waited, step.waited_for_connection);
  }
  if (where.empty()) return;
  fmt::format_to(std::back_inserter(out),
                 "warning: the generator was a limit at {}: up to {} behind its schedule (p99), up "
                 "to {:.0f} requests waited for one of {} connections; lateness and times contain "
                 "that\n",
                 where, Millis(lag), waited, connections);
}

std::string RecoveryText(const std::vector<std::optional<Duration>>& recoveries) {
  std::vector<double> times;
  for (const auto& time : recoveries) {
    if (time) times.push_back(ToMillis(*time));
  }
  const std::size_t never = recoveries.size() - times.size();
  if (times.empty()) return "not back to normal within the step";
  std::string text = fmt::format("back to normal after {:.0f} ms", SpreadOf(times).median);
  if (recoveries.size() > 1) {
    const Spread spread = SpreadOf(std::move(times));
    text += fmt::format(" ({:.0f} to {:.0f} ms)", spread.low, spread.high);
  }
  if (never > 0) {
    text += fmt::format("; {} of {} times not within the step", never, recoveries.size());
  }
  return text;
}

void AppendCurve(std::string& out, const OverloadResult& result, const OverloadCurve& curve) {
  const bool has_repeats = result.repeats > 1;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "\n{}{}\n", curve.name,
                 curve.name == curve.server ? "" : " (" + curve.server + ")");
  fmt::format_to(to, fmt::runtime(kRow), "load", "offered/s", "goodput/s", "of peak", "in budget",
                 "late", "refuse p50", "refuse p99", "pred. p99");
  if (has_repeats) fmt::format_to(to, "{:>16}  ", "goodput from-to");
  out += "misses/s by cause\n";
  for (const OverloadStep& step : curve.steps) AppendStep(out, step, result.Peak(), has_repeats);
  if (!curve.recoveries.empty()) {
    fmt::format_to(to, "recovery: from the highest load to {} of capacity at once: {}\n",
                   FactorText(OverloadCurve::kRecoveryFactor), RecoveryText(curve.recoveries));
  }
  AppendWarning(out, curve, result.connections);
}

void WriteTime(JsonWriter& json, std::string_view key, std::optional<Duration> time) {
  json.Key(key);
  time ? json.Number(ToMillis(*time)) : json.Null();
}

void WriteSpread(JsonWriter& json, std::string_view key, const Spread& spread) {
  json.Key(key).BeginObject().Key("median").Number(spread.median);
  json.Key("low").Number(spread.low).Key("high").Number(spread.high).EndObject();
}

void WriteStep(JsonWriter& json, const OverloadStep& step, double peak) {
  json.BeginObject().Key("factor").Number(step.factor);
  WriteSpread(json, "offered_per_second", step.offered);
  WriteSpread(json, "goodput_per_second", step.goodput);
  json.Key("goodput_of_peak_ratio").Number(peak > 0 ? step.goodput.median / peak : 0.0);
  json.Key("in_budget_ratio").Number(step.in_budget_ratio);
  json.Key("late").Number(step.late);
  json.Key("misses_per_second").BeginObject();
  for (const auto& [cause, rate] : step.misses) json.Key(cause).Number(rate);
  json.EndObject();
  WriteTime(json, "refuse_p50_ms", step.refuse_p50);
  WriteTime(json, "refuse_p99_ms", step.refuse_p99);
  WriteTime(json, "prediction_p99_ms", step.prediction_p99);
  json.Key("generator").BeginObject().Key("was_limit").Bool(step.was_limited);
  WriteTime(json, "lag_p99_ms", step.lag_p99);
  json.Key("waited_for_connection").Number(step.waited_for_connection);
  json.EndObject().EndObject();
}

void WriteCurve(JsonWriter& json, const OverloadCurve& curve, double peak) {
  json.BeginObject().Key("name").String(curve.name).Key("server").String(curve.server);
  json.Key("steps").BeginArray();
  for (const OverloadStep& step : curve.steps) WriteStep(json, step, peak);
  json.EndArray().Key("back_to_normal_ms").BeginArray();
  for (const auto& time : curve.recoveries) time ? json.Number(ToMillis(*time)) : json.Null();
  json.EndArray().EndObject();
}

}  // namespace

std::string FactorText(double factor) { return fmt::format("{:g}x", factor); }

std::string ToTable(const OverloadResult& result) {
  std::string out;
  auto to = std::back_inserter(out);
  fmt::format_to(to, "overload    {}, budget {}, {} a step{}, {} connections{}\n", result.target,
                 FormatDuration(result.budget), FormatDuration(result.step_time),
                 result.repeats > 1 ? fmt::format(", medians of {}", result.repeats) : "",
                 result.connections, result.was_interrupted ? " (interrupted)" : "");
  fmt::format_to(to, "capacity    {} good answers/s, {}\n", Rate(result.capacity),
                 result.capacity_source);
  for (const OverloadCurve& curve : result.curves) {
    if (!curve.steps.empty()) AppendCurve(out, result, curve);
  }
  return out;
}

std::string ToJson(const OverloadResult& result) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("target").String(result.target);
  json.Key("budget_ms").Number(ToMillis(result.budget));
  json.Key("step_seconds").Number(ToSeconds(result.step_time));
  json.Key("repeats").Number(result.repeats).Key("connections").Number(result.connections);
  json.Key("capacity_per_second").Number(result.capacity);
  json.Key("capacity_source").String(result.capacity_source);
  json.Key("peak_goodput_per_second").Number(result.Peak());
  json.Key("was_interrupted").Bool(result.was_interrupted);
  json.Key("recovery_factor").Number(OverloadCurve::kRecoveryFactor);
  json.Key("curves").BeginArray();
  for (const OverloadCurve& curve : result.curves) WriteCurve(json, curve, result.Peak());
  json.EndArray().EndObject();
  return out;
}

}  // namespace baton::client
