// Field by field, with the names of the admin schema where it has them.
#include "server/pages/sample_json.h"

#include <optional>

#include "server/base/json_writer.h"

namespace baton::pages {
namespace {

void Append(JsonWriter& json, const std::vector<control::Counted>& all) {
  json.BeginArray();
  for (const control::Counted& one : all) {
    json.BeginObject().Key("name").String(one.name).Key("total").Number(one.total);
    json.Key("per_second").Number(one.per_second).EndObject();
  }
  json.EndArray();
}

void Append(JsonWriter& json, const control::ServerState& server) {
  json.BeginObject().Key("version").String(server.version).Key("state").String(StateOf(server));
  json.Key("uptime_seconds").Number(ToSeconds(server.uptime));
  json.Key("conductors").Number(server.conductors);
  json.Key("connections").Number(server.connections);
  json.Key("pending_responses").Number(server.pending_responses);
  json.Key("queue_depth").Number(server.queue_depth);
  json.Key("late_answers_total").Number(server.late_answers_total);
  json.Key("misses_total").Number(server.misses_total);
  const control::PoolState& pool = server.pool;
  json.Key("pool").BeginObject().Key("size").Number(pool.size).Key("busy").Number(pool.busy);
  json.Key("retiring").Number(pool.retiring).Key("zombies").Number(pool.zombies).EndObject();
  json.EndObject();
}

void Append(JsonWriter& json, const control::EndpointLoad& load) {
  json.BeginObject().Key("name").String(load.name);
  json.Key("offered_per_second").Number(load.offered_per_second);
  json.Key("goodput_per_second").Number(load.goodput_per_second);
  json.Key("misses_per_second").Number(load.misses_per_second);
  json.Key("misses_total").Number(load.misses_total);
  json.Key("in_flight").Number(load.in_flight).Key("waiting").Number(load.waiting);
  json.Key("predicted_wait_ms").Number(ToMillis(load.predicted_wait));
  json.Key("median_ms").Number(ToMillis(load.median));
  json.Key("default_budget_ms").Number(ToMillis(load.default_budget));
  json.Key("causes");
  Append(json, load.causes);
  json.EndObject();
}

void Append(JsonWriter& json, const control::ModelState& model, Told told) {
  const auto shown = [told](std::string_view reason) {
    return told == Told::kAll ? reason : std::string_view();
  };
  json.BeginObject().Key("name").String(model.name);
  json.Key("default_version").String(model.default_version);
  json.Key("canary_version").String(model.canary_version);
  json.Key("canary_share").Number(model.canary_share);
  json.Key("reason").String(shown(model.reason)).Key("versions").BeginArray();
  for (const control::ModelVersionState& one : model.versions) {
    json.BeginObject().Key("version").String(one.version).Key("state").String(one.state);
    json.Key("answers").Bool(one.answers).Key("platform").String(one.platform);
    json.Key("reason").String(shown(one.reason)).EndObject();
  }
  json.EndArray().EndObject();
}

void AppendOffset(JsonWriter& json, std::string_view key, const std::optional<Duration>& offset) {
  json.Key(key);
  if (offset) {
    json.Number(ToMillis(*offset));
  } else {
    json.Null();
  }
}

void Append(JsonWriter& json, const control::MissState& miss) {
  json.BeginObject().Key("request_id").String(std::to_string(miss.request_id));
  json.Key("endpoint").String(miss.endpoint).Key("arrived_unix_ms").Number(miss.arrived_unix_ms);
  json.Key("budget_ms").Number(ToMillis(miss.budget)).Key("answer").String(miss.answer);
  json.Key("cause").String(miss.cause).Key("criticality").String(miss.criticality);
  AppendOffset(json, "predicted_wait_ms", miss.predicted_wait);
  AppendOffset(json, "most_wait_ms", miss.most_wait);
  AppendOffset(json, "predicted_service_ms", miss.predicted_service);
  AppendOffset(json, "admitted_ms", miss.admitted);
  AppendOffset(json, "started_ms", miss.started);
  AppendOffset(json, "finished_ms", miss.finished);
  AppendOffset(json, "answered_ms", miss.answered);
  AppendOffset(json, "sent_ms", miss.sent);
  json.EndObject();
}

void AppendListening(JsonWriter& json, const control::StatusSample& sample) {
  json.Key("backlogs").BeginArray();
  for (const control::BacklogState& one : sample.backlogs) {
    json.BeginObject().Key("listener").String(one.listener).Key("depth").Number(one.depth);
    json.Key("limit").Number(one.limit).Key("drops_total").Number(one.drops_total).EndObject();
  }
  json.EndArray().Key("conductors").BeginArray();
  for (const control::ConductorLoad& one : sample.conductors) {
    json.BeginObject().Key("number").Number(one.number);
    json.Key("worst_lag_ms").Number(ToMillis(one.worst_lag));
    json.Key("overload_level").String(one.overload_level);
    json.Key("connections").Number(one.connections).EndObject();
  }
  json.EndArray();
}

}  // namespace

std::string_view StateOf(const control::ServerState& server) {
  if (server.draining) return "draining";
  if (server.drained) return "out of service";
  return server.ready ? "ready" : "not ready";
}

void AppendSample(std::string& out, const control::StatusSample& sample, Told told) {
  JsonWriter json(out);
  json.BeginObject().Key("number").Number(sample.number);
  json.Key("at_unix_ms").Number(sample.at_unix_ms);
  json.Key("covers_seconds").Number(ToSeconds(sample.covers)).Key("server");
  Append(json, sample.server);
  json.Key("received_total").Number(sample.received_total);
  json.Key("in_flight").Number(sample.in_flight);
  json.Key("offered_per_second").Number(sample.offered_per_second);
  json.Key("goodput_per_second").Number(sample.goodput_per_second);
  json.Key("misses_per_second").Number(sample.misses_per_second);
  json.Key("longest_predicted_wait_ms").Number(ToMillis(sample.longest_predicted_wait));
  json.Key("answers");
  Append(json, sample.answers);
  json.Key("causes");
  Append(json, sample.causes);
  AppendListening(json, sample);
  json.Key("endpoints").BeginArray();
  for (const control::EndpointLoad& load : sample.endpoints) Append(json, load);
  json.EndArray().Key("models").BeginArray();
  for (const control::ModelState& model : sample.models) Append(json, model, told);
  json.EndArray().Key("budget_used_bounds").BeginArray();
  for (const double bound : sample.budget_used_bounds) json.Number(bound);
  json.EndArray().Key("budget_used").BeginArray();
  for (const std::uint64_t count : sample.budget_used) json.Number(count);
  json.EndArray().Key("misses");
  if (told == Told::kAll) {
    json.BeginArray();
    for (const control::MissState& miss : sample.misses) Append(json, miss);
    json.EndArray();
  } else {
    json.Null();
  }
  json.EndObject();
}

}  // namespace baton::pages
