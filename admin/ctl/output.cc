// What batonctl prints: tables for people, protobuf's JSON for programs.
#include "admin/ctl/output.h"

#include <chrono>
#include <cstddef>
#include <vector>

#include <google/protobuf/util/json_util.h>

#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/table.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using google::protobuf::Message;

std::string StateText(const v1::ServerStatus& status) {
  if (status.draining()) return "draining";
  return status.ready() ? "ready" : "not ready";
}

Row EndpointRow(const control::EndpointState& endpoint) {
  return {endpoint.name,
          endpoint.kind,
          VersionsText(endpoint),
          FormatDuration(endpoint.default_budget),
          FormatDuration(endpoint.max_budget),
          std::to_string(endpoint.requests_total),
          std::to_string(endpoint.misses_total),
          std::to_string(endpoint.in_flight)};
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
                              std::to_string(pool.retiring()) + ", zombies " +
                              std::to_string(pool.zombies())});
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
  return Aligned({{"SIZE", "BUSY", "IDLE", "RETIRING", "ZOMBIES", "GENERATION"},
                  {std::to_string(pool.size()), std::to_string(pool.busy()),
                   std::to_string(pool.idle()), std::to_string(pool.retiring()),
                   std::to_string(pool.zombies()), std::to_string(pool.generation())}});
}

std::string ToTable(const v1::ListEndpointsResponse& endpoints) {
  std::vector<Row> rows = {{"NAME", "KIND", "VERSIONS", "DEFAULT_BUDGET", "MAX_BUDGET", "REQUESTS",
                            "MISSES", "IN_FLIGHT"}};
  for (const v1::Endpoint& endpoint : endpoints.endpoints())
    rows.push_back(EndpointRow(ToState(endpoint)));
  return Aligned(rows);
}

std::string ChangeLine(const std::string& what, const std::string& before, const std::string& after,
                       bool validate_only) {
  return what + ": " + before + " -> " + after +
         (validate_only ? " (dry run, nothing changed)\n" : "\n");
}

std::string ChangeToTable(const v1::Pool& before, const v1::Pool& after, bool validate_only) {
  return ChangeLine("pool size", std::to_string(before.size()), std::to_string(after.size()),
                    validate_only);
}

}  // namespace baton::ctl
