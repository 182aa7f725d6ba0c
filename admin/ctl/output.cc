// What batonctl prints: tables for people, JSON and YAML for programs, names for scripts.
#include "admin/ctl/output.h"

#include <chrono>
#include <cstddef>

#include <google/protobuf/util/json_util.h>

#include "admin/ctl/endpoint_messages.h"
#include "admin/ctl/endpoint_output.h"
#include "admin/ctl/table.h"
#include "admin/ctl/yaml_text.h"
#include "server/base/duration_text.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;
using google::protobuf::Message;

std::string StateText(const v1::ServerStatus& status) {
  if (status.draining()) return "draining";
  if (status.drained()) return "out of service";
  return status.ready() ? "ready" : "not ready";
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

template <typename Resources>
std::string NamesOf(const Resources& resources) {
  std::string text;
  for (const auto& resource : resources) text += resource.name() + "\n";
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

std::string ToJson(std::span<const Part> parts, const std::string& flag, bool truth) {
  std::string text = "{";
  for (const Part& part : parts) {
    text += (text.size() == 1 ? "\n \"" : ",\n \"") + part.name + "\": " + Nested(part.message);
  }
  if (!flag.empty()) text += ",\n \"" + flag + "\": " + (truth ? "true" : "false");
  return text + "\n}\n";
}

std::string ToYaml(std::span<const Part> parts, const std::string& flag, bool truth) {
  std::string text;
  for (const Part& part : parts) {
    const std::string below = ToYaml(part.message, 2);
    text += part.name + (below.empty() ? ": {}\n" : ":\n" + below);
  }
  if (!flag.empty()) text += flag + ": " + (truth ? "true\n" : "false\n");
  return text;
}

std::string ToTable(const v1::ServerStatus& status, const Look& look) {
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
  return Fields(rows, look);
}

std::string ToTable(const v1::Pool& pool, const Look& look) {
  return Columns({{"SIZE", "BUSY", "IDLE", "RETIRING", "ZOMBIES", "GENERATION"},
                  {std::to_string(pool.size()), std::to_string(pool.busy()),
                   std::to_string(pool.idle()), std::to_string(pool.retiring()),
                   std::to_string(pool.zombies()), std::to_string(pool.generation())}},
                 look);
}

std::string ToTable(const v1::Endpoint& endpoint, const Look& look) {
  if (look.format == Look::Format::kTable) return ToTable(ToState(endpoint), look);
  return ToTable(std::vector<control::EndpointState>{ToState(endpoint)}, look);
}

std::string ToTable(const v1::ListEndpointsResponse& endpoints, const Look& look) {
  std::vector<control::EndpointState> states;
  for (const v1::Endpoint& endpoint : endpoints.endpoints()) states.push_back(ToState(endpoint));
  return ToTable(states, look);
}

std::string ToTable(const v1::ListMissesResponse& misses, const Look& look) {
  std::vector<control::MissState> states;
  for (const v1::Miss& miss : misses.misses()) states.push_back(ToState(miss));
  return ToTable(states, look);
}

std::string ToNames(const v1::ServerStatus& /*status*/) { return ""; }
std::string ToNames(const v1::ListMissesResponse& /*misses*/) { return ""; }
std::string ToNames(const v1::Config& /*config*/) { return ""; }
std::string ToNames(const v1::ReloadConfigResponse& /*reload*/) { return ""; }
std::string ToNames(const v1::Pool& pool) { return pool.name() + "\n"; }
std::string ToNames(const v1::Endpoint& endpoint) { return endpoint.name() + "\n"; }
std::string ToNames(const v1::ListEndpointsResponse& endpoints) {
  return NamesOf(endpoints.endpoints());
}
std::string ToNames(const v1::Model& model) { return model.name() + "\n"; }
std::string ToNames(const v1::ListModelsResponse& models) { return NamesOf(models.models()); }
std::string ToNames(const v1::ReloadModelsResponse& models) { return NamesOf(models.models()); }

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
