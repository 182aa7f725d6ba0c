// Between the messages of endpoints and misses and the plain structs of control, seen by a client.
#include "admin/ctl/endpoint_messages.h"

#include <cmath>
#include <optional>
#include <string_view>

#include "admin/messages/endpoint_words.h"

namespace baton::ctl {
namespace {

namespace v1 = admin::v1;

using admin::kCriticalityPrefix;
using admin::kEndpointPrefix;
using admin::kFallbackPrefix;

constexpr std::string_view kKindPrefix = "ENDPOINT_KIND_";

std::string Word(std::string_view prefix, const std::string& enum_name) {
  std::string word = admin::Word(prefix, enum_name);
  return word.empty() || word == "unspecified" ? "unknown" : word;
}

std::string ShortName(const std::string& name) {
  return name.starts_with(kEndpointPrefix) ? name.substr(kEndpointPrefix.size()) : name;
}

Duration FromMillis(double millis) { return Duration(std::llround(millis * 1e6)); }

std::optional<Duration> FromMillis(bool is_there, double millis) {
  return is_there ? std::optional<Duration>(FromMillis(millis)) : std::nullopt;
}

control::FallbackSettings ToSettings(const v1::Fallback& fallback) {
  control::FallbackSettings settings;
  settings.kind = Word(kFallbackPrefix, v1::FallbackKind_Name(fallback.kind()));
  settings.constant = fallback.constant();
  settings.key_header = fallback.key_header();
  settings.max_age = FromMillis(fallback.max_age_ms());
  settings.max_bytes = fallback.max_bytes();
  settings.model = ShortName(fallback.model());
  return settings;
}

control::EstimateState ToState(const v1::Estimate& estimate) {
  control::EstimateState state;
  state.mean = FromMillis(estimate.mean_ms());
  state.q50 = FromMillis(estimate.q50_ms());
  state.q95 = FromMillis(estimate.q95_ms());
  state.q99 = FromMillis(estimate.q99_ms());
  state.predicted_wait = FromMillis(estimate.predicted_wait_ms());
  state.samples = estimate.samples();
  state.cold = estimate.cold();
  return state;
}

}  // namespace

control::EndpointState ToState(const v1::Endpoint& endpoint) {
  control::EndpointState state;
  state.name = ShortName(endpoint.name());
  state.kind = Word(kKindPrefix, v1::EndpointKind_Name(endpoint.kind()));
  state.versions.assign(endpoint.versions().begin(), endpoint.versions().end());
  state.default_budget = FromMillis(endpoint.default_budget_ms());
  state.max_budget = FromMillis(endpoint.max_budget_ms());
  state.slo_target = endpoint.slo_target_ratio();
  state.criticality = Word(kCriticalityPrefix, v1::Criticality_Name(endpoint.criticality()));
  state.max_workers = endpoint.max_workers();
  state.min_workers = endpoint.min_workers();
  state.batch.max_size = endpoint.batch().max_size();
  state.batch.max_delay = FromMillis(endpoint.batch().max_delay_ms());
  state.fallback = ToSettings(endpoint.fallback());
  state.estimate = ToState(endpoint.estimate());
  state.requests_total = endpoint.requests_total();
  state.misses_total = endpoint.misses_total();
  state.in_flight = endpoint.in_flight();
  state.generation = endpoint.generation();
  return state;
}

control::MissState ToState(const v1::Miss& miss) {
  control::MissState state;
  state.request_id = miss.request_id();
  state.endpoint = ShortName(miss.endpoint());
  state.arrived_unix_ms = miss.arrived_unix_ms();
  state.budget = FromMillis(miss.budget_ms());
  state.answer = miss.answer();
  state.cause = miss.cause();
  state.criticality = Word(kCriticalityPrefix, v1::Criticality_Name(miss.criticality()));
  state.predicted_wait = FromMillis(miss.has_predicted_wait_ms(), miss.predicted_wait_ms());
  state.most_wait = FromMillis(miss.has_most_wait_ms(), miss.most_wait_ms());
  state.predicted_service =
      FromMillis(miss.has_predicted_service_ms(), miss.predicted_service_ms());
  state.admitted = FromMillis(miss.has_admitted_ms(), miss.admitted_ms());
  state.started = FromMillis(miss.has_started_ms(), miss.started_ms());
  state.finished = FromMillis(miss.has_finished_ms(), miss.finished_ms());
  state.answered = FromMillis(miss.has_answered_ms(), miss.answered_ms());
  state.sent = FromMillis(miss.has_sent_ms(), miss.sent_ms());
  return state;
}

v1::UpdateEndpointRequest ToRequest(const control::EndpointUpdate& update) {
  v1::UpdateEndpointRequest request;
  v1::Endpoint& endpoint = *request.mutable_endpoint();
  endpoint.set_name(std::string(kEndpointPrefix) + update.name);
  if (update.default_budget) endpoint.set_default_budget_ms(ToMillis(*update.default_budget));
  if (update.max_budget) endpoint.set_max_budget_ms(ToMillis(*update.max_budget));
  if (update.slo_target) endpoint.set_slo_target_ratio(*update.slo_target);
  if (update.criticality) endpoint.set_criticality(admin::ToCriticality(*update.criticality));
  if (update.max_workers) endpoint.set_max_workers(*update.max_workers);
  if (update.min_workers) endpoint.set_min_workers(*update.min_workers);
  if (update.batch_max_size) endpoint.mutable_batch()->set_max_size(*update.batch_max_size);
  if (update.batch_max_delay) {
    endpoint.mutable_batch()->set_max_delay_ms(ToMillis(*update.batch_max_delay));
  }
  if (update.fallback) admin::Fill(*update.fallback, *endpoint.mutable_fallback());
  if (update.expected_generation) endpoint.set_etag(std::to_string(*update.expected_generation));
  request.set_validate_only(update.validate_only);
  return request;
}

std::string VersionsText(const control::EndpointState& endpoint) {
  std::string text;
  for (const std::string& version : endpoint.versions) {
    text += (text.empty() ? "" : ",") + version;
  }
  return text.empty() ? "-" : text;
}

}  // namespace baton::ctl
