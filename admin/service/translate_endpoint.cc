// Between the messages of endpoints and misses and the plain structs of the control port.
#include "admin/service/translate_endpoint.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "baton/admin/v1/admin_service.pb.h"

#include "admin/messages/endpoint_words.h"
#include "admin/service/field_mask.h"
#include "server/control/endpoint_settings.h"
#include "server/control/endpoint_warnings.h"

namespace baton::admin {
namespace {

// Far above every range and far below what a Duration can hold.
constexpr double kMostMillis = 1e9;
constexpr std::size_t kDefaultMisses = 100;
constexpr std::size_t kMostMisses = 1024;

using Fields = std::set<std::string>;

v1::EndpointKind ToKind(std::string_view kind) {
  if (kind == "model") return v1::ENDPOINT_KIND_MODEL;
  if (kind == "route") return v1::ENDPOINT_KIND_ROUTE;
  if (kind == "test") return v1::ENDPOINT_KIND_TEST;
  return v1::ENDPOINT_KIND_UNSPECIFIED;
}

void Fill(const control::EstimateState& state, v1::Estimate& estimate) {
  estimate.set_mean_ms(ToMillis(state.mean));
  estimate.set_q50_ms(ToMillis(state.q50));
  estimate.set_q95_ms(ToMillis(state.q95));
  estimate.set_q99_ms(ToMillis(state.q99));
  estimate.set_predicted_wait_ms(ToMillis(state.predicted_wait));
  estimate.set_samples(state.samples);
  estimate.set_cold(state.cold);
}

// `expected` says the range, for what is far out of any.
Result<Duration> ToDuration(double millis, const std::string& field, const std::string& expected) {
  if (!std::isfinite(millis) || std::abs(millis) > kMostMillis) {
    return FailValue(field, expected + " milliseconds", std::to_string(millis));
  }
  return Duration(std::llround(millis * 1e6));
}

// Leaves `target` empty when `path` is not among the fields to change.
Status TakeDuration(const Fields& fields, const std::string& path, double millis,
                    const std::string& expected, std::optional<Duration>& target) {
  if (!fields.contains(path)) return {};
  const Result<Duration> value = ToDuration(millis, "endpoint." + path, expected);
  if (!value) return tl::unexpected<Error>(value.error());
  target = *value;
  return {};
}

// An enum's value as a word of the control port; numbers of other schemas have no name.
template <typename Words>
Result<std::string> ToWord(std::string_view prefix, const std::string& enum_name,
                           const Words& words, const std::string& field) {
  std::string word = Word(prefix, enum_name);
  if (std::find(std::begin(words), std::end(words), word) != std::end(words)) return word;
  std::string expected;
  for (const std::string_view known : words) {
    expected += (expected.empty() ? "" : ", ") + EnumName(prefix, std::string(known));
  }
  return FailValue(field, "one of " + expected,
                   enum_name.empty() ? "a number that has no name" : enum_name);
}

Status TakeCriticality(const Fields& fields, const v1::Endpoint& endpoint,
                       std::optional<std::string>& target) {
  if (!fields.contains("criticality")) return {};
  auto word = ToWord(kCriticalityPrefix, v1::Criticality_Name(endpoint.criticality()),
                     control::kCriticalities, "endpoint.criticality");
  if (!word) return tl::unexpected<Error>(word.error());
  target = *std::move(word);
  return {};
}

Result<control::FallbackSettings> ToFallback(const v1::Fallback& fallback) {
  control::FallbackSettings settings;
  auto kind = ToWord(kFallbackPrefix, v1::FallbackKind_Name(fallback.kind()),
                     control::kFallbackKinds, "endpoint.fallback.kind");
  if (!kind) return tl::unexpected<Error>(kind.error());
  settings.kind = *std::move(kind);
  settings.constant = fallback.constant();
  settings.key_header = fallback.key_header();
  settings.max_bytes = fallback.max_bytes();
  if (settings.kind == "last_good") {
    const Result<Duration> age =
        ToDuration(fallback.max_age_ms(), "endpoint.fallback.max_age_ms", "1 to 86400000");
    if (!age) return tl::unexpected<Error>(age.error());
    settings.max_age = *age;
  }
  if (settings.kind == "model") {
    auto model = ToEndpointName(fallback.model(), "endpoint.fallback.model");
    if (!model) return tl::unexpected<Error>(model.error());
    settings.model = *std::move(model);
  }
  return settings;
}

Status TakeFallback(const Fields& fields, const v1::Endpoint& endpoint,
                    std::optional<control::FallbackSettings>& target) {
  if (!fields.contains("fallback")) return {};
  auto fallback = ToFallback(endpoint.fallback());
  if (!fallback) return tl::unexpected<Error>(fallback.error());
  target = *std::move(fallback);
  return {};
}

Status TakeSettings(const Fields& fields, const v1::Endpoint& endpoint,
                    control::EndpointUpdate& update) {
  if (fields.contains("slo_target_ratio")) update.slo_target = endpoint.slo_target_ratio();
  if (fields.contains("max_workers")) update.max_workers = endpoint.max_workers();
  if (fields.contains("min_workers")) update.min_workers = endpoint.min_workers();
  if (fields.contains("batch.max_size")) update.batch_max_size = endpoint.batch().max_size();
  const std::string budgets = "1 to 3600000";
  for (const Status& taken :
       {TakeDuration(fields, "default_budget_ms", endpoint.default_budget_ms(), budgets,
                     update.default_budget),
        TakeDuration(fields, "max_budget_ms", endpoint.max_budget_ms(), budgets, update.max_budget),
        TakeDuration(fields, "batch.max_delay_ms", endpoint.batch().max_delay_ms(), "0 to 1000",
                     update.batch_max_delay),
        TakeCriticality(fields, endpoint, update.criticality),
        TakeFallback(fields, endpoint, update.fallback)}) {
    if (!taken) return taken;
  }
  return {};
}

}  // namespace

void Fill(const control::EndpointState& state, v1::Endpoint& endpoint) {
  endpoint.set_name(std::string(kEndpointPrefix) + state.name);
  endpoint.set_kind(ToKind(state.kind));
  for (const std::string& version : state.versions) endpoint.add_versions(version);
  endpoint.set_default_budget_ms(ToMillis(state.default_budget));
  endpoint.set_max_budget_ms(ToMillis(state.max_budget));
  endpoint.set_slo_target_ratio(state.slo_target);
  endpoint.set_criticality(ToCriticality(state.criticality));
  endpoint.set_max_workers(state.max_workers);
  endpoint.set_min_workers(state.min_workers);
  endpoint.mutable_batch()->set_max_size(state.batch.max_size);
  endpoint.mutable_batch()->set_max_delay_ms(ToMillis(state.batch.max_delay));
  Fill(state.fallback, *endpoint.mutable_fallback());
  Fill(state.estimate, *endpoint.mutable_estimate());
  endpoint.set_requests_total(state.requests_total);
  endpoint.set_misses_total(state.misses_total);
  endpoint.set_in_flight(state.in_flight);
  endpoint.set_generation(state.generation);
  endpoint.set_etag(std::to_string(state.generation));
  for (std::string& warning : control::WarningsOf(state)) {
    endpoint.add_warnings(std::move(warning));
  }
}

void Fill(const control::MissState& state, v1::Miss& miss) {
  miss.set_request_id(state.request_id);
  miss.set_endpoint(std::string(kEndpointPrefix) + state.endpoint);
  miss.set_arrived_unix_ms(state.arrived_unix_ms);
  miss.set_budget_ms(ToMillis(state.budget));
  miss.set_answer(state.answer);
  miss.set_cause(state.cause);
  miss.set_criticality(ToCriticality(state.criticality));
  const auto set = [&miss](void (v1::Miss::*setter)(double), const std::optional<Duration>& time) {
    if (time) (miss.*setter)(ToMillis(*time));
  };
  set(&v1::Miss::set_predicted_wait_ms, state.predicted_wait);
  set(&v1::Miss::set_most_wait_ms, state.most_wait);
  set(&v1::Miss::set_predicted_service_ms, state.predicted_service);
  set(&v1::Miss::set_admitted_ms, state.admitted);
  set(&v1::Miss::set_started_ms, state.started);
  set(&v1::Miss::set_finished_ms, state.finished);
  set(&v1::Miss::set_answered_ms, state.answered);
  set(&v1::Miss::set_sent_ms, state.sent);
}

Result<control::EndpointUpdate> ToUpdate(const v1::UpdateEndpointRequest& request) {
  const v1::Endpoint& endpoint = request.endpoint();
  Result<std::string> name = ToEndpointName(endpoint.name(), "endpoint.name");
  if (!name) return tl::unexpected<Error>(name.error());
  const auto fields = FieldsToChange(
      request.update_mask(), endpoint, "endpoint",
      {"default_budget_ms", "max_budget_ms", "slo_target_ratio", "criticality", "max_workers",
       "min_workers", "batch.max_size", "batch.max_delay_ms", "fallback"});
  if (!fields) return tl::unexpected<Error>(fields.error());
  const auto generation = ToGeneration(endpoint.etag());
  if (!generation) return tl::unexpected<Error>(generation.error());

  control::EndpointUpdate update;
  update.name = *std::move(name);
  update.expected_generation = *generation;
  update.validate_only = request.validate_only();
  const Status taken = TakeSettings(*fields, endpoint, update);
  if (!taken) return tl::unexpected<Error>(taken.error());
  return update;
}

Result<control::MissQuery> ToQuery(const v1::ListMissesRequest& request) {
  if (request.limit() < 0) {
    return FailValue("limit", "0 to 1024", std::to_string(request.limit()));
  }
  control::MissQuery query;
  query.limit = request.limit() == 0
                    ? kDefaultMisses
                    : std::min(static_cast<std::size_t>(request.limit()), kMostMisses);
  if (request.endpoint().empty()) return query;
  Result<std::string> name = ToEndpointName(request.endpoint(), "endpoint");
  if (!name) return tl::unexpected<Error>(name.error());
  query.endpoint = *std::move(name);
  return query;
}

Result<std::string> ToEndpointName(const std::string& resource_name, const std::string& field) {
  if (!resource_name.starts_with(kEndpointPrefix) ||
      resource_name.size() == kEndpointPrefix.size()) {
    return FailValue(field, "\"endpoints/NAME\"", '"' + resource_name + '"');
  }
  return resource_name.substr(kEndpointPrefix.size());
}

void FillChanges(const control::Changed<control::EndpointState>& changed, v1::Endpoint& endpoint) {
  for (const auto& [key, before, after] : control::ChangedSettings(changed.before, changed.after)) {
    v1::Change& change = *endpoint.add_changes();
    change.set_field(std::string(key));
    change.set_before(before);
    change.set_after(after);
  }
}

ChangeTexts TextsOf(const control::Changed<control::EndpointState>& changed) {
  ChangeTexts texts;
  const auto add = [](std::string& text, std::string_view key, const std::string& value) {
    text += (text.empty() ? "" : " ") + std::string(key) + "=" + value;
  };
  for (const auto& [key, before, after] : control::ChangedSettings(changed.before, changed.after)) {
    add(texts.before, key, before);
    add(texts.after, key, after);
  }
  return texts;
}

}  // namespace baton::admin
