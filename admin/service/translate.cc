// Between the messages of the admin schema and the plain structs of the control port.
#include "admin/service/translate.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/service/field_mask.h"
#include "server/base/duration_text.h"

namespace baton::admin {
namespace {

constexpr std::string_view kPoolName = "pool";
constexpr std::string_view kEndpointPrefix = "endpoints/";
// Far above every range and far below what a Duration can hold.
constexpr double kMostMillis = 1e9;

v1::EndpointKind ToKind(std::string_view kind) {
  if (kind == "model") return v1::ENDPOINT_KIND_MODEL;
  if (kind == "route") return v1::ENDPOINT_KIND_ROUTE;
  if (kind == "test") return v1::ENDPOINT_KIND_TEST;
  return v1::ENDPOINT_KIND_UNSPECIFIED;
}

Result<std::optional<control::Generation>> ToGeneration(const std::string& etag) {
  if (etag.empty()) return std::optional<control::Generation>();
  control::Generation generation = 0;
  const char* end = etag.data() + etag.size();
  const auto [stop, error] = std::from_chars(etag.data(), end, generation);
  if (error != std::errc() || stop != end) {
    return Fail(ErrorCode::kAborted,
                "etag: expected the generation that the change is based on, got \"" + etag + "\"",
                "etag");
  }
  return std::optional<control::Generation>(generation);
}

Result<Duration> ToBudget(double millis, const std::string& field) {
  if (!std::isfinite(millis) || std::abs(millis) > kMostMillis) {
    return Fail(ErrorCode::kInvalidArgument,
                field + ": expected 1 to 3600000 milliseconds, got " + std::to_string(millis),
                field);
  }
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(millis));
}

// Leaves `budget` empty when `path` is not among the fields to change.
Status TakeBudget(const std::set<std::string>& fields, const std::string& path, double millis,
                  std::optional<Duration>& budget) {
  if (!fields.contains(path)) return {};
  Result<Duration> value = ToBudget(millis, "endpoint." + path);
  if (!value) return tl::unexpected<Error>(value.error());
  budget = *value;
  return {};
}

}  // namespace

void Fill(const control::PoolState& state, v1::Pool& pool) {
  pool.set_name(std::string(kPoolName));
  pool.set_size(state.size);
  pool.set_busy(state.busy);
  pool.set_idle(state.idle);
  pool.set_retiring(state.retiring);
  pool.set_generation(state.generation);
  pool.set_etag(std::to_string(state.generation));
}

void Fill(const control::EndpointState& state, v1::Endpoint& endpoint) {
  endpoint.set_name(std::string(kEndpointPrefix) + state.name);
  endpoint.set_kind(ToKind(state.kind));
  for (const std::string& version : state.versions) endpoint.add_versions(version);
  endpoint.set_default_budget_ms(ToMillis(state.default_budget));
  endpoint.set_max_budget_ms(ToMillis(state.max_budget));
  endpoint.set_slo_target_ratio(state.slo_target_ratio);
  endpoint.set_requests_total(state.requests_total);
  endpoint.set_misses_total(state.misses_total);
  endpoint.set_in_flight(state.in_flight);
  endpoint.set_generation(state.generation);
  endpoint.set_etag(std::to_string(state.generation));
}

void Fill(const control::ServerState& state, v1::ServerStatus& status) {
  status.set_version(state.version);
  status.set_uptime_seconds(ToSeconds(state.uptime));
  status.set_ready(state.ready);
  status.set_draining(state.draining);
  for (const control::ListenerState& listener : state.listeners) {
    v1::Listener* added = status.add_listeners();
    added->set_name(listener.name);
    added->set_address(listener.address);
  }
  Fill(state.pool, *status.mutable_pool());
  status.set_conductors(state.conductors);
  status.set_connections(state.connections);
  status.set_pending_responses(state.pending_responses);
  status.set_queue_depth(state.queue_depth);
  status.set_requests_total(state.requests_total);
  status.set_misses_total(state.misses_total);
  status.set_late_answers_total(state.late_answers_total);
  status.set_generation(state.generation);
}

Result<control::PoolUpdate> ToUpdate(const v1::UpdatePoolRequest& request) {
  if (Status status = CheckPoolName(request.pool().name()); !status) {
    return tl::unexpected<Error>(status.error());
  }
  const auto fields = FieldsToChange(request.update_mask(), request.pool(), "pool", {"size"});
  if (!fields) return tl::unexpected<Error>(fields.error());
  const auto generation = ToGeneration(request.pool().etag());
  if (!generation) return tl::unexpected<Error>(generation.error());

  control::PoolUpdate update;
  if (fields->contains("size")) update.size = request.pool().size();
  update.expected_generation = *generation;
  update.validate_only = request.validate_only();
  return update;
}

Result<control::EndpointUpdate> ToUpdate(const v1::UpdateEndpointRequest& request) {
  const v1::Endpoint& endpoint = request.endpoint();
  Result<std::string> name = ToEndpointName(endpoint.name(), "endpoint.name");
  if (!name) return tl::unexpected<Error>(name.error());
  const auto fields = FieldsToChange(request.update_mask(), endpoint, "endpoint",
                                     {"default_budget_ms", "max_budget_ms"});
  if (!fields) return tl::unexpected<Error>(fields.error());
  const auto generation = ToGeneration(endpoint.etag());
  if (!generation) return tl::unexpected<Error>(generation.error());

  control::EndpointUpdate update;
  update.name = *std::move(name);
  update.expected_generation = *generation;
  update.validate_only = request.validate_only();
  Status status =
      TakeBudget(*fields, "default_budget_ms", endpoint.default_budget_ms(), update.default_budget);
  if (status) {
    status = TakeBudget(*fields, "max_budget_ms", endpoint.max_budget_ms(), update.max_budget);
  }
  if (!status) return tl::unexpected<Error>(status.error());
  return update;
}

Status CheckPoolName(const std::string& name) {
  if (name.empty() || name == kPoolName) return {};
  return Fail(ErrorCode::kNotFound, "name: there is one pool, \"pool\"; got \"" + name + "\"",
              "name");
}

Result<std::string> ToEndpointName(const std::string& resource_name, const std::string& field) {
  if (!resource_name.starts_with(kEndpointPrefix) ||
      resource_name.size() == kEndpointPrefix.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                field + ": expected \"endpoints/NAME\", got \"" + resource_name + "\"", field);
  }
  return resource_name.substr(kEndpointPrefix.size());
}

std::string SettingsText(const control::PoolState& state) {
  return "size=" + std::to_string(state.size);
}

std::string SettingsText(const control::EndpointState& state) {
  return "default_budget=" + FormatDuration(state.default_budget) +
         " max_budget=" + FormatDuration(state.max_budget);
}

}  // namespace baton::admin
