// What batonctl prints: tables for people, protobuf's JSON for programs.
#include "admin/ctl/output.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using google::protobuf::FieldMask;
using google::protobuf::Message;
using Row = std::vector<std::string>;

// Columns as wide as their widest cell, two spaces between them.
std::string Aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  }
  return text;
}

std::string MillisText(double millis) {
  return FormatDuration(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(millis)));
}

std::string KindText(v1::EndpointKind kind) {
  switch (kind) {
    case v1::ENDPOINT_KIND_MODEL: return "model";
    case v1::ENDPOINT_KIND_ROUTE: return "route";
    case v1::ENDPOINT_KIND_TEST: return "test";
    default: return "unknown";
  }
}

std::string ShortName(const v1::Endpoint& endpoint) {
  const std::string& name = endpoint.name();
  return name.substr(name.find('/') + 1);
}

std::string StateText(const v1::ServerStatus& status) {
  if (status.draining()) return "draining";
  return status.ready() ? "ready" : "not ready";
}

Row EndpointRow(const v1::Endpoint& endpoint) {
  std::string versions;
  for (const std::string& version : endpoint.versions()) {
    versions += (versions.empty() ? "" : ",") + version;
  }
  return {ShortName(endpoint),
          KindText(endpoint.kind()),
          versions.empty() ? "-" : versions,
          MillisText(endpoint.default_budget_ms()),
          MillisText(endpoint.max_budget_ms()),
          std::to_string(endpoint.requests_total()),
          std::to_string(endpoint.misses_total()),
          std::to_string(endpoint.in_flight())};
}

std::string ChangeLine(const std::string& what, const std::string& before, const std::string& after,
                       bool validate_only) {
  return what + ": " + before + " -> " + after +
         (validate_only ? " (dry run, nothing changed)\n" : "\n");
}

// Below a key, one level in: protobuf indents by one space.
std::string Nested(const Message& message) {
  std::string text = ToJson(message);
  text.pop_back();
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    text.insert(at + 1, 1, ' ');
  }
  return text;
}

}  // namespace

std::string ToJson(const Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  // Fails only for messages that hold an Any of an unknown type; there are none here.
  static_cast<void>(google::protobuf::util::MessageToJsonString(message, &text, options));
  return text;
}

std::string ChangeToJson(const Message& before, const Message& after, bool validate_only) {
  return "{\n \"before\": " + Nested(before) + ",\n \"after\": " + Nested(after) +
         ",\n \"validate_only\": " + (validate_only ? "true" : "false") + "\n}\n";
}

std::string ToTable(const v1::ServerStatus& status) {
  const v1::Pool& pool = status.pool();
  std::vector<Row> rows = {
      {"version", status.version()},
      {"state", StateText(status)},
      {"uptime",
       FormatDuration(std::chrono::seconds(static_cast<std::int64_t>(status.uptime_seconds())))}};
  for (const v1::Listener& listener : status.listeners()) {
    rows.push_back({listener.name(), listener.address()});
  }
  rows.push_back({"pool", "size " + std::to_string(pool.size()) + ", busy " +
                              std::to_string(pool.busy()) + ", idle " +
                              std::to_string(pool.idle()) + ", retiring " +
                              std::to_string(pool.retiring())});
  rows.push_back({"conductors", std::to_string(status.conductors())});
  rows.push_back({"connections", std::to_string(status.connections())});
  rows.push_back({"pending responses", std::to_string(status.pending_responses())});
  rows.push_back({"queue depth", std::to_string(status.queue_depth())});
  rows.push_back({"requests", std::to_string(status.requests_total())});
  rows.push_back({"misses", std::to_string(status.misses_total())});
  rows.push_back({"late answers", std::to_string(status.late_answers_total())});
  rows.push_back({"generation", std::to_string(status.generation())});
  return Aligned(rows);
}

std::string ToTable(const v1::Pool& pool) {
  return Aligned(
      {{"SIZE", "BUSY", "IDLE", "RETIRING", "GENERATION"},
       {std::to_string(pool.size()), std::to_string(pool.busy()), std::to_string(pool.idle()),
        std::to_string(pool.retiring()), std::to_string(pool.generation())}});
}

std::string ToTable(const std::vector<v1::Endpoint>& endpoints) {
  std::vector<Row> rows = {{"NAME", "KIND", "VERSIONS", "DEFAULT_BUDGET", "MAX_BUDGET", "REQUESTS",
                            "MISSES", "IN_FLIGHT"}};
  for (const v1::Endpoint& endpoint : endpoints) rows.push_back(EndpointRow(endpoint));
  return Aligned(rows);
}

std::string ChangeToTable(const v1::Pool& before, const v1::Pool& after, const FieldMask& mask,
                          bool validate_only) {
  std::string text;
  for (const std::string& path : mask.paths()) {
    if (path != "size") continue;
    text += ChangeLine("pool size", std::to_string(before.size()), std::to_string(after.size()),
                       validate_only);
  }
  return text;
}

std::string ChangeToTable(const v1::Endpoint& before, const v1::Endpoint& after,
                          const FieldMask& mask, bool validate_only) {
  std::string text;
  for (const std::string& path : mask.paths()) {
    const bool is_max = path == "max_budget_ms";
    const auto millis = is_max ? &v1::Endpoint::max_budget_ms : &v1::Endpoint::default_budget_ms;
    text +=
        ChangeLine(ShortName(after) + (is_max ? " max_budget" : " default_budget"),
                   MillisText((before.*millis)()), MillisText((after.*millis)()), validate_only);
  }
  return text;
}

}  // namespace baton::ctl
