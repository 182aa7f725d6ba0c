// Rendering of load reports.
#include "client/lib/load_report_text.h"

#include <iterator>

#include <fmt/format.h>

#include "server/base/duration_text.h"
#include "server/base/json_writer.h"

namespace baton::client {
namespace {

// Quantiles are known to 0.4 %: more digits would claim what was not measured.
std::string Millis(Duration duration) { return fmt::format("{:.4g} ms", ToMillis(duration)); }

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string Share(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  return fmt::format("{:.3g} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string Offered(const LoadTitle& title) {
  return title.rate ? fmt::format("{} {:g}/s", title.schedule, *title.rate) : "closed loop";
}

std::string Connections(const LoadTitle& title) {
  std::string text = fmt::format("{} connections", title.connections);
  if (title.pipeline > 1) text += fmt::format(" with {} requests under way", title.pipeline);
  if (title.is_one_shot) text += ", a new one for each request";
  return text;
}

void AppendCounts(std::string& out, std::string_view title, const LoadReport::Counts& counts,
                  std::uint64_t whole) {
  for (const auto& [label, count] : counts) {
    fmt::format_to(std::back_inserter(out), "{:<12}{:<22}{:>10}  {}\n", title, Printable(label),
                   count, Share(count, whole));
    title = "";
  }
}

void AppendLatency(std::string& out, std::string_view title, const LatencyHistogram& latency) {
  if (latency.count() == 0) return;
  fmt::format_to(std::back_inserter(out), "{:<12}p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n", title,
                 Millis(latency.Quantile(0.5)), Millis(latency.Quantile(0.9)),
                 Millis(latency.Quantile(0.99)), Millis(latency.Quantile(0.999)),
                 Millis(latency.max()));
}

void AppendGenerator(std::string& out, const LoadTitle& title, const LoadReport& report) {
  const LoadReport::Generator& generator = report.generator();
  auto to = std::back_inserter(out);
  if (generator.lag.count() > 0) {
    fmt::format_to(to, "{:<12}sent behind schedule: p99 {}, max {}\n", "generator",
                   Millis(generator.lag.Quantile(0.99)), Millis(generator.lag.max()));
  }
  if (generator.waited_for_connection > 0) {
    fmt::format_to(to, "{:<12}{} requests waited for one of {} connections, up to {}\n", "",
                   generator.waited_for_connection, title.connections,
                   Millis(generator.longest_wait));
  }
  if (generator.connect_failures > 0) {
    fmt::format_to(to, "{:<12}{} attempts to connect failed\n", "", generator.connect_failures);
  }
  constexpr double kBusy = 0.95;
  if (!title.rate && generator.busy_ratio > kBusy) {
    fmt::format_to(to, "{:<12}busy {:.0f} % of the time: the server may be able to do more\n",
                   "generator", 100 * generator.busy_ratio);
  }
  if (title.rate && generator.WasLimit(report.requests())) {
    fmt::format_to(to,
                   "{:<12}THE GENERATOR WAS A LIMIT: latencies contain its own delay; more "
                   "--connections or a lower --rate would tell the server's\n",
                   "");
  }
}

void WriteCounts(JsonWriter& json, std::string_view key, const LoadReport::Counts& counts) {
  json.Key(key).BeginObject();
  for (const auto& [label, count] : counts) json.Key(label).Number(count);
  json.EndObject();
}

void WriteMillis(JsonWriter& json, std::string_view key, Duration duration) {
  json.Key(key).Number(ToMillis(duration));
}

void WriteLatency(JsonWriter& json, std::string_view key, const LatencyHistogram& latency) {
  json.Key(key).BeginObject().Key("count").Number(latency.count());
  WriteMillis(json, "mean", latency.Mean());
  WriteMillis(json, "p50", latency.Quantile(0.5));
  WriteMillis(json, "p90", latency.Quantile(0.9));
  WriteMillis(json, "p99", latency.Quantile(0.99));
  WriteMillis(json, "p99.9", latency.Quantile(0.999));
  WriteMillis(json, "max", latency.max());
  json.EndObject();
}

void WriteTitle(JsonWriter& json, const LoadTitle& title) {
  json.Key("server").String(title.server).Key("target").String(title.target);
  json.Key("schedule").String(title.schedule).Key("connections").Number(title.connections);
  json.Key("pipeline").Number(title.pipeline);
  json.Key("is_new_connection_each").Bool(title.is_one_shot);
  json.Key("rate_per_second");
  title.rate ? json.Number(*title.rate) : json.Null();
  json.Key("budget_ms");
  title.budget ? json.Number(ToMillis(*title.budget)) : json.Null();
  json.Key("seed").Number(title.seed);
}

void WriteGenerator(JsonWriter& json, const LoadReport& report) {
  const LoadReport::Generator& generator = report.generator();
  json.Key("generator").BeginObject();
  json.Key("was_limit").Bool(generator.WasLimit(report.requests()));
  WriteMillis(json, "lag_p99_ms", generator.lag.Quantile(0.99));
  WriteMillis(json, "lag_max_ms", generator.lag.max());
  json.Key("waited_for_connection").Number(generator.waited_for_connection);
  WriteMillis(json, "longest_wait_ms", generator.longest_wait);
  json.Key("connect_failures").Number(generator.connect_failures);
  json.Key("busy_ratio").Number(generator.busy_ratio).EndObject();
}

}  // namespace

std::string ToTable(const LoadTitle& title, const LoadReport& report) {
  std::string out;
  auto to = std::back_inserter(out);
  const std::uint64_t requests = report.requests();
  fmt::format_to(to, "{:<12}{} on {}, {}, {}, {}{}\n", "load", title.target, title.server,
                 Offered(title), Connections(title), FormatDuration(report.measured()),
                 report.was_interrupted() ? " (interrupted)" : "");
  fmt::format_to(to, "{:<12}{:.1f}/s ({} requests)\n", "offered", report.PerSecond(requests),
                 requests);
  fmt::format_to(to, "{:<12}{:.1f}/s ({} good answers, {} of the requests)\n", "goodput",
                 report.PerSecond(report.good()), report.good(), Share(report.good(), requests));
  const std::string budget =
      title.budget ? FormatDuration(*title.budget) : std::string("the granted budget, if any");
  fmt::format_to(to, "{:<12}{} answers, {} of them (against {})\n", "late", report.late(),
                 Share(report.late(), report.ended(End::kAnswered)), budget);
  AppendCounts(out, "answers", report.answers(), requests);
  AppendCounts(out, "causes", report.causes(), requests);
  LoadReport::Counts without_answer;
  for (const End end : kAllEnds) {
    if (end == End::kAnswered || report.ended(end) == 0) continue;
    without_answer[std::string(ToText(end))] = report.ended(end);
  }
  AppendCounts(out, "no answer", without_answer, requests);
  AppendLatency(out, "latency", report.latency());
  AppendLatency(out, "predictions", report.prediction_latency());
  AppendLatency(out, "to refuse", report.refusal_latency());
  AppendGenerator(out, title, report);
  return out;
}

std::string ToJson(const LoadTitle& title, const LoadReport& report) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  WriteTitle(json, title);
  json.Key("measured_seconds").Number(ToSeconds(report.measured()));
  json.Key("was_interrupted").Bool(report.was_interrupted());
  json.Key("requests").Number(report.requests());
  for (const End end : kAllEnds) {
    if (end == End::kAnswered || end == End::kUnanswered || end == End::kUnsent) {
      json.Key(ToText(end)).Number(report.ended(end));
    }
  }
  json.Key("transport_errors").BeginObject();
  for (const End end : {End::kReset, End::kEof, End::kConnect, End::kMalformed}) {
    json.Key(ToText(end)).Number(report.ended(end));
  }
  json.EndObject();
  json.Key("offered_per_second").Number(report.PerSecond(report.requests()));
  json.Key("answered_per_second").Number(report.PerSecond(report.ended(End::kAnswered)));
  json.Key("goodput_per_second").Number(report.PerSecond(report.good()));
  json.Key("good").Number(report.good());
  json.Key("late").Number(report.late()).Key("late_ratio").Number(report.LateRatio());
  WriteCounts(json, "answers", report.answers());
  WriteCounts(json, "causes", report.causes());
  WriteLatency(json, "latency_ms", report.latency());
  WriteLatency(json, "prediction_latency_ms", report.prediction_latency());
  WriteLatency(json, "refusal_latency_ms", report.refusal_latency());
  WriteGenerator(json, report);
  json.EndObject();
  return out;
}

}  // namespace baton::client
